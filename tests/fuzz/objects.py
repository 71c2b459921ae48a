"""Good objects with one place changed at random: what the API server refuses, and validation has nothing against."""

from __future__ import annotations

import copy
import json
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from chartgen.chart.valuesfile import Example
from chartgen.kubernetes import definitions, prepare
from chartgen.programs import kubeconform, tools
from chartgen.programs.helm import Document, documents
from chartgen.programs.prover import Prover
from chartgen.proofs import checks, wiring
from chartgen.proofs.manifests import render_of, title
from chartgen.proofs.run import Run
from tests.objects import GOOD, NEEDS, everywhere, inside, put

from .values import Maker

ODD: tuple[Any, ...] = (
    *(
        "",
        "a",
        "A",
        "a b",
        "a_b",
        "a.b",
        "a/b",
        "/a",
        "../a",
        "a:b",
        "-a",
        "a-",
        "x" * 64,
        "x" * 254,
        "1",
        "ä",
        "a,b",
        "*",
    ),
    *("a,b", "*", "10%", "101%", "1Gi", "-1", "1.5", "0", "127.0.0.1", "::1", "10.0.0.0/8", "http://a", "12:00"),
    *(-1, 0, 1, 2, 100, 101, 65535, 65536, 2**31, 2**40, True, False, [], {}),
)
FIXED = ("apiVersion", "kind", "metadata")
EMPTY = {"string": "", "integer": 0, "boolean": False, "array": [], "object": {}}
BATCH = 200


@dataclass(frozen=True)
class Change:
    """An object with one place changed: `what` says where and to what."""

    what: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Missed:
    """A change that only the API server refuses, and its sentence."""

    change: Change
    said: str

    @property
    def signature(self) -> str:
        """What is the same for each change of its kind: the sentence without quoted texts and numbers."""
        return re.sub(r'"[^"]*"|\d+|\[[^]]*\]|`[^`]*`', "_", self.said)


def changes(seed: int, count: int) -> Iterator[Change]:
    """Good objects with a place taken away, twice, of another value, or new by the object's schema."""
    dice = random.Random(seed)
    version = definitions.versions()[-1]
    schemas = {title(each): kubeconform.schema(prepare.schema_locations(), version, each.data) for each in GOOD}
    for _ in range(count):
        document = dice.choice(GOOD)
        data = copy.deepcopy(document.data)
        path = dice.choice(
            [each for each in everywhere(data) if each[0] not in ("apiVersion", "kind", "metadata")] or [()]
        )
        if not path:
            continue
        place = inside(data, path[:-1])
        last, how = path[-1], dice.random()
        shown = ".".join(map(str, path))
        schema = schemas[title(document)]
        maker = Maker(schema or {}, dice)
        known = _inner(maker, path)
        if how < 0.1:
            del place[last]
            yield Change(f"{title(document)}: {shown} removed", data)
        elif how < 0.2 and isinstance(place, list):
            place.append(copy.deepcopy(place[last]))
            yield Change(f"{title(document)}: {shown} twice", data)
        elif how < 0.7 and isinstance(place[last], dict) and known.get("properties"):
            key = dice.choice(list(known["properties"]))
            wanted = maker.resolved(known["properties"][key])
            place[last][key] = _made(maker, wanted) if dice.random() < 0.6 else _odd(dice, wanted)
            yield Change(f"{title(document)}: {shown}.{key} = {json.dumps(place[last][key])[:200]}", data)
        else:
            place[last] = _odd(dice, known)
            yield Change(f"{title(document)}: {shown} = {json.dumps(place[last])}", data)


def emptied() -> Iterator[Change]:
    """Good objects in which one field is empty: each that they have, and each that their schemas have."""
    version = definitions.versions()[-1]
    for document in GOOD:
        maker = Maker(kubeconform.schema(prepare.schema_locations(), version, document.data) or {}, random.Random(0))
        for path in [(), *everywhere(document.data)]:
            here = document.data
            for step in path:
                here = here[step]
            for key, schema in _inner(maker, path).get("properties", {}).items() if isinstance(here, dict) else ():
                types = maker.resolved(schema).get("type", ())
                for kind in {types} if isinstance(types, str) else types:
                    if kind in EMPTY and (*path, key) not in (("apiVersion",), ("kind",)):
                        yield _with(document, (*path, key), copy.deepcopy(EMPTY[kind]))


def _with(document: Document, path: tuple[Any, ...], value: Any) -> Change:
    shown = f"{title(document)}: {'.'.join(map(str, path))} = {json.dumps(value)}"
    return Change(shown, put(document.data, path, value))


def _made(maker: Maker, schema: dict[str, Any]) -> Any:
    """A value that the schema accepts; an odd one where it has a pattern that Go reads and Python does not."""
    try:
        return maker.value(schema)
    except re.error:
        return _odd(maker.chance, schema)


