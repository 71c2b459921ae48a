"""Values files are merged as Helm merges them, and their faults stand on the lines that they are on."""

import json
import subprocess

import pytest
from conftest import outcome

from chartgen.chart import valuesfile

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a", "m"],
    "properties": {
        "a": {"type": "integer", "description": "How many."},
        "m": {"type": "object", "additionalProperties": {"type": "string"}},
        "o": {"type": "object", "additionalProperties": False, "properties": {"x": {"type": "integer"}}},
    },
}
DEFAULTS = {"a": 1, "m": {"k": "v"}, "o": {"x": 1}}


def read(write, *texts, strict=True):
    folder = write({f"{n}.yaml": text for n, text in enumerate(texts)})
    found, problems = outcome(valuesfile.read, "mine", [folder / f"{n}.yaml" for n in range(len(texts))], strict)
    return found, [str(problem).removeprefix(f"{folder}/") for problem in problems]


def faults(write, *texts):
    found, problems = read(write, *texts)
    assert problems == []
    return [
        str(problem).removeprefix(f"{found.files[0].parent}/") for problem in valuesfile.check(found, DEFAULTS, SCHEMA)
    ]


def test_faults_of_several_files_stand_on_the_lines_of_each(write):
    assert faults(write, "# One.\na: x\no:\n  x: 1\n", "\no:\n  z: 1\nm: {l: 2}\n") == [
        '0.yaml:2: a: "x" is a string; expected an integer',
        "1.yaml:3: o.z: no such key; the allowed keys are x",
        "1.yaml:4: m.l: 2 is a number; expected a string; put it in quotes",
    ]


def test_key_beside_named_ones_that_was_meant_to_be_one_of_them_is_told_on_its_line(write):
    schema = {"properties": {"global": {"additionalProperties": True, "properties": {"imageRegistry": {}}}}}
    found, _ = read(write, "a: 1\n", "global:\n  theirs: 1\n  imageregistry: mirror\n")
    (told,) = valuesfile.overlooked(found, schema, {})
    assert str(told).partition("1.yaml")[2] == (
        ":3: global.imageregistry: the chart has no such value; did you mean 'imageRegistry'?"
    )
    assert valuesfile.overlooked(found, None, {}) == []


def test_flag_and_its_value_as_one_argument_is_told_on_its_line(write):
    text = "extraArgs:\n- --max-len 10\n- --max-len=10\n- --x\n- y z\n"
    text += "more: {command: [sh, -c, '-x y'], args: ['-c 4096']}\n"
    found, _ = read(write, text)
    warnings = [str(each).removeprefix(f"{found.files[0].parent}/") for each in valuesfile.overlooked(found, None, {})]
    said = "and its value are one argument, so the program gets a flag with a space in its name"
    assert warnings == [
        f"0.yaml:2: extraArgs[0]: --max-len {said}; write two items, --max-len and the value",
        f"0.yaml:6: more.args[0]: -c {said}; write two items, -c and the value",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("servers: {a: {}}\n", "servers: the defaults have a server 'server', which the release has, too"),
        ("servers: {server: {}, a: {}}\n", None),
        ("servers: {server: {enabled: false}, a: {}}\n", None),
    ],
)
def test_server_of_the_defaults_is_told(write, text, said):
    found, _ = read(write, text)
    warnings = [
        f"{each.key}: {each.message}" for each in valuesfile.overlooked(found, None, {"servers": {"server": {}}})
    ]
    assert warnings == ([said] if said else [])


def test_later_file_mends_an_earlier_one(write):
    assert faults(write, "a: x\n", "a: 2\n") == []


def test_null_that_takes_away_what_is_required_is_told_on_its_line(write):
    assert faults(write, "o: {}\na: null\n") == [
        "0.yaml:2: a: null is not allowed here; remove the key to use the default"
    ]


def test_values_of_a_chart_without_a_schema_are_taken(write):
    found, _ = read(write, "anything: 1\n")
    assert valuesfile.check(found, {}, None) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "- a\n",
            "0.yaml:1: is not a values file: it is a list, not a map; write 'key: value' lines without '-' before them",
        ),
        ("a: [1\nb: 2\n", "0.yaml:1: this '[' is not closed before line 2; close it with ']'"),
        (
            "a: 1\na: 2\n",
            "0.yaml:2: a: duplicate key, first defined on line 1; keep one of the two; Helm would use the last",
        ),
        (
            "# need: Secret/x\n",
            "0.yaml:1: need: is not a known word in a comment at the top of a values file; did you mean 'needs'?",
        ),
    ],
)
def test_file_that_is_none_is_a_problem(write, text, said):
    assert read(write, text) == (None, [said])


def test_file_that_is_not_there_is_a_problem(tmp_path):
    found, problems = outcome(valuesfile.read, "mine", [tmp_path / "no.yaml"])
    assert found is None
    assert [problem.message for problem in problems] == ["no such file"]


def test_every_file_that_is_wrong_is_told(write):
    found, problems = read(write, "- a\n", "a: 1\na: 2\n")
    assert found is None
    assert [problem[:6] for problem in problems] == ["0.yaml", "1.yaml"]


def test_empty_file_is_a_values_file(write):
    found, problems = read(write, "# Nothing.\n")
    assert (found.data, problems) == ({}, [])


def test_headers_of_several_files_are_joined(write):
    found, _ = read(write, "# needs: Secret/a\n# pod-security: baseline\n", "# needs: Secret/b\n# kubernetes: >=1.34\n")
    assert found.header.needs == {"Secret/a", "Secret/b"}
    assert found.header.security == "baseline"
    assert found.header.bounds == ((">=", (1, 34)),)


def test_merge_is_helms_own(write, helm):
    """Defaults, two files, nulls at every place: what is reckoned here is what Helm hands to a template."""
    defaults = {"kept": 1, "gone": 2, "map": {"kept": 1, "gone": 2, "deep": {"a": 1}}, "list": [1, 2], "scalar": 1}
    first = {"map": {"deep": {"b": 2}, "new": {"n": None}}, "list": [3], "scalar": {"now": "a map"}, "gone": 5}
    second = {"map": {"gone": None, "deep": {"a": None}}, "gone": None, "unknown": None, "scalar": {"more": 1}}
    folder = write(
        {
            "c/Chart.yaml": {"apiVersion": "v2", "name": "c", "version": "1.0.0"},
            "c/values.yaml": defaults,
            "c/templates/a.yaml": '{{ omit .Values "global" | toJson }}\n',
            "1.yaml": first,
            "2.yaml": second,
        }
    )
    command = [helm, "template", "c", folder / "c", "-f", folder / "1.yaml", "-f", folder / "2.yaml"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found, _ = outcome(valuesfile.read, "mine", [folder / "1.yaml", folder / "2.yaml"])
    assert valuesfile.coalesced(defaults, found.data) == json.loads(said.split("\n", 2)[2])
