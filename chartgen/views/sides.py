"""The two sides of a comparison: values, a chart, manifests or a running release, each as the objects that it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import files as disk
from ..chart import blame, loaded, valuesfile
from ..problem import Faults, Say, ToolError, fault
from ..programs import helm as programs
from ..programs import tools
from ..programs.run import Endless, run
from ..proofs.manifests import Object, Render, map_at, render_of
from ..reading import yamlfile
from ..reading.yamlfile import Key

RUNNING = "release/"
USUAL = "llm"  # the name of a release where nothing says another
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
TEST = "test"
PATIENCE = 60.0  # seconds for a cluster to answer


@dataclass(frozen=True)
class Context:
    """What both sides share: the chart of values files, further values, and where the release is installed.

    Without a `chart`, it is the one of the folder, which only values files need. `names` are those under which files
    are shown that were copied: path of the copy -> name.
    """

    chart: Path | None = None
    files: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()
    release: str = USUAL
    namespace: str = "default"
    kube_version: str = ""
    names: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Side:
    """The objects of one side, without those of `helm test`.

    `random` are the places whose values differ between two renders of the same values, such as a password that the
    chart makes: (title of the object, path). They are not compared. It is `unset` if it is the defaults of a chart:
    without values, `helm upgrade` keeps those that the release has.
    """

    shown: str
    render: Render
    random: frozenset[tuple[str, Key]] = frozenset()
    unset: bool = False


def read(side: str, context: Context, say: Say) -> Side:
    """Read a side; Faults where it cannot be read or the chart refuses it, ToolError where no cluster answers.

    It is `release/NAME` for a release that runs, a chart (folder or package), a file of manifests, as from
    `helm get manifest`, or a values file for the chart of `context`.
    """
    if side.startswith(RUNNING):
        return Side(side, _objects(_running(_name(side), context, say), context.namespace))
    path, shown = Path(side), context.names.get(side, side)
    if not path.exists():
        raise fault(side, "no such file", f"name a values file, a chart, a file of manifests, or {RUNNING}NAME")
    if path.is_dir() or (path.is_file() and _is_package(path)):
        return _rendered(shown, path, context, context.files, say)
    text = disk.text(path)
    if side in context.names and not text.strip():
        raise fault(side, "is empty", "run the command that writes to it alone, and see what it says")
    if _is_manifests(text, side):
        return Side(shown, _objects(text, context.namespace))
    return _rendered(shown, context.chart or loaded.default(None), context, (*context.files, path), say)


def release(given: str | None, *shown: str) -> str:
    """The release that sides are rendered as: the one `given`, or the one that runs.

    Rendered by another name, every object of the release that runs would be deleted. Faults where both are said and
    differ.
    """
    running = [_name(side) for side in shown if side.startswith(RUNNING)]
    if given and running and given not in running:
        there = f"{RUNNING}{running[0]}"
        message = f"'{given}' is not the release of {there}: its objects have other names"
        raise fault("--release", message, f"leave it out to render {running[0]}, or compare {RUNNING}{given}")
    return given or (running[0] if running else USUAL)


def _name(side: str) -> str:
    name = side.removeprefix(RUNNING)
    if not NAME.fullmatch(name):
        raise fault(side, "is not the name of a release", "use the name that helm list prints")
    return name


def _is_package(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(2) == loaded.GZIP


def _is_manifests(text: str, shown: str) -> bool:
    """Whether a file holds objects of Kubernetes; Faults where it is not YAML."""
    found = programs.documents(text)
    problems = [problem for each in found for problem in each.problems]
    data = [each.data for each in found if each.data is not None]
    if problems and len(found) == 1:
        raise Faults(yamlfile.parse(text, shown).problems)
    return bool(data) and all(isinstance(each, dict) and "kind" in each and "apiVersion" in each for each in data)


def _rendered(side: str, place: Path, context: Context, files: tuple[Path, ...], say: Say) -> Side:
    helm = tools.ensure(["helm"], say)["helm"].path
    valuesfile.present(list(files))
    with loaded.unpacked(place) as folder:
        chart = loaded.load(folder, str(place))
        request = programs.Request(
            folder, files, context.kube_version, context.release, context.namespace, flags=context.flags
        )
        first, second = programs.render([request, request], helm, say)
        if first.error:
            raise Faults(blame.blamed(chart, list(files), list(context.flags), first.error, helm))
    one, two = _objects(first.text, context.namespace), _objects(second.text, context.namespace)
    random = frozenset(_differing(one, two)) if first.text != second.text else frozenset()
    unset = not context.flags and not any(yamlfile.read(each).data for each in files)
    return Side(side, one, random, unset)


def _running(name: str, context: Context, say: Say) -> str:
    """The manifests of a release that runs, by the user's own settings of Helm and the cluster."""
    helm = tools.ensure(["helm"], say)["helm"].path
    say(f"helm: getting the manifests of {name}")
    texts = []
    for what in ("manifest", "hooks"):
        try:
            done = run([str(helm), "get", what, name, f"--namespace={context.namespace}"], PATIENCE)
        except Endless as error:
            raise ToolError(f"{RUNNING}{name}: {error}") from None
        if done.code and "not found" in done.errors:
            raise fault(f"{RUNNING}{name}", f"the namespace {context.namespace} has no such release", "set --namespace")
        if done.code:
            raise ToolError(f"{RUNNING}{name}: {done.last}")
        texts.append(done.output)
    return "\n---\n".join(texts)


def _objects(text: str, namespace: str = Render.namespace) -> Render:
    """The objects of rendered text; those of `helm test` are made for a test and removed again."""
    found = render_of(programs.documents(text), frozenset(), namespace=namespace)
    kept = tuple(each for each in found.objects if TEST not in hooks(each))
    owners = {id(each) for each in kept}
    pods = tuple(pod for pod in found.pods if id(pod.owner) in owners)
    return Render(kept, pods, namespace=namespace)


def hooks(each: Object) -> list[str]:
    """The moments at which Helm makes an object as a hook; none for an object of the release."""
    said = str(map_at(each.data, "metadata.annotations").get("helm.sh/hook", ""))
    return [TEST if hook.strip().startswith(TEST) else hook.strip() for hook in said.split(",") if hook.strip()]


def _differing(one: Render, two: Render) -> list[tuple[str, Key]]:
    from .changes import changed

    others = {each.title: each for each in two.objects}
    return [
        (each.title, change.path)
        for each in one.objects
        if each.title in others
        for change in changed(each.data, others[each.title].data)
    ]


def is_hook(each: Object) -> bool:
    """Whether Helm makes the object for a moment of an install or upgrade, and does not keep it in the release."""
    return bool(hooks(each))
