"""The size of the Secret that Helm keeps of a release."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

# What a Secret may hold, all its keys together: MaxSecretSize of Kubernetes' pkg/apis/core/types.go.
LIMIT = 1024 * 1024


def size(release: Any) -> int:
    """The bytes of a Secret's data for a release, which is what `helm install -o json` prints.

    Helm stores base64 of gzip (level 9) of the release's JSON (encodeRelease in pkg/storage/driver/util.go). Go's gzip
    makes some 2 % more of it than Python's: 132,224 bytes in a real Secret were 129,744 here.
    """
    stored = json.dumps(release, separators=(",", ":"), ensure_ascii=False).encode()
    return len(base64.b64encode(gzip.compress(stored, 9, mtime=0)))


def parts(release: Any) -> dict[str, int]:
    """What makes it large: bytes before they are compressed."""
    chart = release["chart"]
    sizes = {name: len(json.dumps(chart.get(name))) for name in ("templates", "schema", "files")}
    return sizes | {"manifests": len(json.dumps([release["manifest"], release.get("hooks")]))}
