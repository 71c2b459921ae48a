"""Plain manifests: the pod of a workload, and the Services, claims and Ingresses that belong to it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..reading import conceal
from .at import EMPTY, VARIABLE, At
from .cards import resources
from .configmaps import configured
from .convert import ENV, env, startup
from .downloads import DOWNLOAD, LINK
from .draft import MISSING, SERVER, SETTLED, Note, Put, Spot, Workload
from .flags import arguments, resolved, shell, split, texts, word
from .function import row
from .models import NEW, USUAL, by_variable, claimed, image, set_model, set_models, unknown
from .pulls import SERVES, command, elsewhere, pulled
from .source import at as inside
from .tables import Program, program_of, programs
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
    "resources": {"*": {"*": TEXT}, "claims": LIST},
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

FOLDER = "/models/model"  # of the model of a server without a fragment
SHARED = ("vllm", "sglang", "triton", "custom")  # engines with a setting for the size of /dev/shm
HELD = {"", "/tmp", "/dev/shm", "/models"}  # folders that the chart has, too
WORKLOADS = ("Deployment", "StatefulSet", "LeaderWorkerSet", "Pod")
PODS = (*WORKLOADS, "DaemonSet")
TEMPLATES = (
    ("spec", "template"),
    ("spec", "leaderWorkerTemplate", "leaderTemplate"),
    ("spec", "leaderWorkerTemplate", "workerTemplate"),
)
KUSTOMIZE = "is of the list that kustomize reads, which is not an object of the cluster"
CHANGES = (  # what kustomize changes in the objects of a folder, or adds to them
    *("images", "patches", "patchesStrategicMerge", "patchesJson6902", "replicas", "replacements", "namePrefix"),
    *("nameSuffix", "components", "helmCharts", "transformers"),
)
FILES = ("configMap", "secret", "projected", "downwardAPI", "image")  # volumes that hold no models
BUNDLED = re.compile(r"(^|-)ollama$")  # tags of Open WebUI's image with ollama
HOMES = r"/root|/home/[\w.-]+"
STAYS = {
    "ConfigMap": "apply it as before, or add it under extraObjects",
    "Secret": "apply it as before, and name it where llm-stack has existingSecret",
    "Namespace": "use helm install --namespace",
    "PersistentVolume": "it stays, with the claim that is bound to it",
    "HorizontalPodAutoscaler": "set autoscaling",
    "ScaledObject": "set keda, which scales the new workload; this one scales the old one",
    "ServiceMonitor": "set monitoring, which reads the new pods; this one selects the old ones",
    "PodMonitor": "set monitoring, which reads the new pods; this one selects the old ones",
    "NetworkPolicy": "set networkPolicy, or give it the labels of the new pods and add it under extraObjects",
    "VerticalPodAutoscaler": "name the new workload in it, and add it under extraObjects",
    "PodDisruptionBudget": "set podDisruptionBudget",
}


def main(data: Any) -> tuple[int, Program] | None:
    """The container of a workload that runs a known program: its number, and the program."""
    if text_at(data, "kind") == "Pod" and _pulls(data):
        return None
    for n, container in enumerate(list_at(data, *template(data), "spec", "containers")):
        text = text_at(container, "image")
        # A variable in place of the image: the container's name says what it runs.
        named = split_image(text)[0] if "${" not in text and text else text_at(container, "name")
        program = program_of(named) or _started(container) or _by_signs(container, named)
        if program:
            return n, program
    return None


def serves(container: Any) -> bool:
    """Whether a container is a model server: neither a UI, nor a client in the image of a server."""
    program = program_of(split_image(text_at(container, "image"))[0])
    said = command(container) if isinstance(container, dict) else ""
    words = list_at(container, "command") + list_at(container, "args")
    runs = not words or bool(SERVES.search(said)) or (program is not None and program.engine != "ollama")
    return bool(program and program.engine) and runs and not pulled(said, {}).models


def _pulls(pod: Any) -> bool:
    """Whether a Pod only has a server elsewhere pull models, by the client in its program's image."""
    said = [command(one) for one in list_at(pod, "spec", "containers") if isinstance(one, dict)]
    return any(pulled(text, {}).models for text in said) and not any(SERVES.search(text) for text in said)


def template(data: Any) -> tuple[str, ...]:
    """Where a workload has the template of its pods; of a LeaderWorkerSet, that of the leader. A Pod is its own."""
    if text_at(data, "kind") == "Pod":
        return ()
    return next((path for path in TEMPLATES if map_at(data, *path)), TEMPLATES[0])


