"""What a fragment has and nothing uses: named templates, files, text between named templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from ..conventions import PLAN
from ..problem import Problem
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Template, Text
from ..sources.fragment import Fragment
from ..sources.stack import Stack
from .reads import Source

NAME = "fragment."
INCLUDED = re.compile(r"%[a-z]")


def check(stack: Stack, sources: list[Source], notes: Template | None) -> Iterator[Problem]:
    """Everything that a fragment has and nothing uses. base's templates are for all stacks, and left out."""
    yield from _outside(sources)
    yield from _slots(stack, sources, notes)
    yield from _templates(stack, sources, notes)
    yield from _files(stack, sources)


def _outside(sources: list[Source]) -> Iterator[Problem]:
    """Text and actions between the named templates of a file that renders nothing: Helm drops it in silence."""
    for source in sources:
        if source.file.rpartition("/")[2].startswith("_"):
            for node in source.template.body:
                if not isinstance(node, Text) or node.text.strip():
                    line = node.line
                    if isinstance(node, Text):
                        line += len(node.text[: -len(node.text.lstrip())].split("\n")) - 1
                    remedy = "move it into a named template, or into a comment"
                    yield Problem(source.path, line, "", "is outside of every named template: Helm drops it", remedy)
                    break


def _slots(stack: Stack, sources: list[Source], notes: Template | None) -> Iterator[Problem]:
    """Slots that no template includes: what fills them goes nowhere. Facts, and defaults of values, are read."""
    bodies = [body for source in sources for body in (source.template.body, *(d.body for d in source.template.defines))]
    used = {name for body in [*bodies, *([notes.body] if notes else [])] for name in named(body)}
    slots = {
        f"{NAME}slot.{name}": (fragment, slot) for fragment in stack.fragments for name, slot in fragment.offers.items()
    }
    for name, (fragment, slot) in slots.items():
        if (
            fragment.id != "base"
            and name not in used
            and not slot.keys
            and not slot.default
            and not _matches(used, name)
        ):
            message, remedy = "no template includes this slot", f'include "{name}", or remove the slot'
            yield fragment.problem("fragment.yaml", ("offers", slot.name), message, remedy)


def _matches(names: Iterable[str], name: str) -> bool:
    """Whether one of these names, made by `printf`, may be the name."""
    return any(fnmatchcase(name, INCLUDED.sub("*", each)) for each in names if "%" in each)


def _templates(stack: Stack, sources: list[Source], notes: Template | None) -> Iterator[Problem]:
    """Named templates that nothing includes."""
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    used: set[str] = set()
    waiting = [template for fragment in stack.fragments for template in fragment.fills.values()]
    waiting += [f"{NAME}{PLAN}", *(name for name, (source, _) in defined.items() if source.fragment.id == "base")]
    bodies = [source.template.body for source in sources] + ([notes.body] if notes else [])
    waiting += [name for body in bodies for name in named(body)]
    while waiting:
        name = waiting.pop()
        for each in [name] if name in defined else _matched(name, defined):
            if each not in used:
                used.add(each)
                waiting += named(defined[each][1].body)
    for name, (source, define) in defined.items():
        if name not in used:
            yield Problem(source.path, define.line, name, "no template includes it", "include it, or remove it")


def _matched(name: str, defined: dict[str, tuple[Source, Define]]) -> list[str]:
    """The templates that a name made by `printf` may be."""
    pattern = INCLUDED.sub("*", name)
    return [each for each in defined if "*" in pattern and fnmatchcase(each, pattern)]


def named(body: tuple[Node, ...]) -> Iterator[str]:
    """The named templates that a body may include: each text that could be a name."""
    for node in gotemplate.nodes(body):
        if isinstance(node, Call):
            yield node.name
        if isinstance(node, (Action, Branch, Call)) and node.pipe:
            yield from (
                term.text for term in gotemplate.terms(node.pipe) if term.kind == "text" and term.text.startswith(NAME)
            )


def _files(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Files that no template names."""
    for fragment in stack.fragments:
        text = "\n".join([*fragment.templates.values(), repr(fragment.server), repr(fragment.release)])
        text += stack.notes
        text += "\n".join(
            each for other in stack.fragments if other is not fragment for each in other.templates.values()
        )
        for file in fragment.files:
            if not _is_named(fragment, file, text):
                message = "no template names this file"
                remedy = f'use it, such as with .Files.Get "files/{fragment.id}/{file}", or remove it'
                yield Problem(f"{fragment.folder}/files/{file}", 0, "", message, remedy)


def _is_named(fragment: Fragment, file: str, text: str) -> bool:
    """Whether a text has the name of a file, or of the folder or the pattern that it is in."""
    if f'files/{file}"' in text or f"'files/{file}'" in text or f"files/{fragment.id}/{file}" in text:
        return True
    patterns = re.findall(rf"files/{re.escape(fragment.id)}/[^\s\"`{{}}]*[*%][^\s\"`{{}}]*", text)
    return any(fnmatchcase(f"files/{fragment.id}/{file}", INCLUDED.sub("*", pattern)) for pattern in patterns)
