"""What all sources of folders share, run in real shells with the smallest source there is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.workshop import FRAGMENTS, HERE, PLACES, QUICK, SHELLS, Ended, all_right, each_shell, started, wait_for

pytestmark = pytest.mark.slow


class Shelf:
    """A shelf with models, and a target for them."""

    def __init__(self, root: Path) -> None:
        self.root, self.shelf, self.target = root, root / "shelf", root / "models"
        for folder in ("shelf/faults", "models", "tmp", "scripts"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        shutil.copy(FRAGMENTS / "loader/files/loader.sh", root / "scripts")
        shutil.copy(FRAGMENTS / "loader/files/directory.sh", root / "scripts")
        shutil.copy(FRAGMENTS / "loader/files/wait.sh", root / "scripts")
        shutil.copy(HERE / "shelf.sh", root / "scripts")
        self.list = root / "models.tsv"
        self.env = (
            PLACES | QUICK | {"TARGET": str(self.target), "MODELS_FILE": str(self.list), "SHELF": str(self.shelf)}
        )
        self.env |= {"TMPDIR": str(root / "tmp"), "RETRIES": "3", "INTERVAL": "0.1"}

    def put(self, reference: str, identity: str, **files: str) -> None:
        folder = self.shelf / reference
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "files").mkdir(parents=True)
        for name, text in files.items():
            (folder / "files" / name).write_text(text)
        (folder / "identity").write_text(f"{identity}\n")

    def ask_for(self, *lines: str) -> None:
        self.list.write_text("".join(f"{line}\n" for line in lines))

    def start(self, shell: list[str] | None = None, uid: int | None = None, **env: str) -> subprocess.Popen[str]:
        command = [*(shell or SHELLS[0]), str(self.root / "scripts/shelf.sh")]
        return started(command, self.env | env, self.root, uid)

    def is_here(self, shell: list[str]) -> bool:
        command = [*shell, str(self.root / "scripts/wait.sh"), "now"]
        return subprocess.run(command, env=self.env, capture_output=True, check=False).returncode == 0

    def load(self, **options: object) -> Ended:
        return Ended(self.start(**options))  # type: ignore[arg-type]

    def log(self) -> list[str]:
        path = self.shelf / "log"
        return path.read_text().splitlines() if path.exists() else []

    def fault(self, name: str) -> None:
        (self.shelf / "faults" / name).touch()

    def mend(self, name: str) -> None:
        (self.shelf / "faults" / name).unlink()

    def read(self, name: str) -> str:
        return (self.target / name).read_text()

    def table(self, name: str) -> list[list[str]]:
        return [line.split("\t") for line in self.read(name).splitlines()]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shelf = Shelf(Path(folder) / "world")
        shelf.put("bert:v1", "sha256:one", config="small", weights="1" * 5000)
        shelf.put("resnet:v2", "sha256:two", weights="2" * 7000)
        shelf.ask_for("bert\tbert:v1\t")
        yield shelf


@each_shell
def test_models_stand_in_their_folders_and_in_the_index(shelf: Shelf, shell: list[str]) -> None:
    shelf.ask_for("bert\tbert:v1\t", "vision/resnet/1\tresnet:v2\tweights")
    ended = all_right(shelf.load(shell=shell, PARALLEL="2"))
    assert shelf.read("bert/config") == "small"
    assert shelf.read("vision/resnet/1/weights") == "2" * 7000
    rows = shelf.table(".models")
    assert [row[:4] + row[5:] for row in rows] == [
        ["bert", "bert:v1", "sha256:one", "5005", ""],
        ["vision/resnet/1", "resnet:v2", "sha256:two", "7000", "weights"],
    ]
    assert shelf.table(".digest") == [["bert", "sha256:one"], ["vision/resnet/1", "sha256:two"]]
    assert "all there: bert:v1 in bert, sha256:one (5.0 KB)" in ended.out
    assert not (shelf.target / ".lock").exists()
    assert list((shelf.root / "tmp").iterdir()) == []


@each_shell
def test_what_is_there_is_not_asked_for_again(shelf: Shelf, shell: list[str]) -> None:
    all_right(shelf.load(shell=shell))
    before = shelf.log()
    shelf.fault("down")
    ended = all_right(shelf.load(shell=shell))
    assert shelf.log() == before
    assert "already there: bert:v1" in ended.out


def test_one_model_more_leaves_the_others_alone(shelf: Shelf) -> None:
    all_right(shelf.load())
    shelf.ask_for("bert\tbert:v1\t", "resnet\tresnet:v2\t")
    before = len(shelf.log())
    all_right(shelf.load())
    assert shelf.log()[before:] == ["resolve resnet:v2", "fetch resnet:v2 weights"]


def test_a_pinned_reference_is_looked_up_nowhere(shelf: Shelf) -> None:
    shelf.ask_for("bert\tbert:v1@sha256:one\t")
    all_right(shelf.load())
    assert not [line for line in shelf.log() if line.startswith("resolve")]
    shelf.fault("down")
    all_right(shelf.load(MODE="refresh"))


def test_a_moved_tag_counts_for_refresh_and_not_for_once(shelf: Shelf) -> None:
    all_right(shelf.load())
    updated = shelf.read(".updated")
    shelf.put("bert:v1", "sha256:three", config="large", weights="3")
    all_right(shelf.load())
    assert shelf.read("bert/config") == "small"
    all_right(shelf.load(MODE="refresh"))
    assert shelf.read("bert/config") == "large"
    assert shelf.read(".updated").split()[0] != updated.split()[0]
    assert shelf.table(".models")[0][2] == "sha256:three"


def test_a_look_that_finds_nothing_new_changes_nothing(shelf: Shelf) -> None:
    all_right(shelf.load())
    names = (".models", ".digest", ".updated", ".ready")
    before = [shelf.read(name) for name in names]
    all_right(shelf.load(MODE="refresh"))
    assert [shelf.read(name) for name in names] == before


def test_the_version_before_stays_for_those_who_read_it_and_the_one_before_that_goes(shelf: Shelf) -> None:
    seen = []
    for number in range(3):
        shelf.put("bert:v1", f"sha256:{number}", config=str(number))
        all_right(shelf.load(MODE="refresh"))
        seen.append((shelf.target / "bert").resolve())
    assert [path.exists() for path in seen] == [False, True, True]
    assert len(list((shelf.target / ".versions/bert").iterdir())) == 4


@each_shell
def test_a_failed_look_leaves_the_last_good_model(shelf: Shelf, shell: list[str]) -> None:
    all_right(shelf.load(shell=shell))
    ready = shelf.read(".ready")
    shelf.fault("down")
    ended = shelf.load(shell=shell, MODE="refresh")
    assert ended.code == 69
    assert "bert:v1: gave up after 3 attempts without new data: the shelf is away" in ended.err
    assert shelf.read("bert/config") == "small"
    assert shelf.read(".ready") == ready


def test_one_model_that_cannot_be_had_does_not_keep_the_others_back(shelf: Shelf) -> None:
    shelf.ask_for("a\tnothing:v1\t", "bert\tbert:v1\t")
    ended = shelf.load()
    assert (ended.code, ended.err.strip()) == (66, "no such model: nothing:v1")
    assert shelf.read("bert/config") == "small"
    assert not (shelf.target / ".ready").exists()


@each_shell
def test_who_waits_for_a_version_from_before_waits_until_it_is_back(shelf: Shelf, shell: list[str]) -> None:
    shelf.put("bert:v2", "sha256:new", config="new", weights="2" * 5000)
    first, second = "bert\tbert:v1\t", "bert\tbert:v2\tconfig"
    for line in (first, second, first, "bert\tbert:v2\t", second):
        shelf.ask_for(line)
        assert not shelf.is_here(shell)
        all_right(shelf.load())
        assert shelf.is_here(shell)
    (shelf.target / ".models").unlink()
    assert not shelf.is_here(shell)


@each_shell
def test_a_watch_swaps_whole_versions_under_a_reader(shelf: Shelf, shell: list[str]) -> None:
    shelf.put("bert:v1", "sha256:0", config="0", weights="0")
    process = shelf.start(shell=shell, MODE="watch")
    wait_for(lambda: (shelf.target / ".ready").exists())
    mixtures, reads, stop = [], [0], threading.Event()

    def reader() -> None:
        while not stop.is_set():
            at = (shelf.target / "bert").resolve()
            pair = ((at / "config").read_text(), (at / "weights").read_text())
            reads[0] += 1
            if pair[0] != pair[1]:
                mixtures.append(pair)

    thread = threading.Thread(target=reader)
    thread.start()
    for number in ("1", "2", "3"):
        shelf.put("bert:v1", f"sha256:{number}", config=number, weights=number)
        wait_for(lambda number=number: shelf.read("bert/config") == number)
    stop.set()
    thread.join()
    os.killpg(process.pid, signal.SIGTERM)
    assert Ended(process).code == 143
    assert mixtures == []
    assert reads[0] > 10


@pytest.mark.parametrize("prune", ["false", "true"])
def test_a_watch_outlives_a_shelf_that_is_away(shelf: Shelf, prune: str) -> None:
    all_right(shelf.load())
    ready = shelf.read(".ready")
    shelf.fault("down")
    process = shelf.start(MODE="watch", RETRIES="1", PRUNE=prune)
    assert process.stdout
    assert any("the present models stay; next check in 0.1 s" in line for line in process.stdout)
    assert process.poll() is None
    assert shelf.read(".ready") == ready  # else whoever starts now would wait for the shelf
    shelf.mend("down")
    shelf.put("bert:v1", "sha256:new", config="new", weights="1")
    wait_for(lambda: shelf.read("bert/config") == "new")
    process.terminate()
    assert Ended(process).code == 143


def test_a_watch_with_nothing_to_serve_ends_with_the_reason(shelf: Shelf) -> None:
    shelf.fault("login")
    ended = shelf.load(MODE="watch")
    assert (ended.code, ended.err.strip()) == (65, "the shelf refuses who asks")


@each_shell
@pytest.mark.parametrize("delay", [0.1, 0.3, 0.6])
def test_a_killed_loader_leaves_nothing_half_done(shelf: Shelf, shell: list[str], delay: float) -> None:
    shelf.put("bert:v1", "sha256:one", **{f"part{number}": str(number) for number in range(6)})
    process = shelf.start(shell=shell, SLOW="0.1")
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (shelf.target / ".ready").exists() or (shelf.target / "bert").exists()
    all_right(shelf.load(shell=shell))
    assert sorted(path.name for path in (shelf.target / "bert").iterdir()) == [f"part{number}" for number in range(6)]
    fetched = [line for line in shelf.log() if line.startswith("fetch")]
    assert len(fetched) <= 7  # the one that was cut comes again


@each_shell
def test_two_loaders_at_once_fetch_once(shelf: Shelf, shell: list[str]) -> None:
    first, second = shelf.start(shell=shell, SLOW="0.3"), shelf.start(shell=shell, SLOW="0.3")
    for process in (first, second):
        all_right(Ended(process))
    assert sorted(line for line in shelf.log() if line.startswith("fetch")) == [
        "fetch bert:v1 config",
        "fetch bert:v1 weights",
    ]


def test_a_fetch_that_broke_off_is_taken_up_where_it_was(shelf: Shelf) -> None:
    shelf.fault("cut")
    ended = all_right(shelf.load())
    assert "bert:v1: attempt 1 failed: it broke off; next attempt in 0 s" in ended.out
    assert len([line for line in shelf.log() if line.startswith("fetch")]) == 2


def test_a_fetch_that_stands_still_is_ended(shelf: Shelf) -> None:
    shelf.fault("stall")
    ended = shelf.load(STALL="1", RETRIES="1")
    assert ended.code == 69
    assert "no progress for 1 seconds" in ended.err


def test_a_file_that_was_lost_is_noticed(shelf: Shelf) -> None:
    all_right(shelf.load())
    (shelf.target / "bert/weights").resolve().write_text("cut short")
    all_right(shelf.load())
    assert shelf.read("bert/weights") == "1" * 5000


def test_a_filter_that_matches_nothing_is_refused(shelf: Shelf) -> None:
    shelf.ask_for("bert\tbert:v1\tdocs")
    ended = shelf.load()
    assert ended.code == 66
    assert "bert:v1: no file was downloaded for the filter docs" in ended.err
    assert not (shelf.target / "bert").exists()


def test_another_filter_is_another_version(shelf: Shelf) -> None:
    all_right(shelf.load())
    shelf.ask_for("bert\tbert:v1\tconfig")
    all_right(shelf.load())
    assert [path.name for path in (shelf.target / "bert").iterdir()] == ["config"]


@pytest.mark.parametrize("prune", ["false", "true"])
def test_a_model_that_is_no_longer_asked_for_goes_only_when_asked(shelf: Shelf, prune: str) -> None:
    shelf.ask_for("bert\tbert:v1\t", "vision/1\tresnet:v2\t")
    all_right(shelf.load())
    shelf.ask_for("bert\tbert:v1\t")
    all_right(shelf.load(MODE="refresh", PRUNE=prune))
    assert (shelf.target / "vision/1/weights").exists() == (prune == "false")
    assert [row[0] for row in shelf.table(".models")] == ["bert"] + ["vision/1"] * (prune == "false")
    assert (shelf.target / ".versions/vision=1").exists() == (prune == "false")
    all_right(shelf.load())


def test_a_folder_of_somebody_else_is_left_alone(shelf: Shelf) -> None:
    (shelf.target / "bert").mkdir()
    ended = shelf.load()
    assert ended.code == 64
    assert f"{shelf.target}/bert exists and was not created by a loader" in ended.err


def test_a_target_that_cannot_be_written_is_named(shelf: Shelf) -> None:
    ended = shelf.load(uid=1000)
    assert ended.code == 77
    assert "uid 1000 cannot write to" in ended.err


def test_an_unknown_mode_is_refused(shelf: Shelf) -> None:
    assert shelf.load(MODE="sometimes").code == 64
