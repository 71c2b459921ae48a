"""An object store as S3, MinIO and Ceph look from outside: lists, objects, and signatures that it computes itself.

What it answers is taken over from the API reference of S3 and from MinIO's cmd/api-errors.go; how a request is signed
from the reference of Signature Version 4, without looking at curl.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import hmac
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from scripts.wire import Patient

KEY, SECRET = "AKIAEXAMPLE", 'secret/with+some"\\signs='
REGION = "eu-test-1"
NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass
class Object:
    """`part` is the size of the parts that it was uploaded in, or the sizes of all, 0 for one upload; `seal` an
    encryption by a key.
    """

    content: bytes
    part: int | tuple[int, ...] = 0
    seal: str = ""
    tag: str = ""

    @property
    def etag(self) -> str:
        if self.tag:
            return self.tag
        if self.seal:
            return hashlib.md5(b"another" + self.content).hexdigest()
        if not self.part:
            return hashlib.md5(self.content).hexdigest()
        parts = self.pieces
        return f"{hashlib.md5(b''.join(hashlib.md5(one).digest() for one in parts)).hexdigest()}-{len(parts)}"

    @property
    def pieces(self) -> list[bytes]:
        size = len(self.content)
        if isinstance(self.part, tuple):
            ends = list(itertools.accumulate(self.part))
        else:
            step = self.part or size or 1
            ends = list(range(step, size + step, step))
        return [self.content[begin:end] for begin, end in itertools.pairwise([0, *ends])]


@dataclass
class Seen:
    """One request: its method, its path as it was sent, and the headers that matter."""

    method: str
    path: str
    authorization: str | None
    range: str | None
    match: str | None


@dataclass
class Store:
    """`buckets` are objects by key. `public` says whether unsigned requests are answered, `lists` and `reads` what a
    signed one may. `page` is the length of a list, `parts` whether it knows partNumber,
    `busy` how many requests for later parts it refuses for now, `forge` keys for which
    something else is sent. `lie` changes an entry of a list. `more` are the texts of IsTruncated for the last list and
    for those before it, None to leave it out; `tokens` says whether lists have tokens. `host` says whether buckets are
    part of the host name.
    `token` is the session token of the key, `expired` whether it is over. `slips` are lists in place of which an error
    comes with HTTP 200.
    """

    buckets: dict[str, dict[str, Object]] = field(default_factory=dict)
    public: bool = False
    lists: bool = True
    reads: bool = True
    ranges: bool = True
    parts: bool = True
    busy: int = 0
    page: int = 1000
    pauses: int = 0
    slips: int = 0
    down: bool = False
    echo: bool = False
    before: str = ""
    skew: bool = False
    forge: set[str] = field(default_factory=set)
    lie: Callable[[dict[str, Any]], None] | None = None
    more: tuple[str | None, str | None] = ("false", "true")
    tokens: bool = True
    host: bool = False
    token: str = ""
    expired: bool = False
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    def put(self, bucket: str, folder: str, files: dict[str, bytes], **kind: Any) -> None:
        """The objects of a folder, in place of those that were there."""
        objects = self.buckets.setdefault(bucket, {})
        for key in [key for key in objects if key.startswith(folder)]:
            del objects[key]
        for path, content in files.items():
            objects[folder + path] = Object(content, **kind)


@contextlib.contextmanager
def store() -> Iterator[Store]:
    made = Store()
    server = Patient(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": made}))
    server.daemon_threads, server.block_on_close = True, False
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients go away in the middle of it
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class Refusal(Exception):
    """The status, the code and the message of an error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def do_GET(self) -> None:
        headers = self.headers
        self.store.seen.append(
            Seen(self.command, self.path, headers["Authorization"], headers["Range"], headers["If-Match"])
        )
        if self.store.down:
            self.close_connection = True
            return
        try:
            self.answer()
        except Refusal as refusal:
            status, code, message = refusal.args
            extra = f"<Region>{REGION}</Region>" if code == "AuthorizationHeaderMalformed" else ""
            text = (
                f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{extra}<RequestId>7</RequestId></Error>"
            )
            self.send(status, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode(), Retry_After="1")

    do_HEAD = do_GET

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self) -> None:
        if self.store.pauses:
            self.store.pauses -= 1
            raise Refusal(503, "SlowDown", "Please reduce your request rate.")
        url = urlsplit(self.path)
        self.query = dict(parse_qsl(url.query, keep_blank_values=True))
        bucket, _, key = unquote(url.path)[1:].partition("/")
        if self.store.host:
            bucket, key = self.headers["Host"].split(".")[0], unquote(url.path)[1:]
        allowed = self.signed() if self.headers["Authorization"] else self.store.public
        if bucket not in self.store.buckets:
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
        if not allowed or not (self.store.reads if key else self.store.lists):
            raise Refusal(403, "AccessDenied", "Access Denied.")
        self.object(bucket, key) if key else self.list(bucket)

    def signed(self) -> bool:
        """By the reference: the request in its canonical form, a key made of the secret, the day and the region."""
        if not (
            said := re.fullmatch(
                r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
                self.headers["Authorization"],
            )
        ):
            raise Refusal(400, "AuthorizationHeaderMalformed", "The authorization header is malformed")
        access, day, region, names, signature = said.groups()
        if region != REGION:
            raise Refusal(400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{REGION}'")
        if access != KEY:
            raise Refusal(
                403, "InvalidAccessKeyId", f"There is no key {self.store.before + SECRET if self.store.echo else ''}"
            )
        moment = self.headers["x-amz-date"]
        sent = datetime.datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        age = datetime.datetime.now(datetime.UTC) - sent
        if self.store.skew or abs(age.total_seconds()) > 900 or not moment.startswith(day):
            raise Refusal(403, "RequestTimeTooSkewed", "The difference between the request time and ours is too large")
        if self.store.expired:
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")
        if (self.headers["x-amz-security-token"] or "") != self.store.token:
            raise Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        token = ["x-amz-security-token"] if self.store.token else []
        for name in ("host", "x-amz-content-sha256", "x-amz-date", *token):
            if name not in names.split(";"):
                raise Refusal(403, "AccessDenied", f"There were headers present which were not signed: {name}")
        if self.headers["x-amz-content-sha256"] != NOTHING:
            raise Refusal(400, "XAmzContentSHA256Mismatch", "The provided header does not match what was computed.")
        path, _, query = self.path.partition("?")
        pairs = sorted(
            (quote(unquote(name), safe="~"), quote(unquote(value), safe="~"))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        )
        headers = [f"{name}:{' '.join(self.headers[name].split())}\n" for name in sorted(names.split(";"))]
        canonical = "\n".join(
            [
                self.command,
                quote(unquote(path), safe="/~"),
                "&".join(f"{name}={value}" for name, value in pairs),
                "".join(headers),
                names,
                NOTHING,
            ]
        )
        key = f"AWS4{SECRET}".encode()
        if not hmac.compare_digest(signature_of(key, moment, region, canonical), signature):
            raise Refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        return True

    def list(self, bucket: str) -> None:
        if self.query.get("list-type") != "2":
            raise Refusal(400, "InvalidArgument", "a list of the first kind")
        if self.store.slips:
            self.store.slips -= 1
            raise Refusal(200, "InternalError", "We encountered an internal error. Please try again.")
        objects, prefix = self.store.buckets[bucket], self.query.get("prefix", "")
        keys = sorted(key for key in objects if key.startswith(prefix))
        begin = int(self.query.get("continuation-token", "0==").removesuffix("=="))
        page = keys[begin : begin + self.store.page]
        more = begin + len(page) < len(keys)
        token = (
            f"<NextContinuationToken>{begin + len(page)}==</NextContinuationToken>"
            if more and self.store.tokens
            else ""
        )
        word = self.store.more[more]
        truncated = "" if word is None else f"<IsTruncated>{word}</IsTruncated>"
        entries = []
        for key in page:
            one: dict[str, Any] = {"Key": key, "LastModified": "2026-11-01T12:00:00.000Z"}
            one |= {"ETag": f'"{objects[key].etag}"', "Size": len(objects[key].content), "StorageClass": "STANDARD"}
            if self.store.lie:
                self.store.lie(one)
            said = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in one.items())
            entries.append(
                f"<Contents>{said}<Owner><ID>1</ID><DisplayName>a &amp; b</DisplayName></Owner></Contents>\n"
            )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><Prefix>{_text(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"{truncated}{token}{''.join(entries)}</ListBucketResult>"
        )
        self.send(200, text.encode(), Content_Type="application/xml")

    def object(self, bucket: str, key: str) -> None:
        found = self.store.buckets[bucket].get(key)
        if not found:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        if self.headers["If-Match"] not in (None, f'"{found.etag}"'):
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
        content = found.content
        if key in self.store.forge and content:
            content = bytes([content[0] ^ 1]) + content[1:]
        headers = {"ETag": f'"{found.etag}"'} | ({"x-amz-server-side-encryption": found.seal} if found.seal else {})
        if (number := int(self.query.get("partNumber", 0))) and self.store.parts:
            if number > len(found.pieces):
                raise Refusal(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
            if self.store.busy and number > 1:
                self.store.busy -= 1
                raise Refusal(503, "SlowDown", "Please reduce your request rate.")
            return self.send(206, found.pieces[number - 1], **headers)
        asked = self.headers["Range"]
        if not asked or not self.store.ranges:
            return self.send(200, content, **headers)
        first, last = asked.removeprefix("bytes=").split("-")
        begin, end = int(first), min(int(last or len(content)), len(content) - 1)
        if begin >= len(content):
            raise Refusal(416, "InvalidRange", "The requested range is not satisfiable")
        return self.send(206, content[begin : end + 1], Content_Range=f"bytes {begin}-{end}/{len(content)}", **headers)

    def log_message(self, *_: object) -> None:
        pass


def signature_of(key: bytes, moment: str, region: str, canonical: str) -> str:
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    for step in (*scope.split("/"), text):
        key = hmac.digest(key, step.encode(), "sha256")
    return key.hex()


def _text(value: object) -> str:
    """As Go writes it."""
    return escape(str(value), {'"': "&#34;", "'": "&#39;", "\t": "&#x9;", "\n": "&#xA;"})
