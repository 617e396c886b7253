"""Optimisers: `minimize` walks the golden paths, training steps walk the reference's path."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import OPTIMIZERS, PYTORCH_OPTIMIZERS, RULES, TENSORFLOW_OPTIMIZERS, cases

import thetastar as ts
from reference import layers as reference_layers
from reference import optimizers as reference
from reference import training

from .examples import assert_all_close, both, data, dense, same_bits
from .golden import read
from .test_reference import FUNCTIONS, function_of

GOLDEN = {
    f"{file}: {label}": case
    for file in ("optimizers_pytorch", "optimizers_keras_optax")
    for label, case in read(file).items()
}


@pytest.mark.parametrize("label", GOLDEN)
def test_minimize_walks_the_golden_path(label):
    case = GOLDEN[label]
    optimizer = getattr(ts.optimizers, case["optimizer"])(**case["settings"])
    path, values = optimizer.minimize(function_of(case), np.array(case["path"][0]), 20)
    assert path.shape == (21, 2) and values.shape == (21,)
    assert_allclose(path, case["path"], rtol=1e-6, atol=1e-9)
    assert_allclose(values, case["values"], rtol=1e-6, atol=1e-9)


def test_minimize_keeps_nothing_between_calls():
    optimizer = ts.optimizers.Adam(learning_rate=0.1)
    first, _ = optimizer.minimize(FUNCTIONS["quadratic"], [2.0, -3.0], 5)
    second, _ = optimizer.minimize(FUNCTIONS["quadratic"], [2.0, -3.0], 5)
    assert np.array_equal(first, second)


def test_minimize_leaves_the_start_alone():
    start = np.array([2.0, -3.0])
    ts.optimizers.SGD(learning_rate=0.1).minimize(FUNCTIONS["quadratic"], start, 3)
    assert start.tolist() == [2.0, -3.0]


@pytest.mark.parametrize("batch_size", [1, 4, 10])
@pytest.mark.parametrize(("entry", "settings"), **cases(RULES))
def test_training_walks_the_reference_path(entry, settings, batch_size):
    """Per sample, per mini-batch with a smaller last one, per whole batch: 3 epochs, rows in their own order."""
    layers = [dense(5, "tanh"), dense(2)]
    net, plain, parameters = both(layers, 3)
    X, y = data("mean_squared_error", 10, 3, 2)
    rule = reference.OPTIMIZERS[entry.name](**settings)
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        loss="mean_squared_error",
        optimizer=rule,
        epochs=3,
        batch_size=batch_size,
    )
    train_settings = {"loss": "mean_squared_error", "epochs": 3, "batch_size": batch_size, "shuffle": False}
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    if entry.name == "ScheduleFreeAdamW":  # what it returns is the mean of its path
        expected.parameters = {name: s["mean"] for name, s in rule.states.items()}
    double = ts.train(net, X, y, optimizer=optimizer, dtype="float64", **train_settings)
    assert_all_close(double.network.parameters, expected.parameters, 2e-7)  # parameters come back in single precision
    assert_allclose(double.history["loss"], expected.loss, rtol=1e-9)
    single = ts.train(net, X, y, optimizer=optimizer, **train_settings)
    assert_all_close(single.network.parameters, expected.parameters, 5e-5)
    assert_allclose(single.history["loss"], expected.loss, rtol=1e-4)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_every_optimiser_descends(entry, settings):
    net, _, _ = both([dense(8, "tanh"), dense(1)], 2)
    X, _ = data("mean_squared_error", 64, 2, 1)
    y = X[:, 0] - 0.5 * X[:, 1]
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=30, batch_size=16)
    assert run.stopped == "epochs" and run.history["loss"][-1] < 0.5 * run.history["loss"][0]


@pytest.mark.parametrize("name", [entry.name for entry in OPTIMIZERS])
def test_an_optimiser_is_found_by_its_name(name):
    for spelling in (name, name.lower()):
        assert isinstance(ts.optimizers.get(spelling), getattr(ts.optimizers, name))


@pytest.mark.parametrize("beta_2", [0.9, 0.999, 0.999999])
def test_adam_first_step_is_the_rate_in_single_precision(beta_2):
    """m̂ / √ŝ is exactly ±1 at t = 1, whatever β₂, unless 1 - β₂ is formed in single precision and loses digits."""
    net, _, _ = both([dense(3)], 2)
    net = net.with_parameters({name: np.zeros_like(values) for name, values in net.parameters.items()})
    X, y = data("mean_squared_error", 4, 2, 3)
    optimizer = ts.optimizers.Adam(learning_rate=0.5, beta_2=beta_2, epsilon=0.0)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=1, batch_size=4)
    for values in run.network.parameters.values():
        assert_allclose(np.abs(values), 0.5, rtol=2e-6)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_an_optimiser_survives_being_written_down(entry, settings):
    made = getattr(ts.optimizers, entry.name)(**settings)
    assert ts.optimizers.get(made.to_dict()) == made == ts.optimizers.get(made)


def flat_network(loss="mean_squared_error", rows=12):
    """(network, X, y, θ₀, f): f(θ) is the reference's mean loss of all rows and its gradient, over one flat vector."""
    net, plain, parameters = both([dense(4, "tanh"), dense(2)], 3)
    X, y = data(loss, rows, 3, 2)
    shapes = {name: values.shape for name, values in parameters.items()}

    def f(theta):
        at, unpacked = 0, {}
        for name, shape in shapes.items():
            unpacked[name] = theta[at : at + np.prod(shape)].reshape(shape)
            at += np.prod(shape)
        value, gradients = reference_layers.loss_and_gradients(plain, unpacked, X.astype(np.float64), y, loss)
        return value, np.concatenate([gradients[name].ravel() for name in shapes])

    return net, X, y, np.concatenate([values.ravel() for values in parameters.values()]), f


