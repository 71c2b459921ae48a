"""The real API server against tests/views: it refuses exactly the updates that chartgen says it refuses (fields.yaml),
and it stores what chartgen takes to be the same alike (same.yaml).

Each object is created in a namespace of its own, then updated with one changed field as a dry run on the server, by
server-side apply, as Helm 4 does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

from tests.views.test_immutable import rows, spellings

NAMESPACE = "chartgen-immutable"


def main() -> int:
    if not os.environ.get("KUBECONFIG"):
        print("immutable: KUBECONFIG is not set; let it name the cluster that may be used", file=sys.stderr)
        return 2
    kubectl = shutil.which("kubectl")
    if not kubectl:
        print("immutable: kubectl is not on PATH", file=sys.stderr)
        return 2
    failures = 0
    _call(kubectl, "create", "namespace", NAMESPACE)
    try:
        made: list[dict[str, Any]] = []
        for what, old, new, refused in rows():
            if old not in made:
                made.append(old)
                created = _call(kubectl, "apply", "-f", "-", given=old)
                if created.returncode:
                    print(f"immutable: {what}: FAILED: not created: {created.stderr}")
                    failures += 1
            done = _call(kubectl, "apply", "--dry-run=server", "-f", "-", given=new)
            if bool(done.returncode) is not refused:
                said = done.stderr.strip() or "the API server accepts it"
                print(f"immutable: {what}: FAILED: refused should be {refused}: {said}")
                failures += 1
        for what, old, new, alike in spellings():
            before, after = (
                _call(kubectl, "apply", "--dry-run=server", "-o", "json", "-f", "-", given=each) for each in (old, new)
            )
            stored = [json.loads(each.stdout or "{}").get("spec") for each in (before, after)]
            if None in stored or (stored[0] == stored[1]) is not alike:
                print(f"immutable: {what}: FAILED: stored alike should be {alike}: {after.stderr.strip()}")
                failures += 1
    finally:
        _call(kubectl, "delete", "namespace", NAMESPACE, "--wait=false")
    print(f"immutable: {len(rows())} updates, {len(spellings())} spellings, {failures} failures")
    return 1 if failures else 0


def _call(kubectl: str, *arguments: str, given: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    if arguments[0] == "apply":
        arguments = (*arguments, "--server-side", "--field-manager=helm")
    where = [] if arguments[1] == "namespace" else [f"--namespace={NAMESPACE}"]
    text = json.dumps(given) if given else ""
    return subprocess.run([kubectl, *where, *arguments], input=text, text=True, capture_output=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
