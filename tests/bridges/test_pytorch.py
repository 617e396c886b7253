"""A network and its PyTorch module give the same outputs, both ways; what the two do not share is refused by name."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

import thetastar as ts
from tests.export.layers import networks
from thetastar.errors import InputError

try:
    import torch
    from torch import nn
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed, so the way there is not tested here")
SHARED = [case for case in networks() if all(getattr(layer, "mask_value", None) is None for layer in case[0].layers)]
BOUND = {"float32": 2e-6, "float64": 1e-9}  # of the largest output


def close(found, wanted):
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    assert np.abs(found - wanted).max() <= BOUND[str(wanted.dtype)] * max(1, np.abs(wanted).max())


def outputs(module, x):
    with torch.no_grad():
        return module(torch.from_numpy(np.ascontiguousarray(x))).numpy()


def double(network):
    return network.with_parameters({name: array.astype(np.float64) for name, array in network.parameters.items()})


def refused(module, input_shape):
    with pytest.raises(InputError) as caught:
        ts.Network.from_torch(module, input_shape)
    return str(caught.value)


def without(monkeypatch, package):
    """Make every import of the package fail."""
    real = builtins.__import__

    def fails(name, *rest):
        if name.partition(".")[0] == package:
            raise ImportError(f"No module named {package!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fails)
    monkeypatch.setattr("importlib.import_module", fails)


def test_a_missing_package_is_said_in_words(monkeypatch):
    without(monkeypatch, "torch")
    words = (
        "the package torch must be installed. Importing it failed (No module named 'torch'). "
        "Install it: pip install torch."
    )
    net = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    for name, call in (
        ("to_torch", lambda: net.to_torch()),
        ("from_torch", lambda: ts.Network.from_torch(None, (2,))),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == f"Network.{name}: {words}"


@needs_torch
@pytest.mark.parametrize("number", range(len(SHARED)))
def test_every_layer_goes_there_and_back(number):
    net, x = SHARED[number]
    module = net.to_torch()
    assert not module.training
    close(outputs(module, x), net.predict(x))
    back = ts.Network.from_torch(module, net.input_shape)
    assert back.input_shape == net.input_shape and back.parameter_count == net.parameter_count
    close(back.predict(x), net.predict(x))
    if net.parameter_count:
        finer = double(net)
        close(outputs(finer.to_torch(), x.astype(np.float64)), finer.predict(x))
        again = ts.Network.from_torch(finer.to_torch(), net.input_shape)
        assert {str(array.dtype) for array in again.parameters.values()} == {"float64"}


@needs_torch
def test_the_same_layers_come_back():
    layers = [
        ts.Conv2D(4, 3, strides=2, padding="same", activation="relu"), ts.BatchNorm(0.9),
        ts.MaxPool2D(2, padding="same"), ts.Residual([ts.Conv2D(6, 3, padding="same")]), ts.GlobalAveragePool2D(),
        ts.Dropout(0.25), ts.Dense(3, "softmax"),
    ]  # fmt: skip
    net = ts.Network(layers, input_shape=(10, 9, 3)).initialized(seed=1)
    assert ts.Network.from_torch(net.to_torch(), (10, 9, 3)).to_dict() == net.to_dict()


@needs_torch
def test_nothing_is_drawn_from_torchs_random_numbers():
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    ts.Network([ts.Dense(4)], input_shape=(2,)).initialized(seed=0).to_torch()
    assert torch.equal(torch.rand(2), wanted)


@needs_torch
def test_the_module_trains_and_its_state_is_named_as_the_networks():
    net = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    module = net.to_torch()
    assert list(module.state_dict()) == ["dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"]
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    (module(torch.from_numpy(x)) ** 2).mean().backward()
    wanted = net.gradients(x, np.zeros((8, 1), np.float32), loss="mse")["dense_1.weight"]
    np.testing.assert_allclose(module.dense_1.weight.grad.numpy().T, wanted, rtol=1e-4, atol=1e-7)


def modules():
    """(a Sequential of PyTorch's own, its sample's shape)."""
    image = (3, 9, 8)
    yield nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2, bias=False))), (5,)
    yield nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.PReLU(4), nn.LayerNorm(4), nn.Softmax(dim=1)), (5,)
    yield nn.Sequential(nn.Linear(5, 4), nn.GELU(approximate="tanh"), nn.PReLU(), nn.Identity(), nn.Mish()), (6, 5)
    yield nn.Linear(3, 2), (3,)
    yield (
        nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 4)
        ),
        image,
    )
    yield nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, groups=3), nn.SiLU(), nn.Flatten(), nn.Linear(120, 2)), (3, 9, 7)
    yield nn.Sequential(nn.Conv2d(3, 4, (3, 2), dilation=(2, 1), padding="same"), nn.AvgPool2d(3, 2)), image
    yield nn.Sequential(nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.PReLU(3), nn.Softmax(dim=1)), (3, 9, 9)
    yield nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), image
    yield nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 2, 3, 2), nn.AdaptiveAvgPool2d((1, 1))), (3, 8, 8)
    yield (
        nn.Sequential(
            nn.Flatten(), nn.ReLU(), nn.BatchNorm1d(216), nn.LayerNorm(216), nn.PReLU(216), nn.Linear(216, 2)
        ),
        image,
    )
    yield nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(18, 1)), (6,)


@needs_torch
@pytest.mark.parametrize("number", range(12))
def test_modules_of_pytorch_become_networks(number):
    torch.manual_seed(number)
    module, shape = list(modules())[number]
    for part in module.modules():
        for name, array in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
            if array.is_floating_point():
                array.data.uniform_(0.5 if name == "running_var" else -1, 1)
    rng, module = np.random.default_rng(number), module.eval()
    x = rng.normal(size=(4, *shape)).astype(np.float32)
    if isinstance(next(module.children(), None), nn.Embedding):
        x = rng.integers(0, 7, (4, *shape))
    net = ts.Network.from_torch(module, shape)
    wanted = outputs(module, x)
    found = net.predict(np.moveaxis(x, 1, -1) if len(shape) == 3 else x)
    close(found, np.moveaxis(wanted, 1, -1) if wanted.ndim == 4 else wanted)


@needs_torch
def test_words_for_what_cannot_go_there():
    net = ts.Network([ts.LSTM(2, mask_value=0.0)], input_shape=(4, 1)).initialized(seed=0)
    with pytest.raises(InputError) as caught:
        net.to_torch()
    assert str(caught.value) == (
        "Network.to_torch: LSTM(mask_value=0.0) cannot go to PyTorch, whose recurrent layers pass over no steps. "
        "Leave mask_value out."
    )
    with pytest.raises(InputError, match="the parameters must be known"):
        ts.Network([ts.Dense(1)], input_shape=(2,)).to_torch()


@needs_torch
def test_words_for_what_cannot_come_back():
    image = (3, 8, 8)

    def of(*parts, shape=(4,)):
        return refused(nn.Sequential(*parts), shape).removeprefix("Network.from_torch: ")

    class Own(nn.Module):
        pass

    known = (
        "Known inside an nn.Sequential are: AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, ConstantPad2d, "
        "Conv2d, Dropout, ELU, Embedding, Flatten, GELU, Hardsigmoid, Hardtanh, Identity, LayerNorm, LeakyReLU, "
        "Linear, MaxPool2d, Mish, PReLU, ReLU, ReLU6, SELU, SiLU, Sigmoid, Softmax, Softplus, Softsign, Tanh, "
        "ZeroPad2d. Replace it, or take it out."
    )
    assert of(nn.Linear(4, 4), nn.GLU()) == f"GLU (1) has no layer here. {known}"
    assert of(Own()) == f"Own (0) has no layer here. {known}"
    assert of(nn.LSTM(4, 2), shape=(5, 4)).startswith("LSTM (0) has no layer here.")
    assert refused("mine", (4,)) == (
        "Network.from_torch: module must be a torch.nn.Module. Got 'mine'. Give an nn.Sequential."
    )
    assert refused(nn.Linear(4, 1), (1, 2, 3, 4)) == (
        "Network.from_torch: input_shape must be (F,), (T, F) or (C, H, W). Got (1, 2, 3, 4). Give one of them."
    )
    assert of(nn.Linear(5, 1)) == "Linear (0): in_features must be what arrives (4). Got 5. Look at input_shape."
    assert of(nn.Linear(8, 1), shape=image) == (
        "Linear (0): the channels must be the last axis of what arrives. Got channels first, (3, 8, 8). "
        "Put a Flatten before it."
    )
    assert of(nn.Conv2d(3, 2, 3), shape=(8, 3)) == (
        "Conv2d (0): what arrives must be an image (C, H, W). Got a sample of shape (8, 3). "
        "Give input_shape=(C, H, W) for images."
    )
    assert of(nn.Conv2d(2, 2, 3), shape=image) == (
        "Conv2d (0): in_channels must be what arrives (3). Got 2. Look at input_shape: (C, H, W)."
    )
    assert of(nn.Conv2d(3, 2, 3, stride=2, padding=1), shape=image) == (
        "Conv2d (0): padding must be none or, for an image of 8 × 8, that of padding='same': [(0, 1), (0, 1)] pixels "
        "(before, behind) along height and width. Got [(1, 1), (1, 1)]. Change the padding or the size of the image."
    )
    assert of(nn.Conv2d(3, 2, 3, padding_mode="reflect"), shape=image) == (
        "Conv2d (0): padding_mode must be 'zeros'. Got 'reflect'. Use zeros."
    )
    assert of(nn.AvgPool2d(3, 1, 1), shape=image) == (
        "AvgPool2d (0): padding must not count in the mean. Got count_include_pad=True. Use count_include_pad=False."
    )
    assert of(nn.AvgPool2d(2, divisor_override=3), shape=image) == (
        "AvgPool2d (0): divisor_override must be None. Got 3. Leave it out."
    )
    assert of(nn.MaxPool2d(2, dilation=2), shape=image) == (
        "MaxPool2d (0): dilation must be 1. Got 2. Use windows without gaps."
    )
    assert of(nn.MaxPool2d(2, return_indices=True), shape=image) == (
        "MaxPool2d (0): return_indices must be False. Got True. Leave it out."
    )
    assert of(nn.AdaptiveAvgPool2d(2), shape=image) == (
        "AdaptiveAvgPool2d (0): output_size must be 1. Got 2. Use an AvgPool2d."
    )
    assert of(nn.BatchNorm1d(4, affine=False)) == (
        "BatchNorm1d (0): affine and track_running_stats must be True and momentum a number. "
        "Got affine=False, track_running_stats=True, momentum=0.1. Both γ and β are learned here, and the running "
        "statistics kept."
    )
    assert of(nn.BatchNorm1d(5)) == (
        "BatchNorm1d (0): num_features must be the channels that arrive (4). Got 5. Look at input_shape."
    )
    assert of(nn.PReLU(5)) == (
        "PReLU (0): num_parameters must be the channels that arrive (4), or 1. Got 5. Look at input_shape."
    )
    assert of(nn.Linear(4, 1, device="meta")) == (
        "the parameters must have values. Got some on the device 'meta'. Load them first."
    )
    assert of(nn.BatchNorm1d(5), shape=(5, 4)) == (
        "BatchNorm1d (0): the channels must come first. Got a sample of shape (5, 4). "
        "Give input_shape=(C, H, W) for images."
    )
    assert of(nn.LayerNorm((5, 4)), shape=(5, 4)) == (
        "LayerNorm (0): normalized_shape must be the last axis of what arrives (4). Got (5, 4). "
        "Normalise over the last axis."
    )
    assert of(nn.LayerNorm(4, bias=False)) == (
        "LayerNorm (0): it must have a weight and a bias. Got none. Both γ and β are learned here."
    )
    assert of(nn.Embedding(9, 2, padding_idx=0)) == (
        "Embedding (0): padding_idx and max_norm must be None. Got padding_idx=0, max_norm=None. "
        "A number outside the table gives zeros."
    )
    assert of(nn.Flatten(2), shape=image) == (
        "Flatten (0): a sample must be flattened as a whole. Got start_dim=2, end_dim=-1. Use Flatten()."
    )
    assert of(nn.Softmax(dim=2), shape=image) == ("Softmax (0): dim must be that of the channels. Got 2. Use dim=1.")
    assert of(nn.LeakyReLU(0.2)) == "LeakyReLU (0): negative_slope must be 0.01. Got 0.2. Leave it out."
    assert of(nn.Flatten(), shape=image) == (
        "a Flatten of channels first must be followed by a Linear, whose rows are put in the order of channels last. "
        "Got none. Put a Linear behind it."
    )
    assert of(nn.ZeroPad2d(1), shape=image) == (
        "padding must stand before a Conv2d or MaxPool2d. Got none behind it. Leave it out."
    )
    assert of(nn.ZeroPad2d(1), nn.ReLU(), shape=image) == (
        "padding must stand before a Conv2d or MaxPool2d. Got ReLU (1) behind it. Leave it out."
    )
    assert of(nn.ZeroPad2d(-1), nn.Conv2d(3, 2, 3), shape=image) == (
        "ZeroPad2d (0): padding must not cut. Got (-1, -1, -1, -1). Use padding of 0 or more."
    )
    assert of(nn.ConstantPad2d(1, 2.0), nn.Conv2d(3, 2, 3), shape=image) == (
        "Conv2d (1): padding before it must hold 0. Got 2. Change the value."
    )
    assert of(nn.ZeroPad2d(1), nn.Conv2d(3, 2, 3, padding=1), shape=image) == (
        "Conv2d (1): there must be one padding. Got padding=(1, 1) behind another. Leave one of them out."
    )


@needs_torch
def test_a_layer_that_pytorch_does_not_have_is_refused_by_name(monkeypatch):
    from thetastar.bridges import pytorch_out

    monkeypatch.delitem(pytorch_out._LAYERS, "scale")
    with pytest.raises(InputError) as caught:
        ts.Network([ts.Scale()], input_shape=(3,)).initialized().to_torch()
    assert str(caught.value) == (
        "Network.to_torch: Scale is no layer of PyTorch. Got scale_1. "
        "Export the network as ONNX, or leave that layer out."
    )


TABLES = [
    ([ts.PeriodicEmbedding([2, 0], 2, 4, sigma=0.5), ts.Scale(), ts.Dense(6), ts.ParametricActivation("mish"),
      ts.Dense(2)], (3,)),
    ([ts.BatchEnsemble(4, 3), ts.ParametricActivation("tanh"), ts.Scale(), ts.BatchEnsemble(2, 3)], (5,)),
    ([ts.Scale(), ts.PeriodicEmbedding([1], 3, 5), ts.ParametricActivation("selu"), ts.Flatten(), ts.Dense(1)], (4, 3)),
    ([ts.Conv2D(3, 2), ts.Scale(), ts.ParametricActivation("gelu"), ts.Flatten(), ts.Dense(1)], (4, 5, 2)),
]  # fmt: skip
"""Layers for tables in the places where they may stand, with their inputs' shapes."""


