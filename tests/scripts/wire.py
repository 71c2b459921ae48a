"""A wire between a loader and a server that speaks HTTP: it counts what passes, cuts, slows down, corrupts, refuses."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
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

    `cut` cuts the connection on which so many bytes of blobs have passed in all since it was set, `cuts` times. `slow`
    waits so many seconds after each piece of 16 KB. `rest` is how many bytes of a blob pass; what follows waits until
    it is 0. `corrupt` flips a bit in answers whose path ends so. `down` drops
    every connection. `hold` is asked of each path whether its answer is kept back for now; `held` are those that are.
    """

    upstream: str
    host: str = ""
    cut: int = 0
    cuts: int = 1
    slow: float = 0
    rest: int = 0
    corrupt: str = ""
    down: bool = False
    hold: Callable[[str], bool] | None = None
    held: list[str] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    clients: int = 0

    def forget(self) -> None:
        """What has passed, once nobody hangs on the wire: what a killed client asked for may still be on its way."""
        since = time.monotonic()
        while time.monotonic() < since + 0.2:
            if self.clients:
                since = time.monotonic()
            time.sleep(0.02)
        self.passed.clear()

    def sent(self, part: str = "") -> int:
        """Bytes of bodies that have passed, of paths that hold `part`; refusals do not count."""
        return sum(one.bytes for one in list(self.passed) if part in one.path and one.status < 300)


@contextlib.contextmanager
def wire(upstream: str, address: str = "127.0.0.1", port: int = 0) -> Iterator[Wire]:
    """A wire to `upstream` (host:port) for as long as the block lasts; with port 0 on any port that is free."""
    made = Wire(upstream)
    server = _Server((address, port), _Handler)
    server.wire = made
    made.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.down, made.hold, made.rest = True, None, 0
        server.shutdown()
        server.server_close()


class Patient(ThreadingHTTPServer):
    """On a busy machine, the kernel keeps connections until the server takes them; else a client waits for seconds."""

    request_queue_size = 128


class _Server(Patient):
    daemon_threads = True
    block_on_close = False
    wire: Wire

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.lock, self.run = threading.Lock(), 0

    def handle_error(self, *_: object) -> None:
        """A client that goes away, or is thrown off, is what tests are made of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle(self) -> None:
        with self.server.lock:
            self.server.wire.clients += 1
        try:
            super().handle()
        finally:
            with self.server.lock:
                self.server.wire.clients -= 1

    def do_GET(self) -> None:
        wire = self.server.wire
        if wire.down:
            return self._hang_up()
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
        wire, blob, passed = self.server.wire, "/blobs/" in self.path, 0
        self._wait_for_leave()
        while piece := answer.read(PIECE):
            if not passed and wire.corrupt and self.path.endswith(wire.corrupt):
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            if blob and wire.cut and self._cuts(len(piece)):
                return self._hang_up()
            self.wfile.write(piece)
            passed += len(piece)
            one.bytes = passed
            while blob and wire.rest and passed >= wire.rest:
                time.sleep(0.02)
            if blob and wire.slow:
                time.sleep(wire.slow)
        return None

    def _wait_for_leave(self) -> None:
        wire = self.server.wire
        if wire.hold and wire.hold(self.path):
            wire.held.append(self.path)
            while wire.hold and wire.hold(self.path) and not self._gone():
                time.sleep(0.02)
            wire.held.remove(self.path)

    def _gone(self) -> bool:
        """Whether the client has hung up."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def _cuts(self, size: int) -> bool:
        """Whether the wire is cut here: at every so many bytes, as often as was asked for."""
        wire = self.server.wire
        with self.server.lock:
            if not wire.cuts:
                return False
            self.server.run += size
            if self.server.run < wire.cut:
                return False
            self.server.run = 0
            wire.cuts -= 1
            return True

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass
