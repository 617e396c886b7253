"""The studio on this machine: a small server on the loopback address that nobody else reaches.

Every address carries a random token, so no other page can guess it; a request must name this host and, where it has an
origin, come from here (which stops a page elsewhere whose name was pointed to this machine). Pages may load nothing
from anywhere else and be shown in no other page.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ..errors import InputError
from .content import Given, engine_file
from .document import FILES, find, given_text
from .studies import Studies

__all__ = ["Server", "serve"]

_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_LONGEST_REQUEST = 40_000_000
_LONGEST_WAIT = 2.0  # seconds


class Server:
    """A studio that is being served.

    Args:
        given: what its page opens with.
        port: 0 for any that is free.

    Raises:
        InputError: the port is taken, or the engine for pages was not built.
    """

    def __init__(self, given: Given | None = None, port: int = 0) -> None:
        engine_file()
        self.given = given or Given()
        self.token = secrets.token_urlsafe(18)
        self.studies = Studies()
        self.serving: threading.Thread | None = None  # who answers where there is no thread for a connection
        try:
            self._http = _Http(("127.0.0.1", port), _handler(self))
        except OSError as error:
            raise InputError(
                f"--port {port}: this port cannot be used ({error.strerror}). Leave it out for one that is free."
            ) from None
        self.port = self._http.server_port

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def run(self) -> None:
        """Serve until interrupted."""
        try:
            self._serve(0.2)
        finally:
            self.close()

    def _serve(self, seconds: float) -> None:
        self.serving = threading.current_thread()
        self._http.serve_forever(poll_interval=seconds)

    def start(self) -> None:
        """Serve from a thread of its own.

        Raises:
            InputError: the machine has no thread for it.
        """
        try:
            threading.Thread(target=self._serve, args=(0.05,), daemon=True).start()
        except RuntimeError:
            raise InputError(
                "The studio needs a thread, and this process may have no more. Raise the limit of processes, or call "
                "run()."
            ) from None

    def close(self) -> None:
        """Stop serving, and any study that runs."""
        self.studies.stop()
        self._http.shutdown()
        self._http.server_close()


def serve(given: Given | None = None, *, port: int = 0, opened: bool = True) -> None:
    """Serve the studio until Ctrl-C.

    Args:
        given: what its page opens with.
        port: 0 for any that is free.
        opened: open it in the browser.
    """
    server = Server(given, port)
    print(server.address, flush=True)
    if opened:
        _open_soon(server.address)
    server.run()


def _open_soon(address: str) -> None:
    """Open the browser when the server answers; where there is no thread to wait in, at once."""
    import webbrowser

    try:
        threading.Timer(0.3, webbrowser.open, [address]).start()
    except RuntimeError:
        webbrowser.open(address)


class _Http(ThreadingHTTPServer):
    """A thread for every connection; where the machine refuses one, the connection is answered once by who serves."""

    daemon_threads = True

    def process_request(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            request.settimeout(_LONGEST_WAIT)  # for one that asks nothing
            self.process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a page that was closed while it was being answered."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "thetastar"
        sys_version = ""
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self._name()
            if name is None:
                return
            if name in ("", "index.html"):
                text = (FILES / "index.html").read_text(encoding="utf-8")
                return self._send(
                    text.replace(
                        'type="application/json">{}<',
                        f'type="application/json">{given_text(server.given, served=True)}<',
                    ).encode(),
                    ".html",
                )
            if name.startswith("study/"):
                return self._study(name, None)
            path = engine_file() if name == "engine.wasm" else find(name)
            roots = (
                FILES.resolve(),
                find("charts/").resolve(),
                path.parent.resolve() if path.suffix == ".wasm" else FILES.resolve(),
            )
            if (
                path.suffix not in _KINDS
                or not path.is_file()
                or not any(root in path.resolve().parents for root in roots)
            ):
                return self._refuse(HTTPStatus.NOT_FOUND)
            self._send(path.read_bytes(), path.suffix)

        def do_POST(self) -> None:
            name = self._name()
            if name is None:
                return
            length = self.headers.get("Content-Length", "")
            if (
                not length.isdigit()
                or int(length) > _LONGEST_REQUEST
                or self.headers.get_content_type() != "application/json"
            ):
                self.close_connection = True
                return self._refuse(HTTPStatus.BAD_REQUEST)
            try:
                asked = json.loads(self.rfile.read(int(length)))
            except ValueError:
                return self._refuse(HTTPStatus.BAD_REQUEST)
            if not name.startswith("study/") or not isinstance(asked, dict):
                return self._refuse(HTTPStatus.NOT_FOUND)
            self._study(name, asked)

        def _name(self) -> str | None:
            """What is asked for, where the request may ask."""
            hosts = {f"127.0.0.1:{server.port}", f"localhost:{server.port}"}
            origin = self.headers.get("Origin")
            if self.headers.get("Host") not in hosts or (origin is not None and urlsplit(origin).netloc not in hosts):
                self.close_connection = True
                return self._refuse(HTTPStatus.FORBIDDEN)
            first, _, rest = urlsplit(self.path).path.lstrip("/").partition("/")
            if not secrets.compare_digest(first.encode(), server.token.encode()):
                self.close_connection = True
                return self._refuse(HTTPStatus.NOT_FOUND)
            return rest

        def _study(self, name: str, asked: dict[str, Any] | None) -> None:
            try:
                answer = server.studies.answer(name.removeprefix("study/"), asked)
            except InputError as error:
                answer = {"error": str(error)}
            if answer is None:
                return self._refuse(HTTPStatus.NOT_FOUND)
            self._send(json.dumps(answer).encode(), ".json")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header(
                "Content-Type", _KINDS.get(kind, "application/json") + ("" if kind == ".wasm" else "; charset=utf-8")
            )
            self._finish(body)

        def _refuse(self, status: HTTPStatus) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self._finish(status.phrase.encode())

        def _finish(self, body: bytes) -> None:
            if threading.current_thread() is server.serving:
                self.send_header("Connection", "close")  # others wait
            for name, value in (
                ("Content-Length", str(len(body))), ("Content-Security-Policy", _POLICY),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
                ("Cross-Origin-Opener-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
            ):  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: whoever studies needs no list of requests."""

    return Handler
