"""PersistentVolumes for claims that nobody else makes any for, as long as the run lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chartgen.problem import ToolError

from .cluster import Cluster, Object, Refused, Resource, create, get
from .fixtures import LABEL, provisions

EVERY = 0.3  # seconds between two looks at the claims
VOLUMES = Resource("v1", "PersistentVolume", "persistentvolumes", namespaced=False, listed=True)


def volume(claim: Object, run: str) -> Object:
    """A PersistentVolume for one claim, which nobody else can take; it lies in a folder of the node."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = f"{metadata['namespace']}-{metadata['name']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{name}-{metadata['uid'][:8]}", "labels": {LABEL: run}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "storageClassName": spec.get("storageClassName", ""),
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {key: metadata[key] for key in ("namespace", "name", "uid")},
            "hostPath": {"path": f"/tmp/{LABEL}/{run}/{name}", "type": "DirectoryOrCreate"},
        },
    }


def waits(claim: Object, classes: dict[str, Object]) -> bool:
    """Whether a claim has no volume, and nobody but us will make one."""
    spec = claim["spec"]
    if spec.get("volumeName") or claim["metadata"].get("deletionTimestamp"):
        return False
    return not provisions(classes.get(spec.get("storageClassName") or "", {}))


@contextmanager
def provided(cluster: Cluster, run: str, classes: list[Object], say: Callable[[str], None]) -> Iterator[None]:
    """Make a volume for every claim in the namespaces of a run, whoever makes the claims, until the end."""
    end = threading.Event()
    known = {each["metadata"]["name"]: each for each in classes}
    thread = threading.Thread(target=_provide, args=(cluster, run, known, end, say), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _provide(
    cluster: Cluster, run: str, classes: dict[str, Object], end: threading.Event, say: Callable[[str], None]
) -> None:
    made = set()
    while not end.wait(EVERY):
        try:
            for claim in get(cluster, "/api/v1/persistentvolumeclaims")["items"]:
                uid = claim["metadata"]["uid"]
                if uid not in made and claim["metadata"]["namespace"].endswith(f"-{run}") and waits(claim, classes):
                    create(cluster, VOLUMES, volume(claim, run))
                    made.add(uid)
        except (Refused, ToolError) as error:
            say(f"volumes: {error}")
