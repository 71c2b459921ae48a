"""What a manifest points at by name: it is in the render, or the example's header says that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..problem import nearest
from ..reading.yamlfile import Key
from .manifests import CLAIMS, Fault, Object, Pod, Render, at, map_at, maps


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
        Row(f"{CLAIMS['StatefulSet']}[].spec", "storageClassName", "StorageClass"),
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


@dataclass(frozen=True)
class Reference:
    """`owner` points at an object by its kind, namespace and name. `found`, at `path`, is the map that has the name."""

    owner: Object
    path: Key
    row: Row
    found: dict[str, Any]

    @property
    def named(self) -> tuple[str, str, str]:
        """The object's kind, name and namespace."""
        kind = str(self.found.get("kind", self.row.kind)) if self.row.typed else self.row.kind
        namespace = str((self.found.get("namespace") if self.row.typed else "") or self.owner.namespace)
        return kind, self.found[self.row.name], namespace

    @property
    def optional(self) -> bool:
        """Whether the object, or its key, need not be there."""
        return self.found.get("optional") is True

    def used(self) -> list[tuple[Key, str]]:
        """The keys of the object that are used, with their places; none where all of them are."""
        return [(where, str(key)) for where, key in at(self.found, self.row.keys, self.path)] if self.row.keys else []


def needed(render: Render) -> dict[tuple[str, str, str], dict[str, Object]]:
    """What the objects of a render need: (kind, name, namespace) -> those that name it, by their titles."""
    kept = render.memory.get(needed)
    if kept is None:
        kept = render.memory[needed] = {}
        for each in references(render):
            if not each.optional and not each.owner.hooked:
                kept.setdefault(each.named, {})[each.owner.title] = each.owner
    return kept


def references(render: Render) -> Iterator[Reference]:
    """Everything that the objects of a render, and their pods, point at by name."""
    for each in render.objects:
        for row in IN_OBJECT.get(each.kind, ()):
            if not (row is CERTIFICATES and ISSUERS & map_at(each.data, "metadata.annotations").keys()):
                yield from _named(each, row, each.data, ())
    for pod in render.pods:
        yield from of_pod(pod)


def of_pod(pod: Pod) -> Iterator[Reference]:
    """Everything that a pod points at by name."""
    for row in (*IN_POD, *OF_CLUSTER):
        yield from _named(pod.owner, row, pod.spec, pod.path)
    for path, container in pod.containers():
        for row in IN_CONTAINER:
            yield from _named(pod.owner, row, container, path)


def _named(owner: Object, row: Row, data: Any, path: Key) -> Iterator[Reference]:
    for where, found in maps(data, row.where, path) if row.where else [(path, data)]:
        if isinstance(found.get(row.name), str) and found[row.name]:
            yield Reference(owner, where, row, found)


def _all(render: Render) -> Iterator[Fault]:
    for each in references(render):
        yield from _reference(render, each)


def _reference(render: Render, each: Reference) -> Iterator[Fault]:
    kind, name, namespace = each.named
    if (kind, name) in BUILT_IN or kind in NOT_OBJECTS or render.named(kind, name, namespace):
        return
    target = render.find(kind, name, namespace)
    if target is None:
        if not each.optional:
            yield missing(render, each.owner, (*each.path, each.row.name), each.named)
        return
    for where, key in () if each.optional else each.used():
        keys = keys_of(target)
        if key not in keys:
            message = f"{target.title} has no key '{key}'"
            yield each.owner.fault(where, message, nearest(key, sorted(keys), "its keys"))


def missing(render: Render, owner: Object, path: Key, named: tuple[str, str, str], at_url: str = "") -> Fault:
    """An object (kind, name, namespace) that is not there: the one meant, or the header that says it is.

    What ships with a chart says what its cluster has. A user's own values need not.
    """
    kind, name, namespace = named
    need = f"{kind}/{name}" if namespace == render.namespace else f"{kind}/{namespace}/{name}"
    known = [each.name for each in render.of(kind) if each.namespace == namespace]
    meant = nearest(name, known) if known else ""
    advice = render.elsewhere(name)
    message = f"the release has no {kind} '{name}'" if advice else f"no {kind} '{name}' exists"
    said = f"if the cluster already has it, write '# needs: {need}' at the top of the values file"
    remedy = f"{meant} Otherwise, {said}" if meant.startswith("did you mean") else said
    return owner.fault(path, f"{message}{at_url}", remedy, advice)


def keys_of(target: Object) -> set[str]:
    """The keys of a Secret or a ConfigMap."""
    return {key for part in ("data", "stringData", "binaryData") for key in map_at(target.data, part)}
