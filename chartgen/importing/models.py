"""Models, their images, and the volumes that hold them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..conventions import SERVERS
from ..reading import conceal
from .at import EMPTY, At
from .draft import ONE, SETTLED, Draft, Note, Put, Spot, slug
from .function import row
from .typed import ANY, TEXT

NEW = "newClaim"  # a volume for which a chart creates a claim
MODELS = [(TEXT, {"name": TEXT})]
USUAL = (r"(docker\.io/)?ollama/ollama", r"ghcr\.io/open-webui/open-webui", r"ghcr\.io/open-webui/pipelines")


@row("pull", (MODELS, {"pull": MODELS, "run": MODELS, "create": [{"name": TEXT, "template": TEXT}]}))
def pull(at: At) -> None:
    """The models of ollama's chart: one is `model`, several are `models`."""
    value = at.value
    lists = {"": value} if isinstance(value, list) else {key: value.get(key) for key in ("pull", "run") if key in value}
    found: dict[str, list[Any]] = {}
    for kind, models in lists.items():
        for n, model in enumerate(models if isinstance(models, list) else ()):
            text = model.get("name") if isinstance(model, dict) else model
            if isinstance(text, str) and text:
                found.setdefault(text, []).append((kind, n) if kind else (n,))
    if isinstance(value, dict):
        created(at.below("create"), found)
    set_models(at, found)


def set_models(at: At, found: dict[str, list[Any]], also: dict[str, tuple[Spot, ...]] | None = None) -> None:
    """Models by what ollama calls them, NAME:TAG, with the leaves that name each; `also` are those of other places."""
    wanted = [(text, *_parts(text), keys) for text, keys in found.items()]
    if len(wanted) == 1:
        text, name, tag, keys = wanted[0]
        at = _from(at, keys, (also or {}).get(text, ()))
        at.put("model.name", name, *keys, how="with its tag as model.tag" if tag else "")
        if tag:
            at.put("model.tag", tag, *keys)
    else:  # none is said in the end
        names = [name for _, name, _, _ in wanted]
        for text, name, tag, keys in wanted:
            key = name if names.count(name) == 1 else slug(text)
            value = {**({"name": name} if key != name else {}), **({"tag": tag} if tag else {})}
            _from(at, keys, (also or {}).get(text, ())).put(("models", key), value, *keys, how="an entry of models")


def _from(at: At, keys: list[Any], also: tuple[Spot, ...]) -> At:
    """The same, for what other places of the input say, too, or alone."""
    return replace(at, also=also, keys=() if also and not keys else at.keys)


def by_variable(name: str) -> str:
    """What is said of a command that names a model by a variable."""
    return f"pulls a model by a variable, {name}; write the model as model.name and model.tag"


def unknown(at: At, variables: list[str], others: list[str]) -> None:
    """A model that a shell names by a variable, or as an expression: it is in the values only by hand.

    The variables of `others` are in commands elsewhere, where they are told.
    """
    if variables or others:
        at.draft.lost.add(at.server)
    commands = ("entrypoint", "command", "args", "lifecycle")
    keys = [key for key in commands if isinstance(at.value, dict) and key in at.value]
    for name in variables:
        at.none(by_variable(name), *keys)


def _parts(text: str) -> tuple[str, str]:
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, "")


def created(at: At, found: dict[str, list[Any]]) -> None:
    """Models that ollama makes from a Modelfile: llm-stack makes them too, or else serves what they are made from."""
    for n, item in enumerate(at.value if isinstance(at.value, list) else ()):
        text = str(item.get("template") or "") if isinstance(item, dict) else ""
        made = modelfile(text)
        base = str(made.get("from", ""))
        if not made or base[:1] in ("", ".", "/"):
            at.none("is not in the file; write it under ollama.modelfiles, made from a model that is downloaded", n)
            continue
        if not _parts(base)[1]:  # to ollama, no tag is latest
            made["from"] = f"{base}:latest"
            found[made["from"]] = found.pop(base, [])
        found.setdefault(made["from"], [])
        if at.draft.names.has(("ollama", "modelfiles")):
            at.put(("ollama", "modelfiles", str(item.get("name", n))), made, n, how="an entry of ollama.modelfiles")
            continue
        length = (made.get("parameters") or {}).get("num_ctx")
        if length:
            at.put("model.contextLength", length, (n, "template"), how=f"only num_ctx; llm-stack serves {base} instead")
        at.none(f"llm-stack has no Modelfiles; it serves {base} instead", n)


