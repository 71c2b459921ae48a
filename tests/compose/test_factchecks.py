"""What the checks of facts pass over without a closer look is what a closer look finds nothing in."""

from __future__ import annotations

import json
import subprocess

import pytest

from chartgen.compose import factchecks
from chartgen.sources import stack as stacks

LOOP = """\
{{{{- range $n, $text := .Values.facts }}}}
{{{{- range list (mustFromJson .) }}}}
{{{{- $given := dict "slot" "s" "keys" (mustFromJson `{keys}`) "facts" (list .) }}}}
{{{{- $said := include "fragment.data.factProblems" $given }}}}
case-{{{{ $n }}}}: {{{{ if {sound} }}}}true{{{{ else }}}}false{{{{ end }}}} {{{{ eq (trim $said) "" }}}}
{{{{- end }}}}
{{{{- end }}}}
"""
ODD = [
    "",
    "x",
    "X y",
    "/x",
    "http://h/p",
    "2Gi",
    "a_b",
    "v1",
    "none",
    "ollama",
    True,
    False,
    -1,
    0,
    1,
    1.5,
    70000,
    [],
    ["ollama"],
    ["x"],
]
ODD += [{}, {"http": 1}, {"x": "y"}, None]


def slots():
    """The slots of the usual stack that have keys, by name."""
    fragments = stacks.read(stacks.find(None)).fragments
    return {slot.name: slot for fragment in fragments for slot in fragment.offers.values() if slot.keys}


def good(rule):
    """A value that fits a rule."""
    if "enum" in rule:
        return rule["enum"][0]
    if rule["type"] == "object":
        return {key: good(inner) for key, inner in rule.get("keys", {}).items()}
    if rule["type"] == "array":
        return rule.get("items", {}).get("enum", [])[:1]
    if "keyOf" in rule:
        return rule.get("or", ["x"])[0]
    if rule["type"] == "string":
        return ""
    return {"boolean": True}.get(rule["type"], rule.get("minimum", 1))


def changed(facts, keys):
    """The same facts with one thing changed at a time."""
    for key, rule in keys.items():
        yield {each: value for each, value in facts.items() if each != key}
        for value in ODD:
            yield facts | {key: value}
        if "keys" in rule:
            yield from (facts | {key: inner} for inner in changed(facts[key], rule["keys"]))
    yield facts | {"unknown": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", slots())
def test_a_condition_holds_where_a_closer_look_finds_nothing(helm, tmp_path, name):
    keys = slots()[name].keys
    facts = {key: good(rule) for key, rule in keys.items()}
    given = [facts, *changed(facts, keys), 1, "x", [], {}]
    bare = json.dumps({key: factchecks._bare(rule) for key, rule in keys.items()})
    text = factchecks.PROBLEMS + LOOP.format(keys=bare, sound=factchecks._map(".", keys, "."))
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: facts\nversion: 1.0.0\n", encoding="utf-8")
    (tmp_path / "templates/found.yaml").write_text(text, encoding="utf-8")
    values = {"facts": [json.dumps(each) for each in given]}
    (tmp_path / "values.yaml").write_text(json.dumps(values), encoding="utf-8")
    done = subprocess.run([helm, "template", "x", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [line.split() for line in done.stdout.splitlines() if line.startswith("case-")]
    assert len(found) == len(given)
    for each, (_, sound, nothing) in zip(given, found, strict=True):
        # A null needs a closer look.
        assert sound == nothing or ((sound, nothing) == ("false", "true") and "null" in json.dumps(each)), each
    assert found[0][1:] == ["true", "true"]
    assert ["false", "false"] in [line[1:] for line in found]
