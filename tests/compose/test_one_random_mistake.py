"""One mistake of a random place in chartgen's own fragments is one problem, at that file and line."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT, outcome

from chartgen.compose import building, compose
from chartgen.sources import fragment as fragments
from chartgen.sources import stack as stacks

pytestmark = pytest.mark.slow

SEEDS = range(int(os.environ.get("MISTAKES", "1")))  # mistakes of each kind
FRAGMENTS = ROOT / "chartgen/fragments"
WORD = "([a-zA-Z]{5,})"
POD = r'include "fragment\.(?:name|shortName|labels|selector)" '


def misspelt(word: str) -> str:
    """Two letters exchanged that differ."""
    n = next(n for n in range(1, len(word)) if word[n] != word[n - 1])
    return word[: n - 1] + word[n] + word[n - 1] + word[n + 1 :]


def turned(pair: str) -> str:
    return " ".join(reversed(pair.split()))


def without(_: str) -> str:
    return ""


# Kind -> the files, what is changed in them (the first group of a match), and how.
KINDS: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "a fact that is read, misspelt": ("templates/*", rf"\.Facts\.[a-z]+\.{WORD}\b", misspelt),
    "facts that are read, misspelt": ("templates/*", rf"\.Facts\.{WORD}\b", misspelt),
    "a template that is included, misspelt": ("templates/*", rf'include "fragment\.[a-z0-9./-]*?{WORD}"', misspelt),
    "a text without quotes": ("templates/*", r": \{\{ \.Release\.Namespace( \| quote) \}\}$", without),
    "a function misspelt": ("templates/*", r"\| ([a-z][a-zA-Z]{4,})\b", misspelt),
    "a list for a helper in the wrong order": ("templates/*", rf'{POD}\(list (\S+ "[a-z-]+")\)', turned),
    "the context in place of a list": ("templates/*", rf'{POD}(\(list \S+ "[a-z-]+"\))', lambda _: "."),
    "a variable misspelt": ("templates/*", r"[ (]\$([a-z][a-zA-Z]{4,})(?! :?=|, \$)\b", misspelt),
    "a parenthesis left out": ("templates/*", r"\{\{(?!-? ?/\*)[^}\n]*(\))[^}\n(\"`]*\}\}$", without),
    "a type misspelt": ("values.schema.yaml", r"type: (string|integer|boolean|array)\b", misspelt),
    "a keyword misspelt": ("values.schema.yaml", r"^ {6,}(description|minimum|maximum): ", misspelt),
    "a default of another type": ("values.schema.yaml", r"^        default: (\d+|true|false)$", lambda _: '"x"'),
    "a fragment that is required, misspelt": ("fragment.yaml", r"^requires: \[[^\]]*?([a-z]{5,})[,\]]", misspelt),
    "a slot misspelt": ("fragment.yaml", r"^  [a-z]+\.([a-zA-Z]{5,}): fragment\.", misspelt),
    "a key misspelt": ("fragment.yaml", r"^(summary|requires|choice|fills|offers):", misspelt),
    "a value of a choice misspelt": ("fragment.yaml", r"^choice: \{[a-z.]*?([a-z]{5,}):", misspelt),
}


@cache
def stack() -> stacks.Stack:
    return stacks.read(stacks.find("llm-stack"))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_one_problem_at_its_file_and_line(kind, seed, tmp_path):
    own, file, text, line = made(kind, random.Random(f"{kind} {seed}"))
    folder = tmp_path / own.id
    shutil.copytree(FRAGMENTS / own.id, folder)
    (folder / file).write_text(text, encoding="utf-8")
    found, problems = outcome(fragments.load, folder, own.id, f"chartgen/fragments/{own.id}")
    if found:
        changed = tuple(found if one is own else one for one in stack().fragments)
        _, problems = outcome(compose.compose, replace(stack(), fragments=changed), building.kubernetes())
    assert [(problem.path, problem.line) for problem in problems] == [(f"{own.folder}/{file}", line)], problems


def made(kind: str, chance: random.Random) -> tuple[fragments.Fragment, Path, str, int]:
    """A mistake of that kind: the fragment, the file in it, its text with the mistake, and the line."""
    pattern, place, change = KINDS[kind]
    sites = [
        (own, file, match)
        for own in stack().fragments
        if own.id != "base"
        for file in sorted((FRAGMENTS / own.id).glob(pattern))
        for match in re.finditer(place, file.read_text(encoding="utf-8"), re.M)
    ]
    own, file, match = chance.choice(sites)
    text, (start, end) = file.read_text(encoding="utf-8"), match.span(1)
    changed = text[:start] + change(match[1]) + text[end:]
    return own, file.relative_to(FRAGMENTS / own.id), changed, text.count("\n", 0, start) + 1
