"""Who can use a release: NOTES and `chartgen validate` say it alike."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART

from chartgen import cli

pytestmark = pytest.mark.slow

CASES = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["values"])[:60])
def test_the_notes_say_who_can_use_what(helm, tmp_path, case):
    file = tmp_path / "values.json"
    file.write_text(json.dumps(case["values"]), encoding="utf-8")
    command = [helm, "install", "llm", str(CHART), "--dry-run=client", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    notes = done.stdout.partition("\nNOTES:\n")[2]
    for text in case["says"]:
        assert f"\n  {text}" in notes
    if "silent" in case:
        assert case["silent"] not in notes


def test_validate_says_it_too_and_says_it_in_json(tmp_path):
    case = CASES[1]
    file = tmp_path / "values.json"
    file.write_text(json.dumps(case["values"]), encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["validate", str(CHART), "-f", str(file)])
    assert done.exit_code == 0
    for text in case["says"]:
        assert text in done.stderr
    said = json.loads(CliRunner().invoke(cli.main, ["validate", str(CHART), "-f", str(file), "--json"]).stdout)[
        "access"
    ]
    assert [any(line.startswith(text) for line in said) for text in case["says"]] == [True, True]
