"""Plain manifests: the pod of a workload, and the Services, claims and Ingresses that belong to it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .at import EMPTY, At
from .cards import resources
from .convert import ENV, env, startup
from .draft import SERVER, Workload
from .flags import arguments, texts
from .function import row
from .models import USUAL, claimed, image, set_models, unknown
from .source import at as inside
from .tables import Program, program_of
from .typed import ANY, LIST, MAP, NUMBER, TEXT, list_at, map_at, text_at

PROBE = {"httpGet": {"path": TEXT}}
CONTAINER = {
    **dict.fromkeys(("name", "image", "imagePullPolicy"), TEXT),
    "command": [TEXT],
    "args": [TEXT],
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "startupProbe": {"failureThreshold": NUMBER, "periodSeconds": NUMBER, "initialDelaySeconds": NUMBER},
    "env": ENV,
    "envFrom": LIST,
    "lifecycle": MAP,
    "ports": [{"containerPort": TEXT}],
    "resources": {"*": {"*": TEXT}},
    "securityContext": MAP,
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT, "subPath": TEXT}],
}
VOLUME = {
    "name": TEXT,
    "persistentVolumeClaim": {"claimName": TEXT},
    "hostPath": {"path": TEXT},
    "emptyDir": {"sizeLimit": TEXT},
}
POD = {"containers": [CONTAINER], "volumes": [VOLUME]}
SIZE = {"requests": {"storage": TEXT}}
CLAIM = {"spec": {"accessModes": LIST, "storageClassName": TEXT, "resources": SIZE}}

PULL = re.compile(r"\bollama\s+(?:pull|run)\s+[\"']?([\w./:-]+)(?![\w./:$-])")
SHARED = ("vllm", "sglang", "triton")  # engines with a setting for the size of /dev/shm
STAYS = {
    "ConfigMap": "apply it as before, or add it under extraObjects",
    "Secret": "apply it as before, and name it where llm-stack has existingSecret",
    "Namespace": "use helm install --namespace",
    "PersistentVolume": "it stays, with the claim that is bound to it",
    "HorizontalPodAutoscaler": "set autoscaling",
    "PodDisruptionBudget": "set podDisruptionBudget",
    "Job": "llm-stack downloads models itself; set model.delivery",
    "HTTPRoute": "set httpRoute for the UI, or api.httpRoute for the servers",
}


def main(data: Any) -> tuple[int, Program] | None:
    """The container of a workload that runs a known program: its number, and the program."""
    for n, container in enumerate(list_at(data, "spec", "template", "spec", "containers")):
        text = text_at(container, "image")
        # A variable in place of the image: the container's name says what it runs.
        program = program_of(split_image(text)[0] if "${" not in text and text else text_at(container, "name"))
        if program:
            return n, program
    return None


def split_image(text: str) -> tuple[str, str, str]:
    """An image as its repository, tag and digest."""
    text, _, digest = text.partition("@")
    repository, colon, tag = text.rpartition(":")
    return (repository, tag, digest) if colon and "/" not in tag else (text, "", digest)


@row("pod", POD)
def pod(at: At) -> None:
    """The container of a known program, with its volumes; others are not carried over."""
    found = main(at.source.data)
    if not found or not at.program:
        return
    containers = at.value["containers"]
    for n, other in enumerate(containers):
        if n != found[0]:
            name = other.get("name") if isinstance(other, dict) else ""
            text = f"llm-stack adds no containers of others; run {name or 'it'} as a workload of another chart"
            at.none(text, ("containers", n))
    volumes = {one.get("name"): (n, one) for n, one in enumerate(at.value.get("volumes", ())) if one}
    _remember(at)
    _volumes(at, at.below("containers", found[0]), volumes)
    _container(at.below("containers", found[0]))


def _remember(at: At) -> None:
    data = at.source.data
    labels = map_at(data, "spec", "template", "metadata", "labels")
    name = text_at(data, "metadata", "name")
    at.draft.workloads.append(Workload(name, labels, at.program, at.server, set()))


def _container(at: At) -> None:
    value = at.value
    put_image(at)
    words = _words(value)
    hook = str(inside(value, ("lifecycle", "postStart", "exec", "command")) or "")
    if at.program and at.program.engine == "ollama":
        _pulled(at, " ".join(words), hook)
    elif at.program and at.program.engine == "custom":
        _custom(at)
    elif at.program:
        _arguments(at)
    env(at.below("env", row={"to": "env"}))
    if value.get("envFrom"):
        at.put("envFrom", value["envFrom"], "envFrom")
    if value.get("resources"):
        resources(at.below("resources", row={"to": "resources", "gpus": bool(at.program and at.program.engine)}))
    if value.get("startupProbe"):
        startup(at.below("startupProbe", row={"to": "startupTimeoutSeconds"}))
    if value.get("securityContext"):
        at.put("securityContext", value["securityContext"], "securityContext")
    at.settled("llm-stack names the container", "name")
    at.settled("llm-stack has its own probes", "livenessProbe", "readinessProbe", "startupProbe")
    at.settled("the Service has the port of the engine", "ports")
    at.none("llm-stack has no hooks for it", "lifecycle")
    at.settled("is the default of Kubernetes", "stdin", "tty", "terminationMessagePath", "terminationMessagePolicy")


def _words(container: dict[str, Any]) -> list[str]:
    """What a container runs, a text without words as it is."""
    words = [word for key in ("command", "args") for word in container.get(key, ())]
    return [str(word) for word in words if word is not None]


def put_image(at: At, keys: tuple[Any, ...] = ("image",)) -> None:
    """The image of a container; that of a program in public is not carried over where its version matters."""
    repository, tag, digest = split_image(str(at.value.get("image", "")))
    target = at.program.image if at.program else "image"
    if at.program and repository in at.program.own:
        image(at.below(value={"repository": repository, "tag": tag}, row={}).only(*keys))
    elif re.fullmatch("|".join(USUAL), repository) and tag in ("", "latest") and not digest:
        at.none("does not pin a version; llm-stack has the version under images", *keys)
    else:
        usual = re.fullmatch("|".join(USUAL), repository)
        how = "with its tag" if tag else ""
        if not usual or not tag:
            at.put(f"{target}.repository", repository, *keys, how=how)
        if tag:
            at.put(f"{target}.tag", tag, *keys, how="the tag" if usual else "")
        if digest:
            at.put(f"{target}.digest", digest, *keys)
    if at.value.get("imagePullPolicy"):
        at.put(f"{target}.pullPolicy", at.value["imagePullPolicy"], "imagePullPolicy")


def _pulled(at: At, command: str, hook: str) -> None:
    """The models that a shell pulls, in the command of the container or after its start."""
    found: dict[str, list[Any]] = {}
    for key, text in (("command", command), ("lifecycle", hook)):
        for model in PULL.findall(text):
            keys = ["command", "args"] if key == "command" else ["lifecycle"]
            found.setdefault(model, []).extend(each for each in keys if each in at.value)
    pod_at = replace(at, path=(*at.root, "spec", "template", "spec"), keys=((),))
    for n, one in enumerate(list_at(at.source.data, "spec", "template", "spec", "initContainers")):
        for model in PULL.findall(str(one)):
            if model not in found:
                set_models(pod_at, {model: [("initContainers", n)]})
                pod_at.settled("llm-stack downloads the models itself", ("initContainers", n))
                return
    unknown(at, f"{command} {hook}")
    set_models(at, found)
    at.settled("is how llm-stack starts ollama", "command", "args")


def _custom(at: At) -> None:
    """A server that llm-stack runs as it is: its command, port and paths."""
    value = at.value
    if value.get("command"):
        at.put("custom.command", value["command"], "command")
    if value.get("args"):
        at.put("extraArgs", [str(word) for word in value["args"] if word is not None], "args")
    ports = [one.get("containerPort") for one in value.get("ports") or () if isinstance(one, dict)]
    if ports:
        at.put("custom.port", ports[0], ("ports", 0), how="the port of the server")
    at.put("custom.protocol", "openai", how="")
    for probe, target in (("livenessProbe", "livenessPath"), ("readinessProbe", "readinessPath")):
        path = inside(value, (probe, "httpGet", "path"))
        if path:
            at.put(f"custom.{target}", path, (probe, "httpGet", "path"), how="only the path")
    words = _words(value)
    for flag in ("--model-path", "--model"):
        if flag in words[:-1]:
            _custom_model(at, words[words.index(flag) + 1])


def _custom_model(at: At, model: str) -> None:
    at.put("custom.servedModelName", model, "args", how="as an argument, and as the name that clients use")
    at.put("model.name", model.strip("/").replace(":", "-"), "args")
    at.put("model.delivery", "none", "args")


def _arguments(at: At) -> None:
    """Command and arguments of a program whose flags are known."""
    for key in ("command", "args"):
        if at.value.get(key):
            mounts = [str(one.get("mountPath")) for one in at.value.get("volumeMounts") or () if isinstance(one, dict)]
            arguments(at.below(key, row={"variables": texts(at.get("env"))}, mounts=tuple(mounts)))
    if at.program and at.program.engine == "triton":
        _triton(at)


def _triton(at: At) -> None:
    """A model repository that is on the volume already: its folders are named by hand."""
    text = " ".join(_words(at.value))
    names = re.findall(r"--load-model[= ]([\w.-]+)", text)
    name = names[0] if names and names[0] != "*" else "model"
    at.put("model.name", name, "name", how="the name of the model in the repository")
    at.put("model.path", name, "name")
    at.put("model.delivery", "none", "name")
    if not names:
        at.draft.advise("set model.name and model.path to the folder of your model in Triton's model repository")


def _volumes(at: At, container: At, volumes: dict[Any, tuple[int, Any]]) -> None:
    """What is mounted: the models or the data of the program, its shared memory, and others."""
    text = " ".join(_words(container.value))
    rest, own = [], []
    for n, mount in enumerate(container.value.get("volumeMounts", ())):
        if not mount:
            continue
        number, volume = volumes.get(mount.get("name"), (-1, {}))
        path = str(mount.get("mountPath", "")).rstrip("/")
        keys = (("containers", *container.path[len(at.path) + 1 :], "volumeMounts", n), ("volumes", number))
        folder = _folder(at.program, path, text)
        if path == "/dev/shm":
            _shared_memory(at, volume, keys)
        elif folder is not None:
            claimed(at, volume, mount, {**folder, "path": path}, keys)
        else:
            rest.append((mount, keys[0]))
            own += [] if any(one is volume for one, _ in own) or number < 0 else [(volume, keys[1])]
    if rest:
        at.put("volumeMounts", [mount for mount, _ in rest], *[key for _, key in rest])
        at.put("volumes", [volume for volume, _ in own], *[key for _, key in own])


def _folder(program: Program | None, path: str, text: str) -> dict[str, Any] | None:
    """What the program stores at a path; a path of which its command line names a folder holds its models."""
    if program is None:
        return None
    if path in program.folders:
        return program.folders[path]
    return {} if path and program.engine and re.search(rf"{re.escape(path)}/\S", text) else None


def _shared_memory(at: At, volume: Any, keys: tuple[Any, ...]) -> None:
    size = inside(volume, ("emptyDir", "sizeLimit"))
    engine = at.program.engine if at.program else ""
    if size and engine in SHARED:
        at.put(f"{engine}.sharedMemory", size, *keys, how="the size of /dev/shm")
    elif engine in SHARED:
        at.settled("llm-stack mounts /dev/shm itself", *keys)
    else:
        at.none("llm-stack mounts no /dev/shm for this program", *keys)


@row("account", TEXT)
def account(at: At) -> None:
    """A service account that exists: all pods of the release use one."""
    known = [put for put in at.draft.puts if put.target == ("serviceAccount", "name")]
    if known and known[0].value != at.value:
        at.none(f"all pods of the release use one account, {known[0].value}")
        return
    at.draft.needs.add(f"ServiceAccount/{at.value}")
    at.put("serviceAccount.name", at.value, how="the account of all pods, which exists")
    at.put("serviceAccount.create", False)


@row("claimTemplates", [CLAIM])
def claim_templates(at: At) -> None:
    """The claims of a StatefulSet: each pod has its own."""
    first = at.value[0] if at.value else {}
    at.put("modelCache.type", "volumeClaimTemplate", (0, "metadata"), how="one claim for each pod")
    for key, target in (("accessModes", "accessModes"), ("storageClassName", "storageClass")):
        if inside(first, ("spec", key)):
            at.put(f"modelCache.{target}", inside(first, ("spec", key)), (0, "spec", key))
    size = inside(first, ("spec", "resources", "requests", "storage"))
    if size:
        at.put("modelCache.size", size, (0, "spec", "resources", "requests", "storage"))
    name = text_at(at.source.data, "metadata", "name")
    at.draft.advise(
        f"the claims of the StatefulSet {name} have other names; copy their data, or have it downloaded again"
    )


def _of(at: At, workload: Workload) -> At:
    return replace(at, server=workload.server, program=workload.program)


@row("serviceOf", {"type": TEXT, "selector": {"*": TEXT}, "ports": [{"port": TEXT, "nodePort": TEXT}]})
def service_of(at: At) -> None:
    """A Service of an imported workload: its type and port."""
    found = at.draft.selected(at.value.get("selector"))
    if not found:
        at.none("selects no imported workload; apply it as before")
        return
    here = _of(at, found)
    here.settled("selects the pods of the workload", "selector")
    first = next((one for one in at.value.get("ports") or () if isinstance(one, dict)), {})
    kind = at.value.get("type")
    if kind:
        here.put("service.type", kind, "type")
    if first.get("port"):
        here.put("service.port", first["port"], ("ports", 0, "port"))
    if first.get("nodePort") and kind in ("NodePort", "LoadBalancer"):
        here.put("service.nodePort", first["nodePort"], ("ports", 0, "nodePort"))
    here.settled("llm-stack knows the port of the program", "ports")
    name = text_at(at.source.data, "metadata", "name")
    ours = f"RELEASE-{at.draft.name(found.server)}" if found.server else "RELEASE-open-webui"
    at.draft.advise(f"clients of the Service {name} use {ours} from now on, where RELEASE is the name of the release")


@row("annotationsOf", ANY)
def annotations_of(at: At) -> None:
    """The annotations of such a Service."""
    found = at.draft.selected(inside(at.source.data, ("spec", "selector")))
    _of(at, found).put("service.annotations", at.value) if found else at.settled("is of the Service")


@row("modesOf", {"accessModes": LIST})
def modes_of(at: At) -> None:
    """The access modes of a claim that a workload uses; the claim stays."""
    name = text_at(at.source.data, "metadata", "name")
    for workload in at.draft.workloads:
        if name in workload.claims and at.value.get("accessModes"):
            target = "persistence" if workload.program.prefix else "modelCache"
            _of(at, workload).put(f"{target}.accessModes", at.value["accessModes"], "accessModes")
    if not any(name in workload.claims for workload in at.draft.workloads):
        at.none("is used by no imported workload; apply it as before", "accessModes")


def _backend(data: Any) -> str:
    first = inside(data, ("spec", "rules", 0, "http", "paths", 0, "backend"))
    return text_at(first, "service", "name") or text_at(first, "serviceName")


def _ingress(at: At) -> tuple[At, str] | None:
    """Where an Ingress leads: to a UI, or to a model server."""
    found = at.draft.behind(_backend(at.source.data))
    if not found:
        return None
    return _of(at, found), "ingress" if found.program.prefix else "api.ingress"


@row("ingressOf", {"rules": [{"host": TEXT}], "ingressClassName": TEXT, "tls": LIST})
def ingress_of(at: At) -> None:
    """An Ingress to an imported workload: its host, class and certificates."""
    found = _ingress(at)
    if not found:
        at.none("leads to no imported workload; apply it as before")
        return
    here, target = found
    hosts = [rule.get("host") if rule else None for rule in at.value.get("rules", ())]
    here.put(f"{target}.enabled", True, ("rules", 0, "http"), how="as enabled")
    if hosts and hosts[0]:
        goal = "ingress.host" if target == "ingress" else ("api", "ingress", "hosts", SERVER)
        here.put(goal, hosts[0], ("rules", 0, "host"))
    more = [host for host in hosts[1:] if host]
    if more and target == "ingress":
        here.put("ingress.additionalHosts", more, *[("rules", n) for n in range(1, len(hosts))])
    if at.value.get("ingressClassName"):
        here.put(f"{target}.className", at.value["ingressClassName"], "ingressClassName")
    if at.value.get("tls"):
        here.put(f"{target}.tls", at.value["tls"], "tls")


@row("ingressAnnotations", ANY)
def ingress_annotations(at: At) -> None:
    """The annotations of such an Ingress."""
    found = _ingress(at)
    found[0].put(f"{found[1]}.annotations", at.value) if found else at.settled("is of the Ingress")


@row("objectKind", TEXT)
def object_kind(at: At) -> None:
    """The kind of an object that stays."""
    at.none(STAYS.get(str(at.value), "apply it as before, or add it under extraObjects"))


@row("objectBody", ANY)
def object_body(at: At) -> None:
    """What an object that stays holds."""
    kind = str(at.source.data.get("kind"))
    if at.value in EMPTY:
        at.settled("is empty")
    at.none(STAYS.get(kind, "apply it as before, or add it under extraObjects"))
