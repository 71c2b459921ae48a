"""The package chartgen-prover: what it carries is used where it is chartgen's own and whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.kubernetes import crds
from chartgen.programs import carried, prover, tools

SOURCE = ROOT / "wheels/prover"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for the installed package, no other program and an empty home."""
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    place = tmp_path / "site" / carried.PACKAGE / "bin"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("")
    program = place / "prover"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    note(place)
    carried.folder.cache_clear()
    yield place
    carried.folder.cache_clear()


def note(place: Path, **other: str) -> None:
    hashed = hashlib.sha256((place / "prover").read_bytes()).hexdigest()
    about = {"file": "prover", "pins": tools.pins("prover"), "sha256": hashed} | other
    (place / carried.NOTE).write_text(json.dumps({"prover": about}))


def test_a_program_of_the_package_is_found(package: Path) -> None:
    found = tools.find("prover")
    assert found is not None
    assert (found.path, found.origin) == (package / "prover", "in the package chartgen-prover")
    assert tools.find("kubeconform") is None
    assert tools.find("helm") is None


@pytest.mark.parametrize("how", ["changed", "changed later", "other sum", "gone", "no note", "no JSON"])
def test_a_program_that_is_not_as_it_was_built_is_not_run(how: str, package: Path) -> None:
    program = package / "prover"
    if how == "changed later":
        assert tools.find("prover") is not None
    if how.startswith("changed"):
        program.write_text("#!/bin/no\n")
    elif how == "other sum":
        note(package, sha256="0" * 64)
    elif how == "gone":
        program.unlink()
    elif how == "no note":
        (package / carried.NOTE).unlink()
    else:
        (package / carried.NOTE).write_text("{")
    assert tools.find("prover") is None


def test_a_program_of_another_version_is_left_and_said(package: Path) -> None:
    note(package, pins="of another")
    assert tools.find("prover") is None
    assert prover.lacks(None, {}) == "chartgen-prover has another version than chartgen; install chartgen's own"


def test_it_is_hashed_once(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    real = tools._hashed
    monkeypatch.setattr(tools, "_hashed", lambda path: hashed.append(path) or real(path))
    for _ in range(3):
        assert tools.find("prover") is not None
    assert len(hashed) == 1


def test_crds_of_the_package_make_the_same_schemas(package: Path) -> None:
    (file,) = (ROOT / "tests/kubernetes/crds").glob("*.yaml")
    found = [each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == "CustomResourceDefinition"]
    (package / carried.CRDS).write_text(json.dumps({"pins": crds.pins(), "crds": found}))
    assert list(crds.schemas(print)) == list(crds.in_file(file))
    (package / carried.CRDS).write_text(json.dumps({"pins": "others", "crds": found}))
    assert carried.crds(crds.pins()) is None


def test_every_platform_of_the_release_has_a_wheel() -> None:
    text = (ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8")
    hook = (SOURCE / "hatch_build.py").read_text(encoding="utf-8")
    (loop,) = [line for line in text.splitlines() if "for platform in" in line]
    named = loop.partition(" in ")[2].rstrip("; do").split()
    assert sorted(named) == sorted(each for each in named if f'"{each}": ' in hook)
    assert hook.count("/amd64") + hook.count("/arm64") == len(named) == 5


@pytest.mark.slow
def test_the_wheel_of_this_platform_is_all_that_chartgen_needs_beside_helm(tmp_path: Path, helm: str) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=SOURCE, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("chartgen_prover-*.whl")
    assert not wheel.name.endswith("-any.whl")
    assert set(zipfile.ZipFile(wheel).namelist()) >= {
        f"{carried.PACKAGE}/bin/{name}" for name in (*carried.PROGRAMS, carried.NOTE, carried.CRDS)
    }
    install = ["install", "-q", "--no-index", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    (tmp_path / "path").mkdir()
    (tmp_path / "path/helm").symlink_to(shutil.which(helm) or helm)
    environment = {
        "PATH": str(tmp_path / "path"),
        "HOME": str(tmp_path),
        "CHARTGEN_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(tmp_path / "site"),
    }

    def chartgen(*command: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "chartgen", *command]
        return subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    said = chartgen("tools", "--json")
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = {each["name"]: each for each in json.loads(said.stdout)["tools"]}
    for name in carried.PROGRAMS:
        assert found[name]["origin"] == "in the package chartgen-prover"
    example = CHART / "examples/router-inference-pool.yaml"
    assert example.is_file()
    done = chartgen("validate", "-f", str(example))
    assert done.returncode == 0, done.stderr
    assert "for each render" not in done.stderr
    assert "were not run" not in done.stderr
    program = tmp_path / "site" / carried.PACKAGE / "bin/prover"
    program.write_bytes(program.read_bytes()[:-1] + os.urandom(1) + b"x")
    assert "for each render" in chartgen("validate", "-f", str(example)).stderr
