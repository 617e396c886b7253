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


def in_node_each(asked):
    """[what `predict` of a module says of each of its rows] of (module, rows), by one start of Node."""
    script = (
        "import { readFileSync } from 'node:fs';\nconst found = [];\n"
        "for (const [uri, rows] of JSON.parse(readFileSync(0, 'utf-8'))) {\n  const file = await import(uri);\n"
        "  found.push(rows.map((row) => { try { return file.predict(row); } "
        "catch (error) { return { error: error.message }; } }));\n}\nconsole.log(JSON.stringify(found));"
    )
    return _said(script, [(module.as_uri(), rows) for module, rows in asked])


def asked(module, function, rows):
    """{"about": what the module says of itself, "said": what its function says of each row}."""
    script = (
        f"import * as file from {json.dumps(module.as_uri())};\nimport {{ readFileSync }} from 'node:fs';\n"
        "const rows = JSON.parse(readFileSync(0, 'utf-8'));\n"
        f"const said = (row) => {{ try {{ return file.{function}(row); }} "
        "catch (error) { return { error: error.message }; } };\n"
        "console.log(JSON.stringify({ about: file.about ?? null, said: rows.map(said) }));"
    )
    return _said(script, rows)


def _said(script, given):
    """What a script prints, as JSON."""
    if NODE is None:
        if os.environ.get("CI") == "true":
            pytest.fail("continuous integration must have Node for the tests of exported JavaScript")
        pytest.skip("Node is not installed, so exported JavaScript is not tested here")
    ran = subprocess.run([NODE, "--input-type=module", "-e", script], input=json.dumps(given), capture_output=True,
                         text=True, timeout=600)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
