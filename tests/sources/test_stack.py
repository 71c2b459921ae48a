"""A stack file becomes a stack, or sentences that say what is wrong with it."""

from pathlib import Path

import pytest
from conftest import ROOT, outcome

from chartgen.sources import stack as stacks


def test_stack_names_the_fragment_meant(stack):
    found, problems = stack({"a": {}, "engine/olama": None})
    assert found is None
    assert [problem.remedy for problem in problems] == ["did you mean 'engine/ollama'?"]


def test_own_folder_is_searched_before_chartgens(stack):
    found, problems = stack({"base": {"summary": "another base"}})
    assert not problems
    assert found.fragments[0].summary == "another base"


def test_missing_fragment_folder_is_named(stack):
    _, problems = stack({"a": {}}, fragmentPaths=["fragments", "more"])
    assert any("no such folder" in problem.message for problem in problems)


def test_unknown_stack_lists_chartgens_own():
    _, problems = outcome(stacks.read, stacks.find("nothing"))
    assert "llm-stack" in problems[0].remedy


@pytest.mark.parametrize(("name", "here"), [(None, ROOT), ("llm-stack", ROOT), ("llm-stack", "/")])
def test_llm_stack_is_found_by_name_and_in_the_checkout_without_one(name, here, monkeypatch):
    monkeypatch.chdir(here)
    assert stacks.find(name).parts[-2:] == ("llm-stack", "stack.yaml")


def test_stack_file_in_this_folder_comes_first(monkeypatch, tmp_path):
    (tmp_path / "stack.yaml").write_text("x: 1\n")
    monkeypatch.chdir(tmp_path)
    assert stacks.find(None) == Path("stack.yaml")


def test_bad_chart_name_is_refused_with_its_line(stack):
    chart = {"name": "Little Chart", "version": "1", "description": "x"}
    _, problems = stack({"a": {}}, chart=chart)
    assert {problem.key for problem in problems} == {"chart.name", "chart.version"}
    assert all(problem.line == 1 for problem in problems)


def test_cases_of_chartgens_fragments_are_its_own_stacks_business(stack):
    found, _ = stack({"a": {}, "base": None})
    assert [fragment.id for fragment in found.own_fragments] == ["a"]
    own, _ = outcome(stacks.read, stacks.find("llm-stack"))
    assert own.own_fragments == own.fragments


@pytest.mark.parametrize("file", ["stack.yaml", "README.md", "CHANGELOG.md"])
def test_file_of_a_stack_that_is_not_utf_8_is_a_problem(stack, tmp_path, file):
    stack({"base": {}})
    (tmp_path / file).write_bytes(b"# \xff\n")
    _, problems = outcome(stacks.read, tmp_path / "stack.yaml")
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/{file}:1: is not UTF-8 from this line on; save the file as UTF-8"
    ]
