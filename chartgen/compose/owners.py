"""Whose value it is: what templates read, against what fragments declare."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..conventions import IMAGES, VENDOR
from ..paths import show
from ..problem import Problem, nearest
from ..reading.gotemplate import Define, Template
from ..sources.fragment import Fragment
from ..sources.stack import Stack
from . import merge
from .reads import ANY, BUILT, FACTS, RELEASE, SERVER, Found, Path, Read, Source, Use, run
from .schema import NESTED, NESTED_LISTS, NESTED_MAPS, Values, closed, default

# What Python's regular expressions know and Go's do not; what is before it here is passed over.
NOT_RE2 = re.compile(
    r"(?P<only>\\[1-9ZuUN]|\(\?(?:<?[=!]|[>(#]|P[=>])|[*+?}]\+)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL
)
# What Go's know and Python's do not, or take for something else.
ONLY_RE2 = re.compile(r"(?:^|[^\\])(?:\\\\)*(?P<only>\\[pPzQC]|\[:\^?[a-z]+:\]|\(\?U)")
MOST_REPEATS = 1000
TYPED = {"type", "$ref", "enum", "const", "properties", "anyOf", "oneOf", "allOf", "x-kubernetes", "x-keys-of"}
# What is no condition, and what is merged into an object of the definition.
BESIDE_REF = ("$ref", "description", "default", "examples", "title", "$comment", "properties", "required")
PLAIN = ("string", "integer", "number", "boolean")  # types of values that have no keys


UNDECLARED = "no fragment declares this value"
# What Helm's type for .Values can do: not a key of the values.
METHODS = ("AsMap", "YAML", "Table", "Encode", "PathValue")


class Owned(NamedTuple):
    """What a fragment declares: the paths of its values by their first key, and those of objects."""

    leaves: dict[str, list[Path]]
    objects: list[Path]


def uses(stack: Stack, sources: list[Source], notes: Template | None) -> list[Use]:
    """What every template file reads and changes."""
    scopes = _scopes(stack)
    defined: dict[str, dict[str, tuple[str, Define]]] = {}
    for source in sources:
        named = {define.name: (source.path, define) for define in source.template.defines}
        defined.setdefault(source.fragment.id, {}).update(named)
    uses = {source.path: Use(source.fragment, source.path, Found()) for source in sources}
    for source in sources:
        # What base's templates change and read is given to them by others.
        others = {} if source.fragment.id == "base" else defined[source.fragment.id]
        own = "" if source.file.rpartition("/")[2].startswith("_") else RELEASE
        for path, found in run(source, others, scopes, own).items():
            uses[path].found.join(found)
    if notes:
        path = show(stack.folder / "NOTES.txt")
        uses[path] = Use(None, path, run(Source(None, "NOTES.txt", path, notes), {}, {}, RELEASE)[path])
    return list(uses.values())


def check(stack: Stack, values: Values, found: list[Use]) -> list[Problem]:
    """Everything that is wrong with values: declared, described, read, changed."""
    owned = _owned(stack, values)
    problems = []
    for use in found:
        allowed = _allowed(use.fragment, stack) if use.fragment else set(owned)
        if use.fragment and use.fragment.id != "base":
            problems += _everything(use)
            problems += _shared(use, owned, allowed)
        problems += _reads(use.path, use.found.reads, values, owned, allowed)
        problems += _changes(use, values)
        problems += _images(use, values)
    for fragment in stack.fragments:
        problems += _described(fragment, stack)
    return problems


def unread(stack: Stack, values: Values, found: list[Use]) -> list[Problem]:
    """Values that no template reads."""
    return [*_unread(stack, _owned(stack, values), [read for use in found for read in use.found.reads])]


def _owned(stack: Stack, values: Values) -> dict[str, Owned]:
    return {
        fragment.id: Owned(
            _by_first(_leaves(fragment, values)), [path for path, schema in _nodes(fragment) if closed(schema)]
        )
        for fragment in stack.fragments
    }


def _scopes(stack: Stack) -> dict[str, str]:
    """The scope of each template that fills a slot."""
    slots = {slot.name: slot.scope for fragment in stack.fragments for slot in fragment.offers.values()}
    return {
        template: slots[name]
        for fragment in stack.fragments
        for name, template in fragment.fills.items()
        if name in slots
    }


def _allowed(fragment: Fragment, stack: Stack) -> set[str]:
    """The fragments whose values it may read: itself, base, and what it requires, and what they require."""
    known = {each.id: each for each in stack.fragments}
    found, waiting = set(), [fragment.id, "base"]
    while waiting:
        id = waiting.pop()
        if id not in found:
            found.add(id)
            waiting += known[id].requires if id in known else ()
    return found


# --- what is declared ------------------------------------------------------------------------------------------------


def _by_first(paths: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path[0], []).append(path)
    return found


def _leaves(fragment: Fragment, values: Values) -> Iterator[Path]:
    """The paths of the values that a fragment declares, those of shared objects too."""
    for properties in (fragment.server, fragment.release):
        for path, schema in _declared(properties, ()):
            whole = _node(values, path)
            # A reference to an object stands for all of its properties.
            if "$ref" in schema and whole and closed(whole):
                yield from (inner for inner, _ in _declared(whole["properties"], path))
            else:
                yield path


def _declared(properties: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for key, schema in properties.items():
        if closed(schema):
            yield from _declared(schema["properties"], (*path, key))
        else:
            yield (*path, key), schema


def _node(values: Values, path: Path) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = {"properties": values.server | values.release}
    for key in path:
        schema = (schema or {}).get("properties", {}).get(key)
    return schema


def undeclared(values: Values, path: Path) -> tuple[int, list[str]] | None:
    """Where along `path` a key is that no fragment declares, and the keys that are there; None where all is well."""
    schema: Any = {"properties": values.server | values.release | {"servers": {}}}
    for n, key in enumerate(path):
        if not isinstance(schema, dict):
            return None
        name = schema.get("$ref", "").removeprefix("#/definitions/")
        schema = values.definitions.get(name, {}) if name else schema
        if "properties" in schema and key != ANY and "patternProperties" not in schema:
            if key not in schema["properties"]:
                return n, list(schema["properties"])
            schema = schema["properties"][key]
        elif key == ANY and "items" in schema:
            schema = schema["items"]
        elif isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
            schema = schema["additionalProperties"]
        else:
            return None
        if isinstance(schema, dict) and schema.get("type") in PLAIN and n + 1 < len(path):
            return n + 1, []
        if any(word in schema for word in ("anyOf", "oneOf", "x-kubernetes")) if isinstance(schema, dict) else True:
            return None
    return None


# --- what is read ----------------------------------------------------------------------------------------------------


def _reads(
    path: str, reads: set[Read], values: Values, owned: dict[str, Owned], allowed: set[str]
) -> Iterator[Problem]:
    found = {
        Problem(path, line, key, message, remedy)
        for at, line, scope, server in {(read.path, read.line, read.scope, read.server) for read in reads}
        for message, key, remedy in _misread(at, scope, server, values, owned, allowed)
    }
    # That a value is read says that the object is, in which it is; that an object is read, that its values are.
    for each in sorted(found):
        same = [other for other in found if other.message == each.message and other is not each]
        deeper = any(other.line == each.line and other.key.startswith(f"{each.key}.") for other in same)
        again = any(other.line < each.line and f"{each.key}.".startswith(f"{other.key}.") for other in same)
        if not deeper and not again:
            yield each


def _everything(use: Use) -> Iterator[Problem]:
    """Reads of all values: which, no text says."""
    for line in sorted({read.line for read in use.found.reads if read.path == (ANY,)}):
        message = "reads all values, those of other fragments too"
        yield Problem(use.path, line, ".Values", message, "name each value that the template reads")


def _shared(use: Use, owned: dict[str, Owned], allowed: set[str]) -> Iterator[Problem]:
    """Objects to which several fragments add, read with what others add."""
    every = use.found.ranged | {(read.path, read.line) for read in use.found.reads if read.whole}
    for path, line in sorted(every):
        own = [id for id in sorted(owned) if path in owned[id].objects]
        others = [id for id in own if id not in allowed and not allowed.isdisjoint(own)]
        if others:
            message = f"has values of {' and '.join(others)}, which this fragment does not require"
            yield Problem(use.path, line, ".".join(path), message, "name each value that the template reads")


def _misread(
    at: Path, scope: str, server: bool, values: Values, owned: dict[str, Owned], allowed: set[str]
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with reading a value: (message, key, remedy)."""
    key = ".".join(at)
    if at[0] in (FACTS, ANY):
        return  # factkeys.py, _everything
    if at[0] in METHODS and at[0] not in values.server | values.release:
        yield (
            "is a method of Helm's values, which the values of a server do not have",
            key,
            "name the value: .Values.KEY",
        )
        return
    missing = undeclared(values, at)
    owners = [id for id, own in owned.items() if _owns(own, at)]
    if missing:
        last, known = missing
        prefix = "".join(f"{part}." for part in at[:last])
        close = nearest(at[last], known) if known else ""
        remedy = close.replace("'", f"'{prefix}", 1) if close.startswith("did you mean") else ""
        yield UNDECLARED, key, remedy or "declare it in the fragment's values.schema.yaml"
    elif owners and not allowed.intersection(owners):
        message = f"is a value of {' and '.join(owners)}, which this fragment does not require"
        yield message, key, f"read one of its slots instead, or add {owners[0]} to requires in fragment.yaml"
    elif server and (scope == RELEASE or (scope != SERVER and at[0] in values.server)):
        message = "the template runs for each server, but reads the release's values"
        yield message, f"$.Values.{key}", "read .Values, the server's own"
    elif scope == RELEASE and at[0] in values.server:
        message = "is a value of each server, but the template reads the release's"
        yield message, key, "read it in the context of a server"


