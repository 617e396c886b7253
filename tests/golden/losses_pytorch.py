"""Golden figures: every loss that PyTorch has, per sample and the gradient of their mean, in our conventions.

Ours is always one value a sample, the mean over the outputs where PyTorch has one value an output, and the plain mean
over the samples; so PyTorch is asked for no reduction, and what it gives is reduced here.
"""

import torch
import torch.nn.functional as F
from _write import write

torch.manual_seed(1)
double, single = torch.float64, torch.float32


def mean(values):
    return values.reshape(len(values), -1).mean(dim=1)


def case(loss, settings, scores, target, function, dtype=double):
    """`scores` is one tensor, or a tuple of the members' tensors."""
    members = [s.to(dtype).clone().requires_grad_() for s in (scores if isinstance(scores, tuple) else (scores,))]
    per_sample = function(*members, target if target is None or not target.is_floating_point() else target.to(dtype))
    gradients = torch.autograd.grad(per_sample.mean(), members, allow_unused=True)
    gradients = [torch.zeros_like(m) if g is None else g for m, g in zip(members, gradients, strict=True)]
    return {
        "loss": loss,
        "settings": settings,
        "dtype": str(dtype).removeprefix("torch."),
        "scores": [m.tolist() for m in members],
        "target": None if target is None else target.tolist(),
        "per_sample": per_sample.tolist(),
        "gradient_of_mean": [g.tolist() for g in gradients],
    }


def multi_label(scores, y):
    """PyTorch wants the indices of the classes, filled up with -1."""
    lists = [[c for c in range(len(row)) if row[c] == 1] for row in y.tolist()]
    indices = torch.tensor([row + [-1] * (y.shape[1] - len(row)) for row in lists])
    return F.multilabel_margin_loss(scores, indices, reduction="none")


def ctc(classes, blank):
    def function(scores, y):
        logs = scores.reshape(len(scores), -1, classes).log_softmax(-1).transpose(0, 1)
        labels = [[int(label) for label in row if label >= 0] for row in y.tolist()]
        width = max(1, *map(len, labels))
        filled = torch.tensor([row + [0] * (width - len(row)) for row in labels])
        frames = torch.full((len(labels),), logs.shape[0])
        lengths = torch.tensor([len(row) for row in labels])
        return F.ctc_loss(logs, filled, frames, lengths, blank=blank, reduction="none")

    return function


