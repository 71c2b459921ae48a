"""Facts are laid in the order in which they are made of each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import outcome

from chartgen.compose import building, compose, facts, fit
from chartgen.sources import stack as stacks

EACH = "{{- range .Servers }}\n"
LAYS = '{{- include "fragment.servers" . }}\n'


def slot(kind: str = "one", scope: str = "server") -> dict[str, str]:
    return {"kind": kind, "scope": scope, "summary": "Known."}


def define(name: str, body: str) -> str:
    return f'{{{{- define "{name}" -}}}}\n{body}\n{{{{- end }}}}\n'


def made(stack, templates: str, fills: dict[str, str], files: dict[str, str] | None = None):
    """base offers the facts a, b and c, and the slot a.text; the fragment x has `templates` and `fills`."""
    keys = {"keys": {"v": {"type": "string", "description": "A value."}}}
    offers = {f"{name}.facts": slot() | keys for name in "abc"} | {"a.text": slot()}
    base = define("fragment.servers", "").rstrip() + "\n"
    found, problems = stack(
        {"base": {"offers": offers}, "x": {"fills": fills}},
        {"base/templates/_base.tpl": base, "x/templates/_x.tpl": templates} | (files or {}),
    )
    assert found, problems
    return found


def test_facts_come_after_those_that_their_fills_read_through_includes_and_slots(stack):
    found = made(
        stack,
        define("fragment.x.a", 'v: {{ include "fragment.x.inner" . | quote }}')
        + define("fragment.x.inner", '{{ include "fragment.slot.a.text" . }}')
        + define("fragment.x.text", "{{ .Facts.c.v }}")
        + define("fragment.x.c", "v: {{ .Facts.b.v | quote }}"),
        {"a.facts": "fragment.x.a", "a.text": "fragment.x.text", "c.facts": "fragment.x.c"},
    )
    assert facts.order(found.fragments, "server") == ["b", "c", "a"]
    chart, problems = outcome(compose.compose, found, {})
    assert not problems
    laid = chart.files["templates/_slots.tpl"]
    assert laid.index('set .Facts "b"') < laid.index('set .Facts "c"') < laid.index('set .Facts "a"')


def test_facts_that_read_each_other_are_refused_as_circular(stack):
    found = made(
        stack,
        define("fragment.x.a", "v: {{ .Facts.b.v | quote }}") + define("fragment.x.b", "v: {{ .Facts.a.v | quote }}"),
        {"a.facts": "fragment.x.a", "b.facts": "fragment.x.b"},
    )
    chart, problems = outcome(compose.compose, found, {})
    assert chart is None
    said = [str(problem).partition("/fragments/")[2] for problem in problems]
    assert said == [
        "x/templates/_x.tpl:2: .Facts.b: circular: a.facts needs b.facts needs a.facts; "
        "remove it, or read it where no facts are made",
        "x/templates/_x.tpl:5: .Facts.a: circular: a.facts needs b.facts needs a.facts; "
        "remove it, or read it where no facts are made",
    ]


@pytest.mark.parametrize("read", [".Facts.a.v", '(include "fragment.x.inner" .)', '(include "fragment.slot.a.text" .)'])
def test_facts_that_read_themselves_are_refused_at_the_line_that_does(stack, read):
    found = made(
        stack,
        define("fragment.x.a", f"# What it is.\nv: {{{{ quote {read} }}}}")
        + define("fragment.x.inner", "{{ .Facts.a.v }}"),
        {"a.facts": "fragment.x.a", "a.text": "fragment.x.inner"},
    )
    (problem,) = outcome(compose.compose, found, {})[1]
    assert str(problem).partition("/fragments/")[2].startswith("x/templates/_x.tpl:3: ")
    assert "circular: a.facts needs a.facts; remove it" in str(problem)


@pytest.mark.slow
def test_circle_of_facts_is_the_authors_and_not_of_a_fragment_that_he_uses(stack):
    """ollama fills engine.facts too, and comes first."""
    said = made_with(stack, "port: {{ int64 .Facts.engine.port }}")
    assert said == [
        "engine/mine/templates/_mine.tpl:2: .Facts.engine: circular: engine.facts needs engine.facts; "
        "remove it, or read it where no facts are made"
    ]


@pytest.mark.slow
def test_facts_that_include_all_servers_are_refused_as_that_alone(stack):
    (said,) = made_with(stack, 'port: 1\n{{- include "fragment.servers" . }}')
    assert "goes through all servers" in said


def made_with(stack, text: str) -> list[str]:
    """The problems of an engine with these facts, in a stack of chartgen's fragments."""
    whole = f"{text}\nprotocol: openai\nformats: [directory]"
    others = ("base", "model", "server", "loader", "engine/ollama", "source/ollama", "delivery/init")
    found, problems = stack(
        {
            **dict.fromkeys((*others, "storage/model-cache", "sizing")),
            "engine/mine": {
                "requires": ["model", "server"],
                "choice": {"engine": "mine"},
                "fills": {"engine.facts": "fragment.engine.mine.facts"},
            },
        },
        {
            "engine/mine/templates/_mine.tpl": define("fragment.engine.mine.facts", whole),
            "engine/mine/cases/a.yaml": "# A.\nengine: mine\n",
            "engine/mine/rejected/a.yaml": "# engine\nengine: 1\n",
        },
    )
    assert found, problems
    return [str(each).partition("/fragments/")[2] for each in outcome(compose.compose, found, building.kubernetes())[1]]


