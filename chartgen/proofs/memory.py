"""What was proved before and need not be proved again, on disk, by everything that it depends on.

Only what has no problem is remembered. Where a problem is found, everything is proved again, so that a report with
problems is the same with and without this memory. A key is a hash of contents: of chartgen's own files, of the programs
and schemas, and of what is proved. There is nothing to invalidate: what depends on other contents has another key.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import paths
from ..files import below, data, write
from ..programs.helm import Document, Rendered
from ..programs.tools import Tool
from ..sources.stack import BESIDE, TREES, Stack
from . import together
from .checks import MISPRINT, owned, policies
from .parsed import Texts
from .run import Run
from .runs import fine

LIBRARIES = ("jsonschema", "PyYAML", "referencing", "rpds-py", "kubernetes-validate")
WRITTEN = ("fragments", "stacks", "skeletons")  # folders of chartgen that hold what is proved, not what proves
ZONES = tuple(map(Path, ("/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo")))
KEPT = 32  # files of each kind
AGE = 30 * 86400.0  # seconds until one that is not used goes
RUNS = 4000  # renders of a chart
OBJECTS = 20000  # objects of all charts
Ran = frozenset[tuple[str, str]]  # template and its hash, or what of a file an error names and the file's hash
Documents = list[str] | None  # hashes of the documents of a render; None where it was refused as it should be
Kept = tuple[Ran, str, Documents]  # with a hash of what Helm printed
Read = Callable[[str], list[Document]]
Chart = tuple[str, dict[str, str]]  # a hash of the frame of a chart, and the hashes of templates and files


def digest(*parts: object) -> str:
    """A hash of texts and of what has a text, in their order."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogateescape")
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.hexdigest()


def tree(top: Path) -> str:
    """A hash of every file below a folder: its path there and its bytes; links to folders are not followed.

    Faults where one of them cannot be read, or is too large to be.
    """
    found: list[object] = []
    for path in sorted(below(top)):
        file = top / path
        found += [path, data(file) if file.is_file() else os.readlink(file) if file.is_symlink() else ""]
    return digest(*found)


def linked(top: Path) -> bool:
    """Whether a folder holds a link to a folder, which Helm follows: `tree` does not know all that it reads."""
    return any((top / path).is_dir() for path in below(top))


def modules() -> str:
    """A hash of chartgen's own files: without what it proves, and without the bytecode that Python makes of them."""
    found = [path for path in sorted(below(paths.HERE)) if path.partition("/")[0] not in WRITTEN]
    parts = [(path, (paths.HERE / path).read_bytes()) for path in found if "__pycache__/" not in path]
    zones = together.ZONES.read_bytes()  # a file of a fragment, which proofs read
    return digest(zones, *(each for part in parts for each in part))


def zones() -> str:
    """The time zones of this machine, where Go looks for them: templates can print a time in a zone."""
    own = os.environ.get("ZONEINFO", "")
    stat = os.stat(own) if own and os.path.exists(own) else None
    return digest(
        own, stat and (stat.st_size, stat.st_mtime_ns), *(states(place) for place in (*ZONES, Path(own or "/none")))
    )


def states(top: Path) -> str:
    """What changes if a file below a folder is replaced: reading all schemas would take longer than to render."""
    found = [(path, os.lstat(top / path)) for path in sorted(below(top))]
    return digest(*(f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in found))


def world(programs: Iterable[Tool], locations: Sequence[str]) -> str:
    """A hash of all that every proof depends on: chartgen itself, its libraries and programs, and the schemas.

    Empty where that cannot be known, because a program runs another. Fragments and stacks are not a part of it: what is
    proved of them is known by their own contents, and the chart's. Folders of schemas below `home()` are named by a
    hash of what they are made from.
    """
    from ..programs import tools

    tested = [tools.identity(tool) for tool in programs]
    if not all(tested):
        return ""
    libraries = [metadata.version(name) for name in LIBRARIES]
    made = [Path(place.partition("/{{")[0]) for place in locations]
    places = [
        f"{place.name} {states(place)}" if place.absolute().is_relative_to(paths.home()) else place for place in made
    ]
    return digest(modules(), zones(), tree(paths.schemas()), platform.python_version(), *libraries, *places, *tested)


def touched(places: Iterable[Path], since: int) -> bool:
    """Whether one of these files and folders, or something in a folder, was written, replaced or removed since a time.

    The time is in nanoseconds. What changed while it was read may have been read as it was before, or after, or both.
    """
    changed = (
        os.stat(path, follow_symlinks=follow).st_ctime_ns for path in _within(places) for follow in (True, False)
    )
    try:
        return any(time > since for time in changed)
    except (OSError, ValueError):  # it is gone, or a link that leads nowhere
        return True


