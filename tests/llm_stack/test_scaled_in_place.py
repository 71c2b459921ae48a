"""A change of the number of pods restarts none: the pod templates stay as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CHART
from rendering import many

from chartgen.kubernetes import definitions
from chartgen.programs import helm
from chartgen.programs.helm import Request

pytestmark = pytest.mark.slow

SHARED = {"modelCache": {"accessModes": ["ReadWriteMany"]}}
EACH = {"modelCache": {"type": "volumeClaimTemplate"}}
GPU = {"gpu": {"vendor": "nvidia", "count": 1}}
HUB = {"model": {"name": "team/model", "source": "huggingface"}}
GROUP = {"engine": "vllm", **GPU, **HUB, **SHARED}
PROMETHEUS = {"serverAddress": "http://prometheus.monitoring:9090"}
UNSCALED = ("nodes", "batch")  # no autoscaler takes such a workload
WORKLOADS = {
    "Deployment": SHARED,
    "StatefulSet": EACH,
    "Deployment of vLLM": {"engine": "vllm", **GPU, **HUB, **SHARED, "monitoring": {"enabled": True}},
    "Deployment of SGLang": {"engine": "sglang", **GPU, **HUB, **SHARED, "podDisruptionBudget": {"enabled": True}},
    "Deployment of llama.cpp": {"engine": "llamacpp", "llamacpp": {"file": "m.gguf"}, **HUB, **SHARED},
    "Deployment of Triton": {"engine": "triton", **HUB, **SHARED, "topologySpread": {"zones": "required"}},
    "sidecar": {**EACH, "model": {"delivery": "sidecar"}, "reload": {"mode": "rollout"}},
    "job": {**SHARED, "model": {"delivery": "job"}},
    "node cache": {
        "model": {"delivery": "daemonset"},
        "modelCache": {"type": "hostPath", "hostPath": "/var/lib/models"},
    },
    "LeaderWorkerSet": {**GROUP, "nodes": {"count": 2}},
}
NUMBERS: list[dict[str, Any]] = [
    {"replicas": 1},
    {"replicas": 2},
    {"replicas": 5},
    {"replicas": 0},
    {"autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 1}},
    {"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 7}},
    {"keda": {"enabled": True, "minReplicas": 1, "maxReplicas": 4, "prometheus": PROMETHEUS}},
]


def pods(value: Any) -> Iterator[Any]:
    """The pod templates within an object."""
    if isinstance(value, dict):
        if isinstance(value.get("spec"), dict) and "containers" in value["spec"]:
            yield {key: value[key] for key in ("metadata", "spec") if key in value}
        else:
            for each in value.values():
                yield from pods(each)
    elif isinstance(value, list):
        for each in value:
            yield from pods(each)


def templates(text: str) -> dict[str, Any]:
    """Every pod that a controller creates, and the claim templates, by the object's title."""
    found = {}
    for each in (document.data for document in helm.documents(text) if document.data):
        inner = list(pods(each))
        if inner and each["kind"] != "Pod":  # the pods of `helm test`
            found[f"{each['kind']}/{each['metadata']['name']}"] = [*inner, each["spec"].get("volumeClaimTemplates")]
    return found


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_change_of_the_number_restarts_no_pod(workload: str, tmp_path: Path):
    own, requests = WORKLOADS[workload], []
    for number, change in enumerate(NUMBERS):
        if "replicas" not in change and (own.keys() & set(UNSCALED)):
            continue
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps({**own, **change}), encoding="utf-8")
        requests.append(Request(CHART, (file,), definitions.versions()[-1], "own"))
    done = many(requests)
    made = [templates(done[each].text) for each in requests if not done[each].error]
    refused = [done[each].error for each in requests if done[each].error]
    assert len(made) >= 3, refused
    assert all("eplicas" in each or "keda" in each for each in refused), refused
    assert [each for each in made if each != made[0]] == []
