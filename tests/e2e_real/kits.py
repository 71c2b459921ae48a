"""ModelKits in the cluster: a real registry that wants credentials, a wire before it that counts, and kit to pack."""

from __future__ import annotations

import base64
import re
import textwrap
import time
from pathlib import Path
from typing import Any

from tests import registry
from tests.e2e.cluster import Object

from .images import PYTHON, REGISTRY, reference
from .scene import FIXTURES, Scene, Wrong, expect, inside, log

HERE = Path(__file__).parent
NAME, PORT, INNER = "kits", 5000, 5001
NAMESPACE = "ml-models"
SECRET, READER = "tcr-credentials", "reader"
POD = {"metadata": {"name": NAME}}
CONFIG = f"""\
version: 0.1
storage: {{filesystem: {{rootdirectory: /var/lib/registry}}}}
http: {{addr: '127.0.0.1:{INNER}'}}
auth: {{htpasswd: {{realm: kits, path: /etc/kits/htpasswd}}}}
"""


def host(scene: Scene) -> str:
    """The registry, as pods of the cluster call it."""
    return f"{NAME}.{scene.namespace(FIXTURES)}.svc:{PORT}"


def fixtures(scene: Scene, modelkit: dict[str, Any]) -> list[Object]:
    """The registry with its wire and with kit, and its Service; `modelkit` is the chart's image of kit."""
    where = {"namespace": scene.namespace(FIXTURES), "name": NAME}
    files = {
        "config.yml": CONFIG,
        "htpasswd": registry.HTPASSWD,
        "kit_wire.py": (HERE / "kit_wire.py").read_text(encoding="utf-8"),
        "wire.py": (HERE.parent / "scripts/wire.py").read_text(encoding="utf-8"),
    }
    mounts = [{"name": "files", "mountPath": "/etc/kits"}]
    containers = [
        {
            "name": "registry",
            "image": reference(REGISTRY),
            "command": ["registry", "serve", "/etc/kits/config.yml"],
            "env": [{"name": "OTEL_TRACES_EXPORTER", "value": "none"}],  # it would look for a collector of traces
            "volumeMounts": [*mounts, {"name": "store", "mountPath": "/var/lib/registry"}],
        },
        {
            "name": "wire",
            "image": reference(PYTHON),
            "command": ["python3", "-B", "/etc/kits/kit_wire.py", str(PORT), f"127.0.0.1:{INNER}"],
            "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],
            "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        },
        {
            "name": "kit",
            "image": reference(modelkit),
            "command": ["sh", "-c", "trap exit TERM; while :; do sleep 1; done"],
            "securityContext": {"runAsUser": 0},
            "env": [{"name": name, "value": "/kits"} for name in ("HOME", "KITOPS_HOME", "DOCKER_CONFIG")],
            "volumeMounts": [{"name": "work", "mountPath": "/kits"}, {"name": "tmp", "mountPath": "/tmp"}],
        },
    ]
    volumes = [{"name": "files", "configMap": {"name": NAME}}]
    volumes += [{"name": name, "emptyDir": {}} for name in ("store", "work", "tmp")]
    spec = {
        "nodeSelector": {"kubernetes.io/hostname": scene.hostname},
        "containers": containers,
        "volumes": volumes,
        "terminationGracePeriodSeconds": 1,
    }
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": files},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": where,
            "spec": {"selector": {"app": NAME}, "ports": [{"port": PORT}]},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": where | {"labels": {"app": NAME}}, "spec": spec},
    ]


def needs(scene: Scene, group: str) -> list[Object]:
    """What a release of ModelKits wants to find: the credentials' Secret, and the reader's program."""
    where = {"namespace": scene.namespace(group)}
    login = {"username": registry.USER, "password": registry.PASSWORD}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in login.items()}
    program = (HERE / "reader.py").read_text(encoding="utf-8")
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": where | {"name": SECRET}, "data": encoded},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where | {"name": READER}, "data": {"reader.py": program}},
    ]