def _owns(own: Owned, path: Path) -> bool:
    """Whether a fragment declares the value, one above or below it, or the object whose keys are gone through."""
    if path in own.objects or any(_near(path, leaf) for leaf in own.leaves.get(path[0], ())):
        return True
    return ANY in path and path[: path.index(ANY)] in own.objects


def _near(path: Path, leaf: Path) -> bool:
    """Whether one of them is the other, or above it; ANY is any key."""
    return all(one == other or ANY in (one, other) for one, other in zip(path, leaf, strict=False))


def _unread(stack: Stack, owned: dict[str, Owned], reads: list[Read]) -> Iterator[Problem]:
    """Values that no template reads; what chooses a fragment is read by the builder.

    A template that reads whatever path it is given reads none of them in particular.
    """
    reads = [read for read in reads if set(read.path) != {ANY}]
    read_paths = {read.path for read in reads}
    whole = {read.path for read in reads if read.whole}
    whole |= {tuple(path.split(".")) for fragment in stack.fragments for path in fragment.choice}
    deeper = {path[:n] for path in read_paths for n in range(1, len(path) + 1)}
    wild = [(path, path in whole) for path in read_paths if ANY in path]
    for fragment in stack.fragments:
        for leaf in itertools.chain(*owned[fragment.id].leaves.values()):
            above = any(leaf[:n] in whole for n in range(1, len(leaf) + 1))
            if not above and leaf not in deeper and not any(_covers(*each, leaf) for each in wild):
                where = _place(fragment, leaf)
                key = ".".join(leaf)
                problem = fragment.problem("values.schema.yaml", where, "", "use it in a template, or remove it")
                yield Problem(problem.path, problem.line, key, "no template reads this value", problem.remedy)


