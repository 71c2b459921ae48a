"""Files that others wrote: every one is a text, or a sentence that says why it is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from conftest import outcome

from chartgen import files
from chartgen.sources import stack as stacks

RECIPE = "chart: {name: little, version: 1.0.0, description: Little.}\nfragmentPaths: [fragments]\nfragments: [g/a]\n"


@pytest.fixture
def place(write, monkeypatch):
    """A stack with one fragment in a group."""
    folder = write(
        {
            "work/stack.yaml": RECIPE,
            "work/fragments/g/a/fragment.yaml": {"summary": "A little fragment."},
            "work/fragments/g/a/files/own.txt": "own",
            "outside/secret.txt": "secret",
            "outside/b/fragment.yaml": {"summary": "Another."},
        }
    )
    monkeypatch.chdir(folder / "work")
    return folder / "work"


def said(place):
    return [str(problem) for problem in outcome(stacks.read, place / "stack.yaml")[1]]


@pytest.mark.parametrize(
    "link",
    [
        "fragments/g/a/files/env.txt",
        "fragments/g/a/templates/x.yaml",
        "fragments/g/a/cases/x.yaml",
        "fragments/g/a/values.schema.yaml",
        "examples/x.yaml",
        "ci/x.yaml",
        "README.md",
        "NOTES.txt",
        "CHANGELOG.md",
    ],
)
def test_a_link_among_the_sources_is_refused(place, link):
    (place / link).parent.mkdir(parents=True, exist_ok=True)
    (place / link).symlink_to(place.parent / "outside/secret.txt")
    sentence = "is a symbolic link; put a copy of what it points to in its place"
    assert said(place) == [f"{link}: {sentence}"]


@pytest.mark.parametrize("folder", ["fragments/g/a/files/more", "fragments/g/a/templates", "examples"])
def test_a_folder_of_sources_is_no_link(place, folder):
    (place / folder).symlink_to(place.parent / "outside")
    assert [line.split(": ")[0] for line in said(place)] == [folder]


def test_a_fragment_or_its_group_is_no_link(place):
    (place / "fragments/g").rename(place.parent / "elsewhere")
    (place / "fragments/g").symlink_to(place.parent / "elsewhere")
    assert [line.split(": ")[0] for line in said(place)] == ["fragments/g"]


def test_what_an_editor_leaves_may_be_a_link(place):
    (place / "fragments/g/a/files/.#own.txt").symlink_to("me@here.1")
    assert said(place) == []


def test_pipes_folders_and_missing_files_are_named_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = [outcome(files.text, tmp_path / name, name)[1][0] for name in ("pipe", ".", "none", "x" * 300)]
    assert [problem.message for problem in found] == [
        "is a named pipe",
        "is a folder",
        "no such file",
        "the path is too long",
    ]


def test_a_file_is_read_up_to_a_limit(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 2_000_000)
    assert outcome(files.data, tmp_path / "large", "large", 1 << 20)[1][0].message == "is larger than 1 MiB"


@pytest.mark.parametrize("file", ["stack.yaml", "NOTES.txt", "ci/a.yaml", "fragments/g/a/files/own.txt"])
def test_a_source_that_is_not_utf8_is_named_with_its_line(place, file):
    (place / file).parent.mkdir(exist_ok=True)
    (place / file).write_bytes(b"# a\n# b\xff\n")
    assert said(place) == [f"{file}:2: is not UTF-8 from this line on; save the file as UTF-8"]


def test_a_file_is_replaced_through_a_link_and_keeps_its_mode(tmp_path):
    (tmp_path / "file").write_bytes(b"a")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    assert files.write(tmp_path / "link", b"b")
    assert (tmp_path / "link").is_symlink()
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "file").stat().st_mode & 0o777) == (b"b", 0o640)


def test_what_a_killed_write_left_is_removed_by_the_next_even_where_nothing_changes(tmp_path):
    file = tmp_path / "one.tgz"
    for before in (b"old", b"new"):
        file.write_bytes(before)
        (tmp_path / ".one.tgz.999999999").write_bytes(b"ne")
        files.write(file, b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["one.tgz"]


def test_a_write_leaves_what_a_running_process_is_writing(tmp_path):
    other = tmp_path / f".one.tgz.{os.getppid()}"
    other.write_bytes(b"ne")
    files.write(tmp_path / "one.tgz", b"new")
    assert other.exists()


def test_what_is_no_regular_file_is_written_into_and_stays_what_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for place in (pipe, tmp_path / "link"):
        assert files.write(place, b"told")
        assert os.read(end, 99) == b"told"
    os.close(end)
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)
    main, terminal = os.openpty()
    name = Path(os.ttyname(terminal))
    assert files.write(name, b"told")
    assert os.read(main, 99) == b"told"
    assert stat.S_ISCHR(os.stat(name).st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


def test_what_a_shell_has_opened_is_not_replaced(tmp_path):
    with (tmp_path / "out").open("ab") as out:
        out.write(b"before ")
        out.flush()
        assert files.write(Path(f"/proc/self/fd/{out.fileno()}"), b"told ")
        out.write(b"after")
    assert (tmp_path / "out").read_bytes() == b"before told after"
