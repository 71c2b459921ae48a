"""A stack file -> Stack: which fragments, in which order, with which defaults, make which chart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import files, paths
from ..conventions import STACK
from ..files import real
from ..paths import show
from ..problem import Collected, Faults, Problem, fault, nearest
from ..reading import document, wellformed
from .fragment import FILES, Fragment, load

# What is beside a stack file and its chart is made of: files -> what they are in a Stack, and folders.
BESIDE = {"NOTES.txt": "notes", "README.md": "readme", "CHANGELOG.md": "changelog"}
TREES = ("examples", "ci")


@dataclass(frozen=True)
class Stack:
    """What stack.yaml states, with its fragments read, and the texts that stand beside it.

    `roots` are the folders in which fragments are looked for.
    """

    file: str
    folder: Path
    chart: dict[str, Any]
    fragments: tuple[Fragment, ...]
    values: dict[str, Any]
    examples: dict[str, str]
    notes: str
    readme: str
    changelog: str = ""
    ci: dict[str, str] = field(default_factory=dict)
    lines: dict[tuple, int] = field(default_factory=dict, compare=False)
    roots: tuple[Path, ...] = ()

    @property
    def own_fragments(self) -> tuple[Fragment, ...]:
        """The fragments whose cases this stack has to stand: all of chartgen's own stacks', else the user's own.

        chartgen's fragments were proved in chartgen's stacks; their cases name engines that another may leave out.
        """
        if real(self.folder).is_relative_to(paths.HERE):
            return self.fragments
        return tuple(one for one in self.fragments if not real(one.folder).is_relative_to(paths.HERE))

    def problem(self, path: tuple, message: str, remedy: str = "") -> Problem:
        """A problem at `path` of the stack file."""
        return Problem(self.file, document.nearest_line(self.lines, path), document.dotted(path), message, remedy)


def find(name: str | None) -> Path:
    """The stack file meant by NAME: a file, a folder that holds stack.yaml, or one of chartgen's own stacks.

    Without a name: ./stack.yaml, or llm-stack at the top of chartgen's own checkout. Faults elsewhere.
    """
    if name is None and Path("stack.yaml").is_file():
        return Path("stack.yaml")
    if name is None and not paths.at_checkout():
        remedy = "change to the folder of your stack, or name the stack; chartgen's own is llm-stack"
        raise fault("stack.yaml", "no such file in this folder", remedy)
    if name is None:
        return paths.HERE / "stacks" / STACK / "stack.yaml"
    for path in (Path(name), Path(name) / "stack.yaml", paths.HERE / "stacks" / name / "stack.yaml"):
        if path.is_file():
            return path
    return Path(name)


def included() -> list[str]:
    """The names of chartgen's own stacks."""
    return sorted(folder.name for folder in (paths.HERE / "stacks").iterdir() if folder.is_dir())


def listed(name: str | None) -> list[str]:
    """The fragments that a stack file lists, for the completion of their names; none where it cannot be read."""
    try:
        data = wellformed.read(find(name), "", "stack.schema.json").data
    except (Faults, OSError):
        return []
    return list(data["fragments"])


def read(path: Path) -> Stack:
    """Read a stack file and every fragment it names; Faults with all that is wrong with them."""
    shown = show(path)
    if not path.is_file():
        remedy = f"name a stack file, or one of chartgen's stacks: {', '.join(included())}"
        raise fault(shown, "no such stack", remedy)
    parsed = wellformed.read(path, shown, "stack.schema.json")
    data, folder = parsed.data, path.parent
    roots = roots_of(folder, data)
    stack = Stack(
        file=shown,
        folder=folder,
        chart=data["chart"],
        fragments=(),
        values=data.get("values", {}),
        **{name: files.texts(folder / name) for name in TREES},
        **{word: _text(folder / name) for name, word in BESIDE.items()},
        lines=parsed.lines,
        roots=tuple(roots),
    )
    # Fragments of a folder that is not there cannot be found either: that is said alone.
    Collected(_paths(stack)).end()
    collected = Collected()
    fragments = _fragments(stack, data["fragments"], roots, collected)
    collected.end()
    return replace(stack, fragments=tuple(fragments))


def _paths(stack: Stack) -> list[Problem]:
    """Folders of fragments that are not there."""
    missing = [(n, root) for n, root in enumerate(stack.roots[:-1]) if not root.is_dir()]
    remedy = "write its path relative to this file"
    return [stack.problem(("fragmentPaths", n), f"no such folder: {show(root)}", remedy) for n, root in missing]


def _fragments(stack: Stack, ids: list[str], roots: list[Path], collected: Collected) -> list[Fragment]:
    fragments = []
    for n, id in enumerate(ids):
        folder = folder_of(id, roots)
        if folder is None:
            remedy = nearest(id, available(roots), "the fragments") or "'chartgen fragments' lists them"
            collected.problems.append(stack.problem(("fragments", n), f"no such fragment: '{id}'", remedy))
        elif fragment := collected.attempt(load, folder, id, show(folder)):
            fragments.append(fragment)
    return fragments


def roots_of(folder: Path, recipe: dict[str, Any]) -> list[Path]:
    """The folders in which the fragments of a stack are looked for, by what its stack.yaml says."""
    return [folder / extra for extra in recipe.get("fragmentPaths", [])] + [paths.HERE / "fragments"]


def folder_of(id: str, roots: Iterable[Path]) -> Path | None:
    """The folder of a fragment: the first that there is."""
    return next((root / id for root in roots if _is_fragment(root / id)), None)


def _is_fragment(folder: Path) -> bool:
    """Whether a folder is meant to be a fragment, even if its fragment.yaml is missing."""
    return any((folder / name).exists() for name in (*FILES, "templates"))


def available(roots: list[Path]) -> list[str]:
    """The ids of all fragments below `roots`."""
    return sorted({file.parent.relative_to(root).as_posix() for root in roots for file in root.rglob("fragment.yaml")})


def _text(path: Path) -> str:
    """The text of a file beside the stack, empty where there is none. Line ends are those of the chart."""
    said = files.text(path, show(path)) if files.regular(path) else ""
    return said.replace("\r\n", "\n").replace("\r", "\n")
