"""Run the loaders in a hostile world, by a seed: `python -m tests.scripts.faults --rounds 100 --seed 1`.

A round is one source in one shell: some disturbed runs, and a last one after everything was put right. A disturbance
kills or suspends the loader, kills one program that it runs, lets another loader take over meanwhile, cuts, slows
down, corrupts or stops what it downloads, lies about sizes and checksums, fills the disk, or changes the volume between
runs: zeros in unfinished files as after a crash of the machine, cut and removed files, garbage in markers, links,
pipes, folders, a strange lock.
After each run these must hold:

- A list that is marked as ready, or an exit code of 0, means that the folder has one published version, byte by byte.
- No credential and no file from outside TARGET is in TARGET or in the log, and nothing outside TARGET changes.
- The run ends within its time, and leaves no process behind. It blames the disk only if the disk is full.
- In a quiet round, where nothing happens but that one program of each run is killed: the run blames nothing else, and
  what the markers say of another list stays.
- After everything is put right, a run downloads the model.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ClassVar

sys.path.insert(0, str(Path(__file__).parent.parent))

import registry as registries
from scripts.harbour import Harbour
from scripts.hub import TOKEN, hub
from scripts.modelkits import Part
from scripts.store import KEY, store
from scripts.store import SECRET as STORE_SECRET
from scripts.test_directory_script import Shelf
from scripts.test_huggingface_script import Desk
from scripts.test_s3_script import BUCKET
from scripts.test_s3_script import Counter as StoreDesk
from scripts.wire import wire
from scripts.workshop import SHELLS, World, digest_of, place, read_quietly

LIMIT = 60  # seconds for one run, on a busy machine
SECRET = "the content of a file outside the volume"
FAST = {"TICK": "0.05", "PROGRESS": "1", "STALL": "2", "RETRIES": "2", "GRACE": "3", "LOCK_STALE": "1"}
# The programs that scripts run. One of them is killed: what it says must not be taken for all that there is to say.
# Those that pass a stream on may have printed the first bytes of it.
STREAMS = "awk cat cut find grep head sed sort tail tr"
PROGRAMS = (
    f"{STREAMS} base64 basename chmod cmp date df dirname id ln ls mkdir mktemp mv od readlink rm rmdir seq sha256sum"
    " sleep stat sync uname wc"
)
KILLED = """\
printf . >>"{folder}/count"
read -r count <"{folder}/count"
if [ ${{#count}} -ge {number} ] && ! [ -e "{folder}/done" ]; then
  echo "{program} $*" >"{folder}/done"
  if [ {printed} -gt 0 ]; then {program} "$@" | {head} -c {printed}; fi
  kill -KILL $$
fi
"""
# A script that has only the first letters of a path must not reach the machine's own files.
KEPT = """\
for path; do
  case $path in
    "{root}"/* | -* | [!/]*) ;;
    *) echo "rm $path" >>"{folder}/outside"; exit 1 ;;
  esac
done
"""
# What the markers have of another list: its hash, its folder, and what is known of that.
NEIGHBOUR = "e" * 64
KNOWN = ("sha256:" + "7" * 64, "5", "2026-11-01T12:00:00Z", "")
Files = dict[str, bytes]


def stand_in(folder: Path, program: str, before: str, root: Path) -> None:
    """Put a script into a folder of PATH that runs the program after what is `before`; rm only below `root`."""
    name = Path(program).name
    kept = KEPT.format(root=root, folder=folder) if name == "rm" else ""
    (folder / name).write_text(f'#!/bin/sh\n{before}{kept}exec {program} "$@"\n')
    (folder / name).chmod(0o755)


@dataclass
class Outcome:
    """What came of a round: what was done, and each invariant that did not hold, with its kind."""

    name: str
    done: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    runs: int = 0
    ready: int = 0
    seconds: float = 0


class Case:
    """One source with one model. `versions` are all that were ever published, `current` the last one."""

    folder, mode = "model", "once"
    neighbour: ClassVar[dict[str, str]] = {
        ".ready": NEIGHBOUR,
        ".models": "\t".join(["other", "team/other", *KNOWN]),
        ".digest": f"other\t{KNOWN[0]}",
    }

    def __init__(self, rng: Random, root: Path) -> None:
        self.rng, self.root = rng, root
        self.versions: list[Files] = []
        self.put_right: list[Callable[[], None]] = []

    target: Path
    env: dict[str, str]  # of the loader
    secrets: tuple[str, ...] = ()

    def publish(self) -> None:
        raise NotImplementedError

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        raise NotImplementedError

    def faults(self) -> dict[str, Callable[[], None]]:
        """Faults of the server, by name; each adds to `put_right`."""
        raise NotImplementedError

    def holds(self) -> Files:
        at = (self.target / self.folder).resolve()
        return {str(path.relative_to(at)): path.read_bytes() for path in at.rglob("*") if path.is_file()}

    def unfinished(self) -> list[Path]:
        """Files that a crash of the machine can leave with zeros, because nothing has written them to the disk."""
        return [path for path in (self.target / ".work").rglob("*") if path.is_file() and not path.is_symlink()]

    def set(self, thing: Any, **values: Any) -> None:
        """Attributes of a stand-in, until everything is put right."""
        for name, value in values.items():
            before = getattr(thing, name)
            setattr(thing, name, value)
            self.put_right.append(lambda name=name, before=before: setattr(thing, name, before))

    def some_files(self, names: tuple[str, ...]) -> Files:
        return {name: self.rng.randbytes(self.rng.choice([0, 40, 3000, 90_000, 400_000])) for name in names}


class HubCase(Case):
    kind = "huggingface"

    def __init__(self, rng: Random, root: Path, stack: contextlib.ExitStack) -> None:
        super().__init__(rng, root)
        self.hub = stack.enter_context(hub())
        self.wire = stack.enter_context(wire(self.hub.storage.removeprefix("http://")))
        self.hub.storage = f"http://{self.wire.host}"
        self.desk = Desk(root / "world", self.hub, self.wire)
        self.target, self.env = self.desk.target, self.desk.env
        self.desk.token(TOKEN)
        self.secrets = (TOKEN,)
        self.desk.ask_for(f"{self.folder}\tteam/model@main\t")
        self.publish()

    def publish(self) -> None:
        files = self.some_files(("config.json", "weights.bin", "deep/er/part.bin"))
        files["config.json"] += b"{}"
        self.versions.append(files)
        self.hub.publish("team/model", files)

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        return self.desk.start(shell=shell, **FAST | {"HUB": self.kind} | env)

    def faults(self) -> dict[str, Callable[[], None]]:
        rng, name = self.rng, self.rng.choice(list(self.versions[-1]))

        def lie() -> None:
            key = rng.choice(["size", "Size", "Sha256", "blobId", "lfs"])
            wrong = rng.choice([0, 7, 10**6, 10**14, -1, "x", None, "a/b", "0" * 64, {"sha256": "1" * 64}])
            self.set(self.hub, lie=lambda one: one.update({key: wrong}) if key in one else None)

        return {
            "forge": lambda: self.set(self.hub, forge={name} if self.versions[-1][name] else set()),
            "lie": lie,
            "down": lambda: self.set(self.hub, down=True),
            "no ranges": lambda: self.set(self.hub, ranges=False),
            "unsigned": lambda: self.set(self.hub, signed=False),
            "unknown token": lambda: self.set(self.hub, known=set(), echo=True),
            "cut": lambda: self.set(self.wire, cut=rng.randrange(1, 300_000), cuts=rng.randrange(1, 4)),
            "slow": lambda: self.set(self.wire, slow=rng.choice([0.01, 0.1])),
            "stall": lambda: self.set(self.wire, hold=lambda path: True),
        }


class ScopeCase(HubCase):
    kind = "modelscope"

    def __init__(self, rng: Random, root: Path, stack: contextlib.ExitStack) -> None:
        super().__init__(rng, root, stack)
        self.desk.ask_for(f"{self.folder}\tteam/model\t")


class StoreCase(Case):
    """Objects of one upload and of several; of those whose ETag is no checksum, a forged one looks right."""

    def __init__(self, rng: Random, root: Path, stack: contextlib.ExitStack) -> None:
        super().__init__(rng, root)
        self.store = stack.enter_context(store())
        self.wire = stack.enter_context(wire(self.store.url.removeprefix("http://")))
        self.desk = StoreDesk(root / "world", self.store, self.wire)
        self.target, self.env = self.desk.target, self.desk.env
        self.secrets = (STORE_SECRET,)
        self.desk.ask_for(f"{self.folder}\t{BUCKET}/team/model\t")
        self.kind: dict[str, Any] = rng.choice(
            [{}, {"part": 30_000}, {"part": 1_048_576}, {"seal": "aws:kms"}, {"tag": "1"}]
        )
        self.publish()

    def publish(self) -> None:
        files = self.some_files(("config.json", "weights.bin", "deep/er/part.bin"))
        files["config.json"] += b"{}"
        self.versions.append(files)
        kind = {"tag": str(len(self.versions))} if "tag" in self.kind else self.kind
        self.store.put(BUCKET, "team/model/", files, **kind)

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        return self.desk.start(shell=shell, **FAST | env)

    def faults(self) -> dict[str, Callable[[], None]]:
        rng, name = self.rng, self.rng.choice(list(self.versions[-1]))
        checked = not {"seal", "tag"} & self.kind.keys()

        def lie() -> None:
            key = rng.choice(["Size", "ETag", "Key"] if checked else ["Size", "Key"])
            wrong = rng.choice([0, 7, 10**6, 10**14, -1, "x", "a/../b", "0" * 32, f"{'0' * 32}-2", '"x"', "\n"])
            self.set(self.store, lie=lambda one: one.update({key: wrong}))

        def password() -> None:
            self.desk.key("NOBODY", STORE_SECRET)
            self.put_right.append(lambda: self.desk.key(KEY, STORE_SECRET))

        return {
            "forge": lambda: self.set(self.store, forge={f"team/model/{name}"} if checked else set()),
            "lie": lie,
            "down": lambda: self.set(self.store, down=True),
            "no ranges": lambda: self.set(self.store, ranges=False),
            "no parts": lambda: self.set(self.store, parts=checked),
            "short lists": lambda: self.set(self.store, page=1),
            "password": lambda: (self.set(self.store, echo=True), password())[0],
            "cut": lambda: self.set(self.wire, cut=rng.randrange(1, 300_000), cuts=rng.randrange(1, 4)),
            "slow": lambda: self.set(self.wire, slow=rng.choice([0.01, 0.1])),
            "stall": lambda: self.set(self.wire, hold=lambda path: True),
        }


class KitCase(Case):
    def __init__(self, rng: Random, root: Path, stack: contextlib.ExitStack) -> None:
        super().__init__(rng, root)
        server = stack.enter_context(registries.registry(authentication=True))
        self.wire = stack.enter_context(wire(server.host))
        self.harbour = Harbour(root / "world", server, self.wire)
        self.target, self.env = self.harbour.target, self.harbour.env
        self.secrets = (registries.PASSWORD,)
        self.harbour.ask_for(**{self.folder: "ml/model:v1 model datasets docs"})
        self.publish()

    def publish(self) -> None:
        files = self.some_files(("weights.bin", "data/train.csv", "README.md"))
        self.versions.append(files)
        kinds = ("model", "datasets", "docs")
        parts = [Part(kind, path, text, kind) for kind, (path, text) in zip(kinds, files.items(), strict=True)]
        self.digests = self.harbour.push("ml/model:v1", *parts).layers

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        return self.harbour.start(shell=shell, **FAST | env)

    def faults(self) -> dict[str, Callable[[], None]]:
        rng = self.rng
        return {
            "corrupt": lambda: self.set(self.wire, corrupt=rng.choice([*self.digests])),
            "corrupt manifest": lambda: self.set(self.wire, corrupt=rng.choice(["/manifests/v1", "a", "3"])),
            "down": lambda: self.set(self.wire, down=True),
            "cut": lambda: self.set(self.wire, cut=rng.randrange(1, 300_000), cuts=rng.randrange(1, 4)),
            "slow": lambda: self.set(self.wire, slow=rng.choice([0.01, 0.1])),
            "stall": lambda: self.set(self.wire, hold=lambda path: "/blobs/" in path),
            "password": lambda: self.wrong_password(),
        }

    def wrong_password(self) -> None:
        self.harbour.log_in(registries.USER, "another-password")
        self.put_right.append(lambda: self.harbour.log_in(registries.USER, registries.PASSWORD))


class OllamaCase(Case):
    reference = "model:1b"
    neighbour: ClassVar[dict[str, str]] = {
        ".ready": NEIGHBOUR,
        ".models": "\t".join(["registry.ollama.ai/library/other", "1b", *KNOWN[:2]]),
        ".digest": f"registry.ollama.ai/library/other:1b\t{KNOWN[0]}",
    }

    def __init__(self, rng: Random, root: Path, _: contextlib.ExitStack) -> None:
        super().__init__(rng, root)
        self.world = World(root / "world")
        self.target, self.env = self.world.store, self.world.env
        self.world.ask_for(self.reference)
        self.manifests: list[bytes] = []
        self.publish()

    def publish(self) -> None:
        blobs = self.world.publish(
            self.reference, self.rng.choice([1000, 90_000, 400_000]), version=str(len(self.versions))
        )
        files = {f"blobs/{digest_of(blob)}": blob for blob in blobs}
        manifest = (self.world.root / "registry/manifests" / place(self.reference)).read_bytes()
        self.versions.append(files | {"manifest": manifest})
        self.blobs = blobs

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        return self.world.start("load.sh", shell=shell, **FAST | env)

    def holds(self) -> Files:
        manifest = self.target / "manifests" / place(self.reference)
        text = b"" if manifest.is_symlink() else read_quietly(manifest)
        found = {"manifest": text}
        for version in self.versions:
            if version["manifest"] == text:
                for name in version:
                    path = self.target / name
                    if name != "manifest" and not path.is_symlink():
                        found[name] = read_quietly(path)
        return found

    def unfinished(self) -> list[Path]:
        return [path for path in self.target.glob("blobs/*-partial*") if path.is_file() and not path.is_symlink()]

    def faults(self) -> dict[str, Callable[[], None]]:
        rng, world = self.rng, self.world

        def fault(name: str, text: object = "") -> None:
            world.fault(name, text)
            self.put_right.append(lambda: (world.root / "faults" / name).unlink(missing_ok=True))

        def forge() -> None:
            blob = rng.choice(self.blobs)
            path = world.root / "registry/blobs" / digest_of(blob)
            path.write_bytes(bytes([blob[0] ^ 1]) + blob[1:])
            self.put_right.append(lambda: path.write_bytes(blob) and None)

        return {
            "forge": forge,
            "die": lambda: fault("die-at", rng.randrange(1, 400_000)),
            "stall": lambda: fault("hang-at", rng.randrange(1, 400_000)),
            "slow": lambda: fault("slow", rng.choice([0.01, 0.1])),
            "room": lambda: fault("room", rng.randrange(1, 400_000)),
            "refuse": lambda: fault("refuse", rng.choice(["503: away", "file does not exist", "x509: unknown"])),
            "no start": lambda: fault("no-start"),
        }


class ShelfCase(Case):
    """The smallest source of folders, for what directory.sh does by itself."""

    def __init__(self, rng: Random, root: Path, _: contextlib.ExitStack) -> None:
        super().__init__(rng, root)
        self.shelf = Shelf(root / "world")
        self.target, self.env = self.shelf.target, self.shelf.env
        self.shelf.ask_for(f"{self.folder}\tmodel:v1\t")
        self.publish()

    def publish(self) -> None:
        files = {name: self.rng.choice("ab") * self.rng.randrange(1, 9000) for name in ("config", "weights")}
        self.versions.append({name: text.encode() for name, text in files.items()})
        self.shelf.put("model:v1", f"sha256:{len(self.versions)}", **files)

    def start(self, shell: list[str], **env: str) -> subprocess.Popen[str]:
        return self.shelf.start(shell=shell, **FAST | {"SLOW": self.rng.choice(["0", "0.2"])} | env)

    def faults(self) -> dict[str, Callable[[], None]]:
        def fault(name: str) -> None:
            self.shelf.fault(name)
            self.put_right.append(lambda: (self.shelf.shelf / "faults" / name).unlink(missing_ok=True))

        return {name: lambda name=name: fault(name) for name in ("down", "cut", "stall", "login")}


SOURCES: dict[str, Any] = {
    "ollama": OllamaCase,
    "modelkit": KitCase,
    "huggingface": HubCase,
    "modelscope": ScopeCase,
    "s3": StoreCase,
    "shelf": ShelfCase,
}

# --- the volume -----------------------------------------------------------------------------------------------------

MARKERS = (".ready", ".models", ".digest", ".updated", ".last_sync", ".doing", ".superseded", ".ready.new")


class Volume:
    """What others do to TARGET between two runs. `planted` is what the loader may refuse, and a person removes."""

    def __init__(self, case: Case, outside: Path) -> None:
        self.case, self.rng, self.outside = case, case.rng, outside
        self.planted: list[Path] = []
        self.cut = False  # whether something that was finished is not any more
        self.strange = [outside / "secret", outside / "folder", case.target / "nothing"]

    def files(self) -> list[Path]:
        return [path for path in self.case.target.rglob("*") if path.is_file() and not path.is_symlink()]

    def disturb(self) -> str:
        kinds = [self.zeros, self.cuts, self.removes, self.garbage, self.links, self.pipes, self.folders, self.lock]
        what = self.rng.choice(kinds)
        return f"{what.__name__} {what()}"

    def zeros(self) -> str:
        paths = self.case.unfinished()
        chosen = [path for path in paths if self.rng.random() < 0.7]
        for path in chosen:
            path.write_bytes(bytes(path.stat().st_size))
        return f"{len(chosen)}"

    def cuts(self) -> str:
        if not (paths := self.files()):
            return "-"
        path = self.rng.choice(paths)
        os.truncate(path, self.rng.randrange(0, max(path.stat().st_size, 1)))
        self.cut = True
        return str(path.relative_to(self.case.target))

    def removes(self) -> str:
        if not (paths := self.files()):
            return "-"
        path = self.rng.choice(paths)
        path.unlink()
        self.cut = True
        return str(path.relative_to(self.case.target))

    def garbage(self) -> str:
        marker = self.case.target / self.rng.choice(MARKERS)
        self.clear(marker)
        marker.write_bytes(self.rng.choice([b"", self.rng.randbytes(300), b"../../x\ty\tz\t1\tz\t\n", b"a\tb\n" * 999]))
        return marker.name

    def links(self) -> str:
        """In place of a marker, a folder of the loader, or any file: to a file or a folder outside."""
        target = self.case.target
        names = [*MARKERS, ".versions", ".work", ".lock", "blobs", "manifests", ".next", self.case.folder]
        paths = [target / name for name in names] + self.files() + [path for path in target.rglob("*") if path.is_dir()]
        path = self.rng.choice(paths)
        self.clear(path)
        path.symlink_to(self.rng.choice(self.strange))
        self.planted.append(path)
        self.cut = True
        return str(path.relative_to(target))

    def pipes(self) -> str:
        path = self.case.target / self.rng.choice([*MARKERS, ".lock", ".versions", ".work", "blobs", ".next"])
        self.cut |= path.is_dir()
        self.clear(path)
        os.mkfifo(path)
        self.planted.append(path)
        return path.name

    def folders(self) -> str:
        """In place of a marker: empty, or with a file, which the loader must not remove."""
        path = self.case.target / self.rng.choice(MARKERS)
        self.clear(path)
        path.mkdir()
        if self.rng.random() < 0.5:
            (path / "file").write_text("of a person")
            self.planted.append(path)
        return path.name

    def lock(self) -> str:
        lock = self.case.target / ".lock"
        self.clear(lock)
        lock.mkdir()
        name = self.rng.choice([".nfs0001", "a name", "dead.pod.1", "-rf", "*"])
        (lock / name).touch()
        return name

    @staticmethod
    def clear(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(case: Case) -> Iterator[bool]:
    """TARGET on a file system that is too small, where this machine lets one be mounted; `put_right` enlarges it."""
    size = case.rng.choice(["16k", "100k", "300k", "600k"])
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(case.target)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        yield False
        return
    larger = ["mount", "-o", "remount,size=64m", str(case.target)]
    case.put_right.append(lambda: subprocess.run(larger, check=True) and None)
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(case.target)], check=True)


# --- a round --------------------------------------------------------------------------------------------------------


class Round:
    def __init__(self, source: str, shell: list[str], seed: str, quiet: bool = False) -> None:
        self.rng = Random(seed)
        self.source, self.shell, self.quiet = source, shell, quiet
        self.outcome = Outcome(f"{seed} {source} {shell[0]}")

    def run(self) -> Outcome:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder, contextlib.ExitStack() as stack:
            root = Path(folder)
            self.outside = root / "outside"
            (self.outside / "folder").mkdir(parents=True)
            (self.outside / "secret").write_text(SECRET)
            self.case: Case = SOURCES[self.source](self.rng, root, stack)
            self.disk = not self.quiet and self.rng.random() < 0.2 and stack.enter_context(small_disk(self.case))
            if self.disk:
                self.outcome.done.append("a small disk")
            self.volume = Volume(self.case, self.outside)
            for name, line in self.case.neighbour.items():
                (self.case.target / name).write_text(f"{line}\n")
            if self.quiet or (not self.disk and self.rng.random() < 0.25):
                self.killings()
            else:
                for _ in range(self.rng.choice([1, 1, 2, 3])):
                    self.disturbed()
            self.recovered()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def killings(self) -> None:
        """Runs in which one program is killed, and nothing else is wrong."""
        for _ in range(4):
            mode = self.rng.choice(["once", "refresh"])
            code = self.with_a_killed_program(mode)
            if code not in (0, 69, 70):
                self.fail("cause", f"a program was killed: {self.last}")
            for name, line in self.case.neighbour.items():
                if line not in read_quietly(self.case.target / name).decode().splitlines():
                    self.fail("lost", f"{name} has lost the line of another list ({self.last})")
            if self.rng.random() < 0.3:
                self.case.publish()
                self.outcome.done.append("another version")

    def with_a_killed_program(self, mode: str) -> int:
        process = self.case.start(self.shell, MODE=mode, **self.killing(self.case.env["PATH"]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LIMIT)  # nobody reads its output meanwhile, which is short
        self.outcome.done.append(f"killed in {mode}: {read_quietly(self.doomed).decode().strip() or 'nothing'}")
        return self.ended(process, killed=True, mode=mode)

    def disturbed(self) -> None:
        case, rng = self.case, self.rng
        faults = case.faults()
        for name in rng.sample(list(faults), rng.choice([0, 1, 1, 2])):
            faults[name]()
            self.outcome.done.append(name)
        if rng.random() < 0.6:
            self.outcome.done.append(self.volume.disturb())
        if rng.random() < 0.3:
            case.publish()
            self.outcome.done.append("another version")
        mode = rng.choice(["once", "refresh"])
        how = rng.choice(["", "", "KILL", "KILL", "ONE", "ONE", "TERM", "STOP"])
        if how == "ONE":
            self.with_a_killed_program(mode)
        else:
            self.signalled(case.start(self.shell, MODE=mode), how, mode)
        if rng.random() < 0.5:
            self.mend()

    def signalled(self, process: subprocess.Popen[str], how: str, mode: str) -> None:
        """A run whose processes get a signal at some time, if any."""
        rng = self.rng
        if how:
            self.outcome.done.append(f"{how} in {mode}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.random() ** 2 * 4)
            self.signal(process, how)
        if how == "STOP" and rng.random() < 0.7:
            self.taken_over(process)
        elif how == "STOP":
            time.sleep(0.3)
            self.send(process, signal.SIGCONT)
        self.ended(process, killed=how == "KILL", mode=mode)

    def signal(self, process: subprocess.Popen[str], how: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            if how == "TERM":
                process.terminate()
            elif how == "KILL":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.killpg(process.pid, signal.SIGSTOP)

    def killing(self, path: str) -> dict[str, str]:
        """An environment in which one of the programs that the loader runs is killed, by its number."""
        root = self.outside.parent
        folder = Path(tempfile.mkdtemp(dir=root))
        number, printed = int(self.rng.random() ** 2 * 300) + 1, self.rng.choice([0, 0, 1, 20])
        for name in PROGRAMS.split():
            program = shutil.which(name, path=path)
            assert program, f"{name} is not on PATH"
            some = printed if name in STREAMS.split() else 0
            values = {"folder": folder, "number": number, "printed": some, "program": program}
            stand_in(folder, program, KILLED.format(**values, head=shutil.which("head")), root)
        self.doomed = folder / "done"
        return {"PATH": f"{folder}:{path}"}

    def taken_over(self, process: subprocess.Popen[str]) -> None:
        """Another loader works while this one is suspended. Then all processes of this one run again."""
        mode = self.rng.choice(["once", "refresh"])
        self.outcome.done.append(f"taken over in {mode}")
        try:
            self.ended(self.case.start(self.shell, MODE=mode), killed=False, mode=mode, alone=False)
            good = self.ready_model()
        finally:
            self.send(process, signal.SIGCONT)
        if good is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)  # nobody reads its output meanwhile, which is short
            if self.case.holds() != good:
                self.fail("model", f"a suspended loader changed what another has published ({self.last})")

    def ready_model(self) -> Files | None:
        """What is published, if it is marked as ready and as it should be."""
        found = self.case.holds() if self.marked() and not self.volume.cut else None
        return found if found in self.case.versions else None

    @staticmethod
    def send(process: subprocess.Popen[str], what: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, what)

    def ended(self, process: subprocess.Popen[str], killed: bool, mode: str, alone: bool = True) -> int:
        self.outcome.runs += 1
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.fail("wait", f"the run in {mode} did not end within {LIMIT} s")
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        self.last = f"exit {process.returncode}: {(err or out).strip()[-300:]}"
        if alone:
            self.check_processes(process, killed)
        self.check_secrets(out + err)
        # Of a write whose program was killed, the loader knows only that it failed.
        if process.returncode == 74 and not killed and not (self.disk or set(self.outcome.done) & {"room"}):
            self.fail("cause", f"the disk is not full: {self.last}")
        if process.returncode == 0:
            self.volume.cut = False
            self.outcome.ready += 1
        if process.returncode == 0 or (self.marked() and not self.volume.cut):
            self.check_model(exact=process.returncode == 0 and mode == "refresh")
        return process.returncode

    def marked(self) -> bool:
        """Whether the list of this round is marked as ready."""
        ready = self.case.target / ".ready"
        lines = b"" if ready.is_symlink() or not ready.is_file() else ready.read_bytes()
        return any(len(line) == 64 and line != NEIGHBOUR.encode() for line in lines.splitlines())

    def check_model(self, exact: bool) -> None:
        found = self.case.holds()
        wanted = self.case.versions[-1:] if exact else self.case.versions
        if found not in wanted:
            sizes = {name: len(text) for name, text in found.items()}
            self.fail("model", f"ready, but it holds {sizes} ({self.last})")

    def check_secrets(self, log: str) -> None:
        hidden = (SECRET, *self.case.secrets)
        if any(text in log for text in hidden):
            self.fail("secret", f"in the log: {log[-400:]}")
        for path in self.case.target.rglob("*"):
            if path.is_file() and not path.is_symlink():
                text = read_quietly(path)
                if any(one.encode() in text for one in hidden):
                    self.fail("secret", f"in {path.relative_to(self.case.target)}")
        for said in self.outside.parent.glob("*/outside"):
            self.fail("secret", f"{said.read_text().strip()} ({self.last})")
        if (self.outside / "secret").read_text() != SECRET or list((self.outside / "folder").iterdir()):
            self.fail("secret", "something outside the volume has changed")

    def check_processes(self, process: subprocess.Popen[str], killed: bool) -> None:
        """After SIGKILL, the group is gone already; else the loader itself has to have ended everything."""
        marker = f"TARGET={self.case.target}".encode()
        deadline = time.monotonic() + (15 if killed else 5)
        while running := [
            path.parent
            for path in Path("/proc").glob("[0-9]*/environ")
            if marker in read_quietly(path).split(b"\0") and int(path.parent.name) != os.getpid()
        ]:
            if time.monotonic() > deadline:
                if not killed:
                    names = [read_quietly(path / "cmdline").replace(b"\0", b" ").decode() for path in running]
                    self.fail("process", f"left behind: {names} ({self.last})")
                for path in running:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(path.name), signal.SIGKILL)
                return
            time.sleep(0.05)

    def mend(self) -> None:
        while self.case.put_right:
            self.case.put_right.pop()()
        for path in self.volume.planted:
            # The loader may have put its own link there.
            if path.is_fifo() or (path.is_symlink() and path.readlink() in self.volume.strange):
                path.unlink()
            elif (path / "file").exists() and path.name in MARKERS:
                shutil.rmtree(path)
        self.volume.planted.clear()

    def recovered(self) -> None:
        self.mend()
        calm = {"STALL": "25", "RETRIES": "4"}  # a busy machine is no fault
        code = self.ended(self.case.start(self.shell, MODE="refresh", **calm), killed=False, mode="refresh")
        if code:
            self.fail("recovery", self.last)

    def fail(self, kind: str, text: str) -> None:
        self.outcome.broken.append((kind, text))


def play(number: int, seed: str, sources: list[str], shells: list[list[str]], quiet: bool) -> Outcome:
    """One round. The source and the shell follow from its number, so that all pairs have their turn."""
    source = sources[number % len(sources)]
    shell = shells[number // len(sources) % len(shells)]
    began = Round(source, shell, f"{seed}/{number}", quiet)
    try:
        return began.run()
    except Exception:  # a fault of the harness is told as one
        began.outcome.broken.append(("harness", traceback.format_exc()))
        return began.outcome


def rounds(
    count: int, seed: str, sources: list[str], jobs: int = 2, first: int = 0, quiet: bool = False
) -> Iterator[Outcome]:
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(play, number, seed, sources, SHELLS, quiet) for number in range(first, first + count)]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scripts.faults", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=50, help="how many rounds")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round, to repeat one")
    parser.add_argument("--seed", default="1", help="any text; the same text makes the same rounds")
    parser.add_argument("--jobs", type=int, default=2, help="how many rounds run at the same time")
    parser.add_argument("--source", choices=[*SOURCES], action="append", help="only this source; can be repeated")
    parser.add_argument("--quiet", action="store_true", help="only kill single programs")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every round")
    options = parser.parse_args()
    kinds: Counter[str] = Counter()
    total = Outcome("all")
    count = 0
    sources = options.source or [*SOURCES]
    for outcome in rounds(options.rounds, options.seed, sources, options.jobs, options.first, options.quiet):
        count += 1
        total.runs += outcome.runs
        total.ready += outcome.ready
        if options.verbose or outcome.broken:
            print(f"{outcome.name}: {outcome.seconds:.0f} s, {'; '.join(outcome.done)}", flush=True)
        for kind, text in outcome.broken:
            kinds[kind] += 1
            print(f"  {kind}: {text}", flush=True)
    print(
        f"{count} rounds with seed {options.seed}, {total.runs} runs, {total.ready} of them successful:"
        f" {kinds['model']} wrong models ready, {kinds['secret']} secrets outside, {kinds['wait']} endless waits,"
        f" {kinds['process']} processes left, {kinds['recovery']} without recovery, {kinds['cause']} wrong causes,"
        f" {kinds['lost']} lines of others lost,"
        f" {kinds['harness']} harness errors"
    )
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
