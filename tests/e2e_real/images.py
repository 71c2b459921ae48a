"""Images that stand in for the chart's own where no registry can be reached: packed from this machine's programs.

What an image holds is what the real one would have of it: a shell, coreutils, findutils, sed, awk, grep and ollama;
curl, with busybox where this machine has one; Python with a page of its own in place of Open WebUI. An image is a tar
in the OCI layout, as containerd imports it.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chartgen.problem import ToolError

HERE = Path(__file__).parent
SHELL = (
    "awk base64 basename cat chmod chown cmp cp cut date df dirname du echo env false find grep head hostname id ln "
    "ls mkdir mktemp mv printf pwd readlink rm rmdir sed seq sh sha256sum sleep sort stat sync tail tee test touch tr "
    "true uname uniq wc xargs"
)
# What stands in the cluster beside the chart's own images: a registry of ModelKits, and Python for whoever reads them.
REGISTRY = {"repository": "docker.io/library/registry", "tag": "3.1.1"}
PYTHON = {"repository": "docker.io/library/python", "tag": "3.13-alpine"}
NOT_NEEDED = ("__pycache__", "site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3")


# Where each file stands in the image -> the file here, its content, or as text what a link points at.
Files = dict[str, Path | bytes | str]


@dataclass(frozen=True)
class Image:
    """An image; `command` is what it runs by itself, or what a pod's `args` replace behind `entrypoint`."""

    name: str
    files: Files = field(repr=False)
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()


def stand_ins(
    images: dict[str, Any],
    ollama: Path | None,
    kit: Path | None,
    registry: Path | None,
    llamacpp: Path | None = None,
) -> list[Image]:
    """Those for the chart's `images` values, as far as their programs are here, and for what runs beside them."""
    shell = programs(*SHELL.split())
    python = {
        **binary("/usr/bin/python3", Path(sys.executable).resolve()),
        **library(Path(sysconfig.get_path("stdlib"))),
    }
    ui = {
        "/app/ui.py": HERE / "ui.py",
        "/app/backend/open_webui/static/style.css": b"",
        "/app/backend/data/cache/embedding/model": b"stand-in",
    }
    found = [
        Image(reference(images["curl"]), (busybox() or shell) | programs("curl")),
        Image(reference(images["openWebui"]), shell | python | ui, ("/usr/bin/python3", "/app/ui.py")),
    ]
    if ollama:
        found.append(Image(reference(images["ollama"]), shell | binary("/usr/bin/ollama", ollama)))
    if llamacpp:
        program = "/app/llama-server"  # as in llama.cpp's .devops/cpu.Dockerfile
        found.append(Image(reference(images["llamacpp"]), shell | binary(program, llamacpp), entrypoint=(program,)))
    if kit and registry:
        found.append(Image(reference(images["modelkit"]), shell | binary("/usr/bin/kit", kit)))
        found.append(Image(reference(REGISTRY), shell | binary("/usr/bin/registry", registry)))
        found.append(Image(reference(PYTHON), shell | python))
    return found


def reference(image: dict[str, Any]) -> str:
    """An image's whole name, as containerd has it: with Docker Hub's host."""
    host, slash, _ = image["repository"].partition("/")
    known = slash and ("." in host or ":" in host)
    return f"{'' if known else 'docker.io/'}{image['repository']}:{image['tag']}"


def programs(*names: str) -> Files:
    """Programs of this machine under /usr/bin, with the libraries that they load; ToolError where one is missing."""
    found: Files = {}
    for name in names:
        path = shutil.which(name)
        if path is None:
            raise ToolError(f"{name}: not on PATH; install it, an image is to have it")
        found |= binary(f"/usr/bin/{name}", Path(path))
    return found


def busybox() -> Files:
    """busybox under all names that it answers to; nothing where this machine has none."""
    path = shutil.which("busybox")
    if path is None:
        return {}
    names = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
    return {**{f"/usr/bin/{name}": "busybox" for name in names}, **binary("/usr/bin/busybox", Path(path))}


