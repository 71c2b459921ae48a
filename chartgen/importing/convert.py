"""Values that llm-stack writes in another form: variables, Secrets, objects, lists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .at import EMPTY, At
from .draft import slug
from .function import FUNCTIONS, row
from .servers import OBJECT as LONGEST
from .typed import ANY, MAP, NUMBER, TEXT, map_at, text_at

OBJECT = {"kind": TEXT, "metadata": {"name": TEXT}}
VARIABLE = {"name": TEXT, "value": TEXT, "valueFrom": MAP}
ENV = ([VARIABLE], {"*": (TEXT, VARIABLE)})


@row("choice", TEXT)
def choice(at: At) -> None:
    """A value that has another name; `choices` maps the input's words to ours, with a null for none."""
    word = str(at.value).lower() if isinstance(at.value, bool) else str(at.value)
    choices = at.row["choices"]
    if word not in choices:
        at.none(at.row.get("else", f"is not one of {', '.join(choices)}"))
    elif choices[word] is None:
        at.settled(at.row.get("because", "is what llm-stack does"))
    else:
        at.put(
            at.row["to"],
            choices[word],
            how=at.row.get("how", "" if choices[word] == at.value else f"as {_word(choices[word])}"),
        )


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@row("startup", {"failureThreshold": NUMBER, "periodSeconds": NUMBER, "initialDelaySeconds": NUMBER})
def startup(at: At) -> None:
    """A startup probe becomes the time that a start may take."""
    probe = at.value
    tries, period = probe.get("failureThreshold", 3), probe.get("periodSeconds", 10)
    if "failureThreshold" not in probe:
        at.settled("llm-stack has its own probes")
        return
    seconds = max(10, probe.get("initialDelaySeconds", 0) + tries * period)
    at.put(
        at.row["to"],
        seconds,
        "failureThreshold",
        "periodSeconds",
        "initialDelaySeconds",
        how=f"the longest time of a start, {seconds} seconds",
    )
    at.settled("llm-stack has its own probes")


@row("objects", ([OBJECT], {"*": OBJECT}))
def objects(at: At) -> None:
    """A list of objects becomes a map of them by kind and name."""
    items = at.value if isinstance(at.value, list) else list(at.value.values()) if isinstance(at.value, dict) else []
    keys = range(len(items)) if isinstance(at.value, list) else list(at.value or ())
    for key, item in zip(keys, items, strict=True):
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if not isinstance(metadata, dict):
            at.none("is not an object with a name; add it under extraObjects", key)
            continue
        wished = name = slug(f"{item.get('kind', '')}-{metadata.get('name', key)}", LONGEST)
        taken = {put.target[1]: put.value for put in at.draft.puts if put.target[0] == "extraObjects"}
        number = 1
        while name in taken and taken[name] != item:
            number += 1
            name = f"{wished}-{number}"
        at.put(("extraObjects", name), item, key, how="in a map, under its own name")


@row("env", ENV)
def env(at: At) -> None:
    """Variables, as a list of {name, value} or a map; those that the program reads and llm-stack has a value for."""
    if isinstance(at.value, dict):
        found = [(name, {"value": one} if not isinstance(one, dict) else one, name) for name, one in at.value.items()]
    else:
        found = [(text_at(one, "name"), one, n) for n, one in enumerate(at.value) if one]
    values = {name: one for name, one, _ in found}
    for name, item, key in found:
        if name:
            also = at.row.get("origins", {}).get(key, ())
            variable(at.below(key, also=also), name, item, values)
        else:
            at.none("has no name", key)


def listed_env(at: At) -> None:
    """Variables as a list of NAME=text."""
    found = [(n, str(one).partition("=")) for n, one in enumerate(at.value) if one is not None]
    values = {name: {"value": text} for _, (name, _, text) in found}
    for n, (name, equals, text) in found:
        if equals:
            variable(at.below(n, row={"to": "env"}), name, {"value": text}, values)
        else:
            at.none("takes its text from the machine; write it under env", n)


PROXIES = {"HTTP_PROXY": "httpProxy", "HTTPS_PROXY": "httpsProxy", "NO_PROXY": "noProxy"}


def proxy(at: At, name: str, value: Any) -> bool:
    """A variable that names a proxy, as global.proxy; one that other programs of the input set otherwise stays one."""
    key = PROXIES.get(name.upper())
    if not key or not at.draft.names.has(("global", "proxy")):
        return False
    goal, written = f"global.proxy.{key}", value
    how = "for the containers that download models, Open WebUI and Pipelines"
    if isinstance(value, dict):
        where = (value.get("valueFrom") or {}).get("secretKeyRef") or {}
        if key == "noProxy" or where.get("key") != name.upper():
            return False
        goal, written = "global.proxy.existingSecret", where.get("name")
    elif key == "noProxy":
        hosts = re.split(r"[\s,]+", str(value))
        written = list(dict.fromkeys(host for host in hosts if host not in ("", "localhost", "127.0.0.1")))
    elif not value or not re.fullmatch(r"https?://[^\s@]+", str(value)):
        if "@" in str(value):
            made(at, "global.proxy.existingSecret", "proxy", name.upper())
        return "@" in str(value)
    said = [put.value for put in at.draft.puts if put.target == tuple(goal.split("."))]
    if said and said[0] != written:
        return False
    at.put(goal, written, how=how)
    return True


