"""What is tried with one model over two pods of Ray: KubeRay's operator, Ray Serve, and vLLM on CPUs.

vLLM's build for CPUs calls no device of Ray its own, so the image says that it is Ray's "GPU", and the node says that
it has such devices: the chart's RayService runs unchanged.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

from tests import proved
from tests.e2e.cluster import Object, get

from . import engine_steps as engine
from .asking import NAME, POD, SERVICE, answering, asked, begin, chatted, client, ending, watch, watched
from .engine_steps import MODEL, Step, served
from .scene import Scene, apply, claim, expect, inside, pods, ready, until
from .vllm_steps import CONTEXT, ENV, TOKENS

GROUP = "ray"
CARDS = "nvidia.com/gpu"
SECONDS = 1200.0  # for a cluster of Ray, whose programs start one after the other
STEADY = 60.0  # seconds
HEAD, WORKER = "head", "worker"
WHERE = "/apis/ray.io/v1/namespaces"


def values(scene: Scene, **more: Any) -> dict[str, Any]:
    head = {"requests": {"cpu": "50m", "memory": "512Mi"}}
    return served(
        scene,
        "vllm",
        CONTEXT,
        **{
            "env": ENV,
            "gpu": {"vendor": "nvidia", "count": 1},
            "nodes": {"count": 2, "workload": "RayService", "ray": {"headResources": head}},
            "preStopSleepSeconds": 1,
            **more,
        },
    )


def install(scene: Scene) -> str:
    """Helm 4 waits until a RayService is ready; KubeRay makes its Service when the model answers."""
    claim(scene, GROUP, "models")
    client(scene, GROUP)
    start = time.monotonic()
    apply(scene, GROUP, "install", values(scene), seconds=SECONDS)
    returned = time.monotonic() - start
    expect(_service(scene), "Helm does not wait for the RayService")
    seconds = answering(scene, GROUP, MODEL, start, "the model answers", SECONDS)
    until(scene, GROUP, "a head and two workers run", lambda: _settled(scene), SECONDS)
    _versions(scene)
    for pod in _pods(scene):
        _, who = inside(scene, GROUP, pod, "server", engine.WHO)
        expect(who == "1000", f"{pod['metadata']['name']} runs as uid {who}")
    return (
        f"helm install --wait returned after {returned:.0f} s; "
        f"answers {chatted(scene, GROUP, MODEL)!r} after {seconds} s; uid 1000 in all 3 pods"
    )


def waits(scene: Scene) -> str:
    """The command that waits, which NOTES print, ends when the model answers."""
    question = (
        '{{- include "CHART.servers" . }}{{- range .Servers }}{{ dict "wait" .Facts.server.wait | toJson }}{{- end }}'
    )
    (facts,) = proved.asked(scene.chart, scene.given[GROUP][-1:], scene.helm.path, question)
    command = ["kubectl", f"--namespace={scene.namespace(GROUP)}", *facts["wait"].split(), "--timeout=20s"]
    environment = os.environ | {"KUBECONFIG": scene.kubeconfig}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    expect(done.returncode == 0, "the model answers, but the command that waits says otherwise", done.stderr)
    return f"kubectl {facts['wait']}: {done.stdout.strip()}"


def worker_killed(scene: Scene) -> str:
    """The processes of the worker die that has half of the layers, in a stream."""
    begin(scene, GROUP, MODEL, TOKENS // 3)
    saw = _lost(scene, lambda: inside(scene, GROUP, _worker(scene), "server", "kill -KILL -1"))
    how = until(scene, GROUP, "the stream has ended", lambda: ending(scene, GROUP), SECONDS)
    expect(how != "whole", "half of the layers were gone, and the stream came whole")
    return f"{saw}; a stream on the way is cut"


def head_killed(scene: Scene) -> str:
    """The head dies, and with it what Ray knows of its cluster."""
    return _lost(scene, lambda: inside(scene, GROUP, _part(scene, HEAD)[0], "server", "kill -KILL -1"))


def fewer(scene: Scene) -> str:
    """A setting of vLLM alone: Ray Serve replaces the model in the same pods."""
    before, start = _uids(scene), time.monotonic()
    apply(scene, GROUP, "upgrade", values(scene, vllm={"maxNumSeqs": 8}), wait=False)
    until(scene, GROUP, "Ray Serve replaces the model", lambda: _deploying(scene), SECONDS)
    until(scene, GROUP, "Ray Serve has replaced the model", lambda: not _deploying(scene), SECONDS)
    seconds = answering(scene, GROUP, MODEL, start, "the model answers", SECONDS)
    expect(_uids(scene) == before, "there are other pods")
    return f"the same pods, answers after {seconds} s"


def other_cluster(scene: Scene) -> str:
    """Other pods: KubeRay starts a second cluster, and switches when it answers."""
    before, start = _uids(scene), time.monotonic()
    watch(scene, GROUP, MODEL)
    apply(scene, GROUP, "upgrade", values(scene, vllm={"maxNumSeqs": 8}, env={**ENV, "OTHER": "1"}), wait=False)
    most = 0

    def gone() -> bool:
        nonlocal most
        uids = _uids(scene)
        most = max(most, len(uids))
        return not before & uids

    until(scene, GROUP, "the pods are others", gone, SECONDS)
    count = watched(scene, GROUP)
    seconds = time.monotonic() - start
    return f"other pods alone after {seconds:.0f} s, {most} at most; {count} requests on the way, all answered"


RAY_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("install", install),
        ("the command that waits", waits),
        ("helm test", engine.test(GROUP)),
        ("upgrade, same values", engine.same_values(GROUP, values)),
        ("worker killed in a stream", worker_killed),
        ("head killed", head_killed),
        ("upgrade of a setting of vLLM", fewer),
        ("upgrade of the pods", other_cluster),
    ),
}


def _lost(scene: Scene, how: Callable[[], Any]) -> str:
    """Something happens to a pod: how many pods are others, and from when to when requests fail."""
    before, start = _uids(scene), time.monotonic()
    _sample(scene)
    how()
    until(scene, GROUP, "there is another pod", lambda: _uids(scene) - before, SECONDS)
    new = time.monotonic() - start
    until(scene, GROUP, "the model answers again", lambda: _steadily(scene), SECONDS)
    others = len(_uids(scene) - before)
    return f"another pod after {new:.0f} s, {others} of 3 pods in the end; {_failures(scene)}"


def _steadily(scene: Scene) -> bool:
    """Whether all is as it was for a while: what is about to end still answers, and what has begun may end again."""
    uids, first = _uids(scene), time.monotonic()
    while time.monotonic() < first + STEADY:
        time.sleep(2)
        if not (_settled(scene) and uids == _uids(scene) and chatted(scene, GROUP, MODEL, seconds=10)):
            return False
    return True


def _sample(scene: Scene) -> None:
    """Ask again and again, and write down when, until `_failures` is called."""
    service = f"http://{SERVICE}:8000/v1/completions"
    body = json.dumps({"model": MODEL, "prompt": "a", "max_tokens": 1})
    curl = "curl -s --noproxy '*' -o /dev/null --max-time 10 -w '%{http_code}' -H 'Content-Type: application/json'"
    one = f"t=$(date +%s); echo $t $({curl} --data '{body}' {service})"
    script = f"cd /tmp; rm -f stop times; (while [ ! -e stop ]; do {one}; sleep 1; done >times) >/dev/null 2>&1 &"
    code, said = inside(scene, GROUP, POD, NAME, script)
    expect(code == 0, f"asking again and again cannot begin: {said}")


def _failures(scene: Scene) -> str:
    """From when to when requests failed, in seconds since the first."""
    _, said = inside(scene, GROUP, POD, NAME, "cd /tmp; touch stop; sleep 2; cat times")
    times = [(int(when), code) for when, code in (line.split() for line in said.splitlines() if line.count(" ") == 1)]
    failed = [when - times[0][0] for when, code in times if code != "200"]
    if not failed:
        return f"none of {len(times)} requests failed"
    return f"{len(failed)} of {len(times)} requests failed, between {failed[0]} and {failed[-1]} s"


def _settled(scene: Scene) -> bool:
    """A head and two workers, which run. A worker is ready only if Ray Serve answers in it."""
    heads, workers = _part(scene, HEAD), _part(scene, WORKER)
    running = all(pod["status"].get("phase") == "Running" for pod in workers)
    return len(heads) == 1 and len(workers) == 2 and running and any(map(ready, workers)) and ready(heads[0])


def _worker(scene: Scene) -> Object:
    """The worker in which Ray Serve does not answer, if there is one: it has half of the layers all the same."""
    return min(_part(scene, WORKER), key=ready)


def _pods(scene: Scene) -> list[Object]:
    return pods(scene, GROUP, "server")


def _part(scene: Scene, part: str) -> list[Object]:
    """The pods of a part that are to stay."""
    return [pod for pod in _pods(scene) if pod["metadata"]["labels"]["ray.io/node-type"] == part]


def _uids(scene: Scene) -> set[str]:
    return {pod["metadata"]["uid"] for pod in _pods(scene)}


def _service(scene: Scene) -> bool:
    found = get(scene.cluster, f"/api/v1/namespaces/{scene.namespace(GROUP)}/services")["items"]
    return any(each["metadata"]["name"] == "llm-server" for each in found)


def _ray_service(scene: Scene) -> Object:
    (found,) = get(scene.cluster, f"{WHERE}/{scene.namespace(GROUP)}/rayservices")["items"]
    return found


def _deploying(scene: Scene) -> bool:
    """Whether Ray Serve is at work on the application."""
    active = _ray_service(scene).get("status", {}).get("activeServiceStatus", {})
    return any(each.get("status") != "RUNNING" for each in active.get("applicationStatuses", {}).values())


def _versions(scene: Scene) -> None:
    """Note which Ray and which vLLM answer."""
    _, said = inside(scene, GROUP, _part(scene, HEAD)[0], "server", "ray --version")
    ray = re.search(r"version (\S+)", said)
    expect(ray, f"ray does not say its version: {said}")
    body = {"model": MODEL, "prompt": "a", "max_tokens": 1}
    _, text = asked(scene, GROUP, "/v1/completions", body)
    vllm = re.search(r'"vllm-([0-9.]+)', text)
    scene.programs[GROUP] = {"ray": ray[1] if ray else "", "vllm": vllm[1] if vllm else "of Ray's image"}
