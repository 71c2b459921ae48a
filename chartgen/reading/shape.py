"""Checks data against a JSON Schema; every fault is a sentence that a platform engineer can act on.

jsonschema finds the errors. Here each becomes one problem or several, at the key that is to blame; sentences.py says
what is wrong with a value, keynames.py what a key that nobody knows was meant to be.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..problem import Problem
from .conceal import concealed
from .keynames import FEW, Names, close, earlier, engine_of, unknown
from .sentences import NOT_VALID, described, either, secret, sentence, shown, wrong_type
from .yamlfile import Key, Lines, dotted, nearest_line

LONGEST = 30.0  # seconds for all values of a chart, which take one at most
SIMPLER = "simplify the patterns and the references of the schema"
Fault = tuple[Key, str, str]  # path, what is wrong, what to do


def check(data: Any, lines: Lines, schema: dict[str, Any], path: str, *, prefix: str = "") -> list[Problem]:
    """Every fault of `data` against `schema` (draft-07, with local `$ref`s alone), in the order of their lines.

    No property's schema is `false`, since jsonschema does not say where such a property stands.
    `lines` is yamlfile's map from a path in `data` to its line, `path` the file as problems call it. `prefix` is put
    before each key that is shown, for data that is a part of something larger.
    """
    try:
        with within(LONGEST):
            faults = _found(data, schema)
    except TimeoutError:
        faults = [((), f"checking the values against the schema takes more than {LONGEST:g} s", SIMPLER)]
    except RecursionError:
        faults = [((), "the schema refers to itself without an end, or the values are nested too deeply", SIMPLER)]
    return sorted({_problem(fault, lines, path, prefix) for fault in faults})


def _found(data: Any, schema: dict[str, Any]) -> list[Fault]:
    from jsonschema import Draft7Validator, FormatChecker
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    names = Names(schema)
    # With an empty registry of its own it fetches no `$ref` from the web, as it would by default.
    checker = Draft7Validator(schema, registry=Registry(), format_checker=FormatChecker(["regex"]))
    try:
        errors = checker.iter_errors(data)
        found = _leading([(error.validator, fault) for error in errors for fault in _faults(error, data, names)])
        return [_concealed(fault, data, names) for fault in found]
    except Unresolvable as error:
        return [((), f"the schema refers to {error.ref}, which it does not contain", "add that to its definitions")]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeoutError where what is done takes longer: a pattern such as `^(a+)+$` can take for ever.

    Only the main thread can be interrupted; elsewhere, and on a system without timers, there is no limit.
    """

    def end(*_: Any) -> None:
        raise TimeoutError

    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _problem(fault: Fault, lines: Lines, path: str, prefix: str) -> Problem:
    at, message, remedy = fault
    key = dotted(tuple(step if isinstance(step, int) else concealed(step) for step in at))
    dot = "." if prefix and key and not key.startswith("[") else ""
    return Problem(path, nearest_line(lines, at), prefix + dot + key, message, remedy)


def _leading(found: list[tuple[str, Fault]]) -> list[Fault]:
    """Without those that only follow from a wrong type, or from an empty text, at the same path."""
    for cause in ("type", "minLength"):
        paths = {fault[0] for word, fault in found if word == cause}
        found = [(word, fault) for word, fault in found if word == cause or fault[0] not in paths]
    return [fault for _, fault in found]


def _faults(error: Any, data: Any, names: Names) -> Iterator[Fault]:
    """The faults behind one error of jsonschema."""
    path, value, word = tuple(error.absolute_path), error.instance, error.validator
    if isinstance(value, str) and isinstance(_at(data, path), dict):  # the name of a property, by propertyNames
        message, remedy = sentence(error)
        yield (*path, value), message.replace(NOT_VALID, "is not valid as a key"), remedy
    elif value is None and not path:
        yield path, "is empty", f"expected {described(error.schema)}"
    elif value is None and word in ("type", "enum", "const", "anyOf", "oneOf", "not", "pattern"):
        yield path, "null is not allowed here", _instead_of_null(path, names)
    elif word in ("enum", "type") and (remedy := earlier(names, path, value)):
        yield path, sentence(error)[0], remedy
    elif word in OF_CONTAINERS:
        yield from OF_CONTAINERS[word](error, path, data, names)
    else:
        yield path, *sentence(error)


def _concealed(fault: Fault, data: Any, names: Names) -> Fault:
    """The fault without the value, where that can be a token or a password."""
    path, *texts = fault
    if not secret(path) and not any("existingSecret" in schema.get("properties", ()) for schema in names.at(path)):
        return fault
    try:
        value = _at(data, path)
    except (KeyError, IndexError, TypeError):
        return fault
    if isinstance(value, dict | list | bool) or value in (None, ""):
        return fault
    message, remedy = (text.replace(shown(value), "the value") for text in texts)
    return path, message, remedy


def _at(data: Any, path: Key) -> Any:
    for step in path:
        data = data[step]
    return data


def _instead_of_null(path: Key, names: Names) -> str:
    if isinstance(path[-1], int):
        return "remove the item, or give it a value"
    if any(schema.get("pattern", "").startswith("^#") for schema in names.at(path)):
        return "put the text in quotes, since # begins a comment in YAML"
    needed = any(path[-1] in schema.get("required", ()) for schema in names.at(path[:-1]))
    has_default = any("default" in schema for schema in names.at(path))
    return "give it a value" if needed and not has_default else "remove the key to use the default"


