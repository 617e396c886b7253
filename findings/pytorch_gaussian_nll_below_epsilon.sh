#!/bin/sh
# PyTorch 2.13.0: GaussianNLLLoss clamps a variance below eps in the value, and not in the slope: at 1e-9 with eps=1e-6 the
# value is that of 1e-6, and the slope -5e11, so that value and slope are those of no function.
# Guess: a clamped variance has the slope 0, or the slope at eps.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" torch==2.13.0 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import torch

loss = torch.nn.GaussianNLLLoss(eps=1e-6)
mean, truth = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[2.0]], dtype=torch.float64)
values, slopes = [], []
for given in (1e-9, 1e-8, 1e-6):
    variance = torch.tensor([[given]], dtype=torch.float64, requires_grad=True)
    value = loss(mean, truth, variance)
    value.backward()
    values.append(value.item())
    slopes.append(variance.grad.item())
print("variance 1e-9, 1e-8, 1e-6: values", values, "slopes", slopes)
assert values[0] == values[1] == values[2] and slopes[0] < -4e11, "GaussianNLLLoss has changed"
END
