"""A browser for the studio's tests, and what they ask of a page: no message, no error, no request to elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser import _without, chromium
from thetastar.errors import InputError
from thetastar.studio import Server, engine_file, export, given_for
from thetastar.studio.document import find

PAGE = Path(__file__).parents[2] / "src" / "thetastar" / "studio" / "page"
TABLE = "size;rooms;heat;price\n" + "\n".join(
    f"{40 + 3 * i};{1 + i % 4};{('gas', 'oil', 'wood')[i % 3]};{100 + 5 * i + 20 * (i % 4)}" for i in range(90)
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        engine_file()
    except InputError as error:
        _without(str(error))
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory) -> Iterator[Server]:
    served = Server(given_for(None))
    served.start()
    yield served
    served.close()


@pytest.fixture(scope="module")
def exported(browser, tmp_path_factory) -> Path:
    """The studio as one file, with a table in it."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "houses.csv").write_text(TABLE, encoding="utf-8")
    return export(folder / "houses.html", given_for(folder / "houses.csv"))


@pytest.fixture(scope="module")
def blank(browser):
    """An empty page that may load the engine's files, and nothing else."""
    page = browser.new_page()
    page.set_default_timeout(120_000)

    def answer(route):
        name = route.request.url.removeprefix("http://page.test/")
        if name.endswith(".wasm"):
            return route.fulfill(body=engine_file().read_bytes(), content_type="application/wasm")
        if name.endswith(".js"):
            return route.fulfill(body=find(name).read_text(encoding="utf-8"), content_type="text/javascript")
        return route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://page.test/")
    yield page
    page.close()


@contextmanager
def visit(browser: Any, address: str, *, width: int = 1280, height: int = 900, **context: Any) -> Iterator[Any]:
    """A page at this address, with its room ready; afterwards nothing may have been said or asked of elsewhere."""
    opened = browser.new_context(viewport={"width": width, "height": height}, **context)
    page = opened.new_page()
    page.set_default_timeout(60_000)
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    own = address.split("#")[0].rsplit("/", 1)[0]
    page.on("request", lambda request: request.url.startswith((own, "data:", "blob:")) or heard.append(request.url))
    page.goto(address)
    page.wait_for_function("window.studio && window.studio.room.ready")
    page.evaluate("() => window.studio.room.ready")
    yield page
    opened.close()
    assert heard == []
