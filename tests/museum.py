"""What stands in for ChartMuseum where its program is not on PATH: its API as 0.16.5 answers, every path and status.

Beside that it can misbehave, as networks and proxies do: `faults` holds what happens to the next requests.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.registry import free_port

CONTEXT, REPO = "/ctx", "/org/team"  # as with --context-path=/ctx --depth=2


class Museum(ThreadingHTTPServer):
    """Repositories in memory; `login` is what it lets in, as user:password or a bearer token."""

    def __init__(self, login: str, limit: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}  # path below the context -> content
        self.login, self.limit = login, limit
        self.faults: list[str] = []  # `503`, `lost` (done, and the connection cut), `cut` (not done)
        self.uploads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{CONTEXT}{REPO}"


class Handler(BaseHTTPRequestHandler):
    server: Museum

    def do_GET(self) -> None:
        if self.stopped() or not self.let_in():
            return
        path = urlsplit(self.path).path
        name = path.removeprefix(CONTEXT)
        if path == f"{CONTEXT}{REPO}/index.yaml":
            self.answer(200, self.index())
        elif path.startswith(CONTEXT) and name in self.server.files:
            self.answer(200, self.server.files[name])
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.stopped() or not self.let_in():
            return
        url = urlsplit(self.path)
        if url.path not in (f"{CONTEXT}/api{REPO}/charts", f"{CONTEXT}/api{REPO}/prov"):
            self.answer(404, {"error": "not found"})
        elif len(body) > self.server.limit:
            self.answer(413, {"error": "request too large"})
        else:
            self.save(url.path.rpartition("/")[2], body, "force" in url.query)

    def save(self, what: str, body: bytes, force: bool) -> None:
        parts = self.parts(body) if what == "charts" else {"prov": (signed(body), body)}
        if what == "charts" and "chart" in parts and not is_chart(parts["chart"][1]):
            self.answer(400, {"error": "chart metadata is missing"})
            return
        if "prov" in parts and not parts["prov"][1].startswith(b"-----BEGIN PGP SIGNED MESSAGE-----"):
            self.answer(400, {"error": "invalid provenance file"})
            return
        names = {f"{REPO}/charts/{name}": data for name, data in parts.values()}
        if not force and any(name in self.server.files for name in names):
            self.answer(409, {"error": "file already exists"})
            return
        self.server.files |= names
        self.server.uploads += names
        lost = self.server.faults and self.server.faults[0] == "lost"
        if lost:
            self.server.faults.pop(0)
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            self.answer(201, {"saved": True})

    def parts(self, body: bytes) -> dict[str, tuple[str, bytes]]:
        """The fields of a form: name -> file name, content."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        found = {}
        for part in message_from_bytes(head + body).get_payload():
            field = part.get_param("name", header="Content-Disposition")
            found[field] = (part.get_filename(), part.get_payload(decode=True))
        return found

    def index(self) -> bytes:
        entries: dict[str, list] = {}
        for path, data in sorted(self.server.files.items()):
            if path.startswith(REPO) and path.endswith(".tgz"):
                about = metadata(data) | {
                    "urls": [path.removeprefix(f"{REPO}/")],
                    "digest": hashlib.sha256(data).hexdigest(),
                }
                entries.setdefault(about["name"], []).append(about)
        return yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()

    def let_in(self) -> bool:
        basic = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if self.headers["Authorization"] in (basic, f"Bearer {self.server.login}"):
            return True
        self.answer(401, {"error": "unauthorized"})
        return False

    def stopped(self) -> bool:
        """Whether one of the faults comes before the request is looked at."""
        if not self.server.faults or self.server.faults[0] == "lost":
            return False
        fault = self.server.faults.pop(0)
        if fault == "cut":
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            self.answer(int(fault), {"error": "not now"})
        return True

    def answer(self, status: int, body: bytes | dict) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def stand_in(
    login: str = "u:p", limit: int = 20 << 20, certificate: tuple[Path, Path] | None = None
) -> Iterator[Museum]:
    """A museum for as long as the block lasts; `limit` is the bytes of an upload that it takes."""
    museum = Museum(login, limit)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        museum.socket = context.wrap_socket(museum.socket, server_side=True)
    threading.Thread(target=museum.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield museum
    finally:
        museum.shutdown()
        museum.server_close()


@contextmanager
def real() -> Iterator[str]:
    """ChartMuseum's own program, from PATH, with the same repository and login; its repository's URL."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="chartgen-museum-") as place:
        command = ["chartmuseum", f"--port={port}", "--storage=local", f"--storage-local-rootdir={place}", "--depth=2"]
        command += [f"--context-path={CONTEXT}", "--basic-auth-user=u", "--basic-auth-pass=p"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{CONTEXT}/health", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}{CONTEXT}{REPO}"
        finally:
            process.kill()
            process.wait()


def on_path() -> bool:
    return shutil.which("chartmuseum") is not None


def is_chart(data: bytes) -> bool:
    try:
        return bool(metadata(data))
    except (tarfile.TarError, EOFError, KeyError, OSError):
        return False


def signed(data: bytes) -> str:
    """The name of a signature's file, by what it says of the chart."""
    found = [re.search(rf"^{word}:[ *](.+)", data.decode(), re.MULTILINE) for word in ("name", "version")]
    return f"{'-'.join(match[1] for match in found if match)}.tgz.prov"


def metadata(data: bytes) -> dict:
    """Chart.yaml of a package."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        name = next(entry.name for entry in tar if entry.name.endswith("/Chart.yaml"))
        file = tar.extractfile(name)
        assert file
        return yaml.safe_load(file.read())