def _started(container: Any) -> Program | None:
    """The engine that a container's command starts, whatever its image is called."""
    words = [
        word
        for key in ("command", "args")
        for text in list_at(container, key)
        for word in re.split(r"[\s;&|]+", str(text))
    ]
    text = f" {' '.join(words)} "
    return next((one for one in programs().values() if any(f" {start} " in text for start in one.starts)), None)


def _by_signs(container: Any, image: str) -> Program | None:
    """Ollama in an image of one's own: the image says so, and the container has its port, folder or variables."""
    name = image.rpartition("/")[2]
    if "ollama" not in name or re.search(r"web-?ui|-ui$|exporter|proxy|client|operator", name):
        return None
    names = {text_at(one, "name") for one in list_at(container, "env")}
    paths = [text_at(one, "mountPath").rstrip("/") for one in list_at(container, "volumeMounts")]
    ports = [text_at(one, "containerPort") for one in list_at(container, "ports")]
    signs = names & {"OLLAMA_HOST", "OLLAMA_MODELS"} or any(path.endswith("/.ollama") for path in paths)
    return programs()["ollama"] if signs or "11434" in ports else None


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
    volumes = {one.get("name"): (n, one) for n, one in enumerate(at.value.get("volumes", ())) if one}
    _remember(at)
    own = at.below("containers", found[0])
    container, origins = configured(at.draft, at.source, own.value, own.path)
    own = replace(own, value=container)
    _volumes(at, own, volumes)
    _container(own, origins)
    for n, other in enumerate(containers):
        if n != found[0]:
            name = other.get("name") if isinstance(other, dict) else ""
            text = f"llm-stack adds no containers of others; run {name or 'it'} as a workload of another chart"
            if serves(other):
                text = f"each pod of llm-stack has one server; write {name or 'it'} as another one, under servers"
                at.draft.warn(
                    f"the pod of {text_at(at.source.data, 'metadata', 'name') or at.source.path} has another server,"
                    f" {name or 'a container'}, which is not in the values; write it under servers"
                )
            at.none(text, ("containers", n))


def _remember(at: At) -> None:
    data = at.source.data
    labels = map_at(data, *template(data), "metadata", "labels")
    if text_at(data, "kind") == "LeaderWorkerSet":
        labels = {**labels, "leaderworkerset.sigs.k8s.io/name": text_at(data, "metadata", "name")}
    name = text_at(data, "metadata", "name")
    at.draft.workloads.append(Workload(name, labels, at.program, at.server, set()))


def _container(at: At, origins: dict[int, tuple[Spot, ...]]) -> None:
    value = at.value
    put_image(at)
    words = _words(value)
    hook = str(inside(value, ("lifecycle", "postStart", "exec", "command")) or "")
    if at.program and at.program.engine == "ollama":
        _pulled(at, {"command": " ".join(words), "lifecycle": hook})
    elif at.program and at.program.engine == "custom":
        _custom(at)
    elif at.program:
        _arguments(at)
    env(at.below("env", row={"to": "env", "origins": origins}, mounts=_left(at)))
    if value.get("envFrom"):
        at.put("envFrom", value["envFrom"], "envFrom")
    if value.get("resources"):
        resources(at.below("resources", row={"to": "resources", "gpus": bool(at.program and at.program.engine)}))
    if value.get("startupProbe"):
        startup(at.below("startupProbe", row={"to": "startupTimeoutSeconds"}))
    if context := value.get("securityContext"):
        # Kubernetes requires both, and sets the second one by default.
        privileged = {"allowPrivilegeEscalation": True} if context.get("privileged") is True else {}
        at.put("securityContext", {**privileged, **context}, "securityContext")
    at.settled("llm-stack names the container", "name")
    at.settled("llm-stack has its own probes", "livenessProbe", "readinessProbe", "startupProbe")
    for n, port in enumerate(list_at(value, "ports")):
        if isinstance(port, dict) and port.get("hostPort"):
            prefix = at.program.prefix if at.program else ""
            text = f"no pod has a port of its node; set {f'{prefix}.' if prefix else ''}service.type to NodePort"
            at.none(text, ("ports", n, "hostPort"))
    at.settled("the Service has the port of the engine", "ports")
    at.none("llm-stack has no hooks for it", "lifecycle")
    at.settled("is the default of Kubernetes", "stdin", "tty", "terminationMessagePath", "terminationMessagePolicy")


def _left(at: At) -> tuple[str, ...]:
    """The folders of the container that llm-stack does not have: volumes that it mounts elsewhere, or not at all."""
    puts = at.draft.puts_of(at.server, ("volumeMounts",), ("custom", "mountPath"), ("custom", "writablePaths"))
    lists = [put.value if isinstance(put.value, list) else [put.value] for put in puts]
    kept = {text_at(one, "mountPath") if isinstance(one, dict) else str(one) for each in lists for one in each}
    mounts = {text_at(one, "mountPath").rstrip("/") for one in list_at(at.value, "volumeMounts")}
    prefix = at.program.prefix if at.program else ""
    return () if prefix else tuple(sorted(mounts - {path.rstrip("/") for path in kept} - HELD))


