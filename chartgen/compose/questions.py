"""Fragments' questions -> questions.yaml, the form that Rancher shows; `chartgen configure` asks the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..problem import Problem, nearest
from ..sources.fragment import Fragment, Question
from ..sources.stack import Stack
from .schema import Values, closed, default, rows, type_name
from .values import explain
from .yamltext import document

FILE = "questions.yaml"
HEAD = "# Made by chartgen from the fragments' questions: the form that Rancher shows for this chart.\n"
TYPES = {"boolean": "boolean", "integer": "int", "number": "float"}


def check(stack: Stack, values: Values) -> Iterator[Problem]:
    """Questions about values that a fragment does not have, that one answer cannot set, or that are asked twice."""
    known = {path: schema for scope in (values.server, values.release) for path, schema in rows(scope)}
    asked: dict[str, Fragment] = {}
    for fragment in stack.fragments:
        own = set(_own(fragment, values))
        for n, question in enumerate(fragment.questions):
            where = ("questions", n, "value")
            if question.value not in own:
                remedy = nearest(question.value, sorted(own), "its values")
                yield fragment.problem("fragment.yaml", where, f"the fragment has no value '{question.value}'", remedy)
            elif not _answerable(known[question.value], values):
                message = f"'{question.value}' is not text, a number or a boolean"
                yield fragment.problem("fragment.yaml", where, message, "ask for one of the values below it")
            elif question.value in asked:
                message = f"'{question.value}' is asked already, in {asked[question.value].id}"
                yield fragment.problem("fragment.yaml", where, message, "keep one of the two")
            asked.setdefault(question.value, fragment)
            for path, value in question.when.items():
                place = ("questions", n, "if", path)
                if path not in known:
                    remedy = nearest(path, sorted(known), "")
                    yield fragment.problem("fragment.yaml", place, f"the stack has no value '{path}'", remedy)
                elif wrong := _impossible(value, known[path]):
                    message = f"{_text(value)} is not a value that {path} can have, so the question is never asked"
                    yield fragment.problem("fragment.yaml", place, message, wrong)


def _impossible(value: Any, schema: dict[str, Any]) -> str:
    """What to write for a value that a condition compares with, and that the value cannot have; empty if it can."""
    given = _text(value).removeprefix("!")
    if "enum" in schema:
        known = [_text(each) for each in schema["enum"]]
        return "" if given in known else nearest(given, [each for each in known if each], "they")
    if schema.get("type") == "boolean":
        return "" if given in ("true", "false") else "write true or false"
    return ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _own(fragment: Fragment, values: Values) -> Iterator[str]:
    """The paths of a fragment's values; below a key that several declare, those of all of them."""
    for declared, scope in ((fragment.server, values.server), (fragment.release, values.release)):
        yield from (path for path, _ in rows({key: scope[key] for key in declared if key in scope}))


def _answerable(schema: dict[str, Any], values: Values) -> bool:
    return not closed(schema) and type_name(schema, values.definitions) not in ("map", "list")


def text(stack: Stack, values: Values) -> str:
    """questions.yaml; empty for a stack that asks nothing."""
    found = [_entry(question, schema, values) for question, schema in asked(stack, values)]
    return HEAD + document({"questions": found}) if found else ""


def asked(stack: Stack, values: Values) -> list[tuple[Question, dict[str, Any]]]:
    """Every question with the schema of its value, those of a group together, in the order of the stack, base's last.

    One that depends on a value of another fragment is left out where the stack does not have it.
    """
    known = {path: schema for scope in (values.server, values.release) for path, schema in rows(scope)}
    questions = [
        question
        for fragment in sorted(stack.fragments, key=lambda fragment: fragment.id == "base")
        for question in fragment.questions
        if question.value in known and question.when.keys() <= known.keys()
    ]
    groups = list(dict.fromkeys(question.group for question in questions))
    questions.sort(key=lambda question: groups.index(question.group))
    return [(question, known[question.value]) for question in questions]


def _entry(question: Question, schema: dict[str, Any], values: Values) -> dict[str, Any]:
    kind = type_name(schema, values.definitions)
    choices = [each for each in schema.get("enum", ()) if each != ""]
    found: dict[str, Any] = {
        "variable": question.value,
        "label": question.ask,
        "description": explain(schema),
        "group": question.group,
        "type": "enum" if choices and kind == "text" else TYPES.get(kind, "string"),
        "required": False,
    }
    if default(schema) not in (None, ""):
        found["default"] = default(schema)
    if found["type"] == "enum":
        found["options"] = choices
    found |= {to: schema[word] for word, to in (("minimum", "min"), ("maximum", "max")) if word in schema}
    if question.when:
        found["show_if"] = "&&".join(_condition(path, value) for path, value in question.when.items())
    return found


def _condition(path: str, value: Any) -> str:
    said = _text(value)
    return f"{path}!={said[1:]}" if said.startswith("!") else f"{path}={said}"
