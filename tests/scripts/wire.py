"""A wire between a loader and a server that speaks HTTP: it counts what passes, cuts, slows down, corrupts, refuses."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 16 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


@dataclass
class Passed:
    """One request that passed: method, path, status, and how many bytes of its answer's body were let through."""

    method: str
    path: str
    status: int
    bytes: int = 0


@dataclass
class Wire:
    """What lies between: `host` is where it listens, the rest are faults that a test sets and takes back.

    `cut` cuts every connection once so many bytes of blobs have passed since it was set, and is then spent. `slow`
    waits so many seconds after each piece of 16 KB. `corrupt` flips a bit in answers whose path ends so. `answer` gives
    every request this status. `down` drops every connection. `hang` holds every blob as long as it is set.
    """

    upstream: str
    host: str = ""
    cut: int | None = None
    slow: float = 0
    corrupt: str = ""
    answer: int = 0
    down: bool = False
    hang: bool = False
    passed: list[Passed] = field(default_factory=list)

    def sent(self, part: str = "") -> int:
        """Bytes of bodies that have passed, of paths that hold `part`."""
        return sum(one.bytes for one in list(self.passed) if part in one.path)

    def requests(self, part: str = "") -> list[Passed]:
        return [one for one in list(self.passed) if part in one.path]


@contextlib.contextmanager
def wire(upstream: str) -> Iterator[Wire]:
    """A wire to `upstream` (host:port) for as long as the block lasts."""
    made = Wire(upstream)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.wire = made
    made.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.down, made.hang = True, False
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    wire: Wire

    def handle_error(self, *_: object) -> None:
        """A client that goes away, or is thrown off, is what tests are made of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        wire = self.server.wire
        if wire.down:
            return self._hang_up()
        if wire.answer:
            wire.passed.append(Passed(self.command, self.path, wire.answer))
            self.send_response(wire.answer)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(wire.upstream, timeout=30)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = upstream.getresponse()
            one = Passed(self.command, self.path, answer.status)
            wire.passed.append(one)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if self.command != "HEAD":
                self._pass_on(answer, one)
        return None

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _pass_on(self, answer: http.client.HTTPResponse, one: Passed) -> None:
        wire, blob = self.server.wire, "/blobs/" in self.path
        first = True
        while piece := answer.read(PIECE):
            while blob and wire.hang:
                time.sleep(0.02)
            if first and wire.corrupt and self.path.endswith(wire.corrupt):
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            first = False
            if blob and wire.cut is not None:
                wire.cut -= len(piece)
                if wire.cut < 0:
                    wire.cut = None
                    return self._hang_up()
            self.wfile.write(piece)
            one.bytes += len(piece)
            if blob and wire.slow:
                time.sleep(wire.slow)
        return None

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass
