"""People's files of other charts and plain manifests become a values file for llm-stack, and a report of every line.

read → recognise → carry → settle (write, validate) → report
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import conventions
from ..compose import building
from ..problem import Faults, Problem, Say, fault, nearest
from ..reading import yamlfile
from ..reading.keynames import Names
from ..reading.unprinted import opened
from . import carry, downloads, models, recognise, settle, source, typed, withheld
from .at import At
from .devices import label_of
from .draft import CARRIED, CHANGED, MISSING, NO_CHART, PERSISTENT, SETTLED, UNKNOWN, Draft, Note, Put, Spot
from .manifests import PODS
from .tables import charts
from .typed import text_at

FIRST_ACCOUNT = (0, 9, 6)  # the oldest Open WebUI that creates a first account without sign-up


@dataclass(frozen=True)
class Imported:
    """The text of the values file, and the draft that the report is made of."""

    text: str
    draft: Draft


def import_files(files: list[Path], chart: str, say: Say) -> Imported:
    """Import files; Faults where one cannot be read, or is nothing that chartgen knows."""
    if chart and chart not in charts():
        raise fault("--chart", f"'{chart}' is not a known chart", nearest(chart, list(charts()), "the charts"))
    sources = source.read(files)
    parts = [part for each in sources for part in recognise.parts(each, chart)]
    _refuse_unknown(sources, parts)
    parts = [_with_siblings(part, parts) for part in parts if not _filled(part, parts)]
    sources += [part.source for part in parts if part.source.of]
    composed = building.composed(conventions.STACK)
    schema = opened(json.loads(composed.chart.files["values.schema.json"]))
    draft = drafted(sources, parts, schema)
    _without_repetition(draft, composed)
    own = [part for part in parts if (not part.around or part.path) and part.source.of is None]
    titles = list(dict.fromkeys(part.table.title for part in own))
    origin = f"{', '.join(dict.fromkeys(each.path for each in sources))} ({', '.join(titles)})"
    return Imported(settle.settled(draft, origin, composed, say), draft)


def drafted(sources: list[source.Source], parts: list[recognise.Part], schema: dict[str, Any]) -> Draft:
    """What becomes of the parts of documents, before it is validated."""
    draft = Draft(Names(schema), conventions.entry_keys(schema), sources)
    beside: dict[str, list[str]] = {}
    for each, path in recognise.unclaimed(parts):
        block = source.at(each.data, path)
        if recognise.off(block):
            draft.note(draft.spots(each, path), Note(SETTLED, f"{yamlfile.dotted((*path, 'enabled'))} is false"))
            continue
        draft.note(draft.spots(each, path), Note(MISSING, NO_CHART))
        if recognise.runs(block) or (isinstance(block, dict) and block.get("enabled") is True):
            beside.setdefault(each.path, []).append(str(path[-1]))
    for place, names in beside.items():
        draft.warn(
            f"{', '.join(names)} of {place}: chartgen does not know this part of the chart, and the values have nothing"
            " for it; if the chart runs it, import the manifests that 'helm template' renders of it"
        )
    for part in sorted(parts, key=_turn):
        data = source.at(part.source.data, part.path)
        if part.without:
            data = {key: one for key, one in data.items() if key not in part.without}
        carry.chart(At(draft, part.source, part.table, part.path, part.path, data, {}, program=part.program))
    for part in parts:
        if part.around and part.path and not source.at(part.source.data, part.path) and _elsewhere(part.source.data):
            draft.warn(
                f"import the files with the values of {part.source.path} with it: the defaults are used in their place"
            )
    for part in parts:
        if found := recognise.strange(part):
            draft.warn(
                f"{', '.join(found)} of {part.source.path}: {part.table.title} has no such block, and the values have"
                f" nothing for it; if your chart runs it, import the manifests that 'helm template' renders of it"
            )
    for part in parts:
        for chart in part.instead:
            place = yamlfile.dotted((*part.path, chart, part.table.switches[chart]["key"]))
            text = f"{part.table.title} would run {chart} a second time, since {place} is not false"
            draft.advise(f"{text}; the values have only the one next to it")
    for each in sources:
        if said := ", ".join(each.defaults):  # without their texts, which may be passwords
            draft.advise(f"compare the variables {said} of {each.path} with yours: the values have their defaults")
    _finished(draft)
    carry.rest(draft)
    for part in parts:
        _unknown(draft, part)
    return draft


def _unknown(draft: Draft, part: recognise.Part) -> None:
    """Say first how much of a chart that somebody wrote for himself is not in the values."""
    said = f"{UNKNOWN} {part.table.title}"
    found = [
        path
        for (number, path), note in draft.notes.items()
        if number == part.source.number and path[: len(part.path)] == part.path and note.text.startswith(said)
    ]
    if part.table.name == recognise.OWN_SERVER and found:
        some = yamlfile.dotted(min(found, key=len))
        draft.warn(
            f"compare {part.source.path} with the values: chartgen does not know the chart, and {len(found)} of its"
            f" settings, such as {some}, are not in them"
        )


def _elsewhere(data: Any) -> bool:
    """Whether an Application or a HelmRelease names files with its values."""
    spec = source.spec_of(data)
    ways = [source.at(data, (*spec, "source")), *(typed.list_at(data, *spec, "sources"))]
    return bool(source.at(data, ("spec", "valuesFrom"))) or any(source.at(way, ("helm", "valueFiles")) for way in ways)


def _filled(part: recognise.Part, parts: list[recognise.Part]) -> bool:
    """Whether an object has no values of its own, and another file has them."""
    empty = bool(part.around and part.path) and not source.at(part.source.data, part.path)
    return empty and any(one.table is part.table and one.source is not part.source for one in parts)


def _with_siblings(part: recognise.Part, parts: list[recognise.Part]) -> recognise.Part:
    """A chart of an umbrella chart that would run another chart of it as its own, unless it is told not to: with values
    for that one beside it, it is the one that is meant.
    """
    beside = {one.table.name for one in parts if one.source is part.source and one.path[:-1] == part.path[:-1]}
    said = source.at(part.source.data, part.path)
    own = [key for key in part.table.switches if key in beside and isinstance(said, dict) and not said.get(key)]
    if not part.path or part.table.name in own or not own:
        return part
    off = {key: {part.table.switches[key]["key"]: False} for key in own}
    return replace(part, table=replace(part.table, defaults={**part.table.defaults, **off}), instead=tuple(own))


def _turn(part: recognise.Part) -> tuple[bool, ...]:
    """Servers come before what uses them, in whatever order the input has them, and what is around values last."""
    engine = bool(part.program and part.program.engine)
    around = not set(recognise.OBJECTS).isdisjoint(part.table.kinds)
    kinds = bool(part.table.kinds)
    return around, kinds, bool(part.table.ui) and not kinds, not part.table.server, not part.program, not engine


def _refuse_unknown(sources: list[source.Source], parts: list[recognise.Part]) -> None:
    known = {part.source.path for part in parts} if any(part.alone for part in parts) else set()
    titles = ", ".join(table.title for table in charts().values() if table.names or "app-template" in table.kinds)
    others = "for another chart, import the manifests that 'helm template' renders"
    remedy = f"chartgen knows {titles}, and manifests; name the chart with --chart if it is one of them; {others}"
    problems = [_refusal(each, remedy) for each in sources if each.path not in known]
    if problems:
        raise Faults(sorted(set(problems)))


def _placed(draft: Draft, server: str) -> None:
    """A model that lies in a folder needs a claim with that folder, if the input has no volume that is mounted."""
    own = {put.target: put.value for put in draft.puts if put.server == server}
    kept = ("modelCache", "existingClaim") in own or own.get(("modelCache", "type"), "emptyDir") != "emptyDir"
    if own.get(("model", "delivery")) != "none" or kept:
        return
    if downloads.taken_over(draft, server):
        return
    name, keep = draft.kept.get(server, (f"{server}-models", ""))
    folder = own.get(("model", "path"), "")
    if not keep and folder.startswith("."):  # of a claim that is new, and a path that llm-stack refuses
        folder = folder.lstrip("./")
        for put in draft.puts_of(server, ("model", "path")):
            draft.revise(put, folder, how="a folder of a claim that you create, without the dot")
    for put in [put for put in draft.puts if put.server == server and put.target[0] == "modelCache"]:
        text = f"is of the claim {name}, which {'stays' if keep else 'you create'}"
        draft.withdraw(put, Note(SETTLED, text))
    draft.put(Put(("modelCache", "existingClaim"), name, server, ()), Note(SETTLED, ""))
    draft.needs.add(f"PersistentVolumeClaim/{name}")
    if keep:
        draft.unadvise(f"{keep}, and set modelCache.existingClaim to {name}")
        draft.advise(keep, name)
        return
    draft.advise(
        f"create the claim {name}, and copy the model into its {f'folder {folder}' if folder else 'root'}", name
    )


def _refusal(each: source.Source, remedy: str) -> Problem:
    if recognise.own(each.data):
        own = f"use it as it is; 'chartgen validate -f {each.path}' says what its keys are called in llm-stack"
        return Problem(each.path, 0, "", "is a values file of llm-stack", own)
    if recognise.of_app_template(each.data):
        message = "has values of the chart app-template, whose containers run no program that chartgen knows"
        return Problem(each.path, 0, "", message, "import the files of model servers and of Open WebUI only")
    if source.is_compose(each.data):
        built = [
            str(name) for name, one in each.data["services"].items() if isinstance(one, dict) and "image" not in one
        ]
        said = f"; without an image: {', '.join(built)}" if built else ""
        message = f"is a compose file without a service whose image chartgen knows{said}"
        return Problem(each.path, 0, "", message, "write the image of the server under image, and import it again")
    if "apiVersion" in each.data:
        kind = text_at(each.data, "kind")
        read = "the Pod, Deployment or StatefulSet of a model server or of Open WebUI, and what belongs to it"
        message = f"is a Kubernetes object, {kind}, that chartgen does not import"
        if kind in recognise.OBJECTS:
            message = f"is a Kubernetes object, {kind}, of a chart that chartgen does not know"
            rendered = "import the manifests that 'helm template' renders of its chart, or those of its folder"
            return Problem(each.path, each.line(("kind",)), "", message, rendered)
        if kind in PODS:
            message = f"is a Kubernetes object, {kind}, whose containers run no program that chartgen knows"
        return Problem(each.path, each.line(("kind",)), "", message, f"import {read}, or write the values by hand")
    return Problem(each.path, 0, "", "is not recognised", remedy)


def _finished(draft: Draft) -> None:
    """What llm-stack deploys by default and the input does not have is switched off."""
    if "openWebui" not in draft.uis:
        _own(draft, ("openWebui", "enabled"), False)
    if "nextchat" in draft.uis:
        _own(draft, ("nextchat", "enabled"), True)
    for server in draft.servers:
        models.guessed(draft, server)
        models.repository_of_triton(draft, server)
        _placed(draft, server)
        _grouped(draft, server)
        _called(draft, server)
        _of_each_slot(draft, server)
        _split(draft, server)
        _typed(draft, server)
        _for_its_cards(draft, server)
        if not draft.puts_of(server, ("modelCache",)) and server not in draft.mounted:
            text = "the input has no volume for the models, and llm-stack creates a claim"
            draft.advise(f"{text}; set modelCache.type to emptyDir to have none", "", server)
    if "openWebui" in draft.uis:
        _accounts(draft)
    _without_hosts(draft)
    _generated(draft)
    withheld.withhold(draft)
    draft.complete()
    several = len(draft.servers) > 1 and conventions.ONE_SERVER.keys().isdisjoint(draft.servers)
    if several or not (draft.servers or draft.bundled):
        for name in conventions.ONE_SERVER:
            _own(draft, (conventions.SERVERS, name, "enabled"), False, draft.elsewhere if not draft.servers else [])


def _without_hosts(draft: Draft) -> None:
    """A route whose hosts could not be written is off: without them it would be for any host."""
    hosts = ("httpRoute", "hostnames")
    lost = any(note.kind == MISSING and note.part == ".".join(hosts) for note in draft.notes.values())
    for put in draft.puts_of("", ("httpRoute", "enabled")):
        if put.value is True and lost and not draft.puts_of("", hosts):
            text = "is off, since its hosts could not be written"
            draft.withdraw(put, Note(MISSING, f"{text}; set it to true, with httpRoute.hostnames"))
            draft.warn(f"httpRoute {text}; set httpRoute.hostnames, and httpRoute.enabled to true")


def _accounts(draft: Draft) -> None:
    """Who can sign up, and which settings count: Open WebUI itself lets everybody sign up, and reads its database."""
    version = next((str(put.value) for put in draft.puts_of("", ("images", "openWebui", "tag"))), "")
    parts = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    if not draft.puts_of("", ("openWebui", "signup"), ("openWebui", "auth")):
        if parts and tuple(map(int, parts.groups())) < FIRST_ACCOUNT:
            draft.put(Put(("openWebui", "signup"), True, "", ()), Note(SETTLED, ""))
            draft.advise(
                f"openWebui.signup is true: without it, Open WebUI {version} creates no first account; set it to false"
                " once there is one"
            )
        else:
            draft.advise("new users cannot sign up by themselves; set openWebui.signup to true to let them, as before")
    # What several variables share, a key among them, is set from the endpoints.
    keyless = [put for put in draft.puts_of("", ("openWebui", "endpoints")) if isinstance(put.value, dict)]
    keyless = [put for put in keyless if put.value.get("protocol") != "ollama" and not put.value.get("existingSecret")]
    if keyless and draft.puts_of("", ("openWebui", "envFrom")):
        draft.advise(
            "if openWebui.envFrom has the key of an endpoint, such as OPENAI_API_KEY, name its Secret under"
            f" {yamlfile.dotted(keyless[0].target)}.existingSecret, and the key of the Secret under key; it has"
            " none until then"
        )
    if not draft.puts_of("", ("openWebui", "persistentConfig")) and draft.puts_of("", ("openWebui", "persistence")):
        draft.advise(PERSISTENT)


def _generated(draft: Draft) -> None:
    """Secrets that Argo CD would have generated again at each render, which does not see the cluster."""
    if not any(text_at(one.data, "kind") in ("Application", "ApplicationSet") for one in draft.sources):
        return
    pipelines = [put.value for put in draft.puts_of("", ("pipelines", "enabled"))] == [True]
    for value, used in {"openWebui.secretKey": "openWebui" in draft.uis, "pipelines.apiKey": pipelines}.items():
        if used and not draft.puts_of("", tuple(value.split("."))):
            loss = "all users are signed out" if value == "openWebui.secretKey" else "Open WebUI lists no pipelines"
            draft.advise(
                f"set {value}.existingSecret to a Secret that you create: Argo CD does not see the one of the chart,"
                f" which would be another one after each sync, and {loss}"
            )


def _called(draft: Draft, server: str) -> None:
    """The name of a model for clients: that of a folder is the folder, until it has another name."""
    folder, engine = draft.folders.get(server, ""), draft.engine(server)
    name = next(iter(draft.puts_of(server, ("model", "name"))), None)
    if folder and name and engine in ("vllm", "sglang") and not draft.puts_of(server, (engine, "servedModelName")):
        draft.advise(
            f"clients that ask for the model {folder} ask for {name.value} from now on; to keep the name, set"
            f" {engine}.servedModelName{draft.of(server)} to it"
        )


def _for_its_cards(draft: Draft, server: str) -> None:
    """The image of the input stays where llm-stack would choose one for other cards: a pod can get a card of the node
    that no resource names.
    """
    chosen = next((put.value for put in draft.puts_of(server, ("gpu", "vendor"))), "none")
    vendor, repository, tag, spots = draft.images.get(server, (chosen, "", "", ()))
    if vendor == chosen or draft.puts_of(server, ("image",)):
        return
    for spot in spots:
        draft.notes.pop(spot, None)
    how = "stays, since llm-stack would choose one for other cards"
    for key, value in (("repository", repository), ("tag", tag)):
        text, _, digest = value.partition("@")
        draft.put(Put(("image", key), text, server, spots, how), Note(CHANGED, how))
        if digest:
            draft.put(Put(("image", "digest"), digest, server, spots, how), Note(CHANGED, how))
    if chosen == "none":
        draft.warn(
            f"the input names no card in the resources{draft.of(server)}, whose image is for cards; set gpu.vendor and"
            f" gpu.count, or check how its pods get them"
        )


def _typed(draft: Draft, server: str) -> None:
    """The type of the cards, where the input chooses nodes by the label that has it."""
    vendor = next((str(put.value) for put in draft.puts_of(server, ("gpu", "vendor"))), "")
    scheme = next((str(put.value) for put in draft.puts_of(server, ("gpu", "scheme"))), "devicePlugin")
    label = label_of(vendor, scheme)
    for put in draft.puts_of(server, ("nodeSelector",)):
        chosen = put.value.get(label) if isinstance(put.value, dict) else None
        if label and chosen and not draft.puts_of(server, ("gpu", "type")):
            draft.put(Put(("gpu", "type"), chosen, server, ()), Note(SETTLED, ""))


def _split(draft: Draft, server: str) -> None:
    """A server that splits its model across fewer cards than it requests uses no others; llm-stack gives it those."""
    engine = draft.engine(server)
    keys = [f"{kind}ParallelSize" for kind in ("tensor", "pipeline", "data")]
    sizes = {key: put.value for key in keys for put in draft.puts_of(server, (engine, key))}
    used = math.prod(size for size in sizes.values() if isinstance(size, int))
    for put in draft.puts_of(server, ("gpu", "count")):
        several = draft.puts_of(server, ("nodes", "count"))
        if keys[0] in sizes and isinstance(put.value, int) and used < put.value and not several:
            how = f"{used}, the number of cards that the server uses of the {put.value} that it requests"
            draft.revise(put, used, how=how)
            draft.advise(f"gpu.count{draft.of(server)} is {how}")


def _of_each_slot(draft: Draft, server: str) -> None:
    """llama.cpp divides its context among its slots; model.contextLength is that of one request."""
    if draft.engine(server) != "llamacpp":
        return
    for put in draft.puts_of(server, ("model", "contextLength")):
        slots = next((one.value for one in draft.puts_of(server, ("llamacpp", "parallel"))), 1)
        if isinstance(put.value, int) and isinstance(slots, int) and slots > 1:
            draft.revise(put, put.value // slots, how=f"of each request: {put.value} tokens for {slots} requests")


def _grouped(draft: Draft, server: str) -> None:
    """A model across nodes without a volume that they share: each pod has a claim, to which it downloads the model."""
    local = [put for put in draft.puts_of(server, ("modelCache", "type")) if put.value == "emptyDir"]
    if not draft.puts_of(server, ("nodes", "count")) or (draft.puts_of(server, ("modelCache",)) and not local):
        return
    for put in local:
        draft.withdraw(put, Note(SETTLED, "each pod has a claim, which outlasts it"))
    draft.put(Put(("modelCache", "type"), "volumeClaimTemplate", server, ()), Note(SETTLED, ""))
    text = f"each pod{draft.of(server)} has a claim, to which it downloads the model, as the input has no claim for it"
    draft.advise(f"{text}; one claim with access mode ReadWriteMany, under modelCache, can hold it for all")


def _without_repetition(draft: Draft, composed: building.Composed) -> None:
    """Leave out defaults of other charts that llm-stack has too, or that an existing claim makes needless."""
    defaults = yamlfile.parse(composed.chart.files["values.yaml"], "values.yaml").data
    kept = {put.target[:-1] for put in draft.puts if put.target[-1] == "existingClaim"}
    for put in list(draft.puts):
        said = any(spot in draft.every for spot in put.spots)
        needless = put.target[-1] == "size" and put.target[:-1] in kept
        if put.spots and not said and (needless or source.at(defaults, put.target) == put.value):
            draft.withdraw(put, Note(SETTLED, "is the default"))


def _own(draft: Draft, target: tuple[str, ...], value: bool, spots: list[Spot] | None = None) -> None:
    if not any(put.target == target for put in draft.puts):
        put = Put(target, value, "", tuple(spots or ()))
        for spot in put.spots:
            draft.notes.pop(spot, None)
        draft.put(put, Note(CARRIED, ""))
