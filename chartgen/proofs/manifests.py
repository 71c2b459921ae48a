"""What rendered objects are made of: paths into them, the pods that they make, the labels that select these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from ..programs.helm import Document
from ..reading.yamlfile import Key, dotted

# Where workloads have templates of claims.
CLAIMS = {
    "StatefulSet": "spec.volumeClaimTemplates",
    "LeaderWorkerSet": "spec.leaderWorkerTemplate.volumeClaimTemplates",
}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass(frozen=True)
class Fault:
    """What is wrong at `path` of a document, and what to do about it. `advice` works, but hardly as it was meant."""

    document: Document
    path: Key
    message: str
    remedy: str
    advice: bool = False


@dataclass(frozen=True)
class Object:
    """An object of a render; `namespace` is the release's where the object names none.

    An object with a `maker` is none of the release: the controller of that one makes it.
    """

    document: Document
    kind: str
    namespace: str
    name: str
    maker: Object | None = None

    @property
    def data(self) -> dict[str, Any]:
        return self.document.data

    @property
    def title(self) -> str:
        """`Kind/name`, as problems call it."""
        return f"{self.kind}/{self.name}"

    @property
    def hooked(self) -> bool:
        """Whether Helm runs it as a hook, and does not keep it as a part of the release."""
        return "helm.sh/hook" in map_at(self.data, "metadata.annotations")

    def fault(self, path: Key, message: str, remedy: str, advice: bool = False) -> Fault:
        return Fault(self.document, path, message, remedy, advice)


@dataclass(frozen=True)
class Pod:
    """A pod, or a template of pods, that `owner` makes; `path` leads to its spec."""

    owner: Object
    path: Key
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def passing(self) -> bool:
        """Whether it ends by itself, as pods of Jobs and hooks do: no Service may send anybody there."""
        return self.owner.kind in ("Job", "CronJob") or self.owner.hooked

    def containers(self) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Every container, those that run first included, with its path in the object."""
        for kind in ("initContainers", "containers"):
            yield from maps(self.spec, f"{kind}[]", self.path)

    def ports(self) -> Iterator[dict[str, Any]]:
        """The ports that all of its containers declare."""
        for _, container in self.containers():
            yield from (port for _, port in maps(container, "ports[]"))

    def has_port(self, port: str | int) -> bool:
        """Whether a container declares the port, by its name or its number."""
        return any(port in (each.get("name"), each.get("containerPort")) for each in self.ports())


@dataclass(frozen=True)
class Render:
    """The objects of one render, and what is there besides.

    `needs` are the names in its header, `Kind/name` or `Kind/namespace/name`; `given` all texts in the values. An
    object that these name is whoever wrote them's to provide: it counts as there in a case, and may be there for a
    user's `own` file, whose cluster only he knows.
    """

    objects: tuple[Object, ...]
    pods: tuple[Pod, ...]
    needs: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    own: bool = False
    namespace: str = "default"

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What was found out about the render, by the function that did: it never changes."""
        return {}

    def of(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [each for each in self.objects if each.kind == kind]

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """The object of that name; in the release's namespace unless another is given."""
        return self._named.get((kind, namespace or self.namespace, str(name)))

    @cached_property
    def _named(self) -> dict[tuple[str, str, str], Object]:
        return {(each.kind, each.namespace, each.name): each for each in reversed(self.objects)}

    def labelled(self, labels: dict[str, Any], namespace: str) -> list[Pod]:
        """The pods of a namespace that have all of these labels; none where there are no labels."""
        few = min((self._pods_by_label.get((namespace, *pair), []) for pair in _pairs(labels)), key=len, default=[])
        return [pod for pod in few if selects({"matchLabels": labels}, pod.labels)]

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[Pod]]:
        found: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            for pair in _pairs(pod.labels):
                found.setdefault((pod.owner.namespace, *pair), []).append(pod)
        return found

    @cached_property
    def lasting(self) -> list[Pod]:
        """The pods of workloads, and of Jobs that download models, the first of each group; no other hooks."""
        first: dict[int, Pod] = {}
        # The head of a RayService has no model, so its box shows a worker.
        for pod in sorted(self.pods, key=lambda pod: "headGroupSpec" in pod.path):
            first.setdefault(id(pod.owner), pod)
        return [pod for pod in self.pods if first[id(pod.owner)] is pod and not pod.owner.hooked]

    def named(self, kind: str, name: str, namespace: str = "") -> bool:
        """Whether the example's header, or the values of a case, name it as there."""
        names = {f"{kind}/{name}", f"{kind}/{namespace or self.namespace}/{name}"}
        return bool(names & self.needs) or (name in self.given and not self.own)

    def elsewhere(self, name: str) -> bool:
        """Whether a user's own values name it, alone or in a URL: an object that the chart alone names never exists."""
        word = re.compile(rf"(?<![A-Za-z0-9.-]){re.escape(name)}(?![A-Za-z0-9-])")
        return self.own and any(word.search(text) for text in self.given)


def _pairs(labels: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(key), str(value)) for key, value in labels.items()]


def title(document: Document) -> str:
    """`Kind/name` of a document, as far as it says them."""
    data = document.data if isinstance(document.data, dict) else {}
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return "/".join(str(part) for part in (data.get("kind"), name) if part) or "a document"


def shown(data: Any, path: Key) -> str:
    """A path into an object as people look for it, by names: `spec.containers[server].env[HOME].value`."""
    text = ""
    for part in path:
        if isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
            name = data.get("name") if isinstance(data, dict) else None
            text += f"[{name if isinstance(name, str) else part}]"
        else:
            data = data.get(part) if isinstance(data, dict) else None
            text += f"[{part}]" if isinstance(part, int) else f".{dotted((part,))}"
    return text.removeprefix(".")


