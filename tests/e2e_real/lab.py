"""What the steps find in the cluster: a registry with tiny models, namespaces, and volumes on the one real node."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chartgen.problem import ToolError
from tests.e2e.cluster import Cluster, Object, Refused, create, delete, faked, get, of_kind, request
from tests.e2e.fixtures import LABEL

from . import batch_steps, kits, llamacpp_steps, ray_steps
from .images import reference
from .scene import FIXTURES, PORT, Scene, log, ready, until

HERE = Path(__file__).parent
FOLDER = f"/tmp/{LABEL}"  # of the node
# What the registry has: the seed of the weights, megabytes of ballast, megabytes a second.
TAGS = ("first=1", "second=2", "slow=3,60,3")
# Group -> its claims: name, access mode, and the kind of volume. fsGroup works on a local volume, not on a hostPath.
CLAIMS = {
    "one": (("llm-server-models", "ReadWriteOnce", "local"), ("llm-open-webui-data", "ReadWriteOnce", "local")),
    "job": (("llm-server-models", "ReadWriteMany", "local"),),
    "shared": (("llm-server-models", "ReadWriteMany", "local"),),
    "foreign": (("llm-server-models", "ReadWriteOnce", "hostPath"),),
    "kit-init": (("llm-server-models", "ReadWriteOnce", "local"),),
    "kit-shared": (("llm-server-models", "ReadWriteMany", "local"),),
    "kit-sidecar": (("llm-server-models", "ReadWriteOnce", "local"),),
    "kit-rollout": (("llm-server-models", "ReadWriteMany", "local"),),
    "kit-sync": (("llm-server-models", "ReadWriteMany", "local"),),
    "kit-node": (),
    "batch": (("models", "ReadWriteMany", "local"), ("llm-server-results", "ReadWriteMany", "local")),
    "llamacpp": (("models", "ReadWriteMany", "local"),),
    "vllm": (("models", "ReadWriteMany", "local"),),
    "group": (("models", "ReadWriteMany", "local"),),
    "ray": (("models", "ReadWriteMany", "local"),),
    "policy": (("llm-server-models", "ReadWriteOnce", "local"), ("llm-open-webui-data", "ReadWriteOnce", "local")),
}
# What lies on the claim `models`: a command in the folder of this module's scripts, where MODELS is the claim's folder.
MODELS = {
    "batch": f"mkdir -p $MODELS/small; echo {batch_steps.WEIGHTS} >$MODELS/small/weights.txt",
    "llamacpp": f"python3 -B gguf.py $MODELS/tiny/tiny.gguf 4 {llamacpp_steps.CONTEXT}",
    "vllm": "python3 -B hf.py $MODELS/tiny 5",
    "group": "python3 -B hf.py $MODELS/tiny 5",
    "ray": "python3 -B hf.py $MODELS/tiny 5",
}
SCRIPTS = ("registry.py", "gguf.py", "hf.py")
CARDS = 4  # GPUs that the node says it has for these steps: two clusters of two
# Those that need another level of Pod Security than the rest.
LEVELS = {"kit-node": "privileged"}
NODE_CACHE = "/var/lib/kitops"  # of the node, with the run's name behind it
CONFLICT = 409
REMOVAL = 180  # seconds for the namespaces to be gone


def real_node(cluster: Cluster, wanted: str) -> Object:
    """A node on which containers run, the one wanted or the first that takes pods; ToolError where there is none."""
    nodes = get(cluster, "/api/v1/nodes")["items"]
    found = [node for node in nodes if (not wanted or node["metadata"]["name"] == wanted) and takes_pods(node)]
    if not found:
        what = f"{wanted} is no real node that takes pods" if wanted else "no real node takes pods"
        raise ToolError(f"{what}; the nodes are: {', '.join(map(described, nodes))}")
    return found[0]


def takes_pods(node: Object) -> bool:
    """Whether containers run there, and the scheduler sends pods there that tolerate nothing."""
    taints = [taint for taint in node["spec"].get("taints", ()) if taint["effect"] != "PreferNoSchedule"]
    return ready(node) and not faked(node) and not taints and not node["spec"].get("unschedulable")


def described(node: Object) -> str:
    """A node as people know it, with what it has."""
    has = node["status"].get("allocatable", {})
    kind = "faked by kwok" if faked(node) else f"{has.get('cpu')} CPUs, {has.get('memory')} of memory"
    return f"{node['metadata']['name']} ({kind}{', cordoned' if node['spec'].get('unschedulable') else ''})"


def strangers(pods: list[Object], real: set[str]) -> list[str]:
    """The pods that are said to run, or to have run, on a node where no container does."""
    return [
        f"Pod/{pod['metadata']['name']}: is {pod['status'].get('phase')} on {pod['spec']['nodeName']}, no real node"
        for pod in pods
        if pod["spec"].get("nodeName") and pod["spec"]["nodeName"] not in real
    ]


def everywhere(scene: Scene) -> list[Object]:
    """All pods of the run."""
    found = get(scene.cluster, "/api/v1/pods")["items"]
    return [pod for pod in found if pod["metadata"]["namespace"].endswith(f"-{scene.run}")]


@contextmanager
def furnished(scene: Scene, images: dict[str, Any], groups: Collection[str], keep: bool) -> Iterator[None]:
    """Everything that the steps of some groups need, removed at the end unless it is to be kept."""
    try:
        _namespace(scene, FIXTURES, "privileged")
        if ray_steps.GROUP in groups:
            _cards(scene, str(CARDS))
        for group in CLAIMS:
            _namespace(scene, group, LEVELS.get(group, "restricted"))
        for name, what in _volumes(scene).items():
            _make(scene, what | {"metadata": {"name": name}})
        _on_node(scene, images, "prepare", "; ".join(f"mkdir -p -m 755 /node/{name}" for name in _volumes(scene)))
        scripts = {name: (HERE / name).read_text(encoding="utf-8") for name in SCRIPTS}
        where = {"namespace": scene.namespace(FIXTURES), "name": "scripts"}
        _make(scene, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": scripts})
        for group in MODELS.keys() & set(groups):
            folder = f"/node/e2e-real-{group}-models-{scene.run}"
            script = f"cd /srv; MODELS={folder}; {MODELS[group]}; chmod -R a+rX {folder}"
            _on_node(scene, images, f"model-of-{group}", script)
        if any(group not in MODELS and not group.startswith("kit-") for group in groups):
            _registry(scene, images)
        with_kits = [group for group in groups if group.startswith("kit-")]
        if with_kits:
            _kits(scene, images, with_kits)
        yield
    finally:
        if keep:
            scene.say(f"everything is kept: kubectl get namespaces,persistentvolumes -l {LABEL}={scene.run}")
        else:
            _remove(scene, images)
            if ray_steps.GROUP in groups:
                _cards(scene, None)


def _namespace(scene: Scene, group: str, level: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": level}
    item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.namespace(group), "labels": labels}}
    _make(scene, item)


def _make(scene: Scene, item: Object) -> None:
    kind = of_kind(scene.resources, item["kind"], item["apiVersion"])
    labels = {LABEL: scene.run, **item["metadata"].get("labels", {})}
    create(scene.cluster, kind, item | {"metadata": item["metadata"] | {"labels": labels}})


def _volumes(scene: Scene) -> dict[str, Object]:
    """A PersistentVolume for each claim, by its name, which is also that of its folder on the node."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [scene.hostname]}
    return {
        (name := f"e2e-real-{group}-{claim}-{scene.run}"): {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": [mode],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": scene.namespace("class"),
                "claimRef": {"namespace": scene.namespace(group), "name": claim},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
                kind: {"path": f"{FOLDER}/{name}"},
            },
        }
        for group, claims in CLAIMS.items()
        for claim, mode, kind in claims
    }


