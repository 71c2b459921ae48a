"""The name of a key of a Secret is refused where no Secret is named, and what was written is not printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import CHART
from rendering import many

from chartgen.compose import merge, secretkeys
from chartgen.kubernetes import definitions
from chartgen.programs.helm import Request
from chartgen.reading.unprinted import opened
from chartgen.sources import stack as stacks

WRITTEN = "Typed-By-Mistake-4711"
SENTENCE = "names a key of existingSecret, which is empty"
NAME = "one"  # an entry of a map, and a server


def pairs(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each value that can be the name of a key, in an object that can name a Secret."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties", {})
    for key, inner in properties.items():
        named = re.search("[kK]ey$", key) or inner.get("$ref") == "#/definitions/dataKey"
        if "existingSecret" in properties and named and "value" not in properties:
            yield (*path, key)
        yield from pairs(inner, (*path, key))
    yield from pairs(schema.get("additionalProperties"), (*path, NAME))


def values(path: tuple[str, ...], schema: dict[str, Any], **given: str) -> dict[str, Any]:
    """Values with a name of a key at a path, or what is given beside it, and what the objects around require."""
    made = result = {}
    for key in path[:-1]:
        known = key in schema.get("properties", {})
        schema = schema["properties"][key] if known else schema["additionalProperties"]
        made[key] = {} if known else dict.fromkeys(schema.get("required", ()), "https://example.com/v1")
        made = made[key]
    made |= {path[-1]: WRITTEN} | given
    return result


SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
OVERLAY = SCHEMA["definitions"]["overlay"]
CASES = [(path, SCHEMA, ()) for path in pairs(SCHEMA)] + [(path, OVERLAY, ("servers", NAME)) for path in pairs(OVERLAY)]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory):
    """What Helm says of each of some values."""
    place = tmp_path_factory.mktemp("values")

    def ask(every: list[dict[str, Any]]) -> list[str]:
        files = [place / f"{number}.json" for number in range(len(every))]
        for file, each in zip(files, every, strict=True):
            file.write_text(json.dumps(each), encoding="utf-8")
        requests = [Request(CHART, (file,), definitions.versions()[-1], "own") for file in files]
        done = many(requests)
        return [done[request].error for request in requests]

    return ask


def test_every_name_of_a_key_without_a_secret_is_refused_and_not_printed(said):
    assert len(CASES) > 20
    every = [values(path, schema) for path, schema, _ in CASES]
    every = [{outer[0]: {outer[1]: each}} if outer else each for each, (_, _, outer) in zip(every, CASES, strict=True)]
    for (path, _, outer), error in zip(CASES, said(every), strict=True):
        place = f"servers.{NAME}: " if outer else ""
        assert (
            f"{place}{'.'.join(path)}: {SENTENCE}; set existingSecret to the name of a Secret, or remove {path[-1]}"
            in error
        )
        assert WRITTEN not in error


@pytest.mark.slow
def test_a_name_of_a_key_with_its_secret_is_not_refused_for_that(said):
    every = [values(path, schema, existingSecret="credentials") for path, schema, outer in CASES if not outer]
    assert [error for error in said(every) if SENTENCE in error] == []


def test_a_name_for_all_servers_needs_the_secret_of_one(said):
    shared = {"engine": "vllm", "model": {"name": "team/model"}, "vllm": {"apiKey": {"key": "shared"}}}
    with_secret = {"vllm": {"apiKey": {"existingSecret": "credentials"}}}
    own = {"vllm": {"apiKey": {"key": "own"}}}
    used, alone, other = said(
        [
            shared | {"servers": {"server": {}, "guarded": with_secret}},
            shared | {"servers": {"server": {}, "guarded": {}}},
            shared | {"servers": {"server": own, "guarded": with_secret}},
        ]
    )
    assert SENTENCE not in used
    assert alone.count(SENTENCE) == 2
    assert other.count(SENTENCE) == 1
    assert "servers.server: vllm.apiKey.key: " in other


def test_the_builder_finds_names_below_maps_and_in_both_scopes():
    values = merge.gather(stacks.read(stacks.find(None)))
    block = {"properties": {"existingSecret": {"default": ""}, "tokenKey": {"default": "token"}, "other": {}}}
    values.server["new"] = {"properties": {"inner": {"additionalProperties": block}}}
    text = secretkeys.of(values, "server")
    assert '(list $ "tokenKey" (list "new" "inner" $name2))' in text
    assert secretkeys.filling(values, "server.checks")
    assert secretkeys.filling(values, "release.checks")
    assert not secretkeys.filling(values, "engine.checks")
