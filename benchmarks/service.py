"""How fast `thetastar serve` answers: beside a handler that reads and checks the same JSON and answers nothing.

    python benchmarks/service.py [--turns 7] [--connections 8] [--seconds 2]

A table of 24 numbers and 6 categories, a network of 64-64 (`one`) and the average that a study gives by itself
(`average`). Both services run under uvicorn on loopback, a process each; the client is a third, with some connections
that are kept open and ask row after row. A turn asks both, one after the other. Printed are the median of the ratios of
their rates with its range, requests a second, the time that 99 % of the requests stay below, and how much faster 10,000
rows are in one request than one by one. Run it on a machine that is otherwise quiet.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import time
from typing import Any

import numpy as np

ROWS = 3_000
ANSWERS = {"one": "one", "average": "best"}  # as `answer=` calls them


def table() -> dict[str, np.ndarray]:
    """24 numbers and 6 categories of 12 levels, and a target that follows from some of them."""
    generator = np.random.default_rng(0)
    columns: dict[str, np.ndarray] = {f"x{k}": generator.normal(size=ROWS) for k in range(24)}
    columns |= {f"c{k}": generator.choice(list("abcdefghijkl"), ROWS) for k in range(6)}
    columns["y"] = columns["x0"] + np.sin(3 * columns["x1"]) + (columns["c0"] > "f") + 0.3 * generator.normal(size=ROWS)
    return columns


def model(answer: str) -> Any:
    """A model of that table."""
    import thetastar as ts

    settings = {"candidates": [(64, 64)], "restarts": 1, "folds": 3, "effort": 1, "seed": 0, "threads": 1}
    return ts.fit(table(), "y", answer=answer, **settings)


def empty(columns: list[str]) -> Any:
    """A handler that reads JSON rows, checks every cell as far as JSON goes, and answers with nothing."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def read(request: Any) -> Any:
        rows = json.loads(await request.body())
        for row in rows:
            for name in columns:
                if not isinstance(row[name], str | int | float | bool | None):
                    return JSONResponse({"error": name}, 422)
        return JSONResponse({"predictions": []})

    return Starlette(routes=[Route("/predict", read, methods=["POST"])])


def run(kind: str, port: int) -> None:
    """Serve until the process ends."""
    import uvicorn

    from thetastar.serve import application

    app = empty([name for name in table() if name != "y"]) if kind == "empty" else application(model(ANSWERS[kind]))
    uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")).run()


async def asked(port: int, bodies: list[bytes], connections: int, seconds: float) -> list[float]:
    """Seconds of every request that so many connections made in that time, one after another."""
    until, times = time.perf_counter() + seconds, []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = 0
        while time.perf_counter() < until:
            body = bodies[place % len(bodies)]
            place += 1
            began = time.perf_counter()
            writer.write(
                b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
                + str(len(body)).encode() + b"\r\n\r\n" + body
            )  # fmt: skip
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    return times


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    columns = {name: values.tolist() for name, values in table().items() if name != "y"}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    bodies = [json.dumps([row]).encode() for row in rows]
    together = json.dumps([rows[k % ROWS] for k in range(10_000)]).encode()
    context = multiprocessing.get_context("spawn")
    ports = {kind: free_port() for kind in ("empty", "one", "average")}
    servers = [context.Process(target=run, args=item, daemon=True) for item in ports.items()]
    for server in servers:
        server.start()
    while not all(map(answers, ports.values())):
        if not all(server.is_alive() for server in servers):
            raise SystemExit("a service has ended by itself")
        time.sleep(0.5)

    def ask(kind: str, bodies: list[bytes], connections: int, seconds: float) -> list[float]:
        return asyncio.run(asked(ports[kind], bodies, connections, seconds))

    for kind in ports:
        ask(kind, bodies, given.connections, 1.0)
    for kind in ("one", "average"):
        ratios, rates, slow = [], [], []
        for _ in range(given.turns):
            nothing = len(ask("empty", bodies, given.connections, given.seconds))
            times = ask(kind, bodies, given.connections, given.seconds)
            ratios.append(len(times) / nothing)
            rates.append(len(times) / given.seconds)
            slow.append(float(np.quantile(times, 0.99)))
        alone = statistics.median(ask(kind, bodies, 1, given.seconds))
        at_once = min(ask(kind, [together], 1, given.seconds))
        print(
            f"{kind}: {statistics.median(rates):,.0f} requests of a row a second, 99 % below "
            f"{1e3 * statistics.median(slow):.1f} ms; to the empty handler {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}; 0.6 wanted); 10,000 rows in one request "
            f"{10_000 * alone / at_once:.0f} times as fast as one by one (20 wanted)"
        )


if __name__ == "__main__":
    main()
