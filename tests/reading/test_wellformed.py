"""What was read once is kept, and only what may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from chartgen.problem import Faults
from chartgen.reading import wellformed, yamlfile

GOOD = "summary: A little fragment.\nfills:\n  a.b: fragment.a.c\n"


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A home of the test's own; the folder in which what was read is kept."""
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    wellformed._memory.cache_clear()
    yield tmp_path / "home/read"
    wellformed._memory.cache_clear()


@pytest.fixture
def parsed(monkeypatch):
    """The texts that were parsed, in order."""
    texts = []
    parse = yamlfile.parse
    monkeypatch.setattr(yamlfile, "parse", lambda text, shown: texts.append(text) or parse(text, shown))
    return texts


def read(folder: Path, text: str):
    file = folder / "fragment.yaml"
    file.write_text(text)
    return wellformed.read(file, "a/fragment.yaml", "fragment.schema.json")


def test_text_is_parsed_once_and_has_the_same_data_and_lines_after_that(tmp_path, memory, parsed):
    first, second = read(tmp_path, GOOD), read(tmp_path, GOOD)
    assert parsed == [GOOD]
    assert first == second
    assert second.lines[("fills", "a.b")] == 3
    assert second.data["fills"] == {"a.b": "fragment.a.c"}


def test_text_with_a_problem_is_read_again_and_keeps_its_problem(tmp_path, memory, parsed):
    wrong = GOOD.replace("fills", "filsl")
    for _ in range(2):
        with pytest.raises(Faults, match="filsl: no such key"):
            read(tmp_path, wrong)
    assert [text for text in parsed if text == wrong] == [wrong, wrong]
    assert not memory.exists()


@pytest.mark.parametrize("left", [b"", b"\xff", b"{", b"i\x01\x00\x00\x00"])
def test_what_a_lost_disk_left_is_not_used(tmp_path, memory, parsed, left):
    read(tmp_path, GOOD)
    [file] = memory.iterdir()
    file.write_bytes(left)
    assert read(tmp_path, GOOD).data["summary"] == "A little fragment."
    assert len(parsed) == 2


def test_another_reader_reads_anew(tmp_path, memory, parsed, monkeypatch):
    read(tmp_path, GOOD)
    monkeypatch.setattr(wellformed, "_reader", lambda: "changed")
    read(tmp_path, GOOD)
    assert len(parsed) == 2


def test_home_that_cannot_be_written_costs_time_alone(tmp_path, memory, parsed):
    memory.parent.write_text("a file where the folder would be")
    assert read(tmp_path, GOOD) == read(tmp_path, GOOD)
    assert len(parsed) == 2
