"""Every name that the lectures list is found, by walking through the lists. What each does is tested where it lives.

Losses and optimisers stand in `registry.py` under the frameworks' names too; here is everything that is named.
AlexNet, VGG-16 and ResNet-50 themselves are named for their depth only: the presets are small nets of their kinds.
"""

import numpy as np
import pytest
from registry import PYTORCH_LOSSES, PYTORCH_OPTIMIZERS, TENSORFLOW_LOSSES, TENSORFLOW_OPTIMIZERS

import thetastar as ts
from thetastar.model.metrics import METRICS, find_metric
from thetastar.study.refit import score_test

# lecture 5's lists, letter by letter
LECTURE_LOSSES = """BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber
KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
SparseCategoricalCrossentropy SquaredHinge L1Loss MSELoss CrossEntropyLoss CTCLoss NLLLoss PoissonNLLLoss
GaussianNLLLoss KLDivLoss BCELoss BCEWithLogitsLoss MarginRankingLoss HingeEmbeddingLoss MultiLabelMarginLoss HuberLoss
SmoothL1Loss SoftMarginLoss MultiLabelSoftMarginLoss CosineEmbeddingLoss MultiMarginLoss TripletMarginLoss
TripletMarginWithDistanceLoss""".split()
LECTURE_OPTIMIZERS = """Adadelta Adagrad Adam Adamax Ftrl Nadam RMSprop SGD AdamW SparseAdam ASGD LBFGS NAdam RAdam
Rprop Lion""".split()
ACTIVATIONS = {
    "sigmoid": "lectures 1, 2, 4, 5", "hard_sigmoid": "lecture 1", "relu": "lectures 1, 2, 4, 5",
    "tanh": "lectures 4, 5", "gaussian": "lecture 4", "identity": "lecture 5's f(x) = x",
}  # fmt: skip
PRESETS = {"LeNet-5": "lenet5", "VGG": "small_vgg", "residual net": "small_resnet", "autoencoder": "autoencoder"}
METRICS_OF_LECTURE_2 = {"accuracy": "accuracy", "F1": "f1", "AUC": "auc"}


@pytest.mark.parametrize("name", LECTURE_LOSSES)
def test_a_loss(name):
    found = ts.losses.get({"kind": name, "classes": 3} if name == "CTCLoss" else name)
    assert isinstance(found, ts.losses.Loss)


@pytest.mark.parametrize("name", LECTURE_OPTIMIZERS)
def test_an_optimiser(name):
    assert isinstance(ts.optimizers.get(name), ts.optimizers.Optimizer)


def test_the_registry_lists_the_lecture_s_losses_and_optimisers():
    listed = {*TENSORFLOW_LOSSES, *(f"{name}Loss" for name in PYTORCH_LOSSES), "BCELoss"}  # that one has its own test
    assert listed == set(LECTURE_LOSSES)
    assert {*TENSORFLOW_OPTIMIZERS, *PYTORCH_OPTIMIZERS} == set(LECTURE_OPTIMIZERS) - {"Lion"}


def test_sophia_of_lecture_4():
    assert ts.optimizers.get("Sophia").to_dict()["kind"] == "sophia"


def test_momentum_of_lecture_4():
    assert ts.optimizers.SGD(0.1, momentum=0.9).momentum == 0.9


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation(name):
    assert name in ts.activations.NAMES
    assert (
        ts.Network([ts.Dense(2, activation=name)], input_shape=(3,)).initialized(0).predict(np.ones((1, 3))).size == 2
    )


def test_softmax_and_its_temperature_are_the_loss_s():
    """Lecture 4's e^(a/T): scores divided by T are other scores; the cross-entropy takes raw ones."""
    scores = np.array([[1.0, 2.0, 4.0]])
    slope = ts.losses.get("cross_entropy").gradient(scores / 2, np.array([0]))
    softmax = np.exp(scores / 2) / np.exp(scores / 2).sum()
    np.testing.assert_allclose(slope, softmax - [[1, 0, 0]], rtol=1e-9)


