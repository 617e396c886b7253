"""Write one golden file beside the script that made it."""

import json
from pathlib import Path


def write(script, figures, framework=None):
    """Save figures as NAME.json next to NAME.py, numbers with every digit that a double needs."""
    if framework is None:
        import torch

        framework = f"torch {torch.__version__}"
    path = Path(script).with_suffix(".json")
    figures = {"made_by": f"{Path(script).name} with {framework}", **figures}
    # one line per leaf list keeps the file readable and its differences small
    text = ",\n".join(f"{json.dumps(key)}: {_lines(value)}" for key, value in figures.items())
    path.write_text("{\n" + text + "\n}\n", encoding="utf-8")


def _lines(value):
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(key)}: {_lines(item)}" for key, item in value.items()) + "\n}"
    return json.dumps(value, allow_nan=False)
