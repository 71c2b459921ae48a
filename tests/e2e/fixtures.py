"""What an example expects of the cluster, made for it: all that its `# needs:` line names, with the keys in use."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from chartgen.proofs.dangling import IN_CONTAINER, IN_OBJECT, IN_POD, Row
from chartgen.proofs.manifests import Object as Rendered
from chartgen.proofs.manifests import Render, at

from .cluster import Object

LABEL = "llm-stack-e2e"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
PULL = {"auths": {"registry.example.com": {"username": "e2e", "password": "e2e", "auth": "ZTJlOmUyZQ=="}}}


def parse(need: str, namespace: str) -> tuple[str, str, str]:
    """(kind, namespace, name) of `Kind/name` or `Kind/namespace/name`; the namespace given where it says none."""
    kind, *middle, name = need.split("/")
    return kind, (middle[0] if middle else namespace), name


def made_for(render: Render, namespace: str, classes: list[Object]) -> tuple[list[Object], list[str]]:
    """The objects that a render needs in the cluster, and those of its needs that nothing here knows how to make.

    `classes` are the cluster's StorageClasses.
    """
    keys = used_keys(render)
    made, unknown = [], []
    for need in sorted(render.needs):
        kind, where, name = parse(need, namespace)
        make = KINDS.get(kind)
        if make is None:
            unknown.append(need)
            continue
        origin = render.namespace if where == namespace else where
        about = {"keys": keys.get((kind, origin, name), []), "render": render, "classes": classes}
        item = {"kind": kind, "metadata": {"name": name}, **make(name, about)}
        made.append(item if kind in CLUSTER else _inside(item, where))
    return made, unknown


def used_keys(render: Render) -> dict[tuple[str, str, str], list[str]]:
    """(kind, namespace, name) of each Secret and ConfigMap that the render points at -> the keys that it uses."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for owner, row, data in _rows(render):
        for _, item in at(data, row.where) if row.where else [((), data)]:
            if row.kind in ("Secret", "ConfigMap") and isinstance(item.get(row.name), str):
                keys = {str(key) for _, key in at(item, row.keys)} if row.keys else set(_usual(owner, row))
                found.setdefault((row.kind, owner.namespace, item[row.name]), set()).update(keys)
    return {target: sorted(keys) for target, keys in found.items()}


def _rows(render: Render) -> Iterator[tuple[Rendered, Row, dict[str, Any]]]:
    for each in render.objects:
        yield from ((each, row, each.data) for row in IN_OBJECT.get(each.kind, ()))
    for pod in render.pods:
        yield from ((pod.owner, row, pod.spec) for row in IN_POD)
        for _, container in pod.containers():
            yield from ((pod.owner, row, container) for row in IN_CONTAINER)


def _usual(owner: Rendered, row: Row) -> list[str]:
    """The keys of a Secret that is asked for as a whole."""
    if row.where == "imagePullSecrets[]":
        return [".dockerconfigjson"]
    return ["tls.crt", "tls.key"] if owner.kind == "Ingress" else []


def _secret(name: str, about: dict[str, Any]) -> Object:
    keys = about["keys"] or ["username", "password"]
    types = {".dockerconfigjson": "kubernetes.io/dockerconfigjson", "tls.crt": "kubernetes.io/tls"}
    kind = next((types[key] for key in keys if key in types), "Opaque")
    values = {key: json.dumps(PULL) if key == ".dockerconfigjson" else f"e2e-{key}" for key in keys}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "type": kind, "data": data}


def _config_map(name: str, about: dict[str, Any]) -> Object:
    return {"apiVersion": "v1", "data": dict.fromkeys(about["keys"] or ["e2e"], "e2e")}


def _claim(name: str, about: dict[str, Any]) -> Object:
    """A claim that was made before: any number of pods may mount it."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "100Gi"}}}
    return {"apiVersion": "v1", "spec": spec}


def _storage_class(name: str, about: dict[str, Any]) -> Object:
    """Like the cluster's default class, where that has a provisioner; else volumes are made by hand."""
    base = next((each for each in about["classes"] if provisions(each) and _is_default(each)), {})
    same = {key: base[key] for key in ("provisioner", "parameters", "volumeBindingMode") if key in base}
    return {"apiVersion": "storage.k8s.io/v1", "provisioner": NO_PROVISIONER, **same}


def _gateway(name: str, about: dict[str, Any]) -> Object:
    """A Gateway with every section that the render's routes name. Nothing carries its traffic."""
    parents = [parent for each in about["render"].objects for _, parent in at(each.data, "spec.parentRefs[]")]
    sections = sorted({each.get("sectionName", "http") for each in parents if each.get("name") == name} or {"http"})
    listeners = [
        {"name": section, "port": 80 + n, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
        for n, section in enumerate(sections)
    ]
    spec = {"gatewayClassName": "llm-stack-e2e", "listeners": listeners}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "spec": spec}


# Kind -> what makes one, given its name and what is known about it.
KINDS = {
    "Secret": _secret,
    "ConfigMap": _config_map,
    "PersistentVolumeClaim": _claim,
    "StorageClass": _storage_class,
    "Gateway": _gateway,
    "ServiceAccount": lambda name, about: {"apiVersion": "v1"},
    "IngressClass": lambda name, about: {
        "apiVersion": "networking.k8s.io/v1",
        "spec": {"controller": "example.com/e2e"},
    },
    "RuntimeClass": lambda name, about: {"apiVersion": "node.k8s.io/v1", "handler": "runc"},
    "PriorityClass": lambda name, about: {"apiVersion": "scheduling.k8s.io/v1", "value": 1000},
    "DeviceClass": lambda name, about: {"apiVersion": "resource.k8s.io/v1", "spec": {}},
}
CLUSTER = ("StorageClass", "IngressClass", "RuntimeClass", "PriorityClass", "DeviceClass")


def provisions(storage_class: Object) -> bool:
    """Whether somebody makes volumes for the claims of a class."""
    return storage_class.get("provisioner", NO_PROVISIONER) != NO_PROVISIONER


def _is_default(storage_class: Object) -> bool:
    annotations = storage_class["metadata"].get("annotations") or {}
    return annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


def _inside(item: Object, namespace: str) -> Object:
    return item | {"metadata": {**item["metadata"], "namespace": namespace}}
