"""An answer in a values file changes its own lines; the rest stays as somebody wrote it, comments too."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from conftest import CHART, ROOT

from chartgen.configure import answers, edited

MINE = """\
# top

# about the model
model:
  # a note
  tag: 7b   # as measured
  name: "x#y" # quoted # twice
list: # mine
  - a # first
  # between
  - b
flow: {a: 1, b: [2]} # flowing
text: | # literal
  # no comment

  x

deep:
  inner:
    # only
    one: 1
# end
"""


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize(
    ("path", "value", "gone", "come"),  # lines of the text that go, and others that come
    [
        ("model.tag", "8b", ["  tag: 7b   # as measured"], ['  tag: "8b" # as measured']),
        ("model.tag", None, ["  tag: 7b   # as measured"], ["  # as measured"]),
        ("model.contextLength", 9, [], ["  contextLength: 9"]),
        (
            "list",
            ["z"],
            ["list: # mine", "  - a # first", "  # between", "  - b"],
            ["# first", "# between", "list: # mine", "- z"],
        ),
        ("flow.a", 2, ["flow: {a: 1, b: [2]} # flowing"], ["flow: # flowing", "  a: 2", "  b:", "  - 2"]),
        ("text", "a\nb\n", ["text: | # literal", "  # no comment", "", "  x", ""], ["text: | # literal", "  a", "  b"]),
        ("deep.inner.one", None, ["deep:", "  inner:", "    # only", "    one: 1"], ["# only"]),
        ("deep.inner.two", {"a": [1]}, [], ["    two:", "      a:", "      - 1"]),
        ("other.on", True, [], ["other:", '  "on": true']),
        ("list.a.b", 1, ["list: # mine", "  - a # first", "  # between", "  - b"], None),
    ],
)
def test_only_the_lines_of_an_answer_change(path: str, value: Any, gone: list[str], come: list[str] | None) -> None:
    text = answers.answered(MINE, path, value)
    kept = lines(MINE)
    if gone:
        at = kept.index(gone[0])
        assert kept[at : at + len(gone)] == gone
        del kept[at : at + len(gone)]
    left = iter(lines(text))
    assert all(line in left for line in kept), "what was not answered is there, in order"
    if come is not None:
        for line in come:
            assert line in lines(text)
        assert len(lines(text)) == len(kept) + len(come)
    assert sorted(edited.comments(text)) == sorted(edited.comments(MINE))


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("# no line break", "a.b", 2, "# no line break\na:\n  b: 2\n"),
        ("a: 1", "b", 2, "a: 1\nb: 2\n"),
        ("{a: 1} # in brackets\n", "b", 2, "# in brackets\na: 1\nb: 2\n"),
        ("---\n# below\na: 1\n...\n", "b", 2, "---\n# below\na: 1\nb: 2\n...\n"),
        ("a: &x {b: 1} # x\nc: *x # y\n", "a.b", 2, "# x\n# y\na:\n  b: 2\nc:\n  b: 1\n"),
        ("a: &x {b: 1} # x\nc: *x # y\n", "d", 2, "a: &x {b: 1} # x\nc: *x # y\nd: 2\n"),
        ("c: &x\n  b: 1 # x\na:\n  <<: *x\n  d: 1\n", "a.d", None, "c: &x\n  b: 1 # x\na:\n  <<: *x\n"),
        ("? a # odd\n: 1\n", "a", 2, "# odd\na: 2\n"),
        ("a: 1 # x\n", "a", None, "# x\n"),
        ("a:\n  b: 1\n", "a.b", None, ""),
        ("a:\n  b: 1\n", "a.c", None, "a:\n  b: 1\n"),
        ('"80": x\nb: 1 # y\n', "a", "é\n\x85", '"80": x\nb: 1 # y\na: "é\\n\\u0085"\n'),
        ("a: 'x\n  # no comment\n  y' # one\nb: 1\n", "b", 2, "a: 'x\n  # no comment\n  y' # one\nb: 2\n"),
    ],
)
def test_odd_texts_say_what_was_answered_and_keep_their_comments(
    text: str, path: str, value: Any, expected: str
) -> None:
    assert answers.answered(text, path, value) == expected


def leaves(data: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    own = [path] if path and not any("." in key for key in path) else []
    return (
        own + [each for key, inner in data.items() for each in leaves(inner, (*path, key))]
        if isinstance(data, dict)
        else own
    )


FILES = sorted([*CHART.glob("examples/*.yaml"), *(ROOT / "chartgen/fragments").glob("**/cases/*.yaml")])


@pytest.mark.slow
def test_every_value_of_files_that_people_wrote_can_be_answered_and_no_comment_is_lost() -> None:
    chance, places = random.Random(17), 0
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        data = answers.read(text)
        every = leaves(data)
        for path in chance.sample(every, min(4, len(every))):
            for value in (None, "new", ["x", {"y": 1}]):
                expected = copy.deepcopy(data)
                answers._set(expected, list(path), value)
                changed = answers.answered(text, ".".join(path), value)
                assert json.dumps(answers.read(changed), sort_keys=True) == json.dumps(expected, sort_keys=True), file
                assert sorted(edited.comments(changed)) == sorted(edited.comments(text)), (file, path, value)
                places += 1
    assert places > 300


def test_a_file_is_given_back_as_it_was() -> None:
    once = answers.answered(MINE, "model.contextLength", 9)
    assert answers.answered(once, "model.contextLength", None) == MINE
