"""Facts that templates work out -> the templates that check them when the chart is rendered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..sources.fragment import Fragment, Slot
from .factrules import BOUNDS, FORMATS

Keys = dict[str, Any]
KINDS = {
    "string": "string",
    "boolean": "bool",
    "number": "float64",
    "integer": "float64",
    "array": "slice",
    "object": "map",
}
SINGLE = ("text", "line")  # what has line breaks is refused where it is printed into YAML

PROBLEMS = """\

{{- /*
{slot, keys, facts}: a sentence for each of the facts, a list of maps, that the slot does not declare. Of a map inside
another, `at` is the key, with a dot behind it, and `root` the map around all.
*/}}
{{- define "fragment.data.factProblems" -}}
{{- $slot := .slot }}
{{- $keys := .keys }}
{{- $at := .at | default "" }}
{{- $root := .root }}
{{- $kinds := dict "string" "string" "bool" "boolean" "float64" "number" "slice" "array" "map" "object" }}
{{- range $facts := .facts }}
{{- if not (kindIs "map" $facts) }}
{{ $slot }}: {{ toJson $facts }} is not a map; correct the template that states it
{{- else }}
{{- $root := $root | default $facts }}
{{- range $key, $value := $facts }}
{{- $rule := get $keys $key }}
{{- $kind := get $kinds (kindOf $value) }}
{{- $among := get $root (($rule | default dict).keyOf | default "") }}
{{- if and (eq $kind "number") (eq (float64 $value) (floor $value)) (eq ($rule | default dict).type "integer") }}
{{- $kind = "integer" }}
{{- end }}
{{- if not $rule }}
{{ $slot }}: {{ $at }}{{ $key }} is not one of its keys; use one of {{ keys $keys | sortAlpha | join ", " }}
{{- else if kindIs "invalid" $value }}
{{- else if ne $kind $rule.type }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}, which is not of type {{ $rule.type }}; state one that is
{{- else if and $rule.enum (not (has $value $rule.enum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use one of {{ join ", " $rule.enum }}
{{- else if and $rule.keyOf (not (has $value (kindIs "map" $among | ternary $among dict | keys | concat $rule.or))) }}
{{- $known := append $rule.or (printf "a key of %s" $rule.keyOf) | join " or " }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use {{ $known }}
{{- else if and (hasKey $rule "minimum") (lt $value (float64 $rule.minimum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; state a number of at least {{ $rule.minimum }}
{{- else if and (hasKey $rule "maximum") (gt $value (float64 $rule.maximum)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; state a number of at most {{ $rule.maximum }}
{{- else if and $rule.pattern $value (not (regexMatch $rule.pattern $value)) }}
{{ $slot }}: {{ $at }}{{ $key }} is {{ toJson $value }}; use {{ $rule.wanted }}
{{- else if $rule.keys }}
{{- $inner := dict "slot" $slot "keys" $rule.keys "facts" (list $value) "at" (printf "%s%s." $at $key) "root" $root }}
{{- include "fragment.data.factProblems" $inner }}
{{- else if $rule.items }}
{{- range $value }}
{{- if not (has . $rule.items.enum) }}
{{ $slot }}: {{ $at }}{{ $key }} has {{ toJson . }}; use {{ join ", " $rule.items.enum }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $rule := $keys }}
{{- if and $rule.required (or (not (hasKey $facts $key)) (kindIs "invalid" (get $facts $key))) }}
{{ $slot }}: {{ $at }}{{ $key }} is missing; state it
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
"""

ONE = """\
{{{{- with .Facts.{fact} }}}}
{{{{- if not {sound} }}}}
{{{{- include "fragment.data.factProblems" (dict "slot" "{name}" "keys" (mustFromJson `{keys}`) "facts" (list .)) }}}}
{{{{- end }}}}
{{{{- end }}}}
"""

LIST = """\
{{{{- range .Facts.{fact} }}}}
{{{{- if not {sound} }}}}
{{{{- include "fragment.data.factProblems" (dict "slot" "{name}" "keys" (mustFromJson `{keys}`) "facts" (list .)) }}}}
{{{{- end }}}}
{{{{- end }}}}
"""

OF_SCOPE = """\

{{{{- /* What is wrong with the facts of the scope {scope}. */}}}}
{{{{- define "fragment.data.{scope}Facts" -}}}}
{checks}{{{{- end }}}}
"""


def texts(fragments: tuple[Fragment, ...]) -> str:
    """The templates that check facts when the chart is rendered; empty where no slot declares keys."""
    slots = [slot for fragment in fragments for slot in fragment.offers.values() if slot.keys]
    made = [PROBLEMS] if slots else []
    for scope in ("server", "release"):
        checks = [_render(slot) for slot in slots if slot.scope == scope]
        if checks:
            made.append(OF_SCOPE.format(scope=scope, checks="".join(checks)))
    return "".join(made)


def _render(slot: Slot) -> str:
    text = LIST if slot.kind == "list" else ONE
    return text.format(
        name=slot.name,
        fact=slot.name.partition(".")[0],
        sound=_map(".", slot.keys, "."),
        keys=json.dumps({key: _bare(rule) for key, rule in slot.keys.items()}),
    )


def _map(facts: str, keys: Keys, root: str) -> str:
    """The condition under which a map needs no closer look: reading its rules takes five times as long."""
    known = " ".join(map(json.dumps, keys))
    each = (_value(facts, key, rule, root) for key, rule in keys.items())
    return f'(and (kindIs "map" {facts}) (not (omit {facts} {known})) {" ".join(each)})'


def _value(facts: str, key: str, rule: Keys, root: str) -> str:
    """The condition under which a key of a map fits its rule."""
    value = f"{facts.removesuffix('.')}.{key}"
    fits = [f'(kindIs "{KINDS[rule["type"]]}" {value})', *_more(value, rule, root)]
    if rule.get("required"):  # one that is missing is of no type
        return " ".join(fits)
    known = f'(hasKey {facts} "{key}")'
    return f"(or (not {known}) (and {' '.join(fits)}))" if fits[1:] else f"(or (not {known}) {fits[0]})"


def _more(value: str, rule: Keys, root: str) -> Iterator[str]:
    """What a value of the right type has to fit as well."""
    if rule["type"] == "integer":
        yield f"(eq {value} (floor {value}))"
    if "enum" in rule:
        yield f"(has {value} (list {_texts(rule['enum'])}))"
    if "keyOf" in rule:
        among = f"{root.removesuffix('.')}.{rule['keyOf']}"
        known = f'(and (hasKey {root} "{rule["keyOf"]}") (kindIs "map" {among}) (hasKey {among} {value}))'
        yield f"(or (has {value} (list {_texts(rule.get('or', []))})) {known})"
    for word, compare in zip(BOUNDS, ("ge", "le"), strict=True):
        if word in rule:
            yield f"({compare} {value} (float64 {rule[word]}))"
    if rule.get("format", "text") not in SINGLE:
        yield f"(or (not {value}) (regexMatch `{FORMATS[rule['format']][0]}` {value}))"
    if "keys" in rule:
        yield _map(value, rule["keys"], root)
    if "enum" in rule.get("items", {}):
        yield f"(not (without {value} {_texts(rule['items']['enum'])}))"


def _texts(texts: list[str]) -> str:
    return " ".join(map(json.dumps, texts))


def _bare(rule: Keys) -> Keys:
    """A key's rule without what is for people."""
    kept = {word: value for word, value in rule.items() if word in ("type", "enum", "required", "keyOf", *BOUNDS)}
    kept |= {"or": rule.get("or", [])} if "keyOf" in rule else {}
    if rule.get("format", "text") not in SINGLE:
        kept |= dict(zip(("pattern", "wanted"), FORMATS[rule["format"]], strict=True))
    kept |= {"items": {"enum": rule["items"]["enum"]}} if "enum" in rule.get("items", {}) else {}
    return kept | ({"keys": {key: _bare(inner) for key, inner in rule["keys"].items()}} if "keys" in rule else {})


def filling(slot: Slot, fragments: tuple[Fragment, ...]) -> str:
    """The template of the builder's own that fills a slot: server.checks and release.checks have one each."""
    scope = slot.name.partition(".")[0]
    stated = any(each.keys and each.scope == scope for one in fragments for each in one.offers.values())
    return f"fragment.data.{scope}Facts" if slot.name == f"{scope}.checks" and stated else ""
