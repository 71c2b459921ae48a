"""Makes a new fragment: a folder that builds and validates as it stands, to be changed into what is wanted."""

from __future__ import annotations

import re
from pathlib import Path

from .. import paths
from ..paths import show
from ..problem import Faults, Problem
from ..reading import yamlfile
from . import stack as stacks

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*(/[a-z][a-z0-9]*(-[a-z0-9]+)*)?")

FILES = {
    "fragment.yaml": """\
summary: Puts a greeting into a ConfigMap.
requires: [base]
# Objects that it makes for the release are called <release>-WORD: no server may be called so.
components: [WORD]
fills:
  release.checks: fragment.DOTTED.checks
""",
    "values.schema.yaml": """\
# `release:` holds what there is once, `server:` what every server has. Each value is described, and each is read.
release:
  KEY:
    type: object
    description: A greeting for whoever asks.
    properties:
      enabled: {type: boolean, default: false, description: Whether it is there.}
      text:
        type: string
        default: ""
        description: What it says.
        examples: [Welcome.]
""",
    "templates/config-map.yaml": """\
{{- if .Values.KEY.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "fragment.name" (list . "WORD") }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "fragment.labels" (list . "WORD") | nindent 4 }}
data:
  text: {{ .Values.KEY.text | quote }}
{{- end }}
""",
    "templates/_checks.tpl": """\
{{- /* Values that do not go together, a sentence a line: any of them stops the install. */}}
{{- define "fragment.DOTTED.checks" -}}
{{- if and .Values.KEY.enabled (not .Values.KEY.text) }}
KEY.text: is empty, but KEY.enabled is true; say something, or leave KEY.enabled false
{{- end }}
{{- end }}
""",
    "cases/enabled.yaml": """\
# It says welcome.
KEY: {enabled: true, text: Welcome.}
""",
    "rejected/empty.yaml": """\
# KEY.text: is empty, but KEY.enabled is true
KEY: {enabled: true}
""",
}


def create(id: str, folder: Path | None, named: str | None) -> list[str]:
    """Make the fragment `id` below `folder`, and add it to the stack `named` where one is given; what to say about it.

    Faults, with nothing written, where the name is bad or taken, or the stack cannot take it.
    """
    recipe = stacks.find(named) if named else None
    root = folder or _root(recipe)
    target = root / id
    problems = _refused(id, target)
    if problems:
        raise Faults(problems)
    changed = _added(recipe, id, root) if recipe else ""
    for file, text in FILES.items():
        path = target / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(text, id), encoding="utf-8")
    if recipe:
        recipe.write_text(changed, encoding="utf-8", newline="")
    return [f"{target}: {len(FILES)} files", *_next(id, root, target, recipe)]


def _root(recipe: Path | None) -> Path:
    """The folder of fragments meant: chartgen's own in its checkout, else `fragments` beside the stack."""
    own = paths.HERE / "fragments"
    if recipe and not recipe.resolve().is_relative_to(paths.HERE):
        return recipe.parent / "fragments"
    return Path("chartgen/fragments") if Path("chartgen/fragments").resolve() == own.resolve() else Path("fragments")


def _refused(id: str, target: Path) -> list[Problem]:
    if not ID.fullmatch(id):
        remedy = "use small letters, digits and dashes, with a group before a slash where it has one: observe/greeting"
        return [Problem(id, 0, "", "is no name for a fragment", remedy)]
    if target.exists():
        return [Problem(str(target), 0, "", "is there already", "choose another name, or remove it first")]
    if id in stacks.available([paths.HERE / "fragments"]):
        return [Problem(id, 0, "", "is one of chartgen's own fragments", "choose another name")]
    return []


def _filled(text: str, id: str) -> str:
    word = id.rpartition("/")[2]
    first, *rest = word.split("-")
    names = {"KEY": first + "".join(part.capitalize() for part in rest), "WORD": word, "DOTTED": id.replace("/", ".")}
    return re.sub("|".join(names), lambda match: names[match[0]], text)


def _next(id: str, root: Path, target: Path, recipe: Path | None) -> list[str]:
    own = root.resolve() == (paths.HERE / "fragments").resolve()
    path = "" if own else f", and {root.name} to its fragmentPaths"
    first = f"{recipe}: has it now" if recipe else f"next: add '{id}' to fragments in your stack.yaml{path}"
    return [first, f"then: make {target} what you want it to be; 'chartgen build' and 'chartgen validate' prove it"]


def _added(recipe: Path, id: str, root: Path) -> str:
    """The stack file's text with the fragment in it, and its folder where that is not one of those searched.

    Lines are put in between; what stands there stays as it is to the byte, comments and layout too.
    """
    shown = show(recipe)
    parsed = yamlfile.read(recipe, shown)
    if parsed.problems or not isinstance(parsed.data, dict):
        raise Faults(parsed.problems or [Problem(shown, 0, "", "is no stack", "name a stack file")])
    text = recipe.read_bytes().decode("utf-8")
    given = parsed.data.get("fragmentPaths") or []
    searched = [(recipe.parent / path).resolve() for path in given] + [(paths.HERE / "fragments").resolve()]
    wanted = {**parsed.data, "fragments": [*(parsed.data.get("fragments") or []), id]}
    changed = _appended(text, "fragments", id)
    if root.resolve() not in searched:
        place = _relative(root, recipe.parent)
        wanted["fragmentPaths"] = [*given, place]
        changed = _appended(changed, "fragmentPaths", place)
    if yamlfile.parse(changed, shown).data != wanted:
        line, remedy = parsed.lines.get(("fragments",), 0), f"add '{id}' there yourself, and leave --stack out here"
        what = "is laid out so that nothing can be added safely"
        raise Faults([Problem(shown, line, "fragments", what, remedy)])
    return changed


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
    import os.path

    return Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
