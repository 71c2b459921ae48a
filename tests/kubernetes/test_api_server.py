"""What rules.yaml adds to the published schemas, where the tables of mistakes do not show it."""

from __future__ import annotations

import pytest
from jsonschema import Draft7Validator

from chartgen.kubernetes import definitions, prepare, rules
from chartgen.programs import kubeconform


def test_an_object_with_a_pattern_that_only_go_reads_is_looked_at():
    """The schema of PrometheusRule has `^(?i)(abort|warn)?$`, with a flag where Python allows none."""
    prepare.prepare(print)
    group = {"name": "a", "partial_response_strategy": "warn", "rules": []}
    data = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": [group]}}
    schema = kubeconform.schema(prepare.schema_locations(), definitions.versions()[-1], data)
    assert "(?i)" in str(schema)
    assert rules.broken(schema, data) == {}


@pytest.mark.parametrize("word", ["pattern", "patternProperties"])
def test_a_rule_next_to_a_pattern_that_python_does_not_read_is_kept(word):
    schema = {word: "^(?i)a$"} if word == "pattern" else {word: {"^(?i)a$": {}}}
    schema |= {"not": {}, "x-message": "nothing"}
    assert rules.broken(schema, "b" if word == "pattern" else {"b": 1})[()][0][1] == "expected nothing"


def test_null_is_as_good_as_no_key_wherever_one_is_not_required():
    """As for the API server, which leaves out a null of any type, a quantity's and a rule's with `not` among them."""
    known = definitions.known_definitions(definitions.versions()[-1], nullable=True)
    different = []
    for name in rules.rules().keys() & known.keys():
        schema = {"allOf": [{"$ref": f"#/definitions/{name}"}], "definitions": known}
        faults = len(list(Draft7Validator(schema).iter_errors({})))
        optional = known[name].get("properties", {}).keys() - {*known[name].get("required", ()), "apiVersion", "kind"}
        nulls = {key: list(Draft7Validator(schema).iter_errors({key: None})) for key in optional}
        different += [(name, key, found[0].message) for key, found in nulls.items() if len(found) > faults]
    assert different == []


def test_no_version_requires_a_key_that_the_newest_has_as_optional():
    """A StatefulSet without serviceName and a roleRef without apiGroup work in each version."""
    *older, newest = definitions.versions()
    for version in older:
        known = definitions.known_definitions(version, nullable=True)
        for name, now in definitions.published(newest).items():
            needed = known.get(name, {}).get("required", ())
            assert {*needed} <= {*now.get("required", ()), *rules.rules().get(name, {}).get("", {}).get("required", ())}
