"""What is tried, in order, and what must be so. A step returns the words and figures that a reader is to see."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime

from tests.e2e.cluster import Object, get
from tests.e2e.state import differences

from .asking import heard
from .scene import (
    Scene,
    apply,
    end,
    expect,
    helm,
    inside,
    log,
    new_server,
    pods,
    ready,
    seen,
    sent,
    size,
    until,
    values,
)

LOADER = "bring-models"
Step = Callable[[Scene], str]


# --- one server, a UI, a claim of one node --------------------------------------------------------------------------


def install(scene: Scene) -> str:
    """The release is ready when its model is in memory, not before."""
    start, before = time.monotonic(), sent(scene, "first")
    apply(scene, "one", "install", values(scene, "first", ui=True))
    seconds, pod = time.monotonic() - start, _server(scene, "one")
    loaded = _said(scene, pod, "ollama ps")
    expect("tiny:first" in loaded, "the pod is ready, but its model is not in memory", loaded)
    brought = _brought(scene, "first", before)
    expect(brought == size(scene, "first"), f"{brought} bytes came, the model has {size(scene, 'first')}")
    return f"ready in {seconds:.0f} s, {_loading(pod)} s of them for bringing {brought} bytes"


def look_inside(scene: Scene) -> str:
    """No root, nothing to write on but what is mounted."""
    pod = _server(scene, "one")
    who = _said(scene, pod, "id -u; id -g").split()
    expect(who == ["1000", "1000"], f"it runs as uid and gid {' '.join(who)}")
    for path in ("/x", "/usr/bin/x", "/opt/files/x"):
        code, said = inside(scene, "one", pod, "server", f"touch {path}")
        expect(code and "Read-only file system" in said, f"touch {path} ended with {code}: {said}")
    left = _said(scene, pod, "cd /models && touch .try && rm .try && ls -A").split()
    markers = [".digest", ".last_sync", ".models", ".ready", ".updated"]
    expect(sorted(left) == [*markers, "blobs", "manifests"], f"in /models lie {' '.join(left)}")
    return f"uid {who[0]}, root read-only, /models has {' '.join(left)}"


def ui(scene: Scene) -> str:
    """The UI asks the server that the chart tells it of."""
    pod = pods(scene, "one", "open-webui")[0]
    if not scene.stand_ins:
        return "the UI is ready; what it asks the server is not looked at, the real one asks when somebody signs in"
    heard = re.findall(r"^/ready: (http://llm-server:11434 has \S+:first)$", log(scene, "one", pod, "open-webui"), re.M)
    expect(heard, "the UI never got the model's name from the server", log(scene, "one", pod, "open-webui"))
    return heard[-1]


def chat(group: str, tag: str) -> Step:
    """`helm test`: an answer of this model, whole and streamed, through the Service by its name."""

    def step(scene: Scene) -> str:
        return heard(scene, group, f"{scene.model}:{tag}")

    return step


def same_values(scene: Scene) -> str:
    """An upgrade that changes nothing restarts nothing."""
    before = seen(scene, "one")
    apply(scene, "one", "upgrade", values(scene, "first", ui=True))
    found = [str(each) for each in differences(before, seen(scene, "one"))]
    expect(not found, *found)
    return "nothing changed, nothing restarted"


def second_start(scene: Scene) -> str:
    """Another pod on the same claim brings nothing."""
    before, start = sent(scene, "first"), time.monotonic()
    end(scene, "one", _server(scene, "one"))
    pod = new_server(scene, "one")
    seconds, said = time.monotonic() - start, log(scene, "one", pod, LOADER)
    expect("already there: " in said, "the loader did not find its model", said)
    brought = _brought(scene, "first", before)
    expect(brought == 0, f"{brought} bytes came once more")
    return f"ready again in {seconds:.0f} s, 0 bytes; {said.strip()}"


def interrupted(scene: Scene) -> str:
    """Another model, whose loader is stopped half-way: until it is there nobody is sent to the pod, and it resumes."""
    apply(scene, "one", "upgrade", values(scene, "slow", ui=True), wait=False)
    pod = until(scene, "one", "the loader tells how far it is", lambda: _under_way(scene))
    progress = log(scene, "one", pod, LOADER).strip().splitlines()[-1]
    expect(not _endpoints(scene), "the Service has a ready endpoint while the model is on its way")
    held = _said(scene, pod, "ls /models/.lock", LOADER)
    expect(held.startswith(pod["metadata"]["name"]), f"the lock is {held or 'not held'}")
    end(scene, "one", pod)
    new = new_server(scene, "one")
    return f"{progress.split(': ')[-1]}, stopped; {_resumed(scene)}; {_loading(new)} s the second time"


def back(scene: Scene) -> str:
    """A rollback to the first model, which still lies on the claim."""
    before = sent(scene, "first")
    helm(scene, "one", "rollback", "1", "--wait")
    pod = new_server(scene, "one")
    loaded = _said(scene, pod, "ollama ps")
    expect("tiny:first" in loaded, "the first model is not served", loaded)
    expect(_brought(scene, "first", before) == 0, "the first model was brought once more")
    return "the first model is served again, 0 bytes"


# --- two servers on one claim, a Job or themselves bring the model --------------------------------------------------


def by_job(scene: Scene) -> str:
    """The Job brings it, the pods wait for the Job and say so."""
    start, before = time.monotonic(), sent(scene, "second")
    apply(scene, "job", "install", values(scene, "second", replicas=2, access="ReadWriteMany", delivery="job"))
    seconds, found = time.monotonic() - start, pods(scene, "job", "server")
    for pod in found:
        said = log(scene, "job", pod, "wait-for-models")
        expect("the models are there" in said, f"{pod['metadata']['name']} did not wait", said)
    return f"{_ready_twice(found)} in {seconds:.0f} s, {_once(scene, 'second', before)}"


def by_two(scene: Scene) -> str:
    """Of two loaders on one claim, one brings the model, and the other waits for it."""
    start, before = time.monotonic(), sent(scene, "second")
    apply(scene, "shared", "install", values(scene, "second", replicas=2, access="ReadWriteMany"))
    seconds, found = time.monotonic() - start, pods(scene, "shared", "server")
    said = [log(scene, "shared", pod, LOADER) for pod in found]
    expect(sum("pulling" in each for each in said) == 1, "not one of the loaders brought it", *said)
    return f"{_ready_twice(found)} in {seconds:.0f} s, {_once(scene, 'second', before)}"


# --- a claim that cannot be written to ------------------------------------------------------------------------------


def refused(scene: Scene) -> str:
    """The loader fails with a sentence that says who cannot write where, and what to set."""
    apply(scene, "foreign", "install", values(scene, "first"), wait=False)
    said = until(scene, "foreign", "the loader gives up", lambda: _last_words(scene), 60).strip()
    wanted = "uid 1000 cannot write to /models (owned by 0:0, mode 755); set podSecurityContext.fsGroup: 1000; "
    expect(said.startswith(wanted), f"it says: {said}")
    return said


# Namespace -> its steps; when one fails, the later ones of the namespace make no sense.
GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    "one": (
        ("install", install),
        ("inside the pod", look_inside),
        ("the UI", ui),
        ("helm test", chat("one", "first")),
        ("upgrade, same values", same_values),
        ("pod deleted", second_start),
        ("other model, interrupted", interrupted),
        ("helm test of that", chat("one", "slow")),
        ("rollback", back),
    ),
    "job": (("two pods, a Job", by_job), ("helm test of those", chat("job", "second"))),
    "shared": (("two loaders, one claim", by_two),),
    "foreign": (("claim owned by root", refused),),
}


def _server(scene: Scene, group: str) -> Object:
    found = pods(scene, group, "server")
    expect(len(found) == 1 and ready(found[0]), f"{len(found)} pods instead of one that is ready")
    return found[0]


def _said(scene: Scene, pod: Object, script: str, container: str = "server") -> str:
    code, said = inside(scene, "one", pod, container, script)
    expect(code == 0, f"`{script}` in {pod['metadata']['name']} ended with {code}: {said}")
    return said


def _brought(scene: Scene, tag: str, before: list[tuple[int, int]]) -> int:
    """The bytes of a model that the registry has sent since."""
    return sum(length for _, length in sent(scene, tag)[len(before) :])


def _loading(pod: Object) -> str:
    """The seconds that a pod's loader took."""
    ended = next(each for each in pod["status"]["initContainerStatuses"] if each["name"] == LOADER)["state"]
    times = [datetime.fromisoformat(ended["terminated"][key]) for key in ("startedAt", "finishedAt")]
    return f"{(times[1] - times[0]).total_seconds():.0f}"


