"""The page on the loopback: a small server for one person, which nothing outside this machine reaches."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ..chart.loaded import LoadedChart
from ..problem import Say, ToolError
from ..programs import prover as provers
from ..programs import tools
from ..programs.prover import Prover
from . import questions
from .look import Shown, reply

PAGE = Path(__file__).with_name("page")
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MOST = 1 << 20  # bytes of a request
# The page loads nothing from elsewhere, and nothing else shows it in a frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(ThreadingHTTPServer):
    """The page of one chart, at http://127.0.0.1:PORT/; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, chart: LoadedChart, port: int, say: Say, prover: Prover | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.place = tempfile.TemporaryDirectory(prefix="chartgen-configure-")
        self.shown, self.say, self.prover = Shown.of(chart, Path(self.place.name)), say, prover
        self.page = questions.page(chart)
        self.one = threading.Lock()  # two cores: one look after the other

    def server_close(self) -> None:
        super().server_close()
        self.place.cleanup()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves before it has its answer is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    """GET the page, GET page.json (what it asks), POST look (values in, all that they mean out)."""

    server: Server

    def do_GET(self) -> None:
        if not self._local():
            return
        if self.path == "/page.json":
            self._json(200, self.server.page)
            return
        name = "index.html" if self.path == "/" else self.path.removeprefix("/")
        known = {file.name: file for file in PAGE.iterdir()}
        if name not in known:
            self._send(404, b"not found\n", "text/plain")
            return
        self._send(200, known[name].read_bytes(), KINDS.get(known[name].suffix, "text/plain"))

    def do_POST(self) -> None:
        if not self._local(post=True):
            return
        length = self.headers.get("Content-Length", "")
        if self.path != "/look" or not (length.isascii() and length.isdigit()) or int(length) > MOST:
            self._json(400, {"error": "the request is not valid"})
            return
        try:
            said = json.loads(self.rfile.read(int(length)))
            with self.server.one:
                answer = reply(self.server.shown, said, self.server.say, self.server.prover)
        except (ValueError, KeyError, TypeError, RecursionError):
            self._json(400, {"error": "the request is not valid"})
            return
        except ToolError as error:
            self._json(500, {"error": str(error)})
            return
        self._json(200, answer)

    def _local(self, post: bool = False) -> bool:
        """Whether a request is meant for this server: another page in the same browser must not reach it."""
        host = self.server.url.removeprefix("http://").strip("/")
        port = host.rpartition(":")[2]
        hosts = (host, f"localhost:{port}")
        fine = self.headers.get("Host") in hosts
        if post:
            origin = (self.headers.get("Origin") or "").removeprefix("http://")
            kind = self.headers.get("Content-Type", "").partition(";")[0]
            fine = fine and origin in hosts and kind == "application/json"
        if not fine:
            self._send(403, b"this page is for this machine only\n", "text/plain")
        return fine

    def _json(self, code: int, data: Any) -> None:
        self._send(code, json.dumps(data).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: values may hold what is private."""


def serve(chart: LoadedChart, port: int, say: Say, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` hears the URL. OSError where the port is taken."""
    programs = tools.ensure(["helm", "kubeconform"], say)
    with provers.started(programs) as (prover, slower):
        if slower:
            say(slower)
        server = Server(chart, port, say, prover)
        try:
            ready(server.url)
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            server.server_close()
