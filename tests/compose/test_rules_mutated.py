"""Each rule on a fragment of the stack's own with one place changed: the builder refuses that place."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, outcome

from chartgen.compose import building, compose, merge, rules
from chartgen.reading import yamlfile
from chartgen.sources import fragment as fragments
from chartgen.sources import stack as stacks

pytestmark = pytest.mark.slow

MUTATIONS = yamlfile.read(Path(__file__).parent / "mutations.yaml").data


@pytest.fixture(scope="module")
def stack() -> stacks.Stack:
    return stacks.read(stacks.find("llm-stack"))


def test_the_stack_itself_breaks_no_rule(stack):
    assert rules.check(stack, merge.gather(stack), building.kubernetes()) == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_changed_fragment_is_refused_at_its_line(name, stack, tmp_path):
    change = MUTATIONS[name]
    own = next(one for one in stack.fragments if change["file"].startswith(f"{one.id}/"))
    shutil.copytree(ROOT / "chartgen/fragments" / own.id, tmp_path / own.id)
    mutate(tmp_path / change["file"], change.get("old", ""), change["new"])
    found, problems = outcome(fragments.load, tmp_path / own.id, own.id, f"chartgen/fragments/{own.id}")
    if found:
        changed = replace(stack, fragments=tuple(found if one is own else one for one in stack.fragments))
        _, problems = outcome(compose.compose, changed, building.kubernetes())
    meant = [str(problem) for problem in problems if change["said"] in str(problem)]
    assert meant, problems
    assert [line for line in meant if line.startswith(place(change, tmp_path))]


def mutate(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8") if old else ""
    assert old in text, f"{file} has no {old!r} any more"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def place(change: dict[str, str], folder: Path) -> str:
    """How the refusal begins: with the file and the line on which the text is, line breaks before it left out."""
    file, text = change.get("in", change["file"]), change.get("at", change["new"])
    if "old" not in change:
        return "chartgen/fragments/" + file.rpartition("/")[0].removesuffix("/templates")
    whole = (folder if (folder / file).is_file() else ROOT / "chartgen/fragments") / file
    content = whole.read_text(encoding="utf-8")
    at = content.index(text) + len(text) - len(text.lstrip("\n"))
    return f"chartgen/fragments/{file}:{content.count(chr(10), 0, at) + 1}: "
