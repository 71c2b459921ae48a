"""`build --check` does not compose what these very sources made before; any other source is composed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chartgen import paths
from chartgen.chart import disk
from chartgen.compose import building, unchanged

LITTLE = """\
chart: {name: little, version: 1.0.0, description: A little chart.}
fragmentPaths: [own, fragments]
fragments: [group/a]
"""
FILES = {
    "stack.yaml": LITTLE,
    "README.md": "# Little\n",
    "NOTES.txt": "Installed.\n",
    "examples/one.yaml": "{}\n",
    "own/other/fragment.yaml": "summary: Another.\n",
    "fragments/group/a/fragment.yaml": "summary: A.\n",
    "fragments/group/a/templates/a.yaml": "kind: A\n",
    "fragments/group/a/cases/one.yaml": "# One.\n{}\n",
}


@pytest.fixture
def little(monkeypatch, tmp_path) -> Path:
    """A stack whose chart is built and remembered, in a home of the test's own."""
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    building.wellformed._memory.cache_clear()
    for path, text in FILES.items():
        write(tmp_path / path, text)
    assert unchanged.known(tmp_path / "stack.yaml", tmp_path / "chart") is None
    made(tmp_path)
    yield tmp_path
    building.wellformed._memory.cache_clear()


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def made(folder: Path) -> None:
    recipe = folder / "stack.yaml"
    sources = unchanged.seal(recipe)
    chart = building.of_stack(recipe).chart
    disk.write(chart, folder / "chart")
    unchanged.remember(sources, recipe, chart)


def known(folder: Path):
    return unchanged.known(folder / "stack.yaml", folder / "chart")


def test_chart_of_unchanged_sources_is_known(little):
    count = sum(1 for path in (little / "chart").rglob("*") if path.is_file())
    assert known(little) == (little / "chart", count)


@pytest.mark.parametrize("path", [path for path in FILES if path not in ("own/other/fragment.yaml",)])
def test_another_source_is_composed_again(little, path):
    if "/cases/" in path:
        os.rename(little / path, little / path.replace("one", "two"))  # of a case, the rules know only the name
    else:
        write(little / path, FILES[path] + "# More.\n")
    assert known(little) is None


@pytest.mark.parametrize(
    "path",
    [
        "CHANGELOG.md",
        "examples/two.yaml",
        "ci/one.yaml",
        "own/group/a/fragment.yaml",
        "fragments/group/a/templates/b.yaml",
        "fragments/group/a/files/b",
        "fragments/group/a/odd/b",
    ],
)
def test_new_file_that_the_chart_depends_on_is_composed(little, path):
    write(little / path, "")
    assert known(little) is None


def test_chart_that_differs_is_compared_file_by_file(little):
    for path, text in (("chart/README.md", "x"), ("chart/more.yaml", ""), ("chart/templates/group/a/a.yaml", None)):
        file = little / path
        before = file.read_text(encoding="utf-8") if file.exists() else None
        write(file, text) if text is not None else file.unlink()
        assert known(little) is None
        file.unlink() if before is None else write(file, before)
        assert known(little)


@pytest.mark.parametrize(
    "path", ["chart/README.md", "fragments/group/a/templates/a.yaml", "fragments/group", "README.md"]
)
def test_link_is_left_to_those_who_refuse_it(little, path):
    moved = little / "moved"
    os.rename(little / path, moved)
    (little / path).symlink_to(moved)
    assert known(little) is None


def test_source_that_changes_while_it_is_composed_is_not_remembered(little):
    recipe = little / "stack.yaml"
    write(little / "README.md", "# Changed\n")
    sources = unchanged.seal(recipe)
    chart = building.of_stack(recipe).chart
    write(little / "README.md", "# Changed again\n")
    unchanged.remember(sources, recipe, chart)
    write(little / "README.md", "# Changed\n")
    disk.write(chart, little / "chart")
    assert known(little) is None


OPENED = """\
import os, sys
seen = []
sys.addaudithook(lambda event, given: seen.append(str(given[0])) if event == "open" else None)
from pathlib import Path
from chartgen.compose import building
building.of_stack(Path(sys.argv[1]))
loaded = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "chartgen"]
print("\\n".join(os.path.abspath(path) for path in [*seen, *filter(None, loaded)]))
"""


@pytest.mark.slow
def test_all_that_a_build_opens_is_a_part_of_the_hash(tmp_path):
    """With an empty home, so that nothing is known from an earlier build."""
    file = paths.HERE / "stacks/llm-stack/stack.yaml"
    home = {**os.environ, "CHARTGEN_HOME": str(tmp_path)}
    command = [sys.executable, "-c", OPENED, str(file)]
    output = subprocess.run(command, env=home, capture_output=True, text=True, check=True).stdout
    own = (f"{paths.HERE}/", f"{paths.schemas()}/")
    opened = {path for path in output.splitlines() if path.startswith(own) and "__pycache__" not in path}
    folders = {path for path in opened if os.path.isdir(path)}
    hashed = {os.path.abspath(path) for path in unchanged._sources(file)}
    assert len(opened) > 300
    assert opened - folders - hashed == set()