def test_facts_that_no_fragment_offers_are_refused_with_those_meant(stack):
    found = made(stack, define("fragment.x.a", "v: 1\nw: {{ .Facts.bb.v | quote }}"), {"a.facts": "fragment.x.a"})
    said = "\n".join(map(str, outcome(compose.compose, found, {})[1]))
    assert "x/templates/_x.tpl:3: .Facts.bb: no fragment of the stack offers these facts; did you mean 'b'?" in said


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{{ list .Facts.a.v (include "fragment.x.name" .) | toJson }}', "2: Facts.a: are facts of a server"),
        ('{{ include "fragment.x.name" . | quote }}', "1: .Facts: is read by this template"),
    ],
)
def test_template_that_reads_facts_before_they_may_be_laid_is_refused(stack, body, problem):
    templates = define("fragment.x.name", "{{ .Facts.a.v }}")
    refused = made(stack, templates, {}, {"x/templates/object.yaml": f"kind: A\nname: {body}\n"})
    said = "\n".join(map(str, outcome(compose.compose, refused, {})[1]))
    assert f"x/templates/object.yaml:{problem}" in said
    allowed = made(
        stack, templates, {}, {"x/templates/object.yaml": f"{LAYS}{EACH}kind: A\nname: {body}\n{{{{ end }}}}\n"}
    )
    assert outcome(compose.compose, allowed, {})[1] == []


def test_file_that_a_fill_names_and_that_is_not_there_is_refused(stack):
    found = made(
        stack,
        define("fragment.x.a", "run.sh: {file: files/x/run.sh}\nrum.sh: {file: files/x/rum.sh}"),
        {"a.text": "fragment.x.a"},
        {"x/files/run.sh": "true\n"},
    )
    said = "\n".join(map(str, outcome(compose.compose, found, {})[1]))
    assert (
        "x/templates/_x.tpl:3: files/x/rum.sh: is not a file of this fragment; did you mean 'files/x/run.sh'?" in said
    )
    assert "files/x/run.sh: is" not in said


# What every stack with servers has, beside what a fragment requires.
BASIS = ("engine/ollama", "source/ollama", "delivery/init", "gpu", "storage/model-cache")


@pytest.mark.slow
def test_each_fragment_fits_into_a_stack_that_has_only_what_it_requires():
    whole = stacks.read(stacks.find("llm-stack"))
    known = {fragment.id: fragment for fragment in whole.fragments}
    for id in known:
        needed, waiting = set(), [id, *BASIS]
        while waiting:
            each = waiting.pop()
            if each not in needed:
                needed.add(each)
                waiting += known[each].requires
        fragments = tuple(fragment for fragment in whole.fragments if fragment.id in needed)
        # In a folder of somebody else's, no fragment is the author's own.
        stack = replace(whole, folder=Path("/elsewhere"), fragments=fragments)
        assert [str(problem) for problem in fit.check(stack)] == [], id


def test_facts_that_another_stack_can_be_without_are_read_with_a_default_in_a_fragment_of_others(stack):
    body = "v: {{ (.Facts.bb | default dict).v | quote }}"
    found = made(stack, define("fragment.x.a", body), {"a.facts": "fragment.x.a"})
    assert facts.check(found.fragments, ()) == []
    [problem] = facts.check(found.fragments, found.fragments)
    assert problem.message == "no fragment of the stack offers these facts"
