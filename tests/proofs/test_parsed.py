"""Documents that were read before are found by their texts, and only if they are what was kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chartgen.proofs import parsed
from chartgen.proofs.parsed import Texts

MADE = {
    "a: 1\n": {"a": 1},
    "b: [x, 1.5, null, true]\n": {"b": ["x", 1.5, None, True]},
    'c: "\\u2028é"\n': {"c": "\u2028é"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "proved/documents.sqlite"


def test_what_was_kept_is_recalled_by_another_process(file: Path) -> None:
    Texts(file, "world").keep(MADE)
    assert Texts(file, "world").recalled([*MADE, "other: 1\n"]) == MADE


def test_nothing_is_recalled_in_another_world_or_where_it_is_not_known(file: Path) -> None:
    Texts(file, "world").keep(MADE)
    assert Texts(file, "another").recalled(MADE) == {}
    Texts(file, "").keep({"d: 1\n": {"d": 1}})
    assert Texts(file, "").recalled([*MADE, "d: 1\n"]) == {}


def test_what_was_recalled_is_not_written_again(file: Path) -> None:
    Texts(file, "world").keep(MADE)
    texts = Texts(file, "world")
    before = file.read_bytes()
    texts.keep(texts.recalled(MADE))
    assert file.read_bytes() == before


def test_a_row_that_is_damaged_or_of_another_text_is_not_recalled(file: Path) -> None:
    Texts(file, "world").keep(MADE)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("UPDATE documents SET data = replace(data, '1', '2')")
    assert Texts(file, "world").recalled(MADE) == {'c: "\\u2028é"\n': {"c": "\u2028é"}}
    with closing(sqlite3.connect(file)) as opened, opened:
        first = "(SELECT {} FROM documents LIMIT 1)"
        opened.execute(f"UPDATE documents SET data = {first.format('data')}, seal = {first.format('seal')}")
    assert Texts(file, "world").recalled(MADE).items() <= MADE.items()


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 4096], ids=["empty", "text", "cut"]
)
def test_a_file_that_is_no_database_has_nothing(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    texts = Texts(file, "world")
    assert texts.recalled(MADE) == {}
    texts.keep(MADE)
    assert Texts(file, "world").recalled(MADE) in ({}, MADE)


def test_a_file_that_another_process_holds_costs_time_only(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Texts(file, "world").keep(MADE)
    monkeypatch.setattr(parsed, "PATIENCE", 0.01)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert Texts(file, "world").recalled(MADE) == {}
        Texts(file, "world").keep({"d: 1\n": {"d": 1}})
    assert Texts(file, "world").recalled([*MADE, "d: 1\n"]) == MADE


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "proved").write_text("a file")
    texts = Texts(tmp_path / "proved/documents.sqlite", "world")
    texts.keep(MADE)
    assert texts.recalled(MADE) == {}


def test_the_newest_stay_where_there_are_too_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "MOST", 10)
    monkeypatch.setattr(parsed, "KEPT", 4)
    for number in range(11):
        Texts(file, "world").keep({f"n: {number}\n": {"n": number}})
    found = Texts(file, "world").recalled([f"n: {number}\n" for number in range(11)])
    assert sorted(each["n"] for each in found.values()) == [7, 8, 9, 10]
