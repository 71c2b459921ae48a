"""The steps that an example goes through, and what must be true after each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chartgen.chart.valuesfile import coalesced

from . import trouble
from .cluster import Refused, create, faked, get, of_kind, there
from .examples import RELEASE, SECOND, UIS, gives_up, second_server, server_change, ui_change
from .fixtures import LABEL, made_for
from .state import WORKLOADS, Difference, Key, State, component, differences, hook, kept, pods, unowned
from .trial import Broken, Trial, apply, helm, seen, until

CLAIM = "PersistentVolumeClaim"
Step = Callable[[Trial], list[str] | str]


@dataclass(frozen=True)
class Done:
    """A step: its faults, `Kind/name: what` each; and a note where it was not made, which says why."""

    example: str
    step: str
    seconds: float
    faults: tuple[str, ...] = ()
    note: str = ""


def go_through(trial: Trial, steps: tuple[tuple[str, Step], ...], heard: Callable[[Done], None]) -> None:
    """The steps, one after the other, until one is broken; `heard` hears of each."""
    for name, step in steps:
        start = time.monotonic()
        faults, note, broken = [], "", True
        try:
            result = step(trial)
            faults, note, broken = ([], result, False) if isinstance(result, str) else (result, "", False)
        except Broken as error:
            faults = error.lines
        except Refused as error:
            faults = [f"Namespace/{trial.place.namespace}: the API server refuses a request: {error}"]
        step_name, seconds = f"{trial.place.helm.label} {name}", time.monotonic() - start
        heard(Done(trial.case.example.name, step_name, seconds, tuple(faults), note))
        if broken:
            return


def prepare(trial: Trial) -> list[str]:
    """The namespace at its Pod Security level, and all that the example needs in it."""
    place = trial.place
    made, unknown = made_for(trial.case.render, place.namespace, trial.classes)
    if unknown:
        raise Broken([f"{need}: nothing in tests/e2e/fixtures.py makes one; add it there" for need in unknown])
    labels = {LABEL: place.run, "pod-security.kubernetes.io/enforce": trial.case.example.header.security}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place.namespace, "labels": labels}}
    create(place.cluster, of_kind(place.resources, "Namespace"), namespace)
    for item in made:
        if item["metadata"].get("namespace") == place.namespace:
            create(place.cluster, of_kind(place.resources, item["kind"], item["apiVersion"]), item)
    # What Kubernetes itself puts into a new namespace is no trace of the release.
    usual = ("serviceaccounts/default", "configmaps/kube-root-ca.crt")
    until(trial, lambda: all(there(place.cluster, f"/api/v1/namespaces/{place.namespace}/{each}") for each in usual))
    trial.states["empty"] = seen(trial, all_kinds=True)
    return []


def install(trial: Trial) -> list[str]:
    """Every pod is admitted, every workload gets ready."""
    trial.states["installed"] = apply(trial, "install")
    return []


def test(trial: Trial) -> list[str] | str:
    """The chart's own tests, where the containers that they ask really run."""
    nodes = get(trial.place.cluster, "/api/v1/nodes")["items"]
    if any(faked(node) and not node["spec"].get("unschedulable") for node in nodes):
        return "helm test: not run (fake nodes)"
    try:
        helm(trial, "test", wait=False)
    except Broken as error:
        return error.lines
    return []


def upgrade_alike(trial: Trial) -> list[str]:
    """The same values: nothing changes, nothing restarts."""
    before = trial.now
    return [f"{each}, though no value changed" for each in differences(before, apply(trial, "upgrade"))]


def upgrade_ui(trial: Trial) -> list[str] | str:
    """A value of a UI: it restarts, and nothing else does."""
    changes = ui_change({component(trial.now[key]) for key in _workloads(trial.now)})
    if not changes:
        return "a UI's value: not changed (no UI)"
    return [line for name, change in changes.items() for line in _changed(trial, change, name)]


def upgrade_server(trial: Trial) -> list[str]:
    """A value of one server: it restarts, and nothing else does."""
    server = trial.case.servers[0]
    return _changed(trial, server_change(server), server)


def upgrade_with_second(trial: Trial) -> list[str]:
    """One more server: no object is renamed, nothing restarts but the UI."""
    before = trial.now
    trial.values = coalesced(trial.values, second_server())
    after = apply(trial, "upgrade")
    faults = [f"{each}, though only a server was added" for each in differences(before, after) if not _joins(each)]
    return faults + _absent(after, SECOND)


def rollback(trial: Trial) -> list[str]:
    """Back to how it was installed; what had not changed since goes on undisturbed, what is to be kept stays."""
    before = trial.now
    after = apply(trial, "rollback")
    stay, installed = kept(before), trial.states["installed"]
    faults = [
        f"{each}, since it was installed"
        for each in differences(installed, after)
        if each.how != "restarted" and not (each.how == "new" and each.key in stay) and not _runs_again(each)
    ]
    for each in differences(before, after):
        if each.how == "restarted":
            faults.append(f"{each}, though it was as it had been installed")
        if each.how == "gone" and each.key in stay:
            faults.append(f"{each}, though it says that it is to be kept")
    return faults