# lecture 4: three types of network, whose hidden layers can be mixed
TYPES = {
    "fully connected": ([ts.Dense(3)], (4,)),
    "convolutional": ([ts.Conv2D(3, 2), ts.MaxPool2D(2), ts.Flatten()], (5, 5, 1)),
    "recurrent, simple": ([ts.SimpleRNN(3)], (4, 2)),
    "recurrent, LSTM": ([ts.LSTM(3)], (4, 2)),
    "recurrent, GRU": ([ts.GRU(3)], (4, 2)),
    "mixed": ([ts.Conv2D(4, (1, 2), padding="same"), ts.AveragePool2D((1, 2)), ts.Flatten(), ts.Dense(3)], (1, 6, 2)),
    "one-hot or label encoding as numbers": ([ts.Embedding(5, 2), ts.GRU(2)], (4,)),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_of_network_trains(name):
    layers, shape = TYPES[name]
    X = np.random.default_rng(0).integers(0, 2, (12, *shape)).astype(np.float32)
    run = ts.train(ts.Network([*layers, ts.Dense(1)], input_shape=shape), X, X.reshape(12, -1)[:, 0], epochs=3)
    assert np.isfinite(run.loss)


@pytest.mark.parametrize("name", PRESETS)
def test_a_network_with_a_name(name):
    shape = (12, 12, 1)
    assert getattr(ts.presets, PRESETS[name])(shape).input_shape == shape


# lectures 4 and 5: what holds a network back from learning by heart
REGULARISERS = {
    "dropout": ({}, [ts.Dropout(0.5)]),
    "batch normalisation": ({}, [ts.BatchNorm()]),
    "a term in the cost, L1": ({"l1": 0.01}, []),
    "a term in the cost, L2": ({"l2": 0.01}, []),
    "weight decay (AdamW)": ({"optimizer": ts.optimizers.AdamW(weight_decay=0.1)}, []),
    "early stopping": ({"stop": ts.EarlyStopping(patience=1), "validation_rows": [0, 1]}, []),
    "max-norm": ({"max_norm": 0.5}, []),
    "augmentation: shift": ({"augment": ts.Augment(shift=1)}, []),
    "augmentation: scale": ({"augment": ts.Augment(scale=0.2)}, []),
    "augmentation: rotate": ({"augment": ts.Augment(rotate=10)}, []),
    "augmentation: noise": ({"augment": ts.Augment(noise=0.1)}, []),
    "augmentation: flip": ({"augment": ts.Augment(flip="horizontal")}, []),
}


@pytest.mark.parametrize("name", REGULARISERS)
def test_a_regulariser_acts(name):
    """It changes what training finds."""
    settings, layers = REGULARISERS[name]
    random = np.random.default_rng(0)
    X, y = random.normal(size=(16, 4, 4, 1)).astype(np.float32), random.normal(size=16).astype(np.float32)
    found = []
    for extra, inner in ({}, []), (settings, layers):
        hidden = ts.Dense(8, activation="tanh", kernel_initializer="orthogonal")
        net = ts.Network([ts.Flatten(), hidden, *inner, ts.Dense(1)], input_shape=(4, 4, 1))
        shared = {"optimizer": ts.optimizers.Adam(0.05), "epochs": 30, "batch_size": 8, "seed": 0}
        found.append(ts.train(net, X, y, **(shared | extra)).network.parameters["dense_1.weight"])
    assert not np.array_equal(*found)


@pytest.mark.parametrize("batch_size", [100, 1, 10], ids=["per epoch", "per sample", "per mini-batch"])
def test_an_update_rule_of_lecture_5(batch_size):
    assert ts.train(ts.Network([ts.Dense(1)], (1,)), np.ones((20, 1)), np.ones(20), epochs=2, batch_size=batch_size)


def test_the_stops_of_lecture_5():
    X, y = np.linspace(0, 1, 20)[:, None], np.linspace(0, 1, 20)
    net, adam = ts.Network([ts.Dense(1)], (1,)), ts.optimizers.Adam(0.1)
    split = {"rows": range(10), "validation_rows": range(10, 20)}
    assert ts.train(net, X, y, epochs=3).stopped == "epochs"
    assert ts.train(net, X, y, optimizer=adam, epochs=500, stop=[ts.LossThreshold(0.01)]).stopped == "threshold"
    rules = [ts.EarlyStopping(patience=2)]
    assert ts.train(net, X, 100 * np.sign(y - 0.4), optimizer=adam, epochs=3000, stop=rules, **split).stopped == "early"


@pytest.mark.parametrize("name", METRICS_OF_LECTURE_2)
def test_a_score(name):
    assert find_metric(METRICS_OF_LECTURE_2[name], "binary") is METRICS[METRICS_OF_LECTURE_2[name]]


def test_the_scores_of_a_table_of_two_classes():
    """Lecture 2: confusion matrix, precision, recall, F1 and the ROC curve; 98 % healthy makes accuracy misleading."""
    truth = np.array([1] * 2 + [0] * 98)
    healthy = np.tile([0.9, 0.1], (100, 1))
    healthy[0] = [0.2, 0.8]
    labels = ["healthy", "ill"]
    scored = score_test("binary", METRICS["auc"], truth, healthy, {}, None, labels, seed=0, baselines_refitted=True)
    assert scored.confusion == ((98, 0), (1, 1))
    assert scored.scores["accuracy"] == 0.99 and scored.per_class[1].recall == 0.5
    assert scored.per_class[1].precision == 1 and scored.per_class[1].f1 == pytest.approx(2 / 3)
    assert (scored.roc.fpr[0], scored.roc.tpr[-1]) == (0, 1)
    assert {"rmse", "mae", "r2"} <= set(METRICS)


def test_a_rate_that_decreases_over_the_iterations():
    """Lecture 2; every schedule of the package is in the registry."""
    for schedule in ("step", "exponential", "cosine"):
        run = ts.train(ts.Network([ts.Dense(1)], (1,)), np.ones((4, 1)), np.ones(4), epochs=40, schedule=schedule)
        assert run.history["learning_rate"][-1] < run.history["learning_rate"][0]


def test_re_runs_start_anew_and_end_elsewhere():
    """Lecture 5: same conditions, new random start, different result; compare many runs."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    net = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(1)], (2,))
    runs = ts.train_many([ts.Job(net, epochs=5, seed=seed) for seed in range(8)], X, X[:, 0] * X[:, 1])
    assert len({run.loss for run in runs}) == 8
