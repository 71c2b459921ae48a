"""Without the internet: with delivery none and openWebui.offline, nothing in the manifests reaches for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CHART

from chartgen.programs import helm as render
from chartgen.programs import tools
from chartgen.proofs import manifests

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
ENGINES = SCHEMA["properties"]["engine"]["enum"]
# What keeps each engine from asking a hub for what it misses, or telling its maker that it is used.
SWITCHES = {
    "ollama": {"OLLAMA_NO_CLOUD": "1"},
    "vllm": {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"},
    "triton": {},  # reads its repository alone
    "custom": {},  # a program of the user's own: env says what it takes
}
UI = {"OFFLINE_MODE": "true", "HF_HUB_OFFLINE": "1", "RAG_EMBEDDING_MODEL_AUTO_UPDATE": "false"}
OFFLINE = {
    "model": {"name": "deepseek-r1", "delivery": "none"},
    "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
    "openWebui": {"offline": True},
}
# What an engine cannot do without.
MORE = {
    "custom": {"image": {"repository": "registry.example.com/server", "tag": "1"}},
    "triton": {"model": {"name": "deepseek-r1", "delivery": "none", "path": "deepseek-r1/1"}},
}
HERE = ("127.0.0.1", "localhost", "0.0.0.0")


def rendered(folder: Path, values: dict[str, Any], *files: Path) -> manifests.Render:
    file = folder / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    helm = tools.ensure(["helm"], print)["helm"].path
    (made,) = render.render([render.Request(CHART, (*files, file))], helm)
    assert not made.error
    return manifests.render_of(render.documents(made.text), frozenset())


def bringing(found: manifests.Render) -> list[str]:
    """The containers that bring models, and all pods that come and go but for those of tests."""
    loaders = [
        f"{pod.owner.title}: {container['name']}"
        for pod in found.pods
        for _, container in pod.containers()
        if "TARGET" in env(container)
    ]
    kinds = ("Job", "CronJob", "DaemonSet")
    return loaders + [each.title for each in found.objects if each.kind in kinds]


def env(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container.get("env", ())}


def hosts(found: manifests.Render) -> Iterator[str]:
    """The host of every URL in every object."""
    for each in found.objects:
        for text in manifests.texts(each.data):
            yield from (host.partition(".")[0] for host in re.findall(r"\b[a-z]+://([\w.-]+)", text))


def outside(found: manifests.Render) -> set[str]:
    services = {each.name for each in found.objects if each.kind == "Service"}
    return set(hosts(found)) - services - {host.partition(".")[0] for host in HERE}


def of(found: manifests.Render, component: str) -> dict[str, str]:
    """The environment of a part's own container."""
    (pod,) = (pod for pod in found.pods if pod.labels.get("app.kubernetes.io/component") == component)
    return env(pod.spec["containers"][0])


def test_every_engine_says_here_how_it_is_kept_from_the_internet():
    assert set(ENGINES) == SWITCHES.keys()


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_reaches_for_the_internet(engine, tmp_path):
    found = rendered(tmp_path, OFFLINE | MORE.get(engine, {}) | {"engine": engine})
    assert bringing(found) == []
    assert outside(found) == set()
    assert of(found, "server").items() >= SWITCHES[engine].items()
    assert of(found, "open-webui").items() >= UI.items()


def test_example_without_the_internet_keeps_to_itself(tmp_path):
    found = rendered(tmp_path, {}, CHART / "examples/offline-cache.yaml")
    assert bringing(found) == []
    assert outside(found) == set()
    assert of(found, "server").items() >= SWITCHES["ollama"].items()


def test_what_reaches_out_would_be_seen(tmp_path):
    provider = {"openWebui": {"env": {"OPENAI_API_BASE_URL": "https://api.example.com/v1"}}}
    found = rendered(tmp_path, provider)
    assert bringing(found) == ["Deployment/llm-server: bring-models"]
    assert outside(found) == {"api"}
    assert not UI.items() <= of(found, "open-webui").items()
