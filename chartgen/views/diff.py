"""What an upgrade does: two sides compared, object by object, with what each change means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..problem import Say
from ..proofs.manifests import Object
from . import behind, clients, meaning, policies, pruning, sides
from .changes import Change
from .meaning import SEVERITIES, Meaning

RESET = "The new side sets no values: helm upgrade keeps those of the release, unless you run it with --reset-values."


@dataclass(frozen=True)
class Difference:
    """One object that differs; `did` is added, removed or changed. `meanings` begin with the gravest."""

    kind: str
    namespace: str
    name: str
    did: str
    meanings: tuple[Meaning, ...]
    changes: tuple[Change, ...] = ()

    @property
    def severity(self) -> str:
        return max((each.severity for each in self.meanings), key=SEVERITIES.index)

    @property
    def title(self) -> str:
        return f"{self.kind}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        """The difference for `--json`."""
        return {
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "change": self.did,
            "severity": self.severity,
            "meanings": [vars(each) for each in self.meanings],
            "paths": [change.where for change in self.changes],
        }


@dataclass(frozen=True)
class Comparison:
    """Two sides: `objects` is how many the new one has. `note` is what the command of the upgrade needs, or empty."""

    old: str
    new: str
    objects: int
    differences: tuple[Difference, ...]
    note: str = ""

    @property
    def severity(self) -> str:
        """The gravest of all, "" where nothing differs."""
        return max((each.severity for each in self.differences), key=SEVERITIES.index, default="")

    def at_least(self, severity: str) -> bool:
        """Whether something is as grave as this, or graver."""
        return bool(self.severity) and SEVERITIES.index(self.severity) >= SEVERITIES.index(severity)

    def as_json(self) -> dict[str, Any]:
        """The comparison for `--json`."""
        return {
            "old": self.old,
            "new": self.new,
            "objects": self.objects,
            "severity": self.severity,
            "note": self.note,
            "differences": [each.as_json() for each in self.differences],
        }


def diff(old: str, new: str, context: sides.Context, say: Say) -> Comparison:
    """Compare two sides (see sides.read); Faults and ToolError as there."""
    return between(sides.read(old, context, say), sides.read(new, context, say))


def between(one: sides.Side, two: sides.Side) -> Comparison:
    """Compare two sides that were read."""
    before = {_key(each): each for each in one.render.objects}
    after = {_key(each): each for each in two.render.objects}
    # What only the old side makes at random, the new one sets. The other way round, the chart keeps what is there.
    random, renders = two.random, (one.render, two.render)
    networks: dict[tuple[str, str, str, str], list[Meaning]] = {}
    for blamed, closes, said in [*policies.changed(*renders), *clients.changed(*renders)]:
        severity = meaning.OUTAGE if closes else meaning.CHANGE
        networks.setdefault(_key(blamed), []).append(Meaning(severity, said))
    for blamed, severity, said in (*behind.changed(*renders), *pruning.changed(*renders)):
        networks.setdefault(_key(blamed), []).append(Meaning(severity, said))
    found = []
    # Helm keeps hooks apart: an object that becomes one is deleted, and made by the hook.
    same = {key for key in before.keys() & after.keys() if sides.is_hook(before[key]) == sides.is_hook(after[key])}
    for key, each in after.items():
        also = networks.get(key, [])
        if key not in same:
            found.append(_difference(each, "added", [*meaning.of_added(each, renders), *also]))
            continue
        changes = meaning.steady(before[key], each, random)
        if changes or also:
            # What the rules of a NetworkPolicy come to says more than the rules.
            others = [
                change for change in changes if not (also and each.kind == policies.POLICY and change.path[0] == "spec")
            ]
            meanings = meaning.of_changed(before[key], each, others, renders)
            found.append(_difference(each, "changed", [*also, *meanings], changes))
    for key, each in before.items():
        if key not in same:
            also = networks.get(key, []) if key not in after else []
            found.append(_difference(each, "removed", [*meaning.of_removed(each, renders), *also]))
    found.sort(key=lambda each: (-SEVERITIES.index(each.severity), each.kind, each.name))
    note = RESET if found and two.unset and not one.unset else ""
    return Comparison(one.shown, two.shown, len(after), tuple(found), note)


def _difference(each: Object, did: str, meanings: list[Meaning], changes: list[Change] | None = None) -> Difference:
    ordered = sorted(meanings, key=lambda said: -SEVERITIES.index(said.severity))
    return Difference(each.kind, each.namespace, each.name, did, tuple(ordered), tuple(changes or ()))


def _key(each: Object) -> tuple[str, str, str, str]:
    group = str(each.data.get("apiVersion", "")).rpartition("/")[0]
    return group, each.kind, each.namespace, each.name


def lines(found: Comparison) -> list[str]:
    """The comparison for people: the gravest first, then how many there are of each."""
    count = len(found.differences)
    said = [f"{found.old} → {found.new}: {count} {'object differs' if count == 1 else 'objects differ'}", ""]
    places: dict[str, set[str]] = {}
    for each in found.differences:
        places.setdefault(each.title, set()).add(each.namespace)
    for each in found.differences:
        where = f" in {each.namespace}" if len(places[each.title]) > 1 else ""
        said.append(f"{each.title}{where} ({each.did})")
        said += [f"  {part.severity:<8} {part}" for part in each.meanings]
    if not found.differences:
        return [f"{found.old} → {found.new}: nothing differs"]
    counts = [(name, sum(each.severity == name for each in found.differences)) for name in reversed(SEVERITIES)]
    said += ["", ", ".join(f"{count} {name}" for name, count in counts if count)]
    return [*said, *(["", found.note] if found.note else [])]