def variable(at: At, name: str, item: dict[str, Any], all_of_them: dict[str, Any]) -> None:
    """One variable: by the program's row for it, else as a variable."""
    known = at.program.env.get(name) if at.program else None
    value = item.get("value") if "value" in item else ({"valueFrom": item["valueFrom"]} if "valueFrom" in item else "")
    if known is None and proxy(at, name, value):
        return
    if known is None:
        text = value if isinstance(value, dict) else "" if value is None else _text(value)
        if gone := next((path for path in at.mounts if f"{text}/".startswith(f"{path}/")), ""):
            at.none(f"is in {gone}, a folder that llm-stack does not have; a program writes below its HOME")
            return
        at.put((*at.row.get("to", "env").split("."), name), text)
        return
    at = replace(at, row={"others": all_of_them, "called": name, **known}, value=value)
    if "none" in known:
        at.none(known["none"])
    elif "same" in known:
        at.settled(known["same"])
    elif "by" in known:
        FUNCTIONS[known["by"]](at)
    elif isinstance(value, dict):
        at.put((*at.row.get("env", "env").split("."), name), value)
    else:
        at.put(known["to"], value, how=known.get("how", ""))
    at.unknown()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@row("variable", TEXT)
def named_variable(at: At) -> None:
    """A value that the program reads as a variable."""
    if at.value in EMPTY and not isinstance(at.value, bool):
        at.settled("is empty")
    else:
        at.put((*at.row["to"].split("."), at.row["name"]), _text(at.value), how=f"the variable {at.row['name']}")


@row("parameters", [{"name": TEXT}])
def parameters(at: At) -> None:
    """Single values beside those of an Application: without them, the values have what the chart does by default."""
    names = [name for one in at.value if (name := text_at(one, "name"))]
    at.none("is a single value; write it into the values next to it, and import it again")
    if names:
        at.draft.warn(
            f"the values do not have what parameters of {at.source.path} set: {', '.join(names)}; write them into"
            " the values next to them, and import it again"
        )


@row("secret", (TEXT, {"*": TEXT, "valueFrom": {"secretKeyRef": {"*": TEXT}}, "secretKeyRef": {"*": TEXT}}))
def secret(at: At) -> None:
    """A password or a token: the name of the Secret that has it, or one to create."""
    target, own_key = at.row["to"], at.row.get("key", "")
    where = at.value.get("valueFrom", at.value) if isinstance(at.value, dict) else {}
    where = where.get("secretKeyRef", where) if isinstance(where, dict) else {}
    name = where.get("name") or where.get("secretName") if isinstance(where, dict) else None
    key = (where.get("key") or where.get("secretKey")) if isinstance(where, dict) else None
    if name:
        at.put(target, name, how="the name of the Secret")
        if key and own_key:
            at.put(own_key, key, how="the key of the Secret")
    elif at.value in EMPTY or isinstance(at.value, dict):
        at.settled("is empty") if at.value in EMPTY else at.none(
            "is not in a Secret; create one, and name it under " + target
        )
    else:
        default = at.row.get("name", slug(target.split(".")[-2]))
        made(at, target, default, at.row.get("field", "key"))


def made(at: At, target: str | tuple[str, ...], name: str, key: str, *keys: Any) -> None:
    """A password in the file: llm-stack reads it from a Secret that the person creates first."""
    at.draft.needs.add(f"Secret/{name}")
    command = f"kubectl create secret generic {name} --from-file={key}=FILE"
    parts = ", ".join(dict.fromkeys(re.findall(r"\$\(\w+\)", at.value))) if isinstance(at.value, str) else ""
    swap = f", where you replace {parts}: Kubernetes puts no variables into a Secret" if parts else ""
    at.draft.advise(f"create the Secret {name}: {command}, with the value in FILE{swap}", name)
    at.put(target, name, *keys, how=f"the name of a Secret that you create, with the value under the key {key}")


@row("reference", {"*": TEXT})
def reference(at: At) -> None:
    """A variable whose text is in a Secret that two values name."""
    found = at.value
    name, key = (found.get(each) for each in at.row["keys"][:2])
    if name and key:
        value = {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
        at.put(("openWebui", "env", at.row["name"]), value, how=f"the variable {at.row['name']}")


@row("list", ANY)
def listed(at: At) -> None:
    """One value where llm-stack has a list."""
    at.put(at.row["to"], [at.value], how="a list")


@row("pullSecret", ANY)
def pull_secret(at: At) -> None:
    """One Secret for pulling images."""
    names_(at, [at.value])


def names_(at: At, names: list[Any]) -> None:
    """Names of Secrets for pulling images."""
    at.put("global.imagePullSecrets", [name for name in names if name], how="a list, for all images")


@row("envFrom", ANY)
def env_from(at: At) -> None:
    """A Secret all of whose keys are variables."""
    at.put("envFrom", [{"secretRef": {"name": at.value}}], how="a list of references")


@row("nodeTerms", ANY)
def node_terms(at: At) -> None:
    """Node selector terms become the node affinity."""
    if not isinstance(at.value, list) or not at.value:
        at.settled("is empty")
        return
    required = {"nodeSelectorTerms": at.value}
    value = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    at.put("affinity", value, how="as a node affinity")


@row("nodeName", TEXT)
def node_name(at: At) -> None:
    """One node by its name."""
    if at.value in EMPTY:
        at.settled("is empty")
    elif "uid" in map_at(at.source.data, "metadata") and at.source.data.get("kind") == "Pod":
        at.settled("is the node that the scheduler chose")
    else:
        at.put("nodeSelector", {"kubernetes.io/hostname": at.value}, how="as a node selector")