def _under_way(scene: Scene) -> Object | None:
    """The pod whose loader has a part of the model."""
    for pod in pods(scene, "one", "server"):
        if re.search(r"tiny:slow: \d+% of ", log(scene, "one", pod, LOADER)):
            expect(not ready(pod), "the pod is ready while its model is on its way")
            return pod
    return None


def _endpoints(scene: Scene) -> list[str]:
    """The addresses to which the server's Service sends people."""
    where = f"/apis/discovery.k8s.io/v1/namespaces/{scene.namespace('one')}/endpointslices"
    slices = get(scene.cluster, f"{where}?labelSelector=kubernetes.io/service-name%3Dllm-server")["items"]
    ends = [end for each in slices for end in each.get("endpoints") or ()]
    return [address for end in ends if end["conditions"].get("ready") for address in end["addresses"]]


def _resumed(scene: Scene) -> str:
    """That the second loader began where the first was stopped, by what the registry sent."""
    pieces, whole = sent(scene, "slow"), size(scene, "slow")
    later = [start for start, _ in pieces if start and start % 100_000_000]  # parts begin at whole 100 MB
    total = sum(length for _, length in pieces)
    expect(later, f"it started over: the registry sent {pieces}")
    expect(total < whole * 1.2, f"{total} bytes came for a model of {whole}")
    return f"resumed at byte {later[0]}, {total} bytes for a model of {whole}"


def _ready_twice(found: list[Object]) -> str:
    expect(len(found) == 2 and all(map(ready, found)), f"{len(found)} pods instead of two that are ready")
    return "both ready"


def _once(scene: Scene, tag: str, before: list[tuple[int, int]]) -> str:
    brought = _brought(scene, tag, before)
    expect(brought == size(scene, tag), f"{brought} bytes came, the model has {size(scene, tag)}")
    return f"{brought} bytes, once"


def _last_words(scene: Scene) -> str:
    """With what the loader ended, as the pod's description has it."""
    for pod in pods(scene, "foreign", "server"):
        expect(not ready(pod), "the pod is ready on a claim that it cannot write to")
        for each in pod["status"].get("initContainerStatuses", ()):
            ended = each["state"].get("terminated") or each.get("lastState", {}).get("terminated") or {}
            if ended.get("exitCode"):
                expect(ended.get("message"), f"{each['name']} ended without a word that a description of the pod shows")
                return ended["message"]
    return ""
