"""A stack becomes a chart in memory; what does not fit together is told."""

import json

import pytest
from conftest import outcome

from chartgen.compose import building, compose

SLOTS = {"engine.args": {"kind": "list", "scope": "server", "summary": "Arguments."}}
BASE = {"offers": SLOTS}


def define(name: str, body: str = "- a") -> str:
    return f'{{{{- define "{name}" -}}}}\n{body}\n{{{{- end }}}}\n'


def problems_of(stack, *arguments, **recipe) -> str:
    found, problems = stack(*arguments, **recipe)
    assert found is not None, problems
    chart, problems = outcome(compose.compose, found, {})
    assert chart is None
    return "\n".join(map(str, problems))


def test_templates_are_renamed_and_nothing_else(stack):
    text = define("fragment.a.x", '# fragment.a.x stays here, "fragment.a.x" does not')
    found, _ = stack(
        {"a": {}}, {"a/templates/_a.tpl": text, "a/templates/a.yaml": 'a: {{ include "fragment.a.x" . | quote }}\n'}
    )
    chart, problems = outcome(compose.compose, found, {})
    assert not problems
    assert chart.files["templates/a/_a.tpl"] == text.replace('"fragment.', '"little.')


@pytest.mark.slow
def test_two_builds_are_byte_identical():
    assert building.composed("llm-stack").chart.files == building.composed("llm-stack").chart.files


def test_slot_that_nobody_offers_is_refused_with_the_one_meant(stack):
    said = problems_of(
        stack,
        {"base": BASE, "b": {"fills": {"engine.argz": "fragment.b.x"}}},
        {"b/templates/_b.tpl": define("fragment.b.x")},
    )
    assert "fills.\"engine.argz\": no fragment of the stack offers it; did you mean 'engine.args'?" in said


def test_fill_without_its_template_is_refused(stack):
    said = problems_of(stack, {"base": BASE, "b": {"fills": {"engine.args": "fragment.b.x"}}})
    assert "no template 'fragment.b.x' here" in said


def test_required_slot_that_nothing_fills_is_refused(stack):
    slots = {"engine.args": {**SLOTS["engine.args"], "required": True}}
    assert "nothing fills engine.args (Arguments.)" in problems_of(stack, {"base": {"offers": slots}})


def test_required_fragment_has_to_come_before(stack):
    said = problems_of(stack, {"a": {"requires": ["b"]}, "b": {}})
    assert "fragments[1]: 'b' is required by 'a', which is before it; move it up, before 'a'" in said


def test_fragment_that_is_misplaced_is_one_problem_however_many_require_it(stack):
    said = problems_of(stack, {"a": {"requires": ["c"]}, "b": {"requires": ["c"]}, "c": {}})
    assert said.count("requir") == 1
    assert "fragments[2]: 'c' is required by 'a' and 1 more, which are before it; move it up, before 'a'" in said
    said = problems_of(stack, {"a": {"requires": ["b", "c"]}, "b": {}, "c": {}})
    assert said.count("requir") == 1
    assert "fragments[0]: 'a' requires 'b' and 'c'; move it down, after 'c'" in said


def test_template_of_another_fragment_is_refused(stack):
    said = problems_of(
        stack,
        {"a": {}, "b": {}},
        {
            "a/templates/_a.tpl": define("fragment.a.x"),
            "b/templates/_b.tpl": define("fragment.b.x", '{{ include "fragment.a.x" . }}'),
        },
    )
    assert "b/templates/_b.tpl:2: fragment.a.x: belongs to another fragment" in said


def test_name_outside_the_fragments_own_is_refused(stack):
    said = problems_of(stack, {"a": {}}, {"a/templates/_a.tpl": define("fragment.labels")})
    assert "a/templates/_a.tpl:1: fragment.labels: is not a name of this fragment; begin it with 'fragment.a.'" in said


def test_file_with_two_objects_is_refused(stack):
    assert "makes more than one object" in problems_of(
        stack, {"a": {}}, {"a/templates/a.yaml": "kind: A\n---\nkind: B\n"}
    )


def test_choice_becomes_a_value_and_guards_the_fill(stack):
    found, _ = stack(
        {"base": BASE, "b": {"choice": {"engine": "tiny"}, "fills": {"engine.args": "fragment.b.x"}}},
        {
            "base/values.schema.yaml": {
                "server": {"engine": {"type": "string", "description": "x", "default": "tiny", "x-choice": True}}
            },
            "b/templates/_b.tpl": define("fragment.b.x"),
            "b/cases/tiny.yaml": "# It renders.\nengine: tiny\n",
            "b/rejected/tiny.yaml": "# engine\nengine: large\n",
        },
    )
    chart, problems = outcome(compose.compose, found, {})
    assert not problems
    assert json.loads(chart.files["values.schema.json"])["properties"]["engine"]["enum"] == ["tiny"]
    assert '{{- if eq .Values.engine "tiny" }}{{ with include "little.b.x"' in chart.files["templates/_slots.tpl"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["values.yaml", "values.schema.json", "templates/_slots.tpl", "Chart.yaml", "README.md"]
)
def test_generated_files_say_what_made_them(name):
    assert "Made by chartgen" in building.composed("llm-stack").chart.files[name]


def test_stack_without_model_servers_has_no_servers_in_its_values(stack):
    found, problems = stack(
        {"a": {}},
        {
            "a/values.schema.yaml": {
                "release": {"text": {"type": "string", "default": "hi", "description": "A text."}}
            },
            "a/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {text: {{ quote .Values.text }}}\n",
        },
    )
    assert problems == []
    chart = compose.compose(found, {})
    assert "servers" not in chart.files["values.yaml"] + chart.files["values.schema.json"] + chart.files["README.md"]
    assert "text: hi" in chart.files["values.yaml"]