def _words(container: dict[str, Any]) -> list[str]:
    """What a container runs, a text without words as it is."""
    words = [one for key in ("command", "args") for one in list_at(container, key)]
    return [word(one) for one in words if one is not None]


def put_image(at: At, keys: tuple[Any, ...] = ("image",)) -> None:
    """The image of a container; that of a program in public is not carried over where its version matters."""
    repository, tag, digest = split_image(str(at.value.get("image", "")))
    target = at.program.image if at.program else "image"
    if at.program and at.program.prefix and BUNDLED.search(tag):
        tag, digest = BUNDLED.sub("", tag) or "main", ""
        at.draft.bundled = True
        at.draft.warn(
            "the image of Open WebUI has ollama in it, which llm-stack runs as another server: set model.name and"
            " model.tag, or deepseek-r1:1.5b is downloaded, and gpu.vendor and gpu.count if it has GPUs"
        )
    if VARIABLE.search(repository):
        at.put(f"{target}.repository", repository, *keys)  # which says that it is a variable
    elif at.program and repository in at.program.own:
        whole = f"{tag}@{digest}" if digest else tag
        image(at.below(value={"repository": repository, "tag": whole}, row={}).only(*keys))
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
        elif not tag and not usual:
            at.put(f"{target}.tag", "latest", *keys, how="with the tag latest, as Kubernetes reads it")
            at.draft.advise(f"set {target}.tag to a version of {repository}: the input has none")
    if at.value.get("imagePullPolicy"):
        at.put(f"{target}.pullPolicy", at.value["imagePullPolicy"], "imagePullPolicy")


def _pulled(at: At, commands: dict[str, str]) -> None:
    """The models that a shell pulls: in the command of the container, after its start, beside it, or in a Job."""
    variables = texts(at.value.get("env"))
    found: dict[str, list[Any]] = {}
    unsaid: list[str] = []
    for key, text in commands.items():
        keys = [each for each in (("command", "args") if key == "command" else (key,)) if each in at.value]
        here = pulled(text, variables)
        unsaid += here.variables
        for model in here.models:
            found.setdefault(model, []).extend(keys)
    beside, more = _beside(at)
    only = sum(one.engine == "ollama" for one in _servers(at)) == 1
    others, further = elsewhere(at.draft, at.server, only)
    also = {model: (*beside.get(model, ()), *others.get(model, ())) for model in (*beside, *others)}
    unknown(at, unsaid, [*more, *further])
    set_models(at, {**found, **{model: found.get(model, []) for model in also}}, also)
    for model in beside:
        at.draft.note(beside[model], Note(SETTLED, "llm-stack downloads the models itself"))
    at.settled("is how llm-stack starts ollama", "command", "args")


def _servers(at: At) -> list[Program]:
    """The programs of all workloads of the input."""
    found = [main(one.data) for one in at.draft.sources if text_at(one.data, "kind") in WORKLOADS]
    return [one[1] for one in found if one]


def _beside(at: At) -> tuple[dict[str, tuple[Spot, ...]], list[str]]:
    """What init containers and other containers of the pod have the server pull."""
    models: dict[str, tuple[Spot, ...]] = {}
    variables: list[str] = []
    place = (*at.root, *template(at.source.data), "spec")
    for kind in ("initContainers", "containers"):
        for n, one in enumerate(list_at(at.source.data, *place, kind)):
            if not isinstance(one, dict) or at.path == (*place, kind, n):
                continue
            one = configured(at.draft, at.source, one)[0]
            found = pulled(command(one), texts(one.get("env")))
            spots = tuple(at.draft.spots(at.source, (*place, kind, n)))
            models |= {model: (*models.get(model, ()), *spots) for model in found.models}
            variables += found.variables
            for name in found.variables:
                at.draft.note(spots, Note(MISSING, by_variable(name)))
    return models, variables


