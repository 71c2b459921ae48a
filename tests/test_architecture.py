"""ARCHITECTURE.md's map of the modules is complete, and imports follow it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from conftest import ROOT

CODE = ROOT / "chartgen"
MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Modules")[2].partition("\n## ")[0]


def rows() -> list[tuple[str, str]]:
    """(folder, module) of the map in its order; the folder is "" for the top."""
    found, folder = [], ""
    for line in MAP.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[1].startswith("`"):
            folder = cells[0].strip("`/").replace("(top)", "") if cells[0] else folder
            found += [(folder, module) for module in re.findall(r"`(\w+)`", cells[1])]
    return found


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name below chartgen."""
    files = (file for file in CODE.rglob("*.py") if "fragments" not in file.parts and file.name != "__init__.py")
    return {".".join(file.relative_to(CODE).with_suffix("").parts): file for file in sorted(files)}


@cache
def imports(module: str, file: Path) -> set[str]:
    """The modules of chartgen that a module imports, at its top and inside functions."""
    known, found = modules(), set()
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".") * bool(node.module)
            for name in node.names:
                target = ".".join([*base, name.name])
                found.add(target if target in known else ".".join(base))
    return (found & known.keys()) - {module}


def test_the_map_names_every_module_once():
    assert sorted(".".join(filter(None, row)) for row in rows()) == sorted(modules())


def test_no_two_files_of_tests_have_one_name():
    """pytest imports them by their names alone, and cannot collect the second one."""
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_a_folder_imports_only_from_folders_above_it():
    order = list(dict.fromkeys(folder for folder, _ in rows()))
    allowed = {folder: set(order[:n]) | {folder} for n, folder in enumerate(order)}
    wrong = [
        f"{module} imports {other}"
        for module, file in modules().items()
        for other in imports(module, file)
        if module != "cli" and other.rpartition(".")[0] not in allowed[module.rpartition(".")[0]]
    ]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    known = {module: imports(module, file) for module, file in modules().items()}

    def circle(module: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if module in way:
            return (*way, module)
        return next(filter(None, (circle(other, (*way, module)) for other in sorted(known[module]))), ())

    assert {circle(module, ()) for module in known} == {()}


def test_one_place_says_where_workloads_have_claim_templates():
    """What reads one kind's alone is wrong for the other; `manifests.claim_templates` reads both."""
    found = [file for file in CODE.rglob("*.py") if re.search(r"[\w}]\.volumeClaimTemplates\b", file.read_text())]
    assert found == [CODE / "proofs/manifests.py"]
