"""A run from its beginning to its end: what all examples share is made first, and whatever was made is removed last."""

from __future__ import annotations

import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chartgen.chart.valuesfile import Example
from chartgen.programs import tools

from . import examples, fixtures, helm, kinds, nodes
from .cluster import Cluster, Object, Resource, connected, create, delete, get, of_kind, resources
from .examples import Case
from .fixtures import LABEL
from .helm import Helm
from .report import failures, made
from .state import OWNED
from .steps import STEPS, STEPS_3, Done, go_through
from .trial import Place, Trial
from .volumes import VOLUMES, provided

Say = Callable[[str], None]
REMOVAL = 120  # seconds for the namespaces to be gone


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    chart: Path
    examples: tuple[str, ...]
    helm3: bool
    jobs: int
    timeout: int
    keep: bool
    kubeconfig: str


@dataclass
class Session:
    """A run. `name` ends its namespaces' names and labels all that it makes.

    `made` are the paths of what it shares, `kinds` those of which the examples or controllers make objects.
    """

    wanted: Wanted
    cluster: Cluster
    helms: list[Helm]
    versions: list[str]
    folder: Path
    say: Say
    stop: threading.Event
    resources: list[Resource]
    name: str = field(default_factory=lambda: secrets.token_hex(2))
    made: list[str] = field(default_factory=list)
    kinds: frozenset[str] = frozenset()
    done: list[Done] = field(default_factory=list)
    chosen: list[Example] = field(default_factory=list)


def perform(wanted: Wanted, say: Say) -> Session:
    """Every step of every example, in the examples' order. Whatever happens, what was made is removed."""
    chosen, defaults = examples.discover(wanted.chart, wanted.examples)
    names = ["helm", "helm3"] if wanted.helm3 else ["helm"]
    found = tools.ensure(names, say)
    with connected(wanted.kubeconfig) as cluster, tempfile.TemporaryDirectory(prefix="e2e-") as place:
        stop, folder = threading.Event(), Path(place)
        environment = helm.environment(folder / "helm", wanted.kubeconfig)
        helms = [
            Helm(f"helm {found[name].version[1]}", found[name].path, environment, wanted.timeout, stop)
            for name in names
        ]
        numbers = [found[name].version for name in names]
        session = Session(wanted, cluster, helms, numbers, folder, say, stop, resources(cluster), chosen=chosen)
        versions = ", ".join(f"{name} {found[name].version}" for name in names)
        say(f"{len(chosen)} examples on Kubernetes {cluster.version}, {versions}, in namespaces e2e-…-{session.name}")
        cases = _possible(session, _cases(session, chosen, defaults))
        with _removed(session):
            classes = _share(session, cases)
            with provided(cluster, session.name, classes, say):
                _all(session, cases, classes)
    order = {each.name: n for n, each in enumerate(chosen)}
    session.done.sort(key=lambda done: order[done.example])
    return session


def _cases(session: Session, chosen: list[Example], defaults: Example) -> list[Case]:
    """The examples that render with every Helm; those that do not, or not alike, have a step that failed."""
    cluster, chart = session.cluster, session.wanted.chart
    fitting = [each for each in chosen if each.header.versions([cluster.version])]
    for each in chosen:
        if each not in fitting:
            _hear(session, Done(each.name, "render", 0, note=f"not run (not for Kubernetes {cluster.version})"))
    start = time.monotonic()
    made = [examples.rendered(chart, fitting, each.path, cluster.version) for each in session.helms]
    seconds = (time.monotonic() - start) / max(len(fitting), 1)
    cases = []
    for each, *renders in zip(fitting, *made, strict=True):
        faults = [f"Release/{examples.RELEASE}: {render.error}" for render in renders if render.error]
        if not faults:
            cases.append(examples.case(each, defaults.data, renders[0].text))
            faults = examples.unlike(renders[0].text, renders[-1].text)
        _hear(session, Done(each.name, "render", seconds, tuple(faults)))
    return cases


def _possible(session: Session, cases: list[Case]) -> list[Case]:
    """The examples whose kinds of objects the cluster knows, once it was told of those that can be found."""
    missing = set().union(*map(kinds.wanted, cases)) - kinds.known(session.resources)
    if missing:
        session.resources = kinds.define(session.cluster, session.resources, missing, session.say)
    there, fitting = kinds.known(session.resources), []
    for case in cases:
        unknown = sorted(kinds.wanted(case) - there)
        if unknown:
            faults = [f"{kind}/{group}: the cluster does not know this kind; add its CRD" for group, kind in unknown]
            _hear(session, Done(case.example.name, "prepare", 0, tuple(faults)))
        else:
            fitting.append(case)
    return fitting


