"""An error in a template is reported once, at its own line on disk, whatever number of cases it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from chartgen.chart.valuesfile import Example
from chartgen.programs.helm import Rendered
from chartgen.proofs import runs
from chartgen.proofs.run import Run
from chartgen.proofs.templates import located

SOURCES = {f"templates/a/{name}": f"fragments/a/templates/{name}" for name in ("_a.tpl", "map.yaml")}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            'parse error at (little/templates/a/_a.tpl:5): unexpected "}" in if',
            'fragments/a/templates/_a.tpl:5: unexpected "}" in if',
        ),
        (
            "little/templates/a/_a.tpl:3:42: .Values.a.b.c: nil pointer evaluating interface {}.b",
            "fragments/a/templates/_a.tpl:3: .Values.a.b.c: nil pointer evaluating interface {}.b",
        ),
        (
            "YAML parse error on little/templates/a/map.yaml: error converting YAML to JSON: yaml: line 12: no value",
            "fragments/a/templates/map.yaml: renders invalid YAML on line 12 of its output: no value",
        ),
        ("parse error at (little/templates/_slots.tpl:5): no end", "templates/_slots.tpl:5: no end"),
    ],
)
def test_error_of_a_template_is_at_its_own_file_on_disk(error, line):
    assert str(located(error, SOURCES)) == line


@pytest.mark.parametrize("error", ["", "model.name: is empty; set it", "- at '/model': got number, want object"])
def test_refusal_is_not_an_error_of_a_template(error):
    assert located(error, SOURCES) is None


def told(*results):
    made = [
        (Run(Example(name, name, (Path(name),)), "1.37.0", refusal=refusal), Rendered(None, "", error))
        for name, refusal, error in results
    ]
    return [str(problem) for problem in runs.faults(made, SOURCES)]


def test_one_error_that_breaks_many_cases_is_one_line():
    nil = "little/templates/a/_a.tpl:3:42: .Values.x: nil pointer"
    assert told(("a.yaml", "", nil), ("b.yaml", "is empty", nil), ("c.yaml", "", ""), ("a.yaml", "", nil)) == [
        "fragments/a/templates/_a.tpl:3: .Values.x: nil pointer; correct the template; 2 of 3 values files do not "
        "render, the first is a.yaml"
    ]


def test_yaml_that_breaks_on_other_lines_is_the_same_error():
    bad = "YAML parse error on little/templates/a/map.yaml: error converting YAML to JSON: yaml: line {}: no value"
    assert len(told(("a.yaml", "", bad.format(12)), ("b.yaml", "", bad.format(14)))) == 1


def test_rejection_by_a_template_as_its_first_line_says_is_fine():
    assert told(("a.yaml", "nil pointer", "little/templates/a/_a.tpl:3:42: .Values.x: nil pointer")) == []


def test_other_refusals_are_still_reported_at_the_values():
    nil = "little/templates/a/_a.tpl:3:42: .Values.x: nil pointer"
    found = told(("a.yaml", "", nil), ("b.yaml", "", "model.name: is empty; set it"))
    assert sorted(line.partition(":")[0] for line in found) == ["b.yaml", "fragments/a/templates/_a.tpl"]


def test_text_that_is_no_data_is_one_problem_at_the_line_that_is_wrong(tmp_path):
    for name, text in {"a": "formats: [x]\nreadOnly: [a\nport: 1\n", "b": "formats: [x]\nreadOnly: [b]\n"}.items():
        (tmp_path / name).write_text(text)
    sources = {f"templates/{name}": str(tmp_path / name) for name in "ab"}
    said = "engine.facts is not a YAML map: did not find expected ',', near \"formats: [x]\\nreadOnly: [a\""
    problem = located(said, sources)
    assert str(problem) == (
        f"{tmp_path}/a:2: engine.facts: is not a YAML map: did not find expected ',', "
        'near "formats: [x]\\nreadOnly: [a"'
    )
    assert located(said.replace("[a", "[made]"), sources).path == "templates/_slots.tpl"
    runs_of = [
        (Run(Example(name, name, (Path(name),)), "1.37.0", refusal=refusal), Rendered(None, "", said))
        for name, refusal in (("a.yaml", ""), ("b.yaml", "is empty"), ("c.yaml", ""))
    ]
    assert len(runs.faults(runs_of, sources)) == 1