def _covers(path: Path, whole: bool, leaf: Path) -> bool:
    """Whether a path with ANY in it reads the leaf."""
    return (whole or len(path) >= len(leaf)) and _near(path, leaf)


def _place(fragment: Fragment, leaf: Path) -> tuple[str, ...]:
    """A value's path in values.schema.yaml."""
    scope = SERVER if leaf[0] in fragment.server else RELEASE
    return (scope, *"\0properties\0".join(leaf).split("\0"))


def _changes(use: Use, values: Values) -> Iterator[Problem]:
    """Values that are changed in place, and texts of which a number is made."""
    for change in use.found.changes:
        if change.function.lower().removeprefix("must").startswith("merge") and not _holds_maps(values, change.path):
            continue
        message = f"'{change.function}' changes it for every template that is rendered later"
        remedy = f"give '{change.function}' a deepCopy of it"
        if change.path[:1] == (BUILT,):
            remedy = f"give '{change.function}' a new dict, such as (merge (dict) .)"
        yield Problem(use.path, change.line, _shown(change.path), message, remedy)
    for number in use.found.numbers:
        schema = _node(values, number.path) or {}
        if schema.get("type") == "string":
            message = f"is a text, of which '{number.function}' makes 0 unless it is a number"
            remedy = "declare it as an integer, or take the number out of the text first"
            yield Problem(use.path, number.line, ".".join(number.path), message, remedy)


