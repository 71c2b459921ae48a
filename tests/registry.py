"""A real OCI registry for tests: CNCF distribution, built once from its Go module into the tools' folder."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chartgen import paths
from chartgen.programs import gorun, tools

PACKAGE = "github.com/distribution/distribution/v3/cmd/registry"
MODULE = Path(__file__).parent / "gotools/registry"
USER, PASSWORD = "ada", "p:w$ 1"
# That password as bcrypt has it (`htpasswd -nbB`), the only form that distribution reads.
HTPASSWD = "ada:$2b$04$TiPOk46QPYm.Ckr1zT5gfuPEOagvH1CR8lJy/vQTV4d62WNDZvgwC\n"


@dataclass(frozen=True)
class Server:
    """A registry at 127.0.0.1: `host` with its port; `log` is what it has said so far."""

    host: str
    logfile: Path

    @property
    def log(self) -> str:
        return self.logfile.read_text(encoding="utf-8")


def program() -> Path:
    """The registry's program; built, which takes a minute, where its pins have changed."""
    pins = hashlib.sha256(b"".join((MODULE / file).read_bytes() for file in ("go.mod", "go.sum"))).hexdigest()[:12]
    folder = paths.home() / "tests" / f"registry-{pins}"
    if not (folder / "registry").is_file():
        with tools.locked("registry-of-tests", print):
            if not (folder / "registry").is_file():
                fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
                gorun.go(["install", PACKAGE], MODULE, print, "building the registry of the tests", GOBIN=str(fresh))
                fresh.rename(folder)
    return folder / "registry"


@contextmanager
def registry(authentication: bool = False, certificate: tuple[Path, Path] | None = None) -> Iterator[Server]:
    """A registry for as long as the block lasts, in memory; `certificate` is a certificate's file and its key's.

    With `authentication` it lets in USER with PASSWORD alone, to read too.
    """
    with tempfile.TemporaryDirectory(prefix="chartgen-registry-") as place:
        folder, host = Path(place), f"127.0.0.1:{free_port()}"
        config = ["version: 0.1", "storage: {inmemory: {}}", "log: {accesslog: {disabled: false}}"]
        tls = f", tls: {{certificate: {certificate[0]}, key: {certificate[1]}}}" if certificate else ""
        config.append(f"http: {{addr: '{host}'{tls}}}")
        if authentication:
            (folder / "htpasswd").write_text(HTPASSWD, encoding="utf-8")
            config.append(f"auth: {{htpasswd: {{realm: tests, path: {folder / 'htpasswd'}}}}}")
        (folder / "config.yml").write_text("\n".join(config) + "\n", encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")}
        kept["OTEL_TRACES_EXPORTER"] = "none"  # it would look for a collector of traces
        command = [program(), "serve", folder / "config.yml"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=kept)
        try:
            _await(host, process, folder / "log")
            yield Server(host, folder / "log")
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(host: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until it takes connections."""
    name, _, port = host.partition(":")
    for _ in range(300):
        try:
            socket.create_connection((name, int(port)), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise AssertionError(f"the registry does not start: {log.read_text(encoding='utf-8')}")
