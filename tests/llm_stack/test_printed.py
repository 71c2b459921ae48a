"""Commands that a release prints name its own objects, and no others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import printed
import pytest
import yaml
from conftest import CHART

pytestmark = pytest.mark.slow

RELEASE, NAMESPACE = "own", "place"
OTHER = "kubectl -n place rollout status deployment/own-server"
EXAMPLES = sorted((CHART / "examples").glob("*.yaml")) + sorted((CHART / "ci").glob("*.yaml"))


def installed(helm: str, file: Path) -> tuple[str, list[dict[str, Any]]]:
    """The notes of these values, and the objects of the release."""
    command = [helm, "install", RELEASE, str(CHART), "-n", NAMESPACE, "--dry-run=client", "-o", "json", "-f", str(file)]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    manifests = [made["manifest"], *(each["manifest"] for each in made.get("hooks", ()))]
    return made["info"]["notes"], [each for text in manifests for each in yaml.safe_load_all(text) if each]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_commands_of_the_notes_name_objects_of_the_release(helm: str, file: Path):
    notes, objects = installed(helm, file)
    assert printed.commands(notes)
    assert printed.foreign(notes, objects, RELEASE, NAMESPACE) == []


def test_the_claims_of_a_group_are_listed_by_the_label_that_they_have(helm: str, tmp_path: Path):
    values = {
        "engine": "vllm",
        "model": {"name": "team/large", "weightsSize": "700Gi"},
        "modelCache": {"type": "volumeClaimTemplate", "size": "1Ti"},
        "gpu": {"vendor": "nvidia", "count": 8},
        "nodes": {"count": 2},
    }
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    notes, objects = installed(helm, file)
    assert "kubectl -n place get pvc -l leaderworkerset.sigs.k8s.io/name=own-server-group" in notes
    assert printed.foreign(notes, objects, RELEASE, NAMESPACE) == []


@pytest.mark.parametrize(
    ("values", "said", "kept"),
    [
        ({"model": {"name": "nomic-embed-text"}}, "No server of the release chats", ""),
        (
            {"model": {"name": "nomic-embed-text"}, "openWebui": {"enabled": False}},
            "",
            "No server of the release chats",
        ),
        ({"models": {"a": {"name": "bge-m3"}, "b": {"name": "llama3.1"}}}, "", "No server of the release chats"),
        (
            {
                "engine": "vllm",
                "gpu": {"vendor": "nvidia"},
                "model": {"name": "team/x"},
                "extraArgs": ["--runner=pooling"],
            },
            "No server of the release chats",
            "",
        ),
        (
            {
                "engine": "vllm",
                "gpu": {"vendor": "nvidia"},
                "model": {"source": "modelkit", "reference": "ghcr.io/team/qwen:v2", "weightsSize": "15Gi"},
            },
            "server: deepseek-r1, which is ghcr.io/team/qwen:v2 (engine vllm)",
            "",
        ),
        ({"model": {"name": "llama3.1", "tag": "8b"}}, "server: llama3.1:8b (engine ollama)", ", which is"),
        (
            {
                "networkPolicy": {"enabled": True},
                "global": {"proxy": {"httpsProxy": "http://proxy.example.com:3128", "noProxy": ["10.0.0.0/8"]}},
                "openWebui": {"endpoints": {"own": {"url": "http://llm.store.svc:80/v1"}}},
            },
            "add that address there: proxy.example.com:3128, registry.ollama.ai:443",
            "llm.store",
        ),
        (
            {"networkPolicy": {"enabled": True}, "global": {"proxy": {"httpsProxy": "http://proxy.corp:3128"}}},
            "add that address there: proxy.corp:3128 (unless it is a Service of the cluster), registry.ollama.ai:443",
            "",
        ),
        (
            {
                "engine": "vllm",
                "gpu": {"vendor": "nvidia"},
                "model": {"name": "team/x"},
                "nodes": {"count": 2},
                "modelCache": {"accessModes": ["ReadWriteMany"]},
                "tests": {"enabled": False},
            },
            "Wait with the command below.",
            "helm test",
        ),
        ({"model": {"name": "llama3.1"}}, "", "networkPolicy.external"),
        (
            {"networkPolicy": {"enabled": True}, "openWebui": {"envFrom": [{"secretRef": {"name": "own"}}]}},
            "does not know the addresses in openWebui.envFrom",
            "",
        ),
        (
            {
                "networkPolicy": {"enabled": True},
                "extraObjects": {
                    "other": {
                        "apiVersion": "v1",
                        "kind": "Service",
                        "metadata": {"name": "other"},
                        "spec": {
                            "type": "LoadBalancer",
                            "selector": {"app.kubernetes.io/name": "other", "app.kubernetes.io/instance": "own"},
                            "ports": [{"port": 80}],
                        },
                    }
                },
            },
            "extraObjects.other opens another way",
            "",
        ),
        (
            {
                "networkPolicy": {"enabled": True},
                "env": {"DD_AGENT_HOST": {"valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}},
            },
            "does not know the addresses in env.DD_AGENT_HOST",
            "",
        ),
        (
            {
                "networkPolicy": {"enabled": True},
                "extraObjects": {
                    "proxy": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "proxy"}}
                },
            },
            "If the pods of extraObjects.proxy connect to a UI or a server",
            "",
        ),
        (
            {"networkPolicy": {"enabled": True}, "openWebui": {"env": {"CHROMA_HTTP_HOST": "10.0.0.7"}}},
            "The port of 10.0.0.7 is not in the values, so port 443 is allowed",
            "",
        ),
        (
            {
                "networkPolicy": {"enabled": True},
                "openWebui": {"env": {"CHROMA_HTTP_HOST": "10.0.0.7", "CHROMA_HTTP_PORT": "8000"}},
            },
            "",
            "is not in the values",
        ),
        (
            {
                "networkPolicy": {"enabled": True, "egress": {"open-webui": [{}]}},
                "openWebui": {"envFrom": [{"secretRef": {"name": "own"}}]},
            },
            "",
            "does not know",
        ),
        (
            {
                "engine": "vllm",
                "model": {"name": "team/x", "weightsSize": "1Gi"},
                "podAnnotations": {"prometheus.io/scrape": "true"},
                "networkPolicy": {"enabled": True},
            },
            "annotations of server server ask Prometheus",
            "",
        ),
        (
            {
                "networkPolicy": {"enabled": True},
                "extraObjects": {
                    "pods": {
                        "apiVersion": "monitoring.coreos.com/v1",
                        "kind": "PodMonitor",
                        "metadata": {"name": "pods"},
                        "spec": {"selector": {}, "podMetricsEndpoints": [{"port": "http"}]},
                    }
                },
            },
            "If extraObjects.pods is for pods of this release",
            "",
        ),
    ],
)
def test_the_notes_say_what_the_values_leave_open(helm: str, tmp_path: Path, values, said: str, kept: str):
    """kept: what the notes do not say."""
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    notes, _ = installed(helm, file)
    assert said in notes
    assert not kept or kept not in notes


@pytest.mark.parametrize(
    "command",
    [
        "kubectl -n elsewhere rollout status deployment/own-server",
        "kubectl -n place rollout status deployment/other-server",
        "kubectl -n place rollout status statefulset/own-server",
        "kubectl -n place get pvc",
        "kubectl -n place get pvc -l leaderworkerset.sigs.k8s.io/name=other",
        "kubectl -n place logs -f -l app.kubernetes.io/component=server",
        "kubectl -n place wait --for=condition=complete job -l app.kubernetes.io/instance=other",
        "kubectl -n place create job --from=cronjob/own-loader server-now",
        "kubectl -n place delete service own-server",
        "kubectl -n place annotate deployment other-server a=b",
        "kubectl -n place scale deployment/own-server",
        "helm test other -n place",
    ],
)
def test_a_command_that_names_something_else_is_found(command):
    objects = [
        {"kind": "Deployment", "metadata": {"name": "own-server"}},
        {"kind": "CronJob", "metadata": {"name": "own-loader"}},
    ]
    assert printed.foreign(f"run `{command}`", objects, RELEASE, NAMESPACE)
    assert printed.foreign(f"run `{OTHER}`", objects, RELEASE, NAMESPACE) == []
