"""What must hold for every task, and that nobody outside asks for one by its name."""

import ast
from pathlib import Path

import numpy as np
import pytest

import thetastar
from thetastar import losses
from thetastar.data import TASKS, find_task, read_table
from thetastar.data.target import TargetEncoding
from thetastar.errors import InputError
from thetastar.model.metrics import METRICS, default_metric, score_all

TARGETS = {
    "regression": [0.5 * k + 0.25 for k in range(40)],
    "binary": [["no", "yes"][k % 2] for k in range(40)],
    "multiclass": [["a", "b", "c"][k % 3] for k in range(40)],
}


@pytest.fixture(params=TASKS, name="name")
def every_task(request):
    return request.param


def fitted(name):
    table = read_table({"y": TARGETS[name]})
    return TargetEncoding.fit(table, "y").fit_scale(np.arange(30)), table


class TestEveryTask:
    def test_its_metrics_and_its_loss_exist(self, name):
        task = TASKS[name]
        assert task.default_metric in task.metrics == tuple(m for m in METRICS if m in task.metrics)
        assert all(name in METRICS[metric].tasks for metric in task.metrics)
        assert default_metric(name).name == task.default_metric
        for metric in task.metrics:
            assert losses.get(task.loss(metric)) is not None

    def test_perfect_outputs_decode_to_the_truth_and_score_best(self, name):
        encoding, table = fitted(name)
        task, truth = encoding.kind, encoding.truth(table)
        assert encoding.task == name == task.name
        count = task.outputs(len(encoding.classes or ()))
        encoded = encoding.encode(table)
        assert encoded.dtype == np.float32 and encoded.shape == truth.shape
        outputs = {
            "regression": lambda: encoded[:, None],
            "binary": lambda: 50 * (2 * encoded[:, None] - 1),
            "multiclass": lambda: 50 * np.eye(count, dtype=np.float32)[truth],
        }[name]()
        assert outputs.shape == (len(truth), count)
        decoded = encoding.decode(outputs)
        if task.classification:
            assert decoded.tolist() == TARGETS[name]
            assert encoding.predicted(outputs).shape == (len(truth), len(encoding.classes))
            assert encoding.predicted(outputs).sum(axis=1) == pytest.approx(1)
        else:
            assert decoded == pytest.approx(truth, abs=1e-5)
        scores = score_all(name, truth, encoding.predicted(outputs))
        assert list(scores) == list(task.metrics)
        for metric, value in scores.items():
            assert value == pytest.approx(0 if METRICS[metric].direction == "min" else 1, abs=1e-5)

    def test_its_question_names_target_and_columns(self, name):
        task = TASKS[name]
        text = task.sentence("y", "3 columns", ("no", "yes") if task.classification else ())
        assert "'y'" in text and "3 columns" in text and text.endswith("?")
        assert task.words


def test_an_unknown_task_is_refused_with_the_tasks_there_are():
    with pytest.raises(InputError, match=r"'ranking' is not a task\. The tasks are regression, binary, multiclass\."):
        find_task("ranking")


def test_a_number_has_no_probabilities():
    encoding, _ = fitted("regression")
    with pytest.raises(InputError, match=r"probabilities: 'y' is a regression target, which has none; use decode\(\)"):
        encoding.probabilities(np.zeros(3))


def test_no_module_outside_asks_for_a_task_by_its_name():
    package = Path(thetastar.__file__).parent
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in sorted(package.rglob("*.py"))
        if path != package / "data" / "task.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if asks_for_a_task(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'task == "binary"',
        'a.task != "regression"',
        'x in ("regression", "binary")',
        '{"binary": 1, "multiclass": 2}[task]',
    ],
)
def test_the_search_finds_what_it_is_for(code):
    assert any(map(asks_for_a_task, ast.walk(ast.parse(code))))


def asks_for_a_task(node: ast.AST) -> bool:
    """A comparison with a task's name, a `case` of it, or a table with several of them for keys."""
    parts = {
        ast.Compare: lambda: [node.left, *node.comparators],
        ast.MatchValue: lambda: [node.value],
        ast.Dict: lambda: node.keys,
    }.get(type(node), lambda: [])()
    inside = [each for part in parts if part is not None for each in ast.walk(part)]
    names = {each.value for each in inside if isinstance(each, ast.Constant)} & TASKS.keys()
    return len(names) > (1 if isinstance(node, ast.Dict) else 0)
