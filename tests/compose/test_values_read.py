"""Every value is read: each stands in some fragment's case, and without it the case comes out otherwise."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import CHART, ROOT
from llm_stack.rendering import many

from chartgen.compose import merge
from chartgen.compose.schema import closed, rows
from chartgen.programs.helm import Request
from chartgen.reading import yamlfile
from chartgen.sources import stack as stacks

# A key that is made at the install comes out new at every render.
RANDOM = re.compile(r': "?[A-Za-z0-9+/=]{80,}"?$', re.MULTILINE)
# What stands in NOTES alone, which `helm template` does not print; tests/llm_stack/test_expose.py reads it there.
NOTES_ALONE = {f"api.{way}.{port}" for way in ("ingress", "httpRoute") for port in ("httpPort", "httpsPort")}
# What has an effect only where there is a cluster; tests/llm_stack/test_upgrades.py reads it there.
CLUSTER_ALONE = {"generateSecrets", "upgradeChecks.enabled", "upgradeChecks.storageClasses"}
# One helper reads all keys of every image: one image proves that, and of the others the tag is enough.
IMAGE = "vllm"
CASES = sorted((ROOT / "chartgen/fragments").rglob("cases/*.yaml"))


def leaves() -> list[tuple[str, ...]]:
    """Every value of the stack that is not an object of the chart's own, as a path.

    A choice that has one answer so far, given or not, is left out: naming it changes nothing. Of an image there is its
    tag, and of one image everything.
    """
    stack = stacks.read(stacks.find("llm-stack"))
    values = merge.gather(stack)
    declared = [*rows(values.server), *rows(values.release)]
    found = [
        tuple(path.split("."))
        for path, schema in declared
        if not closed(schema) and not (schema.get("x-choice") and len(set(schema["enum"]) - {""}) == 1)
    ]
    return [path for path in found if path[0] != "images" or path[1] == IMAGE or path[-1] == "tag"]


def at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def without(values: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    rest = copy.deepcopy(values)
    del at(rest, path[:-1])[path[-1]]
    return rest


@pytest.fixture(scope="module")
def cases() -> dict[Path, dict[str, Any]]:
    return {path: yamlfile.read(path).data or {} for path in CASES}


def used(path: tuple[str, ...], cases: dict[Path, dict[str, Any]]) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """The cases that set a value, at the top or in an entry of servers: (values, path)."""
    found = []
    for values in cases.values():
        places = [path, *(("servers", name, *path) for name in values.get("servers", {}))]
        found += [(values, place) for place in places if at(values, place) is not None]
    return found


@pytest.mark.slow
def test_every_value_stands_in_a_case_and_is_read(cases, tmp_path):
    waiting = {path: used(path, cases) for path in leaves()}
    assert [".".join(path) for path, found in waiting.items() if not found] == []
    came: dict[str, str] = {}
    # A value is looked for in one of its cases after the other, until one of them shows it.
    while asked := {path: found.pop() for path, found in waiting.items() if found}:
        pairs = {
            path: (json.dumps(values), json.dumps(without(values, place))) for path, (values, place) in asked.items()
        }
        came |= rendered({text for pair in pairs.values() for text in pair} - came.keys(), tmp_path)
        for path, (whole, part) in pairs.items():
            if came[whole] != came[part]:
                del waiting[path]
    assert {".".join(path) for path in waiting} == NOTES_ALONE | CLUSTER_ALONE


def rendered(texts: set[str], folder: Path) -> dict[str, str]:
    """What Helm makes of each values text, or says about it."""
    requests = []
    for n, text in enumerate(sorted(texts)):
        file = folder / f"{len(list(folder.iterdir()))}-{n}.yaml"
        file.write_text(text, encoding="utf-8")
        requests.append(Request(CHART, (file,)))
    done = many(requests)
    return {
        text: RANDOM.sub(": …", done[request].text) + done[request].error
        for text, request in zip(sorted(texts), requests, strict=True)
    }
