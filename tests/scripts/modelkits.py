"""ModelKits laid into a registry without kit: a layer for each part, the Kitfile as configuration, and a manifest."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import io
import json
import tarfile
from dataclasses import dataclass
from urllib.parse import urlsplit

from registry import PASSWORD, USER

TYPES = {"datasets": "dataset"}  # what media types have in place of the Kitfile's words
AUTHORIZATION = {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}


@dataclass(frozen=True)
class Part:
    """One entry of a Kitfile: its section (model, code, datasets, docs), its file and what stands in it."""

    section: str
    path: str
    data: bytes
    name: str = ""
    compressed: bool = False

    @property
    def layer(self) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            folders = self.path.split("/")[:-1]
            for depth in range(len(folders)):
                folder = tarfile.TarInfo("/".join(folders[: depth + 1]))
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(folder)
            info = tarfile.TarInfo(self.path)
            info.size, info.mode = len(self.data), 0o600
            archive.addfile(info, io.BytesIO(self.data))
        return gzip.compress(file.getvalue(), mtime=0) if self.compressed else file.getvalue()

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.layer).hexdigest()}"


@dataclass(frozen=True)
class ModelKit:
    """One that was pushed: its digest, and the sizes of its layers by digest."""

    digest: str
    layers: dict[str, int]

    @property
    def size(self) -> int:
        return sum(self.layers.values())


def push(host: str, reference: str, parts: list[Part], config_type: str = "modelkit", parent: str = "") -> ModelKit:
    """Put it where reference (repository:tag) says; `parent` is the whole reference of the one whose model it has.

    The manifest lists layers in the order in which kit packs them.
    """
    repository, _, tag = reference.partition(":")
    parts = sorted(parts, key=lambda part: ("model", "code", "datasets", "docs").index(part.section))
    kitfile: dict = {"manifestVersion": "1.0", "package": {"name": repository}}
    if parent:
        kitfile["model"] = {"path": parent}
    layers = []
    for part in parts:
        digest = put(host, repository, part.layer)
        kind = TYPES.get(part.section, part.section)
        packed = "tar+gzip" if part.compressed else "tar"
        layers.append(described(f"application/vnd.kitops.modelkit.{kind}.v1.{packed}", part.layer))
        entry = {**({"name": part.name} if part.name else {}), "path": part.path, "digest": digest, "diffId": digest}
        if part.section == "model":
            kitfile["model"] = entry
        else:
            kitfile.setdefault(part.section, []).append(entry)
    config = json.dumps(kitfile).encode()
    put(host, repository, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described(f"application/vnd.kitops.{config_type}.config.v1+json", config),
        "layers": layers,
    }
    text = json.dumps(manifest).encode()
    headers = {"Content-Type": manifest["mediaType"], **AUTHORIZATION}
    ask(host, "PUT", f"/v2/{repository}/manifests/{tag}", text, headers)
    return ModelKit(f"sha256:{hashlib.sha256(text).hexdigest()}", {one["digest"]: one["size"] for one in layers})


def described(media_type: str, blob: bytes) -> dict:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(blob).hexdigest()}", "size": len(blob)}


def put(host: str, repository: str, blob: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    upload = ask(host, "POST", f"/v2/{repository}/blobs/uploads/", b"", AUTHORIZATION)
    where = urlsplit(upload)
    ask(host, "PUT", f"{where.path}?{where.query}&digest={digest}", blob, AUTHORIZATION)
    return digest


def ask(host: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> str:
    """The Location that the registry answers with."""
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request(method, path, body, {"Content-Type": "application/octet-stream", **headers})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status in (201, 202), (method, path, answer.status, text)
    return answer.getheader("Location") or ""