MODELFILE = re.compile(
    r'^\s*(FROM|SYSTEM|TEMPLATE|ADAPTER|PARAMETER\s+\w+)\s+("""(?:.|\n)*?"""|"[^"\n]*"|.*)$', re.M | re.I
)


def modelfile(text: str) -> dict[str, Any]:
    """A Modelfile as {from, system, template, adapter, parameters}; what it does not have is left out."""
    made: dict[str, Any] = {}
    for match in MODELFILE.finditer(text):
        word, *name = match[1].lower().split()
        value = match[2].strip()
        value = value[3:-3].strip() if value.startswith('"""') else value.strip('"')
        if name:
            parameters = made.setdefault("parameters", {})
            number = int(value) if re.fullmatch(r"-?\d{1,18}", value) else float(value) if _decimal(value) else value
            known = parameters.get(name[0])
            parameters[name[0]] = (
                number if known is None else [*(known if isinstance(known, list) else [str(known)]), value]
            )
        else:
            made[word] = value
    return made


def _decimal(text: str) -> bool:
    return re.fullmatch(r"-?\d*\.\d+", text) is not None


@row("model", TEXT)
def model_url(at: At) -> None:
    """A model by its name on Hugging Face, or a folder of the volume."""
    set_model(at, str(at.value))


def set_model(at: At, text: str, *keys: Any) -> None:
    """The model that vLLM or SGLang is started with."""
    if _unresolved(at, text, keys):
        return
    if text.startswith("s3://") and at.draft.names.has(("s3", "endpoint")):
        at.put("model.name", text.removeprefix("s3://").strip("/"), *keys, how="the bucket and folder, of source s3")
        at.put("model.source", "s3", *keys)
        at.draft.advise(
            "set s3.existingSecret to a Secret with an access key, and s3.endpoint and s3.region; the loader downloads"
            " the model before the server starts"
        )
    elif "://" in text:
        scheme = text.split("://")[0]
        remedy = "copy the model to a claim, and set model.delivery to none and modelCache.existingClaim"
        at.lost(("model", "name"), f"llm-stack has no source for {scheme}://; {remedy}", keys)
    elif text.startswith("/"):
        name = text.rstrip("/").rpartition("/")[2]
        at.draft.folders[at.server] = text
        at.put("model.name", name or "model", *keys, how="a folder of the volume; nothing is downloaded")
        at.put("model.path", below(at, text) or name, *keys)
        at.put("model.delivery", "none", *keys)
    else:
        line = any(" " in str(at.get(*key) if key else at.value) for key in keys if isinstance(key, tuple))
        at.put("model.name", text, *keys, how="the model of the command" if line else "")


def _unresolved(at: At, text: str, keys: tuple[Any, ...]) -> bool:
    """Whether a model's name has a variable whose value is not in the input; that is said."""
    if "$" not in text:
        return False
    at.lost(("model", "name"), f"has a variable, {text}, whose value is not in the input; write the model", keys)
    return True


def below(at: At, path: str) -> str:
    """A path in the container, from where the volume is mounted."""
    mounts = [mount for mount in at.mounts if path.startswith(f"{mount}/")]
    return path[len(max(mounts, key=len)) :].strip("/") if mounts else path.strip("/").partition("/")[2]


@row("file", TEXT)
def model_file(at: At) -> None:
    """A GGUF file of the volume."""
    text = "" if at.value is None else str(at.value)
    if not text or _unresolved(at, text, at.keys):
        at.settled("is empty")
        return
    if at.draft.puts_of(at.server, ("model", "source")):
        at.settled("is where llama.cpp would save the file of the repository, which llm-stack downloads itself")
        return
    folder, _, name = below(at, text).rpartition("/")
    at.draft.folders[at.server] = text.rpartition("/")[0]
    at.put("llamacpp.file", name, how="a file of the volume; nothing is downloaded")
    at.put("model.name", name.removesuffix(".gguf"))
    at.put("model.delivery", "none")
    if folder:
        at.put("model.path", folder)


