"""What is tried with a program that runs to its end: a shell, which reads a model and data, and writes results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import yaml

from tests.e2e.cluster import Object, get

from .scene import Scene, apply, claim, expect, helm, log, pods, until

GROUP = "batch"
WEIGHTS = "weights of the batch"  # what the lab writes to the claim of the models
# What the results' claim holds is the last line, so that a later run shows what an earlier one left.
PROGRAM = """\
set -eu
if touch /app/models/x 2>/dev/null; then echo "the model can be changed"; exit 9; fi
part=${JOB_COMPLETION_INDEX:-none}
echo "$(cat /app/models/small/weights.txt), part $part" >"/results/$JOB_NAME-$part.txt"
cat "/results/$JOB_NAME-$part.txt"
id -u
ls /results | tr '\\n' ' '
"""
BROKEN = "echo the reason; exit 3"
Step = Callable[[Scene], str]


def values(scene: Scene, program: str = PROGRAM, **batch: Any) -> dict[str, Any]:
    """A release of one program, in the chart's own image with curl, which has a shell."""
    usual = yaml.safe_load((scene.chart / "values.yaml").read_text(encoding="utf-8"))["images"]["curl"]
    return {
        "global": {"storageClass": scene.namespace("class")},
        "engine": "custom",
        "image": {"repository": usual["repository"], "tag": usual["tag"]},
        "model": {"name": "small", "path": "small", "delivery": "none"},
        "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
        "nodeSelector": {"kubernetes.io/hostname": scene.hostname},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "custom": {"mountPath": "/app/models", "command": ["sh", "-c"]},
        "extraArgs": [program],
        "batch": {"enabled": True, "results": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}, **batch},
        "openWebui": {"enabled": False},
    }


def once(scene: Scene) -> str:
    """The program ends by itself, without root, on a model that it cannot change."""
    claim(scene, GROUP, "models")
    start = time.monotonic()
    apply(scene, GROUP, "install", values(scene))
    job = _ended(scene, "succeeded")
    said = _log(scene).splitlines()
    expect(said[:2] == [f"{WEIGHTS}, part none", "1000"], "the program says", *said)
    expect(said[2].split() == [f"{job['metadata']['name']}-none.txt"], f"among the results is {said[2]}")
    return f"complete in {time.monotonic() - start:.0f} s, uid 1000, the model read-only"


def alike(scene: Scene) -> str:
    """An upgrade that changes nothing, or nothing of the pod, runs nothing."""
    before = _job(scene)["metadata"]["uid"]
    for changes in ({}, {"backoffLimit": 7, "activeDeadlineSeconds": 600}):
        apply(scene, GROUP, "upgrade", values(scene, **changes))
        time.sleep(5)
        expect(_job(scene)["metadata"]["uid"] == before, f"the Job is another one after an upgrade with {changes}")
        expect(len(pods(scene, GROUP, "server")) == 1, "another pod has run")
    expect(_job(scene)["spec"]["backoffLimit"] == 7, "the Job has not been changed")
    return "the same Job, no other pod"


def again(scene: Scene) -> str:
    """Another text of batch.run is another Job, and the results of the first one are still there."""
    before = _job(scene)["metadata"]["name"]
    apply(scene, GROUP, "upgrade", values(scene, run="again"))
    name = _ended(scene, "succeeded")["metadata"]["name"]
    expect(name != before, "the Job is the same")
    results = _log(scene).splitlines()[2].split()
    expect(set(results) == {f"{before}-none.txt", f"{name}-none.txt"}, f"the results are {' '.join(results)}")
    return f"{len(results)} results, one Job"


def parts(scene: Scene) -> str:
    """Several pods, each with its number."""
    apply(scene, GROUP, "upgrade", values(scene, completions=3, parallelism=2))
    _ended(scene, "succeeded", 3)
    said = sorted(log(scene, GROUP, pod, "server").splitlines()[0] for pod in pods(scene, GROUP, "server"))
    expect(said == [f"{WEIGHTS}, part {n}" for n in range(3)], "the pods say", *said)
    return "parts 0, 1 and 2, once each"


def failed(scene: Scene) -> str:
    """The pods of a program that fails stay, with what they said."""
    apply(scene, GROUP, "upgrade", values(scene, BROKEN, backoffLimit=1))

    def given_up() -> bool:
        conditions = _job(scene)["status"].get("conditions") or ()
        return any(each["type"] == "Failed" and each["status"] == "True" for each in conditions)

    until(scene, GROUP, "the Job has failed", given_up)
    said = [log(scene, GROUP, pod, "server").strip() for pod in pods(scene, GROUP, "server")]
    expect(said == ["the reason"] * 2, f"the pods say {said}")
    return "failed after two pods, whose logs are there"


def scheduled(scene: Scene) -> str:
    """Every run of a CronJob writes another file."""
    apply(scene, GROUP, "upgrade", values(scene, schedule="* * * * *"))
    jobs = until(scene, GROUP, "two runs are complete", lambda: (found := _jobs(scene))[1:] and found, 150)
    names = sorted(job["metadata"]["name"] for job in jobs)
    until(scene, GROUP, "the last pod has ended", lambda: all(job["status"].get("succeeded") for job in _jobs(scene)))
    last = log(scene, GROUP, pods(scene, GROUP, "server")[-1], "server").splitlines()[2].split()
    expect({f"{name}-none.txt" for name in names[:2]} <= set(last), f"the results are {' '.join(last)}")
    return f"{len(names)} runs, a file each"


def removed(scene: Scene) -> str:
    """The results stay after the release."""
    helm(scene, GROUP, "uninstall")
    until(scene, GROUP, "Jobs and pods are gone", lambda: not _jobs(scene) and not pods(scene, GROUP, "server"))
    where = f"/api/v1/namespaces/{scene.namespace(GROUP)}/persistentvolumeclaims"
    names = sorted(claim["metadata"]["name"] for claim in get(scene.cluster, where)["items"])
    expect(names == ["llm-server-results", "models"], f"the claims are {' '.join(names)}")
    return "the claim of the results is there"


BATCH_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("a Job", once),
        ("upgrades that do not change the pod", alike),
        ("run again", again),
        ("three parts", parts),
        ("a program that fails", failed),
        ("a CronJob", scheduled),
        ("uninstall", removed),
    ),
}


def _jobs(scene: Scene) -> list[Object]:
    """The Jobs of the program that are not being deleted."""
    found = get(scene.cluster, f"/apis/batch/v1/namespaces/{scene.namespace(GROUP)}/jobs")["items"]
    return [job for job in found if not job["metadata"].get("deletionTimestamp")]


def _job(scene: Scene) -> Object:
    found = until(scene, GROUP, "there is one Job", lambda: _jobs(scene) if len(_jobs(scene)) == 1 else None)
    return found[0]


def _ended(scene: Scene, how: str, count: int = 1) -> Object:
    """The one Job, once so many of its pods have ended."""
    until(scene, GROUP, f"{count} pods have {how}", lambda: _job(scene)["status"].get(how, 0) == count)
    until(scene, GROUP, "the pods of earlier Jobs are gone", lambda: len(pods(scene, GROUP, "server")) == count)
    return _job(scene)


def _log(scene: Scene) -> str:
    (pod,) = pods(scene, GROUP, "server")
    return log(scene, GROUP, pod, "server")