z = torch.randn(6, 3, dtype=double) * 2
y = torch.randn(6, 3, dtype=double)
counts = torch.tensor(
    [[0.0, 1.0, 2.0], [5.0, 0.0, 3.0], [1.0, 1.0, 9.0], [2.0, 4.0, 0.0], [7.0, 1.0, 1.0], [0.0, 0.0, 3.0]]
)
counts = counts.to(double)
rates = torch.rand(6, 3, dtype=double) * 3 + 0.1
between = torch.rand(6, 3, dtype=double)
p = torch.randn(6, 3, dtype=double).softmax(1)
q = torch.randn(6, 3, dtype=double).softmax(1)
q[0] = torch.tensor([0.0, 1.0, 0.0])
classes = torch.tensor([0, 1, 2, 2, 1, 0])
signs = torch.tensor(
    [[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]]
)
signs = signs.to(double)
several = (signs + 1) / 2
two = (torch.randn(6, 4, dtype=double), torch.randn(6, 4, dtype=double))
three = (*two, torch.randn(6, 4, dtype=double))
one_sign = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0, -1.0], dtype=double)
weights = [0.5, 2.0, 1.25]
w = torch.tensor(weights, dtype=double)
gauss = torch.cat([torch.randn(6, 2, dtype=double), torch.rand(6, 2, dtype=double) + 0.05], dim=1)
gauss_y = torch.randn(6, 2, dtype=double)
frames = torch.randn(5, 4 * 3, dtype=double) * 2
labels = torch.tensor([[1, 2, -1], [1, 1, -1], [2, -1, -1], [2, 1, 2], [-1, -1, -1]])
labels_last = torch.tensor([[0, 1, -1], [0, 0, -1], [1, -1, -1], [1, 0, 1], [-1, -1, -1]])
far = torch.tensor(
    [[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [88.0, -88.0, 20.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [0.0, 0.0, -1e4]]
)


def none(function, **settings):
    return lambda scores, target: mean(function(scores, target, reduction="none", **settings))


def gaussian(full, log_variance=False):
    def function(scores, target):
        means, second = scores.chunk(2, dim=1)
        variance = second.exp() if log_variance else second
        return mean(F.gaussian_nll_loss(means, target, variance, full=full, reduction="none"))

    return function


def smoothed(scores, target, weight=None, amount=0.2):
    return F.cross_entropy(scores, target, weight=weight, label_smoothing=amount, reduction="none")


figures = {
    "huber": case("huber", {}, z, y, none(F.huber_loss)),
    "huber delta": case("huber", {"delta": 0.4}, z, y, none(F.huber_loss, delta=0.4)),
    "huber extreme": case("huber", {}, far, y.float(), none(F.huber_loss), single),
    "smooth l1": case("smooth_l1", {}, z, y, none(F.smooth_l1_loss)),
    "smooth l1 beta": case("smooth_l1", {"beta": 2.5}, z, y, none(F.smooth_l1_loss, beta=2.5)),
    "smooth l1 no beta": case("smooth_l1", {"beta": 0.0}, z, y, none(F.smooth_l1_loss, beta=0.0)),
    "poisson nll": case("poisson_nll", {}, z, counts, none(F.poisson_nll_loss)),
    "poisson nll full": case("poisson_nll", {"full": True}, z, counts, none(F.poisson_nll_loss, full=True)),
    "poisson nll rate": case(
        "poisson_nll",
        {"log_input": False, "epsilon": 1e-6},
        rates,
        counts,
        none(F.poisson_nll_loss, log_input=False, eps=1e-6),
    ),
    "poisson from nll": case(
        "poisson", {"epsilon": 1e-6}, rates, counts, none(F.poisson_nll_loss, log_input=False, eps=1e-6)
    ),
    "gaussian nll": case("gaussian_nll", {}, gauss, gauss_y, gaussian(False)),
    "gaussian nll full": case("gaussian_nll", {"full": True}, gauss, gauss_y, gaussian(True)),
    "gaussian nll log": case("gaussian_nll", {"log_variance": True}, gauss, gauss_y, gaussian(False, True)),
    "bce probabilities": case(
        "binary_cross_entropy", {"prediction": "probabilities"}, p, between, none(F.binary_cross_entropy)
    ),
    "bce weights": case(
        "binary_cross_entropy",
        {"class_weights": [1.0, 2.5]},
        z,
        between,
        none(F.binary_cross_entropy_with_logits, pos_weight=torch.tensor(2.5)),
    ),
    "ce smoothing": case("cross_entropy", {"label_smoothing": 0.2}, z, classes, smoothed),
    "ce weights": case(
        "cross_entropy",
        {"class_weights": weights},
        z,
        classes,
        lambda s, t: F.cross_entropy(s, t, weight=w, reduction="none"),
    ),
    "ce weights smoothing": case(
        "cross_entropy", {"class_weights": weights, "label_smoothing": 0.2}, z, classes, lambda s, t: smoothed(s, t, w)
    ),
    "ce probabilities": case(
        "cross_entropy",
        {"prediction": "probabilities"},
        p,
        classes,
        lambda s, t: F.nll_loss(s.log(), t, reduction="none"),
    ),
    "categorical": case("categorical_cross_entropy", {}, z, q, lambda s, t: F.cross_entropy(s, t, reduction="none")),
    "categorical weights smoothing": case(
        "categorical_cross_entropy",
        {"class_weights": weights, "label_smoothing": 0.2},
        z,
        q,
        lambda s, t: smoothed(s, t, w),
    ),
    "categorical extreme": case(
        "categorical_cross_entropy", {}, far, q.float(), lambda s, t: F.cross_entropy(s, t, reduction="none"), single
    ),
    "nll": case("nll", {}, p.log(), classes, lambda s, t: F.nll_loss(s, t, reduction="none")),
    "nll weights": case(
        "nll", {"class_weights": weights}, p.log(), classes, lambda s, t: F.nll_loss(s, t, weight=w, reduction="none")
    ),
    "kl log": case(
        "kl_divergence",
        {"prediction": "log_probabilities"},
        p.log(),
        q,
        lambda s, t: F.kl_div(s, t, reduction="none").sum(1),
    ),
    "kl scores": case("kl_divergence", {}, z, q, lambda s, t: F.kl_div(s.log_softmax(1), t, reduction="none").sum(1)),
    "kl extreme": case(
        "kl_divergence", {}, far, q.float(), lambda s, t: F.kl_div(s.log_softmax(1), t, reduction="none").sum(1), single
    ),
    "soft margin": case("soft_margin", {}, z, signs, none(F.soft_margin_loss)),
    "multi margin": case("multi_margin", {}, z, classes, lambda s, t: F.multi_margin_loss(s, t, reduction="none")),
    "multi margin all": case(
        "multi_margin",
        {"power": 2, "margin": 0.7, "class_weights": weights},
        z,
        classes,
        lambda s, t: F.multi_margin_loss(s, t, p=2, margin=0.7, weight=w, reduction="none"),
    ),
    "multi label margin": case("multi_label_margin", {}, z, several, multi_label),
    "multi label soft margin": case(
        "multi_label_soft_margin", {}, z, several, lambda s, t: F.multilabel_soft_margin_loss(s, t, reduction="none")
    ),
    "multi label soft margin weights": case(
        "multi_label_soft_margin",
        {"class_weights": weights},
        z,
        several,
        lambda s, t: F.multilabel_soft_margin_loss(s, t, weight=w, reduction="none"),
    ),
    "multi label soft margin extreme": case(
        "multi_label_soft_margin",
        {},
        far,
        several.float(),
        lambda s, t: F.multilabel_soft_margin_loss(s, t, reduction="none"),
        single,
    ),
    "hinge embedding": case("hinge_embedding", {}, z, signs, none(F.hinge_embedding_loss)),
    "hinge embedding margin": case(
        "hinge_embedding", {"margin": 2.0}, z, signs, none(F.hinge_embedding_loss, margin=2.0)
    ),
    "margin ranking": case(
        "margin_ranking",
        {},
        two,
        one_sign,
        lambda a, b, t: mean(F.margin_ranking_loss(a, b, t[:, None], reduction="none")),
    ),
    "margin ranking margin": case(
        "margin_ranking",
        {"margin": 0.6},
        two,
        one_sign,
        lambda a, b, t: mean(F.margin_ranking_loss(a, b, t[:, None], margin=0.6, reduction="none")),
    ),
    "cosine embedding": case(
        "cosine_embedding", {}, two, one_sign, lambda a, b, t: F.cosine_embedding_loss(a, b, t, reduction="none")
    ),
    "cosine embedding margin": case(
        "cosine_embedding",
        {"margin": 0.2},
        two,
        one_sign,
        lambda a, b, t: F.cosine_embedding_loss(a, b, t, margin=0.2, reduction="none"),
    ),
    "triplet": case(
        "triplet_margin", {}, three, None, lambda a, b, c, t: F.triplet_margin_loss(a, b, c, reduction="none")
    ),
    "triplet all": case(
        "triplet_margin",
        {"margin": 2.0, "power": 3.0, "swap": True},
        three,
        None,
        lambda a, b, c, t: F.triplet_margin_loss(a, b, c, margin=2.0, p=3, swap=True, reduction="none"),
    ),
    "triplet manhattan": case(
        "triplet_margin",
        {"power": 1.0},
        three,
        None,
        lambda a, b, c, t: F.triplet_margin_loss(a, b, c, p=1, reduction="none"),
    ),
    "triplet distance": case(
        "triplet_margin_with_distance",
        {},
        three,
        None,
        lambda a, b, c, t: F.triplet_margin_with_distance_loss(a, b, c, reduction="none"),
    ),
    "triplet cosine": case(
        "triplet_margin_with_distance",
        {"distance": "cosine", "margin": 0.5, "swap": True},
        three,
        None,
        lambda a, b, c, t: F.triplet_margin_with_distance_loss(
            a,
            b,
            c,
            distance_function=lambda u, v: 1 - F.cosine_similarity(u, v),
            margin=0.5,
            swap=True,
            reduction="none",
        ),
    ),
    "triplet squared": case(
        "triplet_margin_with_distance",
        {"distance": "squared_euclidean"},
        three,
        None,
        lambda a, b, c, t: F.triplet_margin_with_distance_loss(
            a, b, c, distance_function=lambda u, v: ((u - v) ** 2).sum(1), reduction="none"
        ),
    ),
    "ctc": case("ctc", {"classes": 3}, frames, labels, ctc(3, 0)),
    "ctc last is blank": case("ctc", {"classes": 3, "blank": 2}, frames, labels_last, ctc(3, 2)),
}
write(__file__, figures)
