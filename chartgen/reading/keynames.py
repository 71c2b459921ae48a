"""What to do about a key that a schema does not know: the name meant, or the place where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..conventions import SERVERS, split
from .yamlfile import Key, dotted, read

ANY = "<name>"  # stands in a path for a key that the user chooses, such as a server's name
DEPTH = 5  # how far down a key is looked for; below that there are Kubernetes' own objects
FEW = 12  # so many keys are listed
SAME = 0.85  # how alike they are if only letters of them differ
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# Words of a name that add little to it.
FILLERS = {"extra", "additional", "custom", "default", "name", "value", "size", "second"}
GENERAL = {"url", "name", "key", "type", "host", "path", "port", "value", "tag", "image"}  # of anything
SURE, MEANT = 0.75, 0.66  # how alike two names are (difflib) before one is taken for the other
SOURCES = {
    "hf": "huggingface",
    "https": "huggingface",
    "oci": "modelkit",
    "s3": "s3",
    "pvc": "none",
}  # scheme -> source
OWNERS = {
    "open-webui": "open-webui's chart",
    "ollama": "ollama's chart",
    "production-stack": "vLLM's production-stack",
    "nim": "NVIDIA's nim-llm",
    "kserve": "KServe",
    "kitops": "KitOps' init image",
    "huggingface": "Hugging Face",
    "aws": "AWS",
}
OTHERS = "*"  # ends the name that stands for all else below a key
SERVER = "servers.NAME."  # before the name of a value that means something else for one server
BELOW = {
    "ollama": "ollama",
    "kitops": "modelkit",
    "huggingface": "huggingface",
    "aws": "s3",
}  # where an owner's names are looked for


@dataclass(frozen=True)
class Known:
    """A name that others have for something: our names for it, best first, how ours differs, whose it is."""

    use: tuple[str, ...]
    how: str
    whose: str


@dataclass(frozen=True)
class Names:
    """The keys of a JSON Schema, whose `$ref`s are local."""

    schema: dict[str, Any]

    def parts(self, schema: Any, seen: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
        """The schema and those that hold at the same place: what it refers to, and its branches."""
        if not isinstance(schema, dict):
            return
        reference = schema.get("$ref", "")
        if reference.startswith("#") and reference not in seen:
            yield from self.parts(self._target(reference), (*seen, reference))
            return
        yield schema
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(word, ()):
                yield from self.parts(branch, seen)

    def _target(self, reference: str) -> Any:
        found: Any = self.schema
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found

    def at(self, path: Key) -> list[dict[str, Any]]:
        """The schemas of what stands at `path`, none where nothing can."""
        found = list(self.parts(self.schema))
        for key in path:
            found = [part for schema in found for inner in _inside(schema, key) for part in self.parts(inner)]
        return found

    def has(self, path: Key) -> bool:
        """Whether the schema names `path`; what merely fits into a free-form map is not named."""
        parents = self.at(path[:-1])
        return any(path[-1] in schema.get("properties", ()) for schema in parents)

    @cached_property
    def homes(self) -> dict[str, list[Key]]:
        """Key -> the paths of the objects that have it."""
        found: dict[str, list[Key]] = {}
        level: list[tuple[Key, dict[str, Any]]] = [((), part) for part in self.parts(self.schema)]
        for _ in range(DEPTH):
            below = []
            for path, schema in level:
                for key, inner in schema.get("properties", {}).items():
                    found.setdefault(key, []).append(path)
                    below += [((*path, key), part) for part in self.parts(inner)]
                below += [((*path, ANY), part) for part in self.parts(schema.get("additionalProperties"))]
            level = below
        return found


def _inside(schema: dict[str, Any], key: str | int) -> list[Any]:
    if isinstance(key, int):
        items = schema.get("items", [])
        return items if isinstance(items, list) else [items]
    if key in schema.get("properties", {}):
        return [schema["properties"][key]]
    patterns = schema.get("patternProperties", {})
    matching = [inner for pattern, inner in patterns.items() if re.search(pattern, key)]
    return matching or [schema.get("additionalProperties")]


@cache
def known() -> dict[str, Known]:
    """The names of others, dotted, and the places where they are looked for beside their own."""
    table = read(Path(__file__).parent / "known-names.yaml").data
    found: dict[str, Known] = {}
    for name, said in table.items():
        uses, of, how = said["use"], said.get("of", ()), said.get("how", "")
        uses = tuple(uses) if isinstance(uses, list) else (uses,)
        whose = " and ".join(OWNERS[each] for each in of) + (" call it " if len(of) > 1 else " calls it ") + name
        entry = found[name] = Known(uses, how, whose if of else "")
        for place in (BELOW[each] for each in of if each in BELOW):
            found.setdefault(f"{place}.{name}", entry)
        if "ollama" in of:
            found.setdefault(name.removeprefix("ollama."), entry)
        if name.startswith("vllmConfig."):
            found.setdefault(name.replace("vllmConfig", "vllm", 1), entry)
    return found


def unknown(names: Names, path: Key, value: Any, allowed: list[str], engine: str = "") -> list[tuple[Key, str]]:
    """The remedy for the key at `path`; those of the keys inside it where others have them. `engine` is that of the
    server, where it is known: no value of another engine is meant then.
    """
    if not _translated(names, path) and _translated_inside(names, path, value):
        return [found for key, inner in value.items() for found in unknown(names, (*path, key), inner, [], engine)]
    return [(path, _elsewhere(names, path, value) or _remedy(names, path, value, allowed, engine))]


def engine_of(data: Any, path: Key) -> str:
    """The engine of the server that a path is of, "" where the values do not say it."""
    own = data
    for step in split(path)[0]:
        own = own.get(step) if isinstance(own, dict) else None
    said = [each.get("engine") for each in (own, data) if isinstance(each, dict)]
    return next((each for each in said if isinstance(each, str)), "")


def _others(names: Names, engine: str) -> set[str]:
    """The engines that a server does not have, whose values are not its own."""
    known = {each for schema in names.at(("engine",)) for each in schema.get("enum", ())}
    return known - {engine} if engine in known else set()


def _elsewhere(names: Names, path: Key, value: Any) -> str:
    """For a model's address that no source of the chart reads, such as s3://: how to serve it all the same."""
    entry = known().get(".".join(map(str, split(path)[1])))
    scheme = value.partition("://")[0] if isinstance(value, str) and "://" in value else ""
    if not entry or entry.use[0] != "model.name" or not scheme or not names.has(("model", "source")):
        return ""
    sources = {source for schema in names.at(("model", "source")) for source in schema.get("enum", ())}
    if not sources or SOURCES.get(scheme, scheme) in sources:
        return ""
    remedy = "copy the model to a claim, set 'modelCache.existingClaim', and set 'model.delivery' to none"
    return f"no source of the chart reads {scheme}://; {remedy}"


