"""What a release is, as a graph: ways in, pods, the volumes they share, where models come from. Made from manifests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..proofs.dangling import of_pod
from ..proofs.manifests import Object, Pod, Render, at, claim_templates, map_at, maps, selects
from ..proofs.wiring import URL, service_of
from .doors import POOL, ROUTES, Door, doors, plain
from .harmless import HIDDEN, formed
from .meaning import SCALERS, cards_of, scales
from .models import DOWNLOADS, listed, variables

# The roles of nodes, from left to right. Traffic flows to the right, files to the left.
ROLES = ("way", "ui", "server", "helper", "volume", "loader", "source")
WAY, UI, SERVER, HELPER, VOLUME, LOADER, SOURCE = ROLES
# The variables that give a loader the URL of its hub, or which of the public ones it is.
ENDPOINT, HUB = "ENDPOINT", "HUB"
PUBLIC = {"huggingface": "https://huggingface.co", "modelscope": "https://www.modelscope.cn"}
MOST = 4  # paths of a route to one place that are drawn
# The variables that give clients of Ollama and of the API of OpenAI the URLs of their servers.
MODELS = re.compile(r"^BASE_URL$|(OLLAMA|OPENAI|ANTHROPIC|LLM|MODEL)\w*(URLS?|API_BASE|HOST)$")
# The images of programs that serve models, where nothing else says so.
ENGINE = re.compile(
    r"ollama|vllm|sglang|llama[.-]?cpp|text-(?:generation|embeddings)|triton|lmdeploy|local-?ai|infinity"
)
PROGRAM = re.compile(
    r"(?:^|[\s/])(?:vllm(?: serve\b|$)|vllm\.entrypoints|sglang\.launch_server|llama-server|tritonserver"
    r"|text-generation-launcher|text-embeddings-router|ollama(?: serve\b|$))"
)
PAGE = re.compile(r"ui\b|web|chat")
# The images of databases, and of programs that UIs and servers use and nobody chats with.
USED = re.compile(
    r"(?:^|[-_])(?:postgres(?:ql)?|pgvector|timescaledb(?:-ha)?|pgbouncer|mysql|mariadb|percona|mongo(?:db)?|redis|valkey"
    r"|keydb|dragonfly|memcached|qdrant|chroma(?:db)?|milvus|weaviate|elasticsearch|opensearch|minio|etcd|rabbitmq|nats"
    r"|kafka|tika|searxng|docling|unstructured|clickhouse|prometheus|otel|opentelemetry)(?:$|[-_.])"
)
# Variables with an address and no scheme, such as REDIS_HOST, and files with addresses of others.
NAMED, PLACE = re.compile(r"(?:HOST|HOSTNAME|ADDR|ADDRESS)$"), re.compile(r"([a-z0-9][a-z0-9.-]*)(?::(\d+))?")
SETTINGS = (".yaml", ".yml", ".json", ".toml", ".ini", ".conf", ".env", ".properties")
PIPELINES = "PIPELINES_"  # how the variables of Open WebUI's Pipelines begin
LIBRARY = "registry.ollama.ai"


@dataclass
class Node:
    """A box: its role, a title, and lines of text below it."""

    id: str
    role: str
    title: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edge:
    """An arrow from one node's id to another's. `files` says that files flow, not requests."""

    start: str
    end: str
    files: bool = False


@dataclass
class Graph:
    """Nodes by id, in order, the arrows between them, and who downloads which models of a source."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    downloads: list[tuple[Node, Node, list[str]]] = field(default_factory=list)

    def add(self, role: str, title: str, *lines: str, of: str = "") -> Node:
        """The node of this role and title, and of this object, made where it is not there yet; its lines are added."""
        key = f"{role}:{title}:{of}"
        node = self.nodes.setdefault(key, Node(f"n{len(self.nodes)}", role, title))
        node.lines += [line for line in lines if line and line not in node.lines]
        return node

    def join(self, start: Node, end: Node, files: bool = False) -> None:
        """An arrow, drawn once."""
        edge = Edge(start.id, end.id, files)
        if start is not end and edge not in self.edges:
            self.edges.append(edge)


