"""A folder with the chart's scripts side by side as the chart mounts them, and a world for them to run in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FRAGMENTS = HERE.parent.parent / "chartgen/fragments"
SCRIPTS = sorted(FRAGMENTS.rglob("files/*.sh"))
LOADERS = [
    FRAGMENTS / name
    for name in (
        "loader/files/loader.sh",
        "source/ollama/files/load.sh",
        "engine/ollama/files/probe.sh",
        "engine/ollama/files/serve.sh",
        "loader/files/wait.sh",
    )
]
# What a POSIX shell may be in an image.
SHELLS = [shell for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(shell[0])]
PLACES = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
# Seconds of production made fit for a test.
QUICK = {
    "TICK": "0.02",
    "POLL": "0.05",
    "BACKOFF": "0",
    "PROGRESS": "0",
    "SAY_EVERY": "1",
    "LOCK_STALE": "1",
    "LOCK_BEAT": "0.2",
    "STALL": "20",
}


def content(seed: str, size: int) -> bytes:
    """Bytes that are the same at each call, and no two models share."""
    return random.Random(seed).randbytes(size)


def digest_of(blob: bytes) -> str:
    return f"sha256-{hashlib.sha256(blob).hexdigest()}"


class World:
    """A registry, faults, a store and an environment; `root` is a folder that any uid may read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "models"
        self.scripts = root / "scripts"
        for folder in ("models", "registry/blobs", "faults", "bin", "scripts", "tmp"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        for script in LOADERS:
            shutil.copy(script, self.scripts)
        self.program("ollama", f'exec "{sys.executable}" -IS "{HERE / "ollama_standin.py"}" "$@"')
        self.env = (
            PLACES
            | QUICK
            | {
                "PATH": f"{root / 'bin'}:{PLACES['PATH']}",
                "STANDIN": str(root),
                "TARGET": str(self.store),
                "MODELS_FILE": str(root / "models.tsv"),
                "HOME": str(root / "home"),
                "TMPDIR": str(root / "tmp"),
                "PORT": str(free_port()),
            }
        )

    def program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def publish(self, reference: str, size: int = 256 * 1024, version: str = "") -> list[bytes]:
        """Put a model into the registry; its blobs, the weights first. Versions differ in their weights."""
        config = json.dumps({"model": reference}).encode()
        blobs = [content(reference + version, size), f"template of {reference}".encode(), config]
        for blob in blobs:
            (self.root / "registry/blobs" / digest_of(blob)).write_bytes(blob)
        described = [
            {
                "mediaType": "application/vnd.ollama.image.model",
                "digest": digest_of(blob).replace("-", ":"),
                "size": len(blob),
            }
            for blob in blobs
        ]
        path = self.root / "registry/manifests" / place(reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = {"schemaVersion": 2, "config": described[2], "layers": described[:2]}
        path.write_text(json.dumps(manifest, separators=(",", ":")))
        return blobs

    def lay(self, *references: str) -> None:
        """Put models into the store as a pull leaves them, without the loader's markers."""
        (self.store / "blobs").mkdir(exist_ok=True)
        for reference in references:
            path = self.store / "manifests" / place(reference)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / "registry/manifests" / place(reference), path)
            for blob in self.publish(reference):
                self.blob(blob).write_bytes(blob)

    def ask_for(self, *references: str) -> None:
        lines = [f"{reference.replace('/', '-').replace(':', '-')}\t{reference}\t\n" for reference in references]
        (self.root / "models.tsv").write_text("# what is asked for\n\n" + "".join(lines))

    def fault(self, name: str, text: object = "") -> None:
        (self.root / "faults" / name).write_text(str(text))

    def mend(self, name: str) -> None:
        (self.root / "faults" / name).unlink()

    def start(
        self, script: str, *arguments: str, shell: list[str] | None = None, uid: int | None = None, **env: str
    ) -> subprocess.Popen[str]:
        command = [*(shell or SHELLS[0]), str(self.scripts / script), *arguments]
        return started(command, self.env | env, self.root, uid)

    def run(self, script: str, *arguments: str, **options: object) -> Ended:
        return Ended(self.start(script, *arguments, **options))  # type: ignore[arg-type]

    def load(self, **options: object) -> Ended:
        return self.run("load.sh", **options)

    @contextlib.contextmanager
    def server(self) -> Iterator[None]:
        """ollama as the server's own container runs it, on the store."""
        address = f"0.0.0.0:{free_port()}"
        self.env |= {"OLLAMA_HOST": address, "OLLAMA_MODELS": str(self.store), "OLLAMA_NOPRUNE": "1"}
        process = subprocess.Popen(
            ["ollama", "serve"], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: accepts(address))
            yield
        finally:
            process.terminate()
            process.wait()

    def sent(self) -> int:
        """Bytes that were ever brought from the registry."""
        return sum(map(int, self.lines("sent")))

    def lines(self, name: str) -> list[str]:
        path = self.root / name
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def blob(self, blob: bytes) -> Path:
        return self.store / "blobs" / digest_of(blob)

    def left_over(self) -> list[str]:
        """Processes of this world that still run, and what they left in the folder for scratch."""
        marker = f"STANDIN={self.root}".encode()
        running = [
            read_quietly(path.with_name("cmdline")).replace(b"\0", b" ").decode()
            for path in Path("/proc").glob("[0-9]*/environ")
            if marker in read_quietly(path).split(b"\0")
        ]
        return running + [path.name for path in (self.root / "tmp").iterdir()]


def started(command: list[str], env: dict[str, str], folder: Path, uid: int | None = None) -> subprocess.Popen[str]:
    """A script that runs in a group of processes of its own, as another user where one is named."""
    return subprocess.Popen(
        command,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=folder,
        **({} if uid is None else {"user": uid, "group": uid, "extra_groups": []}),
    )


class Ended:
    """A script that has ended: code, out, err, seconds."""

    def __init__(self, process: subprocess.Popen[str], timeout: float = 20) -> None:
        began = time.monotonic()
        try:
            self.out, self.err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.out, self.err = process.communicate()
            raise AssertionError(f"still running after {timeout} s\n{self.out}\n{self.err}") from None
        self.seconds = time.monotonic() - began
        self.code = process.returncode

    def __repr__(self) -> str:
        return f"exit {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


def terminated(process: subprocess.Popen[str]) -> Ended:
    """A script that was sent SIGTERM, as a kubelet does, to its first process alone.

    bash 5.2 loses a signal that arrives while it parses a `$(…)`, in 0.3 % of the tries: "trap: unexpected EOF while
    looking for matching )". A kubelet kills such a script at the end of its grace period; here it is sent again.
    """
    began = time.monotonic()
    process.terminate()
    if "bash" in str(process.args):
        for _ in range(20):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                break
            process.terminate()
    ended = Ended(process)
    ended.seconds = time.monotonic() - began
    return ended


def all_right(ended: Ended) -> Ended:
    assert ended.code == 0, ended
    return ended


def each_shell(test: Callable[..., object]) -> Callable[..., object]:
    """A test that is run with a shell, as `shell`: a file's tests in turn with each, with ALL_SHELLS with every one."""
    assert SHELLS, "no POSIX shell was found"
    number = turn[test.__module__] = turn.get(test.__module__, -1) + 1
    shells = SHELLS if os.environ.get("ALL_SHELLS") else [SHELLS[number % len(SHELLS)]]
    return pytest.mark.parametrize("shell", shells, ids=lambda shell: shell[0])(test)


turn: dict[str, int] = {}  # of a module, how many of its tests were given a shell


def place(reference: str) -> str:
    """host/namespace/name/tag of a reference, written down once more so that the scripts are held against it."""
    name, _, tag = reference.partition(":")
    parts = name.split("/")
    return "/".join([*["registry.ollama.ai", "library"][: 3 - len(parts)], *parts, tag or "latest"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(address.rsplit(":", 1)[1]))) == 0


def read_quietly(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def wait_for(condition: object, seconds: float = 10) -> None:
    """Until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