def _share(session: Session, cases: list[Case]) -> list[Object]:
    """Make what several examples need, and what lies outside their namespaces; the cluster's StorageClasses then."""
    cluster = session.cluster
    session.kinds = frozenset({*OWNED, *(each.kind for case in cases for each in case.render.objects)})
    pods = [pod for case in cases for pod in case.render.pods]
    for node in nodes.lacking(pods, get(cluster, "/api/v1/nodes")["items"], session.name):
        _make(session, node)
    classes = of_kind(session.resources, "StorageClass")
    known = get(cluster, classes.path())["items"]
    for case in cases:
        for item in fixtures.made_for(case.render, "", known)[0]:
            namespace = item["metadata"].get("namespace")
            if namespace:
                _make(session, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            if namespace != "":
                _make(session, item)
    return get(cluster, classes.path())["items"]


def _make(session: Session, item: Object) -> None:
    """Create something that is shared, unless it is there; what was made here is removed at the end."""
    kind = of_kind(session.resources, item["kind"], item["apiVersion"])
    metadata = item["metadata"] | {"labels": {**item["metadata"].get("labels", {}), LABEL: session.name}}
    if create(session.cluster, kind, item | {"metadata": metadata}):
        session.made.append(kind.path(metadata.get("namespace", ""), metadata["name"]))


def _all(session: Session, cases: list[Case], classes: list[Object]) -> None:
    """Every example, `jobs` at a time; what breaks this program itself ends all."""
    with ThreadPoolExecutor(session.wanted.jobs) as pool:
        waiting = [pool.submit(_one, session, case, classes) for case in cases]
        try:
            for each in as_completed(waiting):
                each.result()
        finally:
            session.stop.set()
            pool.shutdown(cancel_futures=True)


def _one(session: Session, case: Case, classes: list[Object]) -> None:
    """An example with each Helm, one after the other: two releases of it cannot have the same port of a node."""
    for each in session.helms:
        _with(session, case, classes, each)


def _with(session: Session, case: Case, classes: list[Object], helm: Helm) -> None:
    start = time.monotonic()
    name, chart = case.example.name, session.wanted.chart
    namespace = namespace_of(name, helm.label, session.name)
    usual = [each for each in session.resources if each.kind in session.kinds]
    place = Place(session.cluster, session.resources, usual, helm, namespace, session.name, session.folder)
    heard: list[Done] = []

    def hear(done: Done) -> None:
        heard.append(done)
        _hear(session, done)

    try:
        go_through(Trial(case, chart, place, classes), STEPS_3 if helm.label == "helm 3" else STEPS, hear)
    finally:
        if not session.wanted.keep:
            delete(session.cluster, f"/api/v1/namespaces/{namespace}")
    failed = sum(bool(done.faults) for done in heard)
    said = f"{failed} failed" if failed else "fine"
    session.say(f"{name}: {helm.label}: {len(made(heard))} steps in {time.monotonic() - start:.0f} s, {said}")


def namespace_of(example: str, helm: str, run: str) -> str:
    """`e2e-EXAMPLE-helm4-RUN`, whatever the file of the example is called."""
    plain = re.sub("[^a-z0-9]+", "-", example.lower())[:40].strip("-")
    return f"e2e-{plain}-{helm.replace(' ', '')}-{run}"


def _hear(session: Session, done: Done) -> None:
    session.done.append(done)
    for line in failures(done):
        session.say(line)


@contextmanager
def _removed(session: Session) -> Iterator[None]:
    """Remove all that the run has made, at its end or when it is stopped."""
    try:
        yield
    finally:
        if session.wanted.keep:
            session.say(f"everything is kept: kubectl get namespaces,persistentvolumes -l {LABEL}={session.name}")
        else:
            _remove(session)


def _remove(session: Session) -> None:
    cluster, mine = session.cluster, f"?labelSelector={LABEL}%3D{session.name}"
    namespaces = f"/api/v1/namespaces{mine}"
    for item in get(cluster, namespaces)["items"]:
        delete(cluster, f"/api/v1/namespaces/{item['metadata']['name']}")
    end = time.monotonic() + REMOVAL
    while (left := get(cluster, namespaces)["items"]) and time.monotonic() < end:
        time.sleep(0.3)
    for path in reversed(session.made):
        delete(cluster, path)
    for item in get(cluster, VOLUMES.path() + mine)["items"]:
        delete(cluster, VOLUMES.path(name=item["metadata"]["name"]))
    if left:
        names = ", ".join(each["metadata"]["name"] for each in left)
        session.say(f"not gone after {REMOVAL} s: {names}")