def graph(render: Render) -> Graph:
    """The graph of one render."""
    found = Graph()
    boxes = {id(pod): found.add(_role(render, pod), pod.owner.name, *_about(render, pod)) for pod in render.lasting}
    for pod in render.lasting:
        box = boxes[id(pod)]
        for other in _calls(render, pod):
            if id(other) in boxes:
                found.join(box, boxes[id(other)])
        for host in _elsewhere(render, pod):
            found.join(box, found.add(SERVER, host, "outside of the release"))
        _models(found, render, pod, box, _volumes(found, pod, box))
    for each in render.objects:
        for door in _shown(each, render):
            for pod in _reached(render, door):
                if id(pod) in boxes:
                    found.join(_way(found, each, door), boxes[id(pod)])
    for source, box, names in found.downloads:
        # An arrow says which models these are, unless it is one of several.
        if len(names) < len(source.lines):
            box.lines += [*names[:MOST], *([f"and {len(names) - MOST} more models"] if len(names) > MOST else [])]
    return found


def _shown(each: Object, render: Render) -> list[Door]:
    """The doors of an object that are drawn, in order; many of a route to one place are one."""
    found = [door for door in doors(each, render) if door.title]
    alike: dict[Any, list[Door]] = {}
    for door in found if each.kind in ROUTES else ():
        alike.setdefault((door.backends, door.host, door.lines[-1]), []).append(door)
    for some in alike.values():
        if len(some) > MOST:
            said = (f"{len(some)} paths or conditions", some[0].lines[-1])
            found = [door for door in found if door not in some]
            found.append(replace(some[0], title=some[0].host or "every host", lines=said))
    return sorted(found, key=lambda door: (door.way, door.title, door.lines))


def _role(render: Render, pod: Pod) -> str:
    """The role of a pod: without a Service, it loads models, or is a batch program; what calls others is a UI.

    A database, and what chooses pods for a Gateway, is none of these.
    """
    if not any(_selecting(render, pod)):
        serves = _runs_out(pod) or ((_engine(pod) or cards_of(pod, render)) and not _loads(pod))
        return SERVER if serves else LOADER
    if _picks(render, pod) or (not cards_of(pod, render) and _used(pod)):
        return HELPER
    if not cards_of(pod, render) and any(name.startswith(PIPELINES) for name in _names(pod)):
        return UI
    return UI if any(True for _ in _calls(render, pod)) or not _serves(render, pod) else SERVER


def _picks(render: Render, pod: Pod) -> bool:
    """Whether a pod chooses pods for a Gateway: a pool names its Service."""
    services = {each.name for each in _selecting(render, pod)}
    pickers = ("endpointPickerRef", "extensionRef")  # of v1, and of the versions before
    return any(
        map_at(pool.data, f"spec.{field}").get("name") in services and pool.namespace == pod.owner.namespace
        for pool in render.of(POOL)
        for field in pickers
    )


def _used(pod: Pod) -> bool:
    """Whether the first container runs a database, or another program that a UI uses. A sidecar says nothing."""
    first = next((str(box.get("image", "")) for _, box in maps(pod.spec, "containers[]")), "")
    name = first.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return USED.search(name) is not None


def _runs_out(pod: Pod) -> bool:
    """Whether a pod is a program that runs to its end over a model, and not one that downloads models."""
    return pod.passing and not _loads(pod)


def _loads(pod: Pod) -> bool:
    """Whether what a pod runs downloads models."""
    return any(variables(each).keys() >= DOWNLOADS for _, each in maps(pod.spec, "containers[]", pod.path))


def _names(pod: Pod) -> Iterator[str]:
    """The variables of what a pod runs, but for those that lead to others."""
    for _, container in maps(pod.spec, "containers[]"):
        yield from (name for name, value in variables(container).items() if not URL.search(str(value)))


def _serves(render: Render, pod: Pod) -> bool:
    """Whether a pod is a model server.

    Others of the release call it, it has a list of models, it has cards, or its image is that of an engine.
    """
    if cards_of(pod, render) or listed(render, pod) or _engine(pod):
        return True
    tests = [other for other in render.pods if other.owner.kind == "Pod" and _asks_model(other)]
    return any(
        called is pod for other in (*render.lasting, *tests) if other is not pod for called in _calls(render, other)
    )


def _engine(pod: Pod) -> bool:
    """Whether a pod runs an engine, by the image or the program of a container."""
    for _, container in maps(pod.spec, "containers[]"):
        name = str(container.get("image", ""))
        words = [str(word) for part in ("command", "args") for _, word in at(container, f"{part}[]")]
        if ENGINE.search(name) and not PAGE.search(name.rpartition("/")[2]):
            return True
        if any(PROGRAM.search(word) for word in words):
            return True
    return False


