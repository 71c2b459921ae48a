"""What is offered and what fills it -> templates/_slots.tpl, the one file that joins fragments."""

from __future__ import annotations

import json
from typing import Any

from ..sources.fragment import Fragment, Slot
from . import comments, factchecks, facts, secretkeys
from .schema import Values, by_first_key, replaced

HEAD = """\
{{- /* Made by chartgen: what fragments offer, and what fills it, in the stack's order. */ -}}
"""

ITEM = """\
{{{{- {condition}with include "{fill}" . | trim }}}}
{{{{ . }}}}
{{{{- end }}}}{end}
"""

LIST = """\

{{{{- /* {kind}, {scope}: {summary} */}}}}
{{{{- define "fragment.slot.{name}" -}}}}
{fills}{{{{- end }}}}
"""

ENTRY = """\
{{{{- {condition}with include "{fill}" . | dict "of" "{fill}" "text" | include "fragment.map" | mustFromJson }}}}
{{{{- $joined = mergeOverwrite $joined . }}}}
{{{{- end }}}}{end}
"""

MAP = """\

{{{{- /* {kind}, {scope}: {summary} */}}}}
{{{{- define "fragment.slot.{name}" -}}}}
{{{{- $joined := dict }}}}
{fills}{{{{- toYaml $joined }}}}
{{{{- end }}}}
"""

FIRST = """\
{{{{- if not $first }}}}{{{{ {condition}$first = include "{fill}" . | trim }}}}{{{{ end }}}}{end}
"""

ONE = """\

{{{{- /* {kind}, {scope}: {summary} */}}}}
{{{{- define "fragment.slot.{name}" -}}}}
{{{{- $first := "" }}}}
{fills}{{{{- $first }}}}
{{{{- end }}}}
"""

ONCE = """\

{{{{- /* {kind}, {scope}, made once: {summary} */}}}}
{{{{- define "fragment.slot.{name}" -}}}}
{{{{- if not (hasKey .Once "{name}") }}}}
{{{{- $_ := set .Once "{name}" (include "fragment.once.{name}" .) }}}}
{{{{- end }}}}
{{{{- get .Once "{name}" }}}}
{{{{- end }}}}
"""

FACTS = """\

{{{{- /* Lays the facts of a {scope}, each after those that it is made of. */}}}}
{{{{- define "fragment.facts.{scope}" -}}}}
{facts}{{{{- end }}}}
"""

FACT = """\
{{{{- $text := include "fragment.slot.{fact}.facts" . }}}}
{{{{- $_ := set .Facts "{fact}" (dict "of" "{fact}.facts" "text" $text | include "fragment.{kind}" | mustFromJson) }}}}
"""

CHECKS = '"fragment.slot.release.checks"'  # the template that reads this slot renders no object

WHOLE = {"list": (LIST, ITEM), "map": (MAP, ENTRY), "one": (ONE, FIRST)}

DATA = """\

{{{{- /* {comment} */}}}}
{{{{- define "fragment.data.{name}" -}}}}
{{{{- `{json}` -}}}}
{{{{- end }}}}
"""


def text(fragments: tuple[Fragment, ...], values: Values) -> str:
    """The joining template, and what base needs to know of the stack as data."""
    slots = [slot for fragment in fragments for slot in fragment.offers.values()]
    components = [component for fragment in fragments for component in fragment.components]
    manifests = [
        f"{fragment.id}/{file}"
        for fragment in fragments
        for file, content in fragment.templates.items()
        if file.endswith((".yaml", ".yml")) and CHECKS not in content
    ]
    return HEAD + comments.template(
        "".join(
            [
                *(_slot(slot, fragments, values) for slot in slots),
                *(_facts(slots, fragments, scope) for scope in ("server", "release")),
                factchecks.texts(fragments),
                secretkeys.texts(values),
                _data(
                    "replaced",
                    "What an entry of servers replaces whole, where other maps are merged.",
                    by_first_key(replaced(values.server)),
                ),
                _data(
                    "components",
                    "Names that the chart gives to objects itself: no entry of servers may have them.",
                    components,
                ),
                _data("manifests", "The templates of objects, but for the one that renders the checks.", manifests),
            ]
        )
    )


def _slot(slot: Slot, fragments: tuple[Fragment, ...], values: Values) -> str:
    whole, each = WHOLE[slot.kind]
    fills = "".join(
        _fill(each, fragment.fills[slot.name], guard(fragment)) for fragment in fragments if slot.name in fragment.fills
    )
    own = (factchecks.filling(slot, fragments), secretkeys.filling(values, slot.name))
    fills += "".join(_fill(each, template) for template in own if template)
    said = {"name": slot.name, "kind": slot.kind, "scope": slot.scope, "summary": slot.summary}
    made = whole.format(**said, fills=fills)
    return ONCE.format(**said) + made.replace("fragment.slot.", "fragment.once.", 1) if slot.once else made


def _fill(each: str, template: str, condition: str = "") -> str:
    before, end = (f"{condition} }}}}{{{{ ", "{{ end }}") if condition else ("", "")
    return each.format(condition=before, fill=template, end=end)


def _facts(slots: list[Slot], fragments: tuple[Fragment, ...], scope: str) -> str:
    kinds = {slot.name: "list" if slot.kind == "list" else "map" for slot in slots}
    laid = (FACT.format(fact=name, kind=kinds[name + facts.SUFFIX]) for name in facts.order(fragments, scope))
    return FACTS.format(scope=scope, facts="".join(laid))


def guard(fragment: Fragment) -> str:
    """The condition under which a fragment fills anything: its choice is what the values say. Empty means always."""
    tests = [f"(eq .Values.{path} {json.dumps(value)})" for path, value in fragment.choice.items()]
    if not tests:
        return ""
    return f"if {tests[0][1:-1]}" if len(tests) == 1 else f"if and {' '.join(tests)}"


def _data(name: str, comment: str, value: Any) -> str:
    return DATA.format(name=name, comment=comment, json=json.dumps(value))