@pytest.mark.parametrize("batch_size", [5, 12])
@pytest.mark.parametrize(
    "optimizer",
    [
        ts.optimizers.LBFGS(),
        ts.optimizers.LBFGS(history=2, line_search="backtracking"),
        ts.optimizers.LBFGS(line_search="none", learning_rate=0.2),
    ],
    ids=repr,
)
def test_lbfgs_trains_as_it_minimises(optimizer, batch_size):
    """An epoch is one iteration on all rows, however many pass at once; the loss is the one before the iteration."""
    net, X, y, theta, f = flat_network()
    path, values = reference.LBFGS(**{k: v for k, v in optimizer.to_dict().items() if k != "kind"}).minimize(
        f, theta, 12
    )
    run = ts.train(net, X, y, optimizer=optimizer, epochs=12, batch_size=batch_size, dtype="float64")
    ours = np.concatenate([values.ravel() for values in run.network.parameters.values()])
    assert_allclose(run.history["loss"], values[:-1], rtol=1e-6)
    assert_allclose(ours, path[-1], rtol=1e-4, atol=1e-6)
    single = ts.train(net, X, y, optimizer=optimizer, epochs=12, batch_size=batch_size)
    assert_allclose(single.history["loss"][:6], values[:6], rtol=1e-3)


def test_lbfgs_descends_the_cost_with_its_penalties():
    net, X, y, _, _ = flat_network()
    run = ts.train(net, X, y, optimizer="LBFGS", epochs=60, l2=0.05, dtype="float64")
    gradients = run.network.gradients(X, y, loss="mse", dtype="float64")
    for name, values in run.network.parameters.items():
        decay = 0.1 * values.astype(np.float64) if name.endswith("weight") else 0
        assert_allclose(gradients[name] + decay, 0, atol=1e-5)


def test_lbfgs_finds_rosenbrocks_minimum():
    for search, steps in (("strong_wolfe", 60), ("backtracking", 90)):
        path, values = ts.optimizers.LBFGS(line_search=search).minimize(FUNCTIONS["rosenbrock"], [-1.2, 1.0], steps)
        assert_allclose(path[-1], [1, 1], atol=1e-4)  # tolerance_change stops it where the slope is 1e-9
        assert (np.diff(values) <= 1e-12).all()


