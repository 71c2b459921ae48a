"""Without the internet: with delivery none and openWebui.offline, nothing in the manifests reaches for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.programs import helm as render
from chartgen.programs import tools
from chartgen.proofs import manifests
from chartgen.reading.unprinted import opened

SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
ENGINES = SCHEMA["properties"]["engine"]["enum"]
FRAGMENTS = ROOT / "chartgen/fragments/engine"
# A line of an engine's own environment that turns off network access, by its name.
SWITCH = re.compile(r'^(\w*(?:OFFLINE|NO_CLOUD|NO_USAGE_STATS|DO_NOT_TRACK|TELEMETRY)\w*): "(\w+)"$', re.M)
# What the chart sets for an engine with the fact `offline: true`.
HUGGING_FACE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
UI = {"OFFLINE_MODE": "true", "HF_HUB_OFFLINE": "1", "RAG_EMBEDDING_MODEL_AUTO_UPDATE": "false"}
OFFLINE = {
    "model": {"name": "deepseek-r1", "delivery": "none"},
    "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
    "openWebui": {"offline": True},
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


def switches(engine: str) -> dict[str, str]:
    """The variables that keep an engine from the network, as its templates state them."""
    text = "".join(file.read_text(encoding="utf-8") for file in (FRAGMENTS / engine / "templates").glob("*.tpl"))
    return dict(SWITCH.findall(text)) | (HUGGING_FACE if re.search(r"^offline: true$", text, re.M) else {})


def offline(engine: str) -> dict[str, Any]:
    """Values without the internet: a case of the engine in which nothing is downloaded, else the usual ones."""
    cases = [yaml.safe_load(file.read_text()) for file in sorted((FRAGMENTS / engine / "cases").glob("*.yaml"))]
    own = [case for case in cases if case.get("model", {}).get("delivery") == "none" and "models" not in case]
    return (own[0] if own else OFFLINE) | {"engine": engine, "openWebui": OFFLINE["openWebui"]}


def test_switches_are_found_in_the_templates():
    assert switches("ollama") == {"OLLAMA_NO_CLOUD": "1"}
    assert switches("vllm") == HUGGING_FACE | {"VLLM_NO_USAGE_STATS": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_reaches_for_the_internet(engine, tmp_path):
    found = rendered(tmp_path, offline(engine))
    assert bringing(found) == []
    assert outside(found) == set()
    assert of(found, "server").items() >= switches(engine).items()
    assert of(found, "open-webui").items() >= UI.items()


def test_example_without_the_internet_keeps_to_itself(tmp_path):
    found = rendered(tmp_path, {}, CHART / "examples/offline-cache.yaml")
    assert bringing(found) == []
    assert outside(found) == set()
    assert of(found, "server").items() >= switches("ollama").items()


def test_what_reaches_out_would_be_seen(tmp_path):
    provider = {"openWebui": {"env": {"OPENAI_API_BASE_URL": "https://api.example.com/v1"}}}
    found = rendered(tmp_path, provider)
    assert bringing(found) == ["Deployment/llm-server: bring-models"]
    assert outside(found) == {"api"}
    assert not UI.items() <= of(found, "open-webui").items()
