"""Models that a shell has ollama pull: in the server's own container, in one beside it, in a Job, or in a service of a
compose file that does nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..reading.yamlfile import Key
from .configmaps import configured
from .draft import MISSING, SETTLED, Draft, Note, Spot
from .flags import resolved, texts
from .models import by_variable
from .source import Source, is_compose
from .source import at as inside
from .typed import list_at, map_at, text_at

NAME = r"[A-Za-z0-9][\w./:-]*"
PULL = re.compile(rf"\bollama\s+(?:pull|run)\s+[\"']?({NAME})(?![\w./:$-])")
BY_VARIABLE = re.compile(r"\bollama\s+(?:pull|run)\s+[\"']?([^\s;&|\"']*\$[^\s;&|\"']*)")
REQUEST = re.compile(rf"/api/pull\b.*?[\"'](?:name|model)\\?[\"']\s*:\s*\\?[\"']({NAME})", re.S)
REQUEST_BY_VARIABLE = re.compile(r"/api/pull\b.*?[\"'](?:name|model)\\?[\"']\s*:\s*[\\\"']*(\$[^\s\"'\\]+)", re.S)
LOOP = re.compile(r"\bfor\s+(\w+)\s+in\s+([^;\n]+?)\s*(?:;|\n)\s*do\b(.*?)\bdone\b", re.S)
ARRAY = re.compile(r"(?:^|[\s;])(\w+)=\(([^()]*)\)")
TEXT = re.compile(r"(?:^|[\s;])(\w+)=(\"[^\"$`]*\"|'[^'$`]*'|[\w./:-]+)(?=[\s;]|$)")
HOST = re.compile(r"(https?://[\w.-]+(?::\d+)?)")
SERVES = re.compile(r"\bollama\s+(serve|start)\b|(^|\s)serve\b")
# Images in which no program of one's own runs.
TOOLS = re.compile(r"(^|/)(alpine|busybox|curl|debian|ollama|ubuntu|wget)(?![\w-])")
ALONE = ("Job", "CronJob", "Pod")


@dataclass
class Pulled:
    """What a command has ollama pull: names of models, and variables whose values are not in the input."""

    models: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)


def pulled(text: str, variables: dict[str, str]) -> Pulled:
    """The models that a command pulls, by `ollama pull` or by a request, one at a time or in a loop."""
    text = _assigned(resolved(text, variables))

    def unrolled(match: re.Match[str]) -> str:
        words = [word.strip("\"'") for word in match[2].split()]
        return "\n".join(re.sub(rf"\$\{{?{match[1]}\b\}}?", word, match[3]) for word in words)

    text = LOOP.sub(unrolled, text)
    models = [model.rstrip(".:/") for model in (*PULL.findall(text), *REQUEST.findall(text))]
    unknown = [*BY_VARIABLE.findall(text), *REQUEST_BY_VARIABLE.findall(text)]
    return Pulled(list(dict.fromkeys(models)), list(dict.fromkeys(unknown)))


def _assigned(text: str) -> str:
    """A script without comments, with the lists and variables that it sets itself, and once, in their places."""
    text = re.sub(r"(?m)^\s*#.*$|\s#\s.*$", "", text)
    lists = [(match[1], " ".join(match[2].split())) for match in ARRAY.finditer(text)]
    for name, words in lists:
        if [each for each, _ in lists].count(name) == 1:
            text = re.sub(rf"\"?\$\{{{name}\[[@*]\]\}}\"?", lambda _, words=words: words, text)
    texts_ = [(match[1], match[2].strip("\"'")) for match in TEXT.finditer(text)]
    for name, said in texts_:
        if [each for each, _ in texts_].count(name) == 1:
            text = re.sub(rf"\$\{{{name}\}}|\${name}\b", lambda _, said=said: said, text)
    return text


def command(container: dict[str, Any]) -> str:
    """What a container or a service of a compose file runs, with what it runs after its start, as one text."""
    parts = [container.get(key) for key in ("entrypoint", "command", "args")]
    parts.append(inside(container, ("lifecycle", "postStart", "exec", "command")))
    return " ".join(str(word) for part in parts for word in (part if isinstance(part, list) else [part]) if word)


def helper(service: dict[str, Any], name: str) -> bool:
    """Whether a service of a compose file only has another one pull models."""
    variables = texts(service.get("environment"))
    host = _asked(command(service), variables)
    found = pulled(command(service), variables)
    serves = SERVES.search(command(service))
    own = ("", name, "0.0.0.0", "localhost", "127.0.0.1")
    # A program of one's own can have models pulled before it starts.
    only = "OLLAMA_HOST" in variables or TOOLS.search(str(service.get("image") or ""))
    return bool((found.models or found.variables) and not serves and only and host not in own)


def _asked(text: str, variables: dict[str, str]) -> str:
    """The host that a command has pull models: that of the client's variable, or of the request itself."""
    named = HOST.search(resolved(text, variables)) if "/api/pull" in text else None
    return _host(variables.get("OLLAMA_HOST", "") or (named[1] if named else ""))


def elsewhere(
    draft: Draft, server: str, only: bool, names: tuple[str, ...] = ()
) -> tuple[dict[str, tuple[Spot, ...]], list[str]]:
    """The models that Jobs and other services of the input have a server pull; `only` is whether there is no other.

    `names` are hosts that lead to the server, too.
    """
    models: dict[str, tuple[Spot, ...]] = {}
    variables: list[str] = []
    for source in draft.sources:
        for path, container in _pullers(source):
            container = configured(draft, source, container)[0]
            env = texts(container.get("env") or container.get("environment"))
            text = command(container)
            found = pulled(text, env)
            host = _asked(text, env)
            if not only and host not in names and draft.server_at(host) != server:
                continue
            keys = [(*path, key) for key in ("entrypoint", "command", "args") if container.get(key)]
            spots = tuple(spot for key in keys for spot in draft.spots(source, key))
            models |= {model: (*models.get(model, ()), *spots) for model in found.models}
            variables += found.variables
            for name in found.variables:
                draft.note(spots, Note(MISSING, by_variable(name)))
            if found.models:
                whole = [path] if is_compose(source.data) else [("kind",), ("spec",)]
                done = [spot for key in whole for spot in draft.spots(source, key)]
                draft.note(done, Note(SETTLED, "llm-stack downloads the models itself"))
    return models, variables


def _host(text: str) -> str:
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""


def _pullers(source: Source) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The containers of a document that are no server, with where they are."""
    data = source.data
    if is_compose(data):
        for name, service in map_at(data, "services").items():
            if isinstance(service, dict) and helper(service, str(name)):
                yield ("services", name), service
    if text_at(data, "kind") in ALONE:
        for place in ((), ("template", "spec"), ("jobTemplate", "spec", "template", "spec")):
            for kind in ("containers", "initContainers"):
                for n, container in enumerate(list_at(data, "spec", *place, kind)):
                    if isinstance(container, dict):
                        yield ("spec", *place, kind, n), container
