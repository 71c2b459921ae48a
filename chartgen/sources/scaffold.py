"""Makes a new fragment or a new stack from the skeletons: folders that build and validate before you change them.

`skeletons/` has a folder for each kind of fragment and one for a stack. In their texts and file names, KEY, WORD,
DOTTED and ID are replaced by forms of the new name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from .. import paths
from ..files import real, sweep, texts, whole, write
from ..files import text as file_text
from ..paths import show
from ..problem import Faults, Problem, fault, nearest
from ..reading import yamlfile
from . import stack as stacks

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*(/[a-z][a-z0-9]*(-[a-z0-9]+)*)?")
WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# What YAML reads as something else than text: no name, or files would have to quote it.
NO_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
NO_TEXT_SAID = "is read by YAML as a boolean or as nothing"
SKELETONS = paths.HERE / "skeletons"
STACK, OTHER = "stack", "other"  # the skeletons that are not named after a group of fragments
# What the cases of a skeleton use besides the fragments that it requires.
USED = {
    "engine": ("gpu", "source/huggingface", "delivery/none"),
    "source": ("engine/custom", "delivery/init"),
    "ui": ("engine/custom", "delivery/none"),
}


def kinds() -> list[str]:
    """The groups of fragments that have a skeleton: `engine`, `source` and so on."""
    return sorted(folder.name for folder in SKELETONS.iterdir() if folder.name not in (STACK, OTHER))


def create(id: str, folder: Path | None, named: str | None, other: bool = False) -> list[str]:
    """Make the fragment `id` below `folder`, and add it to the stack `named` where one is given; what to print.

    Its group (`engine/…`) decides the skeleton; `other` says that it is a group of one's own, however it is called.
    The stack gets the fragments too that the new one requires, and those that its cases use, so that it validates.
    Faults, with nothing written, where the name is bad or taken, or the stack cannot take it.
    """
    recipe = stacks.find(named) if named else None
    if recipe and real(recipe).is_relative_to(paths.HERE) and not paths.at_checkout():
        remedy = "create your stack with 'chartgen new stack NAME', and name its stack.yaml"
        raise fault(str(named), "is a stack that chartgen includes, which is changed only in its checkout", remedy)
    if not (folder or recipe):
        stacks.find(None)  # Faults where no stack is here that could have the fragment
    root = folder or _root(recipe)
    target = root / id
    if problems := _refused(id, target, other, recipe):
        raise Faults(problems)
    group = id.partition("/")[0]
    skeleton = group if group in kinds() and "/" in id else OTHER
    changed, more = _added(recipe, id, root, _used(skeleton)) if recipe else ("", [])
    named_in_stack = partial(write, recipe, changed.encode()) if recipe else lambda: None
    count = _copied(skeleton, target, id, named_in_stack)
    return [f"{target}: {count} files", *_next(id, root, target, recipe, more if recipe else _used(skeleton))]


def _used(skeleton: str) -> list[str]:
    """The fragments that a skeleton requires or its cases use, and those that these require, each after its own."""
    found: list[str] = []
    _require(yamlfile.read(SKELETONS / skeleton / "fragment.yaml").data.get("requires", []), found)
    _require(USED.get(skeleton, ()), found)
    return found


def _require(ids: Iterable[str], found: list[str]) -> None:
    for id in (id for id in ids if id not in found):
        _require(yamlfile.read(paths.HERE / "fragments" / id / "fragment.yaml").data.get("requires", []), found)
        found.append(id)


def create_stack(name: str, folder: Path | None) -> list[str]:
    """Make the stack `name` with one fragment in `folder`, by default ./NAME; what to print."""
    target = folder or Path(name)
    if not WORD.fullmatch(name):
        remedy = "use lowercase letters, digits and dashes: team-llm"
        raise Faults([Problem(name or "''", 0, "", "is not a name for a chart", remedy)])
    if name in NO_TEXT:
        raise Faults([Problem(name, 0, "", NO_TEXT_SAID, "choose another name")])
    if os.path.lexists(target):
        raise Faults([Problem(str(target), 0, "", "is there already", "choose another name, or remove it first")])
    count = _copied(STACK, target, name)
    commands = "chartgen build && chartgen validate && chartgen package"
    return [f"{target}: {count} files", f"next: cd {target} && {commands}", _docs()]


def _copied(skeleton: str, target: Path, id: str, finish: Callable[[], object] = lambda: None) -> int:
    """Write the files of a skeleton with their names filled in, all or none; how many there are.

    `finish` is done before they appear, and where it fails, they do not.
    """
    found = texts(SKELETONS / skeleton)
    fresh = target.with_name(f".{target.name}.chartgen-{os.getpid()}")
    with whole(target, fresh):
        sweep(target.parent, f".{target.name}.chartgen-")
        for file, text in found.items():
            path = fresh / _filled(file, id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, id), encoding="utf-8")
        finish()
        fresh.rename(target)
    return len(found)


def _root(recipe: Path | None) -> Path:
    """The folder of fragments meant: chartgen's own in its checkout, else `fragments` beside the stack."""
    own = paths.HERE / "fragments"
    if recipe and not real(recipe).is_relative_to(paths.HERE):
        return recipe.parent / "fragments"
    return Path("chartgen/fragments") if real("chartgen/fragments") == real(own) else Path("fragments")