def _custom(at: At) -> None:
    """A server without a fragment, as engine custom: its command, port and paths; llm-stack downloads its model."""
    value, custom = at.value, at.program.custom if at.program else {}
    at.put("custom.protocol", custom["protocol"], "image", how="the API of the server")
    variables, words = texts(value.get("env")), _words(value)
    model = _named(at, custom["model"], words, variables)
    for key, target in (("command", "custom.command"), ("args", "extraArgs")):
        if value.get(key):
            kept = [word(one) for one in value[key] if one is not None]
            swapped = [_swapped(one, model) for one in kept]
            at.put(target, swapped, key, how="with the folder of the model" if swapped != kept else "")
    ports = [one.get("containerPort") for one in value.get("ports") or () if isinstance(one, dict)]
    said = _setting(custom.get("ports", []), words, variables)
    at.put(
        "custom.port",
        int(said) if said.isdigit() else ports[0] if ports else custom["port"],
        ("ports", 0),
        how="the port",
    )
    for probe, target in (("livenessProbe", "livenessPath"), ("readinessProbe", "readinessPath")):
        path = inside(value, (probe, "httpGet", "path"))
        at.put(f"custom.{target}", path or custom["path"], (probe, "httpGet", "path"), how="only the path")
    if custom.get("writable"):
        mounted = {text_at(one, "mountPath").rstrip("/") for one in value.get("volumeMounts") or ()}
        if writable := [path for path in custom["writable"] if path not in mounted]:
            at.put("custom.writablePaths", writable, "image", how="the folders that the program writes to")
    if not model:
        at.draft.lost.add(at.server)


def _setting(names: list[str], words: list[str], variables: dict[str, str]) -> str:
    """What the first of these flags or variables is set to, empty where there is none."""
    words = [word for text in words for word in split(text)]
    flags = [words[words.index(name) + 1] for name in names if name in words[:-1]]
    joined = [word.partition("=")[2] for word in words for name in names if word.startswith(f"{name}=")]
    return next(iter((*flags, *joined, *(variables[name] for name in names if variables.get(name)))), "")


def _named(at: At, names: list[str], words: list[str], variables: dict[str, str]) -> str:
    """Write the model that a flag or a variable names; its name, empty where there is none."""
    model = _setting(names, words, variables)
    if not model:
        return ""
    key: Any = "args" if at.value.get("args") and model in str(at.value["args"]) else "command"
    named = [n for n, one in enumerate(list_at(at.value, "env")) if text_at(one, "name") in names]
    if model not in " ".join(words):
        key = ("env", named[0])  # that variable alone
    set_model(at, resolved(model, variables), *([key] if isinstance(key, tuple) or at.value.get(key) else []))
    if not model.startswith("/"):
        at.put("model.source", "huggingface", key, how="downloaded by llm-stack")
        at.put("custom.mount", "model", key, how="the folder of the model")
        at.put("custom.mountPath", FOLDER, key, how="the folder of the model")
    return model


def _swapped(word: str, model: str) -> str:
    """A word of a command with the folder of the model in place of its name."""
    if not model or model.startswith("/"):
        return word
    return re.sub(rf"(?<![\w./-]){re.escape(model)}(?![\w./-])", FOLDER, word)


@row("customModel", TEXT)
def custom_model(at: At) -> None:
    """The variable with the model of a server without a fragment, which then has its folder."""
    text = str(at.value)
    at.put(("env", at.row["called"]), text if text.startswith("/") else FOLDER, how="the folder of the model")


def _arguments(at: At) -> None:
    """Command and arguments of a program whose flags are known."""
    # The leader of a group starts Ray by a script, as llm-stack does.
    by_shell = shell(at.value) and text_at(at.source.data, "kind") != "LeaderWorkerSet"
    for key in ("command", "args"):
        if at.value.get(key):
            mounts = [str(one.get("mountPath")) for one in at.value.get("volumeMounts") or () if isinstance(one, dict)]
            arguments(at.below(key, row={"variables": texts(at.get("env")), "shell": by_shell}, mounts=tuple(mounts)))
    if at.program and at.program.engine == "triton":
        _triton(at)


def _triton(at: At) -> None:
    """The model that Triton loads of its repository; without one, draft.complete names a folder."""
    text = " ".join(_words(at.value))
    names = re.findall(r"--load-model[= ]([\w.-]+)", text)
    if names and names[0] != "*":
        for key in ("name", "path"):
            at.draft.put(Put(("model", key), names[0], at.server, ()), Note(SETTLED, ""))


