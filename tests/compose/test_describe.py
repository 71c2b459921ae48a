"""What fragments there are, for people and for programs."""

import pytest

from chartgen import paths
from chartgen.compose import describe
from chartgen.problem import Faults
from chartgen.sources import stack


def test_every_fragment_is_listed_with_its_summary():
    found = describe.fragments(None)
    assert [fragment.id for fragment in found] == stack.available([paths.HERE / "fragments"])
    assert all(
        line.split(maxsplit=1)[1] == fragment.summary
        for line, fragment in zip(describe.brief(found), found, strict=True)
    )


def test_fragments_of_a_stack_are_listed_in_its_order():
    assert next(fragment.id for fragment in describe.fragments("llm-stack")) == "base"


def test_fragment_is_shown_with_its_slots_and_values():
    (server,) = describe.fragments("server")
    text = "\n".join(describe.details(server))
    for part in ("server.args", "list, server: ", "requires", "replicas", "[1]", "values of every server"):
        assert part in text
    data = describe.as_json(server)
    assert data["values"]["replicas"]["default"] == 1
    assert data["offers"]["server.args"]["kind"] == "list"
    assert data["requires"] == list(server.requires)


def test_choice_of_a_fragment_is_shown():
    (vllm,) = describe.fragments("engine/vllm")
    assert "    engine: vllm" in describe.details(vllm)


def test_own_fragments_of_the_stack_here_are_listed(write, monkeypatch):
    folder = write({"stack.yaml": "fragmentPaths: [own]\n", "own/mine/fragment.yaml": {"summary": "Mine."}})
    monkeypatch.chdir(folder)
    assert [fragment.folder for fragment in describe.fragments("mine")] == ["own/mine"]
    assert "mine" in [fragment.id for fragment in describe.fragments(None)]


def test_unknown_name_is_a_problem_with_the_one_meant():
    with pytest.raises(Faults) as caught:
        describe.fragments("engine/vlm")
    assert str(caught.value) == "engine/vlm: is neither a fragment nor a stack; did you mean 'engine/vllm'?"


def test_broken_fragment_is_a_problem(write, monkeypatch):
    folder = write({"stack.yaml": "fragmentPaths: [own]\n", "own/mine/fragment.yaml": {"sumary": "Mine."}})
    monkeypatch.chdir(folder)
    with pytest.raises(Faults) as caught:
        describe.fragments("mine")
    assert "own/mine/fragment.yaml:1: sumary: no such key" in str(caught.value)


def test_helpers_of_base_are_shown_with_their_arguments():
    (base,) = describe.fragments("base")
    found = describe.helpers(base)
    assert found["fragment.labels"].startswith("(list CONTEXT COMPONENT): ")
    assert {name for name, said in found.items() if not said} == set()
    assert "    fragment.labels " in "\n".join(describe.details(base))
    assert describe.as_json(base)["helpers"] == found
    assert not found.keys() & set(base.fills.values())


def test_comment_belongs_to_the_template_directly_below_it(write, monkeypatch):
    text = (
        '{{- /* One. */}}\n{{- define "fragment.mine.one" -}}\n{{- /* Inside. */}}\n{{- end }}\n'
        '{{- define "fragment.mine.two" -}}{{ end }}\n{{- /* Given\na map. */ -}}\n'
        '{{ define "fragment.mine.three" }}{{ end }}'
    )
    own = {"own/mine/fragment.yaml": {"summary": "Mine."}, "own/mine/templates/_mine.tpl": text}
    monkeypatch.chdir(write({"stack.yaml": "fragmentPaths: [own]\n"} | own))
    (mine,) = describe.fragments("mine")
    assert describe.helpers(mine) == {
        "fragment.mine.one": "One.",
        "fragment.mine.two": "",
        "fragment.mine.three": "Given a map.",
    }
