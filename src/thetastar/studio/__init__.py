"""The studio: the lectures' playground on one's own data, trained in the page by this package's own core.

`serve` shows it on this machine, `export` writes it as one file that works offline; `thetastar studio` does either.
"""

from __future__ import annotations

from .content import Given, engine_file, given_for
from .document import export, page_text
from .server import Server, serve

__all__ = ["Given", "Server", "engine_file", "export", "given_for", "page_text", "serve"]
