"""The service against its own description: schemathesis makes requests of it, valid and wrong ones, and checks answers.

    python -m fuzz.service [--examples 200] [--seed 1]

Models of every kind of column, and forecasts of one series and of several with a column known ahead, are served on
loopback, one after another. It ends with 1 where an answer breaks the description: a status or a body that it does not
name, a valid request that is refused, a wrong one that is not, or an error inside. Of a forecast a request that fits
its description may be refused, in words: no description can say whether a time is one of the next steps. schemathesis
brings some twenty-five packages that nothing else here needs, so it is no part of the lock:
`pip install schemathesis`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

HOOKS = """
import datetime, json, os
import schemathesis
from hypothesis import strategies as st

SOON = st.integers(-3, 20).map(lambda k: str(datetime.date(2024, 1, 29) + datetime.timedelta(k)))
CELLS = {"time": st.one_of(SOON, st.dates().map(str), st.just("")), "id": st.sampled_from(["north", "south", "new"]),
         "target": st.one_of(st.just(""), st.integers(-9, 99).map(str)), "known ahead": st.sampled_from(["0", "1", ""]),
         "number": st.one_of(st.just(""), st.integers(-999, 999).map(str), st.floats(-1e6, 1e6).map(repr)),
         "date": st.one_of(st.just(""), st.dates().map(str))}
ROLES = json.loads(os.environ["COLUMNS"])
WORDS = st.text("abcdefgh ", max_size=8)
ROW = st.tuples(*(CELLS.get(role, WORDS) for role in ROLES.values())).map(",".join)
TEXT = st.lists(ROW, min_size=1, max_size=5).map(lambda rows: "\\n".join([",".join(ROLES), *rows, ""]).encode())
schemathesis.openapi.media_type("text/csv", TEXT)
"""


def models() -> dict[str, Any]:
    """A model of numbers and levels, of a date beside them, of a number as the target; and two forecasts."""
    from tests.serve.test_forecasts import shops_model, week_model
    from tests.serve.test_serve import PLAIN, model_for

    return {
        "classes": model_for(PLAIN), "dates": model_for((*PLAIN, "day")), "a number": model_for(PLAIN, "regression"),
        "a forecast": week_model(), "forecasts of shops": shops_model(),
    }  # fmt: skip


def served(model: Any) -> int:
    """The port on which a service of the model answers, in a thread of its own."""
    import uvicorn

    from thetastar.serve import Limits, application

    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    app = application(model, Limits(bytes=200_000, rows=1000))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return int(taken.getsockname()[1])


def command() -> list[str]:
    """How schemathesis is started: from $SCHEMATHESIS, or beside this Python."""
    own = os.environ.get("SCHEMATHESIS", str(Path(sys.executable).with_name("schemathesis")))
    if not Path(own).exists():
        raise SystemExit("fuzz.service: schemathesis is not installed. Install it: pip install schemathesis, or name "
                         "its program in SCHEMATHESIS.")  # fmt: skip
    return [own]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    failed = 0
    for name, model in models().items():
        port, forecast = served(model), hasattr(model, "horizon")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/schema") as told:
            roles = {column["name"]: column["role"] for column in json.load(told)["columns"]}
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "service_hooks.py").write_text(HOOKS)
            asked = [*command(), "run", f"http://127.0.0.1:{port}/openapi.json", "--max-examples", str(given.examples),
                     "--seed", str(given.seed), "--continue-on-failure", "--no-color",
                     *["--exclude-checks", "positive_data_acceptance"] * forecast]  # fmt: skip
            found = subprocess.run(asked, cwd=folder, text=True, capture_output=True, env={
                **os.environ, "SCHEMATHESIS_HOOKS": "service_hooks", "PYTHONPATH": folder,
                "COLUMNS": json.dumps(roles)})  # fmt: skip
        lines = found.stdout.splitlines()
        cases = next((line.strip() for line in lines if re.match(r"\s*[\d,]+ generated", line)), "no cases")
        print(f"{name}: {cases}", flush=True)
        if found.returncode:
            failed = 1
            print("\n".join(lines[-80:]), found.stderr[-2000:])
    return failed


if __name__ == "__main__":
    sys.exit(main())
