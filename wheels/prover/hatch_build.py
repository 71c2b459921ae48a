"""Builds what the wheel carries: the programs for one platform, and the CRDs that their schemas are made from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from chartgen.kubernetes import crds  # noqa: E402
from chartgen.programs import carried, gorun, tools  # noqa: E402

# Of Go and of Python: what Go builds without C needs no library of the system. Go 1.26 needs macOS 12.
LINUX = "manylinux2014_{0}.manylinux_2_17_{0}.musllinux_1_1_{0}"
PLATFORMS = {
    "linux/amd64": LINUX.format("x86_64"),
    "linux/arm64": LINUX.format("aarch64"),
    "darwin/amd64": "macosx_12_0_x86_64",
    "darwin/arm64": "macosx_12_0_arm64",
    "windows/amd64": "win_amd64",
}


def say(text: str) -> None:
    print(text, file=sys.stderr)


class Hook(BuildHookInterface):  # type: ignore[type-arg]
    """`build_data` gets the platform of the wheel, and what it carries."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        target = {key: os.environ[key] for key in ("GOOS", "GOARCH") if os.environ.get(key)}
        own = gorun.go(["env", "GOOS", "GOARCH"], gorun.GOTOOLS, say, "asking Go for its platform", **target).split()
        platform = "/".join(own)
        if platform not in PLATFORMS:
            raise ValueError(
                f"{platform}: no wheel is made for it; set GOOS and GOARCH to one of {', '.join(PLATFORMS)}"
            )
        place = Path(self.root) / carried.PACKAGE / "bin"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        note = {}
        for name in carried.PROGRAMS:
            file = place / (f"{name}.exe" if own[0] == "windows" else name)
            build = ["build", "-ldflags=-s -w", "-o", str(file), tools.PACKAGES[name]]
            gorun.go(build, gorun.GOTOOLS, say, f"building {name} {tools.pinned(name)} for {platform}", **target)
            file.chmod(0o755)
            hashed = hashlib.sha256(file.read_bytes()).hexdigest()
            note[name] = {"file": file.name, "pins": tools.pins(name), "sha256": hashed}
        (place / carried.NOTE).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        every = {"pins": crds.pins(), "crds": list(crds.terse(say))}
        (place / carried.CRDS).write_text(json.dumps(every, sort_keys=True, separators=(",", ":")), encoding="utf-8")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{PLATFORMS[platform]}"
