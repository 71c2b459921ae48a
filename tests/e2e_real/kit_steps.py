"""What is tried with ModelKits, which a real kit brings from a real registry, for a server that reads a folder."""

from __future__ import annotations

import json
import time
from typing import Any

from tests import registry
from tests.e2e.cluster import Object, get, request

from . import kits
from .kits import publish, sent, values
from .lab import NODE_CACHE
from .scene import Scene, apply, end, expect, helm, inside, log, new_server, pods, ready, seen, until

BRING, KEEP = "bring-models", "keep-models"
MB = 1_000_000


# --- an init container ----------------------------------------------------------------------------------------------


def by_init(scene: Scene) -> str:
    """The server starts with the model there, and with nothing but what the filter asks for."""
    publish(scene, "v1", "alpha", 40, "for the first")
    publish(scene, "v2", "alpha", 40, "for the second")
    publish(scene, "v3", "beta", 60, "for the third")
    start, before = time.monotonic(), sent(scene)
    apply(scene, "kit-init", "install", values(scene, "v1", "init"))
    seconds, came = time.monotonic() - start, sent(scene) - before
    state = _state(scene, "kit-init")
    expect(state["loaded"] == "alpha" and not state["faults"], f"the server has {state}")
    _brought(came, 40)
    return f"ready in {seconds:.0f} s, {came} bytes for a model of 40 MB"


def inside_it(scene: Scene) -> str:
    """Markers and index on the claim, which the server cannot write to; no password where others read."""
    pod = _server(scene, "kit-init")
    code, said = inside(scene, "kit-init", pod, "server", "touch /app/models/x")
    expect(code and "Read-only file system" in said, f"touch /app/models/x ended with {code}: {said}")
    expect(registry.PASSWORD not in json.dumps(pod), "the pod's spec holds the password")
    maps = get(scene.cluster, f"/api/v1/namespaces/{scene.namespace('kit-init')}/configmaps")
    expect(registry.PASSWORD not in json.dumps(maps), "a ConfigMap holds the password")
    code, who = inside(scene, "kit-init", pod, "server", "id -u")
    expect(who == "1000", f"it runs as {who}")
    folder, reference, identity, size, *_ = _read(scene, "kit-init", ".models").split("\t")
    expect(reference == f"{kits.host(scene)}/{kits.NAMESPACE}/bert:v1", f"the index says {reference}")
    return f"uid 1000, models read-only; the index: {folder} is {identity[:19]}…, {size} bytes"


def second_start(scene: Scene) -> str:
    """Another pod on the same claim asks the registry nothing."""
    before, start = sent(scene), time.monotonic()
    end(scene, "kit-init", _server(scene, "kit-init"))
    pod = new_server(scene, "kit-init")
    said = log(scene, "kit-init", pod, BRING)
    expect("already there: " in said, "the loader did not find its model", said)
    expect(sent(scene) == before, f"{sent(scene) - before} bytes came once more")
    return f"ready again in {time.monotonic() - start:.0f} s, 0 bytes"


def shared_layers(scene: Scene) -> str:
    """A new version whose weights did not change: the pod rolls, the weights do not come again."""
    before, old = sent(scene), _server(scene, "kit-init")["metadata"]["name"]
    apply(scene, "kit-init", "upgrade", values(scene, "v2", "init"))
    new = new_server(scene, "kit-init")["metadata"]["name"]
    came = sent(scene) - before
    expect(new != old, "the pod did not roll")
    expect("bert:v2" in _read(scene, "kit-init", ".models"), "the index does not name the new version")
    expect(came < 20_000, f"{came} bytes came for a version that shares its weights")
    return f"rolled, {came} bytes"


def killed(scene: Scene) -> str:
    """The loader is killed half-way, with its pod and without a word; the next one goes on where it was."""
    before = sent(scene)
    kits.slow(scene, 0.004)
    apply(scene, "kit-init", "upgrade", values(scene, "v3", "init"), wait=False)
    until(scene, "kit-init", "a third of the model has come", lambda: kits.so_far(scene) - before > 20 * MB)
    (loading,) = [pod for pod in pods(scene, "kit-init", "server") if not ready(pod)]
    end(scene, "kit-init", loading, "?gracePeriodSeconds=0")
    at = kits.so_far(scene) - before
    kits.slow(scene, 0)
    new_server(scene, "kit-init")
    came, state = sent(scene) - before, _state(scene, "kit-init")
    expect(state["loaded"] == "beta" and not state["faults"], f"the server has {state}")
    expect(came < 66 * MB, f"{came} bytes came for a model of 60 MB that was stopped after {at}")
    return f"killed after {at} bytes, {came} bytes in all for a model of 60 MB"


def by_two(scene: Scene) -> str:
    """Of two loaders on one claim, one brings the model."""
    publish(scene, "v1", "alpha", 40, "for the first")
    start, before = time.monotonic(), sent(scene)
    given = values(scene, "v1", "init", access="ReadWriteMany", replicas=2)
    apply(scene, "kit-shared", "install", given)
    came = sent(scene) - before
    expect(all(map(ready, pods(scene, "kit-shared", "server"))), "not both pods are ready")
    _brought(came, 40)
    return f"both ready in {time.monotonic() - start:.0f} s, {came} bytes, once"


