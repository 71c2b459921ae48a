"""Facts are laid in the order in which they are made of each other."""

from __future__ import annotations

import pytest
from conftest import outcome

from chartgen.compose import compose, facts

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
    assert any("x/fragment.yaml:" in str(problem) and "circular: " in str(problem) for problem in problems)


def test_facts_that_no_fragment_offers_are_refused_with_those_meant(stack):
    found = made(stack, define("fragment.x.a", "v: 1\nw: {{ .Facts.bb.v | quote }}"), {"a.facts": "fragment.x.a"})
    said = "\n".join(map(str, outcome(compose.compose, found, {})[1]))
    assert "x/templates/_x.tpl:3: .Facts.bb: no fragment of the stack offers these facts; did you mean 'b'?" in said


@pytest.mark.parametrize(
    "body",
    ['{{ list .Facts.a.v (include "fragment.x.name" .) | toJson }}', '{{ include "fragment.x.name" . | quote }}'],
)
def test_template_that_reads_facts_before_they_may_be_laid_is_refused(stack, body):
    templates = define("fragment.x.name", "{{ .Facts.a.v }}")
    refused = made(stack, templates, {}, {"x/templates/object.yaml": f"kind: A\nname: {body}\n"})
    said = "\n".join(map(str, outcome(compose.compose, refused, {})[1]))
    assert "x/templates/object.yaml:1: .Facts: is read here" in said
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
