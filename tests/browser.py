"""Headless Chromium for tests of pages: found on the machine, told to reach nothing; skipped in words without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--force-color-profile=srgb",
]  # fmt: skip
_OPEN: list[Any] = []


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of playwright; one for a whole module, because starting it takes a second."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _without("playwright is not installed (pip install playwright)")
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        _without("there is no Chromium on the PATH (on Debian: apt-get install chromium)")
    if _OPEN:  # playwright runs once a thread: who asks while another test's browser is open shares it
        yield _OPEN[0]
        return
    with sync_playwright() as playwright:
        _OPEN.append(playwright.chromium.launch(executable_path=path, args=_ARGUMENTS))
        yield _OPEN[0]
        _OPEN.pop().close()


def _without(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"continuous integration must test pages in a browser: {reason}")
    pytest.skip(f"pages are not tested here: {reason}")


@contextmanager
def page_of(browser: Any, html: str, *, width: int = 1280, height: int = 900, **context: Any) -> Iterator[Any]:
    """A page with this text, which fails on any error, any message of the console and any request to elsewhere."""
    opened = browser.new_context(viewport={"width": width, "height": height}, **context)
    page = opened.new_page()
    page.set_default_timeout(180_000)  # everything takes a moment; other work on the machine must not fail a test
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    address = "http://page.test/"

    def answer(route: Any) -> None:
        if route.request.url == address:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            heard.append(f"request: {route.request.url}")
            route.abort()

    page.route(lambda url: not url.startswith(("data:", "blob:")), answer)
    page.goto(address)
    yield page
    opened.close()
    assert heard == []
