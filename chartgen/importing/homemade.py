"""A model server in values of a chart that somebody wrote for himself: what its usual keys say."""

from __future__ import annotations

import re
from typing import Any

from .at import EMPTY, At
from .draft import SERVER
from .flags import arguments, texts
from .function import row
from .manifests import put_image
from .models import claim, set_model, set_models
from .typed import ANY, MAP, TEXT, text_at

QUANTITY = re.compile(r"\d+(\.\d+)?([KMGT]i?)?")
MOVES = (
    "the claim that your chart created is deleted with its release, unless it has the annotation"
    " helm.sh/resource-policy: keep; to keep the models, annotate it in the chart, upgrade and uninstall the old"
    " release, and set modelCache.existingClaim to the name of the claim"
)
SEPARATED = re.compile(r"[\s,;]+")  # what is between the models of a text
VENDORS = ("nvidia", "amd", "intel")


@row("ownImage", (TEXT, {"registry": TEXT, "repository": TEXT, "name": TEXT, "tag": TEXT, "digest": TEXT}))
def image(at: At) -> None:
    """The image, as one text or in parts."""
    found = at.value
    if not isinstance(found, dict):
        put_image(at.below(value={"image": found}), ())
        return
    repository = "/".join(
        filter(None, (text_at(found, "registry"), text_at(found, "repository") or text_at(found, "name")))
    )
    text = f"{repository}:{found['tag']}" if found.get("tag") else repository
    text = f"{text}@{found['digest']}" if found.get("digest") else text
    keys = [key for key in ("registry", "repository", "name", "tag", "digest") if key in found]
    put_image(at.below(value={"image": text}).only(*keys), ())


@row("ownArguments", ([TEXT], TEXT))
def of_command(at: At) -> None:
    """What the server is started with."""
    if at.program and at.program.engine == "ollama":
        at.settled("is how llm-stack starts ollama")
        return
    around = at.source.data
    for step in at.root:
        around = around[step]
    arguments(at.below(row={"variables": texts(around.get("env"))}))


@row("ownModel", (TEXT, MAP))
def model(at: At) -> None:
    """The only model of a server, by its name; of a block about it, what no other row takes is not known."""
    if isinstance(at.value, dict):
        at.unknown()
        return
    text = str(at.value)
    if not at.program or at.program.engine not in ("ollama", "vllm", "sglang"):
        at.none("set model.name, and llamacpp.file for llama.cpp")
        at.draft.lost.add(at.server)
    elif at.program.engine == "ollama":
        set_models(at, {text: [()]})
    else:
        set_model(at, text, ())


@row("ownModels", ([(TEXT, {"name": TEXT})], TEXT))
def models(at: At) -> None:
    """The models of ollama; of another engine, which serves one, the first."""
    items = at.value if isinstance(at.value, list) else SEPARATED.split(str(at.value).strip(" ,;\n\t"))
    named = {n: text_at(one, "name") if isinstance(one, dict) else str(one) for n, one in enumerate(items)}
    named = {n: text for n, text in named.items() if text}
    keys: dict[int, Any] = {n: (n,) if isinstance(at.value, list) else () for n in named}
    if at.program and at.program.engine == "ollama":
        set_models(at, {text: [keys[n]] for n, text in named.items()})
    elif at.program and at.program.engine in ("vllm", "sglang") and len(named) == 1:
        for n, text in named.items():
            set_model(at, text, keys[n])
    else:
        at.none("each server of llm-stack has the models of one engine; write one for each under servers")
        at.draft.lost.add(at.server)


@row("ownGpu", ({"enabled": ANY, "count": TEXT, "number": TEXT, "type": TEXT, "vendor": TEXT}, TEXT))
def gpu(at: At) -> None:
    """The cards: how many, and of whom; `true` is one."""
    found = at.value if isinstance(at.value, dict) else {"count": at.value}
    place = (lambda *keys: keys) if isinstance(at.value, dict) else (lambda *keys: ((),))
    named = next((str(found[key]).lower() for key in ("vendor", "type") if found.get(key)), "nvidia")
    said = next((found[key] for key in ("count", "number") if found.get(key) not in EMPTY), 1)
    count = 1 if said is True else said
    if found.get("enabled", True) is False or count is False or str(count) == "0":
        at.settled("the server has no card")
        return
    if named not in VENDORS or not str(count).isdigit():
        at.none("set gpu.vendor and gpu.count")
        return
    at.put("gpu.vendor", named, *place("enabled", "vendor", "type"), how=f"as {named}, with the number as gpu.count")
    at.put("gpu.count", int(count), *place("count", "number"))


@row("ownSize", TEXT)
def size(at: At) -> None:
    """The size of the claim with the models, or with the data of a UI."""
    target = at.row["to"]
    if QUANTITY.fullmatch(str(at.value)):
        at.put(f"{target}.size", str(at.value))
    else:
        at.none(f"set {target}.size, {target}.storageClass or {target}.existingClaim")


@row("ownHost", TEXT)
def host(at: At) -> None:
    """The host of an Ingress, which a chart of one's own can create without a switch."""
    of_ui = bool(at.program and at.program.prefix)
    at.put("ingress.host" if of_ui else ("api", "ingress", "hosts", SERVER), at.value, how="the host, with enabled")
    enabled = "ingress.enabled" if of_ui else "api.ingress.enabled"
    if not at.draft.puts_of(at.server, tuple(enabled.split("."))):
        at.put(enabled, True, how="the host, with enabled")


@row("ownClaim", {"*": TEXT})
def own_claim(at: At) -> None:
    """The claim with the models: ollama has them in a folder of what is mounted."""
    folder = {"folder": "models"} if at.program and at.program.engine == "ollama" else {}
    claim(at.below(row={**at.row, **folder, "moves": MOVES}))
