"""One error of jsonschema about one value -> what is wrong with it, and what to do.

`x-message` next to a pattern, an enum, a not or an anyOf completes the sentence "expected …".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from .conceal import concealed
from .keynames import close
from .yamlscalar import plain

LONGEST = 60  # characters of a value that are shown
MANY = 30  # so many choices are listed
NOT_VALID = "is not valid here"
TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "null",
}
TYPE_OF = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", dict: "a map", list: "a list"}
BOUNDS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}

# Keys under which people write a token or a password, also where the name of a Secret is wanted.
SECRET = re.compile(
    r"([Ss]ecrets?|SECRET|(^|[_.-])token|TOKEN|[a-z]Token|(?i:passw(or)?d|credentials?|(api|secret|access|private)_?key))$"
)

Sentence = tuple[str, str]  # what is wrong, what to do


def shown(value: Any) -> str:
    """A value as JSON and YAML write it, without credentials, cut where it is long; a map or a list by its kind."""
    if isinstance(value, dict | list):
        return KINDS[type(value)]
    text = json.dumps(concealed(value), ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def secret(path: Sequence[str | int], data: Any = None) -> bool:
    """Whether what is at a path can be a token or a password: by its keys, or in a Secret, which `data` is then."""
    inside = isinstance(data, dict) and data.get("kind") == "Secret" and path[:1] in (("data",), ("stringData",))
    return inside or any(isinstance(step, str) and SECRET.search(step) for step in path)


def either(words: list[str]) -> str:
    """`a, b or c`."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def types(names: str | list[str]) -> str:
    """JSON Schema's `type` in words."""
    return either([TYPES[name] for name in ([names] if isinstance(names, str) else names)])


def described(schema: Any) -> str:
    """What a schema asks for, by its x-message, else by its keywords."""
    if not isinstance(schema, dict):
        return "nothing"
    if "x-message" in schema:
        return schema["x-message"]
    if "enum" in schema:
        return either([shown(choice) for choice in schema["enum"]])
    if "const" in schema:
        return shown(schema["const"])
    if "pattern" in schema:
        examples = [shown(each) for each in (*schema.get("examples", ()), schema.get("default")) if each]
        return f"text that matches {schema['pattern']}" + (f", such as {examples[0]}" if examples else "")
    return types(schema["type"]) if "type" in schema else "something else"


def sentence(error: Any) -> Sentence:
    """The sentence for an error of any keyword that is about a single value."""
    for words, say in BY_KEYWORD:
        if error.validator in words:
            return say(error)
    return f"{shown(error.instance)} {NOT_VALID}", f"expected {described(error.schema)}"


def wrong_type(value: Any, allowed: list[str]) -> Sentence:
    """The sentence for a value of another type than those allowed."""
    kind = KINDS[type(value)]
    # Text in place of a map can be the password that belongs into a Secret.
    hidden = isinstance(value, dict | list) or (isinstance(value, str) and allowed == ["object"])
    message = f"is {kind}" if hidden else f"{shown(value)} is {kind}"
    return message, "; ".join(filter(None, (f"expected {types(allowed)}", _conversion(value, allowed))))


def _conversion(value: Any, allowed: list[str]) -> str:
    """How to write the value in the type that is wanted."""
    meant = TYPE_OF.get(type(plain(value))) if isinstance(value, str) else ""
    if meant in allowed or (meant == "integer" and "number" in allowed):
        return "remove the quotes"
    if isinstance(value, bool) and "string" in allowed:
        return "put the word in quotes"
    if isinstance(value, int | float) and "string" in allowed:
        return "put it in quotes"
    if isinstance(value, list) and allowed == ["object"]:
        return _as_map(value)
    if isinstance(value, dict) and allowed == ["array"]:
        return "write '- value' lines, not 'name: value' lines"
    if not isinstance(value, dict | list) and allowed == ["array"]:
        return f"write [{shown(value)}]"
    return ""


