"""A new fragment builds and validates as it stands, and the stack that it is added to keeps every other byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chartgen import paths
from chartgen.chart import disk
from chartgen.compose import building
from chartgen.kubernetes import prepare
from chartgen.problem import Collected, Faults
from chartgen.programs import tools
from chartgen.proofs import checks, runs
from chartgen.sources import scaffold

NEWEST = ["1.37.0"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of somebody's own, with a copy of llm-stack's recipe."""
    shutil.copy(paths.HERE / "stacks/llm-stack/stack.yaml", tmp_path / "stack.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*arguments):
    with pytest.raises(Faults) as caught:
        scaffold.create(*arguments)
    return [str(problem) for problem in caught.value.problems]


def test_new_fragment_builds_and_validates_as_it_stands(project, helm):
    said = scaffold.create("observe/warm-greeting", None, "stack.yaml")
    assert len(said) == 3
    made = building.composed(None)
    disk.write(made.chart, Path("charts/x"))
    own = [made.stack.fragments[-1]]
    assert own[0].id == "observe/warm-greeting"
    collected = Collected()
    cases = runs.cases(own, NEWEST, collected)
    rejections = runs.rejections(own, NEWEST, set(), project, collected)
    assert (collected.problems, len(cases), len(rejections)) == ([], 1, 1)
    results = runs.go([*cases, *rejections], Path("charts/x"), Path(helm), (), print)
    assert runs.faults(results) == []
    made = checks.read(results)
    kubeconform = tools.ensure(["kubeconform"], print)["kubeconform"].path
    prepare.prepare(print)
    found = [*checks.objects(made, prepare.schema_locations(), kubeconform, print), *checks.wired(made)]
    assert checks.problems(found, {}) == []
    (greeting,) = (each for each in made.made[0][1] if each.data["metadata"]["name"] == "llm-warm-greeting")
    assert greeting.data["data"] == {"text": "Welcome."}


def test_stack_gains_two_lines_and_keeps_the_others(project):
    before = Path("stack.yaml").read_text().splitlines()
    scaffold.create("hello", None, "stack.yaml")
    after = Path("stack.yaml").read_text().splitlines()
    assert [line for line in after if line not in before] == ["fragmentPaths: [fragments]", "- hello"]
    assert [line for line in after if line in before] == before
    scaffold.create("observe/second", None, "stack.yaml")
    assert Path("stack.yaml").read_text().splitlines()[-len(before) :][-1] == "- observe/second"
    assert Path("stack.yaml").read_text().count("fragmentPaths") == 1


@pytest.mark.parametrize(
    ("recipe", "wanted"),
    [
        (
            "fragments:\n  - base # one\n  # next\n  -   'b'   # last",
            "fragments:\n  - base # one\n  # next\n  -   'b'   # last\n  -   new\n",
        ),
        ("fragments: [ base, b ]  # all\nx: 1\n", "fragments: [ base, b, new]  # all\nx: 1\n"),
        ("fragments: []\n", "fragments: [new]\n"),
        ("fragments: [\n  base]\n", "fragments: [\n  base, new]\n"),
        ("fragments:\r\n- base\r\nx: 1\r\n", "fragments:\r\n- base\r\n- new\r\nx: 1\r\n"),
    ],
)
def test_list_of_any_layout_gets_one_item_more(tmp_path, recipe, wanted):
    own = "fragmentPaths: [fragments]" + ("\r\n" if "\r\n" in recipe else "\n")
    (tmp_path / "stack.yaml").write_bytes((own + recipe).encode())
    scaffold.create("new", tmp_path / "fragments", str(tmp_path / "stack.yaml"))
    assert (tmp_path / "stack.yaml").read_bytes().decode() == own + wanted


def test_folder_elsewhere_is_added_to_those_searched(tmp_path):
    (tmp_path / "stack.yaml").write_text("fragmentPaths:\n- one\n# The list.\nfragments:\n- base\n")
    scaffold.create("new", tmp_path / "two", str(tmp_path / "stack.yaml"))
    text = (tmp_path / "stack.yaml").read_text()
    assert text == "fragmentPaths:\n- one\n- two\n# The list.\nfragments:\n- base\n- new\n"
    (tmp_path / "stack.yaml").write_text("# The list.\nfragments:\n- base\n")
    scaffold.create("other", tmp_path / "two", str(tmp_path / "stack.yaml"))
    assert (tmp_path / "stack.yaml").read_text() == "fragmentPaths: [two]\n# The list.\nfragments:\n- base\n- other\n"


def test_stack_that_cannot_be_added_to_is_left_alone_and_nothing_is_made(project):
    text = "fragments: [\n  base,\n]\n"
    Path("stack.yaml").write_text(text)
    (problem,) = refused("new", None, "stack.yaml")
    assert problem == (
        "stack.yaml:1: fragments: is laid out so that nothing can be added safely; add 'new' there yourself, and leave "
        "--stack out here"
    )
    assert Path("stack.yaml").read_text() == text
    assert not Path("fragments").exists()


def test_stack_that_is_none_is_a_problem(project):
    Path("stack.yaml").write_text("- base\n")
    assert refused("new", None, "stack.yaml") == ["stack.yaml: is no stack; name a stack file"]
    assert refused("new", None, "none.yaml") == ["none.yaml: no such file; check the path"]


@pytest.mark.parametrize("name", ["", "New", "a b", "a/b/c", "/a", "a/", "../a", "a--b", "1a", "a_b"])
def test_bad_name_is_refused(project, name):
    assert "is no name for a fragment" in refused(name, None, None)[0]
    assert not Path("fragments").exists()


def test_name_that_is_taken_is_refused(project):
    scaffold.create("mine", None, None)
    assert refused("mine", None, None) == ["fragments/mine: is there already; choose another name, or remove it first"]
    assert refused("engine/vllm", None, None) == [
        "engine/vllm: is one of chartgen's own fragments; choose another name"
    ]


def test_without_a_stack_it_says_what_to_add_where(project):
    said = scaffold.create("mine", None, None)
    assert said[1] == "next: add 'mine' to fragments in your stack.yaml, and fragments to its fragmentPaths"


def test_in_the_checkout_it_goes_beside_chartgens_own(monkeypatch, tmp_path):
    own = tmp_path / "chartgen"
    shutil.copytree(paths.HERE / "fragments/base", own / "fragments/base")
    monkeypatch.setattr(paths, "HERE", own)
    monkeypatch.chdir(tmp_path)
    said = scaffold.create("observe/mine", None, None)
    assert said[0] == "chartgen/fragments/observe/mine: 6 files"
    assert said[1] == "next: add 'observe/mine' to fragments in your stack.yaml"
