"""One request over http: its answer, or why there is none, told apart as a fault or as something that may pass."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from ..problem import Say, ToolError, fault

T = TypeVar("T")
PAUSES = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try
TIMEOUT = 60  # seconds without a byte
LONGEST = 600  # seconds of an answer
LARGEST = 101 << 20  # bytes of an answer that are read
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
    method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None, ca_file: Path | None = None
) -> Answer:
    """Ask a server. Passing where no answer comes, Faults where its certificate is not to be trusted."""
    address(url)
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise fault(ca_file, "contains no certificate", "name a file of certificates in PEM format") from None
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _Redirects())
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return _answer(answer.status, answer.headers, _body(answer))
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, _body(error))
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


def _body(answer: http.client.HTTPResponse | urllib.error.HTTPError) -> bytes:
    """An answer's body, as far as it is read: a server that sends a byte now and then holds nobody for ever."""
    end, parts, size = time.monotonic() + LONGEST, [], 0
    while size < LARGEST and (part := answer.read(min(1 << 20, LARGEST - size))):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            raise Passing(f"the answer did not end within {LONGEST} s")
    return b"".join(parts)


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
        if made and (new.scheme, new.netloc) != (old.scheme, old.netloc):
            made.remove_header("Authorization")
        return made


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def patiently(what: str, do: Callable[[], T], pauses: tuple[float, ...], say: Say) -> T:
    """What `do` returns, tried again after pauses while it raises Passing; then ToolError."""
    for pause in (*pauses, None):
        try:
            return do()
        except Passing as error:
            if pause is None:
                tries = f"after {len(pauses) + 1} attempts"
                raise ToolError(f"{what}: {error} ({tries}); check the address, and that the server runs") from None
            say(f"{what}: {error}; trying again in {pause:.0f} s")
            time.sleep(pause)
    raise AssertionError  # the loop returns or raises