def values(scene: Scene, tag: str, delivery: str, **changes: Any) -> dict[str, Any]:
    """A server of the user's own that reads a ModelKit, with requests that any node has."""
    here = {"kubernetes.io/hostname": scene.hostname}
    small = {"requests": {"cpu": "20m", "memory": "32Mi"}}
    return {
        "global": {"storageClass": scene.namespace("class")},
        "engine": "custom",
        "image": PYTHON,
        "custom": {
            "port": 8080,
            "readinessPath": "/health",
            "mountPath": "/app/models",
            "command": ["python3", "-B", "/srv/reader.py", "8080", "/app/models/bert/model"],
            **changes.pop("custom", {}),
        },
        "volumes": [{"name": READER, "configMap": {"name": READER}}],
        "volumeMounts": [{"name": READER, "mountPath": "/srv"}],
        "model": {"name": "bert", "tag": tag, "source": "modelkit", "delivery": delivery, "filter": ["model"]},
        "modelkit": {
            "registry": host(scene),
            "namespace": NAMESPACE,
            "existingSecret": SECRET,
            "plainHttp": True,
        },
        "modelCache": {"size": "1Gi", "accessModes": [changes.pop("access", "ReadWriteOnce")]},
        "nodeSelector": here,
        "resources": small,
        "loader": {"resources": small, **changes.pop("loader", {})},
        "tests": {"nodeSelector": here},
        "openWebui": {"enabled": False},
        **changes,
    }


def publish(scene: Scene, tag: str, version: str, megabytes: int, docs: str) -> None:
    """Pack and push a ModelKit with the real kit: a model of some megabytes, and docs, each a layer of its own.

    The weights follow from `version` alone, so that two kits of one version share that layer.
    """
    script = textwrap.dedent(f"""\
        set -e
        mkdir -p /kits/{version}/model && cd /kits/{version}
        if [ ! -e model/weights.bin ]; then
          {{ echo {version}; head -c {megabytes}000000 /dev/urandom; }} >model/weights.bin
          touch -t 202001010000 model/weights.bin
        fi
        printf '{{"version": "{version}", "bytes": %s}}' "$(stat -c %s model/weights.bin)" >model/config.json
        touch -t 202001010000 model/config.json model
        echo '{docs}' >docs.md
        cat >Kitfile <<END
        manifestVersion: "1.0.0"
        package: {{name: bert}}
        model: {{name: bert, path: model}}
        docs:
        - {{path: docs.md}}
        END
        touch "$KITOPS_HOME/disable-update-notifications"
        printf %s '{registry.PASSWORD}' | kit login --plain-http -u {registry.USER} --password-stdin 127.0.0.1:{INNER}
        kit pack . -t 127.0.0.1:{INNER}/{NAMESPACE}/bert:{tag}
        kit push --plain-http 127.0.0.1:{INNER}/{NAMESPACE}/bert:{tag}
        """)
    code, said = inside(scene, FIXTURES, POD, "kit", script)
    if code:
        raise Wrong(f"kit could not publish bert:{tag}: {said}")


def sent(scene: Scene) -> int:
    """Bytes of blobs that have passed the wire, once its log has nothing new to say for a while."""
    before = -1
    while (now := so_far(scene)) != before:
        before = now
        time.sleep(1.5)
    return now


def so_far(scene: Scene) -> int:
    """The same at this moment."""
    found = re.findall(r"^sent (\d+) \S*/blobs/", log(scene, FIXTURES, POD, "wire"), re.MULTILINE)
    return sum(map(int, found))


def slow(scene: Scene, seconds: float) -> None:
    """How long the wire waits after each piece of 16 KB of a blob."""
    code, said = inside(scene, FIXTURES, POD, "wire", f"echo {seconds} >/tmp/slow && sleep 0.3")
    expect(code == 0, f"the wire cannot be told: {said}")
