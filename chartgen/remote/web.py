"""One request over http: its answer, or why there is none, told apart as a fault or as something that may pass."""

from __future__ import annotations

import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from ..problem import Say, ToolError, fault

T = TypeVar("T")
PAUSES = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try
PATIENCE = 90  # seconds after which nothing is tried once more
TIMEOUT = 60  # seconds of a whole request, from the look-up of the host's name to the last byte of the answer
SLOWEST = 128 << 10  # bytes of a body, sent or received, that add a second to that
PART = 16 << 10  # bytes of a body that are waited for at a time
LARGEST = 16 << 20  # bytes of an answer, where its reader expects no more
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")  # OpenSSL's words where http answers
LATER = (429, 500, 502, 503, 504)  # what a server says that may do better in a moment


class Passing(Exception):
    """Something that may be otherwise in a moment: no connection, a server that is busy or restarts."""


@dataclass(frozen=True)
class Answer:
    """What a server answered, whatever its status; the names of `headers` in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def address(url: str) -> SplitResult:
    """The parts of an http or https URL; Faults where it is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018, read for the error that it raises
        url.encode("ascii")
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(char) <= 32 for char in url):
        raise fault(url, "is not an http:// or https:// URL", "write it as https://HOST/PATH, in ASCII")
    return parts


def ask(
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    ca_file: Path | None = None,
    most: int = LARGEST,
) -> Answer:
    """Ask a server. Passing where no whole answer comes in time, Faults where its certificate is not to be trusted.

    ToolError where the answer is larger than `most`.
    """
    address(url)
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise fault(ca_file, "contains no certificate", "name a file of certificates in PEM format") from None
    try:
        return _Exchange(request, context, most).answer()
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            what = f"has an untrusted certificate: {error.reason.verify_message}"
            raise fault(urlsplit(url).netloc, what, "name the CA's certificate with --ca-file") from None
        if isinstance(error.reason, ssl.SSLError) and error.reason.reason in NO_TLS:
            remedy = "correct the address, or allow plain HTTP with --plain-http"
            raise fault(urlsplit(url).netloc, "does not use TLS", remedy) from None
        raise Passing(f"no answer: {getattr(error.reason, 'strerror', None) or error.reason}") from None
    except (http.client.InvalidURL, ValueError):
        raise fault(url, "the server redirects to something that is not a URL", "check the address") from None
    except (OSError, http.client.HTTPException) as error:
        raise Passing(f"the connection was interrupted: {error}") from None


class _Exchange:
    """A request and its answer, redirects included, under one limit of time.

    A timeout of a socket counts from byte to byte, and starts anew with each, in headers as in bodies. So a thread
    speaks to the server, and whoever waits for it shuts its connections when the time is over.
    """

    def __init__(self, request: urllib.request.Request, context: ssl.SSLContext, most: int) -> None:
        self.most = most
        handlers = (_Plain(self), _Encrypted(self, context), _Redirects())
        self.request, self.opener = request, urllib.request.build_opener(*handlers)
        self.moved = len(request.data or b"")  # bytes of bodies, in both directions
        self.connections: list[socket.socket] = []
        self.over = False
        self.said: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()

    def answer(self) -> Answer:
        """The answer, or the error that stands in its place; Passing where the time is over."""
        threading.Thread(target=self._speak, daemon=True).start()
        began = time.monotonic()
        try:
            while (left := began + self._allowed() - time.monotonic()) > 0:
                with suppress(queue.Empty):
                    said = self.said.get(timeout=left)
                    if isinstance(said, BaseException):
                        raise said
                    return said
            raise Passing(f"no complete answer within {self._allowed():.0f} s")
        finally:
            self._end()

    def connect(self, *arguments: Any, **named: Any) -> socket.socket:
        """A connection that ends with the exchange."""
        made = socket.create_connection(*arguments, **named)
        self.connections.append(made.dup())  # TLS takes the first one over, before it has greeted the server
        if self.over:
            self._end()
        return made

    def _allowed(self) -> float:
        return TIMEOUT + self.moved / SLOWEST

    def _speak(self) -> None:
        try:
            with closing(self._open()) as answer:
                self.said.put(Answer(answer.code, _small(answer.headers), self._body(answer)))
        except BaseException as error:
            self.said.put(error)

    def _open(self) -> Any:
        try:
            return self.opener.open(self.request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            return error

    def _body(self, answer: Any) -> bytes:
        parts, size = [], 0
        while part := answer.read(PART):
            parts.append(part)
            size += len(part)
            self.moved += len(part)
            if size > self.most:
                what = f"answers with more than {self.most >> 20} MiB"
                raise ToolError(f"{self.request.host}: {what}; check the address")
        return b"".join(parts)

    def _end(self) -> None:
        self.over = True
        while self.connections:
            with closing(self.connections.pop()) as connection, suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Plain(urllib.request.HTTPHandler):
    """Connections of an exchange."""

    def __init__(self, exchange: _Exchange) -> None:
        super().__init__()
        self.exchange = exchange

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **named: Any) -> http.client.HTTPConnection:
        return _ended_by(self.exchange, http.client.HTTPConnection(host, **named))


class _Encrypted(urllib.request.HTTPSHandler):
    """The same, by TLS."""

    def __init__(self, exchange: _Exchange, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self.exchange, self.context = exchange, context

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **named: Any) -> http.client.HTTPConnection:
        return _ended_by(self.exchange, http.client.HTTPSConnection(host, context=self.context, **named))


def _ended_by(exchange: _Exchange, made: http.client.HTTPConnection) -> http.client.HTTPConnection:
    made._create_connection = exchange.connect  # type: ignore[attr-defined]  # what connects, before TLS begins
    return made


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Files may lie elsewhere, in a bucket for one: who one is at a server is not that host's business.

    A login goes to the same scheme, host and port alone, and nothing that was encrypted goes on in clear.
    """

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        old, new = urlsplit(req.full_url), address(newurl)
        if (old.scheme, new.scheme) == ("https", "http"):
            what = f"redirects from HTTPS to plain HTTP, to {new.hostname}"
            raise fault(old.netloc, what, "correct the server's redirect, or use the address that it should name")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if fp:
            fp.close()  # urllib would read what comes with a redirect to its end, which may never come
        if made and (new.scheme, new.netloc) != (old.scheme, old.netloc):
            made.remove_header("Authorization")
        return made


def _small(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def patiently(what: str, do: Callable[[], T], pauses: tuple[float, ...], say: Say) -> T:
    """What `do` returns, tried again after pauses while it raises Passing; then ToolError.

    Nothing begins after PATIENCE: a server that makes each try wait for long is tried less often.
    """
    began = time.monotonic()
    for number, pause in enumerate((*pauses, None), 1):
        try:
            return do()
        except Passing as error:
            if pause is None or time.monotonic() + pause > began + PATIENCE:
                tries = f"after {number} attempt{'s' if number > 1 else ''}"
                raise ToolError(f"{what}: {error} ({tries}); check the address, and that the server runs") from None
            say(f"{what}: {error}; trying again in {pause:.0f} s")
            time.sleep(pause)
    raise AssertionError  # the loop returns or raises
