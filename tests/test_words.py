"""What a person reads is written in plain English: docs/style/words.yaml has the words that are not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

LIST = ROOT / "docs/style/words.yaml"
WORDS = yaml.safe_load(LIST.read_text(encoding="utf-8"))
READ = (
    "*.md",
    "docs/*.md",
    "chartgen/**/*.md",
    "chartgen/**/*.yaml",
    "chartgen/**/*.tpl",
    "chartgen/**/*.txt",
    "chartgen/**/*.sh",
    "chartgen/**/*.awk",
    "chartgen/**/*.py",
    "schemas/*.json",
)
# Made from the files above, or written by others.
MADE = (
    "schemas/kubernetes-definitions.json",
    "chartgen/programs/gotools/",
    "chartgen/configure/page/editor.licenses.txt",
)


def files() -> list[Path]:
    found = {file for pattern in READ for file in ROOT.glob(pattern)}
    return sorted(file for file in found if not file.relative_to(ROOT).as_posix().startswith(MADE))


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """What a person reads of a file, by its lines: all of it, but of Python only the texts that are printed."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py" and "fragments" not in file.parts:
        yield from printed(text, docstrings=file.name == "cli.py")
    else:
        yield from enumerate(text.splitlines(), 1)


def printed(source: str, docstrings: bool) -> Iterator[tuple[int, str]]:
    """(line, text) of every string constant; a command's docstring is its help, others are for who reads the code."""
    tree = ast.parse(source)
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (docstrings or id(node) not in own):
            for number, line in enumerate(node.value.splitlines()):
                yield node.lineno + number, line


def offences(text: str) -> list[str]:
    found = []
    for entry in WORDS:
        said = text
        for phrase in entry.get("but", ()):
            said = re.sub(re.escape(phrase), "", said, flags=re.IGNORECASE)
        if match := re.search(rf"(?<![\w./-])(?:{entry['word']})(?![\w/-])", said, re.IGNORECASE):
            found.append(f"'{match[0]}': write {entry['use']}")
    return found


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_a_person_reads_has_no_word_of_the_list(file):
    shown = file.relative_to(ROOT).as_posix()
    found = [f"{shown}:{number}: {offence}" for number, text in lines(file) for offence in offences(text)]
    assert not found, "\n".join(["", *found])


def test_the_list_finds_its_own_words():
    assert offences("Faults are told with their line") == ["'told': write printed, reported, named, notified"]
    assert offences("a stand-in for the registry") == []
    assert offences("It is no longer there") == []
