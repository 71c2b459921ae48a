"""Values of app-template, the chart around bjw-s' common library, as the manifests that it makes of them.

They are read like any manifests; `Source.made` says which value of the file each part of them is made of.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..reading.yamlfile import Key, dotted
from .at import At
from .function import row
from .models import NEW
from .source import VALUES, Source, at
from .typed import ANY, list_at, map_at, text_at

KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet"}
LABEL = "app.kubernetes.io/controller"
BLOCK = "chartgen/block"  # several blocks of values can each have a controller of one name, such as main
PROBES = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}
SIGNS = (dict, list, str)  # what an entry's sign is written as
RELEASE = re.compile(r"\{\{-?\s*\.Release\.Name\s*-?\}\}")
# Version 1 of the library has one controller, whose settings are at the top level: those of its container, and of its
# pods. Entries of maps are of version 2 and later, by other names.
CONTAINER = (
    "image", "command", "args", "env", "envFrom", "probes", "resources", "securityContext", "lifecycle", "termination",
)  # fmt: skip
POD = {
    **{
        name: name
        for name in (
            "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
            "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeSelector", "priorityClassName",
            "restartPolicy", "runtimeClassName", "schedulerName", "terminationGracePeriodSeconds", "tolerations",
            "topologySpreadConstraints",
        )
    },
    "podAnnotations": "annotations",
    "podLabels": "labels",
    "podSecurityContext": "securityContext",
}  # fmt: skip
MAIN = "main"
FIELDS = ("imagePullPolicy", "resources", "securityContext", "lifecycle", "workingDir", "ports")


def known(data: Any) -> bool:
    """Whether values are app-template's: controllers with containers that have images, or one image beside entries by
    name, which is version 1.
    """
    return _first(data) or any(
        map_at(one, "image") or text_at(one, "image")
        for controller in map_at(data, "controllers").values()
        for one in map_at(controller, "containers").values()
    )


def _first(data: Any) -> bool:
    """Whether values are those of version 1 of the library: an image, and Services, Ingresses or volumes by name."""
    image = map_at(data, "image")
    if not text_at(image, "repository") or "controllers" in data:
        return False
    signs = {"service": ("ports",), "ingress": ("hosts",), "persistence": ("mountPath", "existingClaim", "type")}
    blocks = {key: map_at(data, key) for key in signs}
    named = {key: [one for one in block.values() if isinstance(one, dict)] for key, block in blocks.items()}
    found = [
        one for key, ones in named.items() for one in ones if any(isinstance(one.get(s), SIGNS) for s in signs[key])
    ]
    # Settings of another chart are no maps: `enabled` is one of its own, not of an entry.
    return bool(found) and all(len(named[key]) == len(block) for key, block in blocks.items())


def _modern(data: dict[str, Any]) -> tuple[dict[str, Any], dict[Key, Key]]:
    """Values of version 1 in the form of the later ones, and what each part of them was there."""
    container: dict[str, Any] = {}
    moved: dict[Key, Key] = {}
    place: Key = ("controllers", MAIN)
    controller: dict[str, Any] = dict(map_at(data, "controller"))
    for name in controller:
        moved[(*place, name)] = ("controller", name)
    for name in CONTAINER:
        if name in data:
            container[name] = data[name]
            moved[(*place, "containers", MAIN, name)] = (name,)
    pod = {ours: data[name] for name, ours in POD.items() if name in data}
    moved |= {(*place, "pod", ours): (name,) for name, ours in POD.items() if name in data}
    beside = {}
    for name in ("additionalContainers", "sidecars"):
        beside |= map_at(data, name)
        moved |= {(*place, "containers", each): (name, each) for each in map_at(data, name)}
    controller |= {"containers": {MAIN: container, **beside}, "pod": pod}
    if "initContainers" in data:
        controller["initContainers"] = data["initContainers"]
        moved[(*place, "initContainers")] = ("initContainers",)
    gone = {*CONTAINER, *POD, "controller", "additionalContainers", "sidecars", "initContainers"}
    made = {name: one for name, one in data.items() if name not in gone}
    made["controllers"] = {MAIN: controller}
    # An Ingress has its class under the name of Kubernetes there, and a path without a Service leads to the only one.
    for key, one in map_at(made, "ingress").items():
        if isinstance(one, dict) and "ingressClassName" in one:
            made["ingress"] = {**made["ingress"], key: {**one, "className": one["ingressClassName"]}}
            moved[("ingress", key, "className")] = ("ingress", key, "ingressClassName")
    made["service"] = {
        key: {"controller": MAIN, **one} if isinstance(one, dict) else one
        for key, one in map_at(made, "service").items()
    }
    return made, moved


def manifests(source: Source, path: Key) -> list[Source]:
    """The objects that app-template makes of the values at a path of a document."""
    made = _Made(source, path)
    return [*made.workloads(), *made.services(), *made.ways()]


def _on(block: Any) -> bool:
    return isinstance(block, dict) and block.get("enabled", True) is not False


class _Object:
    """An object in the making: its data, and what each part of it is made of."""

    def __init__(self, kind: str, version: str, name: str) -> None:
        self.data: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
        self.made: dict[Key, Key] = {}

    def put(self, place: Key, value: Any, origin: Key) -> None:
        """Write a value, made of what is at a path of the input, unless there is none."""
        if value is None:
            return
        into = self.data
        for step in place[:-1]:
            into = into.setdefault(step, {})
        into[place[-1]] = value
        self.made[place] = origin

    def add(self, place: Key, item: Any, origin: Key) -> Key:
        """Add an item to a list; its place."""
        into: Any = self.data
        for step in place[:-1]:
            into = into[step] if isinstance(into, list) else into.setdefault(step, {})
        into.setdefault(place[-1], []).append(item)
        here = (*place, len(into[place[-1]]) - 1)
        self.made[here] = origin
        return here


class _Made:
    """The objects of one set of values."""

    def __init__(self, source: Source, path: Key) -> None:
        self.source, self.path = source, path
        self.values: dict[str, Any] = at(source.data, path) or {}
        self.moved: dict[Key, Key] = {}
        if _first(self.values):
            self.values, self.moved = _modern(self.values)
        self.release = self._release()
        if self.release:
            self.values = _named(self.values, self.release)

    def _release(self) -> str:
        own = text_at(self.values, "fullnameOverride") or text_at(self.values, "global", "fullnameOverride")
        around = self.source.data if self.path else {}
        named = own or text_at(around, "spec", "releaseName") or text_at(around, "metadata", "name")
        # Of an umbrella chart, whose release is not known, the key of the block is part of all names.
        return named or next((str(key) for key in self.path[-1:] if key not in VALUES), "")

    def _entries(self, kind: str) -> dict[str, Any]:
        return {str(key): one for key, one in map_at(self.values, kind).items() if _on(one)}

    def _name(self, kind: str, key: str) -> str:
        """What the chart calls the object of a key: the only one of its kind has the name of the release."""
        alone = len(self._entries(kind)) == 1 or key in (self.release, "main")
        return self.release if alone and self.release else f"{self.release}-{key}".strip("-")

    def _labels(self, controller: str) -> dict[str, str]:
        return {LABEL: controller, BLOCK: f"{self.source.number}/{dotted(self.path)}"}

    def _finished(self, made: _Object) -> Source:
        made.made = {place: (*self.path, *self._said(origin)) if origin else () for place, origin in made.made.items()}
        return replace(self.source, data=made.data, made=made.made, of=self.source, block=self.path)

    def _said(self, origin: Key) -> Key:
        """Where the input has what is at a path of the values in the form of the later versions."""
        for end in range(len(origin), 0, -1):
            if origin[:end] in self.moved:
                return (*self.moved[origin[:end]], *origin[end:])
        return origin

    def workloads(self) -> list[Source]:
        """A workload for each controller that runs all the time."""
        found = []
        for key, one in self._entries("controllers").items():
            kind = KINDS.get(text_at(one, "type").lower() or "deployment")
            if kind:
                found.append(self._finished(self._workload(key, one, kind)))
        return found

    def _workload(self, key: str, one: dict[str, Any], kind: str) -> _Object:
        origin: Key = ("controllers", key)
        made = _Object(kind, "apps/v1", self._name("controllers", key))
        spec: Key = ("spec", "template", "spec")
        made.data["spec"] = {"template": {"metadata": {"labels": self._labels(key)}, "spec": {"containers": []}}}
        made.put(("spec", "replicas"), one.get("replicas"), (*origin, "replicas"))
        made.put(("spec", "strategy"), one.get("strategy"), (*origin, "strategy"))
        for place in (("defaultPodOptions",), (*origin, "pod")):
            options = map_at(self.values, *place)
            for name, value in options.items():
                where = ("spec", "template", "metadata", name) if name in ("annotations", "labels") else (*spec, name)
                if name != "labels":
                    made.put(where, value, (*place, name))
        for kind_ in ("containers", "initContainers"):
            for name, container in map_at(one, kind_).items():
                if _on(container):
                    self._container(made, (*spec, kind_), str(name), container, (*origin, kind_, name))
        self._volumes(made, spec, key)
        return made

    def _container(self, made: _Object, place: Key, name: str, one: dict[str, Any], origin: Key) -> None:
        here = made.add(place, {"name": name}, origin)
        made.made[(*here, "name")] = ()  # made of a key, not of a value
        into = made.data
        for step in here:
            into = into[step]

        def put(key: str, value: Any, *below: Any) -> None:
            if value is not None:
                into[key] = value
                made.made[(*here, key)] = (*origin, *below)

        put("image", _image(one.get("image")), "image")
        put("imagePullPolicy", text_at(one, "image", "pullPolicy") or None, "image", "pullPolicy")
        for key in ("command", "args"):
            value = one.get(key)
            put(key, [value] if isinstance(value, str) else value, key)
        for key in FIELDS:
            put(key, one.get(key), key)
        for key, probe in map_at(one, "probes").items():
            if key in PROBES and _on(probe):
                put(PROBES[key], _probe(probe), "probes", key)
        put("envFrom", one.get("envFrom"), "envFrom")
        env = one.get("env")
        if isinstance(env, list):
            put("env", env, "env")
        elif isinstance(env, dict):
            into["env"] = []
            for variable, value in env.items():
                into["env"].append({"name": variable, **_variable(value)})
                made.made[(*here, "env", len(into["env"]) - 1)] = (*origin, "env", variable)

    def _volumes(self, made: _Object, spec: Key, controller: str) -> None:
        for key, one in self._entries("persistence").items():
            origin: Key = ("persistence", key)
            mounts = list(_mounts(key, one, controller))
            if not mounts:
                continue
            volume = {"name": key, **self._volume(key, one)}
            here = made.add((*spec, "volumes"), volume, origin)
            made.made[(*here, "name")] = ()
            for name in volume.get(NEW, ()):
                made.made[(*here, NEW, name)] = (*origin, name) if name in one else ()
            for container, mount, below in mounts:
                for n, each in enumerate(made.data["spec"]["template"]["spec"]["containers"]):
                    if container in ("", each["name"]):
                        item = {"name": key, "mountPath": mount.get("path") or _usual_path(key, one)}
                        item |= {name: mount[name] for name in ("subPath", "readOnly") if name in mount}
                        at_ = made.add((*spec, "containers", n, "volumeMounts"), item, (*origin, *below))
                        made.made[(*at_, "name")] = ()
                        made.made[(*at_, "mountPath")] = (*origin, *below, "path" if below else "mountPath")

    def _volume(self, key: str, one: dict[str, Any]) -> dict[str, Any]:
        kind = text_at(one, "type").replace("pvc", "persistentVolumeClaim") or "persistentVolumeClaim"
        name = text_at(one, "name") or self._name_of(text_at(one, "identifier"))
        if kind == "persistentVolumeClaim" and one.get("existingClaim"):
            return {"persistentVolumeClaim": {"claimName": str(one["existingClaim"])}}
        if kind == "persistentVolumeClaim":
            names = ("size", "storageClass", "accessMode")
            own = {"name": f"{self.release or 'release'}-{key}", **({} if self.release else {"unnamed": True})}
            return {NEW: {each: one[each] for each in names if one.get(each)} | own}
        if kind == "emptyDir":
            return {kind: {each: one[each] for each in ("medium", "sizeLimit") if each in one}}
        if kind == "hostPath":
            more = {"type": one["hostPathType"]} if "hostPathType" in one else {}
            return {kind: {"path": one.get("hostPath"), **more}}
        if kind == "nfs":
            return {kind: {"server": one.get("server"), "path": one.get("path")}}
        if kind in ("configMap", "secret"):
            own = {"name" if kind == "configMap" else "secretName": name}
            return {kind: own | {each: one[each] for each in ("items", "defaultMode", "optional") if each in one}}
        return map_at(one, "volumeSpec") if kind == "custom" else {kind: {}}

    def _name_of(self, identifier: str) -> str:
        return f"{self.release}-{identifier}" if identifier else ""

    def services(self) -> list[Source]:
        """A Service for each controller that has one."""
        found = []
        controllers = list(self._entries("controllers"))
        for key, one in self._entries("service").items():
            made = _Object("Service", "v1", self._name("service", key))
            origin: Key = ("service", key)
            controller = text_at(one, "controller") or (controllers[0] if len(controllers) == 1 else key)
            made.put(("metadata", "annotations"), one.get("annotations"), (*origin, "annotations"))
            made.put(("spec", "selector"), self._labels(controller), (*origin, "controller"))
            made.put(("spec", "type"), one.get("type"), (*origin, "type"))
            for name, port in map_at(one, "ports").items():
                if _on(port):
                    item = {each: port[each] for each in ("port", "nodePort") if each in port}
                    made.add(("spec", "ports"), item, (*origin, "ports", name))
            found.append(self._finished(made))
        return found

    def _service(self, reference: Any) -> str:
        """The Service that a path of an Ingress, or a rule of a route, leads to."""
        services = self._entries("service")
        named = text_at(reference, "identifier") or text_at(reference, "name")
        key = named if named in services else next(iter(services), "")
        return named if named and named not in services else self._name("service", key) if key else ""

    def ways(self) -> list[Source]:
        """Each Ingress and each HTTPRoute."""
        found = []
        for key, one in self._entries("ingress").items():
            made, origin = _Object("Ingress", "networking.k8s.io/v1", self._name("ingress", key)), ("ingress", key)
            made.put(("metadata", "annotations"), one.get("annotations"), (*origin, "annotations"))
            made.put(("spec", "ingressClassName"), one.get("className"), (*origin, "className"))
            for n, host in enumerate(list_at(one, "hosts")):
                paths = []
                for path in list_at(host, "paths") or [{}]:
                    backend = {"service": {"name": self._service(at(path, ("service",)))}}
                    paths.append({"path": text_at(path, "path"), "backend": backend})
                rule = {"host": text_at(host, "host"), "http": {"paths": paths}}
                here = made.add(("spec", "rules"), rule, (*origin, "hosts", n))
                made.made[(*here, "http")] = (*origin, "hosts", n, "paths")
            made.put(("spec", "tls"), one.get("tls"), (*origin, "tls"))
            found.append(self._finished(made))
        for key, one in self._entries("route").items():
            if text_at(one, "kind") not in ("", "HTTPRoute"):
                continue
            made, origin = (
                _Object("HTTPRoute", "gateway.networking.k8s.io/v1", self._name("route", key)),
                ("route", key),
            )
            for name in ("hostnames", "parentRefs"):
                made.put(("spec", name), one.get(name), (*origin, name))
            made.put(("metadata", "annotations"), one.get("annotations"), (*origin, "annotations"))
            for n, rule in enumerate(list_at(one, "rules") or [{}]):
                names = []
                for each in list_at(rule, "backendRefs") or [{}]:
                    port = {"port": each["port"]} if isinstance(each, dict) and "port" in each else {}
                    names.append({"name": self._service(each), **port})
                more = {each: one for each, one in map_at(rule).items() if each in ("matches", "filters", "timeouts")}
                made.add(("spec", "rules"), {"backendRefs": names, **more}, (*origin, "rules", n))
            found.append(self._finished(made))
        return found


def _named(data: Any, release: str) -> Any:
    """The data with the name of the release, which texts of app-template can have as an expression."""
    if isinstance(data, dict):
        return {key: _named(one, release) for key, one in data.items()}
    if isinstance(data, list):
        return [_named(one, release) for one in data]
    return RELEASE.sub(release, data) if isinstance(data, str) else data


def _image(image: Any) -> str | None:
    if isinstance(image, str):
        return image
    repository, tag, digest = (text_at(image, key) for key in ("repository", "tag", "digest"))
    text = f"{repository}:{tag}" if tag else repository
    return f"{text}@{digest}" if digest and text else text or None


def _probe(probe: dict[str, Any]) -> dict[str, Any] | None:
    """A probe as Kubernetes has it; those of the chart itself ask the port."""
    spec = dict(map_at(probe, "spec"))
    if probe.get("custom"):
        return spec
    if path := text_at(probe, "path"):
        spec["httpGet"] = {"path": path}
    return spec


def _variable(value: Any) -> dict[str, Any]:
    """A variable of a map: its text, or where that is."""
    if isinstance(value, dict):
        if "valueFrom" in value:
            return {"valueFrom": value["valueFrom"]}
        if "value" in value:
            return _variable(value["value"])
        return {"valueFrom": {key: one for key, one in value.items() if key != "dependsOn"}}
    if value is None:
        return {"value": ""}
    return {"value": str(value).lower() if isinstance(value, bool) else str(value)}


def _usual_path(key: str, one: dict[str, Any]) -> str:
    """Where the chart mounts an entry of persistence without a path: a folder of the node at its own path."""
    return text_at(one, "hostPath") if text_at(one, "type") == "hostPath" and one.get("hostPath") else f"/{key}"


def _mounts(key: str, one: dict[str, Any], controller: str) -> list[tuple[str, dict[str, Any], Key]]:
    """Where an entry of persistence is mounted in a controller: the container ("" for all), the mount, and its path."""
    found: list[tuple[str, dict[str, Any], Key]] = []
    for n, mount in enumerate(list_at(one, "globalMounts")):
        found.append(("", mount if isinstance(mount, dict) else {}, ("globalMounts", n)))
    advanced = map_at(one, "advancedMounts")
    for container, mounts in map_at(advanced, controller).items():
        for n, mount in enumerate(mounts if isinstance(mounts, list) else []):
            below = ("advancedMounts", controller, container, n)
            found.append((str(container), mount if isinstance(mount, dict) else {}, below))
    if not found and not advanced and "globalMounts" not in one:
        path = {"path": text_at(one, "mountPath")} if one.get("mountPath") else {}
        found.append(("", path | {name: one[name] for name in ("subPath", "readOnly") if name in one}, ()))
    return found


@row("unused", ANY)
def unused(at: At) -> None:
    """What belongs to no program that was imported, or is switched off."""
    if isinstance(at.value, dict) and at.value.get("enabled") is False:
        at.settled("is off")
    for name in map_at(at.value, "containers") if at.row.get("own") else ():
        at.settled("llm-stack has its own probes", ("containers", name, "probes"))
        at.settled("llm-stack orders the containers itself", ("containers", name, "dependsOn"))
    at.none(at.row["else"])
