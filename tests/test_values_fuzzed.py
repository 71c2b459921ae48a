"""Values files made from values.schema.json, a few of them by a fixed seed, and each finding of longer runs again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from chartgen.chart import valuesfile
from tests.fuzz import proof
from tests.fuzz.values import Maker, spoilt

FINDINGS = sorted((Path(__file__).parent / "fuzz/findings").glob("*.yaml"))


@pytest.fixture(scope="module")
def made():
    with proof.bench() as bench:
        yield bench


@pytest.mark.slow
def test_values_that_are_admitted_pass_every_layer_and_others_are_refused_with_their_key(made):
    made.counts.clear()
    found = proof.run(made, 1, 40, print)
    assert [f"{each.what}\n{yaml.safe_dump(each.data)}" for each in found] == []
    assert all(made.counts[kind] for kind in proof.KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("file", FINDINGS, ids=lambda file: file.stem)
def test_finding_is_treated_as_its_first_line_says(file, made, tmp_path):
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    outcome, _, said = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(": ")
    made.counts.clear()
    assert made.judged([data], tmp_path, made.versions[-1]) == [""]
    if outcome == "accepted":
        assert made.counts == {"admitted": 1, "refused in objects": 0}
    elif outcome == "refused by the schema":
        example = valuesfile.read("finding", [file], strict=False)
        problems = valuesfile.check(example, made.chart.defaults.data, made.chart.schema)
        assert [each for each in problems if str(each).partition(": ")[2].startswith(said)], problems
    elif outcome == "refused by the chart":
        assert made.counts[outcome] == 1
    else:
        assert made.counts["refused in objects"] == 1
        assert any(said in each for each in made.seen)


def test_a_seed_makes_the_same_files(made):
    assert list(proof.files(made, 5, 10)) == list(proof.files(made, 5, 10))
    assert list(proof.files(made, 5, 10)) != list(proof.files(made, 6, 10))


@pytest.mark.slow
def test_values_are_made_of_every_kind_that_the_schema_has(made):
    definitions = made.chart.schema["definitions"]
    maker = Maker(made.chart.schema, random.Random(1))
    fits = 0
    for schema in definitions.values():
        value = maker.value(schema)
        fits += Draft7Validator({**schema, "definitions": definitions}).is_valid(value)
    assert fits > 0.95 * len(definitions)


@pytest.mark.slow
def test_what_is_wrong_is_found_and_its_file_becomes_small(made, monkeypatch):
    """A check that refuses something good stands in for an error."""

    def wrong(owner):
        return [owner.fault(("kind",), "is not right", "stop")] if owner.kind == "ServiceAccount" else []

    monkeypatch.setattr(proof.checks.together, "_name", wrong)
    found = next(found for seed in range(4, 40) if (found := proof.run(made, seed, 3, print)))
    assert {each.what.partition("; ")[0].partition(": ")[2] for each in found} == {"kind: is not right"}
    # The objects of some values are only there if one value asks for them.
    small = [proof.shrunk(made, each).data for each in found]
    assert all(len(str(data)) < len(str(each.data)) / 4 for each, data in zip(found, small, strict=True))


def test_spoilt_values_differ():
    assert spoilt(random.Random(1), {"a": {"b": 1}}) != {"a": {"b": 1}}
    assert spoilt(random.Random(1), {}) == {}
