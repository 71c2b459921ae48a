"""What becomes of the input: the values that are written, and a note for every leaf of every document."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..conventions import SERVERS, split
from ..problem import Problem
from ..reading.keynames import Names
from ..reading.yamlfile import Key, dotted
from .source import VALUES, Source, at, is_compose, leaves
from .tables import Program

CARRIED, CHANGED, OTHER = "carried over", "changed", "means another object here"
MISSING, SETTLED = "no counterpart", "not needed"
UNKNOWN = "chartgen does not know this value of"  # a chart, whose name follows
NO_VALUE = "llm-stack has no value for it"
NO_CHART = "belongs to none of the charts that chartgen recognises"
KINDS = (CARRIED, CHANGED, OTHER, MISSING, SETTLED)

SERVER = "<server>"  # in a target, for the name of the server, which is known at the end
NO_MODEL = "example/name-your-model"  # for a server whose model the input does not say
NO_FILE = "name-your-model.gguf"
DEFAULT = "deepseek-r1:1.5b is downloaded"
LONGEST = 20  # characters of a server's name
ONE = "server"  # the name of a release's only server
PERSISTENT = (
    "Open WebUI reads its settings from the values at each start; set openWebui.persistentConfig to true to keep those"
    " that administrators changed in the browser"
)
TEMPLATE = re.compile(r"\{\{-?\s*(\.|\$|include |tpl |printf |default |toYaml |template )")

Spot = tuple[int, Key]  # a document by its number, and a path in it


@dataclass(frozen=True)
class Put:
    """A value to write: where, of which server ("" for none), from where in the input, and how it differs."""

    target: Key
    value: Any
    server: str
    spots: tuple[Spot, ...]
    how: str = ""


@dataclass(frozen=True)
class Note:
    """What became of a leaf, or of a part of it: one of KINDS, what is said of it, and what it was written to."""

    kind: str
    text: str
    put: Put | None = None
    part: str = ""


@dataclass(frozen=True)
class Advice:
    """What to do before the install; with a name, only if that is in the values, and of a server, if it downloads."""

    text: str
    name: str = ""
    downloads: str | None = None
    first: bool = False


@dataclass(frozen=True)
class Workload:
    """A workload that was imported: its name and the labels of its pods, what it runs, and the claims that it uses."""

    name: str
    labels: dict[str, Any]
    program: Program
    server: str
    claims: set[str]


@dataclass
class Draft:
    """Collects puts and notes. `unsaid` are those of a chart's defaults, which the input does not set itself."""

    names: Names
    server_keys: set[str]
    sources: list[Source]
    puts: list[Put] = field(default_factory=list)
    notes: dict[Spot, Note] = field(default_factory=dict)
    unsaid: dict[Spot, Note] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)
    uis: list[str] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)  # servers whose models the input names, and the values do not
    mounted: set[str] = field(default_factory=set)  # servers whose models are on a volume that is not in the cluster
    folders: dict[str, str] = field(default_factory=dict)  # by server: the folder that the input names as its model
    called: dict[str, str] = field(default_factory=dict)  # by the Service of another chart's own server: the server
    repositories: dict[str, tuple[str, str]] = field(default_factory=dict)  # by server: of GGUF files, and which one
    # By server: a claim of another chart with its models, and how to keep it.
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)
    # By server: the vendor that a public image of its program is for, the image, and where the input has it.
    images: dict[str, tuple[str, str, str, tuple[Spot, ...]]] = field(default_factory=dict)
    router: str = ""  # the end of the name of a Service that leads to all servers of another chart
    subcharts: dict[str, str] = field(default_factory=dict)  # by its key in an umbrella chart's values: the server
    elsewhere: list[Spot] = field(default_factory=list)
    bundled: bool = False  # whether the image of Open WebUI has a server in it
    security: str = ""
    comments: dict[str, Put] = field(default_factory=dict)
    workloads: list[Workload] = field(default_factory=list)

    def spots(self, source: Source, key: Key) -> list[Spot]:
        """The leaves of the input at a path and below; the path itself where the input has none there."""
        value: Any = source.data
        for step in key:
            inside = isinstance(value, dict) and step in value
            inside = inside or (isinstance(value, list) and step in range(len(value)))
            if not inside:
                return []
            value = value[step]
        found = [path for path, _ in leaves(value, key)]
        if source.of is None:
            return [(source.number, path) for path in found]
        origins = list(dict.fromkeys(filter(None, map(source.original, found))))
        return [spot for one in origins for spot in self.spots(source.of, one)]

    def put(self, put: Put, note: Note) -> None:
        """Write a value, and note it at its spots; of two values for one target the later one counts."""
        for other in [other for other in self.puts if other.server == put.server and other.target == put.target]:
            self.puts.remove(other)
            if other.value != put.value:
                self.withdraw(other, Note(MISSING, f"another value of the input is written to {dotted(put.target)}"))
            else:
                put = replace(put, spots=(*other.spots, *put.spots))
                for spot, old in list(self.notes.items()):
                    if old.put is other:
                        self.notes[spot] = replace(old, put=put)
        self.puts.append(put)
        self.note(put.spots, replace(note, put=put))

    def puts_of(self, server: str, *targets: Key) -> list[Put]:
        """What is written of a server to one of these values, or below it."""
        own = [put for put in self.puts if put.server == server]
        return [put for put in own if any(put.target[: len(target)] == target for target in targets)]

    def grow(self, put: Put, more: list[Any], spots: tuple[Spot, ...], how: str = "") -> None:
        """Add to a list that is written already."""
        grown = self.revise(put, [*put.value, *more], spots)
        self.note(spots, Note(CHANGED if how else CARRIED, how, grown))

    def revise(self, put: Put, value: Any, spots: tuple[Spot, ...] = (), how: str = "") -> Put:
        """Write another value in the place of one, and say so where that is noted."""
        revised = replace(put, value=value, spots=(*put.spots, *spots), how=how or put.how)
        self.puts[self.puts.index(put)] = revised
        for known in (self.notes, self.unsaid):
            for spot, old in list(known.items()):
                if old.put is put:
                    said = {"kind": CHANGED, "text": how} if how else {}
                    known[spot] = replace(old, put=revised, **said)
        return revised

    def note(self, spots: tuple[Spot, ...] | list[Spot], note: Note) -> None:
        """What became of leaves; what was noted first stays, but a value that is written counts more than one that
        is not needed, and what is lost of a leaf with several meanings is said with the rest of it.

        A path that the input does not have is unsaid.
        """
        for spot in spots:
            known = self.notes if self.exists(spot) else self.unsaid
            first = known.setdefault(spot, note)
            if first.kind == SETTLED and (note.put or note.part):
                known[spot] = note
            elif first.part and note.part and first.text != note.text:
                known[spot] = replace(first, text="; ".join(dict.fromkeys((first.text, f"{note.part}: {note.text}"))))
            else:
                kept, lost = (first, note) if first.put else (note, first)
                if kept.put and lost.kind == MISSING and lost.part and lost.text not in kept.text:
                    text = "; ".join(filter(None, (kept.text, f"without {lost.part}: {lost.text}")))
                    known[spot] = replace(kept, kind=CHANGED, text=text)

    def exists(self, spot: Spot) -> bool:
        """Whether the input itself has a leaf."""
        return spot in self.every

    @cached_property
    def every(self) -> dict[Spot, Any]:
        """All leaves of the input, with their values."""
        own = [one for one in self.sources if one.of is None]
        return {(one.number, path): value for one in own for path, value in leaves(one.data)}

    def selected(self, selector: Any) -> Workload | None:
        """The imported workload whose pods a selector selects."""
        if not isinstance(selector, dict) or not selector:
            return None
        return next((one for one in self.workloads if selector.items() <= one.labels.items()), None)

    def behind(self, service: str, namespace: str = "", near: Source | None = None) -> Workload | None:
        """The imported workload behind a Service of the input, in a namespace where both are known.

        Of Services with one name, that is meant which is made of the same values as the object that names it.
        """
        same = [one for one in self.sources if near and near.of and (one.of, one.block) == (near.of, near.block)]
        # Of an umbrella chart, whose release is not known, a Service is called RELEASE-NAME.
        below = [one for one in self.sources if one.block and one.block[-1] not in VALUES]
        ends = [one for one in below if service.endswith(f"-{at(one.data, ('metadata', 'name'))}")]
        for source in (*same, *self.sources, *ends):
            data = source.data
            if data.get("kind") == "Service" and (at(data, ("metadata", "name")) == service or source in ends):
                if namespace and at(data, ("metadata", "namespace")) not in (None, namespace):
                    continue
                return self.selected(at(data, ("spec", "selector")))
        return None

    def server_at(self, host: str) -> str:
        """The server of the input that a host leads to: by its own name, a Service's, or that of a compose file."""
        name, _, rest = host.partition(".")
        namespace = rest.partition(".")[0]
        if not name:
            return ""
        if name in self.called:
            return self.called[name]
        # Helm names the Service of a subchart RELEASE-KEY, and the input does not have the release.
        below = [server for key, server in self.subcharts.items() if name == key or name.endswith(f"-{key}")]
        if len(below) == 1:
            return below[0]
        if self.router and self.servers and name.endswith(self.router):
            return self.servers[0]
        if rest and not any(one.name == name for one in self.workloads):
            pass  # a Service elsewhere can have the name of a server of this release
        elif name in self.servers:
            return name
        if not rest and slug(name) in self.servers:
            return slug(name)
        for source in self.sources:
            for service, one in (source.data.get("services") or {}).items() if is_compose(source.data) else ():
                called = [one.get(key) for key in ("container_name", "hostname")] if isinstance(one, dict) else []
                if not rest and name in called and slug(str(service)) in self.servers:
                    return slug(str(service))
        found = self.behind(name, namespace)
        return found.server if found else ""

    def advise(self, text: str, name: str = "", downloads: str | None = None) -> None:
        """Say what to do before the install, once."""
        advice = Advice(text, name, downloads)
        if advice not in self.advice:
            self.advice.append(advice)

    def unadvise(self, text: str) -> None:
        """Do not say something after all."""
        self.advice = [one for one in self.advice if one.text != text]

    def warn(self, text: str, ahead: bool = False) -> None:
        """Say before all else what of the input the values do not do; `ahead` of what else is said so."""
        if Advice(text) not in self.advice:
            self.advice.insert(0 if ahead else sum(one.first for one in self.advice), Advice(text, first=True))

    def engine(self, server: str) -> str:
        """The engine of a server."""
        return next((put.value for put in self.puts_of(server, ("engine",))), "ollama")

    def complete(self) -> None:
        """A server whose model could not be written gets a name that no hub has: it never serves another model."""
        for server in self.servers:
            engine = self.engine(server)
            named = self.puts_of(server, ("model", "name"), ("model", "tag"), ("models",))
            gone = (SERVERS, self.name(server), "enabled")
            if named or any(put.target == gone for put in self.puts):
                pass
            elif engine == "ollama" and server not in self.lost:
                self.warn(f"the input names no model{self.of(server)}; set model.name and model.tag, or {DEFAULT}")
            else:
                self.put(Put(("model", "name"), NO_MODEL, server, ()), Note(SETTLED, ""))
                if engine == "custom" and not self.puts_of(server, ("model", "source")):
                    self.put(Put(("model", "source"), "huggingface", server, ()), Note(SETTLED, ""))
                text = (
                    f"the values have no model of the input{self.of(server)}; set model.name, which is {NO_MODEL} now"
                )
                self.warn(f"{text}, a model that does not exist")
            if engine == "llamacpp" and not self.puts_of(server, ("llamacpp", "file")):
                self.put(Put(("llamacpp", "file"), NO_FILE, server, ()), Note(SETTLED, ""))
                self.warn(f"set llamacpp.file{self.of(server)} to the model's GGUF file; it is {NO_FILE} now")

    def of(self, server: str) -> str:
        """Which server is meant, where there are several."""
        return f" of the server {server}" if len(self.servers) > 1 else ""

    def todo(self) -> list[str]:
        """What to do before the install."""
        names = {text for _, text in leaves(self.data()) if isinstance(text, str)}
        none = {put.server for put in self.puts if put.target == ("model", "delivery") and put.value == "none"}
        wanted = [one for one in self.advice if (not one.name or one.name in names) and one.downloads not in none]
        return list(dict.fromkeys(one.text for one in wanted))

    def needed(self) -> list[str]:
        """The objects that must exist, of those that the values name."""
        texts = " ".join(str(text) for _, text in leaves(self.data()))
        return sorted(need for need in self.needs if need.rpartition("/")[2] in texts)

    def withdraw(self, put: Put, note: Note) -> None:
        """Do not write a value after all, and say so at its spots."""
        self.puts = [other for other in self.puts if other is not put]
        for known in (self.notes, self.unsaid):
            for spot in [spot for spot, old in known.items() if old.put is put]:
                known[spot] = note

    def place(self, put: Put) -> Key:
        """Where a value is written in the end."""
        name = self.name(put.server)
        target = tuple(name if step == SERVER else step for step in put.target)
        own = put.server and target[0] in self.server_keys and len(self.servers) > 1
        return (SERVERS, name, *target) if own else target

    def name(self, server: str) -> str:
        """The name of a server in the values: the release's only one has the default name."""
        return server if len(self.servers) > 1 and server else ONE

    def data(self) -> dict[str, Any]:
        """The values that are written."""
        found: dict[str, Any] = {}
        for put in sorted(self.puts, key=lambda put: len(put.target)):
            into = found
            *above, last = self.place(put)
            for step in above:
                inner = into.get(step)
                into[step] = dict(inner) if isinstance(inner, dict) else {}
                into = into[step]
            into[last] = put.value
        if len(self.servers) > 1:  # one that is as llm-stack has it by default is a server, too
            for server in self.servers:
                found.setdefault(SERVERS, {}).setdefault(server, {})
        return found

    def at(self, problem: Problem) -> list[Put]:
        """The values that a problem is about: at its key or below it, in the object that it names, or nearest above."""
        key = problem.key
        for name in self.servers:
            scope = "" if len(self.servers) == 1 else f"servers.{name}."
            key = re.sub(rf"servers\.{re.escape(self.name(name))}: ", scope, key)
        exact = [put for put in self.puts if _within(key, dotted(self.place(put)))]
        if exact:
            return sorted(exact, key=lambda put: -len(self.place(put)))[:1]
        below = [put for put in self.puts if key and _within(dotted(self.place(put)), key)]
        named = [
            put for put in self.puts if key and _within(dotted(split(tuple(key.split(".")))[1]), dotted(put.target))
        ]
        return below or named[:1] or self._in_object(f"{problem.path}: {key}") or self._above(key)

    def _in_object(self, place: str) -> list[Put]:
        """The values that a field of a rendered object is made of: those of the object's component, named alike."""
        found = re.search(r"[A-Z]\w+/llm-(\S+): (.*)", place)
        if not found:
            return []
        words = set(re.findall(r"\w+", found[2]))
        own = [put for put in self.puts if put.target[-1] in words or put.target[0] in words]
        names = {found[1], re.sub(r"-(\w)", lambda match: match[1].upper(), found[1])}
        return [put for put in own if {self.name(put.server), put.target[0]} & names][:1]

    def _above(self, key: str) -> list[Put]:
        """What switches on the nearest block above a key, else what is in that block."""
        path = key.split(".")
        for end in range(len(path) - 1, 0, -1):
            block = [put for put in self.puts if _within(dotted(self.place(put)), ".".join(path[:end]))]
            if block:
                return [put for put in block if put.target[-1] == "enabled"] or block
        return []


def slug(text: str, longest: int = LONGEST) -> str:
    """A text as the name of a server or an object: lowercase letters, digits and dashes."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if name[:1].isalpha() else f"m-{name}" if name else "server"
    return name[:longest].strip("-")


def _within(key: str, other: str) -> bool:
    """Whether a dotted key is another one, or below it."""
    return key == other or key.startswith((f"{other}.", f"{other}["))
