"""Values that name a key of a Secret -> the templates that refuse such a name where no Secret is named.

Beside `existingSecret`, `key` is the name of a key in that Secret. People write the password itself there and believe
that it is required, but without a Secret nothing is. Beside `value`, the chart makes the Secret, with that key.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .schema import Values, closed, default

SECRET, VALUE = "existingSecret", "value"
KEY = re.compile(r"key|.*Key")
REFERENCE = "#/definitions/dataKey"

ALONE = """\

{{- /*
(list CONTEXT NAME PATH): refuses the name of a key in the block at PATH, a list of keys, which names no Secret. A name
among the defaults is that of all model servers, so it is not refused if the Secret of another one is read with it. What
was written is not printed: it can be a password.
*/}}
{{- define "fragment.data.keyAlone" -}}
{{- $name := index . 1 }}
{{- $path := last . }}
{{- $key := "" }}
{{- $used := false }}
{{- range prepend (values (first .).Servers) (first .) }}
{{- $block := .Values }}
{{- range $path }}
{{- $block = get $block . | default dict }}
{{- end }}
{{- $key = $key | default (get $block $name) }}
{{- $used = or $used (and (get $block "existingSecret") (eq (get $block $name) $key)) }}
{{- end }}
{{- if not $used }}
{{- $remedy := printf "set existingSecret to the name of a Secret, or remove %s" $name }}
{{ join "." $path }}.{{ $name }}: names a key of existingSecret, which is empty; {{ $remedy }}
{{- end }}
{{- end }}
"""

OF_SCOPE = """\

{{{{- /* Names of keys of Secrets, among the values of the scope {scope}, where no Secret is named. */}}}}
{{{{- define "fragment.data.{scope}Keys" -}}}}
{checks}{{{{- end }}}}
"""

BLOCK = """\
{{{{- with {block} }}}}
{inner}{{{{- end }}}}
"""

EACH = """\
{{{{- range ${variable}, $_ := . }}}}
{inner}{{{{- end }}}}
"""

PAIR = """\
{{{{- if not .existingSecret }}}}
{inner}{{{{- end }}}}
"""

CHECK = """\
{{{{- if {changed} }}}}
{{{{- include "fragment.data.keyAlone" (list $ "{name}" (list {path})) }}}}
{{{{- end }}}}
"""


def texts(values: Values) -> str:
    """The templates that refuse names of keys; empty where no value names one."""
    made = [
        OF_SCOPE.format(scope=scope, checks=checks) for scope in ("server", "release") if (checks := of(values, scope))
    ]
    return "".join([ALONE, *made] if made else [])


def filling(values: Values, slot: str) -> str:
    """The template of these that fills a slot, server.checks or release.checks; empty where there is none."""
    scope, _, rest = slot.partition(".")
    return (
        f"fragment.data.{scope}Keys"
        if rest == "checks" and scope in ("server", "release") and of(values, scope)
        else ""
    )


def of(values: Values, scope: str) -> str:
    """The lines that look at all values of a scope."""
    return "".join(_block(".Values.", key, schema, ()) for key, schema in getattr(values, scope).items())


def _block(at: str, key: str, schema: dict[str, Any], path: tuple[str, ...]) -> str:
    """The lines for the value of a key, where it or what is below it names a key of a Secret."""
    path = (*path, json.dumps(key))
    inner = _entries(schema, path)
    return BLOCK.format(block=f"{at}{key}", inner=inner) if inner else ""


def _entries(schema: dict[str, Any], path: tuple[str, ...]) -> str:
    """The lines for an object: its own names of keys, and those below it. A map has the same object under each key."""
    every = schema.get("additionalProperties")
    if isinstance(every, dict):
        variable = f"name{len(path)}"
        inner = _entries(every, (*path, f"${variable}"))
        return EACH.format(variable=variable, inner=inner) if inner else ""
    if not closed(schema):
        return ""
    checks = "".join(
        CHECK.format(changed=_changed(key, each), name=key, path=" ".join(path)) for key, each in names(schema).items()
    )
    below = (_block(".", key, inner, path) for key, inner in schema["properties"].items())
    return (PAIR.format(inner=checks) if checks else "") + "".join(below)


def names(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of an object that name a key of the Secret that it names, too."""
    properties = schema["properties"]
    if SECRET not in properties or VALUE in properties:
        return {}
    return {key: each for key, each in properties.items() if KEY.fullmatch(key) or each.get("$ref") == REFERENCE}


def _changed(key: str, schema: dict[str, Any]) -> str:
    """The condition under which the name is not that of the defaults."""
    stated = default(schema)
    return f"ne .{key} {json.dumps(stated)}" if stated else f".{key}"