def _holds_maps(values: Values, path: Path) -> bool:
    """Whether the value at a path may be a map, which merge changes; of ANY, whether one of them may be."""
    if path[-1:] != (ANY,):
        return _may_be_map(_node(values, path) or {})
    schema = _node(values, path[:-1])
    if schema and closed(schema):
        return any(map(_may_be_map, schema["properties"].values()))
    return bool(schema) and "$ref" not in schema and _may_be_map(schema.get("additionalProperties", {}))


def _may_be_map(schema: Any) -> bool:
    return not isinstance(schema, dict) or schema.get("type") not in (*PLAIN, "array")


def _images(use: Use, values: Values) -> Iterator[Problem]:
    """Images by vendor: each vendor is one that there is, each image has a value."""
    images = list(values.release.get(IMAGES, {}).get("properties", {}))
    vendors = [*(merge.at(values.server, VENDOR) or {}).get("enum", ()), "none"]
    for line, vendor, image in sorted(use.found.images):
        if vendor not in vendors and len(vendors) > 1:
            remedy = nearest(vendor, vendors, "the vendors")
            yield Problem(use.path, line, vendor, "is not a vendor of accelerators", remedy)
        if image not in images:
            message = f"no fragment declares {IMAGES}.{image}"
            remedy = nearest(image, images) or "declare it in the fragment's values.schema.yaml"
            yield Problem(use.path, line, image, message, remedy)


def _shown(path: Path) -> str:
    if path[:1] == (BUILT,):
        return path[1] if " " in path[1] else ".".join(path)
    return ".".join(path if path[:1] == (FACTS,) else ("Values", *path))


# --- what is said of a value -----------------------------------------------------------------------------------------


def _described(fragment: Fragment, stack: Stack) -> Iterator[Problem]:
    """Values without description or default, patterns that do not compile, and conditions that count for nothing."""
    shared: dict[str, Any] = {}
    for each in stack.fragments:
        shared |= each.definitions
    others = [each for each in stack.fragments if each.id != fragment.id]
    above = {path for each in others for path, schema in _nodes(each) if schema.get("description")}
    for scope in (SERVER, RELEASE):
        yield from _said(fragment, getattr(fragment, scope), (scope,), (), shared, above)
    for scope in (SERVER, RELEASE, "definitions"):
        for key, schema in getattr(fragment, scope).items():
            yield from _patterns(fragment, schema, (scope, key))


def _nodes(fragment: Fragment) -> Iterator[tuple[Path, dict[str, Any]]]:
    """All that a fragment declares, objects and what is in them."""
    waiting = [((key,), schema) for key, schema in (fragment.server | fragment.release).items()]
    while waiting:
        path, schema = waiting.pop()
        yield path, schema
        if closed(schema):
            waiting += [((*path, key), inner) for key, inner in schema["properties"].items()]


