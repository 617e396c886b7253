"""Many workers: on processes, Dask and Ray a study ends in the bits of one process, also where workers are killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.recipes import Candidate
from thetastar.study.backends import backend_for
from thetastar.study.backends.engine import Ended, Engine, parse_cluster
from thetastar.study.backends.remote import Remote
from thetastar.study.journal import read_journal
from thetastar.study.pauses import Pauses

RNG = np.random.default_rng(0)
ROWS = {"a": RNG.standard_normal(160), "b": RNG.standard_normal(160)}
ROWS["y"] = np.sin(2 * ROWS["a"]) + ROWS["b"] ** 2
SPACE = {"learning_rate": [0.003, 0.01, 0.03], "hidden": [[4], [8, 8]], "scaling": ["standard", "minmax"],
         "epochs": [9], "halving": 2}  # fmt: skip


def small(out, cluster=None, **settings):
    return ts.fit(ROWS, "y", space=SPACE, folds=2, answer="one", threads=2, out=out, cluster=cluster, **settings)


def lines(out):
    """The journal's networks but for their times."""
    return {key: (o.scores, o.loss, o.validation_loss, o.predicted, o.best_epoch, o.stopped)
            for key, o in read_journal(Path(out) / "journal.jsonl")[0].items()}  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone")
    return small(out), lines(out)


def same_bits(model, out, alone):
    wanted, told = alone
    assert lines(out) == told and model.score == wanted.score
    assert all(np.array_equal(model.network.parameters[k], v) for k, v in wanted.network.parameters.items())


def test_local_processes_give_the_bits_of_one(tmp_path, alone):
    same_bits(small(tmp_path, "processes:2"), tmp_path, alone)


def test_a_dask_cluster_of_two_processes_gives_the_same_bits(tmp_path, alone):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        same_bits(small(tmp_path, f"dask:{cluster.scheduler_address}"), tmp_path, alone)


