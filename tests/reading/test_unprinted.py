"""Patterns in values.schema.json: Helm prints no value that does not match, and chartgen reads them back."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import CHART

from chartgen.programs import tools
from chartgen.programs.run import hermetic
from chartgen.reading.unprinted import opened, sealed

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
WRITTEN = {
    "type": "object",
    "properties": {
        "pattern": {"type": "string", "pattern": "^[a-z]+$", "x-message": "letters", "maxLength": 9},
        "bare": {"type": "string", "pattern": "^[a-z]+$"},
        "list": {"items": {"anyOf": [{"type": "string", "pattern": "^[0-9]$"}, {"type": "object"}]}},
        "names": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$", "x-message": "letters"},
            "additionalProperties": {"type": "string", "pattern": "^[0-9]$"},
        },
        "free": {"propertyNames": {"pattern": "^[a-z]+$", "not": {"pattern": "^b"}}},
        "other": {"not": {"pattern": "^b"}, "x-message": "no b"},
        "both": {"type": "string", "pattern": "^[a-z]+$", "not": {"pattern": "^b"}, "x-message": "no b first"},
        "either": {
            "anyOf": [{"maxItems": 1}, {"items": {"pattern": "^b"}}],
            "x-message": "one, or b",
        },
        "silent": {"anyOf": [{"pattern": "^b"}, {"not": {"const": "a"}}]},
        "worded": {"propertyNames": {"pattern": "^[a-z]+$", "not": {"pattern": "^b"}, "x-message": "no b"}},
    },
}


def places(schema, word, path=()):
    """The paths of schemas that have a keyword, but for those of which Helm prints nothing."""
    if isinstance(schema, dict):
        found = [path] if isinstance(schema.get(word), str) else []
        return found + [
            each
            for key, inner in schema.items()
            if key not in ("not", "if")
            for each in places(inner, word, (*path, key))
        ]
    return (
        [each for n, inner in enumerate(schema) for each in places(inner, word, (*path, n))]
        if isinstance(schema, list)
        else []
    )


def test_what_is_written_is_read_back_to_the_letter():
    assert json.dumps(opened(sealed(WRITTEN))) == json.dumps(WRITTEN)
    assert sealed(WRITTEN)["properties"]["pattern"] == {
        "type": "string",
        "if": {"pattern": "^[a-z]+$"},
        "else": {"const": "letters"},
        "maxLength": 9,
    }
    assert json.dumps(sealed(opened(SCHEMA))) == json.dumps(SCHEMA)


def test_what_has_words_is_said_in_them():
    fields = sealed(WRITTEN)["properties"]
    assert fields["both"] == {
        "type": "string",
        "if": {"pattern": "^[a-z]+$", "not": {"pattern": "^b"}},
        "else": {"const": "no b first"},
    }
    assert fields["either"] == {
        "if": {"anyOf": WRITTEN["properties"]["either"]["anyOf"]},
        "else": {"const": "one, or b"},
    }
    refused = {"const": "under another name: no b"}
    assert fields["worded"] == {"patternProperties": {"^[a-z]+$": {}, "^b": refused}, "additionalProperties": refused}


def test_helm_never_says_only_that_a_rule_of_the_chart_failed():
    """What Helm prints of a `not` or an `anyOf` is that it failed."""
    assert [place for word in ("not", "anyOf") for place in worded(SCHEMA, word)] == []
    assert len(worded(opened(SCHEMA), "not")) > 5


def worded(schema, word, path=()):
    """The paths of schemas with this keyword and an x-message."""
    if isinstance(schema, dict):
        found = [path] if word in schema and "x-message" in schema else []
        return found + [
            each
            for key, inner in schema.items()
            if key not in ("not", "if")
            for each in worded(inner, word, (*path, key))
        ]
    return (
        [each for n, inner in enumerate(schema) for each in worded(inner, word, (*path, n))]
        if isinstance(schema, list)
        else []
    )


def test_the_chart_has_no_pattern_of_which_helm_prints_the_value():
    assert places(SCHEMA, "pattern") == []
    assert len(places(opened(SCHEMA), "pattern")) > 200


def test_helm_says_where_a_name_is_that_does_not_match(tmp_path):
    values = {"env": {"FOO BAR": "x"}, "podLabels": {"a b": "c"}, "openWebui": {"podAnnotations": {"a b": "c"}}}
    (tmp_path / "values.json").write_text(json.dumps(values), encoding="utf-8")
    helm = tools.ensure(["helm"], print)["helm"].path
    command = [str(helm), "template", "llm", str(CHART), "-f", str(tmp_path / "values.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=hermetic(tmp_path))
    for place in ("/env/FOO BAR", "/podLabels/a b", "/openWebui/podAnnotations/a b"):
        assert f"at '{place}': value must be 'under another name: " in done.stderr


def test_a_schema_with_conditions_of_its_own_stays_as_it_is():
    own = {"pattern": "^a", "if": {"minLength": 2}, "then": {"maxLength": 3}}
    assert sealed(own) == own
    assert opened({"if": {"pattern": "^a"}, "else": {"const": 1}, "then": {}})["if"] == {"pattern": "^a"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("model.name", "a model\\'s name"),
        ("image.repository", "a repository"),
        ("global.imageRegistry", "a registry"),
        ("global.proxy.httpProxy", "a URL"),
        ("openWebui.database.existingSecret", "the name of a Kubernetes object"),
        ("openWebui.secretKey.value", "at least 16 letters"),
        ("vllm.apiKey.existingSecret", "the name of a Kubernetes object"),
    ],
)
def test_helm_says_what_is_wanted_and_prints_no_password(tmp_path, key, wanted):
    helm = tools.ensure(["helm"], print)["helm"].path
    command = [str(helm), "template", "llm", str(CHART), f"--set-string={key}=http://u:Pw@h/ x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=hermetic(tmp_path))
    assert done.returncode == 1
    assert f"value must be '{wanted}" in done.stderr
    assert "Pw" not in done.stderr