# --- a sidecar ------------------------------------------------------------------------------------------------------


def by_sidecar(scene: Scene) -> str:
    """The server starts once the sidecar has brought the model."""
    publish(scene, "latest", "gamma", 30, "first")
    start = time.monotonic()
    apply(scene, "kit-sidecar", "install", _watched(scene, "http", custom={"reload": {"path": "/reload"}}))
    state = _state(scene, "kit-sidecar")
    expect(state["loaded"] == "gamma" and not state["faults"], f"the server has {state}")
    there = inside(scene, "kit-sidecar", _server(scene, "kit-sidecar"), "server", "ls -A /app/models")[1].split()
    expect({".ready", ".digest", ".updated"} <= set(there), f"in the cache lie {there}")
    return f"ready in {time.monotonic() - start:.0f} s, {' '.join(there)}"


def moved(scene: Scene) -> str:
    """The tag moves: the model is swapped under the reader, and the server is told."""
    before, start = _state(scene, "kit-sidecar"), time.monotonic()
    publish(scene, "latest", "delta", 30, "second")

    def told() -> dict[str, Any] | None:
        state = _state(scene, "kit-sidecar")
        return state if state["loaded"] == "delta" else None

    state = until(scene, "kit-sidecar", "the server has loaded the new version", told)
    expect(not state["faults"], *state["faults"])
    expect(state["pid"] == before["pid"] and _restarts(scene, "kit-sidecar") == {"server": 0}, "the server restarted")
    return (
        f"loaded {time.monotonic() - start:.0f} s after the push began; {sum(state['seen'].values())} reads, "
        f"{state['seen']}, 0 of them mixed"
    )


def sidecar_killed(scene: Scene) -> str:
    """The sidecar is killed: it comes again, the server stays, nothing is brought once more."""
    before, pod = sent(scene), _server(scene, "kit-sidecar")
    inside(scene, "kit-sidecar", pod, KEEP, "kill -TERM 1")
    until(scene, "kit-sidecar", "the sidecar is there again", lambda: _restarts_of(scene, "kit-sidecar", KEEP) == 1)
    until(scene, "kit-sidecar", "it has looked", lambda: "all there" in log(scene, "kit-sidecar", pod, KEEP))
    new_server(scene, "kit-sidecar")  # a sidecar that is away makes its pod not ready
    expect(_restarts(scene, "kit-sidecar") == {"server": 0}, "the server restarted with it")
    expect(sent(scene) - before < 20_000, f"{sent(scene) - before} bytes came once more")
    return "sidecar restarted once, server not, 0 bytes of layers"


def rolled(scene: Scene) -> str:
    """With reload.mode rollout the server is replaced once, by one that has the new version."""
    publish(scene, "latest", "gamma", 30, "third")
    apply(scene, "kit-rollout", "install", _watched(scene, "rollout", access="ReadWriteMany", replicas=2))
    old = {pod["metadata"]["name"] for pod in pods(scene, "kit-rollout", "server")}
    publish(scene, "latest", "delta", 30, "fourth")

    def new() -> bool:
        found = pods(scene, "kit-rollout", "server")
        return len(found) == 2 and all(map(ready, found)) and not old & {pod["metadata"]["name"] for pod in found}

    until(scene, "kit-rollout", "both pods are new", new)
    where = f"/apis/apps/v1/namespaces/{scene.namespace('kit-rollout')}/replicasets"
    sets = get(scene.cluster, where)["items"]
    expect(len(sets) == 2, f"{len(sets)} generations of pods instead of two")
    before = seen(scene, "kit-rollout")
    helm(scene, "kit-rollout", "upgrade", str(scene.chart), "--reuse-values", "--wait")
    left = {pod["metadata"]["name"] for pod in pods(scene, "kit-rollout", "server")}
    expect(len(get(scene.cluster, where)["items"]) == 2 and before, "an upgrade with the same values rolled it again")
    return f"two generations, the second with the new version; an upgrade left {len(left)} pods as they were"


# --- a schedule -----------------------------------------------------------------------------------------------------


def by_schedule(scene: Scene) -> str:
    """At the install a Job brings what is asked for; all pods wait for it."""
    publish(scene, "stable", "gamma", 30, "fifth")
    before, start = sent(scene), time.monotonic()
    apply(scene, "kit-sync", "install", values(scene, "stable", "cronjob", access="ReadWriteMany", replicas=3))
    came, found = sent(scene) - before, pods(scene, "kit-sync", "server")
    expect(len(found) == 3 and all(map(ready, found)), f"{len(found)} pods instead of three that are ready")
    _brought(came, 30)
    return f"three pods ready in {time.monotonic() - start:.0f} s, {came} bytes, once"


