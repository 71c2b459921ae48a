"""What a manifest points at by name: it is in the render, or the example's header says that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..problem import nearest
from ..reading.yamlfile import Key
from .manifests import Fault, Object, Pod, Render, at, map_at, maps


@dataclass(frozen=True)
class Row:
    """In the map at `where`, `name` is the name of a `kind`, and `keys` leads to those of its keys that are used.

    The map itself says the kind where `typed`, and the namespace where it has the key for that.
    """

    where: str
    name: str
    kind: str
    keys: str = ""
    typed: bool = False


IN_POD = (
    Row("volumes[].persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
    Row("volumes[].secret", "secretName", "Secret", "items[].key"),
    Row("volumes[].configMap", "name", "ConfigMap", "items[].key"),
    Row("volumes[].projected.sources[].secret", "name", "Secret", "items[].key"),
    Row("volumes[].projected.sources[].configMap", "name", "ConfigMap", "items[].key"),
    Row("volumes[].csi.nodePublishSecretRef", "name", "Secret"),
    Row("imagePullSecrets[]", "name", "Secret"),
    Row("resourceClaims[]", "resourceClaimName", "ResourceClaim"),
    Row("resourceClaims[]", "resourceClaimTemplateName", "ResourceClaimTemplate"),
)
IN_CONTAINER = (
    Row("env[].valueFrom.secretKeyRef", "name", "Secret", "key"),
    Row("env[].valueFrom.configMapKeyRef", "name", "ConfigMap", "key"),
    Row("envFrom[].secretRef", "name", "Secret"),
    Row("envFrom[].configMapRef", "name", "ConfigMap"),
)
OF_CLUSTER = (
    Row("", "serviceAccountName", "ServiceAccount"),
    Row("", "runtimeClassName", "RuntimeClass"),
    Row("", "priorityClassName", "PriorityClass"),
)
ROUTE = (
    Row("spec.parentRefs[]", "name", "Gateway", typed=True),
    Row("spec.rules[].backendRefs[]", "name", "Service", typed=True),
)
CERTIFICATES = Row("spec.tls[]", "secretName", "Secret")
# An Ingress with one of these annotations has its certificates made by cert-manager.
ISSUERS = {"cert-manager.io/issuer", "cert-manager.io/cluster-issuer"}
IN_OBJECT = {
    "StatefulSet": (
        Row("spec", "serviceName", "Service"),
        Row("spec.volumeClaimTemplates[].spec", "storageClassName", "StorageClass"),
    ),
    "PersistentVolumeClaim": (Row("spec", "storageClassName", "StorageClass"),),
    "ServiceAccount": (Row("imagePullSecrets[]", "name", "Secret"), Row("secrets[]", "name", "Secret")),
    "Ingress": (
        Row("spec", "ingressClassName", "IngressClass"),
        CERTIFICATES,
        Row("spec.defaultBackend.service", "name", "Service"),
        Row("spec.rules[].http.paths[].backend.service", "name", "Service"),
    ),
    "HTTPRoute": ROUTE,
    "GRPCRoute": ROUTE,
    "HorizontalPodAutoscaler": (Row("spec.scaleTargetRef", "name", "", typed=True),),
    "ScaledObject": (Row("spec.scaleTargetRef", "name", "Deployment", typed=True),),
    "RoleBinding": (Row("roleRef", "name", "", typed=True), Row("subjects[]", "name", "", typed=True)),
}
# What every cluster has by itself.
BUILT_IN = {("ServiceAccount", "default"), ("PriorityClass", "system-node-critical")}
BUILT_IN |= {("PriorityClass", "system-cluster-critical"), ("ConfigMap", "kube-root-ca.crt")}
NOT_OBJECTS = ("User", "Group")


def check(render: Render) -> Iterator[Fault]:
    """Every name that leads nowhere, at the first place that has it; and every key that its object does not have."""
    seen = set()
    for fault in _all(render):
        if fault.message not in seen:
            yield fault
        seen.add(fault.message)


def _all(render: Render) -> Iterator[Fault]:
    for each in render.objects:
        for row in IN_OBJECT.get(each.kind, ()):
            if not (row is CERTIFICATES and ISSUERS & map_at(each.data, "metadata.annotations").keys()):
                yield from _row(render, each, row, each.data, ())
    for pod in render.pods:
        yield from _pod(render, pod)


def _pod(render: Render, pod: Pod) -> Iterator[Fault]:
    for row in (*IN_POD, *OF_CLUSTER):
        yield from _row(render, pod.owner, row, pod.spec, pod.path)
    for path, container in pod.containers():
        for row in IN_CONTAINER:
            yield from _row(render, pod.owner, row, container, path)


def _row(render: Render, owner: Object, row: Row, data: Any, path: Key) -> Iterator[Fault]:
    for where, found in maps(data, row.where, path) if row.where else [(path, data)]:
        if isinstance(found.get(row.name), str) and found[row.name]:
            yield from _reference(render, owner, row, found, where)


def _reference(render: Render, owner: Object, row: Row, found: dict[str, Any], path: Key) -> Iterator[Fault]:
    kind = str(found.get("kind", row.kind)) if row.typed else row.kind
    name, namespace = found[row.name], str((found.get("namespace") if row.typed else "") or owner.namespace)
    if (kind, name) in BUILT_IN or kind in NOT_OBJECTS or render.named(kind, name, namespace):
        return
    target = render.find(kind, name, namespace)
    if target is None:
        if found.get("optional") is not True:
            yield missing(render, owner, (*path, row.name), (kind, name, namespace))
        return
    for where, key in at(found, row.keys, path) if row.keys and found.get("optional") is not True else ():
        keys = keys_of(target)
        if str(key) not in keys:
            yield owner.fault(where, f"{target.title} has no key '{key}'", nearest(str(key), sorted(keys), "its keys"))


def missing(render: Render, owner: Object, path: Key, named: tuple[str, str, str], at_url: str = "") -> Fault:
    """An object (kind, name, namespace) that is not there: the one meant, or the header that says it is.

    What ships with a chart says what its cluster has. A user's own values need not.
    """
    kind, name, namespace = named
    need = f"{kind}/{name}" if namespace == render.namespace else f"{kind}/{namespace}/{name}"
    known = [each.name for each in render.objects if each.kind == kind and each.namespace == namespace]
    meant = nearest(name, known) if known else ""
    advice = render.elsewhere(name)
    message = f"the release has no {kind} '{name}'" if advice else f"no {kind} '{name}' exists"
    said = f"if the cluster already has it, write '# needs: {need}' at the top of the values file"
    remedy = f"{meant} Otherwise, {said}" if meant.startswith("did you mean") else said
    return owner.fault(path, f"{message}{at_url}", remedy, advice)


def keys_of(target: Object) -> set[str]:
    """The keys of a Secret or a ConfigMap."""
    return {key for part in ("data", "stringData", "binaryData") for key in map_at(target.data, part)}
