"""The cluster as the steps see it: releases in namespaces of their own, their pods, logs and what goes on inside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import trouble
from tests.e2e.cluster import Cluster, Object, Refused, Resource, delete, get, request
from tests.e2e.helm import Failed, Helm, run
from tests.e2e.state import State, inventory

RELEASE = "llm"
FIXTURES = "fixtures"
PORT = 5000
SETTLE = 120.0  # seconds for what is to happen by itself


class Wrong(Exception):
    """Something is not as it should be: a line for each thing."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Scene:
    """`run` ends all names, `node` is the one that everything runs on, `stand_ins` whether images were made for it."""

    cluster: Cluster
    resources: list[Resource]
    helm: Helm
    kubeconfig: str
    chart: Path
    folder: Path
    node: Object
    run: str
    stand_ins: bool
    say: Callable[[str], None]
    # Group -> the values files of its releases, in the order in which they were applied.
    given: dict[str, list[Path]] = field(default_factory=dict)
    # Group -> the programs whose versions only their pods could say.
    programs: dict[str, dict[str, str]] = field(default_factory=dict)

    # Group -> the fragments that a step used with values of its own.
    others: dict[str, set[str]] = field(default_factory=dict)

    def namespace(self, group: str) -> str:
        return f"e2e-real-{group}-{self.run}"

    def image(self, name: str) -> str:
        """One of the chart's images, as pods name it."""
        image = yaml.safe_load((self.chart / "values.yaml").read_text(encoding="utf-8"))["images"][name]
        return f"{image['repository']}:{image['tag']}"

    @property
    def model(self) -> str:
        """The model's name, without a tag, with the registry that has it."""
        return f"registry.{self.namespace(FIXTURES)}.svc:{PORT}/library/tiny"

    @property
    def hostname(self) -> str:
        """The node, as labels name it."""
        return self.node["metadata"]["labels"]["kubernetes.io/hostname"]


def expect(so: object, *lines: str) -> None:
    """Wrong, unless it is so."""
    if not so:
        raise Wrong(*lines)


def values(scene: Scene, tag: str, **changes: Any) -> dict[str, Any]:
    """What all releases have in common: the model, claims of the run's own class, requests that any node has."""
    here = {"kubernetes.io/hostname": scene.hostname}
    small = {"requests": {"cpu": "50m", "memory": "64Mi"}}
    return {
        "global": {"storageClass": scene.namespace("class")},
        "model": {"name": scene.model, "tag": tag, "contextLength": 256, "delivery": changes.pop("delivery", "init")},
        "ollamaSource": {"insecure": True},
        "startupTimeoutSeconds": 120,
        "modelCache": {"size": "1Gi", "accessModes": [changes.pop("access", "ReadWriteOnce")]},
        "nodeSelector": here,
        "resources": small,
        "loader": {"resources": small},
        "tests": {"nodeSelector": here},
        "openWebui": {
            "enabled": changes.pop("ui", False),
            "nodeSelector": here,
            "persistence": {"size": "1Gi"},
            "resources": small,
        },
        **changes,
    }


def apply(scene: Scene, group: str, verb: str, given: dict[str, Any], wait: bool = True, seconds: float = 0) -> None:
    """Install or upgrade a release, and wait until Helm believes that it is ready; Wrong where it fails."""
    given_here = scene.given.setdefault(group, [])
    file = scene.folder / f"{group}-{len(given_here)}.json"
    given_here.append(file)
    file.write_text(json.dumps(given), encoding="utf-8")
    helm(scene, group, verb, str(scene.chart), f"--values={file}", *(["--wait"] if wait else []), seconds=seconds)


def helm(scene: Scene, group: str, verb: str, *arguments: str, seconds: float = 0) -> str:
    """What Helm says to a command on the release; Wrong, with all that the cluster knows about it, where it fails.

    It has the seconds of --timeout, or more where a step knows that it takes longer.
    """
    program = replace(scene.helm, timeout=max(scene.helm.timeout, int(seconds)))
    usual = [f"--namespace={scene.namespace(group)}", f"--timeout={program.timeout}s"]
    try:
        return run(program, [verb, RELEASE, *arguments, *usual], lambda: False)
    except Failed as error:
        raise Wrong(f"helm {verb}: {error}", *explained(scene, group)) from None