def its_time(scene: Scene) -> str:
    """The CronJob brings what the tag means by now, and nothing where that is the same."""
    before = sent(scene)
    _run_now(scene, "unchanged")
    same = sent(scene) - before
    expect(same < 20_000, f"{same} bytes came for nothing new")
    publish(scene, "stable", "delta", 30, "sixth")
    before = sent(scene)
    _run_now(scene, "changed")
    came = sent(scene) - before
    _brought(came, 30)
    states = [_state(scene, "kit-sync", pod) for pod in pods(scene, "kit-sync", "server")]
    expect(all("delta" in state["seen"] and not state["faults"] for state in states), f"the readers have {states}")
    return f"unchanged: {same} bytes; changed: {came}; last sync {_read(scene, 'kit-sync', '.last_sync')}"


# --- a node's cache -------------------------------------------------------------------------------------------------


def by_node(scene: Scene) -> str:
    """Two servers on one node read one copy."""
    publish(scene, "v1", "alpha", 40, "for the first")
    before, start = sent(scene), time.monotonic()
    given = values(scene, "v1", "daemonset", servers={"server": {}, "other": {}})
    given["modelCache"] = {"type": "hostPath", "hostPath": f"{NODE_CACHE}-{scene.run}"}
    given["daemonset"] = {"chown": True}
    apply(scene, "kit-node", "install", given)
    came = sent(scene) - before
    _brought(came, 40)
    for component in ("server", "other"):
        state = _state(scene, "kit-node", pods(scene, "kit-node", component)[0])
        expect(state["loaded"] == "alpha" and not state["faults"], f"{component} has {state}")
    return f"two servers ready in {time.monotonic() - start:.0f} s, {came} bytes, once"


def test_of(group: str):
    """`helm test` is content."""

    def step(scene: Scene) -> str:
        return helm(scene, group, "test", "--logs").strip().splitlines()[-1]

    return step


KIT_GROUPS = {
    "kit-init": (
        ("ModelKit by an init container", by_init),
        ("inside the pod", inside_it),
        ("helm test", test_of("kit-init")),
        ("pod deleted", second_start),
        ("version that shares layers", shared_layers),
        ("loader killed half-way", killed),
    ),
    "kit-shared": (("two loaders, one claim", by_two),),
    "kit-sidecar": (("sidecar", by_sidecar), ("tag moved", moved), ("sidecar killed", sidecar_killed)),
    "kit-rollout": (("tag moved, rollout", rolled),),
    "kit-sync": (("CronJob, three pods", by_schedule), ("its time", its_time)),
    "kit-node": (("node cache, two servers", by_node),),
}


def _watched(scene: Scene, mode: str, **changes: Any) -> dict[str, Any]:
    return values(scene, "latest", "sidecar", reload={"mode": mode}, loader={"interval": 10}, **changes)


def _brought(came: int, megabytes: int) -> None:
    """A model came once. The log by which that is known may be a piece behind."""
    expect(megabytes * MB - 100_000 < came < megabytes * MB + 200_000, f"{came} bytes came for {megabytes} MB")


def _server(scene: Scene, group: str) -> Object:
    found = [pod for pod in pods(scene, group, "server") if ready(pod)]
    expect(len(found) == 1, f"{len(found)} pods that are ready instead of one")
    return found[0]


def _state(scene: Scene, group: str, pod: Object | None = None) -> dict[str, Any]:
    """What a reader has loaded and seen."""
    script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/state').read().decode())"
    code, said = inside(scene, group, pod or _server(scene, group), "server", f'python3 -c "{script}"')
    expect(code == 0, f"the reader does not answer: {said}")
    return json.loads(said)


def _read(scene: Scene, group: str, name: str) -> str:
    pod = next(pod for pod in pods(scene, group, "server") if ready(pod))
    code, said = inside(scene, group, pod, "server", f"cat /app/models/{name}")
    expect(code == 0, f"{name} cannot be read: {said}")
    return said


def _restarts(scene: Scene, group: str) -> dict[str, int]:
    statuses = _server(scene, group)["status"]["containerStatuses"]
    return {each["name"]: each["restartCount"] for each in statuses}


def _restarts_of(scene: Scene, group: str, name: str) -> int:
    """Of a sidecar that has started."""
    for pod in pods(scene, group, "server"):
        for each in pod["status"].get("initContainerStatuses", ()):
            if each["name"] == name and each.get("started"):
                return each["restartCount"]
    return -1


def _run_now(scene: Scene, name: str) -> None:
    """A Job of the CronJob's, as `kubectl create job --from` makes one, until it is done."""
    where = scene.namespace("kit-sync")
    (cron,) = get(scene.cluster, f"/apis/batch/v1/namespaces/{where}/cronjobs")["items"]
    item = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": where},
        "spec": cron["spec"]["jobTemplate"]["spec"],
    }
    request(scene.cluster, "POST", f"/apis/batch/v1/namespaces/{where}/jobs", item)

    def done() -> bool:
        status = get(scene.cluster, f"/apis/batch/v1/namespaces/{where}/jobs/{name}")["status"]
        expect(not status.get("failed"), "the Job failed")
        return bool(status.get("succeeded"))

    until(scene, "kit-sync", f"Job {name} is done", done)