def _on_node(scene: Scene, images: dict[str, Any], name: str, script: str, folder: str = FOLDER) -> None:
    """Run a script as root with a folder of the node, that of the volumes' folders, under /node."""
    container = {
        "name": name,
        "image": reference(images["openWebui" if "python3" in script else "curl"]),
        "command": ["sh", "-ec", script],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": "node", "mountPath": "/node"}, {"name": "scripts", "mountPath": "/srv"}],
    }
    volumes = [
        {"name": "node", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}},
        {"name": "scripts", "configMap": {"name": "scripts", "optional": True}},
    ]
    _pod(scene, name, {"containers": [container], "restartPolicy": "Never", "volumes": volumes})
    ended = until(scene, FIXTURES, f"pod {name} has ended", lambda: _phase(scene, name) in ("Succeeded", "Failed"))
    if not ended or _phase(scene, name) == "Failed":
        raise ToolError(f"pod {name}: {log(scene, FIXTURES, {'metadata': {'name': name}}, name)}")


def _registry(scene: Scene, images: dict[str, Any]) -> None:
    """The registry, by the Python that Open WebUI's image has, and its Service."""
    where = {"namespace": scene.namespace(FIXTURES), "name": "registry"}
    ports = {"selector": {"app": "registry"}, "ports": [{"port": PORT}]}
    _make(scene, {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": ports})
    container = {
        "name": "registry",
        "image": reference(images["openWebui"]),
        "command": ["python3", "-B", "/srv/registry.py", str(PORT), *TAGS],
        "volumeMounts": [{"name": "scripts", "mountPath": "/srv"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
    }
    _pod(
        scene,
        "registry",
        {"containers": [container], "volumes": [{"name": "scripts", "configMap": {"name": "scripts"}}]},
    )
    until(scene, FIXTURES, "the registry is ready", lambda: ready(_found(scene, "registry")))


def _kits(scene: Scene, images: dict[str, Any], groups: Collection[str]) -> None:
    """The registry of ModelKits, and in each namespace what its release wants to find."""
    for item in kits.fixtures(scene, images["modelkit"]):
        _make(scene, item)
    for group in groups:
        for item in kits.needs(scene, group):
            _make(scene, item)
    until(scene, FIXTURES, "the registry of ModelKits is ready", lambda: ready(_found(scene, kits.NAME)))


def _pod(scene: Scene, name: str, spec: Object) -> None:
    metadata = {"namespace": scene.namespace(FIXTURES), "name": name, "labels": {"app": name}}
    spec = {"nodeSelector": {"kubernetes.io/hostname": scene.hostname}, **spec}
    _make(scene, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def _found(scene: Scene, name: str) -> Object:
    return get(scene.cluster, f"/api/v1/namespaces/{scene.namespace(FIXTURES)}/pods/{name}")


def _phase(scene: Scene, name: str) -> str:
    return _found(scene, name)["status"].get("phase", "")


def _cards(scene: Scene, count: str | None) -> None:
    """Let the node say that it has so many GPUs, or none again. One that has some is left alone."""
    where = f"/api/v1/nodes/{scene.node['metadata']['name']}"
    while scene.node["status"]["allocatable"].get(ray_steps.CARDS, "0") == "0":
        node = get(scene.cluster, where)
        for kind in ("capacity", "allocatable"):
            node["status"][kind].pop(ray_steps.CARDS, None)
            node["status"][kind] |= {ray_steps.CARDS: count} if count else {}
        try:
            request(scene.cluster, "PUT", f"{where}/status", node)
            return
        except Refused as refused:
            if refused.code != CONFLICT:
                raise


def _remove(scene: Scene, images: dict[str, Any]) -> None:
    """The releases' namespaces first, then what their pods had mounted, then what made and served it."""
    mine = f"?labelSelector={LABEL}%3D{scene.run}"
    _without(scene, [scene.namespace(group) for group in CLAIMS])
    if _found_namespace(scene):
        _on_node(scene, images, "sweep", "; ".join(f"rm -rf /node/{name}" for name in _volumes(scene)))
        _on_node(scene, images, "sweep-cache", f"rm -rf /node/{NODE_CACHE}-{scene.run}", "/")
    for volume in get(scene.cluster, f"/api/v1/persistentvolumes{mine}")["items"]:
        delete(scene.cluster, f"/api/v1/persistentvolumes/{volume['metadata']['name']}")
    _without(scene, [scene.namespace(FIXTURES)])


def _found_namespace(scene: Scene) -> bool:
    """Whether the fixtures' namespace was made, before something stopped the run."""
    found = get(scene.cluster, f"/api/v1/namespaces?labelSelector={LABEL}%3D{scene.run}")["items"]
    return any(each["metadata"]["name"] == scene.namespace(FIXTURES) for each in found)


def _without(scene: Scene, names: list[str]) -> None:
    """Remove namespaces, and say which are not gone in time."""
    for name in names:
        delete(scene.cluster, f"/api/v1/namespaces/{name}")
    end = time.monotonic() + REMOVAL
    while left := [name for name in names if _there(scene, name)]:
        if time.monotonic() > end:
            scene.say(f"not gone after {REMOVAL} s: {', '.join(left)}")
            return
        time.sleep(0.5)


def _there(scene: Scene, name: str) -> bool:
    found = get(scene.cluster, f"/api/v1/namespaces?fieldSelector=metadata.name%3D{name}")["items"]
    return bool(found)