def _volumes(at: At, container: At, volumes: dict[Any, tuple[int, Any]]) -> None:
    """What is mounted: the models or the data of the program, its shared memory, and others."""
    text, env = " ".join(_words(container.value)), texts(container.value.get("env"))
    rest, own = [], []
    mounts = [text_at(one, "mountPath") for one in list_at(container.value, "volumeMounts")]
    usual = _unused(at.program, mounts, env)
    for n, mount in enumerate(container.value.get("volumeMounts", ())):
        if not mount:
            continue
        number, volume = volumes.get(mount.get("name"), (-1, {}))
        path = str(mount.get("mountPath", "")).rstrip("/")
        keys = (("containers", *container.path[len(at.path) + 1 :], "volumeMounts", n), ("volumes", number))
        folder = None if any(kind in volume for kind in FILES) else folder_of(at.program, path, text, env)
        folder = None if folder and path in usual else folder
        if path == TOKEN:
            at.settled("Kubernetes mounts the token where it is used", *keys)
        elif path == "/dev/shm":
            _shared_memory(at, volume, keys)
        elif path == "/tmp" and "emptyDir" in volume:
            at.settled("llm-stack mounts an emptyDir there", *keys)
        elif folder is not None:
            claimed(at, volume, mount, {**folder, "path": path}, keys)
        elif number < 0:  # of a claim template, or of no volume of the pod
            at.none("create a claim for it, name that under volumes, and mount it with volumeMounts", keys[0])
        else:
            rest.append((mount, keys[0]))
            own += [] if any(one is volume for one, _ in own) else [(volume, keys[1])]
    used = {mount.get("name") for mount in container.value.get("volumeMounts", ()) if mount}
    for name, (number, _) in volumes.items():
        if name not in used:
            at.none("is mounted in no container that llm-stack runs", ("volumes", number))
    if rest:
        at.put("volumeMounts", [mount for mount, _ in rest], *[key for _, key in rest])
        at.put("volumes", [_existing(at, volume) for volume, _ in own], *[key for _, key in own])


def _existing(at: At, volume: dict[str, Any]) -> dict[str, Any]:
    """A volume as a pod has it: a claim that the other chart creates must be there before llm-stack is installed."""
    if NEW not in volume:
        return volume
    name = volume[NEW]["name"]
    at.draft.needs.add(f"PersistentVolumeClaim/{name}")
    text = f"keep the claim {name} of the other chart, or create it"
    at.draft.advise(f"{text}: llm-stack creates claims for models and for the data of UIs only", name)
    return {"name": volume["name"], "persistentVolumeClaim": {"claimName": name}}


def _unused(program: Program | None, paths: list[str], variables: dict[str, str]) -> set[str]:
    """The mounts that hold no models, since a variable names a folder of another mount for them."""
    paths = [path.rstrip("/") for path in paths]
    named = {variables[name].rstrip("/") for name in (program.variables if program else ()) if variables.get(name)}
    used = {path for path in paths for folder in named if f"{folder}/".startswith(f"{path}/")}
    return set(paths) - used if used else set()


def folder_of(program: Program | None, path: str, text: str, variables: dict[str, str]) -> dict[str, Any] | None:
    """What the program stores at a path: by its own folders, by a variable or a flag that names one, or below the home
    directory of another user; a path of which its command line names a folder holds its models."""
    if program is None or not path:
        return None
    if path in program.folders:
        return program.folders[path]
    for name, like in program.variables.items():
        named = variables.get(name, "").rstrip("/")
        if f"{named}/".startswith(f"{path}/"):
            return program.folders[like] if like else {"folder": named[len(path) :].strip("/")}
    for known, entry in program.folders.items():
        own = known.removeprefix("/root")
        if own == known or not program.engine:
            continue
        if path.endswith(own):
            return entry
        if re.fullmatch(HOMES, path) or path == variables.get("HOME", "").rstrip("/"):
            below = "/".join(filter(None, (own.strip("/"), entry.get("folder"))))
            return entry if "again" in entry else {"folder": below}
    if re.search(rf"--download-dir[= ]{re.escape(path)}/?(\s|$)", text):
        return next((entry for entry in program.folders.values() if "again" in entry), {})
    return {} if program.engine not in ("", "custom") and _has_model(program, path, text, variables) else None


def _has_model(program: Program, path: str, text: str, variables: dict[str, str]) -> bool:
    """Whether a command line or a variable names a model below a path; other files can be there, such as templates."""
    names = [name for name, entry in program.flags.items() if entry.get("by") in ("model", "file")]
    words = "|".join(map(re.escape, (*names, "serve")))
    if re.search(rf"(?:^|\s)(?:{words})(?:=|\s+)['\"]?{re.escape(path)}(?:/|\s|$)", text):
        return True
    named = [variables.get(name, "") for name, entry in program.env.items() if entry.get("by") in ("model", "file")]
    return any(f"{each}/".startswith(f"{path}/") for each in named)


