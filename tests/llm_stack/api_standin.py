"""A stand-in for the API server, for what Helm's `lookup` reads: discovery, single objects, and lists."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VERSION = {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
# group/version -> plural -> (kind, whether it is in a namespace)
RESOURCES: dict[str, dict[str, tuple[str, bool]]] = {
    "v1": {
        "configmaps": ("ConfigMap", True),
        "persistentvolumeclaims": ("PersistentVolumeClaim", True),
        "pods": ("Pod", True),
        "secrets": ("Secret", True),
        "serviceaccounts": ("ServiceAccount", True),
        "services": ("Service", True),
    },
    "apps/v1": {
        "daemonsets": ("DaemonSet", True),
        "deployments": ("Deployment", True),
        "statefulsets": ("StatefulSet", True),
    },
    "autoscaling/v2": {"horizontalpodautoscalers": ("HorizontalPodAutoscaler", True)},
    "batch/v1": {"cronjobs": ("CronJob", True), "jobs": ("Job", True)},
    "leaderworkerset.x-k8s.io/v1": {"leaderworkersets": ("LeaderWorkerSet", True)},
    "ray.io/v1": {"rayservices": ("RayService", True)},
    "policy/v1": {"poddisruptionbudgets": ("PodDisruptionBudget", True)},
    "networking.k8s.io/v1": {"ingresses": ("Ingress", True)},
    "rbac.authorization.k8s.io/v1": {"rolebindings": ("RoleBinding", True), "roles": ("Role", True)},
    "resource.k8s.io/v1": {"resourceclaimtemplates": ("ResourceClaimTemplate", True)},
    "storage.k8s.io/v1": {"storageclasses": ("StorageClass", False)},
}


@contextmanager
def serving(objects: list[dict[str, Any]], forbidden: str = "") -> Iterator[tuple[str, list[str]]]:
    """The server's URL, and the paths of objects that were read. `forbidden` is a plural that may not be read."""
    seen: list[str] = []
    answers = _answers(objects)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].rstrip("/")
            code, answer = 200, answers.get(path)
            if answer is None or answer["kind"] not in ("APIGroupList", "APIResourceList", "APIVersions"):
                seen.append(path)
            if forbidden and f"/{forbidden}/" in path:
                code, answer = 403, _status(403, "Forbidden", f"{forbidden} is forbidden")
            elif answer is None and path == "/version":
                answer = VERSION
            elif answer is None:
                code, answer = 404, _status(404, "NotFound", f"{path} not found")
            body = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


def _answers(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    groups = []
    answers: dict[str, dict[str, Any]] = {"/api": {"kind": "APIVersions", "versions": ["v1"]}}
    for api, kinds in RESOURCES.items():
        base = f"/apis/{api}" if "/" in api else f"/api/{api}"
        rows = [
            {"name": name, "kind": kind, "namespaced": inside, "verbs": ["get", "list"]}
            for name, (kind, inside) in kinds.items()
        ]
        answers[base] = {"kind": "APIResourceList", "groupVersion": api, "resources": rows}
        if "/" in api:
            version = {"groupVersion": api, "version": api.partition("/")[2]}
            groups.append({"name": api.partition("/")[0], "versions": [version], "preferredVersion": version})
    answers["/apis"] = {"kind": "APIGroupList", "groups": groups}
    lists: dict[str, dict[str, Any]] = {}
    for each in objects:
        kind = {"kind": f"{each['kind']}List", "apiVersion": each["apiVersion"], "items": []}
        lists.setdefault(_path(each).rpartition("/")[0], kind)["items"].append(each)
    return answers | lists | {_path(each): each for each in objects}


def _path(each: dict[str, Any]) -> str:
    api, kinds = each["apiVersion"], RESOURCES[each["apiVersion"]]
    name, inside = next((name, inside) for name, (kind, inside) in kinds.items() if kind == each["kind"])
    base = f"/apis/{api}" if "/" in api else f"/api/{api}"
    return (
        base
        + (f"/namespaces/{each['metadata']['namespace']}" if inside else "")
        + f"/{name}/{each['metadata']['name']}"
    )


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
