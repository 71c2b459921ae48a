"""A values file that is one of another chart: what it is, and for each of its values what llm-stack calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..compose.yamltext import flow
from ..files import text
from ..problem import Faults, Problem
from ..reading import keynames, yamlfile
from ..reading.keynames import Names
from ..reading.yamlfile import dotted
from . import recognise, source
from .draft import CARRIED, CHANGED, MISSING, NO_CHART, NO_VALUE, SETTLED, UNKNOWN, Draft, Note, Spot
from .importer import drafted
from .tables import Table, charts, program_of

LONGEST = 100  # characters of a value that are shown
APP_TEMPLATE = "app-template"
FOREIGN = 2  # so many keys that llm-stack does not have make a file with a known image one of another chart
UNREAD = "name a values file; 'chartgen import' does not read what is in it"


def foreign(file: Path, schema: dict[str, Any]) -> list[Problem]:
    """What a file is, and its values by llm-stack's names, as problems; none for a file that may be llm-stack's own."""
    names = Names(schema)
    documents = [one for one in yamlfile.parse_all(_text(file), str(file)) if isinstance(one.data, dict)]
    objects = [one for one in documents if "apiVersion" in one.data and "kind" in one.data]
    if objects:
        line, what = objects[0].lines.get(("kind",), 0), f"is a Kubernetes object, {objects[0].data['kind']}"
        if _importable(file):
            return [_named(file, line, what)]
        return [Problem(str(file), line, "", what, UNREAD)]
    if documents and source.is_compose(documents[0].data):
        line, what = documents[0].lines.get(("services",), 0), "is a compose file, by its key services"
        return [_named(file, line, what) if _importable(file) else Problem(str(file), line, "", what, UNREAD)]
    if documents and recognise.own(documents[0].data):
        return []
    if mine := _homemade(file, names):
        what = f"is a values file of {mine.table.title}"
        key = dotted((*mine.path, "image"))
        if mine.table.name != APP_TEMPLATE:
            what = (
                f"is the values file of a chart that chartgen does not know, with the image of a known program, {key}"
            )
        return [_named(file, mine.source.line(mine.path), what), *_hints(file, mine.table, names, schema)]
    for one in documents[:1]:
        if found := _sign(one.data, names):
            table, key = found
            line = yamlfile.nearest_line(one.lines, tuple(key.split(".")))
            what = f"is a values file of {table.title}, by its key {key}"
            said = _named(file, line, what)
            if not _importable(file):
                remedy = (
                    f"if it is for that chart, run 'chartgen import {file} --chart {table.name} -o values.yaml'; for"
                    " another chart, run 'helm template' with that chart, and 'chartgen import' on the output"
                )
                said = Problem(str(file), line, "", f"has values of {table.title}, such as {key}", remedy)
            return [said, *_hints(file, table, names, schema)]
    return _around(file, names, schema)


def _homemade(file: Path, names: Names) -> recognise.Part | None:
    """The part of a file of app-template, or of a chart that somebody wrote for himself, that llm-stack's values cannot
    be.
    """
    try:
        parts = [part for one in source.read([file])[:1] for part in recognise.parts(one)]
    except Faults:
        return None  # the reader of the values says what is wrong
    whole = [part for part in parts if part.table.name == APP_TEMPLATE and not part.path]
    own = [part for part in parts if part.table.name in (recognise.OWN_UI, recognise.OWN_SERVER)]
    if whole or not own or len(own) != len(parts):
        return whole[0] if whole else None
    return next((part for part in own if _cannot_be_ours(part, names)), None)


def _cannot_be_ours(part: recognise.Part, names: Names) -> bool:
    """Whether a block has keys that llm-stack does not have there: as values of llm-stack, a whole file could have one
    that is misspelt.
    """
    if part.path:
        return not names.has((*part.path, "image"))
    data = part.source.data
    known = recognise.keys_of(part.table)
    if any(key not in known and key not in part.without and names.has((key,)) for key in data):
        return False  # a key that only llm-stack has
    paths = [(key, inner) for key, one in data.items() for inner in (one if isinstance(one, dict) else [None])]
    strange = {path for path in paths if not names.has(path if path[1] is not None else path[:1])}
    lists = [key for key in ("env", "models") if isinstance(data.get(key), list)]
    return len(strange) + len(lists) >= FOREIGN


def strange(file: Path, schema: dict[str, Any], problems: list[Problem]) -> list[Problem]:
    """The problems, after what to do with a file of which the chart has few keys, if it is for a chart that chartgen
    does not know. Where the chart has none of them, nothing else is said: a hint would be for another program's key.
    """
    names, ours = Names(schema), schema.get("properties", {})
    for document in yamlfile.parse_all(_text(file), str(file))[:1]:
        keys = [str(key) for key in document.data] if isinstance(document.data, dict) else []
        unknown = [key for key in keys if key not in ours and not keynames.meant(names, key)]
        if unknown and recognise.HALF * len(unknown) >= len(keys):
            some = f"does not have {len(unknown)} of its {len(keys)} keys at the top level"
            what = "the chart " + (some if len(unknown) < len(keys) else "has none of its keys at the top level")
            remedy = (
                "if it is for another chart, run 'helm template' with that chart, and 'chartgen import' on the output"
            )
            others = [each for each in problems if len(unknown) < len(keys) or each.path != str(file)]
            return [Problem(str(file), document.lines.get((unknown[0],), 0), "", what, remedy), *others]
    return problems


def _importable(file: Path) -> bool:
    try:
        return any(part.alone for one in source.read([file]) for part in recognise.parts(one))
    except Faults:
        return False


def _around(file: Path, names: Names, schema: dict[str, Any]) -> list[Problem]:
    """The same for values of a chart around others: a block has a key that only its chart has, or a name like no value
    of llm-stack."""
    try:
        found = [part for one in source.read([file])[:1] for part in recognise.parts(one) if part.path]
    except Faults:
        return []  # the reader of the values says what is wrong
    ours = list(names.schema.get("properties", {}))
    blocks = {"global", *(part.path[0] for part in found)}
    # A block with a name that llm-stack has, too, says less than another.
    for part in sorted(found, key=lambda part: part.path[0] in ours):
        other = part.path[0] not in ours and keynames.misspelt(part.path[:1], ours)
        if other and any(key in ours and key not in blocks for key in part.source.data):
            continue  # llm-stack's own values, with a key in other letters
        block = source.at(part.source.data, part.path)
        keys = [
            key for key in part.table.keys if recognise.has(block, _path(key)) and not names.has(part.path + _path(key))
        ]
        if keys or not names.has(part.path[:1]):
            what = f"is the values file of a chart around {part.table.title}, by its key {dotted(part.path)}"
            place = part.source.line(part.path)
            return [_named(file, place, what), *_hints(file, part.table, names, schema)]
    return []


def _text(file: Path) -> str:
    try:
        return text(file)
    except Faults:
        return ""  # the reader of the values says what is wrong


def _sign(data: dict[str, Any], names: Names) -> tuple[Table, str] | None:
    """The chart that a file is for, and a key that only that chart has; an image of a UI is such a sign, too."""
    for table in charts().values():
        for key in table.keys:
            # A switch alone can be one of a chart around several programs.
            if key.endswith(".enabled") and not recognise.mostly(table, data):
                continue
            if recognise.has(data, key.split(".")) and not key.startswith("global") and not names.has(_path(key)):
                return table, key
    program = program_of(str(source.at(data, ("image", "repository")) or ""))
    tables = [table for table in charts().values() if program and program.prefix and table.program == program.name]
    return (tables[0], "image.repository") if tables else None


def _path(key: str) -> tuple[str, ...]:
    return tuple(key.split("."))


def _named(file: Path, line: int, what: str) -> Problem:
    remedy = f"run 'chartgen import {file} -o values.yaml', which writes the values for llm-stack"
    return Problem(str(file), line, "", what, remedy)


def _hints(file: Path, table: Table, names: Names, schema: dict[str, Any]) -> list[Problem]:
    try:
        sources = source.read([file])
    except Faults as faults:
        return faults.problems
    parts = [part for one in sources for part in recognise.parts(one)]
    if not any(part.table is table or part.path == () for part in parts):
        parts = [recognise.Part(one, (), table) for one in sources]
    sources += [part.source for part in parts if part.source.of]
    draft = drafted(sources, parts, schema)
    hints = [found for spot, note in draft.notes.items() if (found := _hint(draft, spot, note, names))]
    once = {(hint.line, hint.message, hint.remedy): hint for hint in reversed(hints)}
    return sorted(once.values(), key=lambda hint: hint.line)


def _hint(draft: Draft, spot: Spot, note: Note, names: Names) -> Problem | None:
    """What to do about one value; None where it is right as it is."""
    source_ = draft.sources[spot[0]]
    known = names.has(spot[1])
    to = draft.place(note.put) if note.put else ()
    if note.kind == SETTLED:
        what, remedy = ("is not needed", f"remove it: {note.text}") if not known else ("", "")
    elif note.kind == MISSING and (
        note.text.startswith((UNKNOWN, NO_VALUE)) or (note.text == NO_CHART and names.has(spot[1][:1]))
    ):
        what, remedy = (
            _ours(draft, spot, names) if names.has(spot[1][:1]) else ("llm-stack has no such value", note.text)
        )
    elif note.kind == MISSING and note.text == NO_CHART and (meant := _misspelt(spot, names)):
        what, remedy = "no such key", meant
    elif note.kind == MISSING:
        what, remedy = "llm-stack has no such value", note.text
    elif spot[1][: len(to)] == to and (note.kind == CARRIED or not isinstance(note.put.value, dict | list)):
        what, remedy = "", ""
    elif spot[1] == to:
        what, remedy = "has another form in llm-stack", f"use '{dotted(to)}'{_form(note)}"
    else:
        what = "no such key" if not known else "means something else in llm-stack"
        remedy = f"use '{dotted(to)}'{_form(note)}"
    return Problem(source_.path, source_.line(spot[1]), dotted(spot[1]), what, remedy) if what else None


def _misspelt(spot: Spot, names: Names) -> str:
    """What is said of a key at the top level that is like one of llm-stack's."""
    return keynames.misspelt((str(spot[1][0]),), list(names.schema.get("properties", ())))


