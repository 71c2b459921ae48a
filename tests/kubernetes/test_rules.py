"""What rules.yaml adds to the published schemas, where the tables of mistakes do not show it."""

from __future__ import annotations

import pytest

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
