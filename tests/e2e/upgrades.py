"""Changes of immutable fields: what the API server refuses, the chart refuses before, and the way out works.

`python -m tests.e2e.upgrades [NAME…]`, on the cluster that KUBECONFIG names. Each file in upgrades/ is a case:

before  the values of the installation
after   those of the upgrade
says    texts of the chart's refusal; without them, chart and API server both take the upgrade
ways    each leads out: `run`, the command in the refusal is run; `set`, values laid over `after`; `claims`, claims to
        make before. `stays` are objects that are the same afterwards.
bound   false if the claims have no volumes
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chartgen.chart.valuesfile import coalesced
from chartgen.programs import tools

from .cluster import Cluster, Object, Resource, connected, create, delete, get, there
from .fixtures import LABEL, NO_PROVISIONER
from .helm import Failed, Helm, environment, run
from .volumes import VOLUMES, provided

CASES = Path(__file__).parent / "upgrades"
CHART = "charts/llm-stack"
JOBS = 4
SOON = 60.0
OFF = {"upgradeChecks": {"enabled": False}}
NAMESPACES = Resource("v1", "Namespace", "namespaces", namespaced=False, listed=True)
CLAIMS = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced=True, listed=True)
PODS = Resource("v1", "Pod", "pods", namespaced=True, listed=True)
CLASSES = Resource("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False, listed=True)


@dataclass(frozen=True)
class Place:
    """Where a case runs: the cluster, a namespace, and a folder for its values."""

    cluster: Cluster
    helm: Helm
    namespace: str
    folder: Path


def main(names: list[str]) -> int:
    kubeconfig = os.environ.get("KUBECONFIG", "")
    if not kubeconfig:
        print("upgrades: KUBECONFIG is not set; let it name the cluster that may be used", file=sys.stderr)
        return 2
    cases = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(CASES.glob("*.yaml"))}
    chosen = [(name, case) for name, case in cases.items() if not names or name in names]
    found = tools.ensure(["helm", "helm3"], print)
    name = secrets.token_hex(2)
    with connected(kubeconfig) as cluster, tempfile.TemporaryDirectory(prefix="e2e-upgrades-") as place:
        env = environment(Path(place) / "helm", kubeconfig)
        stop = threading.Event()
        helms = [Helm(label, found[label].path, env, 60, stop) for label in ("helm", "helm3")]
        made = _classes(cluster)
        try:
            with provided(cluster, name, made, print), ThreadPoolExecutor(JOBS) as pool:
                trials = [
                    pool.submit(_trial, cluster, helm, Path(place), name, title, case, n)
                    for title, case in chosen
                    for helm in helms
                    for n in range(max(1, len(case.get("ways", ()))))
                ]
                failures = [each.result() for each in trials]
        finally:
            _remove(cluster, name)
    print(f"upgrades: {len(chosen)} cases, {len(trials)} upgrades, {sum(map(bool, failures))} failures")
    return 1 if any(failures) else 0


def _trial(cluster: Cluster, helm: Helm, folder: Path, run_: str, title: str, case: Object, way: int) -> str:
    """A case with one of its ways out, in a namespace; what went wrong, empty if nothing did."""
    namespace = f"e2e-up-{title}-{helm.label}-{way}"[: 62 - len(run_)].rstrip("-") + f"-{run_}"
    place, start = Place(cluster, helm, namespace, folder), time.monotonic()
    metadata = {"name": namespace, "labels": {LABEL: run_}}
    create(cluster, NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    try:
        failed = _refused(place, case, way) if case.get("says") else _taken(place, case)
    except Failed as error:
        failed = str(error)
    finally:
        delete(cluster, NAMESPACES.path(name=namespace))
    said = f"FAILED: {failed}" if failed else "fine"
    print(f"upgrades: {title}: {helm.label}: way {way + 1}: {said} ({time.monotonic() - start:.1f} s)", flush=True)
    return failed


def _taken(place: Place, case: Object) -> str:
    """The chart and the API server take the change, and the same values again."""
    _install(place, case)
    _helm(place, "upgrade", case["after"])
    _helm(place, "upgrade", case["after"])
    return ""


def _refused(place: Place, case: Object, way: int) -> str:
    """The API server refuses the change, the chart refuses it before, and the way out leads out."""
    _install(place, case)
    if not _said(place, coalesced(case["after"], OFF)):
        return "the API server takes the change"
    refusal = _said(place, case["after"])
    missing = [text for text in case["says"] if text not in refusal]
    if missing:
        return f"the chart does not say {missing}: {refusal}"
    out = case["ways"][way]
    before = _seen(place)
    for name in out.get("claims", ()):
        spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}}
        metadata = {"name": name, "namespace": place.namespace}
        create(
            place.cluster,
            CLAIMS,
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec},
        )
    if out.get("run"):
        (command,) = re.findall(r"`([^`]*)`", refusal)
        subprocess.run(shlex.split(command), env=place.helm.environment, check=True, capture_output=True, text=True)
    values = coalesced(case["after"], out.get("set", {}))
    _helm(place, "upgrade", values)
    _helm(place, "upgrade", values)
    after = _seen(place)
    return "; ".join(f"{each} is another" for each in out.get("stays", ()) if before[each] != after.get(each))


def _install(place: Place, case: Object) -> None:
    """Install, and wait until every claim has a volume and every pod is there."""
    _helm(place, "install", case["before"])
    end = time.monotonic() + SOON
    while case.get("bound", True) and not _settled(place):
        if time.monotonic() > end:
            raise Failed("the claims of the installation are not bound")
        time.sleep(0.3)


def _settled(place: Place) -> bool:
    claims = get(place.cluster, CLAIMS.path(place.namespace))["items"]
    pods = get(place.cluster, PODS.path(place.namespace))["items"]
    return bool(pods) and all(each["status"].get("phase") == "Bound" for each in claims)


def _seen(place: Place) -> dict[str, str]:
    """The claims and pods that exist: Kind/name -> uid."""
    return {
        f"{kind.kind}/{each['metadata']['name']}": each["metadata"]["uid"]
        for kind in (CLAIMS, PODS)
        for each in get(place.cluster, kind.path(place.namespace))["items"]
    }


def _said(place: Place, values: dict[str, Any]) -> str:
    """The error of an upgrade, empty if there is none."""
    try:
        _helm(place, "upgrade", values)
    except Failed as error:
        return str(error)
    return ""


def _helm(place: Place, verb: str, values: dict[str, Any]) -> None:
    file = place.folder / f"{place.namespace}.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    # Without values, Helm would upgrade to those of the last revision.
    flags = ["--reset-values"] if verb == "upgrade" else []
    run(place.helm, [verb, "llm", CHART, f"--namespace={place.namespace}", f"--values={file}", *flags])


def _classes(cluster: Cluster) -> list[Object]:
    """StorageClasses. Their claims get volumes by hand, except those of the one with a provisioner."""
    made = []
    for name in ("a", "b", "fixed", "grows", "waits"):
        item = {
            "apiVersion": CLASSES.api,
            "kind": CLASSES.kind,
            "metadata": {"name": f"llm-e2e-{name}"},
            "provisioner": "example.com/nobody" if name == "waits" else NO_PROVISIONER,
            "allowVolumeExpansion": name in ("grows", "waits"),
        }
        create(cluster, CLASSES, item)
        made.append(item)
    return made


def _remove(cluster: Cluster, run_: str) -> None:
    """Remove the volumes when no namespace of the run is left. The classes are the same in each run, and stay."""
    mine = f"?labelSelector={LABEL}%3D{run_}"
    end = time.monotonic() + SOON
    while get(cluster, NAMESPACES.path() + mine)["items"] and time.monotonic() < end:
        time.sleep(0.5)
    for item in get(cluster, VOLUMES.path() + mine)["items"]:
        if there(cluster, VOLUMES.path(name=item["metadata"]["name"])):
            delete(cluster, VOLUMES.path(name=item["metadata"]["name"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
