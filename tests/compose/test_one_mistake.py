"""One mistake is one problem, at the file and the line of the mistake: in a stack as authors get it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import outcome

from chartgen.compose import building
from chartgen.problem import Problem
from chartgen.reading import yamlfile
from chartgen.sources import scaffold

pytestmark = pytest.mark.slow

MISTAKES = yamlfile.read(Path(__file__).parent / "one-mistake.yaml").data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack as an author gets it, with an engine, a delivery and a UI."""
    folder = tmp_path_factory.mktemp("authors") / "mine"
    scaffold.create_stack("mine", folder)
    scaffold.create("engine/orca", folder / "fragments", str(folder))
    scaffold.create("delivery/push", folder / "fragments", str(folder))
    scaffold.create("ui/panel", folder / "fragments", str(folder))
    return folder


def problems_of(folder: Path) -> list[Problem]:
    _, problems = outcome(building.of_stack, folder / "stack.yaml")
    return problems


def test_the_authors_stack_has_no_mistake(written):
    assert problems_of(written) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_of_an_author_is_one_problem_at_its_line(name, written, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(written, folder)
    mistake = MISTAKES[name]
    for change in (*mistake.get("also", ()), mistake):
        replaced(folder / change["file"], change["old"], change["new"])
    problems = problems_of(folder)
    file = folder / mistake.get("in", mistake["file"])
    assert [(problem.path, problem.line) for problem in problems] == [(str(file), line_of(file, mistake))], problems
    assert mistake["said"] in str(problems[0])


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r} any more"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(file: Path, mistake: dict[str, str]) -> int:
    """The line on which the text of a mistake is, line breaks before it left out."""
    text, at = file.read_text(encoding="utf-8"), mistake.get("at", mistake["new"])
    return text.count("\n", 0, text.index(at) + len(at) - len(at.lstrip("\n"))) + 1