def _asks_model(pod: Pod) -> bool:
    return any(name == "MODEL" for path, box in pod.containers() for _, name in at(box, "env[].name", path))


def _about(render: Render, pod: Pod) -> Iterator[str]:
    """What a box says of its pods: the program, how many, their cards, and what scales and watches them."""
    names = [str(container.get("image", "")) for _, container in maps(pod.spec, "containers[]")]
    main = next((str(c.get("image")) for _, c in maps(pod.spec, "containers[]") if map_at(c, "resources.limits")), "")
    yield formed(main or (names or [""])[0], "image").partition("@")[0].rpartition("/")[2]
    scaled = any(each.kind in SCALERS and scales(each, pod.owner) for each in render.objects)
    yield "" if scaled and "replicas" not in map_at(pod.owner.data, "spec") else _count(pod.owner)
    each = {"LeaderWorkerSet": "in each pod", "RayService": "in each but the head"}.get(pod.owner.kind, "")
    for name, count in cards_of(pod, render).items():
        yield f"{count:g} × {name} {each}".strip()
    yield from _watchers(render, pod)


def _count(owner: Object) -> str:
    """How many pods a workload has."""
    spec = map_at(owner.data, "spec")
    count = formed(spec.get("replicas", 1), "none")
    if owner.kind == "LeaderWorkerSet":
        size = formed(map_at(spec, "leaderWorkerTemplate").get("size", 1), "none")
        return f"a group of {size} pods" if count == "1" else f"{count} groups of {size} pods"
    if owner.kind == "RayService":
        nodes = next((group for _, group in maps(spec, "rayClusterConfig.workerGroupSpecs[]")), {})
        count, size = (formed(nodes.get(part, 1), "none") for part in ("replicas", "numOfHosts"))
        return "a head and " + (f"a group of {size} pods" if count == "1" else f"{count} groups of {size} pods")
    if owner.kind in ("Deployment", "StatefulSet"):
        pods = "1 pod" if count == "1" else f"{count} pods"
        return f"{pods}, rollouts are paused" if spec.get("paused") is True else pods
    return {"DaemonSet": "a pod on every node", "CronJob": f"CronJob, {formed(spec.get('schedule'), 'schedule')}"}.get(
        owner.kind, owner.kind
    ) + (", suspended" if spec.get("suspend") is True else "")


def _watchers(render: Render, pod: Pod) -> Iterator[str]:
    for each in render.objects:
        if each.kind in SCALERS and scales(each, pod.owner):
            spec = map_at(each.data, "spec")
            low = spec.get("minReplicas", spec.get("minReplicaCount", 0 if each.kind == "ScaledObject" else 1))
            high = spec.get("maxReplicas", spec.get("maxReplicaCount"))
            yield f"scaled from {formed(low, 'none')} to {formed(high, 'none')} pods"
        elif each.kind == "ServiceMonitor":
            selector = map_at(each.data, "spec.selector")
            services = [
                service
                for service in _selecting(render, pod)
                if selects(selector, map_at(service.data, "metadata.labels"))
            ]
            if _within(each, pod) and any(
                _asked(endpoint, maps(service.data, "spec.ports[]"), pod)
                for service in services
                for _, endpoint in maps(each.data, "spec.endpoints[]")
            ):
                yield "watched by Prometheus"
        elif each.kind == "PodMonitor" and selects(map_at(each.data, "spec.selector"), pod.labels):
            ports = [((), port) for port in pod.ports()]
            endpoints = maps(each.data, "spec.podMetricsEndpoints[]")
            if _within(each, pod) and any(_asked(endpoint, ports, pod) for _, endpoint in endpoints):
                yield "watched by Prometheus"


def _within(monitor: Object, pod: Pod) -> bool:
    """Whether a monitor looks for pods in the namespace of a pod."""
    where = map_at(monitor.data, "spec.namespaceSelector")
    names = [name for _, name in at(where, "matchNames[]")] or [monitor.namespace]
    return where.get("any") is True or pod.owner.namespace in names


def _asked(endpoint: dict[str, Any], ports: Iterable[tuple[Any, dict[str, Any]]], pod: Pod) -> bool:
    """Whether a port of a monitor is one of `ports`, by its name, or one of the pod, by its name or number."""
    if name := plain(endpoint.get("port")):
        return name in {plain(port.get("name")) for _, port in ports}
    number = plain(endpoint.get("targetPort") or endpoint.get("portNumber"))
    return number is None or number in {
        plain(port.get(key)) for port in pod.ports() for key in ("name", "containerPort")
    }


