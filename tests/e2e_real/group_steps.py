"""What is tried with one model over two pods: vLLM on CPUs, and the real controller of LeaderWorkerSets."""

from __future__ import annotations

import time
from typing import Any

from tests.e2e.cluster import Object

from . import engine_steps as engine
from .asking import answering, asked, begin, chatted, chunks, client, ending
from .engine_steps import MODEL, Step, served
from .scene import Scene, apply, claim, end, expect, inside, pods, ready, until
from .vllm_steps import CONTEXT, ENV, TOKENS

GROUP = "group"
SECONDS = 900.0  # for a new group, twice as many as one pod needs
STALL = 60  # seconds without a token after which a group is replaced
LEADER, WORKER = "server", "server-worker"


def values(scene: Scene, **more: Any) -> dict[str, Any]:
    return served(
        scene,
        "vllm",
        CONTEXT,
        env=ENV,
        nodes={"count": 2, "stallSeconds": STALL},
        preStopSleepSeconds=1,
        **more,
    )


def install(scene: Scene) -> str:
    """Helm does not wait for a group; the model answers when both pods compute."""
    claim(scene, GROUP, "models")
    client(scene, GROUP)
    start = time.monotonic()
    apply(scene, GROUP, "install", values(scene))
    returned = time.monotonic() - start
    seconds = answering(scene, GROUP, MODEL, start, "the group answers", SECONDS)
    _group(scene)
    engine.version(scene, GROUP, "vllm", "/version")
    said = chatted(scene, GROUP, MODEL)
    return f"helm install --wait returned after {returned:.0f} s; answers {said!r} after {seconds} s"


def waited_for(scene: Scene) -> str:
    """`helm test` waits for a group that has only just been made."""
    before = _uids(scene)
    end(scene, GROUP, _pod(scene, LEADER))
    until(scene, GROUP, "the old group is gone", lambda: not before & _uids(scene))
    start = time.monotonic()
    said = engine.test(GROUP)(scene)
    return f"{said}, {time.monotonic() - start:.0f} s after the group was made"


def worker_killed(scene: Scene) -> str:
    """The processes of the worker die; Kubernetes makes both pods anew."""
    return _lost(scene, lambda: inside(scene, GROUP, _pod(scene, WORKER), "server", "kill -KILL -1"))


def leader_killed(scene: Scene) -> str:
    """The processes of the first pod die, the same."""
    return _lost(scene, lambda: inside(scene, GROUP, _pod(scene, LEADER), "server", "kill -KILL -1"))


def worker_deleted(scene: Scene) -> str:
    """The worker's pod is gone at once, as with its node."""
    return _lost(scene, lambda: end(scene, GROUP, _pod(scene, WORKER), "?gracePeriodSeconds=0"))


def worker_frozen(scene: Scene) -> str:
    """The worker hangs: `/health` says nothing, the probe that asks for a token does."""
    health = []

    def freeze() -> None:
        inside(scene, GROUP, _pod(scene, WORKER), "server", "kill -STOP -1")
        said = chatted(scene, GROUP, MODEL, seconds=10)
        expect(not said, f"the worker is stopped, but the model answers {said!r}")
        health.append(asked(scene, GROUP, "/health")[0])

    saw = _lost(scene, freeze)
    return f"a chat hangs while /health says {health[0]}; {saw}"


def stopped(scene: Scene) -> str:
    """The first pod is deleted during a stream, which ends whole: the worker stays until then."""
    before = _uids(scene)
    leader, count = _pod(scene, LEADER), begin(scene, GROUP, MODEL, TOKENS // 3)
    start = time.monotonic()
    end(scene, GROUP, leader)
    how = until(scene, GROUP, "the stream has ended", lambda: ending(scene, GROUP))
    seconds, all_of = time.monotonic() - start, chunks(scene, GROUP)
    expect(how == "whole", f"the stream has ended after {seconds:.0f} s and {all_of} chunks: {how}")
    again = _again(scene, before, start)
    return f"deleted after {count} of {all_of} chunks, which all came, the last after {seconds:.0f} s; {again}"


def rollout(scene: Scene) -> str:
    """Another flag: a new group in place of the old one."""
    return _lost(scene, lambda: apply(scene, GROUP, "upgrade", values(scene, vllm={"maxNumSeqs": 8})))


GROUP_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("install", install),
        ("metrics", engine.metrics(GROUP)),
        ("worker killed", worker_killed),
        ("leader killed", leader_killed),
        ("worker deleted", worker_deleted),
        ("worker frozen", worker_frozen),
        ("leader deleted in a stream", stopped),
        ("rollout", rollout),
        ("helm test of a new group", waited_for),
    ),
}


def _lost(scene: Scene, how: Any) -> str:
    """Something happens to the group: another one answers after so many seconds."""
    before, start = _uids(scene), time.monotonic()
    how()
    return _again(scene, before, start)


def _again(scene: Scene, before: set[str], start: float) -> str:
    """Wait for a group of two other pods that answers; what took how long."""
    until(scene, GROUP, "both pods are others", lambda: not before & _uids(scene) and len(_uids(scene)) == 2, SECONDS)
    new = time.monotonic() - start
    seconds = answering(scene, GROUP, MODEL, start, "the new group answers", SECONDS)
    _group(scene)
    return f"two other pods after {new:.0f} s, which answer after {seconds} s"


def _group(scene: Scene) -> None:
    """Both pods are ready."""
    until(scene, GROUP, "both pods are ready", lambda: all(ready(_pod(scene, each)) for each in (LEADER, WORKER)))


def _uids(scene: Scene) -> set[str]:
    found = [pod for part in (LEADER, WORKER) for pod in pods(scene, GROUP, part)]
    return {pod["metadata"]["uid"] for pod in found}


def _pod(scene: Scene, part: str) -> Object:
    return until(scene, GROUP, f"there is one pod of {part}", lambda: _one(scene, part))


def _one(scene: Scene, part: str) -> Object | None:
    found = pods(scene, GROUP, part)
    return found[0] if len(found) == 1 else None
