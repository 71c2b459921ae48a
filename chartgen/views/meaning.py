"""What a change means for the person in the cluster: pods that restart, claims that go, ways in that close."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps
from ..reading.yamlfile import Key
from . import annotations, behind, bounds, clients, controllers, harmless, named, serving, uses, webhooks
from .changes import ABSENT, Change
from .immutable import addressed, claims_go, elsewhere, keeps, quantity, refused
from .same import differing, stays
from .sides import hooks, is_hook

# From harmless to what an upgrade must not do unseen.
SEVERITIES = ("change", "restart", "outage", "loss", "refused")
CHANGE, RESTART, OUTAGE, LOSS, REFUSED = SEVERITIES
ROLLING = ("Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "RayService")
# What each upgrade to another version of the chart changes, and nothing notices. In pods, it restarts them. A namespace
# that is written is the one of the release, if the object is the same.
VERSIONS = (("labels", "helm.sh/chart"), ("labels", "app.kubernetes.io/version"))
IGNORED = (("metadata", "namespace"), *(("metadata", *each) for each in VERSIONS))
SINGLE = ("Pod", "ReplicaSet", "ReplicationController", "RayCluster")  # they replace no pods, and stop with theirs
ENDING = ("Job", "CronJob", "RayJob", "PodTemplate")  # their next pods have another template
NODES = ("NodePort", "LoadBalancer")  # types of Services with ports of the nodes
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
# What is deleted with all that belongs to it.
WHOLE = {
    "Namespace": "with everything in it",
    "CustomResourceDefinition": "with all objects of its kind in the cluster",
}
UNKNOWN = "chartgen does not know its kind"
KEEP_IT = "keep it, or change what uses it"
MOST = 4  # changes of a pod template that are named
# Resources of a container that are no accelerators.
USUAL = ("cpu", "memory", "ephemeral-storage", "storage", "hugepages")


@dataclass(frozen=True)
class Meaning:
    """One thing that a change does, and what to do about it (may be empty)."""

    severity: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


def of_added(new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What an object does that is only in the new side."""
    render = sides[1]
    if is_hook(new):
        runs = any(hook.endswith("-upgrade") for hook in hooks(new))
        yield Meaning(CHANGE, "is created by a hook" if runs else "is made by a hook that no upgrade runs")
    elif controllers.unknown(new):
        yield Meaning(CHANGE, f"is created: {UNKNOWN}")
    else:
        once = new.kind == "Job" and map_at(new.data, "spec").get("suspend") is not True
        yield Meaning(CHANGE, "is created, and runs once" if once else "is created")
    yield from _refusals(new, sides)
    yield from _guards(new, "added")
    yield from _around(None, new, sides)
    yield from _paused(None, new)
    yield from _raised(new, sides)
    cards = _cards(new, render)
    for name, count in cards.items():
        yield Meaning(CHANGE, f"its pods request {_number(count * _replicas(new))} {name}")