def _shared_memory(at: At, volume: Any, keys: tuple[Any, ...]) -> None:
    size = inside(volume, ("emptyDir", "sizeLimit"))
    engine = at.program.engine if at.program else ""
    if engine == "custom" and not size:
        at.settled("llm-stack mounts /dev/shm itself, by the number of GPUs", *keys)
    if size and engine in SHARED:
        at.put(f"{engine}.sharedMemory", size, *keys, how="the size of /dev/shm")
    elif engine in SHARED:
        at.settled("llm-stack mounts /dev/shm itself", *keys)
    else:
        at.none("llm-stack mounts no /dev/shm for this program", *keys)


@row("worker", ANY)
def worker(at: At) -> None:
    """The pods of a group: with a leader, that is the one to import; else they are all the same."""
    leader = map_at(at.source.data, *TEMPLATES[1])
    if leader:
        at.settled("all pods of a group have the settings of the first one")
    elif "to" in at.row:
        at.put(at.row["to"], at.value)
    else:
        pod(at)


WRITTEN = re.compile(
    r"kubectl\.kubernetes\.io/|cni\.projectcalico\.org/|k8s\.v1\.cni\.cncf\.io/network-status|kubernetes\.io/config\."
)
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


@row("podAnnotations", MAP)
def pod_annotations(at: At) -> None:
    """Annotations of pods, without those that a program of the cluster wrote."""
    for key in at.value:
        if WRITTEN.match(str(key)):
            at.settled("a program of the cluster wrote it", key)
    if kept := {key: value for key, value in at.value.items() if not WRITTEN.match(str(key))}:
        at.put("podAnnotations", kept, *kept)


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
    """The claims of a StatefulSet: each pod has its own for the models, and a UI has one for its data."""
    chosen = _stored(at)
    here, one = at.below(chosen), at.value[chosen] if at.value else {}
    ui = bool(at.program and at.program.prefix)
    target = "persistence" if ui else "modelCache"
    if not ui:
        here.put("modelCache.type", "volumeClaimTemplate", "metadata", how="one claim for each pod")
    for key, goal in (("accessModes", "accessModes"), ("storageClassName", "storageClass")):
        if inside(one, ("spec", key)):
            here.put(f"{target}.{goal}", inside(one, ("spec", key)), ("spec", key))
    size = inside(one, ("spec", "resources", "requests", "storage"))
    if size:
        here.put(f"{target}.size", size, ("spec", "resources", "requests", "storage"))
    here.settled("llm-stack creates the claim", "metadata", "apiVersion", "kind")
    for n in set(range(len(at.value))) - {chosen}:
        at.none("llm-stack has one claim for each server; create this one, and mount it with volumeMounts", n)
    name = text_at(at.source.data, "metadata", "name")
    text = f"the claims of the StatefulSet {name} have other names"
    again = "copy their data: accounts and chats" if ui else "copy their data, or have it downloaded again"
    at.draft.advise(f"{text}; {again}")


def _stored(at: At) -> int:
    """The claim template that is mounted where the program has its models or its data, by its number."""
    found = main(at.source.data)
    container = inside(at.source.data, (*template(at.source.data), "spec", "containers", found[0])) if found else {}
    text, variables = " ".join(_words(map_at(container))), texts(map_at(container).get("env"))
    paths = {text_at(one, "name"): text_at(one, "mountPath") for one in list_at(container, "volumeMounts")}
    names = [text_at(one, "metadata", "name") for one in at.value]
    known = [
        n for n, name in enumerate(names) if folder_of(at.program, paths.get(name, "").rstrip("/"), text, variables)
    ]
    return known[0] if known else 0


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


def _service(path: Any) -> str:
    """The Service that a path of an Ingress leads to."""
    return text_at(path, "backend", "service", "name") or text_at(path, "backend", "serviceName")


def _ways(at: At) -> dict[int, tuple[At, str]]:
    """Where the rules of an Ingress lead, by their numbers: to a UI, or to a model server."""
    found: dict[int, tuple[At, str]] = {}
    rules = list_at(at.source.data, "spec", "rules")
    # An Ingress without rules leads all requests to one Service, as those of Tailscale do.
    names = [text_at(at.source.data, "spec", "defaultBackend", "service", "name")] if not rules else []
    for n, name in enumerate(names or [_service(inside(rule, ("http", "paths", 0))) for rule in rules]):
        workload = at.draft.behind(name, near=at.source) if name else None
        if workload:
            found[n] = (_of(at, workload), "ingress" if workload.program.prefix else "api.ingress")
    return found


BACKEND = {"service": {"name": TEXT}}


