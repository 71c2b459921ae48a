"""What base's templates take is what their comments say, in a form that the builder reads."""

from __future__ import annotations

import re

import pytest

from chartgen.compose import signatures
from chartgen.compose.describe import helpers
from chartgen.sources import stack as stacks

BASE = next(one for one in stacks.read(stacks.find("llm-stack")).fragments if one.id == "base")
HELPERS = helpers(BASE)
BODIES = {
    name: body
    for text in BASE.templates.values()
    for name, body in re.findall(r'define "(fragment\.[^"]+)" -?\}\}(.*?)(?=\{\{-? define|\Z)', text, re.S)
}


@pytest.mark.parametrize("name", HELPERS)
def test_comment_of_a_helper_begins_with_what_it_takes(name):
    assert signatures.signature(HELPERS[name])


@pytest.mark.parametrize(
    "name", [name for name, said in HELPERS.items() if getattr(signatures.signature(said), "keys", ())]
)
def test_keys_that_a_comment_names_are_those_that_the_helper_reads(name):
    body = BODIES[name]
    passed_on = re.findall(r'include "(fragment\.[^"]+)" \.(?=[\s)])', body)
    read = "".join([body, *(BODIES.get(each, "") for each in passed_on)])
    for key in {*signatures.signature(HELPERS[name]).keys} - {"context"}:
        assert re.search(rf"(?<![\w)])\.{key}\b|\$given\.{key}\b", read), key


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("(list CONTEXT NAME): a name.", {"items": ("CONTEXT", "NAME")}),
        ("{context, image, over?}: an image.", {"keys": ("context", "image", "over"), "needed": ("context", "image")}),
        ("Given a server's\n  context: its name.", {"kinds": frozenset(["context"])}),
        ("Given a map of texts: a list.", {"kinds": frozenset(["dict"])}),
        ("YAML text that is a map; {text, of} names it.", {"kinds": frozenset(["text", "number", "dict"])}),
    ],
)
def test_signature_is_read_from_a_comment(comment, found):
    signature = signatures.signature(comment)
    assert {word: getattr(signature, word) for word in found} == found


def test_other_comments_say_nothing():
    assert signatures.signature("The name of it, given (list CONTEXT NAME).") is None
