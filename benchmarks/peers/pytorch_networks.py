"""Train many copies of one dense network in PyTorch, one after another, in its fastest ordinary form on one thread.

Started by lecture_network.py, once per core. Reads the data and the initial parameters from an .npz file, says "ready"
when imported and warmed up, waits for a line on standard input, and prints one JSON line with the seconds and losses.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np
import torch


def build(parameters: list[np.ndarray]) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T))
            linear.bias.copy_(torch.from_numpy(bias))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train(parameters, X, y, epochs: int, batch: int) -> float:
    model = build(parameters)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = torch.nn.L1Loss()
    total = torch.zeros(())
    for _ in range(epochs):
        total.zero_()
        for X_batch, y_batch in zip(X.split(batch), y.split(batch), strict=True):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(X_batch)
    return float(total) / len(X)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("networks", type=int, nargs="+")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = np.load(options.data)
    X, y = torch.from_numpy(data["X"]), torch.from_numpy(data["y"])
    starts = {k: [data[f"{k}/{i}"] for i in range(int(data["arrays"]))] for k in options.networks}
    train(starts[options.networks[0]], X, y, 1, options.batch)
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    losses = [train(starts[k], X, y, options.epochs, options.batch) for k in options.networks]
    print(json.dumps({"seconds": time.perf_counter() - started, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
