"""An example in a namespace of its own: Helm's commands on it, and what is there after each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import trouble
from .cluster import Cluster, Object, Resource
from .examples import RELEASE, Case
from .helm import Failed, Helm, Stopped, run
from .state import Key, State, inventory, kept

SETTLE = 60.0  # seconds for what Helm does not wait for: an autoscaler's pods, pods that end, garbage
PAUSE = 0.2


class Broken(Exception):
    """A step after which nothing makes sense: its faults, a line `Kind/name: what` each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(*lines)
        self.lines = lines


@dataclass(frozen=True)
class Place:
    """Where, and by which Helm: `run` labels all that the run makes, `folder` is for values files.

    `resources` are all that the cluster knows, `usual` those that a release makes anything of.
    """

    cluster: Cluster
    resources: list[Resource]
    usual: list[Resource]
    helm: Helm
    namespace: str
    run: str
    folder: Path


@dataclass
class Trial:
    """`values` are the changes made so far, `states` what was there: empty, installed, now, removed.

    `kept` is all that an uninstall must leave, of any state so far: what made it may be gone since.
    """

    case: Case
    chart: Path
    place: Place
    classes: list[Object]
    values: dict[str, Any] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    kept: set[Key] = field(default_factory=set)

    @property
    def now(self) -> State:
        return self.states["now"]


def apply(trial: Trial, verb: str) -> State:
    """Install, upgrade to the values as they are now, or roll back to the first revision, and wait until all is ready.

    What is there then; Broken, with all that the cluster says about it, where that fails.
    """
    what = ["1"] if verb == "rollback" else [str(trial.chart), *(f"--values={file}" for file in _files(trial))]
    helm(trial, verb, *what, "--wait-for-jobs")
    if lines := refused(trial):
        raise Broken(lines)
    return _settled(trial)


def helm(trial: Trial, verb: str, *arguments: str, wait: bool = True) -> None:
    """Run a command of Helm on the release; Broken where it fails, at once where pods are not admitted."""
    usual = [
        f"--namespace={trial.place.namespace}",
        f"--timeout={trial.place.helm.timeout}s",
        *(["--wait"] if wait else []),
    ]
    try:
        run(trial.place.helm, [verb, RELEASE, *arguments, *usual], alarm=lambda: bool(refused(trial)))
    except Failed as error:
        said = [f"Release/{RELEASE}: {line.strip()}" for line in str(error).splitlines() if line.strip()]
        raise Broken([*said, *refused(trial), *explained(trial)]) from None


def seen(trial: Trial, *, all_kinds: bool = False) -> State:
    """What is in the namespace; of all kinds where asked for, which costs the cluster some forty requests."""
    kinds = trial.place.resources if all_kinds else trial.place.usual
    return inventory(trial.place.cluster, trial.place.namespace, kinds)


def refused(trial: Trial) -> list[str]:
    """The pods that were not admitted."""
    return trouble.refused(trouble.events(trial.place.cluster, trial.place.namespace))


def explained(trial: Trial) -> list[str]:
    """What is not ready, and why."""
    cluster, namespace = trial.place.cluster, trial.place.namespace
    return trouble.explain(seen(trial), trouble.events(cluster, namespace), trouble.log_of(cluster, namespace))


def until(trial: Trial, done: Callable[[], bool]) -> bool:
    """Wait until something is so, up to SETTLE seconds; whether it is."""
    end = time.monotonic() + SETTLE
    while not (so := done()) and time.monotonic() < end:
        if trial.place.helm.stop.wait(PAUSE):
            raise Stopped
    return so


def _settled(trial: Trial) -> State:
    def quiet() -> bool:
        trial.states["now"] = seen(trial)
        trial.kept |= kept(trial.now).keys()
        return not trouble.unready(trial.now)

    if not until(trial, quiet):
        raise Broken(explained(trial))
    return trial.now


def _files(trial: Trial) -> tuple[Path, ...]:
    """The example's values files, and one with the changes made so far."""
    if not trial.values:
        return trial.case.example.files
    changes = trial.place.folder / f"{trial.place.namespace}.json"
    changes.write_text(json.dumps(trial.values), encoding="utf-8")
    return (*trial.case.example.files, changes)