def uninstall(trial: Trial) -> list[str]:
    """What says that it is to be kept is kept, its data with it; all else of the release is gone."""
    before = trial.now
    stay = trial.kept | trial.states["empty"].keys()
    until(trial, lambda: not unowned(seen(trial)))
    helm(trial, "uninstall")
    until(trial, lambda: not _left(seen(trial, all_kinds=True), stay))
    after = trial.states["removed"] = seen(trial, all_kinds=True)
    left = [f"{'/'.join(key)}: is still there after the uninstall" for key in _left(after, stay)]
    return left + _kept(before, after, stay) + _lost(trial, before, after)


def install_again(trial: Trial) -> list[str]:
    """The same release on the claims that were kept; then it makes room for the next."""
    before = trial.states["removed"]
    trial.values = {}
    after = apply(trial, "install")
    faults = _kept(before, after, {key for key in before if key[0] == CLAIM})
    helm(trial, "uninstall")
    return faults


# The order matters: each builds on what those before it have left.
STEPS: tuple[tuple[str, Step], ...] = (
    ("prepare", prepare),
    ("install", install),
    ("test", test),
    ("upgrade with the same values", upgrade_alike),
    ("upgrade of a UI", upgrade_ui),
    ("upgrade of a server", upgrade_server),
    ("upgrade with a second server", upgrade_with_second),
    ("rollback", rollback),
    ("uninstall", uninstall),
    ("install again", install_again),
)
# Helm 3 is asked what it does otherwise, applying on the client's side.
STEPS_3 = tuple(row for row in STEPS if row[1] in (prepare, install, upgrade_alike, upgrade_server, uninstall))


def _changed(trial: Trial, change: dict[str, Any], part: str) -> list[str]:
    """Upgrade with a change that concerns one part: its pods are new, and nothing else does anything."""
    before = trial.now
    trial.values = coalesced(trial.values, change)
    after = apply(trial, "upgrade")
    faults = [
        f"{each}, though only a value of {part} changed"
        for each in differences(before, after)
        if not (each.component == part and _renewed(each))
    ]
    own = [key for key in _workloads(after) if component(after[key]) == part]
    old = {pod["metadata"]["uid"] for key in own for pod in pods(key, before)}
    stale = [pod for key in own for pod in pods(key, after) if pod["metadata"]["uid"] in old]
    faults += [f"Pod/{pod['metadata']['name']}: did not restart, though a value of {part} changed" for pod in stale]
    return faults + _absent(after, part)


def _renewed(difference: Difference) -> bool:
    """Whether a workload has changed. The pod of a Job cannot, so another Job takes its place."""
    return difference.key[0] in WORKLOADS and difference.how in (
        ("new", "gone") if difference.key[0] == "Job" else ("changed",)
    )


def _runs_again(difference: Difference) -> bool:
    """Whether it is a Job that another one had replaced, so that a rollback creates it again."""
    return difference.key[0] == "Job" and difference.how == "replaced"


def _absent(state: State, part: str) -> list[str]:
    parts = {component(state[key]) for key in _workloads(state)}
    return [] if part in parts else [f"Release/{RELEASE}: {part} has no workload"]


def _workloads(state: State) -> list[Key]:
    return [key for key in sorted(state) if key[0] in WORKLOADS]


def _joins(difference: Difference) -> bool:
    """Whether a second server may do this: add objects, roll the UI, and stand in what lists the servers."""
    if difference.how == "new" or difference.component in UIS:
        return difference.how in ("new", "changed", "restarted")
    return difference.how == "changed" and difference.key[0] not in (*WORKLOADS, "Secret", CLAIM)


def _left(state: State, stay: set[Key]) -> list[Key]:
    """What is there and should not be; a hook's objects are Helm's to leave."""
    return sorted(key for key, item in state.items() if key not in stay and not hook(item))


def _lost(trial: Trial, before: State, after: State) -> list[str]:
    """Claims that went with the release, though no value of the example gives them up."""
    gone = [] if gives_up(trial.case.values) else sorted(before.keys() - after.keys())
    return [f"{kind}/{name}: is gone, though no value says keep: false" for kind, name in gone if kind == CLAIM]


def _kept(before: State, after: State, stay: set[Key]) -> list[str]:
    """What was to stay and did not, or is another now, or a claim that lost its volume."""
    stay = stay & before.keys()
    old, new = ({key: state[key] for key in stay & state.keys()} for state in (before, after))
    found = [str(each) for each in differences(old, new)]
    return [f"{each}, though it is to be kept" for each in (*found, *trouble.unready(new))]