def render_of(
    documents: list[Document],
    needs: frozenset[str],
    given: frozenset[str] = frozenset(),
    own: bool = False,
    namespace: str = Render.namespace,
) -> Render:
    """The render that these documents are; those that are no objects at all are left to kubeconform.

    Objects that say no namespace are in `namespace`.
    """
    objects = tuple(_object(document, namespace) for document in documents if _is_object(document.data))
    pods = tuple(pod for each in objects for pod in _pods(each, each.data, ()))
    made = tuple(service for each in objects for service in _made(each, pods))
    return Render((*objects, *made), pods, needs, given, own, namespace)


def holders(data: Any, path: Key = ()) -> Iterator[tuple[Key, list[tuple[Any, Any]], bool]]:
    """Every map and list in data: its path, its pairs of key and value (number and item), and whether it is a list."""
    if isinstance(data, dict | list):
        found = list(data.items() if isinstance(data, dict) else enumerate(data))
        yield path, found, isinstance(data, list)
        for key, inner in found:
            if isinstance(inner, dict | list):
                yield from holders(inner, (*path, key))


def texts(data: Any) -> Iterator[str]:
    """Every text in values."""
    for _, found, _ in holders([data]):
        yield from (inner for _, inner in found if isinstance(inner, str))


def at(data: Any, where: str, path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """What stands at a dotted path, `spec.volumes[].secret`, once for each item of the lists on the way."""
    found = [(path, data)]
    for name, listed in _steps(where):
        found = [((*place, name), node[name]) for place, node in found if isinstance(node, dict) and name in node]
        if listed:
            found = [
                ((*place, n), item) for place, node in found if isinstance(node, list) for n, item in enumerate(node)
            ]
        else:
            found = [each for each in found if each[1] is not None]
        if not found:
            break
    return iter(found)


@cache
def _steps(where: str) -> list[tuple[str, bool]]:
    """The keys of a dotted path, and whether the items of a list are meant."""
    return [(step.removesuffix("[]"), step.endswith("[]")) for step in where.split(".")]


def maps(data: Any, where: str, path: Key = ()) -> Iterator[tuple[Key, dict[str, Any]]]:
    """As `at`, the maps alone: what else stands there is kubeconform's to refuse."""
    return ((place, found) for place, found in at(data, where, path) if isinstance(found, dict))


def map_at(data: Any, where: str) -> dict[str, Any]:
    """The map at a dotted path, an empty one where there is none."""
    if "[]" in where:
        return next((found for _, found in maps(data, where)), {})
    for name, _ in _steps(where):
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def claim_templates(owner: Object) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The templates of claims of a workload, which are volumes of its pods."""
    yield from maps(owner.data, f"{CLAIMS[owner.kind]}[]") if owner.kind in CLAIMS else ()


def selects(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) selects these labels; an empty one selects all."""
    pairs = map_at(selector, "matchLabels").items()
    expressions = (each for _, each in maps(selector, "matchExpressions[]"))
    return all(labels.get(key) == value for key, value in pairs) and all(_holds(each, labels) for each in expressions)


def _holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, values = str(expression.get("key")), [value for _, value in at(expression, "values[]")]
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(expression.get("operator")), False)


def _is_object(data: Any) -> bool:
    metadata = data.get("metadata") if isinstance(data, dict) else None
    return isinstance(metadata, dict) and isinstance(data.get("kind"), str) and isinstance(metadata.get("name"), str)


def _object(document: Document, namespace: str) -> Object:
    metadata = document.data["metadata"]
    return Object(document, document.data["kind"], str(metadata.get("namespace") or namespace), metadata["name"])


def _made(owner: Object, pods: tuple[Pod, ...]) -> Iterator[Object]:
    """The Service that KubeRay makes of a RayService's `serveService`. It leads to the pods of one cluster."""
    if owner.kind != "RayService":
        return
    data = map_at(owner.data, "spec.serveService")
    name = map_at(data, "metadata").get("name", f"{owner.name}-serve-svc")
    labels = [pod.labels.items() for pod in pods if pod.owner is owner]
    if labels and isinstance(name, str):
        selector = dict(set(labels[0]).intersection(*labels))
        metadata = map_at(data, "metadata") | {"name": name, "namespace": owner.namespace}
        spec = map_at(data, "spec") | {"selector": selector}
        made = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        yield replace(_object(replace(owner.document, data=made), owner.namespace), maker=owner)


def _pods(owner: Object, node: Any, path: Key) -> Iterator[Pod]:
    """Wherever `metadata` and a `spec` with containers stand side by side, whatever kind of workload makes the pods."""
    if isinstance(node, list):
        for n, item in enumerate(node):
            yield from _pods(owner, item, (*path, n))
    if not isinstance(node, dict):
        return
    spec = node.get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
        yield Pod(owner, (*path, "spec"), map_at(node, "metadata.labels"), spec)
        return
    for key, inner in node.items():
        yield from _pods(owner, inner, (*path, key))


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """The Service's name and namespace that a host means within the cluster; ("", "") for any other host, such as one
    of a public domain that has a part called svc."""
    inside, svc, domain = f"{host.rstrip('.')}.".partition(".svc.")
    if domain not in ("", "cluster.local."):
        return "", ""
    parts = inside.rstrip(".").split(".")
    if svc:
        return (parts[-2], parts[-1]) if len(parts) > 1 else ("", "")
    if len(parts) == 1 and host != "localhost":
        return host, namespace
    return (parts[0], namespace) if parts[1:] == [namespace] else ("", "")
