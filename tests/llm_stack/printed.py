"""The commands that a release prints: what they name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

COMMAND = re.compile(r"(?:^|(?<=[\s`]))(?:kubectl -n|helm test) [^`\n]+", re.M)
READS = ("create", "get", "logs", "port-forward", "rollout", "wait")  # KIND/NAME, or a selector
CHANGES = ("delete", "annotate")  # KIND NAME


def commands(text: str) -> list[str]:
    """The commands of kubectl, and those of Helm that name a release."""
    return [each.strip() for each in COMMAND.findall(text)]


def foreign(text: str, objects: Iterable[dict[str, Any]], release: str, namespace: str) -> list[str]:
    """What commands in a text name, or select, that is not one of these objects of the release."""
    known, selectors = set(), {f"app.kubernetes.io/instance={release}"}
    for each in objects:
        name = each["metadata"]["name"]
        known.add(f"{each['kind'].lower()}/{name}")
        if each["kind"] == "LeaderWorkerSet":
            known.add(f"pod/{name}-0")
            selectors.add(f"leaderworkerset.sigs.k8s.io/name={name}")
    return [
        f"{command}: {fault}"
        for command in commands(text)
        for fault in _faults(command, known, selectors, release, namespace)
    ]


def _faults(command: str, known: set[str], own: set[str], release: str, namespace: str) -> Iterator[str]:
    program, *words = shlex.split(command)
    if program == "helm":
        if words[1] != release or f"-n {namespace} " not in f"{command} ":
            yield "another release"
        return
    if words[:2] != ["-n", namespace]:
        yield "another namespace"
    verb, *rest = words[2:]
    selectors = [word for last, word in pairwise(rest) if last == "-l"]
    if any(own.isdisjoint(each.split(",")) for each in selectors):
        yield "selects objects of others"
    found = [word.removeprefix("--from=") for word in rest if "/" in word and word not in selectors]
    if verb in CHANGES:
        found = [f"{rest[0]}/{rest[1]}"]
    elif verb not in READS:
        yield f"{verb} is not a verb that this test knows"
    if not found and not selectors:
        yield "names all objects of a kind"
    yield from (f"{each} is not of this release" for each in found if each not in known)
    if verb == "create":
        owner = found[0].partition("/")[2]
        if not rest[2].startswith(f"{owner}-"):  # create job --from=cronjob/NAME NAME-…
            yield f"{rest[2]} can be the name of a Job of another release"
