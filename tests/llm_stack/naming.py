"""Names that people give and values that use them, from a seed, and the rules for names of each kind of objects."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from chartgen.programs.helm import documents

RELEASE = 53  # Helm's limit
SERVER = 30
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
# Kind -> the longest name, and its form. What Kubernetes appends: a StatefulSet's revision is a label of its pods, a
# CronJob's Jobs have a time in their names, a Job's name is a label, a Pod's name is its host name. All others: 253.
LIMITS = {
    "Service": (63, DNS_1035),
    "StatefulSet": (52, LABEL),
    "LeaderWorkerSet": (45, DNS_1035),
    "RayService": (47, DNS_1035),
    "CronJob": (52, SUBDOMAIN),
    "Job": (63, LABEL),
    "Pod": (63, LABEL),
    "Deployment": (63, LABEL),
    "DaemonSet": (63, LABEL),
}
# Ways in which a server can be set up, each with other objects.
WAYS: list[dict[str, Any]] = [
    {},
    {"modelCache": {"type": "volumeClaimTemplate"}, "replicas": 2},
    {"modelCache": {"type": "emptyDir"}, "model": {"delivery": "sidecar"}, "reload": {"mode": "rollout"}},
    {"modelCache": {"accessModes": ["ReadWriteMany"]}, "model": {"delivery": "job"}, "replicas": 2},
    {"modelCache": {"accessModes": ["ReadWriteMany"]}, "model": {"delivery": "cronjob"}},
    {"modelCache": {"type": "hostPath", "hostPath": "/srv/models"}, "model": {"delivery": "daemonset"}},
    {"gpu": {"vendor": "nvidia", "scheme": "dra", "partition": "1g.5gb"}},
    {"autoscaling": {"enabled": True}, "modelCache": {"accessModes": ["ReadWriteMany"]}},
    {"podDisruptionBudget": {"enabled": True}, "replicas": 2, "modelCache": {"type": "volumeClaimTemplate"}},
]
WAYS += [
    {
        "engine": "vllm",
        "model": {"name": "team/large"},
        "gpu": {"vendor": "nvidia"},
        "modelCache": {"type": cache},
        "nodes": {"count": 2, "workload": workload},
    }
    for workload, cache in (("RayService", "ephemeral"), ("LeaderWorkerSet", "volumeClaimTemplate"))
]
ENDS = ["pods", "files", "models", "data", "0", "reload", "account", "server", "open-webui", "n"]
RESERVED = {"open-webui", "pipelines", "nextchat", "web", "api", "tests"}
EVERYTHING: dict[str, Any] = {
    "pipelines": {"enabled": True},
    "nextchat": {"enabled": True},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["ai.example.com"]},
    "ingress": {"enabled": True, "host": "chat.example.com"},
    "api": {"ingress": {"enabled": True, "domain": "example.com"}},
}


def release(chance: random.Random) -> str:
    """A name that Helm allows: of 1 to 53 letters, digits, dashes and dots, often as long as it may be."""
    length = chance.choice([1, 2, 10, 45, 46, 47, 52, RELEASE, chance.randint(1, RELEASE)])
    while True:
        name = "".join(chance.choice("abz019-.") for _ in range(length))
        if SUBDOMAIN.fullmatch(name):
            return name


def server(chance: random.Random) -> str:
    """A name that the schema allows, often one that ends as the names of objects do."""
    length = chance.choice([1, 5, SERVER - 7, SERVER, chance.randint(1, SERVER)])
    while True:
        name = "".join(chance.choice("abz09-") for _ in range(length))
        name = chance.choice([name, f"{name}-{chance.choice(ENDS)}", chance.choice(ENDS)])[:SERVER]
        if DNS_1035.fullmatch(name) and name not in RESERVED:
            return name


def values(chance: random.Random) -> dict[str, Any]:
    """Two or three servers, each set up in another way, some called like a part of another; all UIs and Ingresses."""
    first = server(chance)
    names = {first, f"{first[:19].rstrip('-')}-{chance.choice(ENDS)}", server(chance)} - RESERVED
    ways = chance.sample(WAYS, len(names))
    pairs = dict(zip(sorted(names), ways, strict=True))
    for name in list(pairs):
        # The headless Service of a server with claim templates has this name, which the chart refuses.
        if f"{name}-pods" in pairs and pairs[name].get("modelCache", {}).get("type") == "volumeClaimTemplate":
            pairs[name] = {}
    chosen = {"server": {"enabled": False}} | pairs
    return EVERYTHING | {"nextchat": {"enabled": True, "server": sorted(names)[0]}, "servers": chosen}


def objects(text: str) -> list[dict[str, Any]]:
    """The objects in rendered text."""
    return [each.data for each in documents(text) if isinstance(each.data, dict)]


def faults(found: list[dict[str, Any]]) -> Iterator[str]:
    """Names, labels and keys that Kubernetes refuses, or with which controllers make no pod; and names used twice."""
    seen = set()
    for each in found:
        kind, name = each["kind"], each["metadata"]["name"]
        longest, form = LIMITS.get(kind, (253, SUBDOMAIN))
        if len(name) > longest or not form.fullmatch(name):
            yield f"{kind}/{name}: {len(name)} characters"
        if (kind, name) in seen:
            yield f"{kind}/{name}: is there twice"
        seen.add((kind, name))
        yield from (f"{kind}/{name}: {path}" for path in _wrong(each, ""))


def _wrong(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for n, item in enumerate(node):
            yield from _wrong(item, f"{path}[{n}]")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in ("labels", "matchLabels", "nodeSelector") and isinstance(value, dict):
            yield from (f"{path}.{key}.{label}: {text!r}" for label, text in value.items() if not VALUE.fullmatch(text))
        if key in ("volumes", "containers", "initContainers", "resourceClaims"):
            for item in value:
                if len(item["name"]) > 63 or not LABEL.fullmatch(item["name"]):
                    yield f"{path}.{key}: {item['name']}"
        if key == "ports" and isinstance(value, list):
            yield from (f"{path}.ports: {item['name']}" for item in value if len(item.get("name", "")) > 15)
        if key in ("data", "stringData") and isinstance(value, dict):
            yield from (f"{path}.{key}: {inner}" for inner in value if not DATA_KEY.fullmatch(inner))
        yield from _wrong(value, f"{path}.{key}")
