"""Checks every rendered object against the policy, schemas/policy.schema.json."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ..programs.helm import Document
from ..programs.prover import Prover
from ..reading.yamlfile import Key
from .manifests import Fault


def check(document: Document, names: tuple[str, ...]) -> list[Fault]:
    """Every rule that an object breaks, of the definitions named: `object`, a level of Pod Security, `shipped` …"""
    found: dict[tuple[Key, str], Fault] = {}
    for error in _validator(names).iter_errors(document.data):
        message, _, remedy = _rule(error, _schema(names)).partition("; ")
        for path in _paths(error):
            found.setdefault((path, message), Fault(document, path, message, remedy))
    return list(found.values())


def unfit(documents: list[Document], names: tuple[str, ...], prover: Prover) -> list[Document]:
    """Those of the documents that break a rule, or that the prover cannot judge: it says no more of them."""
    texts = {str(number): json.dumps(document.data) for number, document in enumerate(documents)}
    found = prover.unfit(json.dumps(_schema(names)), texts)
    return [document for number, document in enumerate(documents) if str(number) in found]


@cache
def rules() -> dict[str, Any]:
    """The rules as a JSON Schema, draft-07."""
    from ..paths import schemas

    return json.loads((schemas() / "policy.schema.json").read_text(encoding="utf-8"))


@cache
def _validator(names: tuple[str, ...]) -> Any:
    from jsonschema import Draft7Validator
    from referencing import Registry

    return Draft7Validator(_schema(names), registry=Registry())


@cache
def _schema(names: tuple[str, ...]) -> dict[str, Any]:
    definitions = rules()["definitions"]
    return {"allOf": [{"$ref": f"#/definitions/{name}"} for name in names], "definitions": definitions}


def _rule(error: Any, schema: Any) -> str:
    """The description nearest above the keyword that failed, on the way there from the root of the schema."""
    said = ""
    for step in error.absolute_schema_path:
        while isinstance(schema, dict) and "$ref" in schema:
            said = schema.get("description", said)
            schema = rules()["definitions"][schema["$ref"].rpartition("/")[2]]
        if isinstance(schema, dict) and isinstance(schema.get("description"), str):
            said = schema["description"]
        schema = schema[step] if step != "$ref" else schema
    return said


def _paths(error: Any) -> list[Key]:
    """Where the fault is: at a key that is missing, at a key whose name is wrong, or at the value."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        return [(*path, key) for key in error.validator_value if key not in error.instance]
    return [(*path, error.instance)] if "propertyNames" in error.absolute_schema_path else [path]
