"""Reports for other programs: SARIF and JUnit, a hook of pre-commit and an action of GitHub, whose commands run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT
from jsonschema import Draft7Validator

from chartgen import cli
from chartgen.problem import Problem
from chartgen.proofs import formats
from chartgen.proofs.validate import Report
from chartgen.sources.fragment import FILES
from chartgen.sources.stack import BESIDE, TREES

PROBLEM = Problem("my values.yaml", 3, "gpu.count", "-1 is too small", "expected 0 to 64")
WARNING = Problem("my values.yaml", 0, "Deployment/llm", "has no resources", "set them")
FLAG = Problem("--set", 0, "engine", "is not an engine")
# The parts of the published schema of SARIF 2.1.0 (sarif-schema-2.1.0.json) that hold what chartgen writes.
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "minItems": 0,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "additionalProperties": False,
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": {"$ref": "#/definitions/message"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {"type": "array", "items": {"$ref": "#/definitions/result"}},
                },
            },
        },
    },
    "definitions": {
        "message": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {"text": {"type": "string"}},
        },
        "result": {
            "type": "object",
            "additionalProperties": False,
            "required": ["message"],
            "properties": {
                "ruleId": {"type": "string"},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/definitions/message"},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {"uri": {"type": "string", "pattern": "^[^ \\\\]*$"}},
                                    },
                                    "region": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                    },
                                },
                            }
                        },
                    },
                },
            },
        },
    },
}
# Element -> (its attributes, the elements in it), as https://github.com/testmoapp/junitxml describes them.
JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase", "system-out"}),
    "testcase": ({"name", "classname", "time"}, {"failure"}),
    "failure": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}


@pytest.fixture
def report():
    made = Report("charts/little", print, ["1.37.0"], [])
    made.done("values", "1 example", [PROBLEM])
    made.done("manifests", "2 documents", [], [WARNING])
    made.problems.append(FLAG)
    return made


def named(problems):
    return problems


PLACES = {
    "/my values.yaml": "file:///my%20values.yaml",
    "./a.yaml": "a.yaml",
    "standard input": None,
    "-": None,
    "": None,
}


@pytest.mark.parametrize("path", PLACES)
def test_a_result_is_in_a_file_where_there_is_one(report, path):
    report.problems[:] = [Problem(path, 3, "a", "is wrong")]
    (result, _) = formats.sarif(report, named)["runs"][0]["results"]
    found = [each["physicalLocation"]["artifactLocation"]["uri"] for each in result.get("locations", [])]
    assert found == ([PLACES[path]] if PLACES[path] else [])


def test_sarif_has_a_result_for_each_problem_and_warning_at_its_line(report):
    made = formats.sarif(report, named)
    assert list(Draft7Validator(SARIF).iter_errors(made)) == []
    first, second, warning = made["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "my%20values.yaml"}, "region": {"startLine": 3}}
    assert (first["level"], first["ruleId"]) == ("error", "values")
    assert first["message"]["text"] == "gpu.count: -1 is too small; expected 0 to 64"
    assert "locations" not in second
    assert (warning["level"], warning["ruleId"]) == ("warning", "manifests")
    assert "region" not in warning["locations"][0]["physicalLocation"]


def test_every_layer_is_a_rule():
    source = Path(formats.__file__).with_name("validate.py").read_text(encoding="utf-8")
    assert set(re.findall(r'report\.done\(\s*"([a-z]+)"', source)) == set(formats.RULES)


def test_junit_has_a_test_for_each_layer_and_each_problem(report):
    text = formats.junit(report, named)
    root = ElementTree.fromstring(text)
    for element in root.iter():
        attributes, inner = JUNIT[element.tag]
        assert element.attrib.keys() <= attributes
        assert {each.tag for each in element} <= inner
    cases = root.findall("testsuite/testcase")
    assert [(case.get("classname"), case.find("failure") is not None) for case in cases] == [
        ("manifests", False),
        ("values", True),
        ("values", True),
    ]
    assert cases[1].get("name") == "my values.yaml:3: gpu.count"
    assert cases[1].find("failure").text == str(PROBLEM)
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert root.find("testsuite/system-out").text == f"warning: {WARNING}\n"


@pytest.mark.slow
def test_the_command_writes_both_files(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("engine: olama\n", encoding="utf-8")
    chosen = ["--sarif", str(tmp_path / "a.sarif"), "--junit", str(tmp_path / "a.xml")]
    done = CliRunner().invoke(cli.main, ["validate", str(ROOT / "charts/llm-stack"), "-f", str(values), *chosen])
    assert done.exit_code == 1
    (result,) = json.loads((tmp_path / "a.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert "olama" in ElementTree.parse(tmp_path / "a.xml").find(".//failure").text


@pytest.mark.slow
def test_policy_is_advice_in_a_users_own_values_and_what_has_no_schema_is_named(tmp_path):
    values = tmp_path / "values.yaml"
    own = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "thing"}, "spec": {"size": 1}}
    volume = {"name": "data", "hostPath": {"path": "/data"}}
    values.write_text(json.dumps({"extraObjects": {"thing": own}, "volumes": [volume]}), encoding="utf-8")
    command = ["validate", str(ROOT / "charts/llm-stack"), "-f", str(values), "--json"]
    done = CliRunner().invoke(cli.main, command)
    said = json.loads(done.stdout)
    assert (done.exit_code, said["problems"]) == (0, [])
    assert any(each["message"].startswith("is not checked: found no schema of") for each in said["warnings"])
    assert any(each["message"].startswith("gives access to the node") for each in said["warnings"])

    place = tmp_path / "schemas/example.com"
    place.mkdir(parents=True)
    schema = {"properties": {"spec": {"properties": {"size": {"type": "string"}}}}}
    (place / "thing_v1.json").write_text(json.dumps(schema), encoding="utf-8")
    done = CliRunner().invoke(cli.main, [*command, "--schema-location", str(tmp_path / "schemas")])
    said = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [each["key"] for each in said["problems"]] == ["Thing/thing: spec.size"]


@pytest.mark.slow
def test_object_of_the_cluster_is_advice_in_a_users_own_values_until_its_header_names_it(tmp_path):
    values = tmp_path / "values.yaml"
    model = {"name": "models/chat", "source": "s3"}
    store = {"endpoint": "http://minio.store.svc:9000", "plainHttp": True}
    store |= {"existingSecret": "keys", "caConfigMap": "ca"}
    given = {"engine": "vllm", "model": model, "s3": store, "modelCache": {"storageClass": "fast"}}
    needs = ["ConfigMap/ca", "Secret/keys", "Service/db", "Service/store/minio", "StorageClass/fast"]
    given |= {"openWebui": {"env": {"REDIS_URL": "redis://db:6379/0"}}, "gpu": {"vendor": "nvidia", "count": 1}}
    values.write_text(json.dumps(given), encoding="utf-8")
    command = ["validate", str(ROOT / "charts/llm-stack"), "-f", str(values), "--json"]
    done = CliRunner().invoke(cli.main, command)
    said = json.loads(done.stdout)
    assert (done.exit_code, said["problems"]) == (0, [])
    found = [re.search("'# needs: (.*)' at the top", each["remedy"]) for each in said["warnings"]]
    assert sorted(each[1] for each in found if each) == needs

    values.write_text(f"# needs: {', '.join(needs)}\n{json.dumps(given)}", encoding="utf-8")
    said = json.loads(CliRunner().invoke(cli.main, command).stdout)
    assert (said["problems"], said["warnings"]) == ([], [])


def test_the_action_is_what_github_expects():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions"]
    done = subprocess.run([*command, str(ROOT / "action.yml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_command_of_the_action_runs_with_its_inputs(tmp_path):
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    (tmp_path / "my values.yaml").write_text("engine: olama\n", encoding="utf-8")
    inputs = {
        "chart": str(ROOT / "charts/llm-stack"),
        "values": "my values.yaml\n",
        "sarif": "a.sarif",
        "junit": "a.xml",
    }
    (step,) = (step for step in steps if step["name"] == "Validate")
    wanted = {name: re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text)[1] for name, text in step["env"].items()}
    environment = os.environ | {name: inputs[source] for name, source in wanted.items()}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'my values.yaml:1: engine: "olama" is not an allowed value' in done.stderr
    assert (tmp_path / "a.sarif").is_file()
    assert (tmp_path / "a.xml").is_file()


def test_the_action_has_the_program_for_rules_in_cel_before_it_validates(tmp_path):
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    names = [step["name"] for step in steps]
    step = steps[names.index("Validate") - 1]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search("^prover +v4", done.stdout, re.M)


def test_the_hook_of_pre_commit_runs_for_every_file_that_a_chart_is_made_of():
    build, _ = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    sources = [*BESIDE, *FILES, "stack.yaml", *(f"{folder}/a.yaml" for folder in (*TREES, "templates", "files"))]
    for name in sources:
        assert all(re.search(build["files"], path) for path in (name, f"deep/below/{name}")), name
    assert not re.search(build["files"], "src/main.py")


def test_the_hooks_of_pre_commit_run_commands_that_exist():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        program, command, *options = hook["entry"].split()
        assert program == "chartgen"
        said = CliRunner().invoke(cli.main, [command, "--help"]).output
        assert all(option in said for option in options)
        re.compile(hook["files"])
