"""Manifests that validation has nothing against, as the API server of KUBECONFIG sees them, by kubectl."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from .proof import Finding

# Kinds that a cluster has only with an operator, and accounts that a dry run does not create.
UNKNOWN = re.compile(
    "no matches for kind|ensure CRDs are installed first|resource mapping not found|error looking up service account"
)


def refused(values: dict[str, Any], text: str, namespace: str) -> list[Finding]:
    """What the API server refuses of the manifests that values make, in a dry run."""
    command = ["kubectl", "apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", "-"]
    # Manifests with a namespace have that of the release.
    text = re.sub(r"^(  namespace:) \"?default\"?$", rf"\1 {namespace}", text, flags=re.M)
    done = subprocess.run(
        [*command, f"--namespace={namespace}"], input=text, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("Warning:")]
    return [Finding(f"the API server: {line}", values) for line in lines if not UNKNOWN.search(line)]
