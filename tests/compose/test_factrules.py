"""Every fact of chartgen's fragments says what its text or its number can be."""

from __future__ import annotations

import json
import re

import pytest

from chartgen.compose import factrules, merge
from chartgen.paths import schemas
from chartgen.sources import stack as stacks

STACK = stacks.read(stacks.find("llm-stack"))
SAYS = {"enum", "format", "names", "valueOf", "keyOf"}


def every(keys, above):
    for key, rule in keys.items():
        at = f"{above}.{key}"
        yield at, rule
        for word in ("items", "each", "eachKey"):
            yield from every({word: rule[word]}, at) if word in rule else ()
        yield from every(rule.get("keys", {}), at)


RULES = {
    at: rule
    for fragment in STACK.fragments
    for slot in fragment.offers.values()
    for at, rule in [*every(slot.keys, slot.name), *(every({"value": slot.value}, slot.name) if slot.value else ())]
}


@pytest.mark.parametrize("at", [at for at, rule in RULES.items() if rule["type"] in ("integer", "number")])
def test_fact_that_is_a_number_has_a_range(at):
    assert "minimum" in RULES[at]


@pytest.mark.parametrize("at", [at for at, rule in RULES.items() if rule["type"] == "string"])
def test_fact_that_is_a_text_says_what_it_can_be(at):
    assert SAYS & RULES[at].keys()


@pytest.mark.parametrize("at", [at for at, rule in RULES.items() if rule["type"] == "array"])
def test_fact_that_is_a_list_says_what_its_items_are(at):
    assert "items" in RULES[at]


def test_names_that_facts_refer_to_are_known():
    names = factrules.Names(STACK, merge.gather(STACK))
    referring = {at: rule for at, rule in RULES.items() if {"names", "valueOf"} & rule.keys()}
    assert referring
    assert [at for at, rule in referring.items() if not names.among(rule)] == []


def test_schema_of_fragments_and_the_builder_have_the_same_formats_and_names():
    schema = json.loads((schemas() / "fragment.schema.json").read_text(encoding="utf-8"))
    rule = schema["definitions"]["rule"]["properties"]
    assert rule["format"]["enum"] == list(factrules.FORMATS)
    assert rule["names"]["enum"] == list(factrules.NAMES)


FITTING = {
    "text": ["", "a\nb"],
    "line": ["", "a b"],
    "path": ["/health", "/"],
    "folder": ["models", "a/b"],
    "quantity": ["2Gi", "500m", "1.5G", "0"],
    "name": ["a", "a-1.b"],
    "key": ["api_KEY.1"],
    "kind": ["Job"],
    "apiVersion": ["v1", "apps/v1", "leaderworkerset.x-k8s.io/v1beta1"],
    "url": ["https://a.example.com", "s3://bucket/x", "http://a:80"],
    "metric": ["vllm:num_requests"],
}
MISFITS = {
    "text": [],
    "line": ["a\nb"],
    "path": ["health", "/a b"],
    "folder": ["/models", "a b"],
    "quantity": ["2Gb", "2 Gi", "Gi"],
    "name": ["A", "-a", "a_b"],
    "key": ["a b", "a/b"],
    "kind": ["job", "A job"],
    "apiVersion": ["apps", "1"],
    "url": ["a.example.com", "https://", "https:/a"],
    "metric": ["a-b", "1a"],
}


@pytest.mark.parametrize("name", factrules.FORMATS)
def test_formats_take_what_they_say(name):
    pattern = factrules.FORMATS[name][0]
    assert [text for text in FITTING[name] if not re.search(pattern, text)] == []
    assert [text for text in MISFITS[name] if re.search(pattern, text)] == []
