"""docs/estimates.md: what the chart reckons now, honestly beside what was measured."""

from __future__ import annotations

import pytest
import yaml

from docs.makers.estimates import PAGE, TABLE, page, rows

pytestmark = pytest.mark.slow

LARGE = 25  # percent

DATA = yaml.safe_load(TABLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compared():
    return rows()


def test_page_is_made_from_the_figures_and_the_chart():
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'make docs'"


def test_every_source_can_be_read_and_is_used():
    assert all(source["url"].startswith("https://") and source["title"] for source in DATA["sources"].values())
    assert {figure["source"] for figure in DATA["figures"]} == DATA["sources"].keys()


def test_there_are_figures_of_every_part_and_both_engines(compared):
    assert {row["of"] for row in compared} == {"all", "weights", "cache"}
    assert len([row for row in compared if row["of"] == "all"]) >= 8
    told = " ".join(row["by"] for row in compared)
    assert "ollama" in told
    assert "vLLM" in told


def test_error_that_is_large_says_why(compared):
    silent = [row["model"] for row in compared if abs(row["error"]) > LARGE and "why" not in row]
    assert silent == []


def test_sum_that_is_too_small_says_why_unless_it_is_close(compared):
    assert [row["model"] for row in compared if row["error"] < -10 and "why" not in row] == []


def test_weights_and_caches_are_right_to_a_few_percent(compared):
    assert max(abs(row["error"]) for row in compared if row["of"] != "all") <= 3
