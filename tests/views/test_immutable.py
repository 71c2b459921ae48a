"""Fields that Kubernetes does not let an update change: chartgen says so of exactly those of fields.yaml."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from chartgen.programs.helm import Document
from chartgen.proofs.manifests import Object
from chartgen.views import immutable, same

FIELDS = Path(__file__).with_name("fields.yaml")
SAME = Path(__file__).with_name("same.yaml")


def with_field(found: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of an object with one field set, or removed where the value is null; a number is the place in a list."""
    made = copy.deepcopy(found)
    node: Any = made
    *steps, last = path.split(".")
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
    if value is None:
        del node[last]
    else:
        node[last] = value
    return made


def rows() -> list[tuple[str, dict[str, Any], dict[str, Any], bool]]:
    """(what is changed, the object, the object changed, whether that is refused)."""
    return [
        (
            f"{each['object']['kind']}: {change['path']} = {change['value']}",
            each["object"],
            with_field(each["object"], change["path"], change["value"]),
            change["refused"],
        )
        for each in yaml.safe_load(FIELDS.read_text())
        for change in each["changes"]
    ]


def spellings() -> list[tuple[str, dict[str, Any], dict[str, Any], bool]]:
    """(what is written, an object, the object with that, whether the API server stores the same)."""
    found = yaml.safe_load(SAME.read_text())
    return [
        (f"{path} = {value}", found["object"], with_field(found["object"], path, value), alike)
        for name, alike in (("same", True), ("other", False))
        for path, values in found[name].items()
        for value in values
    ]


def held(data: dict[str, Any]) -> Object:
    return Object(Document("a.yaml", 1, data, ""), data["kind"], "default", data["metadata"]["name"])


@pytest.mark.parametrize(("old", "new", "refused"), [row[1:] for row in rows()], ids=[row[0] for row in rows()])
def test_a_change_is_refused_exactly_where_kubernetes_refuses_it(old, new, refused):
    found = list(immutable.refused(held(old), held(new), same.differing(held(old), held(new))))
    assert bool(found) is refused
    assert all(way_out for _, way_out in found)


@pytest.mark.parametrize(("old", "new", "alike"), [row[1:] for row in spellings()], ids=[row[0] for row in spellings()])
def test_what_the_api_server_stores_alike_is_no_change_and_nothing_else_is(old, new, alike):
    assert (same.differing(held(old), held(new)) == []) is alike
    assert (same.differing(held(new), held(old)) == []) is alike


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        ({"serviceAccountName": "a"}, {"serviceAccount": "a"}, True),
        ({"serviceAccountName": "a"}, {"serviceAccountName": "a", "serviceAccount": "a"}, True),
        ({"serviceAccountName": "a", "serviceAccount": "b"}, {"serviceAccountName": "a"}, True),
        ({"serviceAccountName": "", "serviceAccount": "a"}, {"serviceAccountName": "a"}, True),
        ({"serviceAccountName": "a"}, {"serviceAccount": "b"}, False),
        ({"serviceAccount": "a"}, {}, False),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "Pod"])
def test_the_older_name_of_the_service_account_is_the_same_field(kind, one, two, alike):
    where = {"Deployment": ("template", "spec"), "CronJob": ("jobTemplate", "spec", "template", "spec"), "Pod": ()}[
        kind
    ]
    sides = []
    for spec in (one, two):
        for step in reversed(("spec", *where)):
            spec = {step: spec}
        sides.append(held({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, **spec}))
    assert (same.differing(*sides) == []) is alike
    assert (same.differing(*sides[::-1]) == []) is alike


@pytest.mark.parametrize(
    ("one", "two", "less"),
    [
        ("10Gi", "9Gi", True),
        ("10Gi", "10240Mi", False),
        ("1Ti", "900Gi", True),
        ("1e3", "1k", False),
        ("x", "1", False),
    ],
)
def test_sizes_are_compared_as_quantities(one, two, less):
    assert immutable.smaller(one, two) is less
