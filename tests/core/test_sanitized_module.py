"""The module that Python loads, bindings included, under the address and undefined sanitizers: the hostile calls, and
everything that the engine does once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.core import sanitized
from tests.core.test_hostile_calls import ALLOWED, REFUSED, SETUP
from tests.faults.engine_without_memory import WORKS

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or sanitized.COMPILER is None, reason="built by a compiler, and loaded as Linux does it"
    ),
    pytest.mark.skipif(
        not (os.environ.get("CI") or os.environ.get("THETASTAR_SANITIZE")),
        reason="it takes minutes to build: CI does, and make sanitize, and who sets THETASTAR_SANITIZE=1",
    ),
]
USE = "from tests.core.sanitized import use\nuse()\n"


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    try:
        return sanitized.build(tmp_path_factory.mktemp("sanitized"))
    except RuntimeError as error:
        if "cannot find" in str(error):
            pytest.skip("the compiler has no sanitizers here")
        raise


def run(module, code):
    done = subprocess.run(
        [sys.executable, "-c", USE + code], capture_output=True, text=True, timeout=600,
        env=sanitized.environment(module),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:4000]
    return done.stdout.splitlines()


def test_the_sanitized_module_is_the_one_that_is_used(module):
    code = "from thetastar._native import engine\nprint(engine.__file__, 'libasan' in open('/proc/self/maps').read())"
    assert run(module, code) == [f"{module} True"]


def test_hostile_calls_touch_no_memory_that_is_not_theirs(module):
    calls = "".join(
        f"\ntry:\n    {call.strip()}\nexcept (ValueError, TypeError): print('refused')\nelse: print({name!r})\n"
        for name, call in REFUSED.items()
    )
    assert run(module, SETUP + calls) == ["refused"] * len(REFUSED)


def test_what_fits_touches_no_memory_that_is_not_its_own(module):
    code = SETUP + f"for code in {list(ALLOWED.values())!r}: exec(code, dict(globals()))\nprint('done')"
    assert run(module, code) == ["done"]


def test_everything_that_the_engine_does_is_clean(module):
    code = (
        "import numpy as np\nfrom tests.faults.engine_without_memory import WORKS\n"
        "for name, work in WORKS.items(): print(name, all(np.isfinite(array).all() for array in work()))"
    )
    assert run(module, code) == [f"{name} True" for name in WORKS]
