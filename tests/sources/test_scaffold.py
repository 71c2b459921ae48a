"""A new fragment builds and validates as it stands, and the stack that it is added to keeps every other byte."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from chartgen import paths
from chartgen.chart import disk
from chartgen.compose import building
from chartgen.kubernetes import definitions
from chartgen.problem import Faults
from chartgen.proofs import validate as proofs
from chartgen.release import releasing
from chartgen.sources import scaffold


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


def prove(*ids):
    report = proofs.only(list(ids), Path("stack.yaml"), lambda text: None)
    return [str(problem) for problem in report.problems], report


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*scaffold.kinds(), "anything"])
def test_new_fragment_of_each_kind_validates_with_a_case_and_a_rejection(project, kind):
    said = scaffold.create(f"{kind}/a-new-one", None, "stack.yaml")
    assert len(said) == 4
    problems, report = prove(f"{kind}/a-new-one")
    assert problems == []
    cases, rejections = re.match(r"(\d+) cases?, (\d+) rejections?", report.proved).groups()
    assert int(cases) > 0
    assert int(rejections) > 0


@pytest.mark.slow
def test_fragments_of_all_kinds_fit_into_one_stack(project):
    ids = [f"{kind}/one-{kind}" for kind in scaffold.kinds()]
    for id in ids:
        scaffold.create(id, None, "stack.yaml")
    problems, _ = prove("base")
    assert problems == []


@pytest.mark.slow
def test_new_fragment_validates_before_it_is_changed(project):
    scaffold.create("warm-greeting", None, "stack.yaml")
    assert prove("warm-greeting")[0] == []


def test_skeletons_leave_no_placeholder(project):
    for kind in [*scaffold.kinds(), "anything"]:
        scaffold.create(f"{kind}/a-new-one", None, None)
    files = [file for file in Path("fragments").rglob("*") if file.is_file()]
    left = [str(file) for file in files if re.search(r"\b(KEY|WORD|DOTTED|ID)\b", f"{file} {file.read_text()}")]
    assert left == []
    assert "aNewOne:" in Path("fragments/engine/a-new-one/values.schema.yaml").read_text()


def test_words_that_only_contain_a_placeholder_stay():
    assert scaffold._filled("API_KEY KEYS VALID: ID", "a/b-c") == "API_KEY KEYS VALID: a/b-c"


@pytest.mark.slow
def test_new_stack_builds_validates_and_packages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = scaffold.create_stack("team-llm", None)
    assert said[1] == "next: cd team-llm && chartgen build && chartgen validate && chartgen package"
    monkeypatch.chdir("team-llm")
    made = building.composed(None)
    assert disk.write(made.chart, Path("charts/team-llm"))
    report = proofs.validate(Path("charts/team-llm"), [], made, lambda text: None)
    assert [str(problem) for problem in report.problems] == []
    releasing.make(made, Path("."), None, None, False, lambda text: None)
    assert Path("team-llm-0.1.0.tgz").is_file()


@pytest.fixture(params=["new stack", "tiny-llm"])
def anybodys(request, tmp_path, monkeypatch):
    """The folder of a new stack, or of the one that README has."""
    monkeypatch.chdir(tmp_path)
    if request.param == "new stack":
        scaffold.create_stack("team-llm", None)
        monkeypatch.chdir("team-llm")
        return
    readme = (paths.HERE.parent / "README.md").read_text(encoding="utf-8")
    Path("stack.yaml").write_text(re.search(r"cat > stack.yaml << EOF\n(.*?)EOF\n", readme, re.S)[1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*scaffold.kinds(), "anything"])
def test_new_fragment_builds_and_validates_in_any_stack(anybodys, kind, monkeypatch):
    newest = definitions.versions()[-1:]
    monkeypatch.setattr(proofs, "definitions", SimpleNamespace(versions=lambda: newest))
    said = scaffold.create(f"{kind}/my-{kind}", None, "stack.yaml")
    assert said[1].startswith("stack.yaml: added")
    made = building.composed(None)
    place = Path("charts") / made.chart.name
    disk.write(made.chart, place)
    report = proofs.validate(place, [], made, lambda text: None)
    assert [str(problem) for problem in (*report.problems, *report.warnings)] == []


@pytest.mark.slow
def test_stack_gets_what_a_new_fragment_and_its_cases_use_and_it_is_said(tmp_path):
    (tmp_path / "stack.yaml").write_text("fragmentPaths: [fragments]\nfragments: [base, model, server]\n")
    said = scaffold.create("engine/mine", tmp_path / "fragments", str(tmp_path / "stack.yaml"))
    used = "gpu, loader, source/huggingface, delivery/none"
    assert said[1].endswith(f"stack.yaml: added, with what it and its cases use: {used}")
    fragments = "fragments: [base, model, server, gpu, loader, source/huggingface, delivery/none, engine/mine]\n"
    assert (tmp_path / "stack.yaml").read_text() == f"fragmentPaths: [fragments]\n{fragments}"


def test_group_that_is_a_misspelt_kind_is_refused_unless_it_is_meant(project):
    assert refused("egine/mine", None, "stack.yaml") == [
        "egine/mine: 'egine' is not a kind of fragment; did you mean 'engine'? "
        "To create a new group with this name, add --other-group"
    ]
    assert not Path("fragments").exists()
    scaffold.create("egine/mine", None, "stack.yaml", True)
    assert Path("fragments/egine/mine/fragment.yaml").is_file()


def test_new_stack_with_a_bad_or_taken_name_is_refused(project):
    with pytest.raises(Faults) as caught:
        scaffold.create_stack("Team", None)
    assert str(caught.value) == "Team: is not a name for a chart; use lowercase letters, digits and dashes: team-llm"
    Path("team").mkdir()
    with pytest.raises(Faults) as caught:
        scaffold.create_stack("team", None)
    assert str(caught.value) == "team: is there already; choose another name, or remove it first"


def test_document_that_it_names_is_there(project):
    said = scaffold.create("mine", None, None)
    assert Path(said[-1].partition(": ")[2]).is_file()


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
        ("fragments: []\n", "fragments: [base, new]\n"),
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
    assert refused("new", None, "stack.yaml") == ["stack.yaml: is not a stack; name a stack file"]
    assert refused("new", None, "none.yaml") == ["none.yaml: no such file; check the path"]


@pytest.mark.parametrize("name", ["", "New", "a b", "a/b/c", "/a", "a/", "../a", "a--b", "1a", "a_b"])
def test_bad_name_is_refused(project, name):
    assert "is not a name for a fragment" in refused(name, None, None)[0]
    assert not Path("fragments").exists()


@pytest.mark.parametrize("word", ["y", "no", "on", "true", "null"])
def test_name_that_yaml_takes_for_something_else_is_refused(project, word):
    said = f"{word}: is read by YAML as a boolean or as nothing; choose another name"
    assert refused(f"engine/{word}", None, None) == [f"engine/{said}"]
    with pytest.raises(Faults, match=said):
        scaffold.create_stack(word, None)


def test_name_whose_values_another_fragment_has_is_refused(project):
    assert refused("ui/model-cache", None, "stack.yaml") == [
        "ui/model-cache: its values would be under 'modelCache', which storage/model-cache declares already; "
        "choose another name"
    ]


def test_name_that_is_taken_is_refused(project):
    scaffold.create("mine", None, None)
    assert refused("mine", None, None) == ["fragments/mine: is there already; choose another name, or remove it first"]
    assert refused("engine/vllm", None, None) == [
        "engine/vllm: is one of chartgen's own fragments; choose another name"
    ]


def test_without_a_stack_it_says_what_to_add_where(project):
    said = scaffold.create("mine", None, None)
    assert said[1] == "next: add 'mine' to fragments in your stack.yaml, and 'fragments' to its fragmentPaths"


def test_in_the_checkout_it_goes_beside_chartgens_own(monkeypatch, tmp_path):
    own = tmp_path / "chartgen"
    shutil.copytree(paths.HERE / "fragments/base", own / "fragments/base")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(paths, "HERE", own)
    monkeypatch.chdir(tmp_path)
    said = scaffold.create("observe/mine", None, None)
    assert said[0] == "chartgen/fragments/observe/mine: 7 files"
    assert said[1] == "next: add 'observe/mine' to fragments in your stack.yaml"
