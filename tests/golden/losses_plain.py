"""Golden figures: the four losses per sample and the gradient of their mean, ordinary and extreme scores."""

import torch
import torch.nn.functional as F
from _write import write


def mean_squared_error(scores, target):
    return F.mse_loss(scores, target, reduction="none").mean(dim=1)


def mean_absolute_error(scores, target):
    return F.l1_loss(scores, target, reduction="none").mean(dim=1)


def binary_cross_entropy(scores, target):
    return F.binary_cross_entropy_with_logits(scores, target, reduction="none").mean(dim=1)


def cross_entropy(scores, target):
    return F.cross_entropy(scores, target, reduction="none")


def case(loss, scores, target, dtype, weights=None):
    scores = torch.tensor(scores, dtype=dtype, requires_grad=True)
    wanted = torch.tensor(target, dtype=torch.int64 if loss is cross_entropy else dtype)
    per_sample = loss(scores, wanted)
    weighted = per_sample if weights is None else per_sample * torch.tensor(weights, dtype=dtype)
    gradient = torch.autograd.grad(weighted.mean(), scores)[0]
    return {
        "loss": loss.__name__,
        "dtype": str(dtype).removeprefix("torch."),
        "scores": scores.tolist(),
        "target": target,
        "weights": weights,
        "per_sample": per_sample.tolist(),
        "mean": weighted.mean().item(),
        "gradient_of_mean": gradient.tolist(),
    }


torch.manual_seed(0)
ordinary = (torch.randn(6, 3, dtype=torch.float64) * 2).tolist()
wanted = torch.randn(6, 3, dtype=torch.float64).tolist()
between = torch.rand(6, 3, dtype=torch.float64).tolist()
corners = [[1e4], [1e4], [-1e4], [-1e4], [88.0], [-88.0], [0.0], [0.0], [20.0], [-20.0]]
answers = [[1.0], [0.0], [1.0], [0.0], [0.0], [1.0], [1.0], [0.0], [0.5], [0.5]]
weights = [0.5, 2.0, 1.0, 0.25, 1.25, 1.0]
double, single = torch.float64, torch.float32

write(
    __file__,
    {
        "mse": case(mean_squared_error, ordinary, wanted, double),
        "mse weighted": case(mean_squared_error, ordinary, wanted, double, weights),
        "mse one output": case(mean_squared_error, [[3.0], [-1.0]], [[1.0], [4.0]], double),
        "mse extreme": case(mean_squared_error, corners, answers, single),
        "mae": case(mean_absolute_error, ordinary, wanted, double),
        "mae weighted": case(mean_absolute_error, ordinary, wanted, double, weights),
        "mae at zero": case(mean_absolute_error, [[1.0, 2.0], [0.0, -1.0]], [[1.0, 3.0], [0.5, -1.0]], double),
        "mae extreme": case(mean_absolute_error, corners, answers, single),
        "bce": case(binary_cross_entropy, ordinary, between, double),
        "bce weighted": case(binary_cross_entropy, ordinary, between, double, weights),
        "bce extreme": case(binary_cross_entropy, corners, answers, single),
        "cross entropy": case(cross_entropy, ordinary, [0, 1, 2, 2, 1, 0], double),
        "cross entropy weighted": case(cross_entropy, ordinary, [0, 1, 2, 2, 1, 0], double, weights),
        "cross entropy one class": case(cross_entropy, [[3.0], [-2.0]], [0, 0], double),
        "cross entropy extreme": case(
            cross_entropy,
            [
                [1e4, -1e4, 0.0],
                [1e4, -1e4, 0.0],
                [1e4, 1e4, 1e4],
                [-1e4, -1e4, -1e4],
                [88.0, -88.0, 0.0],
                [0.0, 0.0, -1e4],
            ],
            [0, 1, 2, 0, 2, 1],
            single,
        ),
    },
)
