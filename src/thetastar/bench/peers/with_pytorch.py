"""PyTorch's side: eager (or torch.compile) with the fused Adam, data already in tensors and cut into batches.

Images lie channels first and a flattened image runs channel by channel, so the rows of the dense layer behind one are
put into that order. An LSTM has two biases in PyTorch; the second is zero and held still, as a network with one has it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from turns import named_layers, serve, starts


class Recurrent(nn.Module):
    """nn.LSTM that gives the last state."""

    def __init__(self, features: int, units: int):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


def build(spec, start) -> tuple[nn.Sequential, list[tuple[torch.Tensor, torch.Tensor]]]:
    """The network, and which of its tensors begin as what."""
    modules: list[nn.Module] = []
    begin = []
    image = None  # channels of an image that was flattened just before

    def put(tensor, value) -> None:
        begin.append((tensor, torch.from_numpy(np.ascontiguousarray(value))))

    for name, layer in named_layers(spec):
        weight, bias = start.get(f"{name}.weight"), start.get(f"{name}.bias")
        if layer["kind"] == "dense":
            if image:
                weight = weight.reshape(-1, image, weight.shape[1]).transpose(1, 0, 2).reshape(weight.shape)
            module = nn.Linear(*weight.shape)
            put(module.weight, weight.T)
            put(module.bias, bias)
            image = None
        elif layer["kind"] == "conv2d":
            k, out = layer["kernel_size"], weight.shape[1]
            channels = weight.shape[0] // (k * k)
            module = nn.Conv2d(channels, out, k, padding="same" if layer["padding"] == "same" else 0)
            put(module.weight, weight.reshape(k, k, channels, out).transpose(3, 2, 0, 1))
            put(module.bias, bias)
            depth = out
        elif layer["kind"] == "max_pool2d":
            module = nn.MaxPool2d(layer["pool_size"])
        elif layer["kind"] == "flatten":
            module, image = nn.Flatten(), depth
        elif layer["kind"] == "lstm":
            module = Recurrent(weight.shape[0], layer["units"])
            put(module.lstm.weight_ih_l0, weight.T)
            put(module.lstm.weight_hh_l0, start[f"{name}.recurrent_weight"].T)
            put(module.lstm.bias_ih_l0, bias)
            put(module.lstm.bias_hh_l0, np.zeros_like(bias))
        modules.append(module)
        if layer.get("activation") == "relu":
            modules.append(nn.ReLU())
    return nn.Sequential(*modules), begin


def loss_and_target(spec, y):
    if spec["loss"] == "cross_entropy":
        return nn.CrossEntropyLoss(), torch.from_numpy(y).long()
    return {"mae": nn.L1Loss(), "mse": nn.MSELoss()}[spec["loss"]], torch.from_numpy(y)


def samples(spec, X):
    X = torch.from_numpy(X)
    shape = spec["input_shape"]
    if len(shape) == 3:
        X = X.reshape(-1, *shape).permute(0, 3, 1, 2).contiguous()
        return X.to(memory_format=torch.channels_last) if spec["form"].get("channels_last") else X
    return X.reshape(-1, *shape)


def prepare_training(spec, arrays):
    torch.set_num_threads(spec["threads"])
    all_starts = starts(spec, arrays)
    (loss_of, y), X = loss_and_target(spec, arrays["y"]), samples(spec, arrays["X"])
    batches = list(zip(X.split(spec["batch"]), y.split(spec["batch"]), strict=True))

    # One network a structure; every start is copied into it, so that a compiled one is compiled once.
    model, tensors = build(spec, all_starts[0])
    if spec["form"].get("channels_last"):
        model = model.to(memory_format=torch.channels_last)
    begins = [[value for _, value in build(spec, start)[1]] for start in all_starts]
    learned = [p for p in model.parameters() if p.requires_grad]

    def forward(x, t):
        return loss_of(model(x), t)

    step_loss = torch.compile(forward) if spec["form"].get("compile") else forward

    def train(begin, epochs: int) -> float:
        with torch.no_grad():
            for (tensor, _), value in zip(tensors, begin, strict=True):
                tensor.copy_(value)
        optimizer = torch.optim.Adam(learned, lr=spec["learning_rate"], fused=True)
        losses = []
        for epoch in range(epochs):
            last = epoch == epochs - 1
            for x, t in batches:
                optimizer.zero_grad(set_to_none=True)
                loss = step_loss(x, t)
                loss.backward()
                optimizer.step()
                if last:
                    losses.append(loss.detach())
        return float(torch.stack(losses).mean())

    train(begins[0], 1)
    return lambda epochs: {"losses": [train(begin, epochs) for begin in begins]}, {"version": torch.__version__}


def prepare_prediction(spec, arrays):
    torch.set_num_threads(spec["threads"])
    model, tensors = build(spec, starts(spec, arrays)[0])
    with torch.no_grad():
        for tensor, value in tensors:
            tensor.copy_(value)
    model.eval()
    X, chunk = samples(spec, arrays["X"]), spec["form"].get("chunk")
    parts = X.split(chunk) if chunk else [X]

    @torch.inference_mode()
    def turn(passes: int) -> dict:
        for _ in range(passes):
            predicted = torch.cat([model(part) for part in parts]) if chunk else model(X)
        return {"outputs": predicted[:16].flatten().tolist()}

    turn(1)
    return turn, {"version": torch.__version__}


if __name__ == "__main__":
    serve({"train": prepare_training, "predict": prepare_prediction})