@row("repository", TEXT)
def repository(at: At) -> None:
    """A repository of Hugging Face with GGUF files, with the quantization after a colon."""
    name, _, kind = str(at.value or "").partition(":")
    if not name or _unresolved(at, name, at.keys):
        at.settled("is empty")
        return
    if at.draft.puts_of(at.server, ("model", "delivery")):  # a file that llama.cpp would save there
        for put in at.draft.puts_of(at.server, ("model",), ("llamacpp", "file")):
            if put.target != ("model", "contextLength"):
                at.draft.withdraw(put, Note(SETTLED, "llm-stack downloads the file of the repository itself"))
    at.put("model.name", name, how="the repository" if kind else "")
    at.put("model.source", "huggingface")
    at.draft.repositories[at.server] = (name, kind)


def guessed(draft: Draft, server: str) -> None:
    """The file of a repository that the input does not name, as the publishers of GGUF files name them; without a
    quantization, llama.cpp looks for this one."""
    if server not in draft.repositories or draft.puts_of(server, ("llamacpp", "file")):
        return
    name, kind = draft.repositories[server]
    file = f"{re.sub('(?i)[-_.]gguf$', '', name.rpartition('/')[2])}-{kind or 'Q4_K_M'}.gguf"
    draft.put(Put(("llamacpp", "file"), file, server, ()), Note(SETTLED, ""))
    draft.advise(
        f"check that {name} has the file {file}, which is a guess from its name; set llamacpp.file to the file"
        f"{f' with the quantization {kind}' if kind else ''} if its name is another one",
        file,
    )


@row("modelRepository", TEXT)
def model_repository(at: At) -> None:
    """Where Triton's models are: in a folder, which llm-stack sets, or in a store, from which the loader downloads."""
    text = str(at.value)
    if "://" not in text:
        at.settled("llm-stack sets the folder of the models")
        return
    at.none("llm-stack downloads models to a volume first; set model.source, model.name and model.path")
    at.draft.warn(
        f"Triton's models{at.draft.of(at.server)} are in {conceal.concealed(text)}; for a store with S3's API, set"
        " model.source to s3, model.name to BUCKET/FOLDER and s3.existingSecret, and remove model.delivery"
    )


def repository_of_triton(draft: Draft, server: str) -> None:
    """A model repository that is on the volume already: its folders are named by hand."""
    if draft.engine(server) != "triton":
        return
    if not draft.puts_of(server, ("model", "name")):
        draft.advise("set model.name and model.path to the folder of your model in Triton's model repository")
        for key in ("name", "path"):
            draft.put(Put(("model", key), "model", server, ()), Note(SETTLED, ""))
    draft.put(Put(("model", "delivery"), "none", server, ()), Note(SETTLED, ""))


@row("parts", {"*": TEXT})
def parts(at: At) -> None:
    """A model whose registry, namespace, name and tag are separate."""
    found = at.value if isinstance(at.value, dict) else {}
    name = "/".join(
        str(found[key]).strip("/") for key in ("registry", "namespace", "repository", "name") if found.get(key)
    )
    named_by = [key for key in ("registry", "namespace", "repository", "name") if found.get(key)]
    if name:
        at.put("model.name", name, *named_by, how="" if len(named_by) == 1 else "in one text")
    if found.get("tag"):
        at.put("model.tag", found["tag"], "tag")


@row("keepAlive", TEXT)
def keep_alive(at: At) -> None:
    """How long ollama keeps a model: any negative time is for ever."""
    text = str(at.value).strip()
    at.put(
        "ollama.keepAlive",
        "-1" if text.startswith("-") else text,
        how="for ever" if text.startswith("-") and text != "-1" else "",
    )