def of_removed(old: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What it does that an object is only in the old side."""
    if is_hook(old):
        remedy = f"if it exists and you do not need it, delete it: kubectl delete {addressed(old)}"
        yield Meaning(CHANGE, "Helm does not run this hook any more, and deletes nothing", remedy)
        return
    if keeps(old):
        remedy = f"delete it when you no longer need it: kubectl delete {addressed(old)}"
        yield Meaning(CHANGE, "is no longer in the release, and Helm keeps it", remedy)
        return
    if old.kind == "PersistentVolume" and map_at(old.data, "spec").get("persistentVolumeReclaimPolicy") == "Delete":
        remedy = f"to keep it, run before the upgrade: {_keep(old)}"
        yield Meaning(LOSS, "is deleted, with its files when no claim uses it", remedy)
    elif old.kind == "PersistentVolumeClaim":
        yield Meaning(LOSS, "is deleted with its files", f"to keep it, run before the upgrade: {_keep(old)}")
    elif old.kind == "Secret":
        yield Meaning(LOSS, "is deleted with its contents", f"to keep it, run before the upgrade: {_keep(old)}")
    elif old.kind in WHOLE:
        remedy = f"to keep it, run before the upgrade: {_keep(old)}"
        yield Meaning(LOSS, f"is deleted {WHOLE[old.kind]}", remedy)
    elif old.kind in ROLLING or old.kind in SINGLE:
        pods = "" if old.kind == "Pod" else ", and its pods stop"
        yield Meaning(OUTAGE, f"is deleted{pods}")
    elif old.kind == "Job":
        yield Meaning(RESTART, "is deleted with its pods, even if they still run")
    elif controllers.unknown(old):
        remedy = f"to keep it, run before the upgrade: {_keep(old)}"
        yield Meaning(LOSS, f"is deleted with what its controller made, which can be data: {UNKNOWN}", remedy)
    else:
        yield Meaning(CHANGE, "is deleted")
    yield from _guards(old, "removed")
    yield from _around(old, None, sides)
    if uses.claims(old):
        # How many pods there are is not known where something else sets it.
        known = "replicas" in map_at(old.data, "spec")
        yield _claims_left(old, claims_go(old), range(_replicas(old) if known else 0))
    yield from _unmade(old, None, sides)
    for user in uses.still(old, sides[1]):
        pods = "its new pods do not start without it" if any(pod.owner is user for pod in sides[1].pods) else ""
        why = pods or named.means(old, user)
        yield Meaning(OUTAGE, f"{user.title} still uses it{f', and {why}' if why else ''}", KEEP_IT)


def _around(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What an object means for others: pods that it bounds, what needs it in another namespace, its targets."""
    if any(each is not None and is_hook(each) for each in (old, new)):
        return
    yield from (Meaning(*said) for said in bounds.changed(old, new, sides))
    for closes, text in named.policies(old, new, sides[1]):
        yield Meaning(OUTAGE if closes else CHANGE, text)
    for user in named.ungranted(old, sides) if old else ():
        said = f"{user.title} of {user.namespace} still refers to what it allows, and is refused that from now on"
        yield Meaning(OUTAGE, said, KEEP_IT)


def _unmade(old: Object, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    for _, said in uses.unmade(old, new, sides[1]):
        yield Meaning(OUTAGE, said, KEEP_IT)


def _claims_left(each: Object, gone: bool, ordinals: range) -> Meaning:
    """What becomes of the claims of pods that a workload does not have any more."""
    group = "" if each.kind == "StatefulSet" else " and of the other pods of each group"
    start = _first(each)
    names = [f"{name}-{each.name}-{n + start}" for n in ordinals for name in uses.claims(each)]
    shown = harmless.few(names)
    said = f"the claims {', '.join(f'{name}-{each.name}-N' for name in uses.claims(each))}"
    said = (f"the claims {shown}" if names else said) + group
    if len(names) == 1 and not group:
        said = f"the claim {shown}"
    verb = (
        ("is" if len(names) == 1 and not group else "are")
        if gone
        else ("stays" if len(names) == 1 and not group else "stay")
    )
    if gone:
        return Meaning(LOSS, f"{said} {verb} deleted with {'its' if verb == 'is' else 'their'} files")
    remedy = (
        f"if you do not need the files, run: kubectl delete pvc {' '.join(names[:MOST])}{elsewhere(each)}"
        if names
        else ""
    )
    return Meaning(CHANGE, f"{said} {verb}", remedy)


def _first(each: Object) -> int:
    """The number of the first pod of a StatefulSet."""
    start = map_at(each.data, "spec.ordinals").get("start", 0)
    return start if isinstance(start, int) else 0


def _keep(each: Object) -> str:
    return f"kubectl annotate {addressed(each)} helm.sh/resource-policy=keep"


def of_changed(old: Object, new: Object, changes: list[Change], sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What the changes of an object do. `changes` is not empty."""
    rest = list(changes)
    yield from _refusals(new, sides)
    if new.maker and not old.maker:
        said = f"Helm deletes it, and the controller of {new.maker.title} makes it again when its pods are ready"
        yield Meaning(OUTAGE, said)
    if not is_hook(old):
        for change, way_out in refused(old, new, changes):
            rest = [each for each in rest if each.path[: len(change.path)] != change.path]
            yield Meaning(REFUSED, f"{change.where} cannot be changed ({change.values()})", way_out)
    for change in [each for each in rest if stays(each, old, new)]:
        rest.remove(change)
        account = harmless.formed(change.old, "name")
        said = f"its pods keep the ServiceAccount {account}: Kubernetes also stores it under an older name, which stays"
        yield Meaning(CHANGE, said, "to use another, set serviceAccountName to its name, such as default")
    if old.kind == "RayService":
        yield from _clustered(old, new, rest, sides[1])
        yield from _more_cards(old, new, sides)
        rest = [change for change in rest if not _in_cluster(change) and change.path != serving.SERVE]
    template = [change for change in rest if old.kind in ROLLING and _in_template(change)]
    if template:
        yield from _restart(old, new, template, sides)
        rest = [change for change in rest if change not in template]
    elif old.kind in ROLLING and _held(new) < _held(old) and _held(new) < _replicas(new):
        those = f"its pods from number {_held(new):g} on" if _held(new) else "its pods"
        yield Meaning(RESTART, f"{those} restart if they have an older template")
    if old.kind == "StatefulSet" and _first(old) != _first(new):
        claims = " with their own claims" if uses.claims(new) else ""
        those = f"those below {_first(new)}" if _first(new) > _first(old) else "its last ones"
        yield Meaning(RESTART, f"its pods get other numbers: {those} stop, and others start{claims}")
    for change in list(rest):
        if change.path == ("spec", "replicas") and _counts(change):
            # Without the field, the API server sets 1, whatever an autoscaler makes of it later.
            left = change.old is ABSENT and _scaler(old, sides[0]) and not _scaler(new, sides[1])
            if _replicas(old) != _replicas(new) or left:
                rest.remove(change)
                yield _scaled(change, (old, new), sides)
            if uses.claims(new) and _replicas(new) < _replicas(old):
                gone = any(value == "Delete" for _, value in at(new.data, f"{_retention(new)}.whenScaled"))
                yield _claims_left(new, gone, range(_replicas(new), _replicas(old)))
        elif old.kind == "PersistentVolumeClaim" and change.path == ("spec", "resources", "requests", "storage"):
            rest.remove(change)
            sizes = " to ".join(harmless.formed(each, "none") for each in (change.old, change.new))
            text = f"grows from {sizes}"
            yield Meaning(CHANGE, text, "it must be bound, and its StorageClass must have allowVolumeExpansion: true")
        elif change.path == ("spec", "paused"):
            rest.remove(change)
            later = "is paused no longer: its pods restart if their template changed meanwhile"
            yield Meaning(CHANGE, "is paused: its pods stay as they are" if change.new is True else later)
        elif old.kind == "Service" and (field := clients.of_field(change)):
            rest.remove(change)
            yield Meaning(OUTAGE if field[0] else CHANGE, field[1])
    specs = [
        [pod.spec for pod in render.pods if pod.owner is each] for each, render in zip((old, new), sides, strict=True)
    ]
    theirs = old.kind not in (*ROLLING, *SINGLE, *ENDING) and all(specs) and specs[0] != specs[1]
    if theirs:
        yield Meaning(RESTART, "its controller can restart its pods: their template changes")
    for closes, said in annotations.changed(old, new):
        yield Meaning(OUTAGE if closes else CHANGE, said)
    if any(change.path[0] == "spec" for change in rest):
        yield from _guards(new, "changed")
        if controllers.unknown(new) and not theirs:
            yield Meaning(CHANGE, f"{UNKNOWN}: its controller can restart pods, or refuse the change")
    if keeps(old) and not keeps(new):
        yield Meaning(CHANGE, "Helm deletes it with the release from now on: it is kept no longer")
    around = list(_around(old, new, sides))
    yield from around
    rest = [each for each in rest if not (around and bounds.covers(new, each))]
    yield from _paused(old, new)
    yield from _raised(new, sides)
    yield from _unmade(old, new, sides)
    yield from _lacking(old, new, sides)
    yield from _unmoved(old, rest, sides)
    if rest:
        yield Meaning(CHANGE, _list(rest))


def _guards(each: Object, did: str) -> Iterator[Meaning]:
    for closes, said in annotations.guarding(each, did):
        yield Meaning(OUTAGE if closes else CHANGE, said)


def _paused(old: Object | None, new: Object) -> Iterator[Meaning]:
    for stops, said in controllers.paused(old, new):
        yield Meaning(OUTAGE if stops else CHANGE, said)


def _lacking(old: Object, new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Keys of a ConfigMap or a Secret that go, and what needs them."""
    if old.kind not in uses.FILES or is_hook(old):
        return
    for user, keys, how in uses.lacking(old, new, sides):
        them = "it" if len(keys) == 1 else "them"
        said = f"{user.title} still uses {uses.keyed(keys)}, and its new pods do not start without {them} ({how})"
        yield Meaning(OUTAGE, said, f"keep {them}, or change what uses {them}")
    if kept := uses.gone(old, new)[1]:
        said = f"the cluster keeps {uses.keyed(sorted(kept))}: Helm removes nothing that stringData has set"
        yield Meaning(CHANGE, said)


def _unmoved(files: Object, changes: list[Change], sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Pods that go on with the old contents of a ConfigMap or a Secret."""
    if files.kind in uses.FILES and not is_hook(files):
        # Several pods of one workload can use it, such as the leader and the workers of a group.
        for restarts, said, remedy in dict.fromkeys(uses.unmoved(files, changes, sides, _same_pods)):
            yield Meaning(RESTART if restarts else CHANGE, said, remedy)
        keys = {str(change.path[1]) for change in changes if len(change.path) > 1 and change.path[0] in uses.PARTS}
        yield from (Meaning(OUTAGE, said) for said in behind.unsigned(files, keys, sides[1]))


def _same_pods(old: Object, new: Object) -> bool:
    """Whether a workload's pods stay as they are."""
    waits = _held(new) >= _replicas(new) > 0 or map_at(new.data, "spec").get("paused") is True
    replaces = _in_template
    if new.kind == "RayService":
        waits, replaces = map_at(new.data, "spec.upgradeStrategy").get("type") == "None", _in_cluster
    return waits or not any(replaces(each) and not stays(each, old, new) for each in differing(old, new))


def _deleted_after(hook: Object) -> bool:
    """Whether Helm deletes what a hook made as soon as it has succeeded."""
    return "hook-succeeded" in str(map_at(hook.data, "metadata.annotations").get("helm.sh/hook-delete-policy"))


def _refusals(new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What else than a field of its own lets an object be refused."""
    yield from _taken(new, sides)
    hook = sides[0].find(new.kind, new.name, new.namespace)
    if hook and is_hook(hook) and not is_hook(new) and not _deleted_after(hook):
        marks = "the label app.kubernetes.io/managed-by and the annotations meta.helm.sh/release-name and"
        marks += " meta.helm.sh/release-namespace"
        remedy = f"delete it before the upgrade, or give it {marks} as Helm does"
        yield Meaning(REFUSED, "Helm does not take over what a hook made, if it exists", remedy)
    named = (new.kind, new.name, new.namespace)
    maker = next((each for each in sides[0].objects if named in controllers.made(each)), None)
    if maker and not sides[0].find(*named):
        yield Meaning(REFUSED, f"Helm does not take over what the controller of {maker.title} made", "use another name")
    was = sides[0].find(*named)
    if was and was.maker and not new.maker:
        remedy = f"before the upgrade, run: kubectl delete {addressed(was.maker)}, which also deletes this {new.kind}"
        yield Meaning(REFUSED, f"Helm does not take over what the controller of {was.maker.title} made", remedy)
    if not is_hook(new):
        yield from (Meaning(REFUSED, said, way_out) for said, way_out in webhooks.refused(new, *sides))


# --- pods ------------------------------------------------------------------------------------------------------------


def _retention(each: Object) -> str:
    inner = "leaderWorkerTemplate." if each.kind == "LeaderWorkerSet" else ""
    return f"spec.{inner}persistentVolumeClaimRetentionPolicy"


def _in_template(change: Change) -> bool:
    return change.below("spec", "template") or change.below("spec", "leaderWorkerTemplate")


def _in_cluster(change: Change) -> bool:
    """Whether KubeRay replaces a cluster for a change, and does not only add pods to the one that runs."""
    if not change.below("spec", "rayClusterConfig") or str(change.path[-1]).lower().endswith("replicas"):
        return False
    groups = change.path[2:] == ("workerGroupSpecs",) and isinstance(change.old, list) and isinstance(change.new, list)
    return not (groups and _sized(change.old) == _sized(change.new[: len(change.old)]))


def _sized(groups: list[Any]) -> list[Any]:
    """Groups of workers without their numbers of pods."""
    numbers = ("replicas", "minReplicas", "maxReplicas")
    return [{key: each[key] for key in each if key not in numbers} for each in groups if isinstance(each, dict)]


def _clustered(old: Object, new: Object, changes: list[Change], render: Render) -> Iterator[Meaning]:
    """The pods of a RayService: a second cluster next to the first, or nothing until somebody deletes that."""
    pods = [change for change in changes if _in_cluster(change)]
    why = _reasons(pods)
    waits = map_at(new.data, "spec.upgradeStrategy").get("type") == "None"
    if any(change.path == serving.SERVE for change in changes) and (waits or not pods):
        if serving.single(old):
            again = "Ray Serve has loaded the model again, with other settings"
            yield Meaning(OUTAGE, f"nothing answers until {again}: it stops the only copy first")
        else:
            yield Meaning(RESTART, "Ray Serve loads the model again, with other settings")
    if pods and waits:
        yield Meaning(CHANGE, f"its pods change when you delete its RayCluster: {why}")
    if waits or not pods:
        return
    yield Meaning(RESTART, f"KubeRay starts a second cluster and then stops the first: {why}")
    for name, count in _cards(new, render).items():
        yield Meaning(CHANGE, f"the rollout needs {_number(count)} more {name} for a time")


def _restart(old: Object, new: Object, template: list[Change], sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Pods are replaced: why, whether nothing answers meanwhile, and which cards two of them need."""
    strategy = _strategy(new)
    why = _reasons(template)
    if map_at(new.data, "spec").get("paused") is True:
        yield Meaning(CHANGE, f"its pods change when you resume it: {why}")
        return
    if strategy.get("type") == "OnDelete":
        yield Meaning(CHANGE, f"its pods change when you delete them: {why}")
        return
    replicas = _replicas(new)
    if old.kind != "DaemonSet" and replicas and _held(new) >= replicas and not _scaler(new, sides[1]):
        yield Meaning(CHANGE, f"its pods stay as they are until its partition is smaller: {why}")
        return
    if old.kind != "DaemonSet" and not (_replicas(old) and replicas):
        yield Meaning(CHANGE, f"its next pods have another template: {why}")
        yield from _more_cards(old, new, sides)
        return
    held = _held(new)
    those = f"its pods from number {held:g} on" if held else "its pods"
    yield Meaning(RESTART, f"{those} restart: {why}")
    # An autoscaler that is new sets its number only after the rollout began, with the one pod of a field that is gone.
    numbered = any("replicas" in map_at(each.data, "spec") for each in (old, new)) or not _scaler(new, sides[1])
    scaler = None if numbered else _scaler(old, sides[0])
    if scaler:
        replicas = max(_least(scaler), 1)
    surge, away = _rolling(new, strategy, replicas)
    away = min(away, max(replicas - int(held), 0))
    # A DaemonSet has a pod on each node, how many is not known.
    every = replicas and away >= replicas and _replicas(old) and old.kind != "DaemonSet"
    if needs := uses.unmet(new, sides):
        said = "nothing answers any more: every old pod stops first, and" if every else "its rollout does not end:"
        yield Meaning(OUTAGE, f"{said} new pods do not start without {', '.join(needs)}")
    elif every:
        yield Meaning(OUTAGE, "nothing answers until the new pods are ready: every old pod stops first")
    for name, count in _cards(new, sides[1]).items():
        if surge and replicas:
            least = "at least " if scaler else ""
            yield Meaning(CHANGE, f"the rollout needs {least}{_number(count * surge)} more {name} for a time")
    if old.kind != "DaemonSet":
        yield from _more_cards(old, new, sides)


def _strategy(each: Object) -> dict[str, Any]:
    """How a workload replaces its pods, with the names that Kubernetes' own kinds have for it."""
    said = map_at(each.data, "spec.rolloutStrategy")
    if each.kind == "LeaderWorkerSet":
        return {**said, "rollingUpdate": map_at(said, "rollingUpdateConfiguration")}
    return map_at(each.data, "spec.updateStrategy") or map_at(each.data, "spec.strategy")


def _held(each: Object) -> float:
    """How many pods of a workload keep their template, from its first on: its partition; all of them by OnDelete."""
    strategy = _strategy(each)
    partition = map_at(strategy, "rollingUpdate").get("partition")
    if strategy.get("type") == "OnDelete":
        return math.inf
    return max(partition, 0) if isinstance(partition, int) else 0


def _more_cards(old: Object, new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    before, after = _cards(old, sides[0]), _cards(new, sides[1])
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name, 0) * _replicas(old), after.get(name, 0) * _replicas(new)
        if one != two:
            yield Meaning(CHANGE, f"requests {_number(two)} {name} in place of {_number(one)}")


def _reasons(template: list[Change]) -> str:
    """What changed in a pod template, the places people know first."""
    said = []
    for change in template:
        where = _brief(change)
        if where.startswith("annotation") and "checksum" in where:
            said.append((9, f"the contents of its {where.rpartition('/')[2]} changed"))
        elif change.path[-2:] in VERSIONS:
            said.append((8, f"{where} {change.values()}"))
        elif where.endswith("image"):
            said.append((0, f"{where} {change.values()}"))
        else:
            said.append((5, f"{where} {change.values()}"))
    texts = list(dict.fromkeys(text for _, text in sorted(said, key=lambda each: each[0])))
    more = f", and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


def _brief(change: Change) -> str:
    """A place in a pod template without the way to it: `server: env[HOME].value`."""
    path = list(change.path)
    if path[:2] == ["spec", "rayClusterConfig"] and "template" in path:
        path = path[path.index("template") :]
    for step in ("spec", "leaderWorkerTemplate", "template", "leaderTemplate", "workerTemplate", "spec"):
        if path and path[0] == step:
            path.pop(0)
    if path[:2] == ["metadata", "annotations"]:
        return " ".join(["annotation", *(str(part) for part in path[2:])]) if path[2:] else "annotations"
    if len(path) > 1 and path[0] in ("containers", "initContainers"):
        inner = Change(tuple(path[2:]), None, None).where
        return f"{str(path[1]).strip('[]')}: {inner}" if inner else f"container {str(path[1]).strip('[]')}"
    return Change(tuple(path), None, None).where


def _scaled(change: Change, both: tuple[Object, Object], sides: tuple[Render, Render]) -> Meaning:
    """Another number of pods. What an autoscaler makes of it is not in the manifests."""
    before, after = (_scaler(each, render) for each, render in zip(both, sides, strict=True))
    old, now = (1 if value is ABSENT else value for value in (change.old, change.new))
    if before and change.old is ABSENT:
        old = f"the number that {before.title} has set"
    if now == 0:
        return Meaning(OUTAGE, f"runs no pods any more (replicas {old} → 0)")
    cards = ", ".join(f"{_number(count * int(now))} {name}" for name, count in _cards(both[1], sides[1]).items())
    until = f" until {after.title} sets another number" if after else ""
    # A replica of a LeaderWorkerSet is a group of pods.
    one = "group of pods" if both[1].kind == "LeaderWorkerSet" else "pod"
    many = "groups of pods" if both[1].kind == "LeaderWorkerSet" else "pods"
    said = f"runs {now} {one if now == 1 else many} in place of {old}{until}"
    return Meaning(CHANGE, said + (f", which request {cards}" if cards else ""))


def _least(scaler: Object) -> int:
    """The number of pods that an autoscaler keeps at least."""
    spec = map_at(scaler.data, "spec")
    least = spec.get("minReplicas", spec.get("minReplicaCount", 0 if scaler.kind == "ScaledObject" else 1))
    return least if isinstance(least, int) else 1


def _raised(scaler: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Pods that an autoscaler adds as soon as it is there, because it keeps more of them than there were."""
    each = next((each for each in sides[1].objects if scaler.kind in SCALERS and scales(scaler, each)), None)
    old = sides[0].find(each.kind, each.name, each.namespace) if each else None
    if not each or not old:
        return
    before = _scaler(old, sides[0])
    count = _least(before) if before and "replicas" not in map_at(old.data, "spec") else _replicas(old)
    least = _least(scaler)
    if least > count:
        cards = ", ".join(f"{_number(number * least)} {name}" for name, number in _cards(each, sides[1]).items())
        said = f"{each.title} runs at least {least} pods, and ran {'at least ' if before else ''}{count}"
        yield Meaning(CHANGE, said + (f": they request {cards}" if cards else ""))


def _scaler(each: Object, render: Render) -> Object | None:
    """What scales a workload, if the release has it."""
    return next((other for kind in SCALERS for other in render.of(kind) if scales(other, each)), None)


def scales(scaler: Object, each: Object) -> bool:
    """Whether an autoscaler is for a workload."""
    target = map_at(scaler.data, "spec.scaleTargetRef")
    named = (str(target.get("kind") or "Deployment"), target.get("name"), scaler.namespace)
    return named == (each.kind, each.name, each.namespace)


def _counts(change: Change) -> bool:
    """Whether numbers of pods are numbers; other values are refused."""
    return all(value is ABSENT or isinstance(value, int) for value in (change.old, change.new))


def _replicas(each: Object) -> int:
    found = map_at(each.data, "spec").get("replicas", 1)
    return found if isinstance(found, int) else 1


def _rolling(each: Object, strategy: dict[str, Any], replicas: int) -> tuple[int, int]:
    """How many pods a rollout runs in addition, and how many it stops before others are ready."""
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = map_at(strategy, "rollingUpdate")
    usual = ("25%", "25%") if each.kind == "Deployment" else (0, 1)
    surge = _share(rolling.get("maxSurge", usual[0]), replicas, math.ceil)
    away = _share(rolling.get("maxUnavailable", usual[1]), replicas, math.floor)
    # Where shares of few pods come to none, Kubernetes stops one.
    return surge, away if surge else max(away, 1)


def _share(value: Any, replicas: int, rounded: Any) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return int(rounded(int(value[:-1]) * replicas / 100))
    return value if isinstance(value, int) else 0


def _cards(each: Object, render: Render) -> dict[str, float]:
    """The accelerators that a pod of a workload requests, a group, or all pods of a RayService: resource -> number."""
    found: dict[str, float] = {}
    pods = [pod for pod in render.pods if pod.owner is each]
    size = map_at(each.data, "spec.leaderWorkerTemplate").get("size", 1)
    size = size if isinstance(size, int) else 1
    for pod in pods:
        workers = size - (len(pods) > 1) if "workerTemplate" in pod.path else _hosts(each, pod)
        for name, count in cards_of(pod, render).items():
            found[name] = found.get(name, 0) + count * workers
    return found


def _hosts(each: Object, pod: Pod) -> int:
    """How many pods of a RayService have this template; 1 for other workloads."""
    groups = list(maps(each.data, "spec.rayClusterConfig.workerGroupSpecs[]"))
    group = next((found for path, found in groups if pod.path[: len(path)] == path), {})
    count = [group.get(name, 1) for name in ("replicas", "numOfHosts")]
    return math.prod(each for each in count if isinstance(each, int))


def cards_of(pod: Pod, render: Render) -> dict[str, float]:
    """The accelerators that a pod requests, by name: extended resources, and devices by their DeviceClass."""
    found: dict[str, float] = {}
    for _, container in pod.containers():
        for name, count in map_at(container, "resources.limits").items():
            if not str(name).startswith(USUAL) and quantity(count):
                found[str(name)] = max(found.get(str(name), 0), 0) + (quantity(count) or 0)
    for _, name in at(pod.spec, "resourceClaims[].resourceClaimTemplateName"):
        claim = render.find("ResourceClaimTemplate", str(name), pod.owner.namespace)
        for _, request in maps(claim.data if claim else {}, "spec.spec.devices.requests[]"):
            # The first choice of several, or the request itself, as its older form.
            wanted = next(
                (each for _, each in maps(request, "firstAvailable[]")), map_at(request, "exactly") or request
            )
            count = quantity(wanted.get("count", 1)) if wanted.get("allocationMode") != "All" else None
            if count and "deviceClassName" in wanted:
                of_class = str(wanted["deviceClassName"])
                found[of_class] = found.get(of_class, 0) + count
    return found


def _number(count: float) -> str:
    return f"{count:g}"


# --- ways in ---------------------------------------------------------------------------------------------------------


def _taken(new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Ports of the nodes that another Service has when Helm comes to this one.

    Helm creates and changes the objects of a kind in the order of the chart, and deletes others after that.
    """
    before, after = sides
    ports = _node_ports(new) if new.kind == "Service" else set()
    order = [(each.namespace, each.name) for each in after.objects if each.kind == "Service"] if ports else []
    for other in before.objects if ports else ():
        named = (other.namespace, other.name)
        if other.kind != "Service" or named == (new.namespace, new.name):
            continue
        now = after.find("Service", other.name, other.namespace)
        for port in sorted(ports & _node_ports(other), key=str):
            if now is None or not _gives_up(now, port):
                remedy = f"use another port, or delete it before the upgrade: kubectl delete {addressed(other)}"
                said = f"node port {port} belongs to Service {other.name} until the upgrade ends"
                yield Meaning(REFUSED, said, remedy)
            elif order.index(named) > order.index((new.namespace, new.name)):
                said = f"node port {port} belongs to Service {other.name}, which Helm changes after this one"
                yield Meaning(REFUSED, said, "use another port, or give it up there in an upgrade before")


def _gives_up(service: Object, port: Any) -> bool:
    """Whether a Service has a port of the nodes no more. Where it sets no port, it keeps the one that it was given."""
    ports = [each.get("nodePort") for _, each in maps(service.data, "spec.ports[]")]
    return port not in ports and (all(ports) or map_at(service.data, "spec").get("type") not in NODES)


def _node_ports(service: Object) -> set[Any]:
    return {port for _, port in at(service.data, "spec.ports[].nodePort")}


def _list(rest: list[Change]) -> str:
    """Changes without a meaning of their own."""
    more = f", and {len(rest) - MOST} more" if len(rest) > MOST else ""
    return ", ".join(map(str, rest[:MOST])) + more


def steady(each: Object, other: Object, random: frozenset[tuple[str, Key]]) -> list[Change]:
    """The changes of an object as it is stored, but for those at random places, and of what nothing notices."""
    return [
        # Annotations of a Secret can have its contents, as kubectl apply writes them.
        replace(
            change,
            hidden=each.kind == "Secret" and change.path[0] in (*uses.PARTS, "metadata"),
            group=str(each.data.get("apiVersion")).rpartition("/")[0],
        )
        for change in differing(each, other)
        if (each.title, change.path) not in random and change.path not in IGNORED
    ]
