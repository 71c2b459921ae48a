"""values.yaml says everything that the schema says."""

import re

import pytest

from chartgen.compose import merge, schema, values
from chartgen.compose.schema import rows
from chartgen.reading import yamlfile
from chartgen.sources import stack as stacks


@pytest.fixture(scope="module")
def llm_stack():
    stack = stacks.read(stacks.find("llm-stack"))
    gathered = merge.gather(stack)
    return stack, gathered


def test_values_yaml_holds_exactly_the_defaults(llm_stack):
    stack, gathered = llm_stack
    parsed = yamlfile.parse(values.text(stack, gathered), "values.yaml")
    assert not parsed.problems
    expected = schema.defaults(gathered.server) | {"servers": {"server": {}}} | schema.defaults(gathered.release)
    assert parsed.data == expected


def test_every_value_stands_below_what_it_means(llm_stack):
    lines = values.text(*llm_stack).splitlines()
    naked = [
        line
        for n, line in enumerate(lines)
        if re.match(r" *[A-Za-z]\w*:", line) and not lines[n - 1].lstrip().startswith("#")
    ]
    blocks = (
        "capabilities",
        "seccompProfile",
        "drop",
        "runAs",
        "fsGroup",
        "allowPriv",
        "readOnlyRoot",
        "type: Runtime",
        "scaleUp",
        "scaleDown",
        "stabilization",
        "policies",
        "requests",
        "limits",
        'cpu: "',
        'memory: "',
    )
    assert [line for line in naked if not line.strip().startswith(blocks)] == []


def test_every_value_is_described(llm_stack):
    _, gathered = llm_stack
    everything = [*rows(gathered.server), *rows(gathered.release)]
    assert [path for path, declared in everything if not declared.get("description")] == []


def test_no_default_is_null(llm_stack):
    assert "null" not in values.text(*llm_stack).split()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain-word", "plain-word"),
        ("yes", '"yes"'),
        ("7b", '"7b"'),
        ("", '""'),
        (True, "true"),
        (0, "0"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": ["b", 1]}, "{a: [b, 1]}"),
    ],
)
def test_values_are_written_so_that_yaml_reads_them_back(value, text):
    assert values.flow(value) == text
    assert yamlfile.parse(f"x: {text}", "x").data == {"x": value}
