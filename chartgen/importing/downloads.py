"""Models that a container of the input has a client of Hugging Face download into a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..reading.yamlfile import Key
from .draft import CHANGED, MISSING, SETTLED, Draft, Note, Put, Spot
from .source import Source
from .typed import list_at, map_at, text_at

DOWNLOAD = re.compile(r"\b(?:hf|huggingface-cli)\s+download\s+(.+)|\bsnapshot_download\(([^)]*)\)")
LINK = re.compile(r"https://huggingface\.co/([\w.-]+/[\w.-]+)/resolve/([\w.-]+)/([\w./-]+\.gguf)")
OUTPUT = re.compile(r"(?<!\S)(?:-o|-O|--output|--output-document)[\s=\"']+(/[^\s\"';&|]+)")
REPOSITORY = re.compile(r"(?:^|(?<=[\s\"'=]))([A-Za-z0-9][\w.-]*/[\w.-]+)(?=[\s\"',]|$)")
FOLDER = re.compile(r"local[-_]dir[\s=\"']+(/[^\s\"',;&|]+)")
REVISION = re.compile(r"revision[\s=\"']+([\w./-]+)")
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
HOW = "the model that is downloaded into this folder; llm-stack downloads it"
FILE = "a file of the repository, which llm-stack downloads"
DONE = "llm-stack downloads the model itself"


@dataclass(frozen=True)
class Download:
    """A model that a container downloads: its name and revision, where its token is, and where all of that is said."""

    name: str
    revision: str
    token: tuple[str, str]
    spots: tuple[Spot, ...]
    container: tuple[Spot, ...]
    file: str = ""


def taken_over(draft: Draft, server: str) -> bool:
    """Whether a container of the input downloads the model into its folder: the values have the model itself then."""
    name = next(iter(draft.puts_of(server, ("model", "name"))), None)
    folder = draft.folders.get(server, "").rstrip("/")
    if not name or not folder:
        return False
    numbers = {number for number, _ in name.spots}
    file = next((str(put.value) for put in draft.puts_of(server, ("llamacpp", "file"))), "")
    known = (_downloaded(draft, one, folder, file) for one in draft.sources if one.number in numbers)
    found = next((one for one in known if one), None)
    if not found:
        return False
    for spot in found.container:
        if draft.notes.get(spot, Note(SETTLED, "")).kind == MISSING:
            del draft.notes[spot]
    for put in draft.puts_of(server, ("model", "name"), ("model", "path"), ("model", "delivery")):
        draft.withdraw(put, Note(SETTLED, "is what llm-stack does itself"))
    for put in draft.puts_of(server, ("llamacpp", "file")):
        draft.withdraw(put, Note(SETTLED, DONE))
        draft.put(replace(put, value=found.file or put.value, how=FILE), Note(CHANGED, FILE))
    values = {("model", "name"): found.name, ("model", "tag"): found.revision}
    engine = draft.engine(server)
    if engine == "llamacpp":
        values |= {("model", "source"): "huggingface"}
    if not draft.puts_of(server, ("huggingface", "existingSecret")):
        values |= {("huggingface", "existingSecret"): found.token[0], ("huggingface", "tokenKey"): found.token[1]}
    for target, text in values.items():
        if text:
            draft.put(Put(target, text, server, (*name.spots, *found.spots), HOW), Note(CHANGED, HOW))
    draft.note(found.container, Note(SETTLED, DONE))
    return True


def _downloaded(draft: Draft, source: Source, folder: str, file: str) -> Download | None:
    """What a container of a document downloads into a folder; a single file of a repository by its address."""
    for path, one in _containers(source.data):
        run = _run(one)
        for match in DOWNLOAD.finditer(run):
            text = match[1] or match[2]
            target, names = FOLDER.search(text), REPOSITORY.findall(FOLDER.sub("", text))
            if target and names and target[1].rstrip("/") == folder:
                revision = REVISION.search(text)
                return _said(draft, source, path, one, names[0], revision[1] if revision else "")
        link, output = LINK.findall(run), OUTPUT.findall(run)
        for name, revision, found in link if len(link) == 1 and file else ():
            if output != [f"{folder}/{file}"] and (output or found.rpartition("/")[2] != file):
                continue
            return replace(_said(draft, source, path, one, name, revision), file=found)
    return None


def _said(draft: Draft, source: Source, path: Key, one: dict[str, Any], name: str, revision: str) -> Download:
    where = [map_at(each, "valueFrom", "secretKeyRef") for each in list_at(one, "env") if _token(each)]
    token = (text_at(where[0], "name"), text_at(where[0], "key")) if where else ("", "")
    keys = [(*path, key) for key in ("command", "args", "env") if one.get(key)]
    spots = tuple(spot for key in keys for spot in draft.spots(source, key))
    whole = tuple(draft.spots(source, path)) if "initContainers" in path else ()
    return Download(name, "" if revision == "main" else revision, token, spots, whole)


def _run(container: dict[str, Any]) -> str:
    """What a container runs, as one text; a line that goes on behind a backslash is one line."""
    parts = [container.get(key) for key in ("command", "args")]
    words = [word for part in parts for word in (part if isinstance(part, list) else [part])]
    return " ".join(str(word) for word in words if word is not None).replace("\\\n", " ")


def _token(variable: Any) -> bool:
    return text_at(variable, "name") in TOKENS


def _containers(value: Any, path: Key = ()) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What has a command or arguments, with where it is."""
    if isinstance(value, dict) and (value.get("args") or value.get("command")):
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        yield from _containers(one, (*path, key))
