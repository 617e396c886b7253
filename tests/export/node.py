"""Exported ES modules, run by Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

NODE = shutil.which("node")


def in_node(module, rows):
    """What `predict` of a module says of each row."""
    return asked(module, "predict", rows)["said"]


def asked(module, function, rows):
    """{"about": what the module says of itself, "said": what its function says of each row}."""
    if NODE is None:
        if os.environ.get("CI") == "true":
            pytest.fail("continuous integration must have Node for the tests of exported JavaScript")
        pytest.skip("Node is not installed, so exported JavaScript is not tested here")
    script = (
        f"import * as file from {json.dumps(module.as_uri())};\nimport {{ readFileSync }} from 'node:fs';\n"
        "const rows = JSON.parse(readFileSync(0, 'utf-8'));\n"
        f"const said = (row) => {{ try {{ return file.{function}(row); }} "
        "catch (error) { return { error: error.message }; } };\n"
        "console.log(JSON.stringify({ about: file.about ?? null, said: rows.map(said) }));"
    )
    ran = subprocess.run([NODE, "--input-type=module", "-e", script], input=json.dumps(rows), capture_output=True,
                         text=True, timeout=600)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
