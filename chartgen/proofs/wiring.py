"""How the objects of a render hang together: names, selectors, ports, mounts, URLs, and nothing that stands twice.

Kubernetes' schemas see one object at a time, and its API server accepts what leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..problem import nearest
from ..reading.yamlfile import Key
from . import dangling
from .manifests import WORKLOADS, Fault, Object, Pod, Render, at, map_at, maps, selects

SCHEMES = "https?|wss?|grpc|redis|postgres(?:ql)?"
URL = re.compile(rf"\b({SCHEMES})://(?:[^/@\s]*@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d+))?")
USUAL = {"http": 80, "ws": 80, "https": 443, "wss": 443}
SELECTING = {
    "PodDisruptionBudget": "spec.selector",
    "NetworkPolicy": "spec.podSelector",
    "PodMonitor": "spec.selector",
}

# Where a workload has templates of claims, which are volumes of its pods.
CLAIMS = {
    "StatefulSet": ["spec.volumeClaimTemplates"],
    "LeaderWorkerSet": ["spec.leaderWorkerTemplate.volumeClaimTemplates"],
}


def check(render: Render) -> list[Fault]:
    """Every fault of one render."""
    checks = (_twice, _mounts, _probes, _workloads, _services, _selectors, _monitors, _backends, _urls)
    return [*dangling.check(render), *(fault for each in checks for fault in each(render))]


def clashes(renders: dict[str, Render]) -> list[tuple[str, Fault]]:
    """What two releases of one chart call alike, so that only one can be installed: (release, fault)."""
    owners: dict[tuple[str, str, str], str] = {}
    found = []
    for release, render in renders.items():
        for each in render.objects:
            other = owners.setdefault((each.kind, each.namespace, each.name), release)
            if other != release:
                message = f"the release {other} has an object of the same kind and name"
                remedy = "include the release's name in the object's name"
                found.append((release, each.fault(("metadata", "name"), message, remedy)))
    return found


def _twice(render: Render) -> Iterator[Fault]:
    """What stands twice where Kubernetes takes one, or refuses both."""
    at_name = ("metadata", "name")
    objects = [(each, at_name, (_group(each), each.kind, each.namespace, each.name)) for each in render.objects]
    yield from _repeated(objects, "an object of this kind and name is already in the render")
    for pod in render.pods:
        volumes = _keyed(pod.owner, pod.spec, pod.path, "volumes[]", "name")
        yield from _repeated(volumes, "the pod already has a volume of this name")
        containers = [(pod.owner, (*path, "name"), str(container.get("name"))) for path, container in pod.containers()]
        yield from _repeated(containers, "the pod already has a container of this name")
        for path, container in pod.containers():
            for where, name in (("env[]", "name"), ("volumeMounts[]", "mountPath"), ("ports[]", "name")):
                rows = _keyed(pod.owner, container, path, where, name)
                yield from _repeated(rows, f"the container already has this {name}")
    for service in _of(render, "Service"):
        for name in ("name", "port"):
            rows = _keyed(service, service.data, (), "spec.ports[]", name)
            yield from _repeated(rows, f"the Service already has this {name}")


def _group(each: Object) -> str:
    return str(each.data.get("apiVersion", "")).rpartition("/")[0]


def _keyed(owner: Object, data: Any, path: Key, where: str, name: str) -> list[tuple[Object, Key, Any]]:
    """Each item's value under `name`; a port's together with its protocol."""
    items = [(place, item) for place, item in maps(data, where, path) if name in item]
    return [(owner, (*place, name), f"{item[name]} {item.get('protocol', 'TCP')}") for place, item in items]


def _repeated(rows: Iterable[tuple[Object, Key, Any]], message: str) -> Iterator[Fault]:
    seen = set()
    for owner, path, value in rows:
        if value in seen:
            yield owner.fault(path, message, "keep one of the two")
        seen.add(value)


def _mounts(render: Render) -> Iterator[Fault]:
    for pod in render.pods:
        volumes = {str(name) for _, name in at(pod.spec, "volumes[].name")}
        for where in CLAIMS.get(pod.owner.kind, ()):
            volumes |= {str(name) for _, name in at(pod.owner.data, f"{where}[].metadata.name")}
        for path, container in pod.containers():
            for where, name in at(container, "volumeMounts[].name", path):
                if str(name) not in volumes:
                    remedy = nearest(str(name), sorted(volumes), "the volumes")
                    yield pod.owner.fault(where, f"the pod has no volume '{name}'", remedy)


def _probes(render: Render) -> Iterator[Fault]:
    """A probe that asks at a port which the container does not have never passes."""
    hooks = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle.postStart", "lifecycle.preStop")
    for pod in render.pods:
        for path, container in pod.containers():
            ports = [each.get(name) for _, each in maps(container, "ports[]") for name in ("name", "containerPort")]
            for where in (f"{hook}.{way}.port" for hook in hooks for way in ("httpGet", "tcpSocket", "grpc")):
                for place, port in at(container, where, path):
                    if port not in ports:
                        yield pod.owner.fault(place, f"the container has no port {port}", "use one of its ports")


def _workloads(render: Render) -> Iterator[Fault]:
    for owner in (each for each in render.objects if each.kind in WORKLOADS):
        selector = map_at(owner.data, "spec.selector")
        for pod in render.pods:
            own, mine = pod.owner is owner, selects(selector, pod.labels)
            if own and not mine:
                message = "does not select the pods that it makes"
                yield owner.fault(("spec", "selector"), message, "use the same labels in both")
            elif mine and not own and pod.owner.namespace == owner.namespace:
                message = f"also selects the pods of {pod.owner.title}"
                yield owner.fault(("spec", "selector"), message, "give each its own component label")
    for pod in render.pods:
        for path, selector in at(pod.spec, "topologySpreadConstraints[].labelSelector", pod.path):
            if not selects(selector, pod.labels):
                yield pod.owner.fault(path, "does not select its own pod", "use the labels of the pod")


def _services(render: Render) -> Iterator[Fault]:
    for service in _of(render, "Service"):
        selector = map_at(service.data, "spec.selector")
        if not selector:
            continue
        pods = _selected(render, service, {"matchLabels": selector})
        for pod in pods:
            if pod.passing:
                message = f"selects the pods of {pod.owner.title}, which must not receive traffic"
                yield service.fault(("spec", "selector"), message, "give those pods their own component label")
        lasting = [pod for pod in pods if not pod.passing]
        if not pods:
            yield service.fault(("spec", "selector"), "selects no pods", "use the labels of the pods")
        yield from _targets(service, lasting)


def _targets(service: Object, pods: list[Pod]) -> Iterator[Fault]:
    for path, port in maps(service.data, "spec.ports[]"):
        target = port.get("targetPort", port.get("port"))
        for pod in pods:
            if not pod.has_port(target):
                known = sorted(str(each.get("name", each.get("containerPort"))) for each in pod.ports())
                remedy = nearest(str(target), known, "its ports")
                yield service.fault((*path, "targetPort"), f"{pod.owner.title} has no port {target}", remedy)


def _selected(render: Render, owner: Object, selector: Any) -> list[Pod]:
    return [pod for pod in render.pods if pod.owner.namespace == owner.namespace and selects(selector, pod.labels)]


def _selectors(render: Render) -> Iterator[Fault]:
    for owner in render.objects:
        for path, selector in at(owner.data, SELECTING[owner.kind]) if owner.kind in SELECTING else ():
            if not _selected(render, owner, selector):
                yield owner.fault(path, "selects no pods", "use the labels of the pods")


def _monitors(render: Render) -> Iterator[Fault]:
    for monitor in _of(render, "ServiceMonitor"):
        selector = map_at(monitor.data, "spec.selector")
        services = [each for each in _of(render, "Service") if selects(selector, map_at(each.data, "metadata.labels"))]
        if not services:
            yield monitor.fault(("spec", "selector"), "selects no Service", "use the labels of a Service")
        for path, port in at(monitor.data, "spec.endpoints[].port"):
            for service in services:
                if not _has_port(service, port):
                    yield monitor.fault(path, f"{service.title} has no port named {port}", "use one of its ports")


def _backends(render: Render) -> Iterator[Fault]:
    """A route's port is one of its Service's; that the Service is there is asked in references.py."""
    ways = {
        "Ingress": ("spec.defaultBackend.service", "spec.rules[].http.paths[].backend.service"),
        "HTTPRoute": ("spec.rules[].backendRefs[]",),
        "GRPCRoute": ("spec.rules[].backendRefs[]",),
    }
    for route in render.objects:
        for path, backend in (found for way in ways.get(route.kind, ()) for found in maps(route.data, way)):
            port = backend.get("port")
            port = port.get("number", port.get("name")) if isinstance(port, dict) else port
            service = render.find("Service", str(backend.get("name")), str(backend.get("namespace") or route.namespace))
            if service and not _has_port(service, port):
                yield route.fault((*path, "port"), f"{service.title} has no port {port}", _ports(service))


def _urls(render: Render) -> Iterator[Fault]:
    """Addresses of Services in what containers are given."""
    for pod in render.pods:
        for path, container in pod.containers():
            for where in ("env[].value", "args[]", "command[]"):
                for place, text in at(container, where, path):
                    for match in URL.finditer(str(text)):
                        yield from _url(render, pod.owner, place, *match.groups())


def _url(render: Render, owner: Object, path: Key, scheme: str, host: str, port: str | None) -> Iterator[Fault]:
    name, namespace = service_of(host, owner.namespace)
    if not name or render.named("Service", name, namespace):
        return
    service = render.find("Service", name, namespace)
    number = int(port) if port else USUAL.get(scheme)
    if service is None:
        remedy = dangling.missing(render, "Service", name, namespace)
        yield owner.fault(path, f"no Service '{name}' exists for {scheme}://{host}", remedy)
    elif number and not _has_port(service, number):
        yield owner.fault(path, f"{service.title} has no port {number}", _ports(service))


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """The Service's name and namespace that a host means within the cluster; ("", "") for any other host."""
    inside, svc, _ = f"{host}.".partition(".svc.")
    parts = inside.rstrip(".").split(".")
    if svc:
        return (parts[-2], parts[-1]) if len(parts) > 1 else ("", "")
    if len(parts) == 1 and host != "localhost":
        return host, namespace
    return (parts[0], namespace) if parts[1:] == [namespace] else ("", "")


def _has_port(service: Object, port: str | int) -> bool:
    return any(port in (each.get("name"), each.get("port")) for _, each in maps(service.data, "spec.ports[]"))


def _ports(service: Object) -> str:
    return "its ports are " + ", ".join(str(each.get("port")) for _, each in maps(service.data, "spec.ports[]"))


def _of(render: Render, kind: str) -> list[Object]:
    return [each for each in render.objects if each.kind == kind]