def moved(case, number):
    """(a network whose parameters lie away from where they start, inputs, targets of 0)."""
    layers, shape = case
    rng = np.random.default_rng(number)
    net = ts.Network(layers, input_shape=shape).initialized(seed=number)
    net = net.with_parameters(
        {name: v + rng.normal(0, 0.3, v.shape).astype(np.float32) for name, v in net.parameters.items()}
    )
    x = rng.normal(size=(16, *shape)).astype(np.float32)
    return net, x, np.zeros((16, *net.output_shape), np.float32)


@needs_torch
@pytest.mark.parametrize("number", range(len(TABLES)))
def test_layers_for_tables_go_there_and_back_and_train_alike(number):
    net, x, y = moved(TABLES[number], number)
    module = net.to_torch()
    close(outputs(module, x), net.predict(x))
    back = ts.Network.from_torch(module, net.input_shape)
    assert [layer.kind for layer in back.layers] == [layer.kind for layer in net.layers]
    assert all(np.array_equal(array, net.parameters[name]) for name, array in back.parameters.items())
    finer, inputs = double(net), x.astype(np.float64)
    close(outputs(finer.to_torch(), inputs), finer.predict(inputs))
    (module(torch.from_numpy(x)) ** 2).mean().backward()
    wanted, state = net.gradients(x, y, loss="mse"), dict(module.named_parameters())
    compared = 0
    for name, slope in wanted.items():
        if not name.startswith(("dense", "conv2d")):  # whose axes PyTorch has in another order; tested above
            np.testing.assert_allclose(state[name].grad.numpy(), slope, rtol=2e-4, atol=2e-6, err_msg=name)
            compared += 1
    assert compared >= 2


