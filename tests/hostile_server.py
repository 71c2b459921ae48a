"""A server that does not do what servers should: what it sends, and how it goes on, for ever where it can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# How far an answer comes before it goes wrong.
STARTS = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "a status line": b"HTTP/1.1 200 OK\r\n",
    "half a header": b"HTTP/1.1 200 OK\r\nX: ",
    "headers": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
    "compression": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100000000\r\n\r\n\x1f\x8b",
    "a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n",
    "a refusal": b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="http://HOST/t"\r\n\r\n',
    "an error": b"HTTP/1.1 404 No\r\nContent-Length: 100000000\r\n\r\n",
}
# How it goes on: what it sends again and again, and the seconds between.
WAYS = {
    "silence": (b"", 0.1),
    "a byte at a time": (b"a", 0.05),
    "a line at a time": (b"X: a\r\n", 0.05),
    "without an end": (b"a" * 65536, 0),
    "with headers without an end": (b"X: " + b"a" * 1000 + b"\r\n", 0),
    "with one more of these": (b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
    "with nothing": None,
}


@contextmanager
def server(start: bytes, way: tuple[bytes, float] | None) -> Iterator[str]:
    """The host and the port of such a server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        ended = threading.Event()

        def speak(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(start.replace(b"HOST", host.encode()))
                while way and not ended.is_set():
                    connection.sendall(way[0])
                    time.sleep(way[1])

        def listen() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=speak, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield host
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)