def _odd(dice: random.Random, schema: dict[str, Any]) -> Any:
    """An odd value, of the type of the schema where it names one."""
    types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    wanted = schema.get("type")
    kinds = [types[each] for each in (wanted if isinstance(wanted, list) else [wanted]) if each in types]
    return copy.deepcopy(dice.choice([each for each in ODD if not kinds or type(each) in kinds]))


def _inner(maker: Maker, path: tuple[Any, ...]) -> dict[str, Any]:
    """The schema of a place; empty where there is none."""
    here = maker.resolved(maker.schema)
    for step in path:
        free = here.get("additionalProperties")
        inner = here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step, free)
        if not isinstance(inner, dict):
            return {}
        here = maker.resolved(inner)
    return here


class Server:
    """The API server of KUBECONFIG, through `kubectl proxy`."""

    def __init__(self, port: int, namespace: str) -> None:
        self.port, self.namespace = port, namespace
        self.names: dict[str, dict[str, str]] = {}

    def _ask(self, method: str, path: str, body: str = "") -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body or None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        return json.loads(said) if "json" in answer.headers.get("Content-Type", "") else {}

    def knows(self, data: dict[str, Any]) -> str:
        """The name of the kind of an object in paths; empty where it has no such kind."""
        version = data["apiVersion"]
        if version not in self.names:
            found = self._ask("GET", _group(version)).get("resources", ())
            self.names[version] = {each["kind"]: each["name"] for each in found if "/" not in each["name"]}
        return self.names[version].get(data["kind"], "")

    def refuses(self, data: dict[str, Any]) -> str:
        """Its sentence on the creation of an object; empty where it accepts it."""
        plural, group = self.knows(data), _group(data["apiVersion"])
        if not plural:
            return ""
        path = f"{group}/namespaces/{self.namespace}/{plural}?dryRun=All&fieldValidation=Strict"
        said = self._ask("POST", path, json.dumps(data))
        return str(said["message"]) if said.get("kind") == "Status" and said.get("status") == "Failure" else ""


def _group(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@contextmanager
def server(namespace: str) -> Iterator[Server]:
    """The API server of KUBECONFIG, as long as it is needed."""
    command = ["kubectl", "proxy", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            yield Server(int(said.rpartition(":")[2]), namespace)
        finally:
            process.terminate()


def accepted(made: list[Change], place: Path) -> list[Change]:
    """The changes that validation has nothing against."""
    version, binary = definitions.versions()[-1], tools.ensure(["kubeconform"], print)["kubeconform"].path
    tools.built("prover", print)
    entries = []
    for number, each in enumerate(made):
        [document] = documents(f"---\n# Source: little/{number}.yaml\n{json.dumps(each.data)}")
        entries.append((Run(Example(f"change {number}", str(number)), version), [document]))
    process = Prover(tools.find("prover").path, {"PATH": "/usr/bin:/bin", "HOME": str(place), "TMPDIR": str(place)})
    found = checks.objects(
        checks.Manifests(tuple(entries)), prepare.schema_locations(), binary, lambda text: None, process
    )
    wrong = {each.document.text for each in found if not each.advice}
    process.end()
    return [
        each
        for each, (_, [document]) in zip(made, entries, strict=True)
        if document.text not in wrong and not any(fault.document is document for fault in _wired(each, document))
    ]


def _wired(change: Change, document: Document) -> Iterator[Any]:
    others = [each for each in GOOD if title(each) != title(document)]
    return wiring.check(render_of([*others, document], NEEDS, own=True))


def disputed(made: list[Change], namespace: str, place: Path) -> tuple[list[Change], list[Missed]]:
    """The changes that only validation refuses, and those that only the API server refuses, one of each kind."""
    prepare.prepare(print)
    with server(namespace) as api, ThreadPoolExecutor(4) as pool:
        made = [each for each in made if api.knows(each.data)]
        fine = {id(each) for each in accepted(made, place)}
        said = list(pool.map(lambda each: api.refuses(each.data), made))
    ours = [each for each, refusal in zip(made, said, strict=True) if not refusal and id(each) not in fine]
    theirs = [Missed(each, refusal) for each, refusal in zip(made, said, strict=True) if refusal and id(each) in fine]
    return ours, list({each.signature: each for each in theirs}.values())


def missed(seed: int, count: int, namespace: str, place: Path, say: Callable[[str], None]) -> list[Missed]:
    """The changes that only the API server refuses, one of each kind: the one of the shortest description."""
    prepare.prepare(say)
    found: dict[str, Missed] = {}
    made = list(changes(seed, count))
    admitted = 0
    with server(namespace) as api, ThreadPoolExecutor(4) as pool:
        for start in range(0, len(made), BATCH):
            batch = accepted(made[start : start + BATCH], place)
            admitted += len(batch)
            for change, said in zip(batch, pool.map(lambda each: api.refuses(each.data), batch), strict=True):
                each = Missed(change, said)
                if said and len(change.what) < len(
                    found.get(each.signature, Missed(Change("x" * 999, {}), "")).change.what
                ):
                    found[each.signature] = each
            say(f"{start + BATCH} objects: {admitted} accepted, {len(found)} kinds missed")
    return list(found.values())
