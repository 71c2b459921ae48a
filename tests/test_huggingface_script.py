"""The script that brings models from the Hugging Face hub and ModelScope, in real shells with the real curl."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.hub import Hub, hub
from scripts.wire import Wire, wire
from scripts.workshop import FRAGMENTS, PLACES, QUICK, SHELLS, Ended, content

MODEL = "team/tiny"
WEIGHTS = content("weights", 600_000)
FILES = {
    "config.json": b'{"architectures": ["Tiny"]}',
    "tokenizer.json": content("tokenizer", 3000),
    "model-00001-of-00002.safetensors": WEIGHTS,
    "model-00002-of-00002.safetensors": content("more", 200_000),
    "onnx/model.onnx": content("onnx", 50_000),
    "docs/a b&c+[d] ü.md": b"a name that has to be written otherwise in a URL\n",
    "empty.txt": b"",
}
SIZE = sum(map(len, FILES.values()))


class Desk:
    """A hub with a wire before its storage, and a target for models."""

    def __init__(self, root: Path, served: Hub, line: Wire) -> None:
        self.root, self.hub, self.wire, self.target = root, served, line, root / "models"
        for folder in ("models", "tmp", "scripts", "credentials", "bin"):
            (root / folder).mkdir(parents=True)
        for name in ("loader/files/loader.sh", "loader/files/directory.sh"):
            shutil.copy(FRAGMENTS / name, root / "scripts")
        for path in (FRAGMENTS / "source/huggingface/files").iterdir():
            shutil.copy(path, root / "scripts")
        self.env = (
            PLACES
            | QUICK
            | {
                "PATH": f"{root / 'bin'}:{PLACES['PATH']}",
                "TARGET": str(self.target),
                "MODELS_FILE": str(root / "models.tsv"),
                "TMPDIR": str(root / "tmp"),
                "HOME": str(root / "home"),
                "TOKEN_FILE": str(root / "credentials/token"),
                "CA_DIR": str(root / "ca"),
                "ENDPOINT": served.url,
                "PLAIN_HTTP": "true",
                "RETRIES": "3",
                "INTERVAL": "0.1",
            }
        )
        self.ask_for(f"tiny\t{MODEL}@main\t")

    def ask_for(self, *lines: str) -> None:
        (self.root / "models.tsv").write_text("".join(f"{line}\n" for line in lines))

    def token(self, text: str) -> None:
        (self.root / "credentials/token").write_text(text)

    def program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def start(self, shell: list[str] | None = None, **env: str) -> subprocess.Popen[str]:
        shell = shell or SHELLS[0]
        if shell[0] == "busybox":  # whose image has no other programs than its own, and curl
            applets = self.root / "applets"
            if not applets.exists():
                applets.mkdir()
                subprocess.run([shutil.which("busybox") or "", "--install", "-s", applets], check=True)
                (applets / "curl").symlink_to(shutil.which("curl") or "")
            env = {"PATH": f"{self.root / 'bin'}:{applets}"} | env
            shell = [shutil.which("busybox") or "", *shell[1:]]
        return subprocess.Popen(
            [*shell, str(self.root / "scripts/load.sh")],
            env=self.env | env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=self.root,
        )

    def load(self, **options: object) -> Ended:
        return Ended(self.start(**options))  # type: ignore[arg-type]

    def holds(self, files: dict[str, bytes], folder: str = "tiny") -> bool:
        """Whether the folder has these files and no others."""
        root = self.target / folder
        found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}
        return found == files

    def sent(self) -> int:
        """Bytes of large files that ever came over the wire."""
        return self.wire.sent("/blobs/")

    def table(self, name: str) -> list[list[str]]:
        return [line.split("\t") for line in (self.target / name).read_text().splitlines()]


LARGE = sum(len(one) for one in FILES.values() if len(one) >= 2000)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder, hub() as served, wire(served.storage.removeprefix("http://")) as line:
        served.storage = f"http://{line.host}"
        served.publish(MODEL, FILES)
        yield Desk(Path(folder) / "world", served, line)


def each_shell(test: object) -> object:
    return pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])(test)


def all_right(ended: Ended) -> Ended:
    assert ended.code == 0, ended
    return ended


@each_shell
def test_a_model_is_brought_whole(desk: Desk, shell: list[str]) -> None:
    all_right(desk.load(shell=shell))
    assert desk.holds(FILES)
    assert desk.sent() == LARGE
