"""Writes the sources of the documentation site: `python -m docs.makers.site FOLDER`, for Zensical.

The pages are the documents of this repository, at the same places, so that the links between them hold; and one page of
values for each group of fragments, on which every value has a heading, with a permalink.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from chartgen.compose import merge
from chartgen.compose.schema import Values, closed, default, rows, type_name
from chartgen.compose.values import explain, flow
from chartgen.sources import stack as stacks
from chartgen.sources.fragment import Fragment

ROOT = Path(__file__).parents[2]
CHART = "charts/llm-stack"
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    f"{CHART}/README.md",
    "chartgen/stacks/llm-stack/CHANGELOG.md",
)
# Where links lead that mean a folder of the repository.
FOLDERS = {f"{CHART}/examples": "docs/examples.md", "LICENSE": ""}
LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s#]+)(#[^)\s]*)?\)")
# Titles of the pages of values, by the group of their fragments; a fragment without a group has its own page.
TITLES = {
    "engine": "Engines",
    "source": "Sources of models",
    "delivery": "Deliveries of models",
    "storage": "Model cache",
    "scale": "Scaling",
    "ui": "Web UIs",
    "expose": "Access from outside",
    "verify": "Tests",
    "observe": "Monitoring",
    "base": "General",
}
SETTINGS: dict[str, Any] = {
    "site_name": "llm-stack and chartgen",
    "docs_dir": "source",
    "site_dir": "site",
    "use_directory_urls": False,
    "theme": {
        "name": "material",
        "font": False,
        "features": ["navigation.sections", "navigation.top", "search.highlight", "content.code.copy"],
        "palette": [
            {"media": "(prefers-color-scheme: light)", "scheme": "default"},
            {"media": "(prefers-color-scheme: dark)", "scheme": "slate"},
        ],
    },
    "plugins": ["search"],
    "markdown_extensions": [
        "attr_list",
        "md_in_html",
        "tables",
        {"toc": {"permalink": True, "toc_depth": 3}},
        "pymdownx.superfences",
    ],
    "validation": {
        "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"}
    },
}


def pages() -> dict[str, str]:
    """Every page of the site by its path; pictures are not among them."""
    made = {path: (ROOT / path).read_text(encoding="utf-8") for path in PAGES}
    made |= {f"docs/{file.name}": file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("*.md"))}
    made = {path: _linked(path, text, made.keys()) for path, text in made.items()}
    return made | values_pages()


def values_pages() -> dict[str, str]:
    """The pages of values: `values/GROUP.md`."""
    stack = stacks.read(stacks.find("llm-stack"))
    values = merge.gather(stack)
    groups: dict[str, list[Fragment]] = {}
    for fragment in stack.fragments:
        if fragment.server or fragment.release:
            groups.setdefault(fragment.id.partition("/")[0], []).append(fragment)
    made: dict[str, str] = {}
    seen: set[str] = set()
    for group, fragments in groups.items():
        sections = [line for fragment in fragments for line in _section(fragment, values, seen)]
        title = TITLES.get(group, group.replace("-", " ").capitalize())
        made[f"values/{group}.md"] = "\n".join([f"# {title}", "", *sections]) + "\n"
    return made


def _section(fragment: Fragment, values: Values, seen: set[str]) -> Iterator[str]:
    """One fragment's values; a value that an earlier page has is not repeated."""
    found = [
        (path, schema, scope)
        for scope in ("server", "release")
        for path, schema in rows({key: getattr(values, scope)[key] for key in getattr(fragment, scope)})
        if path not in seen
    ]
    if not found:
        return
    yield from (f"## {fragment.id}", "", _text(fragment.summary), "")
    for path, schema, scope in found:
        seen.add(path)
        yield from _value(path, schema, scope, values)


def _value(path: str, schema: dict[str, Any], scope: str, values: Values) -> Iterator[str]:
    yield from (f"### `{path}` {{ #{path} }}", "")
    if closed(schema):
        yield from (_text(" ".join(schema.get("description", "").split())), "")
        return
    value = default(schema)
    facts = [type_name(schema, values.definitions)]
    facts += [f"default `{flow(value)}`"] if value is not None else []
    facts += ["of every model server"] if scope == "server" else ["of the release"]
    yield from (f"*{', '.join(facts)}*", "", _text(explain(schema)), "")


def _text(text: str) -> str:
    """A description as Markdown: what looks like HTML is text."""
    return re.sub(r"<(?=[A-Za-z/])", "&lt;", text)


def _linked(path: str, text: str, known: Any) -> str:
    """A page whose links lead to pages of the site; those to other files of the repository become text."""

    def link(match: re.Match[str]) -> str:
        title, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        there = FOLDERS.get(there, there)
        if there in known:
            return f"[{title}]({posixpath.relpath(there, posixpath.dirname(path) or '.')}{anchor})"
        return title

    return LINK.sub(link, text)


def settings(made: dict[str, str]) -> str:
    """mkdocs.yml, which Zensical reads, for these pages."""
    values = sorted((path for path in made if path.startswith("values/")), key=lambda path: path != "values/base.md")
    nav = [
        {"Overview": "README.md"},
        {
            "The chart": [
                f"{CHART}/README.md",
                "docs/examples.md",
                "docs/differences.md",
                "docs/accelerators.md",
                "docs/estimates.md",
                "chartgen/stacks/llm-stack/CHANGELOG.md",
            ]
        },
        {"Values": values},
        {
            "chartgen": [
                "CONTRIBUTING.md",
                "ARCHITECTURE.md",
                "docs/loaders.md",
                "docs/bench.md",
                "docs/answers.md",
                "CHANGELOG.md",
            ]
        },
    ]
    rest = sorted(path for path in made if path.startswith("docs/") and path not in str(nav))
    return yaml.safe_dump(SETTINGS | {"nav": [*nav, *([{"More": rest}] if rest else [])]}, sort_keys=False)


def write(folder: Path) -> int:
    """Write the sources into a folder: mkdocs.yml, and source/ with pages and pictures; how many pages there are."""
    made = pages()
    for path, text in made.items():
        _put(folder / "source" / path, text.encode())
    for picture in pictures():
        _put(folder / "source" / picture.relative_to(ROOT), picture.read_bytes())
    _put(folder / "mkdocs.yml", settings(made).encode())
    return len(made)


def pictures() -> list[Path]:
    """The pictures that pages show."""
    return sorted(file for file in (ROOT / "docs").rglob("*") if file.suffix in (".svg", ".png"))


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} pages", file=sys.stderr)
