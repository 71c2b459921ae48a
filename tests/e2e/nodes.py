"""Nodes for pods that ask for labels or devices which no node has: where kwok fakes nodes, one more costs nothing."""

from __future__ import annotations

from typing import Any

from chartgen.proofs.manifests import Pod, at

from .cluster import FAKE, Object, faked

CAPACITY = {"cpu": "128", "memory": "2Ti", "ephemeral-storage": "8Ti", "pods": "110"}
MANY = 64  # of each device


def lacking(pods: list[Pod], nodes: list[Object], run: str) -> list[Object]:
    """The fake nodes to add, so that each of the pods has one that it fits on; none where no node is faked."""
    if not any(map(faked, nodes)):
        return []
    made: list[Object] = []
    for pod in pods:
        labels, devices = dict(pod.spec.get("nodeSelector") or {}), _devices(pod.spec)
        if not any(_fits(labels, devices, node) for node in (*nodes, *made)):
            made.append(_node(f"e2e-{run}-{len(made)}", labels, devices))
    return made


def _devices(spec: dict[str, Any]) -> dict[str, int]:
    """The extended resources that a pod asks for, by name; those of its containers added up."""
    found: dict[str, int] = {}
    for kind in ("initContainers[]", "containers[]"):
        for _, limits in at(spec, f"{kind}.resources.limits"):
            for name, amount in limits.items():
                if "/" in name:
                    found[name] = found.get(name, 0) + int(amount)
    return found


def _fits(labels: dict[str, str], devices: dict[str, int], node: Object) -> bool:
    own, there = node["metadata"].get("labels") or {}, node["status"].get("allocatable") or {}
    if node["spec"].get("unschedulable"):
        return False
    return labels.items() <= own.items() and all(int(there.get(name, 0)) >= count for name, count in devices.items())


def _node(name: str, labels: dict[str, str], devices: dict[str, int]) -> Object:
    room = CAPACITY | {device: str(max(MANY, count)) for device, count in devices.items()}
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", **labels}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": own, "annotations": {FAKE: "fake"}},
        "spec": {},
        "status": {"capacity": room, "allocatable": room},
    }