def _selecting(render: Render, pod: Pod) -> list[Object]:
    """The Services that select a pod."""
    return [
        each
        for each in render.objects
        if each.kind == "Service"
        and each.namespace == pod.owner.namespace
        and map_at(each.data, "spec.selector")
        and selects({"matchLabels": map_at(each.data, "spec.selector")}, pod.labels)
    ]


def _behind(render: Render, service: Object | None) -> list[Pod]:
    lasting = {id(pod) for pod in render.lasting}
    labels = map_at(service.data, "spec.selector") if service else {}
    return [pod for pod in render.labelled(labels, service.namespace if service else "") if id(pod) in lasting]


def _calls(render: Render, pod: Pod) -> Iterator[Pod]:
    """The pods whose Services a pod is given URLs of, in what it runs or in its files."""
    for host, number in _addresses(render, pod):
        name, namespace = service_of(host, pod.owner.namespace)
        service = render.find("Service", name, namespace) if name else None
        headless = map_at(service.data, "spec").get("clusterIP") == "None" if service else False
        port = int(number) if number and not headless else None
        for other in _behind(render, service):
            if other is not pod and (headless or _answers(service, port, other)):
                yield other


def _addresses(render: Render, pod: Pod) -> Iterator[tuple[str, str | None]]:
    """The hosts, with their ports, that a pod is given."""
    for path, container in pod.containers():
        for where in ("env[].value", "args[]", "command[]"):
            for _, text in at(container, where, path):
                yield from ((match[2], match[3]) for match in URL.finditer(str(text)))
        for name, value in variables(container).items():
            if NAMED.search(name) and (match := PLACE.fullmatch(str(value))):
                yield match[1], match[2]
    for each in of_pod(pod):
        kind, name, namespace = each.named
        files = render.find(kind, name, namespace) if kind == "ConfigMap" else None
        used = {key for _, key in each.used()}
        for key, text in map_at(files.data if files else {}, "data").items():
            # A script can name what others call.
            if str(key).endswith(SETTINGS) or key in used:
                yield from ((match[2], match[3]) for match in URL.finditer(str(text)))


def _elsewhere(render: Render, pod: Pod) -> Iterator[str]:
    """The hosts, with their ports, at which a pod finds models that no pod of the release answers for."""
    for path, container in pod.containers():
        for name, value in variables(container).items() if path[-2] == "containers" else ():
            for match in URL.finditer(value) if MODELS.search(name) and isinstance(value, str) else ():
                service, namespace = service_of(match[2], pod.owner.namespace)
                if not service or not _behind(render, render.find("Service", service, namespace)):
                    yield f"{match[2]}:{match[3]}" if match[3] else match[2]


def _reached(render: Render, door: Door) -> Iterator[Pod]:
    """The pods that a way in leads to. Of a pool, these are its pods and what a Gateway asks which one is free."""
    for backend in door.backends:
        kind, namespace, name = backend.named
        found = render.find(kind, name, namespace)
        if found and kind == POOL:
            labels = map_at(found.data, "spec.selector")
            picker = str(map_at(found.data, "spec.endpointPickerRef").get("name"))
            yield from _behind(render, render.find("Service", picker, namespace))
            for pod in render.lasting if map_at(labels, "matchLabels") else ():
                if pod.owner.namespace == namespace and selects(labels, pod.labels):
                    yield pod
        elif kind == "Service":
            yield from (pod for pod in _behind(render, found) if _answers(found, backend.port, pod))
        else:
            yield from (pod for pod in render.lasting if pod.owner is found)


def _answers(service: Object | None, port: int | str | None, pod: Pod) -> bool:
    """Whether a port of a Service leads to a pod: the Service has the port, and the pod the one that it names."""
    ports = [each for _, each in maps(service.data if service else {}, "spec.ports[]")]
    if port is not None:
        ports = [each for each in ports if port in (plain(each.get("name")), plain(each.get("port")))]
    targets = [plain(each.get("targetPort") or each.get("port")) for each in ports]
    names = {plain(each.get("name")) for each in pod.ports()}
    return any(target in names or not isinstance(target, str) or target.isdigit() for target in targets)