@row("claim", {"*": TEXT})
def claim(at: At) -> None:
    """An existing claim, kept in place; `folder` is where the chart stores the data in it."""
    found, said = at.value, at.row
    target, folder = said["to"], said.get("folder", "")
    name, below = found.get(said.get("claim", "existingClaim")), str(found.get("subPath") or "").strip("/")
    path = "/".join(filter(None, (below, folder)))
    key = said.get("claim", "existingClaim")
    if name:
        how = f"with {target}.subPath as {path}" if folder and path else ""
        at.put(f"{target}.existingClaim", name, key, how=how)
        at.draft.needs.add(f"PersistentVolumeClaim/{name}")
        if path:
            keys = ("subPath",) if below else (key,)
            at.put(
                f"{target}.subPath", path, *keys, how="the folder of the claim that holds the data" if folder else ""
            )
        if said.get("again"):
            at.draft.advise(said["again"].format(claim=f"the claim {name}"), name, at.server)
    elif below:
        at.put(f"{target}.subPath", below, "subPath")
    if not name and said.get("moves") and found.get(said.get("enabled", "enabled"), True):
        at.draft.advise(said["moves"])


def claimed(at: At, volume: Any, mount: dict[str, Any], folder: dict[str, Any], keys: tuple[Any, ...]) -> None:
    """The volume of a pod that holds the models of a server, or the data of a UI; a claim is kept in place."""
    program = at.program
    target = "persistence" if program and program.prefix else "modelCache"
    below = "/".join(filter(None, (str(mount.get("subPath") or "").strip("/"), folder.get("folder", ""))))
    name = (volume.get("persistentVolumeClaim") or {}).get("claimName") if isinstance(volume, dict) else None
    if name:
        at.put(f"{target}.existingClaim", name, *keys, how="the claim stays in place")
        at.draft.needs.add(f"PersistentVolumeClaim/{name}")
        workload = at.draft.workloads[-1]
        workload.claims.add(name)
        at.draft.advise(f"delete the workload {workload.name}, which uses the claim {name}; the claim stays", name)
        if below:
            at.put(f"{target}.subPath", below, *keys)
        if folder.get("again"):
            at.draft.advise(folder["again"].format(claim=f"the claim {name}"), name, at.server)
    elif "hostPath" in volume and target == "modelCache":
        at.put("modelCache.type", "hostPath", *keys, how="a folder of the node")
        path = "/".join(filter(None, (str(volume["hostPath"].get("path", "")).rstrip("/"), below)))
        at.put("modelCache.hostPath", path, *keys)
        if folder.get("again"):
            at.draft.advise(folder["again"].format(claim=f"the folder {path} of the node"), path, at.server)
    elif "emptyDir" in volume:
        place, value = ("modelCache.type", "emptyDir") if target == "modelCache" else ("persistence.enabled", False)
        at.put(place, value, *keys, how="an emptyDir" if target == "modelCache" else "as false")
        size = (volume["emptyDir"] or {}).get("sizeLimit")
        if size and target == "modelCache":
            at.put("modelCache.size", size, *keys)
    elif NEW in volume:
        _new_claim(at, target, volume, keys)
    elif volume:
        made_by_hand(at, target, volume, keys)
    else:
        at.settled("is the claim of the StatefulSet", *keys[:1])


def _new_claim(at: At, target: str, volume: dict[str, Any], keys: tuple[Any, ...]) -> None:
    """A claim that the other chart creates: llm-stack creates one of the same size."""
    new, place = volume[NEW], keys[-1]
    goal = ".".join(filter(None, (at.program.prefix if at.program else "", target)))
    for theirs, ours in (("size", "size"), ("storageClass", "storageClass"), ("accessMode", "accessModes")):
        if new.get(theirs):
            value = [new[theirs]] if theirs == "accessMode" else new[theirs]
            at.put(f"{target}.{ours}", value, (*place, NEW, theirs), how="in a list" if ours == "accessModes" else "")
    at.settled("llm-stack creates the claim", *keys)
    unknown = " (with the name of the old release in place of 'release')" if new.get("unnamed") else ""
    text = f"the claim {new['name']}{unknown}, which the other chart created, is deleted with its release"
    keep = f"to keep its data, set retain to true under persistence.{volume['name']}, upgrade and uninstall the old"
    kept = f"{text}; {keep} release"
    if target == "modelCache":
        at.draft.kept[at.server] = (new["name"], kept)
    at.draft.advise(f"{kept}, and set {goal}.existingClaim to {new['name']}")