@row("ingressOf", {"rules": [{"host": TEXT}], "defaultBackend": BACKEND, "ingressClassName": TEXT, "tls": LIST})
def ingress_of(at: At) -> None:
    """An Ingress to imported workloads: the host of each, and the class and the certificates of all."""
    found, rules = _ways(at), at.value.get("rules") or ()
    if not found:
        at.none("leads to no imported workload; apply it as before")
        return
    if not rules:
        _all_requests(*found[0])
        return
    for n in range(len(rules)):
        if n not in found:
            at.none("leads to no imported workload; apply an Ingress with this rule", ("rules", n))
        for k, path in enumerate(list_at(map_at(rules[n]), "http", "paths")[1:], 1):
            if _service(path) != _service(inside(rules[n], ("http", "paths", 0))):
                text = "llm-stack leads all paths of a host to one Service; add an object for this one to extraObjects"
                at.none(text, ("rules", n, "http", "paths", k))
    for target in dict.fromkeys(target for _, target in found.values()):
        own = {n: here for n, (here, goal) in found.items() if goal == target}
        here = next(iter(own.values()))
        here.put(f"{target}.enabled", True, *[("rules", n, "http") for n in own], how="as enabled")
        hosts = {n: host for n in own if n < len(rules) and (host := text_at(rules[n], "host"))}
        if target == "ingress":
            first, more = list(hosts)[:1], list(hosts)[1:]
            for n in first:
                here.put("ingress.host", hosts[n], ("rules", n, "host"))
            if more:
                here.put("ingress.additionalHosts", [hosts[n] for n in more], *[("rules", n) for n in more])
        else:
            named: set[str] = set()
            for n, host in hosts.items():
                if own[n].server in named:
                    text = "llm-stack has one host for each server; add one for another host under extraObjects"
                    own[n].none(text, ("rules", n, "host"))
                    hosts[n] = ""
                    continue
                named.add(own[n].server)
                own[n].put(("api", "ingress", "hosts", SERVER), host, ("rules", n, "host"))
        if at.value.get("ingressClassName"):
            here.put(f"{target}.className", at.value["ingressClassName"], "ingressClassName")
        _certificates(here, target, set(filter(None, hosts.values())), alone=len(found) == len(rules) == len(own))


def _all_requests(at: At, target: str) -> None:
    """An Ingress without rules: its host is that of its certificate, or any."""
    named = [host for one in at.value.get("tls") or () for host in list_at(map_at(one), "hosts")]
    host = next((host for host in named if isinstance(host, str) and host), "*")
    at.put(f"{target}.enabled", True, "defaultBackend", how="as enabled")
    goal = ("ingress", "host") if target == "ingress" else ("api", "ingress", "hosts", SERVER)
    at.put(goal, host, "defaultBackend", how=f"the host {host}")
    if at.value.get("ingressClassName"):
        at.put(f"{target}.className", at.value["ingressClassName"], "ingressClassName")
    _certificates(at, target, {host}, alone=True)


def _certificates(at: At, target: str, hosts: set[str], alone: bool) -> None:
    """The certificates of an Ingress, each with the hosts that are still its own; `alone` keeps what it says."""
    kept, keys = [], []
    for n, one in enumerate(at.value.get("tls") or ()):
        named = list_at(map_at(one), "hosts")
        own = [k for k, host in enumerate(named) if alone or (isinstance(host, str) and host in hosts)]
        if own or not named:
            kept.append({**map_at(one), "hosts": [named[k] for k in own]} if named else one)
            keys += [("tls", n, key) for key in map_at(one) if key != "hosts"]
            keys += [("tls", n, "hosts", k) for k in own]
    if kept:
        at.put(f"{target}.tls", kept, *keys)


def _route(at: At) -> tuple[At, str] | None:
    """Where an HTTPRoute leads: to a UI, or to a model server."""
    found = at.draft.behind(text_at(at.source.data, "spec", "rules", 0, "backendRefs", 0, "name"), near=at.source)
    if not found:
        return None
    return _of(at, found), "httpRoute" if found.program.prefix else "api.httpRoute"


