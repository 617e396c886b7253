"""What a loss or an optimiser cannot take is refused: where, the rule, what arrived, what to do."""

import re

import numpy as np
import pytest

import thetastar as ts

L, optimizers = ts.losses, ts.optimizers
X = np.zeros((6, 2), np.float32)
NET = ts.Network([ts.Dense(3)], input_shape=(2,)).initialized(seed=0)
ONE = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
Z = np.zeros((2, 3))


def train(loss, X=X, y=None, net=NET, **settings):
    return ts.train(net, X, y, loss=loss, epochs=1, **settings)


# (what is tried, what the message must match)
REFUSALS = {
    "reduction": (
        lambda: L.get("Reduction"),
        r"losses\.get: 'Reduction' is how a batch's losses become one number.*Use loss\.per_sample",
    ),
    "unknown setting": (
        lambda: L.get({"kind": "huber", "deltas": 1}),
        r"losses\.get\('huber'\): there is no setting 'deltas'\. Did you mean 'delta'\?",
    ),
    "no settings": (
        lambda: L.get({"kind": "mse", "delta": 1}),
        r"losses\.get\('mse'\): there is no setting 'delta'\. ",
    ),
    "missing setting": (lambda: L.get("ctc"), r"losses\.get\('ctc'\): classes is needed\. Got nothing\. Give"),
    "setting of a fixed name": (
        lambda: L.get({"kind": "BCELoss", "prediction": "scores"}),
        r"losses\.get\('BCELoss'\): prediction is part of this name, probabilities\. Got 'scores'\. Use 'binary_cross",
    ),
    "negative targets of logarithms": (
        lambda: L.MeanSquaredLogarithmicError()(Z, -np.ones((2, 3))),
        r"squared logarithmic error must be 0 or more\. Got -1\. Use the squared",
    ),
    "negative counts": (
        lambda: L.PoissonNLL()(Z, -np.ones((2, 3))),
        r"PoissonNLL: targets of the Poisson loss must be 0 or more\. Got -1\. Counts",
    ),
    "odd outputs": (
        lambda: L.GaussianNLL()(Z, np.ones((2, 1))),
        r"GaussianNLL: the Gaussian loss needs two outputs a target.*Got 3 outputs\. Make",
    ),
    "half as many targets": (
        lambda: L.GaussianNLL()(np.zeros((2, 4)), np.ones((2, 4))),
        r"y must have shape \(2, 2\).*Got \(2, 4\)",
    ),
    "probability": (
        lambda: L.MultiLabelSoftMargin()(Z, np.full((2, 3), 2.0)),
        r"multi-label soft margin loss must lie between 0 and 1\. Got 2",
    ),
    "distribution": (
        lambda: L.KLDivergence()(Z, np.full((2, 3), 0.5)),
        r"targets of the divergence must sum to 1 in each row\. Row 0 sums to 1\.5\. Divide",
    ),
    "negative distribution": (
        lambda: L.CategoricalCrossEntropy()(Z, [[2, -1, 0], [1, 0, 0]]),
        r"categorical cross-entropy must lie between 0 and 1\. Got 2\. Give probabilities",
    ),
    "one-hot": (
        lambda: L.CategoricalHinge()(Z, [[1, 0, 0], [1, 1, 0]]),
        r"must be one-hot, a single 1 among zeros\. Row 1 is \[1\.0, 1\.0, 0\.0\]\. Use np\.eye",
    ),
    "several": (
        lambda: L.MultiLabelMargin()(Z, np.full((2, 3), 2.0)),
        r"multi-label margin loss must be 0 or 1, one column a class\. Got 2\. Put 1",
    ),
    "signs": (
        lambda: L.Hinge()(Z, np.full((2, 3), 0.5)),
        r"Hinge: targets of hinge loss must be 1 and -1, or 1 and 0\. Got 0\.5\. Encode",
    ),
    "classes": (
        lambda: L.NLL()(Z, [0, 3]),
        r"NLL: targets of the negative log-likelihood must be class indices from 0 to 2\. Got 3",
    ),
    "one class": (
        lambda: L.MultiMargin()(np.zeros((2, 1)), [0, 0]),
        r"the multi-margin loss needs one output per class, at least 2\. Got 1\. Widen the last layer\.",
    ),
    "class weights": (
        lambda: L.CrossEntropy(class_weights=(1, 2))(Z, [0, 1]),
        r"CrossEntropy: class_weights must be one number per class, 3 here\. Got 2\. Give",
    ),
    "class weights in training": (
        lambda: train(L.NLL(class_weights=(1, 2)), y=np.zeros(6)),
        r"train: class_weights must be one number per class, 3 here",
    ),
    "power": (lambda: L.MultiMargin(power=3), r"MultiMargin: power must be 1 or 2\. Got 3\. Use one of the two"),
    # pairs and triplets
    "one prediction for a pair": (
        lambda: L.CosineEmbedding()(Z, [1, 1]),
        r"CosineEmbedding: prediction must be a tuple of two arrays.*Got 1\. Give \(f\(X1\)",
    ),
    "two for a triplet": (
        lambda: L.TripletMargin()((Z, Z)),
        r"TripletMargin: prediction must be a tuple of three arrays.*Got 2",
    ),
    "members' shapes": (
        lambda: L.TripletMargin()((Z, Z, Z[:1])),
        r"members' predictions must have one shape\. Got \(2, 3\) and \(2, 3\) and \(1, 3\)\. Row i",
    ),
    "a target for triplets": (
        lambda: L.TripletMargin()((Z, Z, Z), [1, 1]),
        r"a loss of triplets has no target.*Got y of list\. Give y=None",
    ),
    "training a pair with one X": (
        lambda: train("margin_ranking", y=np.ones(6)),
        r"train: X must be a tuple \(X1, X2\) for MarginRanking\. Got 1 array\. Each member",
    ),
    "training one with a pair": (
        lambda: train("mse", (X, X), np.ones((6, 3))),
        r"train: X must be one array \(n, F\) for MeanSquaredError\. Got 2 arrays",
    ),
    "members of X": (
        lambda: train("triplet_margin", (X, X, X[:5])),
        r"the members of X must have one shape\. Got \(6, 2\) and \(6, 2\) and \(5, 2\)\. Row i",
    ),
    "validation's members": (
        lambda: train("triplet_margin", (X, X, X), validation=(X, None)),
        r"train: validation: X must be a tuple \(X1, X2, X3\) for TripletMargin\. Got 1 array",
    ),
    "gradients of a pair with one X": (
        lambda: NET.gradients(X, np.ones(6), loss="cosine_embedding"),
        r"Network\.gradients: X must be a tuple \(X1, X2\)",
    ),
    "no target where one is needed": (lambda: train("mse"), r"train: y must have shape \(6, 3\).*Got \(\)"),
    # sequences
    "frames": (lambda: L.CTC(2)(Z, [[1], [1]]), r"CTC: CTC needs T · 2 outputs, 2 scores a frame\. Got 3\. Change"),
    "labels are text": (
        lambda: L.CTC(3)(Z, [["a"], ["b"]]),
        r"CTC: y must be plain numbers\. Got text",
    ),
    "labels are ragged": (
        lambda: L.CTC(3)(Z, [[0], [0, 1]]),
        r"targets of CTC must be label sequences \(n, L\) of numbers.*Got list of something else",
    ),
    "labels are flat": (
        lambda: L.CTC(3)(Z, [1, 1]),
        r"targets of CTC must have shape \(2, L\), one row a sample\. Got \(2,\)\. Fill",
    ),
    "blank label": (
        lambda: L.CTC(3)(Z, [[1], [0]]),
        r"targets of CTC must be classes from 0 to 2, not the blank 0, and then -1.*Row 1 is \[0\.0\]\. Repair",
    ),
    "label after the end": (
        lambda: L.CTC(3)(np.zeros((1, 9)), [[-1, 1]]),
        r"and then -1 to the end\. Row 0 is \[-1\.0, 1\.0\]",
    ),
    "unknown label": (
        lambda: L.CTC(3)(Z, [[3], [1]]),
        r"targets of CTC must be classes from 0 to 2.*Row 0 is \[3\.0\]",
    ),
    "label is missing": (
        lambda: L.CTC(3)(Z, [[np.nan], [1]]),
        r"targets of CTC must be classes from 0 to 2.*Row 0 is \[nan\]",
    ),
    "too long": (
        lambda: L.CTC(3)(np.zeros((1, 6)), [[1, 1]]),
        r"a sequence must fit its 2 frames.*Row 0 needs 3\. Use more frames",
    ),
    "lengths that do not sum": (
        lambda: L.CTC(3).targets([1, 2, 1], label_lengths=[1, 1]),
        r"CTC\.targets: label_lengths must sum to the number of labels, 3\. Got 2\. Give every",
    ),
    "lengths of others": (
        lambda: L.CTC(3).targets([[1, 2]], label_lengths=[1, 1]),
        r"CTC\.targets: label_lengths must be whole numbers, 1 of them\. Got \[1, 1\]\. Give one a sample",
    ),
    "a length beyond the row": (
        lambda: L.CTC(3).targets([[1, 2]], label_lengths=[3]),
        r"CTC\.targets: label_lengths must be from 0 to 2\. Got 3\. Correct",
    ),
    "labels of no shape": (
        lambda: L.CTC(3).targets(np.ones((1, 2, 3))),
        r"CTC\.targets: labels must have shape \(n, L\), or be one row.*Got \(1, 2, 3\)\. Fill",
    ),
    "more frames than there are": (
        lambda: L.CTC(3)(np.zeros((1, 6)), L.CTC(3).targets([[1]], frame_lengths=[5])),
        r"CTC: a sample has at most 2 frames, as many as the network gives\. Got 5\. Correct frame_lengths",
    ),
    "too long for its own frames": (
        lambda: L.CTC(3)(np.zeros((1, 9)), L.CTC(3).targets([[1, 1]], frame_lengths=[2])),
        r"a sequence must fit its 2 frames.*Row 0 needs 3\. Use more frames",
    ),
    "blank": (
        lambda: L.CTC(3, blank=3),
        r"CTC: blank must be one of the classes 0 to 2\. Got 3\. Use for example blank=0",
    ),
    # optimisers
    "unknown optimiser setting": (
        lambda: optimizers.get({"kind": "lion", "beta": 1}),
        r"optimizers\.get\('lion'\): there is no setting 'beta'\. Did you mean 'betas' or",
    ),
    "pattern that fits nothing": (
        lambda: train("mse", y=np.ones((6, 3)), optimizer=optimizers.Adam(groups={"*.wieght": {}})),
        r"train: each pattern of groups must fit a parameter\. '\*\.wieght' fits none of dense_1\.weight",
    ),
    "pattern in minimize": (
        lambda: optimizers.SGD(groups={"*.bias": {}}).minimize(lambda t: (0, t), [1.0], 1),
        r"minimize: each pattern of groups must fit a parameter.*theta",
    ),
    "clipping a search": (
        lambda: train("mse", y=np.ones((6, 3)), optimizer="lbfgs", clip_norm=1.0),
        r"train: LBFGS's line search needs the gradient as it is\. Got clip_value or clip_norm\. Leave",
    ),
    "draws without a likelihood": (
        lambda: train("mae", y=np.ones((6, 3)), optimizer=optimizers.Sophia(curvature="gauss_newton_bartlett")),
        r"Sophia's 'gauss_newton_bartlett' is for squared error.*Got MeanAbsoluteError\(\)\. Use curvature=",
    ),
    "draws with options": (
        lambda: train(
            L.CrossEntropy(label_smoothing=0.1),
            y=np.ones(6),
            optimizer=optimizers.Sophia(curvature="gauss_newton_bartlett"),
        ),
        r"on raw scores without options\. Got CrossEntropy",
    ),
    "draws in minimize": (
        lambda: optimizers.Sophia(curvature="gauss_newton_bartlett").minimize(lambda t: (0, t), [1.0], 1),
        r"minimize: a function of one's own has no targets to draw\. Got curvature='gauss_newton_bartlett'\. Use",
    ),
    "gradient's shape in a search": (
        lambda: optimizers.LBFGS().minimize(lambda t: (0.0, [1.0, 2.0]), [1.0], 1),
        r"gradient of theta's shape \(1,\)\. Got \(2,\)",
    ),
}


@pytest.mark.parametrize("label", REFUSALS)
def test_refused_in_these_words(label):
    attempt, words = REFUSALS[label]
    with pytest.raises(ts.InputError) as refusal:
        attempt()
    message = str(refusal.value)
    assert re.search(words, message), message
    assert message.endswith((".", "…", "?")) and "\n" not in message