def _as_map(items: list[Any]) -> str:
    """How to write a list as a map, shown by the name of its first item."""
    first = items[0] if items else None
    if isinstance(first, str) and (text := re.fullmatch(r"(?!\w+://)([\w./-]+)(=?).*", first)):
        # What is behind the sign may be a password.
        if text[2]:
            return f"write '{text[1]}: VALUE' in place of '- {text[1]}=VALUE'"
        return f"write '{text[1]}:' in place of '- {text[1]}', with its value behind it"
    name = first.get("name") if isinstance(first, dict) else None
    if not isinstance(name, str) or not re.fullmatch(r"[\w./-]+", name):
        return "write 'name: value' lines, not '- value' lines"
    if set(first) == {"name", "value"}:
        return f"write '{name}: VALUE' in place of '- name: {name}' and 'value: VALUE'"
    return f"write '{name}:' in place of '- name: {name}', with the rest below it"


def _type(error: Any) -> Sentence:
    value, names, pattern = error.instance, error.validator_value, error.schema.get("pattern", "")
    message, remedy = wrong_type(value, [names] if isinstance(names, str) else names)
    if not isinstance(value, str | dict | list) and not re.search(pattern, json.dumps(value)):
        return message, f"expected {described(error.schema)}"  # quotes alone would not do
    return message, remedy


def _enum(error: Any) -> Sentence:
    value, choices = error.instance, error.validator_value
    texts = [choice for choice in choices if isinstance(choice, str)]
    meant = close(value, texts) if isinstance(value, str) else ""
    unquoted = [choice for choice in texts if not isinstance(value, str) and plain(choice or '""') == value]
    hint = f"did you mean {shown(meant)}? " if meant else ""
    if unquoted:
        hint = f"put the word in quotes: {shown(unquoted[0])}; "
    if "x-message" in error.schema:
        return f"{shown(value)} {NOT_VALID}", f"{hint}expected {described(error.schema)}"
    listed = ", ".join(map(shown, choices[:MANY])) + (", …" if len(choices) > MANY else "")
    allowed = "the allowed values are" if len(choices) > 1 else "the only allowed value is"
    return f"{shown(value)} is not an allowed value", f"{hint}{allowed} {listed}"


def _const(error: Any) -> Sentence:
    return f"{shown(error.instance)} {NOT_VALID}", f"write {shown(error.validator_value)}"


def _range(error: Any) -> Sentence:
    schema, size = error.schema, "small" if error.validator in ("minimum", "exclusiveMinimum") else "large"
    wanted = " and ".join(f"{words} {schema[name]}" for name, words in BOUNDS.items() if name in schema)
    if "minimum" in schema and "maximum" in schema:
        wanted = f"{schema['minimum']} to {schema['maximum']}"
    return f"{shown(error.instance)} is too {size}", f"expected {wanted}"


def _multiple(error: Any) -> Sentence:
    return f"{shown(error.instance)} {NOT_VALID}", f"expected a multiple of {error.validator_value}"


def _size(error: Any) -> Sentence:
    value, bound = error.instance, error.validator_value
    unit = {str: "character", list: "item", dict: "key"}[type(value)]
    wanted = f"{'at least' if error.validator.startswith('min') else 'at most'} {bound} {unit}{'s' * (bound != 1)}"
    message = f"has {len(value)} {unit}{'s' * (len(value) != 1)}" if value else "is empty"
    return message, f"expected {error.schema.get('x-message', wanted)}"


def _not(error: Any) -> Sentence:
    value, inner = error.instance, error.validator_value
    if "x-message" in error.schema:
        return f"{shown(value)} {NOT_VALID}", f"expected {described(error.schema)}"
    if isinstance(value, dict) and isinstance(inner, dict) and inner.get("required"):
        return f"has {' and '.join(inner['required'])}, which cannot be combined", "remove one of them"
    if isinstance(inner, dict) and ("enum" in inner or "const" in inner):
        return f"{shown(value)} is reserved", "use another name"
    return f"{shown(value)} {NOT_VALID}", "remove it"


BY_KEYWORD = (
    (("type",), _type),
    (("enum",), _enum),
    (("const",), _const),
    (("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _range),
    (("multipleOf",), _multiple),
    (("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _size),
    (("not",), _not),
)