@row("routeOf", {"hostnames": [TEXT], "parentRefs": LIST, "rules": [{"matches": LIST, "timeouts": MAP}]})
def route_of(at: At) -> None:
    """An HTTPRoute to an imported workload: its host names and its Gateways."""
    found = _route(at)
    if not found:
        at.none("leads to no imported workload; apply it as before")
        return
    here, target = found
    hosts = [host for host in at.value.get("hostnames") or () if host]
    rules = at.value.get("rules") or ()
    for n, rule in enumerate(rules):
        for name, limit in map_at(rule, "timeouts").items():
            if n == 0 and name in ("request", "backendRequest"):
                here.put(f"{target}.timeouts.{name}", limit, ("rules", n, "timeouts", name))
        whole = [{"path": {"type": "PathPrefix", "value": "/"}}]
        if map_at(rule).get("matches") == whole:
            here.settled("the route leads all paths to the server", ("rules", n, "matches"))
        for key in ("matches", "filters", "timeouts"):
            here.none("the route leads all paths to the server, and has no other rules", ("rules", n, key))
    services = [text_at(inside(rule, ("backendRefs", 0)), "name") for rule in rules]
    same = [n for n, name in enumerate(services) if name == services[0]]
    for n in set(range(len(rules))) - set(same):
        here.none("leads to another Service; add an HTTPRoute with this rule to extraObjects", ("rules", n))
    here.put(f"{target}.enabled", True, *[("rules", n, "backendRefs") for n in same], how="as enabled")
    if hosts and target == "httpRoute":
        here.put("httpRoute.hostnames", hosts, "hostnames")
    elif hosts:
        here.put(("api", "httpRoute", "hosts", SERVER), hosts[0], ("hostnames", 0))
        here.none("llm-stack has one host for each server; add one for another host under extraObjects", "hostnames")
    if at.value.get("parentRefs"):
        here.put(f"{target}.parentRefs", at.value["parentRefs"], "parentRefs")


@row("routeAnnotations", ANY)
def route_annotations(at: At) -> None:
    """The annotations of such an HTTPRoute."""
    found = _route(at)
    found[0].put(f"{found[1]}.annotations", at.value) if found else at.settled("is of the HTTPRoute")


@row("ingressAnnotations", ANY)
def ingress_annotations(at: At) -> None:
    """The annotations of such an Ingress."""
    ways = {target: here for here, target in _ways(at).values()}
    for target, here in ways.items():
        here.put(f"{target}.annotations", at.value)
    if not ways:
        at.settled("is of the Ingress")


@row("objectKind", TEXT)
def object_kind(at: At) -> None:
    """The kind of an object that stays; a program that chartgen does not know may be a server that is missed."""
    data = at.source.data
    if str(at.value) in PODS and not (at.value == "Pod" and _pulls(data)):
        images = [text_at(one, "image") for one in list_at(data, *template(data), "spec", "containers")]
        name = text_at(data, "metadata", "name")
        at.draft.advise(
            f"the {at.value} {name} is not imported, and stays as it is: chartgen does not know its image"
            f" {', '.join(map(conceal.concealed, images)) or '(none)'}"
        )
    if _kustomize(data):
        at.settled(KUSTOMIZE)
        changes = [key for key in CHANGES if data.get(key)]
        if changes:
            at.draft.warn(
                f"{at.source.path} changes the objects of its folder by {', '.join(changes)}, which the values do not"
                " have; import what 'kubectl kustomize FOLDER' prints in place of the files of the folder"
            )
        return
    at.none(_stays(at))


@row("objectBody", ANY)
def object_body(at: At) -> None:
    """What an object that stays holds."""
    if at.value in EMPTY:
        at.settled("is empty")
    if _kustomize(at.source.data) and at.path[-1] not in CHANGES:
        at.settled(KUSTOMIZE)
    at.none("import what 'kubectl kustomize FOLDER' prints" if _kustomize(at.source.data) else _stays(at))


def _kustomize(data: Any) -> bool:
    """Whether a document is the list that kustomize reads, which is no object of the cluster."""
    return text_at(data, "kind") in ("Kustomization", "Component") and "kustomize.config" in text_at(data, "apiVersion")


def _stays(at: At) -> str:
    """What to do with an object that stays: one that is about a workload of the input is of use for the new one only if
    it is changed.
    """
    data, as_before = at.source.data, "apply it as before, or add it under extraObjects"
    scaled = text_at(data, "spec", "scaleTargetRef", "name") or text_at(data, "spec", "targetRef", "name")
    if scaled and not any(one.name == scaled for one in at.draft.workloads):
        return as_before
    selector = map_at(data, "spec", "podSelector") or map_at(data, "spec", "selector")
    labels = map_at(selector, "matchLabels")
    if labels and not at.draft.selected(labels) and not _of_service(at, labels):
        return as_before
    said = [command(one) for one in list_at(data, "spec", "template", "spec", "containers") if isinstance(one, dict)]
    if text_at(data, "kind") == "Job" and any(DOWNLOAD.search(text) or LINK.search(text) for text in said):
        return "llm-stack downloads models itself; set model.name"
    return STAYS.get(text_at(data, "kind"), as_before)


def _of_service(at: At, labels: dict[str, Any]) -> bool:
    """Whether labels are those of a Service of an imported workload."""
    for one in at.draft.sources:
        own = map_at(one.data, "metadata", "labels")
        if text_at(one.data, "kind") == "Service" and labels.items() <= own.items():
            return bool(at.draft.selected(map_at(one.data, "spec", "selector")))
    return False