def test_a_ray_cluster_of_two_nodes_gives_the_same_bits_though_a_node_dies(tmp_path, alone):
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 2}
    head = {"num_cpus": 1, "include_dashboard": False, "_system_config": quick}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level=40)
    try:
        assert backend_for(f"ray:{cluster.address}", 1).workers == 2
        seen = []

        def kill(event):
            seen.append(event["kind"])
            if event["kind"] == "candidate" and seen.count("candidate") == 3:
                cluster.remove_node(second, allow_graceful=False)

        same_bits(small(tmp_path, f"ray:{cluster.address}", progress=kill), tmp_path, alone)
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_a_worker_that_is_killed_costs_its_shard_and_nothing_else(tmp_path, alone, monkeypatch):
    """The processes' own death, in the middle of a round; the shard runs again."""
    from thetastar.study.backends import processes

    killed = []
    ended = processes.Processes.ended

    def kill(self, seconds):
        if not killed:
            pids = list(self._pool._processes) if self._pool is not None else []
            killed.extend(pids[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        yield from ended(self, seconds)

    monkeypatch.setattr(processes.Processes, "ended", kill)
    same_bits(small(tmp_path, "processes:2"), tmp_path, alone)
    assert killed


DRIVER = """
    import json, sys
    import thetastar as ts
    if __name__ == "__main__":
        rows, space, out = json.loads(sys.argv[1])
        ts.fit(rows, "y", space=space, folds=2, answer="one", threads=2, out=out, cluster="processes:2",
               progress=lambda event: print(event["kind"], flush=True))
"""


def test_a_driver_that_is_killed_goes_on_from_its_journal(tmp_path, alone):
    script, out = tmp_path / "driver.py", tmp_path / "out"
    script.write_text(textwrap.dedent(DRIVER))
    rows = {name: list(values) for name, values in ROWS.items()}
    given = json.dumps([rows, SPACE, str(out)])
    with subprocess.Popen([sys.executable, script, given], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if line.startswith("candidate"):
                driver.kill()
                break
    held = len(lines(out))
    assert 0 < held < len(alone[1])
    same_bits(small(out, "processes:2"), out, alone)


class Unlucky(Engine):
    """An engine of a test's own: every shard's worker dies, or all of them meet an error."""

    name = "processes"
    workers = 1

    def __init__(self, error, lost):
        self.error, self.lost, self.asked = error, lost, []

    def send(self, function, once):
        pass

    def submit(self, number, shard):
        self.asked.append(number)
        self.number = number

    def ended(self, seconds):
        yield Ended(self.number, error=self.error, lost=self.lost)

    def close(self):
        pass


def trials_and_work():
    from thetastar.model.metrics import METRICS
    from thetastar.study.backends import Work
    from thetastar.study.fold import prepare_fold
    from thetastar.study.options import StudyOptions
    from thetastar.study.problem import ask
    from thetastar.study.trial import Trial

    problem = ask(ROWS, StudyOptions.checked(target="y", folds=1))
    folds = [prepare_fold(problem, k, rows) for k, rows in enumerate(problem.division.folds)]
    return Work(folds, "regression", METRICS["rmse"], 1, 128, 32, 0), [Trial(1, Candidate(), 0, 0, 2)]


def run(engine):
    work, trials = trials_and_work()
    return Remote(engine).run(
        work, trials, deadline=None, keep=lambda *outcomes: None, watch=lambda *epochs: None, pauses=Pauses()
    )


def test_a_shard_that_kills_three_workers_is_given_up_in_words():
    unlucky = Unlucky(EOFError("gone"), lost=True)
    told = (
        r"--cluster: the worker died 3 times while it trained linear and 0 more \(EOFError\)\. It is most likely out of"
    )
    with pytest.raises(InputError, match=told):
        run(unlucky)
    assert len(unlucky.asked) == 3


def test_an_error_of_a_shard_is_told_as_it_is():
    with pytest.raises(ZeroDivisionError):
        run(Unlucky(ZeroDivisionError(), lost=False))


def test_a_shard_that_time_has_overtaken_trains_nothing():
    import cloudpickle

    from thetastar.study.backends.remote import Shard, _Sent, train_shard

    work, trials = trials_and_work()
    sent = _Sent(tuple(fold.portable([Candidate()]) for fold in work.folds), cloudpickle.dumps(work))
    assert train_shard(sent, Shard(tuple(trials), (), time.time() - 1, 1.0))[0] == []
    (outcome,), _, _ = train_shard(sent, Shard(tuple(trials), (), None, 1.0))
    assert outcome.stopped == "epochs" and outcome.epochs == 2


def test_the_cluster_is_named_in_words():
    assert parse_cluster("processes:3") == ("processes", "3") and parse_cluster("ray") == ("ray", "")
    for given, told in (
        ("slurm", r"cluster: it must be processes\[:N\], dask\[:ADDRESS\], ray\[:ADDRESS\] or spark\[:MASTER\]"),
        ("processes:0", r"cluster: processes take a number above 0, such as processes:4"),
    ):
        with pytest.raises(InputError, match=told):
            ts.fit(ROWS, "y", cluster=given)


def test_an_engine_that_is_not_installed_says_what_to_install(monkeypatch):
    for name, module in (("dask", "distributed"), ("ray", "ray"), ("spark", "pyspark.sql")):
        monkeypatch.setitem(sys.modules, module, None)
        told = (
            rf'--cluster {name}: the package is not installed\. Install it with: pip install "thetastar\[{name}\]", or '
        )
        with pytest.raises(InputError, match=told + "use --cluster processes, which needs none"):
            backend_for(name, 1)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r'space: search = "optuna" needs Optuna, which is not installed\. Install it'):
        ts.fit(ROWS, "y", space={"l2": [0, 1], "search": "optuna"})


def test_nobody_at_the_address_is_told_in_words():
    with pytest.raises(InputError, match=r"--cluster dask:tcp://127\.0\.0\.1:1: no scheduler answers there \("):
        backend_for("dask:tcp://127.0.0.1:1", 1)


def test_interruptions_travel_between_processes():
    """An exception whose constructor takes more than it passes on would break a pool of processes."""
    import pickle

    runs = [ts.train(ts.Network([ts.Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], epochs=1), None]
    again = pickle.loads(pickle.dumps(ts.Interrupted(runs)))
    assert again.runs[1] is None and again.runs[0].loss == runs[0].loss
    assert pickle.loads(pickle.dumps(InputError("x"))).args == ("x",)


def test_processes_begin_before_there_is_anything_to_train(monkeypatch):
    """Within a budget their start must not be the networks' time: it goes on while the baselines are fitted."""
    from thetastar.study import study as room
    from thetastar.study.backends.processes import Processes

    happened = []
    real = room.backend_for

    def noted(*given):
        happened.append("workers begin")
        return real(*given)

    monkeypatch.setattr(room, "backend_for", noted)
    ts.fit(ROWS, "y", candidates=[(4,)], folds=1, answer="one", threads=1, effort=0.05, cluster="processes:1",
           progress=lambda event: happened.append(event.get("text", "")))  # fmt: skip
    assert happened.index("workers begin") < happened.index("Fitting the baselines")

    engine = Processes(2)
    try:
        ends = time.monotonic() + 120
        while len(engine._pool._processes) < 2 and time.monotonic() < ends:
            time.sleep(0.01)
        assert len(engine._pool._processes) == 2  # before anything was sent
    finally:
        engine.close()


def test_spark_in_local_mode_gives_the_same_bits(tmp_path, alone):
    """Spark runs where there is Java, which no package of Python brings."""
    import shutil

    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java, which this machine does not have")
    pytest.importorskip("pyspark", reason="Spark's package is an extra")
    same_bits(small(tmp_path, "spark:local[2]"), tmp_path, alone)
