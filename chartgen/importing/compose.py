"""Services of a compose file."""

from __future__ import annotations

import re
from typing import Any

from .at import VARIABLE, VARIABLES, At
from .convert import env, listed_env
from .draft import SERVER
from .flags import arguments, shell, texts
from .function import row
from .manifests import SHARED, folder_of, put_image
from .models import set_models, unknown
from .pulls import elsewhere, helper, pulled
from .source import is_compose
from .typed import ANY, TEXT, map_at

UNITS = {"b": "", "k": "Ki", "m": "Mi", "g": "Gi"}


@row("composeImage", TEXT)
def image(at: At) -> None:
    """The image of a service."""
    put_image(at.below(value={"image": at.value}), ())


@row("composeModels", ANY)
def models(at: At) -> None:
    """The models that ollama pulls, in its own service or in others that do nothing else."""
    services = map_at(at.source.data, "services")
    if "profiles" in at.value:
        at.settled("is of the compose file", "profiles")
        at.draft.warn(
            "the compose file has services for different machines, by their profiles; remove those from the values that"
            " you do not run"
        )
    if not at.program or at.program.engine != "ollama" or not is_compose(at.source.data):
        return
    variables = texts(map_at(services, at.root[-1]).get("environment"))
    text = " ".join(str(word) for key in ("entrypoint", "command") for word in _list(at.value.get(key)))
    found = pulled(text, variables)
    servers = [
        name
        for name, one in services.items()
        if isinstance(one, dict) and "ollama" in str(one.get("image", "")) and not helper(one, str(name))
    ]
    own = map_at(services, at.root[-1])
    names = tuple(str(own[key]) for key in ("container_name", "hostname") if own.get(key))
    others, more = elsewhere(at.draft, at.server, len(servers) == 1, names)
    unknown(at, found.variables, more)
    keys: dict[str, list[Any]] = {
        model: [key for key in ("entrypoint", "command") if at.value.get(key)] for model in found.models
    }
    if keys or others:
        set_models(at, {**keys, **{model: keys.get(model, []) for model in others}}, others)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


@row("composeEnv", ([TEXT], {"*": TEXT}))
def environment(at: At) -> None:
    """Variables, as a map or as a list of NAME=text."""
    if isinstance(at.value, list):
        listed_env(at)
    else:
        env(at.below(row={"to": "env"}))


@row("composeCommand", ([TEXT], TEXT))
def command(at: At) -> None:
    """What a service runs."""
    engine = at.program.engine if at.program else ""
    if engine == "ollama":
        at.settled("is how llm-stack starts ollama")
    elif engine:
        service = at.source.data["services"][at.root[-1]]
        arguments(at.below(row={"variables": texts(service.get("environment")), "shell": shell(service)}))
    else:
        at.none("the command is that of the image; build your own image")


@row("composeVolumes", [(TEXT, {"target": TEXT})])
def volumes(at: At) -> None:
    """What is mounted: data of a compose volume is not in the cluster."""
    variables = texts(map_at(at.source.data, "services", at.root[-1]).get("environment"))
    for n, item in enumerate(at.value):
        target = str(item.get("target", "")) if isinstance(item, dict) else str(item).split(":")[1:2]
        path = target if isinstance(target, str) else "".join(target)
        held = folder_of(at.program, path.rstrip("/"), "", variables) is not None
        if held or (at.draft.bundled and path.rstrip("/").endswith("/.ollama")):
            at.draft.mounted.add(at.server)
            at.none("llm-stack creates a claim; copy the data into it, or have models downloaded again", n)
        else:
            at.none("put the files into a ConfigMap, a Secret or a claim, and mount that with volumeMounts", n)


@row("composeDevices", ANY)
def devices(at: At) -> None:
    """Devices of the machine: which cards they are, and how many, is not in the file."""
    shown = ", ".join(str(one).partition(":")[0] for one in at.value) if isinstance(at.value, list) else str(at.value)
    at.none("set gpu.vendor and gpu.count")
    name = at.root[-1]
    at.draft.warn(
        f"set gpu.vendor and gpu.count for {name}: it uses {shown} of the machine, and runs on CPUs until then"
    )