@needs_torch
def test_words_for_layers_for_tables_that_do_not_fit():
    from thetastar.bridges import pytorch_modules as own

    def of(*parts, shape=(4,)):
        return refused(nn.Sequential(*parts), shape).removeprefix("Network.from_torch: ")

    assert of(own.Scale(3)) == "Scale (0): scale must have one number a channel (4). Got 3. Look at input_shape."
    assert of(own.ParametricActivation("mish", 5)) == (
        "ParametricActivation (0): alpha must have one number a channel (4). Got 5. Look at input_shape."
    )
    assert of(own.BatchEnsemble(5, 2, 3)) == (
        "BatchEnsemble (0): its weight must have a row for each number that arrives (4). Got 5. Look at input_shape."
    )
    for part in (own.PeriodicEmbedding([0], 1, 2), own.BatchEnsemble(12, 2, 3)):
        assert of(nn.Flatten(), part, shape=(3, 2, 2)) == (
            f"{type(part).__name__} (1): a Linear must stand between it and a Flatten of channels first. Got none. "
            "Put a Linear before it."
        )
    assert of(own.Scale(3), shape=(3, 2, 2)) == (
        "Scale (0): the channels must be the last axis of what arrives. Got channels first, (3, 2, 2). "
        "Put a Flatten before it."
    )


@needs_torch
def test_scales_behind_a_flatten_of_channels_first_are_put_in_our_order():
    from thetastar.bridges import pytorch_modules as own

    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), own.Scale(12), own.ParametricActivation("tanh", 12), nn.Linear(12, 2)).eval()
    for parameter in module.parameters():
        parameter.data.uniform_(-1, 1)
    x = np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32)
    net = ts.Network.from_torch(module, (3, 2, 2))
    close(net.predict(np.moveaxis(x, 1, -1)), outputs(module, x))