@pytest.mark.parametrize("nothing", [np.inf, np.nan, -np.inf])
def test_lbfgs_takes_back_a_step_into_nothing(nothing):
    """log is not defined below 0, where the first step would lead: the search comes back."""

    def f(theta):
        return (theta[0] - np.log(theta[0]), 1 - 1 / theta) if theta[0] > 0 else (nothing, np.full(1, np.nan))

    for search in ("strong_wolfe", "backtracking"):
        path, _ = ts.optimizers.LBFGS(line_search=search, learning_rate=4.0).minimize(f, [2.0], 20)
        assert path[-1][0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("every", [1, 3])
def test_sophia_trains_as_it_minimises(every):
    """Whole batches, no decay (which spares a network's biases): the same signs, the same curvature, the same path."""
    net, X, y, theta, f = flat_network()
    settings = {"learning_rate": 0.05, "gamma": 0.5, "weight_decay": 0.0, "every": every}
    path, values = reference.Sophia(**settings).minimize(f, theta, 10)
    ours, _ = ts.optimizers.Sophia(**settings).minimize(f, theta, 10)
    assert_allclose(ours, path, rtol=1e-6, atol=1e-8)
    run = ts.train(
        net, X, y, optimizer=ts.optimizers.Sophia(**settings), epochs=10, batch_size=12, shuffle=False, dtype="float64"
    )
    assert_allclose(run.history["loss"], values[:-1], rtol=1e-6)
    assert_allclose(
        np.concatenate([v.ravel() for v in run.network.parameters.values()]), path[-1], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy", "cross_entropy"])
def test_the_estimates_of_the_curvature_are_right_in_the_mean(loss):
    """Of a linear network Gauss and Newton's matrix is the Hessian: both estimates tend to its diagonal."""
    net, plain, parameters = both([dense(3)], 2)
    X, y = data(loss, 8, 2, 3)
    step = 1e-4
    exact = {}
    for name, values in parameters.items():
        exact[name] = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            sides = []
            for side in (step, -step):
                moved = {key: array.copy() for key, array in parameters.items()}
                moved[name][place] += side
                sides.append(
                    reference_layers.loss_and_gradients(plain, moved, X.astype(np.float64), y, loss)[1][name][place]
                )
            exact[name][place] = (sides[0] - sides[1]) / (2 * step)
    # θ moves by η · m / (γ h): with β = 0, one step and γ so large that nothing is clipped, h can be read from it.
    # The mean of h itself is what is asked for, so it is read from each seed's step.
    for curvature in ("hutchinson", "gauss_newton_bartlett"):
        sophia = ts.optimizers.Sophia(
            1.0, beta_1=0.0, beta_2=0.0, gamma=1e6, epsilon=1e-30, weight_decay=0.0, every=1, curvature=curvature
        )
        jobs = [ts.Job(net, loss=loss, optimizer=sophia, epochs=1, batch_size=8, seed=seed) for seed in range(3000)]
        runs = ts.train_many(jobs, X, y, dtype="float64")
        gradients = reference_layers.loss_and_gradients(plain, parameters, X.astype(np.float64), y, loss)[1]
        for name, values in parameters.items():
            moves = np.stack([values - run.network._unflatten(run.network._flat)[name] for run in runs])
            with np.errstate(divide="ignore"):
                measured = gradients[name] / (1e6 * moves)
            usable = np.abs(moves) < 0.99  # an estimate of 0 or less gives a clipped step
            mean = np.where(usable, measured, 0).mean(axis=0)
            if curvature == "gauss_newton_bartlett":
                assert_allclose(mean, exact[name], rtol=0.15, err_msg=curvature)
            else:
                assert_allclose(mean[usable.all(axis=0)], exact[name][usable.all(axis=0)], rtol=0.15, err_msg=curvature)


def test_asgd_returns_the_mean_of_the_path():
    net, X, y, theta, f = flat_network()
    settings = {"learning_rate": 0.2, "t0": 4.0}
    rule, parameters, path = reference.ASGD(**settings), {"theta": theta}, []
    for _ in range(15):
        parameters = rule.step(parameters, {"theta": f(parameters["theta"])[1]})
        path.append(parameters["theta"])
    run = ts.train(net, X, y, optimizer=ts.optimizers.ASGD(**settings), epochs=15, batch_size=12, dtype="float64",
                   validation=(X, y), shuffle=False)  # fmt: skip
    ours = np.concatenate([values.ravel() for values in run.network.parameters.values()])
    assert_allclose(ours, rule.states["theta"]["mean"], rtol=1e-5, atol=1e-7)
    # step t gives the new parameters the share 1 / (t - 1 - t₀): steps before the sixth are forgotten
    assert_allclose(ours, np.mean(path[5:], axis=0), rtol=1e-5, atol=1e-7)
    assert run.history["validation_loss"][-1] == pytest.approx(f(rule.states["theta"]["mean"])[0], rel=1e-6)


def test_sparse_adam_leaves_rows_without_a_gradient_alone():
    """A row of the first weight belongs to one input; where the input is 0 in a batch, it and its means stay."""
    net, plain, parameters = both([dense(3), dense(1)], 4)
    X = np.eye(4, dtype=np.float32)[[0, 1, 0, 1, 3, 3]]
    y = np.arange(6.0)
    shared = {"loss": "mean_squared_error", "epochs": 4, "batch_size": 2}
    expected = training.train(
        plain, parameters, X.astype(np.float64), y, optimizer=reference.SparseAdam(0.05), **shared
    )
    run = ts.train(net, X, y, optimizer=ts.optimizers.SparseAdam(0.05), shuffle=False, dtype="float64", **shared)
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)
    weight = run.network.parameters["dense_1.weight"]
    assert np.array_equal(weight[2], net.parameters["dense_1.weight"][2])
    assert (weight[[0, 1, 3]] != net.parameters["dense_1.weight"][[0, 1, 3]]).any(axis=1).all()


@pytest.mark.parametrize(("entry", "settings"), **cases(RULES))
def test_groups_have_their_own_settings(entry, settings):
    """Parameters of a group walk as if the whole network had its settings; the gradients here do not depend on θ."""
    net, _, _ = both([dense(2)], 3)
    X, y = data("mean_absolute_error", 6, 3, 2)
    y = y + 100  # so far away that the absolute error's slope stays
    shared = {"loss": "mean_absolute_error", "epochs": 3, "batch_size": 6, "shuffle": False, "dtype": "float64"}
    build = getattr(ts.optimizers, entry.name)
    rate = build(**settings).learning_rate
    grouped = build(**settings, groups={"*.bias": {"learning_rate_factor": 0.1}})
    run = ts.train(net, X, y, optimizer=grouped, **shared)
    whole = ts.train(net, X, y, optimizer=build(**settings), **shared)
    tenth = ts.train(net, X, y, optimizer=build(**(settings | {"learning_rate": 0.1 * rate})), **shared)
    assert np.array_equal(run.network.parameters["dense_1.weight"], whole.network.parameters["dense_1.weight"])
    assert_allclose(run.network.parameters["dense_1.bias"], tenth.network.parameters["dense_1.bias"], rtol=1e-6)


def test_a_groups_weight_decay_acts_where_it_is_named():
    net, X, y, _, _ = flat_network()
    shared = {"loss": "mse", "epochs": 1, "batch_size": 12, "dtype": "float64"}
    sgd = ts.optimizers.SGD
    plain = ts.train(net, X, y, optimizer=sgd(0.1), **shared).network.parameters
    decayed = ts.train(net, X, y, optimizer=sgd(0.1, weight_decay=0.5), **shared).network.parameters
    first = sgd(
        0.1, weight_decay=0.5, groups={"dense_1.weight": {"weight_decay": 0.0}, "*_2.bias": {"weight_decay": 0.25}}
    )
    grouped = ts.train(net, X, y, optimizer=first, **shared).network.parameters
    start = net.parameters
    for name in plain:
        decay = {"dense_1.weight": 0.0, "dense_2.weight": 0.5, "dense_1.bias": 0.0, "dense_2.bias": 0.25}[name]
        assert_allclose(grouped[name], plain[name] - 0.1 * decay * start[name], rtol=1e-6, atol=1e-8)
    assert np.array_equal(decayed["dense_2.weight"], grouped["dense_2.weight"])


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_a_schedule_acts_on_every_optimiser(entry, settings):
    net, X, y, _, _ = flat_network()
    shared = {"loss": "mse", "epochs": 4, "batch_size": 12, "dtype": "float64"}
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    run = ts.train(net, X, y, optimizer=optimizer, schedule=ts.schedules.Step(every=2, factor=0.5), **shared)
    assert_allclose(run.history["learning_rate"] / optimizer.learning_rate, [1, 1, 0.5, 0.5])
    steady = ts.train(net, X, y, optimizer=optimizer, **shared)
    assert_allclose(run.history["loss"][:3], steady.history["loss"][:3], rtol=1e-12)
    searching_or_signs = entry.name in ("Rprop", "LBFGS")  # the rate is where they start from
    assert searching_or_signs or not np.allclose(
        run.network.parameters["dense_1.weight"], steady.network.parameters["dense_1.weight"], rtol=1e-9
    )


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_many_equal_one_at_a_time(entry, settings):
    net, _, _ = both([dense(7, "relu"), dense(2)], 3)
    X, y = data("mean_squared_error", 30, 3, 2)
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    jobs = [
        ts.Job(net, optimizer=optimizer, epochs=3, batch_size=7, seed=s, rows=np.arange(s, 25 + s)) for s in range(4)
    ]
    alone = [ts.train_many([job], X, y, threads=1)[0] for job in jobs]
    for run, once in zip(ts.train_many(jobs, X, y, threads=3), alone, strict=True):
        assert same_bits(run.network.parameters, once.network.parameters)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_settings_survive_being_written_down(entry, settings):
    import json

    for groups in ({}, {"groups": {"*.bias": {"learning_rate": 0.5}}} if entry.name != "LBFGS" else {}):
        optimizer = getattr(ts.optimizers, entry.name)(**settings, **groups)
        assert ts.optimizers.get(json.loads(json.dumps(optimizer.to_dict()))) == optimizer
        assert hash(optimizer) == hash(getattr(ts.optimizers, entry.name)(**settings, **groups))


@pytest.mark.parametrize(("theirs", "ours"), [*TENSORFLOW_OPTIMIZERS.items(), *PYTORCH_OPTIMIZERS.items()])
def test_the_names_of_the_lectures_find_our_optimisers(theirs, ours):
    convention = "keras" if theirs == "Nadam" else None  # the only name that Keras alone spells so
    assert ts.optimizers.get(theirs) == getattr(ts.optimizers, ours)(convention=convention)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_every_optimiser_leaves_running_statistics_to_their_layer(entry, settings):
    """Each pass over all rows moves them by the momentum, whatever the rule does with parameters without a gradient."""
    X = 2 + np.random.default_rng(0).standard_normal((12, 3))
    net = ts.Network([ts.BatchNorm(momentum=0.5), ts.GRU(2), ts.Dense(1)], input_shape=(1, 3)).initialized(seed=1)
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    shared = {"loss": "mse", "epochs": 3, "batch_size": 12, "validation": (X, X[:, :1])}
    run = ts.train(net, X, X[:, :1], optimizer=optimizer, dtype="float64", **shared)
    found = run.network.parameters
    assert_allclose(found["batch_norm_1.running_mean"], 0.875 * X.mean(axis=0), rtol=1e-9)
    assert_allclose(found["batch_norm_1.running_variance"], 0.125 + 0.875 * X.var(axis=0), rtol=1e-9)


@pytest.mark.parametrize("layer", [ts.SimpleRNN(3), ts.LSTM(3), ts.GRU(3), ts.GRU(2, bidirectional=True)])
def test_sophias_curvature_of_a_recurrent_layer(layer):
    """Of one sample with one output Gauss, Newton and Bartlett's estimate is 2 (∂f/∂θ)², without any chance in it."""
    X = np.random.default_rng(0).standard_normal((1, 4, 2))
    net = ts.Network([layer, ts.Dense(1)], input_shape=(4, 2)).initialized(seed=2)
    net = net.with_parameters({name: values.astype(np.float64) for name, values in net.parameters.items()})
    slope = net.gradients(X, net.predict(X) - 0.5, loss="mse", dtype="float64")  # 2 · 0.5 · ∂f/∂θ
    sophia = ts.optimizers.Sophia(
        1.0, beta_1=0.0, beta_2=0.0, gamma=1e9, epsilon=1e-30, weight_decay=0.0, every=1,
        curvature="gauss_newton_bartlett",
    )  # fmt: skip
    run = ts.train(net, X, net.predict(X) - 0.5, loss="mse", optimizer=sophia, epochs=1, dtype="float64")
    for name, values in run.network.parameters.items():
        move, clear = net.parameters[name] - values, np.abs(slope[name]) > 1e-3
        assert_allclose((move * slope[name])[clear], 0.5e-9, rtol=1e-3, err_msg=name)  # move = ∂f / (γ 2 (∂f)²)


AVERAGES = {
    "exponential": {"kind": "exponential", "momentum": 0.8},
    "equal": {"kind": "equal"},
    "late": {"kind": "equal", "start": 3, "every": 2},
    "late, exponential": {"kind": "exponential", "momentum": 0.5, "start": 5, "every": 3},
}


@pytest.mark.parametrize("label", AVERAGES)
def test_an_average_is_the_mean_of_the_path(label):
    """θ itself up to the first moment, start + every; then Σ θ / n, or momentum · mean + (1 - momentum) θ."""
    settings = {"momentum": 0.99, "start": 0, "every": 1} | AVERAGES[label]
    optimizer = {"learning_rate": 0.05, "momentum": 0.9}
    net, _, _ = both([dense(5, "tanh"), dense(2)], 3)
    X, y = data("mean_squared_error", 12, 3, 2)
    shared = {"epochs": 4, "batch_size": 4, "shuffle": False, "dtype": "float64"}

    def after(updates, **more):
        rows, epochs = np.tile(np.arange(12), 4)[: 4 * updates], 1
        made = ts.optimizers.SGD(**optimizer, **more)
        return ts.train(net, X, y, optimizer=made, rows=rows, **(shared | {"epochs": epochs})).network.parameters

    path = [None, *(after(updates) for updates in range(1, 13))]
    mean, moments = path[12], [t for t in range(1, 13) if t > settings["start"] and
                               (t - settings["start"]) % settings["every"] == 0]  # fmt: skip
    mean = path[moments[0]]
    for n, t in enumerate(moments[1:], start=2):
        share = 1 / n if settings["kind"] == "equal" else 1 - settings["momentum"]
        mean = {name: mean[name] + share * (path[t][name] - mean[name].astype(float)) for name in mean}
    assert_all_close(after(12, average=AVERAGES[label]), mean, 1e-6)
    first = after(moments[0] - 1 or 1, average=AVERAGES[label])
    assert_all_close(first, path[moments[0] - 1 or 1], 1e-7)


def test_an_average_is_what_is_measured_and_kept_on_any_number_of_threads():
    net, _, _ = both([dense(8, "tanh"), dense(2)], 3)
    X, y = data("mean_squared_error", 40, 3, 2)
    settings = {"optimizer": ts.optimizers.Adam(0.05, average="ema"), "epochs": 6, "batch_size": 8}
    settings |= {"validation": (X, y), "stop": [ts.EarlyStopping(3)]}
    jobs = [ts.Job(net, seed=seed, **settings) for seed in range(6)]
    alone = [ts.train_many([job], X, y, threads=1)[0] for job in jobs]
    for run, once in zip(ts.train_many(jobs, X, y, threads=3), alone, strict=True):
        assert same_bits(run.network.parameters, once.network.parameters)
        loss = ts.losses.get("mse")(run.network.predict(X), y)
        assert run.validation_loss == pytest.approx(loss, rel=1e-5)
    assert not same_bits(alone[0].network.parameters, ts.train(net, X, y, optimizer=ts.optimizers.Adam(0.05),
                                                               epochs=6, batch_size=8).network.parameters)  # fmt: skip


def test_muon_trains_matrices_to_the_same_bits_in_any_company():
    net, _, _ = both([dense(33, "tanh"), dense(9, "tanh"), dense(2)], 5)
    X, y = data("mean_squared_error", 40, 5, 2)
    jobs = [ts.Job(net, optimizer="muon", epochs=3, batch_size=8, seed=seed) for seed in range(4)]
    alone = [ts.train_many([job], X, y, threads=1)[0] for job in jobs]
    for run, once in zip(ts.train_many(jobs, X, y, threads=3), alone, strict=True):
        assert same_bits(run.network.parameters, once.network.parameters)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_ntk_moves_weights_as_if_they_were_learned_in_its_units(name):
    """V = W √I with z = x V / √I, by the reference: the same outputs after five steps, but for what ε adds."""
    X, y = data("mean_squared_error", 12, 9, 2)
    net, plain, parameters = both([dense(4, "tanh"), dense(2)], 9)
    rule = {"learning_rate": 0.05, "weight_decay": 0.1, "epsilon": 1e-14}
    made = getattr(ts.optimizers, name)(**rule, groups={"*.weight": {"parametrization": "ntk"}})
    run = ts.train(net, X, y, loss="mse", optimizer=made, epochs=5, batch_size=12, shuffle=False, dtype="float64")
    roots = {"dense_1.weight": 3.0, "dense_2.weight": 2.0, "dense_1.bias": 1.0, "dense_2.bias": 1.0}
    theirs = {key: values * roots[key] for key, values in parameters.items()}
    walks = getattr(reference, name)(**rule)
    for _ in range(5):
        own = {key: values / roots[key] for key, values in theirs.items()}
        _, gradients = reference_layers.loss_and_gradients(plain, own, X.astype(float), y, "mean_squared_error")
        theirs = walks.step(theirs, {key: g / roots[key] for key, g in gradients.items()}, rule["learning_rate"])
    for key, values in theirs.items():
        assert_allclose(run.network.parameters[key], values / roots[key], rtol=1e-6, atol=1e-9)


def test_ntk_is_for_weights_and_for_adam():
    groups = {"*.weight": {"parametrization": "ntk"}}
    with pytest.raises(ts.InputError) as refusal:
        ts.optimizers.SGD(0.1, groups=groups)
    assert str(refusal.value) == (
        "SGD: groups['*.weight']: parametrization='ntk' is for Adam, whose step does not depend on the gradient's "
        "size. Got SGD. Use Adam or AdamW."
    )
    net = ts.Network([ts.Dense(2)], input_shape=(3,))
    with pytest.raises(ts.InputError) as refusal:
        optimizer = ts.optimizers.Adam(groups={"*": {"parametrization": "ntk"}})
        ts.train(net, np.ones((2, 3)), np.ones((2, 2)), optimizer=optimizer)
    assert str(refusal.value) == (
        "Adam: groups['*']: parametrization='ntk' is for weights (inputs, units). Got a parameter of shape (2,). "
        "Name weights alone, such as '*.weight'."
    )
    with pytest.raises(ts.InputError, match=r"parametrization.*ntk"):
        ts.optimizers.Adam(groups={"*": {"parametrization": "mup"}})
