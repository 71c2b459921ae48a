"""The files by which GitHub, GitLab and chart-testing run this project: well-formed, and true to what there is."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli

FILES = [*sorted((ROOT / ".github/workflows").glob("*.yaml")), ROOT / ".gitlab-ci.yml"]
SCHEMAS = {".gitlab-ci.yml": "vendor.gitlab-ci"}


def commands() -> list[tuple[str, str]]:
    """Every line that one of the files runs: (file, line)."""
    found = []
    for file in FILES:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        jobs = data.get("jobs", data)
        for job in jobs.values():
            if isinstance(job, dict):
                texts = [step.get("run", "") for step in job.get("steps", ())] + job.get("script", [])
                found += [(file.name, line.strip()) for text in texts for line in text.splitlines() if line.strip()]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file_is_what_its_host_expects(file):
    schema = SCHEMAS.get(file.name, "vendor.github-workflows")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("file", "line"), commands())
def test_every_command_exists(file, line):
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in re.findall(r"^make ([a-z0-9-]+)", line):
        assert target in targets
    for name, arguments in re.findall(r"\.venv/bin/chartgen ([a-z]+)(.*)", line):
        said = CliRunner().invoke(cli.main, [name, "--help"]).output
        assert all(option in said for option in re.findall(r"(?<= )--?[a-z-]+", arguments)), line


def unpinned(text: str) -> list[str]:
    """Every `uses:` of a workflow that is not `OWNER/NAME@COMMIT # VERSION`: a tag can be moved, a commit cannot."""
    used = re.findall(r"^[ -]*uses:(.*)$", text, re.MULTILINE)
    return [line for line in used if not re.fullmatch(r" [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*", line)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_a_commit_with_its_version(file):
    text = file.read_text(encoding="utf-8")
    assert unpinned(text) == []
    assert "uses:" in text or file.name == ".gitlab-ci.yml"


@pytest.mark.parametrize(
    "used", ["a/b@v5", "a/b@main", "a/b@0123abc # v5", f"a/b@{'0' * 40}", f"a/b@{'0' * 40} # main"]
)
def test_an_action_that_is_not_pinned_is_found(used):
    assert unpinned(f"    steps:\n    - uses: {used}\n") == [f" {used}"]
    assert unpinned(f"    - name: x\n      uses: {used}\n") == [f" {used}"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_folder_of_go_modules_exists(file):
    named = re.findall(r"[\w/]*gotools/[\w*./]*", file.read_text(encoding="utf-8"))
    assert named
    assert [each for each in named if not any(ROOT.glob(each))] == []


def test_no_secret_stands_in_a_command():
    assert not [line for _, line in commands() if re.search(r"secrets\.|PASSWORD|TOKEN", line)]


def test_chart_testing_finds_the_chart_and_values_to_install_it_with():
    config = yaml.safe_load((ROOT / "ct.yaml").read_text(encoding="utf-8"))
    assert [CHART.parent == ROOT / folder for folder in config["chart-dirs"]] == [True]
    assert list((CHART / "ci").glob("*-values.yaml"))