def _way(found: Graph, each: Object, door: Door) -> Node:
    """The box of a way in. A host is one box, whatever leads there; each Service has ports of its own."""
    if each.kind == "Service":
        return found.add(WAY, door.title, *door.lines, of=each.title)
    # Requests that another condition leads elsewhere are another box.
    exact = door.exact and each.kind in ROUTES
    return found.add(WAY, door.title, *door.lines, of=f"{door.host} {door.path} {exact} {sorted(door.conditions)}")


# --- files -----------------------------------------------------------------------------------------------------------


def _volumes(found: Graph, pod: Pod, box: Node) -> list[Node]:
    """The claims, node folders and images of a pod: a loader writes to them, servers read them, a program does either.

    What a UI keeps for itself is a line of its box.
    """
    held, written = [], _written(pod)
    for title, *lines in _held(pod):
        if box.role in (UI, HELPER):
            box.lines.append(f"data in {title}")
            continue
        volume = found.add(VOLUME, title, *lines)
        writes = box.role == LOADER or (_runs_out(pod) and title in written)
        found.join(*((box, volume) if writes else (volume, box)), files=True)
        held.append(volume)
    return held


def _written(pod: Pod) -> set[str]:
    """The volumes that the containers of a pod can write to, those that run first left out."""
    mounts = [mount for _, mount in maps(pod.spec, "containers[].volumeMounts[]") if not mount.get("readOnly")]
    return {title for title, *_ in _held(pod, mounts)}


def _held(pod: Pod, mounts: list[dict[str, Any]] | None = None) -> Iterator[tuple[str, ...]]:
    """The volumes of a pod that outlast it, those of some mounts or all: (title, lines)."""
    names = None if mounts is None else {str(mount.get("name")) for mount in mounts}
    for _, volume in maps(pod.spec, "volumes[]"):
        if names is not None and str(volume.get("name")) not in names:
            continue
        if claim := map_at(volume, "persistentVolumeClaim"):
            yield formed(claim.get("claimName"), "name"), "claim"
        elif folder := map_at(volume, "hostPath"):
            yield formed(folder.get("path"), "path"), "a folder of each node"
        elif image := map_at(volume, "image"):
            yield formed(image.get("reference"), "image"), "an image"
    for _, claim in claim_templates(pod.owner) if names is None else ():
        size = next((formed(size, "none") for _, size in at(claim, "spec.resources.requests.storage")), "")
        yield (
            f"{formed(map_at(claim, 'metadata').get('name'), 'name')}-{pod.owner.name}-N",
            "a claim for each pod",
            size,
        )


def _models(found: Graph, render: Render, pod: Pod, box: Node, volumes: list[Node]) -> None:
    """Where a pod's models come from, if one of its containers downloads them: to its volume, else to the pod."""
    for path, container in pod.containers():
        env = variables(container)
        if not env.keys() >= DOWNLOADS:
            continue
        references: dict[str, list[str]] = {}
        for reference in listed(render, pod):
            host, name = _host(reference, str(env.get(ENDPOINT) or PUBLIC.get(str(env.get(HUB)), "")))
            references.setdefault(host, []).append(name)
        for host, names in references.items():
            source = found.add(SOURCE, host, *names)
            found.downloads.append((source, box, names))
            found.join(source, box if box.role == LOADER else _into(pod, container, volumes, box), files=True)
        once = path[-2] == "initContainers" and container.get("restartPolicy") != "Always"
        line = "" if box.role == LOADER else "downloads before the start" if once else "downloads while it runs"
        box.lines += [line] if line and line not in box.lines else []


def _into(pod: Pod, container: dict[str, Any], volumes: list[Node], box: Node) -> Node:
    """Where a container of a batch program puts the models: not to the volumes of its data. A server has no others."""
    target = variables(container).get("TARGET")
    mounts = [mount for _, mount in maps(container, "volumeMounts[]") if mount.get("mountPath") == target]
    titles = {title for title, *_ in _held(pod, mounts)}
    return next((node for node in volumes if node.title in titles or not _runs_out(pod)), box)


def _host(reference: str, hub: str) -> tuple[str, str]:
    """A reference as (the host that has it, the rest)."""
    if hub:
        return formed(hub, "url").partition("://")[2].strip("/") or HIDDEN, formed(reference, "reference")
    host, slash, rest = formed(reference, "reference").partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return host, rest
    return LIBRARY, formed(reference, "reference")


def as_json(found: Graph) -> dict[str, Any]:
    """The graph for `--json`."""
    return {"nodes": [vars(node) for node in found.nodes.values()], "edges": [vars(edge) for edge in found.edges]}