def _ours(draft: Draft, spot: Spot, names: Names) -> tuple[str, str]:
    """For a value that the file's chart does not have: nothing if it is llm-stack's, else what llm-stack calls it."""
    for end in range(1, len(spot[1]) + 1):
        path = spot[1][:end]
        types = {one.get("type") for one in names.at(path[:-1])}
        if isinstance(path[-1], int) and "object" in types and "array" not in types:
            return "has another form in llm-stack", "it is a map; write 'name: value' lines, not '- value' lines"
        if any(isinstance(step, int) for step in path) or not names.at(path[:-1]):
            return "", ""
        if not names.has(path):
            allowed = [key for schema in names.at(path[:-1]) for key in schema.get("properties", ())]
            if not allowed:
                return "", ""  # a map with any keys
            value = source.at(draft.sources[spot[0]].data, path)
            return "no such key", keynames.unknown(names, path, value, allowed)[0][1]
    return "", ""


def _form(note: Note) -> str:
    """A value that has another form, as it is written; a text may be a password."""
    if note.kind != CHANGED or not note.put or not isinstance(note.put.value, dict | list):
        return f", {note.text}" if note.text and note.kind == CHANGED else ""
    shown = flow(note.put.value)
    return f": {shown}" if len(shown) <= LONGEST else f", {note.text}"
