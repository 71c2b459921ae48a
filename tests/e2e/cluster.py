"""The cluster under test, asked through `kubectl proxy`.

Whatever KUBECONFIG says of certificates, tokens and plugins, kubectl understands; a request costs a millisecond then,
where a kubectl of its own would cost fifty.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chartgen.problem import ToolError

Object = dict[str, Any]
TIMEOUT = 60.0  # seconds for one request
PATIENCE = 60.0  # seconds in which one that is put off is asked again
FAKE = "kwok.x-k8s.io/node"


class Refused(Exception):
    """The API server says no: its code and its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Cluster:
    """`socket` is where the proxy listens; `version` is Kubernetes', `1.37.2`."""

    socket: str
    version: str


@dataclass(frozen=True)
class Resource:
    """A kind of object that the cluster knows; `api` is its group and version, `v1` for the core."""

    api: str
    kind: str
    plural: str
    namespaced: bool
    listed: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where one of them is, or all of a namespace, or all."""
        base = f"/apis/{self.api}" if "/" in self.api else f"/api/{self.api}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{base}{scope}/{self.plural}" + (f"/{name}" if name else "")


@contextmanager
def connected(kubeconfig: str) -> Iterator[Cluster]:
    """The cluster that a kubeconfig names, for as long as it is asked; ToolError where it cannot be reached."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise ToolError("kubectl: not on PATH; install it from https://kubernetes.io/docs/tasks/tools")
    with tempfile.TemporaryDirectory(prefix="e2e-") as place:
        path = str(Path(place, "api"))
        with open(Path(place, "log"), "w+", encoding="utf-8") as log:
            # A session of its own: Ctrl-C is for us, and what we made is removed through this very proxy.
            process = subprocess.Popen(
                [kubectl, "proxy", f"--unix-socket={path}"],
                env=os.environ | {"KUBECONFIG": kubeconfig},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield Cluster(path, _version(path, process, Path(log.name)))
            finally:
                process.terminate()
                process.wait()


def request(cluster: Cluster, method: str, path: str, body: Any = None) -> str:
    """What the API server answers; Refused where it refuses, ToolError where it is not there.

    One that asks for patience, as it does when kinds have only just been made known to it, gets it.
    """
    end = time.monotonic() + PATIENCE
    while True:
        status, said = _asked(cluster, method, path, body)
        if status != 429 or time.monotonic() > end:
            break
        time.sleep(1)
    if status >= 400:
        raise Refused(status, _message(said))
    return said


def _asked(cluster: Cluster, method: str, path: str, body: Any) -> tuple[int, str]:
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(TIMEOUT)
            link.connect(cluster.socket)
            connection = http.client.HTTPConnection("localhost")
            connection.sock = link
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise ToolError(f"the cluster does not answer {method} {path}: {error}") from None


def get(cluster: Cluster, path: str) -> Object:
    """The object, or the list, at a path."""
    return json.loads(request(cluster, "GET", path))


def there(cluster: Cluster, path: str) -> Object | None:
    """The object at a path; None where there is none."""
    try:
        return get(cluster, path)
    except Refused as refused:
        if refused.code == 404:
            return None
        raise


def create(cluster: Cluster, resource: Resource, item: Object) -> bool:
    """Create an object; False where one of that name is there already, which is left as it is."""
    try:
        request(cluster, "POST", resource.path(item["metadata"].get("namespace", "")), item)
    except Refused as refused:
        if refused.code == 409:
            return False
        raise
    return True


def delete(cluster: Cluster, path: str) -> None:
    """Ask for an object to be removed, if it is there; what it owns goes with it."""
    try:
        request(
            cluster, "DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        )
    except Refused as refused:
        if refused.code != 404:
            raise


def resources(cluster: Cluster) -> list[Resource]:
    """Every kind of object that the cluster knows, each in its preferred version."""
    groups = get(cluster, "/apis")["groups"]
    found = []
    for api in ("v1", *(group["preferredVersion"]["groupVersion"] for group in groups)):
        listing = there(cluster, f"/apis/{api}" if "/" in api else f"/api/{api}") or {"resources": ()}
        found += [
            Resource(api, each["kind"], each["name"], each["namespaced"], "list" in each["verbs"])
            for each in listing["resources"]
            if "/" not in each["name"]
        ]
    return found


def of_kind(resources: list[Resource], kind: str, api: str = "") -> Resource:
    """The resource of a kind; where an API is named, in its group and version, also where another is preferred."""
    group = api.rpartition("/")[0]
    found = next(each for each in resources if each.kind == kind and (not api or each.api.rpartition("/")[0] == group))
    return replace(found, api=api or found.api)


def faked(node: Object) -> bool:
    """Whether no container runs on the node: kwok pretends to be its kubelet."""
    return (node["metadata"].get("annotations") or {}).get(FAKE) == "fake"


def _version(path: str, process: subprocess.Popen[bytes], log: Path) -> str:
    """The version of Kubernetes, once the proxy is there."""
    end = time.monotonic() + TIMEOUT
    while not _listens(path):
        if process.poll() is not None or time.monotonic() > end:
            raise ToolError(f"kubectl proxy does not start: {log.read_text(encoding='utf-8').strip()}")
        time.sleep(0.02)
    try:
        return get(Cluster(path, ""), "/version")["gitVersion"].removeprefix("v").partition("+")[0]
    except Refused as refused:
        raise ToolError(f"the cluster that KUBECONFIG names does not answer: {refused}") from None


def _listens(path: str) -> bool:
    """Whether somebody answers there: the file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as link:
        return link.connect_ex(path) == 0


def _message(said: str) -> str:
    try:
        return str(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        return said.strip()
