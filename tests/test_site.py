"""The sources of the documentation site: every value has one heading, every link leads to a page."""

from __future__ import annotations

import json
import posixpath
import re

import pytest
import yaml
from conftest import CHART, ROOT

from docs.makers import site

ANCHOR = re.compile(r"^### `([^`]+)` \{ #([^ ]+) \}$", re.M)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return site.pages()


def test_every_value_of_the_schema_has_one_heading_with_a_permalink(pages):
    schema = json.loads((CHART / "values.schema.json").read_text())
    found = [match for path, text in pages.items() if path.startswith("values/") for match in ANCHOR.findall(text)]
    assert all(shown == anchor for shown, anchor in found)
    keys = [shown for shown, _ in found]
    assert len(keys) == len(set(keys))
    top = {key.partition(".")[0] for key in keys}
    assert top | {"servers", "global"} == set(schema["properties"]) | {"servers", "global"}


def test_links_lead_to_pages_of_the_site(pages):
    for path, text in pages.items():
        for match in site.LINK.finditer(text):
            if "://" not in match[2] and not match[2].startswith("mailto:"):
                there = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2]))
                assert there in pages, f"{path}: {match[0]}"


def test_every_picture_that_a_page_shows_is_on_the_site(pages):
    there = {str(file.relative_to(ROOT)) for file in site.pictures()}
    shown = [(path, name) for path, text in pages.items() for name in re.findall(r"!\[[^]]*\]\(([^)\s]+)\)", text)]
    shown += [(path, name) for path, text in pages.items() for name in re.findall(r"<img [^>]*src=\"([^\"]+)\"", text)]
    assert len(shown) > 5
    for path, name in shown:
        if "://" not in name:
            assert posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) in there, f"{path}: {name}"


def test_every_page_is_in_the_navigation(pages):
    said = yaml.safe_load(site.settings(pages))["nav"]
    listed = re.findall(r"'([^']+\.md)'", str(said))
    assert sorted(listed) == sorted(pages)


def test_what_looks_like_html_in_a_description_is_text(pages):
    body = "".join(text for path, text in pages.items() if path.startswith("values/"))
    assert not re.search(r"<[a-z]+>", re.sub(r"`[^`]*`", "", body))
