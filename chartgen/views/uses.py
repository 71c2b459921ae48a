"""Who uses an object: pods that go on with the old contents of a file, and what still names an object that goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs import dangling
from ..proofs.manifests import Object, Pod, Render, claim_templates, map_at, maps
from ..reading.yamlfile import Key
from . import controllers, harmless
from . import named as others
from .changes import Change
from .immutable import addressed, keeps
from .sides import is_hook

FILES = ("ConfigMap", "Secret")
PARTS = ("data", "stringData", "binaryData")
# Annotations of a controller that restarts the pods of a workload when its files change.
RELOADER = "reloader.stakater.com/"
RESTARTED = ("Deployment", "StatefulSet", "DaemonSet")  # by `kubectl rollout restart`


def keys_changed(changes: list[Change]) -> set[str]:
    """The keys of a ConfigMap or a Secret whose contents differ."""
    found: set[str] = set()
    for change in changes:
        if change.path[0] in PARTS:
            if len(change.path) < 2:
                both = [part for part in (change.old, change.new) if isinstance(part, dict)]
                found |= {str(key) for part in both for key in part}
            else:
                found.add(str(change.path[1]))
    return found


def still(gone: Object, after: Render) -> list[Object]:
    """The objects that still name an object which is deleted, and need it."""
    named = (gone.kind, gone.name, gone.namespace)
    return [] if any(named in controllers.made(each) for each in after.objects) else users(named, after)


def users(named: tuple[str, str, str], render: Render) -> list[Object]:
    """The objects that need the object of this kind, name and namespace."""
    return list({**dangling.needed(render).get(named, {}), **others.users(named, render)}.values())


def gone(old: Object, new: Object) -> tuple[set[str], set[str]]:
    """The keys that a ConfigMap or a Secret does not have any more, and those that only its manifest does not.

    The API server stores what stringData sets as data, of which neither a patch of Helm nor its server-side apply
    removes it again.
    """
    lost = dangling.keys_of(old) - dangling.keys_of(new)
    kept = {str(key) for key in map_at(old.data, "stringData")} if old.kind == "Secret" else set()
    return lost - kept, lost & kept


def lacking(old: Object, new: Object, sides: tuple[Render, Render]) -> Iterator[tuple[Object, list[str], str]]:
    """Whose pods need keys of a ConfigMap or a Secret that go: (the workload, the keys, how Kubernetes reports it)."""
    lost, named = gone(old, new)[0], (new.kind, new.name, new.namespace)
    found: dict[str, tuple[Object, set[str], set[str]]] = {}
    for pod in sides[1].pods if lost else ():
        # A Job that is there has run.
        done = pod.owner.kind == "Job" and sides[0].find("Job", pod.owner.name, pod.owner.namespace)
        for each in dangling.of_pod(pod) if not done and not pod.owner.hooked else ():
            keys = {key for _, key in each.used()} & lost
            if each.named == named and keys and not each.optional:
                _, needs, how = found.setdefault(f"{pod.owner.namespace}/{pod.owner.title}", (pod.owner, set(), set()))
                needs.update(keys)
                how.add("FailedMount" if "volumes" in each.path else "CreateContainerConfigError")
    for owner, needs, how in found.values():
        yield owner, sorted(needs), " or ".join(sorted(how))


def unmet(owner: Object, sides: tuple[Render, Render]) -> list[str]:
    """What the next pods of a workload need, and do not start without, because it goes in the upgrade."""
    found = []
    for each in (each for pod in sides[1].pods if pod.owner is owner for each in dangling.of_pod(pod)):
        kind, name, namespace = each.named
        old, new = (side.find(kind, name, namespace) for side in sides)
        # Without the credentials of a registry, a pod starts if its node has the image.
        if old is None or each.optional or each.row.where.startswith("imagePullSecrets"):
            continue
        if new is not None:
            lost = gone(old, new)[0] if kind in FILES else set()
            found += [f"{keyed([key])} of {old.title}" for _, key in each.used() if key in lost]
        elif not keeps(old) and not is_hook(old) and owner in still(old, sides[1]):
            found.append(old.title)
    return sorted(set(found))


def keyed(keys: list[str]) -> str:
    """Keys of a ConfigMap or a Secret in a sentence."""
    return f"the {'key' if len(keys) == 1 else 'keys'} {', '.join(str(harmless.key(key)) for key in keys)}"


def unmade(old: Object, new: Object | None, after: Render) -> Iterator[tuple[Object, str]]:
    """Who uses a Secret that the controller of an object made and does not keep: (the user, what becomes of it)."""
    for named in sorted(controllers.made(old) - controllers.made(new)):
        again = any(named in controllers.made(each) for each in after.objects if each is not new)
        for user in () if again or after.find(*named[:2], named[2]) else users(named, after):
            secret = f"Secret {named[1]}"
            if old.kind == "Certificate":
                yield user, f"nothing renews the certificate in {secret} any more, which {user.title} uses"
            else:
                pods = ", and its new pods do not start without it" if any(p.owner is user for p in after.pods) else ""
                yield user, f"its controller deletes the {secret}: {user.title} still uses it{pods}"


def unmoved(
    files: Object, changes: list[Change], sides: tuple[Render, Render], same: Any
) -> Iterator[tuple[bool, str, str]]:
    """The workloads whose running pods keep the old contents of a ConfigMap or a Secret: (False, what is so, what to
    do), or (True, what is so, "") where a controller can restart them.

    `same` says whether a workload, old and new, keeps its pods.
    """
    new = sides[1].find(files.kind, files.name, files.namespace)
    keys = keys_changed(changes) - (gone(files, new)[1] if new else set())
    for pod in sides[1].pods if keys else ():
        old = sides[0].find(pod.owner.kind, pod.owner.name, pod.owner.namespace)
        annotations = {**map_at(pod.owner.data, "metadata.annotations"), **_annotations(pod)}
        if old is None or pod.passing or pod.owner.kind == "Pod" or not same(old, pod.owner):
            continue
        how = {_how(pod, each) for each in dangling.of_pod(pod) if _uses(each, files, keys)} - {""}
        needs = unmet(pod.owner, sides) if how else []
        if any(each.endswith(f" of {files.title}") for each in needs):
            continue  # `lacking` says more
        if needs:
            yield (
                False,
                _sentence(pod.owner, how),
                f"if you restart them, new ones do not start without {', '.join(needs)}",
            )
        elif how and _reloaded(annotations, files):
            yield True, f"the pods of {pod.owner.title} restart if the cluster runs Stakater's Reloader", ""
        elif how:
            yield False, _sentence(pod.owner, how), _restart(pod.owner)


def _reloaded(annotations: dict[str, Any], files: Object) -> bool:
    """Whether the annotations of a workload ask Reloader to restart its pods when a file changes."""
    said = [str(value) for name, value in annotations.items() if RELOADER in str(name)]
    return any("true" in value.lower() or files.name in map(str.strip, value.split(",")) for value in said)


def _uses(each: dangling.Reference, files: Object, keys: set[str]) -> bool:
    if each.named != (files.kind, files.name, files.namespace):
        return False
    used = {key for _, key in each.used()}
    return not used or bool(used & keys)


def _how(pod: Pod, each: dangling.Reference) -> str:
    """How a pod has the contents: `start` in variables or one file, `files` in a volume, `init` before its start."""
    inner: Key = each.path[len(pod.path) :]
    if inner[:1] == ("volumes",):
        name = pod.spec["volumes"][inner[1]].get("name")
        found = [_mounted(path, box, mount) for path, box, mount in _mounts(pod, name)]
        return next((how for how in ("start", "files", "init") if how in found), "")
    if inner[:1] in (("containers",), ("initContainers",)):
        return "start" if _lasting(pod, inner) else "init"
    return ""


def _mounts(pod: Pod, name: Any) -> Iterator[tuple[Key, dict[str, Any], dict[str, Any]]]:
    for path, box in pod.containers():
        for _, mount in maps(box, "volumeMounts[]"):
            if mount.get("name") == name:
                yield path[len(pod.path) :], box, mount


def _mounted(path: Key, box: dict[str, Any], mount: dict[str, Any]) -> str:
    if path[0] == "initContainers" and box.get("restartPolicy") != "Always":
        return "init"
    return "start" if mount.get("subPath") or mount.get("subPathExpr") else "files"


def _lasting(pod: Pod, inner: Key) -> bool:
    """Whether a container runs as long as its pod."""
    return inner[0] == "containers" or pod.spec[inner[0]][inner[1]].get("restartPolicy") == "Always"


def _sentence(owner: Object, how: set[str]) -> str:
    if "start" in how:
        return f"the running pods of {owner.title} keep the old values: they do not restart"
    if "files" in how:
        return (
            f"the files in the pods of {owner.title} change within some minutes, and the pods do not restart:"
            " a program that reads them only when it starts keeps the old ones"
        )
    return f"{owner.title} uses it when its next pods start: the running ones do not restart"


def _restart(owner: Object) -> str:
    if owner.kind in RESTARTED:
        return f"to use it now, run after the upgrade: kubectl rollout restart {addressed(owner)}"
    return "to use it now, delete the pods after the upgrade"


def _annotations(pod: Pod) -> dict[str, Any]:
    node: Any = pod.owner.data
    for step in pod.path[:-1]:
        node = node[step]
    return map_at(node, "metadata.annotations")


def claims(each: Object) -> list[str]:
    """The names of the claim templates of a workload."""
    return [str(map_at(claim, "metadata").get("name")) for _, claim in claim_templates(each)]