def _within(places: Iterable[Path]) -> Iterable[str]:
    """The places, and every folder, file and link below them."""
    for place in places:
        yield str(place)
        for folder, folders, names in os.walk(place):
            yield from (os.path.join(folder, name) for name in (*folders, *names))


def stack(own: Stack | None) -> str:
    """A hash of a stack and its fragments. The file counts, too: a folder may have several."""
    if own is None:
        return ""
    return digest(own.file, *(f"{place}={_content(place)}" for place in written(own)))


def written(own: Stack) -> list[Path]:
    """The files and folders of a stack and its fragments. Whatever else is beside the stack file can be large."""
    beside = [own.folder / name for name in (Path(own.file).name, *BESIDE, *TREES)]
    return [*filter(os.path.lexists, beside), *(Path(fragment.folder) for fragment in own.fragments)]


def _content(place: Path) -> str:
    return digest(data(place)) if place.is_file() else tree(place)


def recall(kind: str, key: str) -> Any:
    """What was kept under a key; None where there is nothing that can be read."""
    file = _file(kind, key)
    try:
        head, _, kept = file.read_bytes().partition(b"\n")
        if head != _head(key, kept):  # of another key, or damaged
            return None
        os.utime(file)
        return json.loads(kept)
    except (OSError, ValueError):
        return None


def keep(kind: str, key: str, what: Any) -> None:
    """Keep something under a key. A folder that cannot be written costs time, nothing else."""
    file, kept = _file(kind, key), json.dumps(what).encode()
    with suppress(OSError):
        write(file, _head(key, kept) + b"\n" + kept)
        _tidy(file.parent, kind)


def folder() -> Path:
    """Where it is kept."""
    return paths.home() / "proved"


def _file(kind: str, key: str) -> Path:
    return folder() / f"{kind}-{key[:32]}.json"


def _head(key: str, kept: bytes) -> bytes:
    """The first line of a file: what it is about, and a hash of the rest."""
    return f"{key} {digest(kept)}".encode()


def _tidy(place: Path, kind: str) -> None:
    files = sorted(place.glob(f"{kind}-*.json"), key=lambda file: -file.stat().st_mtime)
    for number, file in enumerate(files):
        if number >= KEPT or time.time() - file.stat().st_mtime > AGE:
            file.unlink(missing_ok=True)


