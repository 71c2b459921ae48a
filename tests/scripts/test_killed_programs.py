"""A program that a loader runs is killed, as by a node without memory: it decides nothing, and nothing else is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.faults import PROGRAMS, stand_in
from scripts.test_directory_script import Shelf, all_right

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Two models that are there, one of them without one of its files."""
    shelf = Shelf(tmp_path / "world")
    shelf.put("bert:v1", "sha256:one", config="small", weights="1" * 5000)
    shelf.put("resnet:v2", "sha256:two", weights="2" * 7000)
    shelf.ask_for("bert\tbert:v1\t", "resnet\tresnet:v2\t")
    all_right(shelf.load())
    (shelf.target / "bert").resolve().joinpath("weights").unlink()
    yield shelf
    assert not (tmp_path / "bin/outside").exists(), (tmp_path / "bin/outside").read_text()


def killing(root: Path, name: str, printed: int) -> str:
    """A PATH on which a program is killed each time that it runs, after the first bytes of what it prints."""
    folder = root / "bin"
    folder.mkdir()
    rm, program, head = (shutil.which(each) or each for each in ("rm", name, "head"))
    some = f'{program} "$@" | {head} -c {printed}\n' if printed else ""
    stand_in(folder, rm, "", root)
    stand_in(folder, program, f"{some}kill -KILL $$\n", root)
    return str(folder)


KILLED = sorted({*PROGRAMS.split()} - {"rm"})


@pytest.mark.parametrize(
    ("name", "mode"),
    [*((name, "once") for name in KILLED), *((name, "refresh") for name in ("awk", "cut", "find", "sed", "sort"))],
)
def test_a_killed_program_makes_no_model_ready_and_removes_none(
    shelf: Shelf, tmp_path: Path, name: str, mode: str
) -> None:
    path = killing(tmp_path, name, 0)
    ended = shelf.load(MODE=mode, PRUNE="true", RETRIES="2", PATH=f"{path}:{shelf.env['PATH']}")
    assert ended.code in (0, 69, 70), ended
    if ended.code == 70:
        assert "a process of the loader was killed" in ended.err
    if ended.code == 0:
        assert shelf.read("bert/weights") == "1" * 5000
    assert shelf.read("resnet/weights") == "2" * 7000
    all_right(shelf.load())
    assert shelf.read("bert/weights") == "1" * 5000


@pytest.mark.parametrize("name", ["mktemp", "cut", "sed", "tr", "sha256sum"])
def test_a_part_of_a_path_is_no_path(shelf: Shelf, tmp_path: Path, name: str) -> None:
    path = killing(tmp_path, name, 5)
    shelf.load(PRUNE="true", RETRIES="2", PATH=f"{path}:{shelf.env['PATH']}")
    assert shelf.read("resnet/weights") == "2" * 7000
    all_right(shelf.load())
