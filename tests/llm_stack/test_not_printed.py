"""What is written by mistake where a password or a token can be is not printed where the chart refuses it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CHART
from rendering import many

from chartgen.kubernetes import definitions
from chartgen.programs.helm import Request
from chartgen.reading.unprinted import opened

pytestmark = pytest.mark.slow

SECRET = "S3cr3tPw99"
WRITTEN = (
    f"https://example.com/v1?key={SECRET}",
    f"https://me:{SECRET}@example.com/v1",
    f"{SECRET}\x7f",
    f"--api-key={SECRET}",
    f"--api_key {SECRET}",
    f"--hf-token={SECRET}",
)
# The names of a card, a server and a model of the release: they are printed, so that the user finds the right one.
NAMES = {("gpu", "type"), ("nextchat", "server"), ("vllm", "lora", "adapters", "one", "model")}
SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
UIS = {"openWebui": {"enabled": True}, "nextchat": {"enabled": True}, "pipelines": {"enabled": True}}
MODEL = {"source": "huggingface", "name": "team/model", "delivery": "init"}


def texts(schema: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of each value that can be a text, with one entry in each map and each list."""
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name.startswith("io.k8s."):
        return
    schema = SCHEMA["definitions"].get(name, schema)
    if "string" in schema.get("type", ()):
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from texts(inner, (*path, key))
    if path:
        yield from texts(schema.get("additionalProperties"), (*path, "one"))
    yield from texts(schema.get("items"), (*path, 0))


def values(path: tuple[str | int, ...], text: str) -> dict[str, Any]:
    """Values with a text at a path."""
    inner: Any = text
    for step in reversed(path[1:]):
        inner = [inner] if step == 0 else {step: inner}
    own = UIS.get(str(path[0]), {})
    made = {"engine": "vllm", "gpu": {"vendor": "nvidia", "count": 1}, "model": MODEL, **UIS}
    return made | {path[0]: (made.get(str(path[0]), own) | inner) if isinstance(inner, dict) else inner}


def printing(every: list[dict[str, Any]], place: Path) -> tuple[list[str], int]:
    """The lines of Helm's refusals of some values that contain what was written, and the number of refusals."""
    requests = []
    for number, each in enumerate(every):
        file = place / f"{number}.json"
        file.write_text(json.dumps(each), encoding="utf-8")
        requests.append(Request(CHART, (file,), definitions.versions()[-1], "own"))
    errors = [error for each in many(requests).values() if (error := each.error)]
    return [line for error in errors for line in error.splitlines() if SECRET in line], len(errors)


def test_no_refusal_prints_what_is_written_as_a_text(tmp_path: Path):
    every = [
        values(path, text) for path in texts(SCHEMA) if path[0] != "servers" and path not in NAMES for text in WRITTEN
    ]
    printed, refused = printing(every, tmp_path)
    assert refused > 1000
    assert sorted(set(printed)) == []


def test_no_engine_prints_the_value_of_an_argument_that_it_refuses(tmp_path: Path):
    engines = {
        "llamacpp": {"model": MODEL, "llamacpp": {"file": "m.gguf"}},
        "vllm": {"model": MODEL},
        "sglang": {"model": MODEL},
        "ollama": {},
        "custom": {"model": MODEL, "custom": {"command": ["serve"], "api": "openai"}},
    }
    every = [
        {"engine": engine, "extraArgs": [text], "gpu": {"vendor": "nvidia", "count": 1}, **own}
        for engine, own in engines.items()
        for text in WRITTEN
    ]
    printed, refused = printing(every, tmp_path)
    assert refused >= 9
    assert sorted(set(printed)) == []


def test_what_is_in_a_secret_is_not_printed():
    from chartgen.kubernetes import rules

    schema = {
        "properties": {
            "data": {"additionalProperties": {"pattern": "^[A-Za-z]*$", "x-message": "text in base64"}},
            "token": {"pattern": "^$", "x-message": "nothing"},
        }
    }
    given = {"kind": "Secret", "data": {"config": f"{SECRET}!"}}
    assert rules.broken(schema, given) == {
        ("data", "config"): [("the value is not valid here", "expected text in base64")]
    }
    assert "the value" in rules.broken(schema, {"kind": "Other", "token": SECRET})[("token",)][0][0]
    assert SECRET in rules.broken(schema, given | {"kind": "ConfigMap"})[("data", "config")][0][0]


def test_no_note_prints_the_query_of_a_url(helm: str, tmp_path: Path):
    url = f"https://example.com/v1?key={SECRET}"
    file = tmp_path / "values.json"
    secret = {"existingSecret": "credentials"}
    own = {
        "endpoints": {"one": {"url": url}},
        "toolServers": {"one": {"url": url}},
        "oidc": {"providerUrl": url, **secret},
    }
    chat = {"enabled": True, "endpoint": {"url": url.replace("/v1", ""), **secret}}
    file.write_text(json.dumps({"openWebui": own, "nextchat": chat}), encoding="utf-8")
    command = [helm, "install", "own", str(CHART), "--dry-run=client", "-f", str(file)]
    notes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\nNOTES:\n")[2]
    assert "Open WebUI is open to" in notes
    assert SECRET not in notes