def binary(where: str, path: Path) -> Files:
    """A program and the libraries that the loader names for it; a script has none."""
    said = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    libraries = re.findall(r"^\s*(?:\S+ => )?(/\S+) \(", said, re.MULTILINE)
    return {where: path, **{each: Path(each) for each in libraries}}


def library(standard: Path) -> Files:
    """Python's standard library where Python itself looks for it, and what its parts load."""
    found: Files = {}
    for path in sorted(standard.rglob("*")):
        if path.is_file() and not any(part in NOT_NEEDED for part in path.relative_to(standard).parts):
            found |= binary(str(path), path) if path.suffix == ".so" else {str(path): path}
    return found


def write(image: Image, path: Path) -> None:
    """The image as a tar in the OCI layout."""
    layer = _layer(image.files)
    config = {
        "architecture": "amd64" if sysconfig.get_platform().endswith("x86_64") else "arm64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        "config": {
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "Env": ["PATH=/usr/bin:/bin"],
            "WorkingDir": "/",
        },
    }
    blobs = [json.dumps(config, sort_keys=True).encode(), layer]
    parts = [_described(blob, kind) for blob, kind in zip(blobs, ("config.v1+json", "layer.v1.tar"), strict=True)]
    manifest = {"schemaVersion": 2, "mediaType": _type("manifest.v1+json"), "config": parts[0], "layers": parts[1:]}
    blobs.append(json.dumps(manifest).encode())
    entry = _described(blobs[-1], "manifest.v1+json") | {"annotations": {"io.containerd.image.name": image.name}}
    with tarfile.open(path, "w") as tar:
        _put(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _put(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
        for blob in blobs:
            _put(tar, f"blobs/sha256/{_digest(blob).removeprefix('sha256:')}", blob)


def renamed(source: Path, name: str, path: Path) -> None:
    """An image that somebody else packed, as a tar in the OCI layout, under another name."""
    with tarfile.open(source) as given, tarfile.open(path, "w") as tar:
        members = {member.name.removeprefix("./"): member for member in given.getmembers()}
        if "index.json" not in members:
            raise ToolError(f"{source}: no image in the OCI layout, it has no index.json")
        index = json.load(given.extractfile(members["index.json"]))  # type: ignore[arg-type]
        if len(index["manifests"]) != 1:
            raise ToolError(f"{source}: has {len(index['manifests'])} images; pack one")
        index["manifests"][0]["annotations"] = {"io.containerd.image.name": name}
        _put(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _put(tar, "index.json", json.dumps(index).encode())
        for where, member in members.items():
            if where.startswith("blobs/") and member.isfile():
                member.name = where
                tar.addfile(member, given.extractfile(member))


def _layer(files: Files) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        for folder, mode in (("usr", 0o755), ("usr/bin", 0o755), ("etc", 0o755), ("tmp", 0o1777)):
            _put(tar, folder, None, mode)
        _link(tar, "bin", "usr/bin")
        _put(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        for where, content in sorted(files.items()):
            if isinstance(content, str):
                _link(tar, where.lstrip("/"), content)
            else:
                _put(tar, where.lstrip("/"), content if isinstance(content, bytes) else content.read_bytes(), 0o755)
    return memory.getvalue()


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    item = tarfile.TarInfo(name)
    item.type, item.linkname = tarfile.SYMTYPE, target
    tar.addfile(item)


def _put(tar: tarfile.TarFile, name: str, content: bytes | None, mode: int = 0o644) -> None:
    """A file, or without content a folder."""
    item = tarfile.TarInfo(name)
    item.mode, item.size = mode, len(content or b"")
    item.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    tar.addfile(item, io.BytesIO(content or b""))


def _described(blob: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": _type(kind), "digest": _digest(blob), "size": len(blob)}


def _type(kind: str) -> str:
    return f"application/vnd.oci.image.{kind}"


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"