def made_by_hand(at: At, target: str, volume: dict[str, Any], keys: tuple[Any, ...]) -> None:
    """A volume that llm-stack can use by a claim: the person creates that."""
    kind = next((key for key in volume if key != "name"), "volume")
    name = f"{at.draft.workloads[-1].name}-data"
    at.draft.needs.add(f"PersistentVolumeClaim/{name}")
    at.draft.advise(f"create a PersistentVolume of type {kind} for this volume, and the claim {name} for it", name)
    at.put(f"{target}.existingClaim", name, *keys, how="a claim that you create for the volume")


ROUTED = "llama.cpp would load one of several models for each request; llm-stack has a server for each model"


@row("router", TEXT)
def router(at: At) -> None:
    """A file or a folder with the models among which llama.cpp chooses."""
    at.none(f"{ROUTED}, under servers")
    which = f"each model of {at.value}{at.draft.of(at.server)}"
    at.draft.warn(f"{ROUTED}: under servers, write {which} with model.name and llamacpp.file")
    at.draft.lost.add(at.server)


@row("volume", {"pvcStorage": TEXT})
def volume(at: At) -> None:
    """A new claim of a size, where the chart has none without it."""
    size = at.value.get("pvcStorage")
    if size:
        at.put(f"{at.row['to']}.size", size, "pvcStorage")


@row("image", {"registry": TEXT, "repository": TEXT, "tag": TEXT})
def image(at: At) -> None:
    """An image of the program; a public one, whose flags may be of another version, is not carried over."""
    program = at.program
    repository, tag = str(at.value.get("repository") or ""), at.value.get("tag")
    registry = str(at.value.get("registry") or "").strip("/") if repository else ""
    repository = f"{registry}/{repository}" if registry else repository
    if program and repository in program.own:
        ours = f"the version of {program.title} under images.{program.engine}"
        text = f"llm-stack sets flags of {ours}; to use another image, set image.repository and image.tag"
        at.none(text)
        shown = f"{repository}:{tag}"
        vendor = next((one for pattern, one in program.variants.items() if re.search(pattern, shown)), "none")
        at.draft.images[at.server] = (vendor, repository, str(tag or "latest"), tuple(at.spots(())))
        return
    if str(tag) == "latest" and program and re.fullmatch("|".join(USUAL), repository):
        at.none(f"does not pin a version; {program.title} has the version under images")
        return
    target = program.image if program else "image"
    if repository and "repository" in at.value:
        keys = ("registry", "repository") if registry else ("repository",)
        at.put(f"{target}.repository", repository, *keys, how="with the registry" if registry else "")
    if tag not in EMPTY:
        at.put(f"{target}.tag", tag, "tag")


@row("registryImage", {"registry": TEXT, "repository": TEXT})
def registry_image(at: At) -> None:
    """An image whose registry is separate."""
    registry, repository = at.value.get("registry"), at.value.get("repository")
    if repository:
        text = "/".join(str(part).strip("/") for part in (registry, repository) if part)
        at.put(
            f"{at.row['to']}.repository", text, "registry", "repository", how="with the registry" if registry else ""
        )
    elif registry:
        at.none("is the registry of the image; set global.imageRegistry", "registry")


@row("template", TEXT)
def template(at: At) -> None:
    """The name of a file with a chat template, or the template."""
    if "{{" in str(at.value) or "{%" in str(at.value):
        at.put("vllm.chatTemplate", at.value)
    else:
        at.none("is the name of a file; write the template itself as vllm.chatTemplate")


@row("noServer", ANY)
def no_server(at: At) -> None:
    """Whether open-webui's chart has a model server; without one, its servers are elsewhere."""
    if at.value is False:
        at.draft.elsewhere += at.spots(())
        at.settled("the model servers are elsewhere")
    elif isinstance(at.value, str):
        at.put((SERVERS, ONE, "enabled"), at.value)
    else:
        at.settled("llm-stack has a model server")
