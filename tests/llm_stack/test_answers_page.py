"""docs/answers.md: every answer leads to something that is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import CHART, ROOT

from chartgen.reading import yamlfile
from chartgen.reading.unprinted import opened

PAGE = ROOT / "docs/answers.md"
TEXT = PAGE.read_text(encoding="utf-8")
SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
ASKED = 31


def links() -> list[str]:
    return sorted(set(re.findall(r"\]\(([^)]+)\)", TEXT)))


def values() -> list[str]:
    """What stands in code and looks like a value of the chart, dotted, its first part being one."""
    words = re.findall(r"`([a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)+)`", TEXT)
    return sorted({word for word in words if word.split(".")[0] in SCHEMA["properties"]})


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that follows a heading."""
    table = TEXT.partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("link", links())
def test_every_link_leads_somewhere(link):
    path, _, anchor = link.partition("#")
    target = (PAGE.parent / path).resolve()
    assert target.is_file()
    if anchor:
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in [heading.lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("value", values())
def test_every_value_that_is_named_is_one(value):
    schema = SCHEMA
    for key in value.split("."):
        schema = schema.get("properties", {})[key]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_every_test_that_is_named_is_one(name):
    files = [file for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]
    assert any(f"def {name}(" in file.read_text(encoding="utf-8") for file in files)


def test_all_that_was_asked_is_answered_or_said_to_be_open():
    found = rows("how this chart answers")
    assert [row[0] for row in found] == [str(n) for n in range(1, ASKED + 1)]
    for number, asked, answer in found:
        assert re.search(r"\(\S+#\d+", asked), number
        assert re.search(r"`|\]\(|[Nn]ot yet", answer), number


@pytest.mark.parametrize("value", [value for value in values() if value.endswith("existingSecret")])
def test_case_beside_a_secrets_value_sets_it(value):
    (answer,) = [line for line in TEXT.splitlines() if f"`{value}`" in line]
    path = answer.partition(f"`{value}`")[2].partition("](")[2].partition(")")[0]
    found = yamlfile.read((PAGE.parent / path).resolve()).data
    for key in value.split("."):
        found = found[key]
    assert found


def test_every_defect_has_its_test():
    assert all(re.search(r"`test_\w+`", row[1]) for row in rows("## Defects"))


def test_every_feature_of_other_charts_is_here_or_said_not_to_be():
    found = rows("## What other charts")
    assert len(found) > 15
    for feature, who, answer in found:
        assert who, feature
        assert re.search(r"\]\(|`[a-z]\w*\.|Not supported|Request \d+ above", answer), feature
