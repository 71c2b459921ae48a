"""Kill chartgen and a loader at random moments, by a seed: `python -m tests.kills --seed 1`.

Each run is killed with all its processes at a random moment of the time that a complete run takes. Then these hold:

- build: the chart's folder is the old chart or the new one.
- package: there is no package, or the package is the same as that of a run that was not killed.
- publish: every package that the index of a site names is there, with its checksum.
- loader: a model that is marked as ready is complete.

After each of them, the same command without a kill makes everything good, and leaves nothing beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from scripts.workshop import SHELLS, World, all_right, wait_for

COUNTS = {"build": 40, "package": 30, "publish": 30, "loader": 14}
CHARTGEN = str(Path(sys.executable).with_name("chartgen"))
MODEL = "deepseek-r1:1.5b"
Kill = Callable[[list[str], Path], bool]


def run(command: list[str], folder: Path) -> None:
    """Run a command of chartgen to its end."""
    done = subprocess.run([CHARTGEN, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def killer(chance: random.Random, command: list[str], folder: Path) -> Kill:
    """A function that runs a command and kills it at a random moment; whether it was still running."""
    start = time.monotonic()
    run(command, folder)
    whole = time.monotonic() - start

    def kill(command: list[str], folder: Path) -> bool:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        process = subprocess.Popen([CHARTGEN, *command], cwd=folder, **quiet)
        time.sleep(chance.random() * whole)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return alive

    return kill


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stack(place: Path) -> Path:
    """A small stack, in a folder of its own."""
    run(["new", "stack", "tiny"], place)
    return place / "tiny"


def build(chance: random.Random, place: Path) -> Iterator[bool]:
    folder, chart = stack(place), place / "tiny/charts/tiny"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    kill, known = killer(chance, ["build"], folder), [tree(chart)]
    for number in range(COUNTS["build"]):
        (folder / "README.md").write_text(f"{readme}\n{number}\n" * 100, encoding="utf-8")
        alive = kill(["build"], folder)
        found = tree(chart)
        run(["build"], folder)
        known.append(tree(chart))
        assert known[-1] != known[-2]
        assert found in known[-2:], "the chart is neither the old one nor the new one"
        assert [path.name for path in chart.parent.iterdir()] == ["tiny"], "a build left something"
        yield alive


def package(chance: random.Random, place: Path) -> Iterator[bool]:
    folder, command = stack(place), ["package", "--no-proof", "-d", "out"]
    kill, whole = killer(chance, command, folder), tree(folder / "out")
    for _ in range(COUNTS["package"]):
        shutil.rmtree(folder / "out")
        alive = kill(command, folder)
        found = {name: data for name, data in tree(folder / "out").items() if name.endswith(".tgz")}
        assert found in ({}, whole), "the package is not complete"
        run(command, folder)
        assert tree(folder / "out") == whole, "a run left something"
        yield alive


def listed(site: Path) -> list[str]:
    """The versions in the index of a site; every package that it names is there, with its checksum."""
    if not (site / "index.yaml").exists():
        return []
    found = []
    for entry in yaml.safe_load((site / "index.yaml").read_text(encoding="utf-8"))["entries"]["tiny"]:
        data = (site / Path(entry["urls"][0]).name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["digest"], "the index names another package"
        found.append(entry["version"])
    return sorted(found)


def publish(chance: random.Random, place: Path) -> Iterator[bool]:
    folder = stack(place)
    recipe, changes = ((folder / name).read_text(encoding="utf-8") for name in ("stack.yaml", "CHANGELOG.md"))
    for version in ("0.1.0", "0.2.0"):
        (folder / "stack.yaml").write_text(recipe.replace("version: 0.1.0", f"version: {version}"), encoding="utf-8")
        (folder / "CHANGELOG.md").write_text(changes.replace("## 0.1.0", f"## {version}"), encoding="utf-8")
        run(["package", "--no-proof"], folder)
    kill = killer(chance, ["publish", "site", "tiny-0.1.0.tgz"], folder)
    first = tree(folder / "site")
    for _ in range(COUNTS["publish"]):
        alive = kill(["publish", "site", "tiny-0.2.0.tgz"], folder)
        assert listed(folder / "site") in (["0.1.0"], ["0.1.0", "0.2.0"])
        run(["publish", "site", "tiny-0.2.0.tgz"], folder)
        assert listed(folder / "site") == ["0.1.0", "0.2.0"]
        assert {path.name for path in (folder / "site").iterdir()} == {*first, "tiny-0.2.0.tgz"}, "a run left something"
        shutil.rmtree(folder / "site")
        for name, data in first.items():
            (folder / "site").mkdir(exist_ok=True)
            (folder / "site" / name).write_bytes(data)
        yield alive


def loader(chance: random.Random, place: Path) -> Iterator[bool]:
    for number in range(COUNTS["loader"]):
        world = World(place / str(number))
        blobs = world.publish(MODEL)
        world.ask_for(MODEL)
        world.fault("slow", "0.05")
        shell = SHELLS[number % len(SHELLS)]
        process = world.start("load.sh", shell=shell)
        time.sleep(chance.random() * 2)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        wait_for(lambda world=world: not [one for one in world.left_over() if "standin" in one])
        ready = (world.store / ".ready").exists()
        assert not ready or complete(world, blobs), "a model is ready that is not complete"
        world.mend("slow")
        all_right(world.load(shell=shell))
        assert complete(world, blobs), "a model is ready that is not complete"
        yield alive


def complete(world: World, blobs: list[bytes]) -> bool:
    return all(world.blob(blob).exists() and world.blob(blob).read_bytes() == blob for blob in blobs)


KINDS = {"build": build, "package": package, "publish": publish, "loader": loader}


def kills(kind: str, seed: object, count: int) -> list[bool]:
    """Whether each of the first runs of a kind was killed while it ran; AssertionError where anything is half done."""
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        Path(place).chmod(0o755)
        runs = KINDS[kind](random.Random(f"{kind} {seed}"), Path(place))
        return [alive for alive, _ in zip(runs, range(count), strict=False)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", default="1", help="any text; the same text kills at the same moments")
    parser.add_argument("--kind", choices=[*KINDS], action="append", help="only this kind; can be repeated")
    options = parser.parse_args()
    for kind in options.kind or KINDS:
        killed = kills(kind, options.seed, COUNTS[kind])
        print(
            f"{kind}: {len(killed)} runs with seed {options.seed}, {sum(killed)} killed, nothing half done", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