@row("composeBuild", ANY)
def build(at: At) -> None:
    """An image that compose builds, which no registry has."""
    name = at.root[-1]
    at.none("push the image to a registry, and set its name")
    target = at.program.image if at.program else "image"
    at.draft.advise(
        f"push the image that compose builds for {name}, and set {target}.repository and {target}.tag; until then"
        f" {name} has llm-stack's image"
    )


HOST = re.compile(r"Host\(\s*[`'\"]([^`'\",]+)[`'\"]")


@row("composeLabels", ([TEXT], {"*": TEXT}))
def labels(at: At) -> None:
    """Labels; the host in a router's rule of Traefik is that of an Ingress."""
    items = at.value.items() if isinstance(at.value, dict) else enumerate(at.value)
    for key, text in items:
        found = HOST.search(str(text))
        if not found or not at.program:
            at.none("use podAnnotations", key) if "traefik." not in f"{key}{text}" else at.none(
                "is of Traefik; set ingress.className, ingress.annotations and ingress.tls", key
            )
            continue
        target = "ingress" if at.program.prefix else "api.ingress"
        if VARIABLE.search(found[1]):
            at.none(f"has a variable; set {target}.enabled to true, and write the host", key)
            at.draft.advise(VARIABLES)
            continue
        goal = "ingress.host" if at.program.prefix else ("api", "ingress", "hosts", SERVER)
        at.put(f"{target}.enabled", True, key, how=f"as {target}.enabled, with the host {found[1]}")
        at.put(goal, found[1], key)


@row("composePorts", ANY)
def ports(at: At) -> None:
    """Published ports: only the first one is the program's."""
    at.settled("the Service has the port of the program; service.type opens it outside the cluster")


@row("composeShm", TEXT)
def shared_memory(at: At) -> None:
    """The size of /dev/shm."""
    engine = at.program.engine if at.program else ""
    size = quantity(at.value)
    if engine in SHARED and size:
        at.put(f"{engine}.sharedMemory", size, how="with the units of Kubernetes")
    else:
        at.none("llm-stack mounts no /dev/shm for this program")


def quantity(value: Any) -> str:
    """A size as compose writes it, such as 16g, for Kubernetes; empty where it is none."""
    match = re.fullmatch(r"(\d+)\s*([bkmg])b?", str(value).strip().lower())
    return f"{match[1]}{UNITS[match[2]]}" if match else str(value) if str(value).isdigit() else ""


@row("composeGpus", ([{"count": TEXT, "driver": TEXT, "device_ids": [TEXT]}], TEXT))
def gpus(at: At) -> None:
    """GPUs that a service reserves."""
    first = at.value[0] if isinstance(at.value, list) and at.value else {}
    chosen = (first.get("device_ids") or []) if isinstance(first, dict) else []
    # Without a number, a compose file means all.
    count = (first.get("count", len(chosen) or "all") if isinstance(first, dict) else at.value) or "all"
    vendor = first.get("driver", "nvidia") if isinstance(first, dict) else "nvidia"
    everything = "all" in (str(count), *map(str, chosen))
    at.put("gpu.vendor", "amd" if "amd" in str(vendor) else "nvidia", how="the vendor, and gpu.count")
    at.put("gpu.count", 1 if everything else count)
    if everything:
        at.draft.advise("the input uses all GPUs of the machine; set gpu.count to their number")


@row("composeLimits", {"memory": TEXT, "cpus": TEXT})
def limits(at: At) -> None:
    """Memory and CPUs."""
    found = at.value
    amounts = {"memory": quantity(found.get("memory")), "cpu": str(found.get("cpus") or "")}
    known = {name: amount for name, amount in amounts.items() if amount}
    if known:
        at.put(("resources", at.row["kind"]), known, how="with the units of Kubernetes")
