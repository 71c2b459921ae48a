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


def test_every_action_is_pinned():
    for file in FILES:
        for action in re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8")):
            assert re.search(r"@v\d+(\.\d+)*$", action), action


def test_no_secret_stands_in_a_command():
    assert not [line for _, line in commands() if re.search(r"secrets\.|PASSWORD|TOKEN", line)]


def test_chart_testing_finds_the_chart_and_values_to_install_it_with():
    config = yaml.safe_load((ROOT / "ct.yaml").read_text(encoding="utf-8"))
    assert [CHART.parent == ROOT / folder for folder in config["chart-dirs"]] == [True]
    assert list((CHART / "ci").glob("*-values.yaml"))