def _wrong_type(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    """Of a single value, where a map or a list of maps is wanted, with the keys of those."""
    message, remedy = sentence(error)
    wanted, single = error.validator_value, not isinstance(error.instance, dict | list)
    if isinstance(error.instance, list) and wanted == "object":
        remedy = _first_in_map(error.instance, path, names) or remedy
    elif single and wanted == "object":
        remedy += _keys(names.at(path))
    elif single and wanted == "array":
        items = names.at((*path, 0))
        if {schema["type"] for schema in items if "type" in schema} == {"object"}:
            remedy = f"expected a list of maps{_keys(items)}"
    yield path, message, remedy


def _first_in_map(items: list[Any], path: Key, names: Names) -> str:
    """How to write the first item of a list in the map that is wanted, where the item is no key of it but a value, such
    as a host name: in the form of the map's example. Only a text is printed that fits the value's pattern.
    """
    found = [one for schema in names.at(path) for one in schema.get("examples", ()) if isinstance(one, dict)]
    first = items[0] if items else None
    texts = list(first.values()) if isinstance(first, dict) else [first]
    for key, value in [pair for one in found for pair in one.items()][:1]:
        needed = [name for schema in names.at((*path, key)) for name in schema.get("required", ())]
        fields = needed if isinstance(value, dict) else [None]
        for field in fields:
            patterns = _patterns(names.at((*path, key, *([field] if field else ()))))
            for text in [one for one in texts if isinstance(one, str) and patterns]:
                if all(re.search(pattern, text) for pattern in patterns):
                    written = f"{key}: {{{field}: {text}}}" if field else f"{key}: {text}"
                    return f"expected a map; write '{written}'"
    return ""


def _patterns(schemas: list[dict[str, Any]]) -> list[str]:
    return [schema["pattern"] for schema in schemas if "pattern" in schema]


def _keys(schemas: list[dict[str, Any]]) -> str:
    """` with the keys a, b`, where there are any and they are few."""
    found = sorted({key for schema in schemas for key in schema.get("properties", ())})
    return f" with the keys {', '.join(found)}" if 0 < len(found) <= FEW else ""


def _unknown_keys(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    schema = error.schema
    own, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in error.instance.items():
        if key not in own and not any(re.search(pattern, key) for pattern in patterns):
            # In a schema, what is no keyword is a value.
            if isinstance(value, dict) and {"$ref", "properties"} <= own.keys() and not close(key, [*own]):
                yield (*path, key), "no such key", "put it under 'properties'"
                continue
            for place, remedy in unknown(names, (*path, key), value, list(own), engine_of(data, path)):
                yield place, "no such key", remedy


def _missing_keys(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    value, own = error.instance, list(error.schema.get("properties", ()))
    # A misspelt key is one fault: it is said of the key that stands there.
    closed = error.schema.get("additionalProperties") is False
    misspelt = {close(key, own) for key in value if closed and key not in own}
    for key in error.validator_value:
        if key not in value and key not in misspelt:
            texts = [schema["description"] for schema in names.at((*path, key)) if "description" in schema]
            meaning = f": {texts[0].split('. ')[0].removesuffix('.')}" if texts else ""
            yield (*path, key), "missing", f"add it{meaning}"


def _dependencies(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    for key, needed in error.validator_value.items():
        missing = [name for name in needed if name not in error.instance] if isinstance(needed, list) else []
        if key in error.instance and missing:
            yield (*path, key), f"also needs {' and '.join(missing)}", "add what is missing, or remove this key"


def _repeated(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    items = [(type(item), item) for item in error.instance]  # to Python true and 1 are the same
    for n, (_, item) in enumerate(items):
        if items[n] in items[:n]:
            yield (*path, n), f"{shown(item)} is in the list twice", "remove one of the two"


def _branches(error: Any, path: Key, data: Any, names: Names) -> Iterator[Fault]:
    """The faults in the one branch that was meant, where that can be told; else what there is to choose from."""
    grouped: dict[int, list[Any]] = {}
    for inner in error.context:
        grouped.setdefault(inner.relative_schema_path[0], []).append(inner)
    fitting = [errors for errors in grouped.values() if not any(map(_is_misfit, errors))]
    said = error.schema.get("x-message", "")
    if grouped and not fitting and not said:
        yield path, *wrong_type(error.instance, [name for errors in grouped.values() for name in _types_in(errors)])
    elif len(fitting) == 1 or (fitting and not said and isinstance(error.instance, dict | list)):
        for inner in min(fitting, key=len):
            yield from _faults(inner, data, names)
    else:
        message = f"{shown(error.instance)} {NOT_VALID if grouped else 'matches more than one of the allowed forms'}"
        yield path, message, f"expected {said or either([described(branch) for branch in error.validator_value])}"


def _is_misfit(error: Any) -> bool:
    """Whether a branch's error says that the value is of another type than the branch is for."""
    if error.relative_path:
        return False
    if error.validator in ("anyOf", "oneOf"):
        return bool(error.context) and all(map(_is_misfit, error.context))
    return error.validator == "type"


def _types_in(errors: list[Any]) -> Iterator[str]:
    for error in errors:
        if error.validator == "type":
            yield from [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        yield from _types_in(error.context or [])


OF_CONTAINERS: dict[str, Callable[[Any, Key, Any, Names], Iterator[Fault]]] = {
    "type": _wrong_type,
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "dependencies": _dependencies,
    "uniqueItems": _repeated,
    "anyOf": _branches,
    "oneOf": _branches,
}
