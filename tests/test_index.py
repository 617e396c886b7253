"""The index of the package: what is imported lazily is what editors and type checkers are told."""

import ast
import subprocess
import sys
from pathlib import Path

import thetastar


def test_editors_are_told_every_name_from_the_room_that_has_it():
    tree = ast.parse(Path(thetastar.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = {alias.asname: (node.module, alias.name) for node in block.body for alias in node.names}
    assert set(told) == set(thetastar.__all__) - {"__version__"}
    for name, (module, original) in told.items():
        assert name == original
        found = getattr(thetastar, name)
        assert found is getattr(sys.modules[module], name)


def test_the_import_loads_no_numerical_library():
    code = "import sys, thetastar; print([n for n in ('numpy', 'pydantic', 'sklearn', 'pyarrow') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_package_says_that_it_is_typed():
    assert (Path(thetastar.__file__).parent / "py.typed").exists()
