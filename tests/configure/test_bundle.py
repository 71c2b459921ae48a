"""The editor of the page: the bundle is what its lock file makes, and names all that is in it."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from chartgen.configure import bundle

LOCK = json.loads((bundle.SOURCE / "package-lock.json").read_text())["packages"]
LICENSES = "editor.licenses.txt"


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("npm") and shutil.which("node")), reason="no npm on PATH")
def test_the_bundle_is_what_the_lock_file_makes() -> None:
    for name, data in bundle.made(print).items():
        assert (bundle.PAGE / name).read_bytes() == data, f"{name}: run 'make editor'"


def test_every_package_is_pinned_with_a_checksum() -> None:
    assert [path for path, each in LOCK.items() if path and not each.get("integrity")] == []
    wanted = json.loads((bundle.SOURCE / "package.json").read_text())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert LOCK[f"node_modules/{name}"]["version"] == version


def test_the_bundle_says_what_it_is_made_of_and_carries_the_notices() -> None:
    head = (bundle.PAGE / "editor.js").read_text(encoding="utf-8").partition("\nvar ")[0]
    packages = dict(re.findall(r"(?m)^//   (\S+) (\S+)$", head))
    assert {"@codemirror/view", "@codemirror/lang-yaml", "@lezer/yaml", "style-mod"} <= packages.keys()
    assert {name: LOCK[f"node_modules/{name}"]["version"] for name in packages} == packages
    texts = (bundle.PAGE / LICENSES).read_text(encoding="utf-8")
    for name in packages:
        part = texts.partition(f"{name}\n{'=' * len(name)}\n")[2].partition("\n\n\n")[0]
        assert "Copyright" in part, name
        assert "Permission is hereby granted, free of charge" in part, name


def test_the_bundle_names_no_host_that_it_could_ask() -> None:
    text = (bundle.PAGE / "editor.js").read_text(encoding="utf-8")
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|\bimport\(", text)
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}
