"""Questions of fragments become the form that Rancher shows; each is about a value that one answer can set."""

from __future__ import annotations

import pytest
import yaml
from conftest import CHART, outcome

from chartgen.compose import compose

VALUES = """\
server:
  engine: {type: string, enum: [a, b], default: a, description: The engine.}
  size: {type: integer, minimum: 1, maximum: 9, default: 2, description: The size.}
  env: {type: object, x-map: true, default: {}, additionalProperties: true, description: Variables.}
"""


@pytest.fixture
def made(stack):
    """The chart's questions.yaml, and the problems, of fragments with questions about the values above."""

    def make(questions, **more):
        values = yaml.safe_load(VALUES)["server"]
        files = {"a/values.schema.yaml": {"release": {k: v for k, v in values.items() if k != "env"}}}
        reads = "kind: A\na: {{ .Values.engine | quote }}\nb: {{ int64 .Values.size }}\n"
        files["a/templates/a.yaml"] = reads
        found, problems = stack({"a": {"questions": questions}, **more}, files)
        if found:
            chart, problems = outcome(compose.compose, found, {})
            text = chart.files.get("questions.yaml", "") if chart else ""
            return yaml.safe_load(text), [str(problem).partition("/fragments/")[2] for problem in problems]
        return None, [str(problem).partition("/fragments/")[2] for problem in problems]

    return make


def test_a_question_has_the_type_the_choices_and_the_limits_of_its_value(made):
    size = {"value": "size", "group": "G", "ask": "How large?", "if": {"engine": "!b"}}
    found, problems = made([{"value": "engine", "group": "G", "ask": "Which engine?"}, size])
    assert problems == []
    one, two = found["questions"]
    assert (one["type"], one["options"], one["default"], one["label"]) == ("enum", ["a", "b"], "a", "Which engine?")
    assert (two["type"], two["min"], two["max"], two["show_if"]) == ("int", 1, 9, "engine!=b")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"value": "sise"}, "questions[0].value: the fragment has no value 'sise'; did you mean 'size'?"),
        (
            {"value": "size", "if": {"engine": "!bb"}},
            "!bb is not a value that engine can have, so the question is never asked; did you mean 'b'?",
        ),
        ({"value": "size", "if": {"engin": "a"}}, "the stack has no value 'engin'; did you mean 'engine'?"),
        ({"value": "size", "ask": "The size"}, "expected a question, which ends with ?"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(made, question, said):
    _, problems = made([{"group": "G", "ask": "How large?"} | question])
    [problem] = problems
    assert said in problem


def test_a_value_is_asked_once(made):
    question = {"value": "size", "group": "G", "ask": "How large?"}
    _, [problem] = made([question, question | {"ask": "How big?"}])
    assert problem.endswith("questions[1].value: 'size' is asked already, in a; keep one of the two")


def test_the_charts_form_asks_what_matters_model_first():
    questions = yaml.safe_load((CHART / "questions.yaml").read_text())["questions"]
    assert 25 <= len(questions) <= 40
    assert questions[0]["variable"] == "model.name"
    assert all(each["label"].endswith("?") and each["description"] for each in questions)
