"""Reads fragment, stack and data files and checks them against their schemas, each content once.

jsonschema takes longer to import than a complete build, and yaml a fifth of one. So what was read, and passed its
schema, is kept in the folder `read` of the home, in a file named after its hash: the hash that Python marks bytecode
with. Its 64 bits tell apart all that people write, and hashlib would take 3 ms to import. The hash covers the schema
and the modules of this package, so that neither a new rule nor a new way to read is missed.
"""

from __future__ import annotations

import marshal
import os
from contextlib import suppress
from functools import cache
from importlib.util import source_hash
from pathlib import Path
from typing import Any

from ..files import text, write
from ..paths import home, schemas
from ..problem import Faults, Problem
from .document import Parsed


def read(path: Path, shown: str, schema: str) -> Parsed:
    """Read a YAML file and check it against `schemas/<schema>`: what it holds; Faults with every problem."""
    parsed, problems = _read(text(path, shown), shown, schema)
    if problems:
        raise Faults(problems)
    return parsed


def parse(text: str, shown: str) -> Parsed:
    """Read a YAML text that has no schema; what is wrong with it is in the result."""
    return _read(text, shown, "")[0]


def data(text: str, shown: str, rules: str, rules_shown: str) -> list[Problem]:
    """What is wrong with a YAML text by the JSON Schema `rules`, a text too that problems call `rules_shown`."""
    file = _memory() / seal(rules, text)
    if _remembered(file):
        return []
    from . import yamlfile

    parsed = yamlfile.parse(text, shown)
    problems = list(parsed.problems) or unusable(rules, rules_shown) or _checked(parsed, shown, rules)
    if not problems:
        _remember(file, parsed)
    return problems


def unusable(rules: str, shown: str) -> list[Problem]:
    """Why a text is not a JSON Schema, with patterns that are regular expressions; each text is checked once."""
    file = _memory() / seal("schema", rules)
    if _remembered(file):
        return []
    problems = _unusable(rules, shown)
    if not problems:
        _remember(file, Parsed(None))
    return problems


def _unusable(rules: str, shown: str) -> list[Problem]:
    import json

    from jsonschema import Draft7Validator, FormatChecker, SchemaError

    remedy = "write a JSON Schema, draft-07"
    try:
        Draft7Validator.check_schema(json.loads(rules), format_checker=FormatChecker(["regex"]))
    except json.JSONDecodeError as error:
        return [Problem(shown, error.lineno, "", f"is not JSON: {error.msg}", remedy)]
    except (RecursionError, ValueError):
        return [Problem(shown, 0, "", "is nested too deeply, or has a number that is too long", remedy)]
    except SchemaError as error:
        key = ".".join(map(str, error.absolute_path))
        return [Problem(shown, 0, key, f"is not a JSON Schema: {error.message}", remedy)]
    return []


def seal(*texts: str) -> str:
    """The hash of texts and of this package, under which it is remembered that they have passed."""
    return _hash("\0".join([_reader(), *texts]))


def passed(found: str) -> bool:
    """Whether what has this seal was checked before, with no problem."""
    return _remembered(_memory() / found) is not None


def remember(found: str) -> None:
    """What has this seal has passed: it is not checked again."""
    _remember(_memory() / found, Parsed(None))


def recalled(found: str) -> Any:
    """What was kept under a seal; None where nothing was."""
    parsed = _remembered(_memory() / found)
    return parsed.data if parsed else None


def keep(found: str, data: Any) -> None:
    """Keep data under a seal: texts, numbers, lists and maps."""
    _remember(_memory() / found, Parsed(data))


def _read(text: str, shown: str, schema: str) -> tuple[Parsed, list[Problem]]:
    file = _memory() / _hash(f"{_reader()}{_rules(schema)[1]}{text}")
    known = _remembered(file)
    if known:
        return known, []
    from . import yamlfile

    parsed = yamlfile.parse(text, shown)
    problems = list(parsed.problems) or (_checked(parsed, shown, _rules(schema)[0]) if schema else [])
    if not problems:
        _remember(file, parsed)
    return parsed, problems


def _checked(parsed: Parsed, shown: str, rules: str) -> list[Problem]:
    import json

    from . import shape

    return shape.check(parsed.data, parsed.lines, json.loads(rules), shown)


def _hash(text: str) -> str:
    return hashed(text.encode())


def hashed(content: bytes) -> str:
    """The hash of what is kept, and found again."""
    return source_hash(content).hex()


@cache
def _rules(schema: str) -> tuple[str, str]:
    """A schema's text and its hash; both empty without one."""
    text = (schemas() / schema).read_text(encoding="utf-8") if schema else ""
    return text, _hash(text)


@cache
def _reader() -> str:
    """The hash of the modules that decide what a text holds and whether it is well-formed."""
    folder = Path(__file__).parent
    modules = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    return _hash("\0".join((folder / name).read_text(encoding="utf-8") for name in modules))


@cache
def _memory() -> Path:
    return home() / "read"


def _remembered(file: Path) -> Parsed | None:
    """What was kept; None where nothing was, or where another Python or a lost disk left something else."""
    try:
        data, lines = marshal.loads(file.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return Parsed(data, lines)


def _remember(file: Path, parsed: Parsed) -> None:
    """Keep what was read; the file appears under its name once it is complete."""
    with suppress(OSError):  # a folder that cannot be written costs time, nothing else
        write(file, marshal.dumps((parsed.data, parsed.lines)))