def seen(scene: Scene, group: str) -> State:
    """Everything that is in a group's namespace."""
    return inventory(scene.cluster, scene.namespace(group), scene.resources)


def explained(scene: Scene, group: str) -> list[str]:
    """What is not ready in a group's namespace, and why."""
    where = scene.namespace(group)
    return trouble.explain(
        seen(scene, group), trouble.events(scene.cluster, where), trouble.log_of(scene.cluster, where)
    )


def until(scene: Scene, group: str, what: str, done: Callable[[], Any], seconds: float = SETTLE) -> Any:
    """What `done` returns once that is something; Wrong where it is nothing for so long."""
    end = time.monotonic() + seconds
    while not (so := done()):
        if time.monotonic() > end:
            raise Wrong(f"not so after {seconds:.0f} s: {what}", *explained(scene, group))
        time.sleep(0.3)
    return so


def pods(scene: Scene, group: str, component: str) -> list[Object]:
    """The pods of a component that are to stay, the oldest first."""
    where = f"/api/v1/namespaces/{scene.namespace(group)}/pods"
    found = get(scene.cluster, f"{where}?labelSelector=app.kubernetes.io/component%3D{component}")["items"]
    stay = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
    return sorted(stay, key=lambda pod: pod["metadata"]["creationTimestamp"])


def ready(pod: Object) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def log(scene: Scene, group: str, pod: Object, container: str) -> str:
    """All that a container has said, nothing where it has not begun."""
    where = f"/api/v1/namespaces/{scene.namespace(group)}/pods/{pod['metadata']['name']}/log"
    try:
        return request(scene.cluster, "GET", f"{where}?container={container}")
    except Refused:
        return ""


def inside(scene: Scene, group: str, pod: Object, container: str, script: str) -> tuple[int, str]:
    """A shell script in a container that runs: its exit code and what it says."""
    place = [f"--namespace={scene.namespace(group)}", pod["metadata"]["name"], f"--container={container}"]
    ended = subprocess.run(
        ["kubectl", "exec", *place, "--", "sh", "-c", script],
        env=os.environ | {"KUBECONFIG": scene.kubeconfig},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stdout.strip()


def sent(scene: Scene, tag: str) -> list[tuple[int, int]]:
    """Each piece of a model that the registry has sent so far: where it begins, and its bytes."""
    text = log(scene, FIXTURES, {"metadata": {"name": "registry"}}, "registry")
    found = re.findall(rf"^sent {tag} (\d+) (\d+)$", text, re.MULTILINE)
    return [(int(start), int(size)) for start, size in found]


def size(scene: Scene, tag: str) -> int:
    """The bytes of a model's file, as the registry has it."""
    text = log(scene, FIXTURES, {"metadata": {"name": "registry"}}, "registry")
    found = re.search(rf"^tag {tag} has (\d+) bytes$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def end(scene: Scene, group: str, pod: Object, how: str = "") -> None:
    """Delete a pod; `how` is the query of the request, a grace period for one."""
    delete(scene.cluster, f"/api/v1/namespaces/{scene.namespace(group)}/pods/{pod['metadata']['name']}{how}")


def claim(scene: Scene, group: str, name: str) -> None:
    """A claim on the volume that the lab made for it."""
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": scene.namespace("class"),
        "resources": {"requests": {"storage": "1Gi"}},
    }
    item = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}
    request(scene.cluster, "POST", f"/api/v1/namespaces/{scene.namespace(group)}/persistentvolumeclaims", item)


def new_server(scene: Scene, group: str, seconds: float = SETTLE) -> Object:
    """The one server, once there is one and it is ready."""

    def there() -> Object | None:
        found = pods(scene, group, "server")
        return found[0] if len(found) == 1 and ready(found[0]) else None

    return until(scene, group, "the server is ready", there, seconds)
