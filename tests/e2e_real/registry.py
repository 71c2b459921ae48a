"""A registry of tiny models, as ollama asks one: run in a pod of its own, by Python alone.

usage: registry.py PORT TAG=SEED[,MEGABYTES[,RATE]]…

Serves /library/tiny with each of these tags: random weights by SEED; MEGABYTES of ballast behind them, where a download
is to take long; RATE is how many megabytes a second one connection gets. For every piece of a blob that is sent it
prints `sent TAG FROM BYTES`, where TAG is `any` for what all of them share; the log is what the test reads.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gguf import tiny

PIECE = 256 * 1024
TYPE = "application/vnd.docker.distribution.manifest.v2+json"
ABOUT = {
    "model_format": "gguf",
    "model_family": "llama",
    "model_families": ["llama"],
    "model_type": "1M",
    "file_type": "F32",
    "architecture": "amd64",
    "os": "linux",
    "rootfs": {"type": "layers", "diff_ids": []},
}
PARTS = {
    "application/vnd.ollama.image.template": b"{{ .Prompt }}",
    "application/vnd.ollama.image.params": b'{"num_ctx":128,"num_predict":32}',
}

manifests: dict[str, bytes] = {}
blobs: dict[str, tuple[str, bytes, float]] = {}  # digest -> tag, content, bytes a second


def add(tag: str, seed: int, ballast: int = 0, rate: float = 0) -> None:
    """One more tag."""
    chance = random.Random(seed)
    model = tiny(seed) + b"".join(chance.randbytes(1_000_000) for _ in range(ballast))
    layers = [_layer(tag, "application/vnd.ollama.image.model", model, rate * 1e6)]
    layers += [_layer("any", kind, content, 0) for kind, content in PARTS.items()]
    config = _layer("any", "application/vnd.docker.container.image.v1+json", json.dumps(ABOUT).encode(), 0)
    manifests[tag] = json.dumps({"schemaVersion": 2, "mediaType": TYPE, "config": config, "layers": layers}).encode()
    print(f"tag {tag} has {len(model)} bytes", flush=True)


def _layer(tag: str, kind: str, content: bytes, rate: float) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blobs[digest] = (tag, content, rate)
    return {"mediaType": kind, "digest": digest, "size": len(content)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        *_, what, name = ["", *self.path.split("/")]
        if what == "manifests" and name in manifests and "/library/tiny/" in self.path:
            self.answer(200, manifests[name])
        elif what == "blobs" and name in blobs:
            self.blob(*blobs[name])
        else:
            self.answer(200 if self.path == "/" else 404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')

    def blob(self, tag: str, content: bytes, rate: float) -> None:
        """ollama asks for a blob twice: first for where it is to be fetched, then for ranges of it."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            self.answer(200, content, {"Location": f"http://{self.headers['Host']}{self.path}"})
            return
        start, end = int(asked[1]), int(asked[2] or len(content) - 1)
        about = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
        sent = self.answer(206, content[start : end + 1], about, rate)
        print(f"sent {tag} {start} {sent}", flush=True)

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None, rate: float = 0) -> int:
        """How many bytes the other side took."""
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        try:
            while self.command == "GET" and sent < len(content):
                sent += self.wfile.write(content[sent : sent + PIECE])
                if rate:
                    time.sleep(PIECE / rate)
        except ConnectionError:
            self.close_connection = True
        return sent


def main(port: str, *tags: str) -> None:
    for each in tags:
        tag, _, numbers = each.partition("=")
        add(tag, *map(int, numbers.split(",")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as process 1 it would not hear it otherwise
    server = ThreadingHTTPServer(("", int(port)), Handler)
    print(f"ready on port {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
