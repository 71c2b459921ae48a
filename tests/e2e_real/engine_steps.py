"""Steps that every real engine with OpenAI's API takes, alone in a Deployment: its group names the engine's values."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from tests import proved
from tests.e2e.cluster import Object, there
from tests.e2e.state import differences

from .asking import asked, begin, chatted, chunks, client, ending, exported, heard, watch, watched
from .scene import (
    Scene,
    apply,
    claim,
    end,
    expect,
    helm,
    inside,
    log,
    new_server,
    pods,
    ready,
    seen,
    until,
)

MODEL = "team/tiny"
FLAG = "--no-such-flag"
# An engine's image need not have more than a shell.
WHO = 'while read -r key uid _; do if [ "$key" = Uid: ]; then echo "$uid"; fi; done </proc/1/status'
SECONDS = 420.0  # for what loads a model
OPEN = 60  # seconds in which a connection is looked at that has nothing more to say
COUNTERS = ("promptTokens", "generatedTokens", "requests")
HISTOGRAMS = ("firstToken", "latency")
GAUGES = ("running", "waiting", "cache")
TYPES = {"counter": COUNTERS, "histogram": HISTOGRAMS, "gauge": GAUGES}
Step = Callable[[Scene], str]
Values = Callable[[Scene], dict[str, Any]]


def served(scene: Scene, engine: str, context: int, **more: Any) -> dict[str, Any]:
    """A release of one server, whose model lies on the claim that the lab filled."""
    here = {"kubernetes.io/hostname": scene.hostname}
    return {
        "global": {"storageClass": scene.namespace("class")},
        "engine": engine,
        "model": {"name": MODEL, "path": "tiny", "delivery": "none", "contextLength": context},
        "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
        "nodeSelector": here,
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
        "startupTimeoutSeconds": 600,
        "tests": {"nodeSelector": here},
        "openWebui": {"enabled": False},
        **more,
    }


def install(group: str, values: Values) -> Step:
    """The release is ready when its model answers, without root and with a root that cannot be written to."""

    def step(scene: Scene) -> str:
        claim(scene, group, "models")
        start = time.monotonic()
        apply(scene, group, "install", values(scene), seconds=SECONDS)
        seconds, pod = time.monotonic() - start, _server(scene, group)
        client(scene, group)
        said = chatted(scene, group, MODEL)
        expect(said, "the pod is ready, but its model does not answer", log(scene, group, pod, "server")[-2000:])
        _, who = inside(scene, group, pod, "server", WHO)
        expect(who == "1000", f"it runs as uid {who}")
        code, refused = inside(scene, group, pod, "server", ": >/x")
        expect(code and "Read-only" in refused, f"writing to the root ended with {code}: {refused}")
        return f"ready in {seconds:.0f} s, answers {said!r}, uid 1000, root read-only"

    return step


def test(group: str) -> Step:
    """`helm test`: an answer of this model, whole and streamed."""

    def step(scene: Scene) -> str:
        return heard(scene, group, MODEL, SECONDS)

    return step


def metrics(group: str) -> Step:
    """Every metric that the chart reads of the engine is one that it exports, of that type."""

    def step(scene: Scene) -> str:
        (facts,) = proved.asked(
            scene.chart,
            scene.given[group][-1:],
            scene.helm.path,
            '{{- include "CHART.servers" . }}{{- range .Servers }}{{ .Facts.engine.metrics | toJson }}{{- end }}',
        )
        found = exported(scene, group, facts["path"])
        wrong, count = [], 0
        for kind, keys in TYPES.items():
            for key in keys:
                if name := facts.get(key):
                    count += 1
                    if found.get(name) != kind:
                        wrong.append(f"{key}: {name} is {found.get(name) or 'not exported'}, not a {kind}")
        left = facts.keys() - {*COUNTERS, *HISTOGRAMS, *GAUGES, "port", "path", "secret"}
        expect(not left, f"these facts are not compared: {', '.join(sorted(left))}")
        expect(not wrong, *wrong)
        return f"{count} names, all exported, of {len(found)}"

    return step


def stopped(group: str, tokens: int, after: int = 0) -> Step:
    """The pod is deleted during a stream, which ends whole, after so many seconds; another pod takes over."""

    def step(scene: Scene) -> str:
        pod, before = _server(scene, group), begin(scene, group, MODEL, tokens)
        start = time.monotonic()
        end(scene, group, pod)
        how = until(scene, group, "the stream has ended", lambda: ending(scene, group))
        seconds, count = time.monotonic() - start, chunks(scene, group)
        expect(how == "whole", f"the stream has ended after {seconds:.0f} s and {count} chunks: {how}")
        expect(count > before and seconds > after, f"all {count} chunks had come {seconds:.0f} s after the deletion")
        until(scene, group, "the pod is gone", lambda: not _there(scene, group, pod))
        gone = time.monotonic() - start
        new_server(scene, group, SECONDS)
        return (
            f"deleted after {before} of {count} chunks, which all came, the last after {seconds:.0f} s; "
            f"gone after {gone:.0f} s, another pod ready after {time.monotonic() - start:.0f} s"
        )

    return step


def same_values(group: str, values: Values) -> Step:
    """An upgrade that changes nothing restarts nothing."""

    def step(scene: Scene) -> str:
        before = seen(scene, group)
        apply(scene, group, "upgrade", values(scene), seconds=SECONDS)
        found = [str(each) for each in differences(before, seen(scene, group))]
        expect(not found, *found)
        return "nothing changed, nothing restarted"

    return step


def other_values(group: str, values: Values) -> Step:
    """An upgrade that replaces the pod; every request on the way is answered."""

    def step(scene: Scene) -> str:
        watch(scene, group, MODEL)
        start, old = time.monotonic(), _server(scene, group)["metadata"]["uid"]
        apply(scene, group, "upgrade", values(scene), seconds=SECONDS)
        seconds = time.monotonic() - start
        until(scene, group, "one pod is left", lambda: len(pods(scene, group, "server")) == 1)
        expect(_server(scene, group)["metadata"]["uid"] != old, "the pod is the same")
        return f"another pod in {seconds:.0f} s, {watched(scene, group)} requests on the way, all answered"

    return step


def wrong_flag(group: str, values: Values, message: str) -> Step:
    """A flag that the engine does not have: its pod says so, and the old one serves on."""

    def step(scene: Scene) -> str:
        old = _server(scene, group)
        apply(scene, group, "upgrade", {**values(scene), "extraArgs": [FLAG]}, wait=False)

        def said() -> str:
            new = [pod for pod in pods(scene, group, "server") if pod["metadata"]["uid"] != old["metadata"]["uid"]]
            ends = [each["state"].get("terminated") or each["lastState"].get("terminated") for each in _states(new)]
            return log(scene, group, new[0], "server") if any(ends) else ""

        text = until(scene, group, "the new pod has ended", said, SECONDS)
        found = re.search(message, text)
        expect(found, f"its log does not have {message}", text[-1000:])
        expect(chatted(scene, group, MODEL), "the old pod does not answer any more")
        helm(scene, group, "rollback", "--wait", seconds=SECONDS)
        until(scene, group, "one pod is left", lambda: len(pods(scene, group, "server")) == 1)
        return f"the new pod says: {found[0].strip() if found else ''}; the old one answers; rolled back"

    return step


def aborted(group: str, tokens: int) -> Step:
    """What the chart says of the engine: SIGTERM, without the sleep before it, stops a stream, which is never whole."""

    def step(scene: Scene) -> str:
        pod, before = _server(scene, group), begin(scene, group, MODEL, tokens)
        start = time.monotonic()
        code, said = inside(scene, group, pod, "server", "kill -TERM 1")
        expect(code == 0, f"the signal cannot be sent: {said}")
        count = -1
        while count != (now := chunks(scene, group)):
            count = now
            time.sleep(3)
        while not (how := ending(scene, group)) and time.monotonic() < start + OPEN:
            time.sleep(1)
        seconds = time.monotonic() - start
        expect(how != "whole", f"the stream came whole, {count} chunks in {seconds:.0f} s: it waits for its requests")
        end(scene, group, pod, "?gracePeriodSeconds=0")
        new_server(scene, group, SECONDS)
        left = how.splitlines()[0] if how else "still open"
        return f"SIGTERM after {before} chunks; no more than {count} of {tokens} came; {left} after {seconds:.0f} s"

    return step


def _server(scene: Scene, group: str) -> Object:
    found = pods(scene, group, "server")
    expect(len(found) == 1 and ready(found[0]), f"{len(found)} pods instead of one that is ready")
    return found[0]


def _there(scene: Scene, group: str, pod: Object) -> Object | None:
    return there(scene.cluster, f"/api/v1/namespaces/{scene.namespace(group)}/pods/{pod['metadata']['name']}")


def _states(found: list[Object]) -> list[Object]:
    return [each for pod in found for each in pod["status"].get("containerStatuses", ())]


def version(scene: Scene, group: str, program: str, path: str) -> None:
    """Note which version of the engine answers."""
    status, text = asked(scene, group, path)
    expect(status == 200, f"{path}: HTTP {status}: {text}")
    scene.programs[group] = {program: json.loads(text)["version"]}