def earlier(names: Names, path: Key, value: Any) -> str:
    """What to write in place of a value that had another name, "" where it never had a meaning."""
    scope, key = split(path)
    entry = known().get(f"{dotted(key)}={value}")
    return f"use {entry.how}" if entry and names.has((*scope, *entry.use[0].split("."))) else ""


@cache
def _folded() -> dict[str, Known]:
    return {name.casefold(): entry for name, entry in known().items()}


def _named(name: str) -> Known | None:
    return known().get(name) or _folded().get(name.casefold())


def _translated(names: Names, path: Key, engine: str = "") -> str:
    """`use 'replicas' (…)` where others have this name, and the schema has ours."""
    scope, key = split(path)
    name = ".".join(map(str, key))
    entry = (_named(SERVER + name) if scope else None) or _named(name)
    uses = [tuple(use.split(".")) for use in (entry.use if entry else ())]
    others = _others(names, engine)
    if uses and len(key) == 1 and all(use[0] in others for use in uses):
        uses = [(engine, *use[1:]) for use in uses]
        if not any(names.has(scope + use) for use in uses):
            return f"{engine} has no value for it; use '{dotted((*scope, 'extraArgs'))}', a list of arguments"
    # In an entry of servers, a value of the server is meant before one of the release.
    for place in [scope + use for use in uses if scope] + uses:
        if names.has(place):
            said = f"use '{dotted(place)}'{entry.how and f', {entry.how}'}"
            return said + (f" ({entry.whose})" if entry.whose else "")
    return _translated_here(names, path) if len(key) > 1 else ""


def _translated_here(names: Names, path: Key) -> str:
    """The same for a name that is known at the top level, as `replicaCount` is, below what has ours too."""
    entry = _named(str(path[-1]))
    place = (*path[:-1], entry.use[0]) if entry else ()
    if not place or not names.has(place):
        return ""
    return f"use '{dotted(place)}'{entry.how and f', {entry.how}'}"


