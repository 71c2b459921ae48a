"""YAML that chartgen writes reads as the data that it was written from."""

from __future__ import annotations

import pytest
import yaml

from chartgen.compose.yamltext import document
from chartgen.reading import yamlfile

DATA = [
    {"plain": "word", "text": "two words", "empty": "", "colon": "a: b # c", "quote": 'it\'s "so"'},
    {"numbers": ["1.0", "1e3", "0o7", "2001-01-01", 1, 1.5], "truths": ["yes", True, None, "null", "~"]},
    {
        "block": "one\n\n  two\nthree\n",
        "unended": "one\ntwo",
        "more": "one\n\n",
        "indented": " one\ntwo",
        "first": "\none",
    },
    {"list": [{"a": 1, "b": {"c": "x\ny\n"}, "d": [1, [2, {}]]}, [], {}, "text"], "empty": {"map": {}, "list": []}},
    {
        "nested": {"yaml": "- kind: added\n  description: |\n    one\n\n    two\n"},
        "tab": "a\tb\nc\n",
        "umlaut": "größer",
    },
    [{"a": "b", "c": "d"}, {"e": "f"}],
]


@pytest.mark.parametrize("data", DATA)
def test_data_is_the_same_once_it_is_read(data):
    assert yaml.safe_load(document(data)) == data


def test_text_of_several_lines_is_a_block():
    assert document({"a": {"b": "one\ntwo\n"}}) == "a:\n  b: |\n    one\n    two\n"


@pytest.mark.parametrize(
    "text", ["", "y", "on", "80", "8.5", "1e3", "0x1", ".inf", "null", "~", "-", "<<", "a: b", "#x", "\x7f", "a\x85b\n"]
)
def test_a_text_is_the_same_as_key_and_as_value_as_helm_reads_them(text):
    data = {text: [text, {text: text}]}
    found = yamlfile.parse(document(data), "a.yaml")
    assert (found.data, found.problems) == (data, [])
