"""Imports point down only, and no two files import each other: the floors of ARCHITECTURE.md, kept by a test.

Every import counts, also one inside a function; only what stands under `if TYPE_CHECKING:` may close a circle. A name
taken from a package's index counts as an import of the file that lists it in `__all__`.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

import thetastar

PACKAGE = Path(thetastar.__file__).parent

FLOORS = [  # from the top
    {"cli", "studio", "report", "bench", "serve", "__main__"},
    {"loading"},
    {"grid_search"},
    {"estimators", "network_estimator", "table_transformer", "forecasting"},
    {"explain"},
    {"study"},
    {"model"},
    {"export"},
    {"recipes"},
    {"data", "datasets", "downloads"},
    {"training", "jobs", "arrays", "pause", "epoch_metrics", "epoch_watch"},
    {
        "network",
        "bridges",
        "presets",
        "layers",
        "losses",
        "optimizers",
        "activations",
        "schedules",
        "initializers",
        "augment",
        "directions",
        "expression",
        "link",
        "way",
    },
    {"_native", "_container", "_checks", "_words", "_signatures", "_memory", "_threads", "_files", "errors", "charts"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
ROOT = ("__init__", "_version")  # an index, above all floors; modules may ask it for the version

# The imports that point up: a model can draw its own report, and so can a forecast.
ALLOWED = {("model/model.py", "report"), ("forecasting/model.py", "report")}


@cache
def files():
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def name_of(path):
    """`data/blocks/__init__.py` is thetastar.data.blocks, `data/table.py` is thetastar.data.table."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(["thetastar", *(parts[:-1] if parts[-1] == "__init__" else parts)])


@cache
def modules():
    return {name_of(path): path for path in files()}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def exported(path):
    """The names in a file's `__all__`."""
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return frozenset(
                element.value for element in ast.walk(node.value) if isinstance(element, ast.Constant)
            )  # fmt: skip
    return frozenset()


def home(package, name):
    """The file inside a package that lists the name, for a name taken from the package's index."""
    inside = [
        path for path in files() if PACKAGE.joinpath(*package.split(".")[1:]) in path.parents
        and path.name != "__init__.py"
    ]  # fmt: skip
    return next((path for path in inside if name in exported(path)), modules()[package])


def imports(path, *, types=True):
    """(line, imported file) of every import of the package's own files; `types` says whether those for types count."""
    own = name_of(path)
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if not types and node in for_types(path):
            continue
        wanted = []
        if isinstance(node, ast.Import):
            wanted = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            wanted = [(base, alias.name) for alias in node.names]
        for module, name in wanted:
            target = resolved(module, name)
            if target is not None and target != path:
                yield node.lineno, target


@cache
def for_types(path):
    """The nodes under `if TYPE_CHECKING:`, which Python never runs."""
    blocks = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {inside for block in blocks for inside in ast.walk(block)}


def resolved(module, name):
    if not (module + ".").startswith("thetastar."):
        return None
    if name is not None and f"{module}.{name}" in modules():
        return modules()[f"{module}.{name}"]
    if module not in modules():
        return None  # the root's index: the version, or a public name in an example
    path = modules()[module]
    return home(module, name) if path.name == "__init__.py" and name is not None else path


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def short(path):
    return path.relative_to(PACKAGE).as_posix()


def test_every_room_has_a_floor():
    assert {room(path) for path in files()} <= FLOOR.keys()


def test_imports_point_down_only():
    upward = [
        f"{short(path)}:{line} imports {short(target)}"
        for path in files()
        for line, target in imports(path)
        if FLOOR[room(target)] < FLOOR[room(path)] and (short(path), room(target)) not in ALLOWED
    ]
    assert upward == []


def test_the_exception_is_still_needed():
    """A model draws its report, a network saves itself; when they no longer do, the exceptions go."""
    used = {(short(path), room(target)) for path in files() for _, target in imports(path)}
    assert used >= ALLOWED


def test_no_files_import_each_other_in_a_circle():
    graph = {
        path: {target for _, target in imports(path, types=False) if (short(path), room(target)) not in ALLOWED}
        for path in files()
        if path.name != "__init__.py"
    }
    assert [" → ".join(map(short, circle)) for circle in circles(graph)] == []


def circles(graph):
    """One circle for every file that closes one, found by walking the imports depth first."""
    state, found = {}, []

    def walk(path, trail):
        state[path] = "open"
        for target in sorted(graph.get(path, ())):
            if state.get(target) == "open":
                found.append([*trail[trail.index(target) :], target])
            elif target not in state:
                walk(target, [*trail, target])
        state[path] = "done"

    for path in graph:
        if path not in state:
            walk(path, [path])
    return found


def test_a_circle_would_be_found():
    a, b, c = (PACKAGE / name for name in "abc")
    assert circles({a: {b}, b: {c}, c: set()}) == []
    assert circles({a: {b}, b: {c}, c: {a}}) == [[a, b, c, a]]


@pytest.mark.parametrize(
    ("module", "name", "file"),
    [
        ("thetastar.data", "read_table", "data/read/source.py"),
        ("thetastar.data.blocks", "NumberBlock", "data/blocks/number.py"),
        ("thetastar.data", "roles", "data/roles.py"),
        ("thetastar.errors", "InputError", "errors.py"),
    ],
)
def test_a_name_from_an_index_counts_as_an_import_of_its_file(module, name, file):
    assert short(resolved(module, name)) == file
