"""The frameworks' words for settings: each is taken by every door; another value is refused with a remedy."""

import inspect
import re

import pytest

import thetastar as ts

losses, optimizers, schedules = ts.losses, ts.optimizers, ts.schedules
KERAS = {"convention": "keras"}

# what is typed -> what it is here
SAME = {
    # optimisers
    "lr": (optimizers.Adam(lr=0.1, betas=(0.8, 0.9), eps=1e-6), optimizers.Adam(0.1, 0.8, 0.9, 1e-6)),
    "optax": (optimizers.Adam(0.1, b1=0.8, b2=0.9, eps_root=0.0, mu_dtype=None), optimizers.Adam(0.1, 0.8, 0.9)),
    "how it runs": (optimizers.get("adam", foreach=None, fused=True, maximize=False, name="a"), optimizers.Adam()),
    "rmsprop": (
        optimizers.get("RMSprop", alpha=0.9, centered=True, momentum=0.5),
        optimizers.RMSprop(rho=0.9, centred=True, momentum=0.5),
    ),
    "adagrad": (
        optimizers.get("Adagrad", lr_decay=0.1, initial_accumulator_value=0.2),
        optimizers.Adagrad(rate_decay=0.1, accumulator=0.2),
    ),
    "rprop": (
        optimizers.get("Rprop", etas=(0.4, 1.3), step_sizes=(1e-5, 2.0)),
        optimizers.Rprop(shorter=0.4, longer=1.3, least=1e-5, most=2.0),
    ),
    "lbfgs": (
        optimizers.get("LBFGS", history_size=5, max_iter=1, line_search_fn=None),
        optimizers.LBFGS(history=5, line_search="none"),
    ),
    "decoupled": (optimizers.get("NAdam", decoupled_weight_decay=True), optimizers.NAdam(decoupled=True)),
    "ema": (
        optimizers.get("Adam", use_ema=True, ema_momentum=0.9),
        optimizers.Adam(average=optimizers.Average(momentum=0.9)),
    ),
    "no ema": (optimizers.get("Adam", use_ema=False, ema_momentum=0.9), optimizers.Adam()),
    "swa": (optimizers.SGD(average="swa"), optimizers.SGD(average=optimizers.Average("equal"))),
    "muon": (
        optimizers.get("Muon", ns_steps=3, adjust_lr_fn="match_rms_adamw"),
        optimizers.Muon(iterations=3, scale="rms"),
    ),
    "Keras's Adam": (
        optimizers.get("Adam", **KERAS, weight_decay=0.1),
        optimizers.Adam(epsilon=1e-7, early_epsilon=True, decoupled=True, weight_decay=0.1),
    ),
    "Nadam": (
        optimizers.get("Nadam"),
        optimizers.NAdam(1e-3, epsilon=1e-7, momentum_decay=1.0, decoupled=True),
    ),
    "an own setting wins": (optimizers.get("Adam", **KERAS, epsilon=1e-3).epsilon, 1e-3),
    "an optimiser again": (optimizers.get(optimizers.Adam(0.1), eps=1e-3), optimizers.Adam(0.1, epsilon=1e-3)),
    # losses
    "from_logits": (losses.get("BinaryCrossentropy", from_logits=True), losses.BinaryCrossEntropy()),
    "a Keras name": (losses.get("binary_crossentropy"), losses.BinaryCrossEntropy("probabilities")),
    "an own name": (losses.get("binary_cross_entropy"), losses.BinaryCrossEntropy()),
    "an own class's name": (losses.get("CategoricalCrossEntropy"), losses.CategoricalCrossEntropy()),
    "Keras's divergence": (losses.get("KLDivergence"), losses.KLDivergence("probabilities")),
    "our divergence": (losses.get("kl_divergence"), losses.KLDivergence()),
    "by convention": (losses.get("cross_entropy", **KERAS), losses.CrossEntropy("probabilities")),
    "pos_weight": (losses.get("BCEWithLogitsLoss", pos_weight=[3.0]), losses.BinaryCrossEntropy(class_weights=(1, 3))),
    "weight": (
        losses.get("CrossEntropyLoss", weight=[1, 2], ignore_index=-100),
        losses.CrossEntropy(class_weights=(1, 2)),
    ),
    "reduction": (losses.get("mse", reduction="sum_over_batch_size"), losses.MeanSquaredError()),
    "p": (losses.get("MultiMarginLoss", p=2, margin=0.5), losses.MultiMargin(2, 0.5)),
    "triplets": (losses.get("TripletMarginLoss", p=1, eps=1e-3), losses.TripletMargin(power=1, epsilon=1e-3)),
    "distance": (
        losses.get("TripletMarginWithDistanceLoss", distance_function=None),
        losses.TripletMarginWithDistance("euclidean"),
    ),
    "blank": (losses.get("CTCLoss", classes=4, blank=3, zero_infinity=True), losses.CTC(4, 3)),
    "gaussian": (losses.get("GaussianNLLLoss", full=True, eps=1e-3), losses.GaussianNLL(full=True, epsilon=1e-3)),
    "pinball": (losses.get("pinball", alpha=0.9), losses.Quantile(0.9)),
    "focal": (
        losses.get("BinaryFocalCrossentropy", apply_class_balancing=True, alpha=0.3),
        losses.BinaryFocalCrossEntropy(prediction="probabilities", class_weights=(0.7, 0.3)),
    ),
    "alpha that Keras does not use": (
        losses.get("BinaryFocalCrossentropy", alpha=0.3),
        losses.BinaryFocalCrossEntropy(prediction="probabilities"),
    ),
    "alpha of sigmoid_focal_loss": (
        losses.get("binary_focal_cross_entropy", alpha=0.25),
        losses.BinaryFocalCrossEntropy(class_weights=(0.75, 0.25)),
    ),
    "alphas of classes": (
        losses.get("categorical_focal_cross_entropy", alpha=[0.5, 1.0]),
        losses.CategoricalFocalCrossEntropy(class_weights=(0.5, 1.0)),
    ),
    "a dict": (losses.get({"kind": "HuberLoss", "delta": 2.0}, reduction="mean"), losses.Huber(2.0)),
    # schedules
    "StepLR": (schedules.get("StepLR", step_size=3, gamma=0.5), schedules.Step(3, 0.5)),
    "restarts": (schedules.get("CosineAnnealingWarmRestarts", T_0=5, T_mult=2), schedules.CosineRestarts(5, 2)),
    "cosine": (schedules.get("CosineDecay", decay_steps=100, alpha=0.1), schedules.Cosine(0.1)),
    "OneCycleLR": (schedules.get("OneCycleLR", pct_start=0.2), schedules.OneCycle(0.2, end=4e-6)),
    "one cycle's divisors": (
        schedules.get("OneCycleLR", div_factor=10.0, final_div_factor=100.0),
        schedules.OneCycle(start=0.1, end=1e-3),
    ),
    "plateau": (schedules.get("ReduceLROnPlateau", patience=5, mode="min"), schedules.ReduceOnPlateau(patience=5)),
    "Keras's plateau": (schedules.get("ReduceLROnPlateau", patience=5, **KERAS), schedules.ReduceOnPlateau(patience=4)),
    # layers
    "Linear": (ts.Dense(out_features=3, bias=False, in_features=9), ts.Dense(3, use_bias=False)),
    "Dropout": (ts.Dropout(p=0.5), ts.Dropout(0.5)),
    "Conv2d": (ts.Conv2D(in_channels=1, out_channels=6, kernel_size=5, stride=2, padding=0), ts.Conv2D(6, 5, 2)),
    "Conv2d, padded": (ts.Conv2D(6, kernel_size=5, padding=2), ts.Conv2D(6, 5, padding="same")),
    "MaxPool2d": (ts.MaxPool2D(kernel_size=3, stride=2, ceil_mode=False), ts.MaxPool2D(3, 2)),
    "LSTM": (ts.LSTM(input_size=3, hidden_size=8, batch_first=True, num_layers=1), ts.LSTM(8)),
    "Embedding": (ts.Embedding(num_embeddings=5, embedding_dim=2), ts.Embedding(5, 2)),
    "BatchNorm": (ts.BatchNorm(momentum=0.25, convention="pytorch"), ts.BatchNorm(0.75, 1e-5)),
    "PyTorch's BatchNorm": (ts.BatchNorm(convention="torch"), ts.BatchNorm(0.9, 1e-5)),
    "Keras's BatchNorm": (ts.BatchNorm(momentum=0.25, axis=-1), ts.BatchNorm(0.25)),
    "LayerNorm": (ts.LayerNorm(normalized_shape=5, eps=1e-5), ts.LayerNorm(1e-5)),
    "PReLU": (ts.PReLU(num_parameters=1, init=0.1), ts.PReLU({"kind": "constant", "value": 0.1}, shared=True)),
    "Keras's PReLU": (ts.PReLU(**KERAS, shared_axes=[1, 2]), ts.PReLU("zeros")),
}