def _said(
    fragment: Fragment, properties: dict[str, Any], where: tuple, path: Path, shared: dict[str, Any], above: set[Path]
) -> Iterator[Problem]:
    for key, schema in properties.items():
        place, at = (*where, key), (*path, key)
        same = shared.get(schema.get("$ref", "").removeprefix("#/definitions/"), {})
        described = schema.get("description") or same.get("description")
        if not described and not (closed(schema) and at in above):
            remedy = "add what it sets, what its default does, and its limit"
            yield fragment.problem("values.schema.yaml", (*place, "description"), "is missing", remedy)
        if closed(schema):
            yield from _said(fragment, schema["properties"], (*place, "properties"), at, shared, above)
        elif default(schema) is None and not closed(same):
            remedy = 'add one, so that values.yaml shows the value; "", 0, {} or [] where nothing is set'
            yield fragment.problem("values.schema.yaml", (*place, "default"), "is missing", remedy)
        elif closed(same):
            # What a definition leaves open has the default of the value that refers to it.
            there = {
                key for one in (schema, same) for key, each in one.get("properties", {}).items() if "default" in each
            }
            given = schema.get("default", {})
            missing = [key for key in same["properties"] if key not in {*there, *given}]
            if given and missing:
                message = f"has no {' and no '.join(missing)}"
                yield fragment.problem("values.schema.yaml", (*place, "default"), message, "add it to the default")
        if not TYPED & schema.keys():
            remedy = "add the type of the value, such as string: without it, every value is accepted"
            yield fragment.problem("values.schema.yaml", (*place, "type"), "is missing", remedy)


def _patterns(fragment: Fragment, schema: Any, where: tuple) -> Iterator[Problem]:
    if not isinstance(schema, dict):
        return
    texts = [(("pattern",), schema["pattern"])] if "pattern" in schema else []
    texts += [(("patternProperties", pattern), pattern) for pattern in schema.get("patternProperties", {})]
    for inner, pattern in texts:
        wrong = wrong_pattern(pattern)
        if wrong:
            message = f"'{pattern}' is not a regular expression of Go's: {wrong}"
            remedy = "write it in RE2's syntax, which Helm uses"
            if wrong.startswith("Python"):
                message, remedy = (
                    f"'{pattern}' cannot be checked: {wrong}",
                    "write it with what both have, such as [a-z]",
                )
            yield fragment.problem("values.schema.yaml", (*where, *inner), message, remedy)
    for word in schema if "$ref" in schema else ():
        if word not in BESIDE_REF and not word.startswith("x-"):
            message = "is ignored: in draft-07, a schema with $ref has no other condition"
            yield fragment.problem(
                "values.schema.yaml", (*where, word), message, "put it into the definition, or write allOf"
            )
    if schema.get("additionalProperties") is True and "properties" in schema and fragment.id != "base":
        message, remedy = "allows every key, misspelled ones too", "remove it, and declare each value under properties"
        yield fragment.problem("values.schema.yaml", (*where, "additionalProperties"), message, remedy)
    for n, key in enumerate(schema.get("required", ()) if closed(schema) and "$ref" not in schema else ()):
        if key not in schema["properties"]:
            remedy = nearest(key, list(schema["properties"]), "they")
            message = f"'{key}' is not one of its properties"
            yield fragment.problem("values.schema.yaml", (*where, "required", n), message, remedy)
    for word, value in schema.items():
        if word in NESTED:
            yield from _patterns(fragment, value, (*where, word))
        elif word in NESTED_MAPS:
            for key, inner in value.items():
                yield from _patterns(fragment, inner, (*where, word, key))
        elif word in NESTED_LISTS:
            for n, inner in enumerate(value):
                yield from _patterns(fragment, inner, (*where, word, n))


def wrong_pattern(pattern: str) -> str:
    """Why Go or Python does not compile a pattern: chartgen checks values with one, Helm with the other."""
    other = ONLY_RE2.search(pattern)
    if other:
        return f"Python, with which chartgen checks values, has no '{other['only']}'"
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    except (OverflowError, RecursionError):
        return "it is too large"
    only = next((match["only"] for match in NOT_RE2.finditer(pattern) if match["only"]), "")
    if only:
        return f"it has no '{only}'"
    large = [n for pair in re.findall(r"\{(\d*),?(\d*)\}", pattern) for n in pair if n and int(n) > MOST_REPEATS]
    return f"it repeats at most {MOST_REPEATS} times" if large else ""
