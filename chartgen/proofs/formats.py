"""A report in the formats that other programs read: JUnit XML for a list of tests, SARIF for annotations in a diff.

SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. JUnit: the elements that Jenkins, GitLab
and GitHub's actions read, https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import __version__, files
from ..chart.given import STDIN
from ..chart.valuesfile import FLAGS
from ..problem import Problem
from .validate import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULES = {
    "sources": "The stack and its fragments are well-formed, and the chart is up to date.",
    "values": "Values fit values.schema.json.",
    "renders": "The chart renders what it must, and refuses what it must.",
    "manifests": "Every object fits the schemas of Kubernetes, the rules of the API server and the policy.",
    "wiring": "Every name, port and selector leads somewhere.",
}
OTHER = "values"  # the layer of a problem that was found before all layers
Named = Callable[[list[Problem]], list[Problem]]  # problems as they are shown


def write(report: Report, named: Named, junit_file: Path | None, sarif_file: Path | None) -> None:
    """Write the files that are wanted."""
    if junit_file:
        files.write(junit_file, junit(report, named).encode("utf-8"))
    if sarif_file:
        files.write(sarif_file, f"{json.dumps(sarif(report, named), indent=1, ensure_ascii=False)}\n".encode())


def junit(report: Report, named: Named) -> str:
    """A test suite; a test case for each layer without a problem, and for each problem."""
    from xml.etree import ElementTree as XML

    cases: list[tuple[str, str, float, Problem | None]] = []
    for layer in report.layers:
        found = [each for each in report.problems if report.layer_of.get(each) == layer.name]
        cases += [] if found else [(layer.name, layer.looked_at, layer.seconds, None)]
    cases += [(report.layer_of.get(each, OTHER), _place(each), 0.0, each) for each in report.problems]
    counts = {"tests": str(len(cases)), "failures": str(len(report.problems)), "errors": "0"}
    time = f"{report.seconds:.3f}"
    root = XML.Element("testsuites", {"name": "chartgen validate", **counts, "time": time})
    suite = XML.SubElement(root, "testsuite", {"name": report.chart, **counts, "skipped": "0", "time": time})
    for layer_name, name, seconds, problem in cases:
        case = XML.SubElement(suite, "testcase", {"classname": layer_name, "name": name, "time": f"{seconds:.3f}"})
        if problem:
            (shown,) = named([problem])
            case.set("name", _place(shown))
            XML.SubElement(case, "failure", {"type": layer_name, "message": shown.message}).text = str(shown)
    if report.warnings:
        XML.SubElement(suite, "system-out").text = "".join(f"warning: {each}\n" for each in named(report.warnings))
    XML.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{XML.tostring(root, encoding="unicode")}\n'


def sarif(report: Report, named: Named) -> dict[str, Any]:
    """One run; a result for each problem and each warning, with its layer as the rule."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()]
    driver = {"name": "chartgen", "version": __version__, "rules": rules}
    results = []
    for level, found in (("error", report.problems), ("warning", report.warnings)):
        for each in found:
            (shown,) = named([each])
            results.append(_result(shown, report.layer_of.get(each, OTHER), level))
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(problem: Problem, layer: str, level: str) -> dict[str, Any]:
    text = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
    result = {"ruleId": layer, "level": level, "message": {"text": f"{problem.key}: {text}" if problem.key else text}}
    if problem.path in ("", FLAGS, "-", STDIN):
        return result
    from urllib.parse import quote

    path = Path(problem.path)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if problem.line:
        place["region"] = {"startLine": problem.line}
    return result | {"locations": [{"physicalLocation": place}]}


def _place(problem: Problem) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    return ": ".join(part for part in (place, problem.key) if part)