def _translated_inside(names: Names, path: Key, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    paths = ((*path, key) for key in value)
    return any(_translated(names, inner) or _translated_inside(names, inner, value[inner[-1]]) for inner in paths)


def _remedy(names: Names, path: Key, value: Any, allowed: list[str], engine: str) -> str:
    if meant := _written(path, allowed):
        return f"did you mean '{meant}'?"
    if found := _translated(names, path, engine):
        return found
    alike = [name for name in allowed if _alike(path, name)]
    if meant := close(path[-1], alike, SURE):
        return f"did you mean '{meant}'?"
    if home := _home(names, path, value, _others(names, engine)):
        return home
    if meant := close(path[-1], alike):
        return f"did you mean '{meant}'?"
    if found := _translated(names, (*path[:-1], f"{path[-1]}s")) or _translated(names, (*path[:-1], OTHERS)):
        return found
    if (other := close(path[-1], list(known()), SAME)) and (found := _translated(names, (*path[:-1], other), engine)):
        return found
    if not allowed:
        return "remove it"
    return f"the allowed keys are {', '.join(sorted(allowed))}" if len(allowed) <= FEW else "see values.yaml"


def close(word: str, names: list[str], cutoff: float = MEANT) -> str:
    """The name most like `word`, whatever its case, or "" where none is like it."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in names}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    # `enableTool` switches something else than `enabled` does.
    other = found == ["enabled"] and len(word) > len("enabled")
    return folded[found[0]] if found and not other else ""


def meant(names: Names, key: str) -> bool:
    """Whether a key at the top level is one of the schema's in other letters, or by a name that no other chart has."""
    entry = _named(key)
    allowed = list(names.schema.get("properties", {}))
    return bool(misspelt((key,), allowed) or (entry and not entry.whose and _translated(names, (key,))))


def misspelt(path: Key, allowed: list[str]) -> str:
    """`did you mean …?` where a key is surely one of the names allowed."""
    meant = _written(path, allowed) or close(path[-1], [name for name in allowed if _alike(path, name)], SURE)
    return f"did you mean '{meant}'?" if meant else ""


def _written(path: Key, allowed: list[str]) -> str:
    """The name that a key is but for the case of its letters."""
    return next((name for name in allowed if name.casefold() == str(path[-1]).casefold()), "")


def _alike(path: Key, name: str) -> bool:
    """Whether a key is another name in other letters: each word of the one is in the other, but for those that say
    nothing more. `mountPath` is not `hostPath`, and `storage` not `storageClass`.
    """
    from difflib import SequenceMatcher

    def like(one: str, other: str, cutoff: float) -> bool:
        return SequenceMatcher(None, one, other).ratio() >= cutoff

    def core(words: list[str]) -> str:
        return "".join(word for word in words if word not in fillers)

    fillers = {*FILLERS, *(_words(path[-2]) if len(path) > 1 and isinstance(path[-2], str) else ())}
    theirs, ours = _words(path[-1]), _words(name)
    pairs = ((theirs, ours), (ours, theirs))
    more = [one for some, others in pairs for one in some if not any(like(one, other, SURE) for other in others)]
    if set(more) <= fillers and len(more) < len(theirs) + len(ours):
        return True
    return len(theirs) != len(ours) and like(core(theirs), core(ours), SAME)


def _words(name: str) -> list[str]:
    """The words of a name, each in the singular."""
    return [re.sub(r"(?<!s)s$", "", re.sub(r"ies$", "y", word.lower())) for word in WORD.findall(name)]


def _fits(names: Names, path: Key, value: Any) -> bool:
    """Whether a map, a list or a single value can be at a path at all."""
    own = {one.get("type") for one in names.at(path)} - {None}
    kind = {dict: "object", list: "array"}.get(type(value))
    return value is None or not own or (kind in own if kind else not own <= {"object", "array"})


def _home(names: Names, path: Key, value: Any, others: set[str]) -> str:
    """Where the key does belong: the nearest objects above this one or inside it that have it, unless they are many."""
    ranked: dict[tuple[int, int], list[Key]] = {}
    for home in names.homes.get(path[-1], ()):
        shared = _shared(home, path[:-1])
        if path[-1] == "enabled" and shared < len(path) - 1:
            continue  # what switches something larger on and off was not meant
        if path[-1] in GENERAL or ANY in home[shared:] or not _fits(names, (*home, path[-1]), value):
            continue
        if not home and _of_workloads(names, path):
            continue
        if others & set(home[:3]):  # of an engine that the server does not have
            continue
        if shared in (len(home), len(path) - 1):
            ranked.setdefault((-shared, len(home)), []).append(path[:shared] + home[shared:])
    nearest = list(dict.fromkeys(ranked[min(ranked)])) if ranked else []
    if not 0 < len(nearest) <= 3:
        return ""
    if nearest == [()]:
        return "move it to the top level"
    return "move it under " + " or ".join(f"'{dotted(home)}'" for home in nearest)


def _of_workloads(names: Names, path: Key) -> bool:
    """Whether a key outside of a server's values is one that at the top level means the servers, such as `replicas`,
    where other workloads have their own.
    """
    servers = names.at((SERVERS, ANY))

    def of_server(key: str | int) -> bool:
        return any(key in schema.get("properties", ()) for schema in servers)

    others = [home for home in names.homes.get(path[-1], ()) if home and home[0] != SERVERS and not of_server(home[0])]
    return bool(others) and of_server(path[-1]) and not of_server(path[0])


def overlooked(names: Names, data: Any, path: Key = ()) -> Iterator[tuple[Key, str]]:
    """Keys in maps that may have any keys beside those named, such as `global`, that were meant to be one of these."""
    if not isinstance(data, dict):
        return
    parts = names.at(path)
    allowed = [key for schema in parts for key in schema.get("properties", ())]
    closed = any(schema.get("additionalProperties") is False for schema in parts)
    for key, value in data.items():
        if allowed and key not in allowed and isinstance(key, str):
            remedy = misspelt((*path, key), allowed) or _translated(names, (*path, key))
            if remedy and not closed:
                yield (*path, key), remedy
        elif names.at((*path, key)):
            yield from overlooked(names, value, (*path, key))


def _shared(home: Key, path: Key) -> int:
    """How many steps both begin with."""
    for n, (step, own) in enumerate(zip(home, path, strict=False)):
        if step not in (own, ANY):
            return n
    return min(len(home), len(path))