@dataclass
class Proved:
    """The renders of a chart that were proved before.

    `runs` are their keys -> the templates that ran, with their hashes, and hashes of what was printed and of the
    documents in it. A render holds for as long as those templates are the same. If they are not, and it prints the same
    again, what was proved of it holds, too. `known` are the documents of the runs that need not be proved, by the
    identity of the run; `again` are those of them that were rendered again. `objects` are hashes of documents that were
    fine by themselves, in any chart.
    """

    world: str = ""
    chart: Chart | None = None
    runs: dict[str, Kept] = field(default_factory=dict)
    known: dict[int, Documents] = field(default_factory=dict)
    again: list[tuple[Run, Rendered]] = field(default_factory=list)
    given: dict[int, str] = field(default_factory=dict)
    objects: dict[str, None] = field(default_factory=dict)
    texts: Texts | None = None
    used: bool = False  # whether one of them was

    @classmethod
    def recalled(cls, world: str, chart: Chart | None) -> Proved:
        """What is kept for these programs, schemas and frame of a chart; nothing where the chart is not known."""
        if chart is None:
            return cls()
        kept = recall("renders", digest(world, chart[0])) or {"files": [], "sets": [], "runs": {}}
        files = [(name, file) for name, file in kept["files"]]
        sets = [frozenset(files[number] for number in each) for each in kept["sets"]]
        runs = {key: (sets[ran], *rest) for key, (ran, *rest) in kept["runs"].items()}
        objects = dict.fromkeys(recall("objects", world) or ())
        return cls(world, chart, runs, objects=objects, texts=Texts(folder() / "documents.sqlite", world))

    def left(self, wanted: list[Run], apis: tuple[str, ...]) -> list[Run]:
        """Those that have to be rendered: all of an example, since its releases are compared with each other."""
        self.given = {id(run): _key(run, apis) for run in wanted} if self.chart else {}
        if not self.runs:
            return wanted
        now = frozenset(self.chart[1].items()) if self.chart else frozenset()
        holds = {ran: self._holds(ran - now) for ran, *_ in self.runs.values()}
        found = {id(run): self.runs.get(self.given[id(run)]) for run in wanted}
        fresh = {run.example.name for run in wanted if not (kept := found[id(run)]) or not holds[kept[0]]}
        self.known = {id(run): kept[2] for run in wanted if run.example.name not in fresh and (kept := found[id(run)])}
        return [run for run in wanted if id(run) not in self.known]

    def alike(self, run: Run, rendered: Rendered) -> bool:
        """Whether a run that was rendered again is what was proved of it before."""
        kept = self.runs.get(self.given.get(id(run), ""))
        return kept is not None and kept[1] == _printed(rendered) and fine(run, rendered)

    def accepted(self, run: Run) -> bool:
        """Whether the schema accepted the values of a run: templates ran, and the schema is a part of the frame."""
        kept = self.runs.get(self.given.get(id(run), ""))
        return kept is not None and bool(kept[0])

    def changed(self, results: list[tuple[Run, Rendered]]) -> list[tuple[Run, Rendered]]:
        """Those that have to be proved: all of an example, unless each run of it is alike."""
        fresh = {run.example.name for run, rendered in results if not self.alike(run, rendered)}
        self.again = [each for each in results if each[0].example.name not in fresh]
        self.known |= {id(run): self.runs[self.given[id(run)]][2] for run, _ in self.again}
        return [each for each in results if each[0].example.name in fresh]

    def read_before(self, texts: set[str]) -> dict[str, Any]:
        """The data of documents that were read before, by their texts."""
        return self.texts.recalled(texts) if self.texts else {}

    def fine(self, run: Run, document: Document) -> bool:
        """Whether a document was proved before by itself, for this Kubernetes and by these rules."""
        found = bool(self.objects) and self._object(run, document) in self.objects
        self.used = self.used or found
        return found

    def _object(self, run: Run, document: Document) -> str:
        """A document by all that decides whether it is fine by itself; empty where that is more than is known here."""
        if MISPRINT.search(document.text):  # values decide
            return ""
        rules = ("own",) if owned(run, document) else policies(run)
        return digest(document.text, run.version, *rules)[:24]

    def keep(self, results: Iterable[tuple[Run, Rendered]], read: Read, faulty: set[str]) -> None:
        """Keep runs that are fine, unless one of their documents is `faulty`; `read` makes documents of a text."""
        made: dict[str, list[Document]] = {"": []}
        kept: dict[str, Kept] = {}
        objects: dict[str, None] = {}
        if self.chart is None:
            return
        for run, rendered in self.again:
            if rendered.ran is not None:
                key = self.given[id(run)]
                kept[key] = (self._ran(rendered.ran), *self.runs[key][1:])
        for run, rendered in results:
            found = made.setdefault(rendered.text, read(rendered.text) if rendered.text not in made else [])
            if rendered.ran is None or any(document.text in faulty for document in found):
                continue
            documents = None if run.refusal else [hashed(document) for document in found]
            objects.update((self._object(run, document), None) for document in (() if run.refusal else found))
            kept[self.given[id(run)]] = (self._ran(rendered.ran), _printed(rendered), documents)
        if self.texts:
            read_well = {each.text: each.data for found in made.values() for each in found if not each.problems}
            self.texts.keep(read_well)
        if kept:
            # The newest are the last.
            self.runs = {key: each for key, each in self.runs.items() if key not in kept} | kept
            keep("renders", digest(self.world, self.chart[0]), self._as_json())
        objects.pop("", None)
        if objects.keys() - self.objects.keys():
            self.objects = {key: None for key in self.objects if key not in objects} | objects
            keep("objects", self.world, list(self.objects)[-OBJECTS:])

    def _as_json(self) -> dict[str, Any]:
        """The newest of the runs; files and sets of them, which are alike in many runs, by their numbers."""
        runs = dict(list(self.runs.items())[-RUNS:])
        sets = {ran: number for number, ran in enumerate(dict.fromkeys(ran for ran, *_ in runs.values()))}
        files = {file: number for number, file in enumerate(sorted({file for ran in sets for file in ran}))}
        return {
            "files": list(files),
            "sets": [sorted(files[file] for file in ran) for ran in sets],
            "runs": {key: [sets[ran], *rest] for key, (ran, *rest) in runs.items()},
        }

    def _ran(self, names: Sequence[str]) -> Ran:
        assert self.chart is not None
        files = self.chart[1]
        return frozenset(zip(names, (files.get(name, "") for name in names), strict=True))

    def _holds(self, ran: Ran) -> bool:
        assert self.chart is not None
        return all(file == self.chart[1].get(name, "") for name, file in ran)


def _key(run: Run, apis: tuple[str, ...]) -> str:
    """A render by all that it is given, apart from the chart."""
    header = run.example.header
    said = (header.bounds, header.security, sorted(header.needs))
    facts = (run.example.name, said, run.version, run.release, run.refusal, run.shipped, apis)
    return digest(*facts, *(file.read_bytes() for file in run.example.files))


def _printed(rendered: Rendered) -> str:
    return digest(rendered.text, rendered.error)[:32]


def hashed(document: Document) -> str:
    """A document by its text, and the template that made it if it is an object."""
    return digest(document.text)[:16] + (f" {document.source}" if document.data is not None else "")


def source(hash: str) -> str:
    """The template that made an object, by the hash of the document; empty where it is no object."""
    return hash.partition(" ")[2]