def _refused(id: str, target: Path, other: bool, recipe: Path | None) -> list[Problem]:
    if not ID.fullmatch(id):
        remedy = "use lowercase letters, digits and dashes, with a group before a slash if it has one: observe/hello"
        return [Problem(id, 0, "", "is not a name for a fragment", remedy)]
    if os.path.lexists(target):
        return [Problem(str(target), 0, "", "is there already", "choose another name, or remove it first")]
    if id in stacks.available([paths.HERE / "fragments"]):
        return [Problem(id, 0, "", "is one of chartgen's own fragments", "choose another name")]
    if id.rpartition("/")[2] in NO_TEXT:
        return [Problem(id, 0, "", NO_TEXT_SAID, "choose another name")]
    if recipe and (owner := _owner(_key(id), recipe)):
        message = f"its values would be under '{_key(id)}', which {owner} declares already"
        return [Problem(id, 0, "", message, "choose another name")]
    group = id.partition("/")[0]
    meant = nearest(group, kinds()) if "/" in id and group not in kinds() and not other else ""
    if meant.startswith("did you mean"):
        remedy = f"{meant} To create a new group with this name, add --other-group"
        return [Problem(id, 0, "", f"'{group}' is not a kind of fragment", remedy)]
    return []


def _key(id: str) -> str:
    """The key of a new fragment's values: aB of engine/a-b."""
    first, *rest = id.rpartition("/")[2].split("-")
    return first + "".join(part.capitalize() for part in rest)


def _owner(key: str, recipe: Path) -> str:
    """The fragment of a stack that has values under a key; empty if none has, or if the stack cannot be read."""
    try:
        there = stacks.read(recipe).fragments
    except Faults:
        return ""
    return next((each.id for each in there if key in each.server or key in each.release), "")


def _filled(text: str, id: str) -> str:
    """KEY: aB of a-b, WORD: a-b, DOTTED: engine.a-b, ID: engine/a-b, where none of them is a part of a longer name."""
    names = {"KEY": _key(id), "WORD": id.rpartition("/")[2], "DOTTED": id.replace("/", "."), "ID": id}
    return re.sub(r"(?<![A-Za-z_])(KEY|WORD|DOTTED|ID)(?![A-Za-z_])", lambda match: names[match[0]], text)


def _next(id: str, root: Path, target: Path, recipe: Path | None, more: list[str]) -> list[str]:
    """What to do next; `more` are the fragments that were added with it, or must be in the stack."""
    own = real(root) == real(paths.HERE / "fragments")
    path = "" if own else f", and '{root.name}' to its fragmentPaths"
    if recipe:
        first = f"{show(recipe)}: added" + (f", with what it and its cases use: {', '.join(more)}" if more else "")
    else:
        first = f"next: add '{id}' to fragments in your stack.yaml{path}"
        first += f"; it and its cases use {', '.join(more)}" if more != ["base"] else ""
    return [first, f"then: change {target}, and run 'chartgen validate --only {id}'", _docs()]


def _docs() -> str:
    return f"how fragments work: {show(paths.docs() / 'CONTRIBUTING.md')}"


def _added(recipe: Path, id: str, root: Path, used: list[str]) -> tuple[str, list[str]]:
    """The stack file's text with the fragment in it, and its folder where that is not one of those searched; and what
    of `used` the stack did not have, which is put before it.

    Lines are put in between; what stands there stays as it is to the byte, comments and layout too.
    """
    shown = show(recipe)
    parsed = yamlfile.read(recipe, shown)
    if parsed.problems or not isinstance(parsed.data, dict):
        raise Faults(parsed.problems or [Problem(shown, 0, "", "is not a stack", "name a stack file")])
    for key in ("fragments", "fragmentPaths"):
        items = parsed.data.get(key) or []
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise Faults([Problem(shown, parsed.lines[key,], key, "is not a list of names", "correct the list")])
    text = file_text(recipe, shown)
    given = parsed.data.get("fragmentPaths") or []
    searched = [real(recipe.parent / path) for path in given] + [real(paths.HERE / "fragments")]
    there = parsed.data.get("fragments") or []
    more = [each for each in used if each not in there]
    wanted = {**parsed.data, "fragments": [*there, *more, id]}
    changed = text
    for each in (*more, id):
        changed = _appended(changed, "fragments", each)
    if real(root) not in searched:
        place = _relative(root, recipe.parent)
        wanted["fragmentPaths"] = [*given, place]
        changed = _appended(changed, "fragmentPaths", place)
    if yamlfile.parse(changed, shown).data != wanted:
        line, remedy = parsed.lines.get(("fragments",), 0), f"add '{id}' there yourself, and leave --stack out here"
        what = "is laid out so that nothing can be added safely"
        raise Faults([Problem(shown, line, "fragments", what, remedy)])
    return changed, more


def _appended(text: str, key: str, item: str) -> str:
    """`text` with an item at the end of a list, a block or on one line; where there is none, above the fragments."""
    parsed = yamlfile.parse(text, "")
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if (key,) not in parsed.lines:
        at = parsed.lines.get(("fragments",), 1) - 1
        while at and lines[at - 1].startswith("#"):
            at -= 1
        return "".join([*lines[:at], f"{key}: [{item}]{end}", *lines[at:]])
    last = max((n for path, n in parsed.lines.items() if len(path) == 2 and path[0] == key), default=0)
    block = re.match(r"(\s*-\s+)", lines[last - 1]) if last else None
    if block:
        lines[last - 1] = lines[last - 1].rstrip("\r\n") + end
        return "".join([*lines[:last], f"{block[1]}{item}{end}", *lines[last:]])
    at = (last or parsed.lines[(key,)]) - 1
    lines[at] = re.sub(r"\s*\](\s*(#.*)?)$", rf"{', ' if last else ''}{item}]\1", lines[at], count=1)
    return "".join(lines)


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(real(path), real(start))).as_posix()
