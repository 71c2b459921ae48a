"""How the objects of a render hang together: names, selectors, ports, mounts, URLs, and nothing that stands twice.

Kubernetes' schemas see one object at a time, and its API server accepts what leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any

from ..problem import nearest
from ..reading.yamlfile import Key
from . import dangling, reach, taken, together
from .manifests import WORKLOADS, Fault, Object, Pod, Render, at, claim_templates, map_at, maps, selects, service_of

# Kinds that take over pods which no controller made, if their selector selects them.
ADOPTING = ("DaemonSet", "ReplicaSet", "ReplicationController")

SCHEMES = "https?|wss?|grpc|redis|postgres(?:ql)?"
URL = re.compile(rf"\b({SCHEMES})://(?:[^/@\s]*@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d+))?")
VARIABLE = re.compile(r"(?<!\$)\$\(([A-Z_][A-Z0-9_]*)\)")
# A path in what a container runs, where it is written out to its end.
PATH = re.compile(r"(?<![\w./${}*-])/[\w./-]+(?![\w./*?${}(\[-])")
RUN = [
    "command[]",
    "args[]",
    *(f"{hook}.exec.command[]" for hook in ("startupProbe", "readinessProbe", "livenessProbe")),
    *(f"lifecycle.{hook}.exec.command[]" for hook in ("postStart", "preStop")),
]
USUAL = {"http": 80, "ws": 80, "https": 443, "wss": 443}
NODE_PORTS = range(30000, 32768)
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
SELECTING = {
    "PodDisruptionBudget": "spec.selector",
    "NetworkPolicy": "spec.podSelector",
    "PodMonitor": "spec.selector",
}

# Lists of a container whose items differ, and what they differ in.
ROWS = (("env[]", "name"), ("volumeMounts[]", "mountPath"), ("ports[]", "name"), ("resizePolicy[]", "resourceName"))
# Variables that a controller puts before all others of its pods' containers (lws's pkg/utils/pod/pod_utils.go).
GIVEN = {"LeaderWorkerSet": ["LWS_LEADER_ADDRESS", "LWS_GROUP_SIZE", "LWS_WORKER_INDEX"]}


def check(render: Render) -> list[Fault]:
    """Every fault of one render."""
    checks = (_twice, _mounts, _files, _claims, _variables, _probes, _workloads, _services, _selectors, _monitors)
    checks += (_backends, _routes, _scaled, _budgets, _urls, reach.check)
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
    return [*found, *_mixed(renders)]


def _mixed(renders: dict[str, Render]) -> Iterator[tuple[str, Fault]]:
    """What selects the pods of another release, which the namespace may have as well."""
    for release, other in permutations(renders, 2):
        for each in renders[release].objects:
            for path, selector in _selecting(each):
                for pod in _selected(renders[other], each, selector):
                    message = f"also selects the pods of {pod.owner.title} of the release {other}"
                    yield release, each.fault(path, message, "select by the label of the release, too")


def _selecting(each: Object) -> Iterator[tuple[Key, Any]]:
    """The selectors of an object that are for pods, as LabelSelectors."""
    if each.kind == "Service":
        found = map_at(each.data, "spec.selector")
        yield from [(("spec", "selector"), {"matchLabels": found})] if found else []
    else:
        yield from at(each.data, SELECTING.get(each.kind, "spec.selector" if each.kind in WORKLOADS else ""))


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
        sysctls = _keyed(pod.owner, pod.spec, pod.path, "securityContext.sysctls[]", "name")
        yield from _repeated(sysctls, "the pod already sets this sysctl")
        for path, volume in maps(pod.spec, "volumes[]", pod.path):
            yield from _repeated(_projected(pod.owner, path, volume), "the volume already has a file of this path")
        yield from _repeated(_listening(pod), "another container of the pod already has this port")
        for path, container in pod.containers():
            for where, name in ROWS:
                rows = _keyed(pod.owner, container, path, where, name)
                yield from _repeated(rows, f"the container already has this {name}")
    for owner in render.objects:
        claims = [
            (owner, place, str(name))
            for path, claim in claim_templates(owner)
            for place, name in at(claim, "metadata.name", path)
        ]
        yield from _repeated(claims, f"the {owner.kind} already has a claim of this name")
    ports = [row for each in render.of("Service") for row in _keyed(each, each.data, (), "spec.ports[]", "nodePort")]
    yield from _repeated(ports, "another Service already has this node port")
    for service in render.of("Service"):
        for name in ("name", "port"):
            rows = _keyed(service, service.data, (), "spec.ports[]", name)
            yield from _repeated(rows, f"the Service already has this {name}")


def _projected(owner: Object, path: Key, volume: dict[str, Any]) -> list[tuple[Object, Key, Any]]:
    """The files that the sources of a volume put into it by their paths."""
    places = (*(f"{source}.items[]" for source in ("secret", "configMap", "downwardAPI")), "serviceAccountToken")
    return [
        (owner, place, str(file))
        for where in places
        for place, file in at(volume, f"projected.sources[].{where}.path", path)
    ]


def _listening(pod: Pod) -> Iterator[tuple[Object, Key, Any]]:
    """The ports of all containers that run at the same time."""
    for path, container in pod.containers():
        if path[-2] == "containers" or container.get("restartPolicy") == "Always":
            ports = (port for _, port in maps(container, "ports[]"))
            used = {f"{port.get('containerPort')} {port.get('protocol', 'TCP')}" for port in ports}
            yield from ((pod.owner, (*path, "ports"), port) for port in used)


def _group(each: Object) -> str:
    return str(each.data.get("apiVersion", "")).rpartition("/")[0]


def _keyed(owner: Object, data: Any, path: Key, where: str, name: str) -> list[tuple[Object, Key, Any]]:
    """Each item's value under `name`; a port's number together with its protocol. A port 0 or null is none."""
    items = [(place, item) for place, item in maps(data, where, path) if item.get(name) not in (None, 0)]
    port = name.lower().endswith("port")
    return [
        (owner, (*place, name), f"{item[name]} {item.get('protocol') or 'TCP'}" if port else str(item[name]))
        for place, item in items
    ]


def _repeated(rows: Iterable[tuple[Object, Key, Any]], message: str) -> Iterator[Fault]:
    seen = set()
    for owner, path, value in rows:
        if value in seen:
            yield owner.fault(path, message, "keep one of the two")
        seen.add(value)


def _mounts(render: Render) -> Iterator[Fault]:
    for pod in render.pods:
        volumes = {str(name) for _, name in at(pod.spec, "volumes[].name")}
        volumes |= {str(map_at(claim, "metadata").get("name")) for _, claim in claim_templates(pod.owner)}
        yield from _named(pod, "volumeMounts[].name", volumes, "volume")


def _claims(render: Render) -> Iterator[Fault]:
    for pod in render.pods:
        known = {str(name) for _, name in at(pod.spec, "resourceClaims[].name")}
        yield from _named(pod, "resources.claims[].name", known, "resource claim")


def _named(pod: Pod, where: str, known: set[str], what: str) -> Iterator[Fault]:
    """Names in the containers of a pod that the pod does not define."""
    for path, container in pod.containers():
        for place, name in at(container, where, path):
            if str(name) not in known:
                remedy = nearest(str(name), sorted(known), f"its {what}s")
                yield pod.owner.fault(place, f"the pod has no {what} '{name}'", remedy)


def _files(render: Render) -> Iterator[Fault]:
    """A subPath that a ConfigMap or a Secret does not have becomes an empty folder."""
    for pod in render.pods:
        volumes = {str(volume.get("name")): volume for _, volume in maps(pod.spec, "volumes[]")}
        for path, container in pod.containers():
            for place, mount in maps(container, "volumeMounts[]", path):
                known = _paths(render, pod, volumes.get(str(mount.get("name")), {}))
                part = str(mount.get("subPath") or "")
                if part and known is not None and part not in known:
                    remedy = nearest(part, sorted(known), "its keys")
                    yield pod.owner.fault((*place, "subPath"), f"the volume has no file '{part}'", remedy)
            yield from _run(render, pod, path, container, volumes)


def _run(
    render: Render, pod: Pod, path: Key, container: dict[str, Any], volumes: dict[str, dict[str, Any]]
) -> Iterator[Fault]:
    """Paths in what a container runs, below a mount of a ConfigMap or a Secret that has no such file."""
    mounts = [mount for _, mount in maps(container, "volumeMounts[]")]
    places = {str(mount.get("mountPath")).rstrip("/"): mount for mount in mounts}
    for place, text in (found for where in RUN for found in at(container, where, path)):
        for match in PATH.finditer(str(text)):
            below = [mount for mount in places if match[0].startswith(f"{mount}/")]
            mount = places[max(below, key=len)] if below else {}
            known = None if mount.get("subPath") else _paths(render, pod, volumes.get(str(mount.get("name")), {}))
            part = match[0][len(max(below, key=len, default="")) + 1 :].rstrip("/.")
            if part and known is not None and not any(f"{file}/".startswith(f"{part}/") for file in known):
                remedy = nearest(part, sorted(known), "its files")
                message = f"'{match[0]}' is not there: the volume '{mount.get('name')}' has no file '{part}'"
                yield pod.owner.fault(place, message, remedy)


def _paths(render: Render, pod: Pod, volume: dict[str, Any]) -> set[str] | None:
    """The files in a volume of ConfigMaps or Secrets; None for others, and where an object is not in the render."""
    if "projected" in volume:
        parts = [_paths(render, pod, _source(each)) for _, each in maps(volume, "projected.sources[]")]
        return None if None in parts else set().union(*filter(None, parts))
    for kind, word, name in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
        source = volume.get(word)
        target = isinstance(source, dict) and render.find(kind, str(source.get(name)), pod.owner.namespace)
        if target:
            items = {str(each.get("path")) for _, each in maps(source, "items[]")}
            return items or dangling.keys_of(target)
    return None


def _source(source: dict[str, Any]) -> dict[str, Any]:
    """A source of a projected volume as a volume."""
    secret = source.get("secret")
    return source | ({"secret": secret | {"secretName": secret.get("name")}} if isinstance(secret, dict) else {})


def _variables(render: Render) -> Iterator[Fault]:
    """`$(NAME)` without a variable of that name reaches the program as it is."""
    for pod in render.pods:
        for path, container in pod.containers():
            if container.get("envFrom"):
                continue
            known = set(GIVEN.get(pod.owner.kind, ()))
            for place, variable in maps(container, "env[]", path):
                yield from _unset(pod.owner, (*place, "value"), variable.get("value"), known)
                known.add(str(variable.get("name")))
            for where in ("command[]", "args[]"):
                for place, text in at(container, where, path):
                    yield from _unset(pod.owner, place, text, known)


def _unset(owner: Object, path: Key, text: Any, known: set[str]) -> Iterator[Fault]:
    for name in VARIABLE.findall(str(text)) if isinstance(text, str) else ():
        if name not in known and not name.startswith("KUBERNETES_"):
            remedy = nearest(name, sorted(known), "its variables")
            yield owner.fault(path, f"the container has no variable '{name}' before it", remedy or "add it to env")


def _probes(render: Render) -> Iterator[Fault]:
    """A probe that asks at a port which the container does not have never passes."""
    hooks = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle.postStart", "lifecycle.preStop")
    for pod in render.pods:
        for path, container in pod.containers():
            ports = [each.get(name) for _, each in maps(container, "ports[]") for name in ("name", "containerPort")]
            for where in (f"{hook}.{way}.port" for hook in hooks for way in ("httpGet", "tcpSocket", "grpc")):
                for place, port in at(container, where, path):
                    if port not in ports:
                        # A port works without being listed, its name does not.
                        advice = isinstance(port, int)
                        yield pod.owner.fault(
                            place, f"the container has no port {port}", "use one of its ports", advice
                        )


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
                # What a controller made is no other's, and ReplicaSets of a Deployment select by a hash as well.
                advice = pod.owner.kind != "Pod" or owner.kind not in ADOPTING
                yield owner.fault(("spec", "selector"), message, "give each its own component label", advice)
    for pod in render.pods:
        for path, selector in at(pod.spec, "topologySpreadConstraints[].labelSelector", pod.path):
            if not selects(selector, pod.labels):
                yield pod.owner.fault(path, "does not select its own pod", "use the labels of the pod", advice=True)


def _services(render: Render) -> Iterator[Fault]:
    for service in render.of("Service"):
        selector = map_at(service.data, "spec.selector")
        if not selector:
            continue
        pods = _selected(render, service, {"matchLabels": selector})
        for pod in pods:
            if pod.passing:
                message = f"selects the pods of {pod.owner.title}, which must not receive traffic"
                remedy = "give those pods their own component label"
                yield service.fault(("spec", "selector"), message, remedy, advice=True)
        lasting = [pod for pod in pods if not pod.passing]
        if not pods:
            # What makes them can be outside of the release, such as an operator.
            yield service.fault(("spec", "selector"), "selects no pods", "use the labels of the pods", advice=True)
        yield from _targets(service, lasting)
        for path, port in at(service.data, "spec.ports[].nodePort"):
            if port and port not in NODE_PORTS:
                message = f"{port} is not one of the node ports 30000 to 32767, which clusters have by default"
                yield service.fault(path, message, "use one of these, unless your cluster has others", advice=True)
    for owner in render.of("StatefulSet"):
        yield from _governed(render, owner)


def _governed(render: Render, owner: Object) -> Iterator[Fault]:
    """The Service of a StatefulSet gives its pods their names, and those of others none."""
    service = render.find("Service", str(map_at(owner.data, "spec").get("serviceName")), owner.namespace)
    selector = map_at(service.data, "spec.selector") if service else {}
    pods = _selected(render, owner, {"matchLabels": selector}) if selector else []
    if service and any(not pod.passing for pod in pods) and not any(pod.owner is owner for pod in pods):
        message = f"{service.title} does not select these pods"
        yield owner.fault(("spec", "serviceName"), message, "use the labels of the pods in its selector")


def _targets(service: Object, pods: list[Pod]) -> Iterator[Fault]:
    for path, port in maps(service.data, "spec.ports[]"):
        target = port.get("targetPort", port.get("port"))
        for pod in pods:
            if not pod.has_port(target):
                known = sorted(str(each.get("name", each.get("containerPort"))) for each in pod.ports())
                remedy = nearest(str(target), known, "its ports")
                message = f"{pod.owner.title} has no port {target}"
                yield service.fault((*path, "targetPort"), message, remedy, advice=isinstance(target, int))


def _selected(render: Render, owner: Object, selector: Any) -> list[Pod]:
    return [pod for pod in render.pods if pod.owner.namespace == owner.namespace and selects(selector, pod.labels)]


def _selectors(render: Render) -> Iterator[Fault]:
    for owner in render.objects:
        for path, selector in at(owner.data, SELECTING[owner.kind]) if owner.kind in SELECTING else ():
            if not _selected(render, owner, selector):
                yield owner.fault(path, "selects no pods", "use the labels of the pods", advice=True)


def _monitors(render: Render) -> Iterator[Fault]:
    for monitor in render.of("ServiceMonitor"):
        selector = map_at(monitor.data, "spec.selector")
        services = [each for each in render.of("Service") if selects(selector, map_at(each.data, "metadata.labels"))]
        if not services:
            yield monitor.fault(("spec", "selector"), "selects no Service", "use the labels of a Service", advice=True)
        for path, port in at(monitor.data, "spec.endpoints[].port"):
            for service in services:
                if not _has_port(service, port):
                    yield monitor.fault(path, f"{service.title} has no port named {port}", "use one of its ports")
    for monitor in render.of("PodMonitor"):
        for path, port in at(monitor.data, "spec.podMetricsEndpoints[].port"):
            for pod in _selected(render, monitor, map_at(monitor.data, "spec.selector")):
                if not pod.has_port(port):
                    yield monitor.fault(path, f"{pod.owner.title} has no port named {port}", "use one of its ports")


def _backends(render: Render) -> Iterator[Fault]:
    """A route's port is one of its Service's; that the Service is there is asked in dangling.py."""
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


def _routes(render: Render) -> Iterator[Fault]:
    return taken.check(render)


def _scaled(render: Render) -> Iterator[Fault]:
    scaled: list[Object] = []
    for scaler in render.objects:
        name = map_at(scaler.data, "spec.scaleTargetRef").get("name")
        kind = map_at(scaler.data, "spec.scaleTargetRef").get("kind", "Deployment")
        target = render.find(str(kind), str(name), scaler.namespace) if scaler.kind in SCALERS else None
        if target and target not in scaled and "replicas" in map_at(target.data, "spec"):
            message = f"is set at each upgrade, and {scaler.title} changes it"
            yield target.fault(("spec", "replicas"), message, "leave it out where the workload is scaled")
        scaled += [target] if target else []
        for path, source in maps(scaler.data, "spec.metrics[].resource") if target else ():
            if "averageUtilization" in map_at(source, "target"):
                yield from _unmeasured(render, scaler, target, path, str(source.get("name")))


def _unmeasured(render: Render, scaler: Object, target: Any, path: Key, resource: str) -> Iterator[Fault]:
    for pod in (pod for pod in render.pods if pod.owner is target):
        for _, container in maps(pod.spec, "containers[]"):
            if not {resource} & {*map_at(container, "resources.requests"), *map_at(container, "resources.limits")}:
                message = f"the container '{container.get('name')}' of {target.title} has no request for {resource}"
                yield scaler.fault(path, message, "set the request, which the utilization is a share of")


def _budgets(render: Render) -> Iterator[Fault]:
    """A budget that leaves no pod to evict keeps nodes from being drained."""
    scaled = {str(map_at(each.data, "spec.scaleTargetRef").get("name")) for each in render.objects}
    for budget in render.of("PodDisruptionBudget"):
        spec = map_at(budget.data, "spec")
        pods = _selected(render, budget, spec.get("selector"))
        if any(pod.owner.kind not in WORKLOADS or pod.owner.name in scaled for pod in pods):
            continue
        least, most = spec.get("minAvailable"), sum(together.replicas(pod.owner) for pod in pods)
        word = "minAvailable" if "minAvailable" in spec else "maxUnavailable"
        kept = least == "100%" or (isinstance(least, int) and least >= most) or spec.get("maxUnavailable") in (0, "0%")
        if pods and kept:
            message = f"no pod of {most} can be evicted, so a node with one cannot be drained"
            yield budget.fault(("spec", word), message, "allow at least one pod to be unavailable", advice=True)


def _urls(render: Render) -> Iterator[Fault]:
    """Addresses of Services in what containers are given."""
    for pod in render.pods:
        for path, container in pod.containers():
            for where in ("env[].value", "args[]", "command[]"):
                for place, text in at(container, where, path):
                    for match in URL.finditer(str(text)):
                        yield from _url(render, pod.owner, place, *match.groups())


def _outside(render: Render) -> set[str]:
    """The hosts by which clients come from outside, which may be names without a domain."""
    hosts = {str(one.get("host")) for each in render.of("Ingress") for _, one in maps(each.data, "spec.rules[]")}
    routes = [name for each in render.of("HTTPRoute") for name in map_at(each.data, "spec").get("hostnames") or ()]
    return hosts | set(map(str, routes))


def _url(render: Render, owner: Object, path: Key, scheme: str, host: str, port: str | None) -> Iterator[Fault]:
    name, namespace = service_of(host, owner.namespace)
    if not name or render.named("Service", name, namespace) or host in _outside(render):
        return
    service = render.find("Service", name, namespace)
    number = int(port) if port else USUAL.get(scheme)
    if service is None:
        yield dangling.missing(render, owner, path, ("Service", name, namespace), f" for {scheme}://{host}")
    elif number and not _has_port(service, number):
        yield owner.fault(path, f"{service.title} has no port {number}", _ports(service))


def _has_port(service: Object, port: str | int) -> bool:
    """Whether a Service has a port, by its name or its number; one that lists none (ExternalName) has any."""
    ports = [each for _, each in maps(service.data, "spec.ports[]")]
    return any(port in (each.get("name"), each.get("port")) for each in ports) or (not ports and isinstance(port, int))


def _ports(service: Object) -> str:
    ports = ", ".join(str(each.get("port")) for _, each in maps(service.data, "spec.ports[]"))
    return f"its ports are {ports}" if ports else "it lists no ports; use a number"
