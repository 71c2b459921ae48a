"""Where ModelKits arrive: a real registry, a wire before it, a folder, and the loader as the chart mounts it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from registry import PASSWORD, USER, Server
from scripts.modelkits import ModelKit, Part, push
from scripts.wire import Wire
from scripts.workshop import FRAGMENTS, HERE, PLACES, QUICK, SHELLS, Ended, content, started

KIT = shutil.which("kit")


class Harbour:
    """`wire` lies between the loader and the registry; `root` is a folder that any uid may read."""

    def __init__(self, root: Path, server: Server, wire: Wire) -> None:
        self.root, self.server, self.wire = root, server, wire
        self.target, self.list = root / "models", root / "models.tsv"
        for folder in ("models", "bin", "scripts", "tmp", "login"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        for folder in ("loader/files", "source/modelkit/files"):
            for script in (FRAGMENTS / folder).iterdir():
                shutil.copy(script, root / "scripts")
        stand_in = f'"{sys.executable}" -IS "{HERE / "kit_standin.py"}"'
        self.program("kit", f'echo "$*" >>"{root}/calls"\nexec {KIT or stand_in} "$@"')
        self.log_in(USER, PASSWORD)
        self.env = PLACES | QUICK
        self.env |= {
            "PATH": f"{root / 'bin'}:{PLACES['PATH']}",
            "TARGET": str(self.target),
            "MODELS_FILE": str(self.list),
            "TMPDIR": str(root / "tmp"),
            "HOME": str(root / "tmp/home"),
            "KIT_ASKED": str(root / "asked"),
            "RETRIES": "3",
            "INTERVAL": "0.2",
            "REGISTRY": wire.host,
            "LOGIN_DIR": str(root / "login"),
            "PLAIN_HTTP": "true",
        }

    def program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def log_in(self, user: str, password: str) -> None:
        (self.root / "login/username").write_text(user)
        (self.root / "login/password").write_text(f"{password}\n")

    def docker_config(self) -> None:
        """The Secret as one of an image's registry is."""
        shutil.rmtree(self.root / "login")
        (self.root / "login").mkdir()
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        config = {"auths": {self.wire.host: {"auth": auth}}}
        (self.root / "login/.dockerconfigjson").write_text(json.dumps(config))

    def push(self, reference: str, *parts: Part, **options: str) -> ModelKit:
        return push(self.server.host, reference, list(parts), **options)

    def ask_for(self, **models: str) -> None:
        """FOLDER="repository:tag filters…"."""
        lines = []
        for folder, asked in models.items():
            reference, _, filters = asked.partition(" ")
            lines.append(f"{folder}\t{self.wire.host}/{reference}\t{filters}\n")
        self.list.write_text("".join(lines))

    def start(self, shell: list[str] | None = None, uid: int | None = None, **env: str) -> subprocess.Popen[str]:
        command = [*(shell or SHELLS[0]), str(self.root / "scripts/load.sh")]
        return started(command, self.env | env, self.root, uid)

    def load(self, **options: object) -> Ended:
        return Ended(self.start(**options), 60)  # type: ignore[arg-type]

    def kit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """kit itself, on a store of its own, logged in."""
        home = self.root / "kit"
        home.mkdir(exist_ok=True)
        (home / "disable-update-notifications").touch()
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (home / "credentials.json").write_text(json.dumps({"auths": {self.wire.host: {"auth": auth}}}))
        env = self.env | {"KITOPS_HOME": str(home)}
        return subprocess.run(["kit", *arguments], env=env, capture_output=True, text=True, cwd=self.root)

    def calls(self, command: str = "") -> list[str]:
        """How kit was called so far."""
        path = self.root / "calls"
        return [line for line in path.read_text().splitlines() if command in line] if path.exists() else []

    def brought(self, kit: ModelKit) -> int:
        """Bytes of its layers that have passed the wire.

        kit asks for all of a layer, drops that answer, and asks for the rest; where it did, the rest alone counts.
        """
        total = 0
        for digest in kit.layers:
            answers = [one for one in list(self.wire.passed) if digest in one.path and one.status < 300]
            rests = [one for one in answers if one.status == 206]
            total += sum(one.bytes for one in rests or answers)
        return total

    def held(self, folder: str, kit: ModelKit) -> int:
        """Bytes of its layers that lie in kit's store, whole or in part."""
        storages = [*self.target.glob(f".work/*/{folder}/work/kit/storage")]
        names = {digest.partition(":")[2] for digest in kit.layers}
        total = 0
        for path in [path for storage in storages for path in storage.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):  # it is whole by now, and elsewhere
                total += path.stat().st_size if path.name in names else 0
        return total

    def fetched(self, kit: ModelKit) -> set[str]:
        """The digests of its layers of which something has passed."""
        return {digest for digest in kit.layers if self.wire.sent(digest)}

    def files(self, folder: str) -> dict[str, bytes]:
        at = (self.target / folder).resolve()
        return {str(path.relative_to(at)): path.read_bytes() for path in at.rglob("*") if path.is_file()}

    def stored(self, folder: str) -> list[str]:
        """The blobs kept in kit's store."""
        return sorted(os.listdir(self.target / f".work/free/{folder}/work/kit/storage/blobs/sha256"))


def weights(seed: str, size: int = 1_000_000, path: str = "weights.bin") -> Part:
    return Part("model", path, content(seed, size), "bert")