@pytest.mark.parametrize("label", SAME)
def test_it_means_the_same(label):
    theirs, ours = SAME[label]
    assert theirs == ours


REFUSED = {
    "a typing error": (
        lambda: optimizers.Adam(learnign_rate=1),
        r"Adam: there is no setting 'learnign_rate'\. Did you mean 'learning_rate'",
    ),
    "of get": (
        lambda: losses.get("huber", detla=1),
        r"losses\.get\('huber'\): there is no setting 'detla'\. Did you mean 'delta'\?",
    ),
    "of a schedule": (
        lambda: schedules.get("step", evry=1),
        r"schedules\.get\('step'\): there is no setting 'evry'\. Did you mean 'every'",
    ),
    "of a layer": (lambda: ts.Dense(3, unit=3), r"Dense: there is no setting 'unit'\. Did you mean 'units'"),
    "twice": (
        lambda: optimizers.SGD(lr=1, learning_rate=1),
        r"SGD: learning_rate must be given once\. Got it by lr and by learning_rate\. Leave",
    ),
    "twice, by its place": (
        lambda: optimizers.SGD(0.1, lr=1),
        r"learning_rate must be given once\. Got it by its place and by lr",
    ),
    "needed": (
        lambda: losses.get("CTCLoss"),
        r"losses\.get\('CTCLoss'\): classes is needed\. Got nothing\. Give classes too",
    ),
    "convention": (
        lambda: losses.get("mse", convention="kerras"),
        r"there is no convention 'kerras'\. Did you mean 'keras'",
    ),
    "betas": (
        lambda: optimizers.Adam(betas=0.9),
        r"betas: they must be two numbers, \(beta_1, beta_2\)\. Got 0\.9\. Use",
    ),
    "maximize": (
        lambda: optimizers.SGD(maximize=True),
        r"maximize: here it is False\. Got True\. Descend on the negative",
    ),
    "clipnorm": (
        lambda: optimizers.get("adam", clipnorm=1.0),
        r"clipnorm: here it is None\. Got 1\.0\. Give clip_norm or clip_value to ts\.train",
    ),
    "iterations": (
        lambda: optimizers.LBFGS(max_iter=20),
        r"max_iter: here it is 1\. Got 20\. An epoch is one iteration",
    ),
    "sum": (
        lambda: losses.get("mse", reduction="sum"),
        r"reduction: here it is 'mean'.*Got 'sum'\. A training.*use loss\.per_sample",
    ),
    "PyTorch's mean divergence": (
        lambda: losses.get("KLDivLoss", reduction="mean"),
        r"reduction: here it is 'batchmean'.*divides by the classes too",
    ),
    "PyTorch's mean CTC": (
        lambda: losses.get("CTCLoss", classes=3, reduction="mean"),
        r"its 'mean' divides by the lengths first",
    ),
    "part of a name": (
        lambda: losses.get("BCELoss", from_logits=True),
        r"from_logits is part of this name, probabilities\. Got True\. Use 'binary_cross_entropy' with",
    ),
    "ignored class": (
        lambda: losses.get("CrossEntropyLoss", ignore_index=0),
        r"ignore_index: here it is -100 or None\. Got 0\. Give such rows sample_weight 0",
    ),
    "weights of outputs": (
        lambda: losses.get("BCEWithLogitsLoss", pos_weight=[1.0, 2.0]),
        r"pos_weight: it must be one number for all outputs\. Got 2\. Train with sample_weight",
    ),
    "a function": (
        lambda: losses.get("TripletMarginWithDistanceLoss", distance_function=abs),
        r"distance_function: a distance must be one of euclidean.*Got a Python function\. Use distance=",
    ),
    "axis": (
        lambda: losses.get("CategoricalCrossentropy", axis=1),
        r"axis: here it is -1\. Got 1\. Move what the loss is about to the last axis",
    ),
    "log targets": (
        lambda: losses.get("KLDivLoss", log_target=True),
        r"log_target: here it is False\. Got True\. Give the targets as probabilities",
    ),
    "lowest rate": (
        lambda: schedules.get("CosineAnnealingLR", eta_min=1e-5),
        r"the lowest rate is a factor of the learning rate here\. Got 1e-05\. Use minimum=1e-05 / learning_rate",
    ),
    "in steps": (
        lambda: schedules.get("ExponentialDecay", decay_steps=100),
        r"this schedule goes by epochs\. Got 100 updates\. Use every=100 /",
    ),
    "a rate": (
        lambda: schedules.get("OneCycleLR", max_lr=0.1),
        r"max_lr: here it is None\. Got 0\.1\. A schedule is a factor here",
    ),
    "pixels": (
        lambda: ts.Conv2D(6, kernel_size=3, padding=2),
        r"Conv2D: padding must be 'valid' or 'same'\. Got 2\. 0 is 'valid'; half of an odd window",
    ),
    "regulariser": (
        lambda: ts.Dense(3, kernel_regularizer="l2"),
        r"kernel_regularizer: here it is None\. Got 'l2'\. Penalties belong to the training",
    ),
    "layers in one": (
        lambda: ts.LSTM(3, num_layers=2),
        r"num_layers: here it is 1\. Got 2\. Put layers one after another",
    ),
    "counted padding": (
        lambda: ts.AveragePool2D(3, padding="same", count_include_pad=True),
        r"count_include_pad is False here.*Got True",
    ),
    "Muon's rate": (
        lambda: optimizers.Muon(rms_rate=0.1),
        r"Muon: rms_rate must be 0\.2 or None\. Got 0\.1\. Multiply the learning rate",
    ),
    "average": (
        lambda: optimizers.SGD(average="mean"),
        r"Average: there is no kind 'mean'\. There are: exponential, equal|Did you mean",
    ),
    "average's setting": (
        lambda: optimizers.SGD(average={"kindd": 1}),
        r"Average: there is no setting 'kindd'\. Did you mean 'kind'",
    ),
    "average's momentum": (
        lambda: optimizers.Average(momentum=1.0),
        r"Average: momentum must be a finite number from 0 and below 1\. Got 1\.0",
    ),
    "average of a search": (
        lambda: optimizers.LBFGS(average="equal"),
        r"LBFGS: average is for rules that move by one gradient",
    ),
}


@pytest.mark.parametrize("label", REFUSED)
def test_refused_in_these_words(label):
    attempt, words = REFUSED[label]
    with pytest.raises(ts.InputError) as refusal:
        attempt()
    message = str(refusal.value)
    assert re.search(words, message), message
    assert message.endswith((".", "…", "?")) and "\n" not in message


def test_help_shows_the_settings_themselves():
    assert list(inspect.signature(ts.Dropout).parameters) == ["rate"]
    assert list(inspect.signature(optimizers.SGD).parameters)[:2] == ["learning_rate", "momentum"]


def test_a_penalty_does_not_bend_muon_s_direction():
    net = ts.Network([ts.Dense(2), ts.Dense(1)], input_shape=(2,))
    for wrong in ({"l1": 0.1}, {"l2": 0.1}, {"clip_value": 1.0}):
        with pytest.raises(ts.InputError, match=r"train: Muon moves an array as a whole.*Use weight_decay"):
            ts.train(net, [[0.0, 1.0]], [1.0], optimizer="muon", epochs=1, **wrong)
