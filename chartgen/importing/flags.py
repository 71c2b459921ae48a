"""The command line of a server: flags that llm-stack has a value for, and the others as extraArgs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..reading import conceal
from .at import EMPTY, At
from .function import FUNCTIONS, row
from .models import set_model
from .source import is_compose
from .typed import ANY, TEXT, text_at

# Flags of what runs a program, which are the program's own where something else is before them.
SHELL = re.compile(r"&&|\|\|?|;|&|\d?>>?(&\d)?|\d>&\d")
SHELLS = ("sh", "bash")
# What runs a script.
RUNS = re.compile(r"(?:.*/)?(?:sh|bash|env|exec|source|tini|dumb-init|nvidia_entrypoint\.sh)|\.|--|-[celx]+")
OPTIONS = re.compile(r"^(?:(?:set(?: [-+]\w+| pipefail)+|cd \S+?)(?:[;&| ]+|$))+")  # of the shell itself
SCRIPT = re.compile(r"(?:\S*/)?[\w.-]+\.(?:sh|bash)")
SWITCHES = {"-c": SHELLS, "-lc": SHELLS, "-ec": SHELLS, "-m": ("python3", "python")}


@dataclass(frozen=True)
class Flag:
    """A flag with its value, None where it has none, and the items of the list that it is written in."""

    name: str
    value: str | None
    words: tuple[str, ...]
    keys: tuple[Any, ...]
    more: tuple[str, ...] = ()  # values behind the first one


@row("arguments", ([TEXT], TEXT))
def arguments(at: At) -> None:
    """The arguments of a program, by its rows; the others go to extraArgs."""
    variables = at.row.get("variables", {})
    words = [(word, key) for key, text in _items(at.value) for word in split(resolved(text, variables))]
    left: list[str] = []
    kept: list[Any] = []
    for flag in _flags(_of_the_program(at, _without_command(at, words))):
        known = _row(at, flag)
        if not flag.name.startswith("-"):
            at.none(
                "is not an argument of the program, which llm-stack starts itself",
                *dict.fromkeys(flag.keys),
                part=flag.name,
            )
        elif NAMED.search(flag.value or flag.name) and not {"by", "same", "none"} & set(known or {}):
            text = "has a variable whose value is not in the input; write its value"
            at.none(text, *dict.fromkeys(flag.keys), part=" ".join(flag.words))
        elif known is None:
            left += flag.words
            kept += flag.keys
        else:
            _known(at, flag, known)
    if left:
        more(at, left, *dict.fromkeys(kept))


def more(at: At, words: list[str], *keys: Any, how: str = "") -> None:
    """Write arguments, after those that are written already."""
    known = [put for put in at.draft.puts if put.target == ("extraArgs",) and put.server == at.server]
    if known:
        at.draft.grow(known[0], words, tuple(at.spots(keys)), how)
    else:
        at.put("extraArgs", words, *keys, how=how)


NAMED = re.compile(r"\$?\$(?:\((\w+)\)|\{(\w+)(?::?-[^}]*)?\}|(\w+))")


def resolved(text: str, variables: dict[str, str]) -> str:
    """A text with the values of the container's own variables, as Kubernetes or a shell puts them in."""
    return NAMED.sub(lambda match: variables.get(match[1] or match[2] or match[3], match[0]), text)


def texts(env: Any) -> dict[str, str]:
    """Variables of a container whose values are in the input."""
    if isinstance(env, dict):
        return {str(name): str(text) for name, text in env.items() if text not in EMPTY and not isinstance(text, dict)}
    items = env if isinstance(env, list) else []
    found = {text_at(one, "name"): text_at(one, "value") for one in items if isinstance(one, dict)}
    found |= {name: text for name, _, text in (str(one).partition("=") for one in items if isinstance(one, str))}
    return {name: text for name, text in found.items() if text}


def _items(value: Any) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, list):
        return [((n,), word(item)) for n, item in enumerate(value) if item is not None]
    return [((), str(value))] if isinstance(value, str) else []


def shell(container: dict[str, Any]) -> bool:
    """Whether a container or a service of a compose file runs its program by a shell."""
    items = [one for key in ("entrypoint", "command", "args") for one in _items(container.get(key))]
    return any(each.rpartition("/")[2] in SHELLS for _, text in items for each in split(text)[:2])


def word(item: Any) -> str:
    """An item of a command line as text: what YAML reads as true or false was `on`, `yes` or the like."""
    return str(item).lower() if isinstance(item, bool) else str(item)


def split(text: str) -> list[str]:
    """The words of an item: a shell's line has several."""
    if (
        " " not in text.strip()
        or text.lstrip().startswith("{")
        or (text.startswith("--") and "=" in text.split(" ")[0])
    ):
        return [text]
    try:
        return shlex.split(text.replace("\\\n", " "))
    except ValueError:
        return [text]


def _without_command(at: At, words: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """What follows the program's own name, such as `vllm serve`; a word before the first flag is the model."""
    if _script(at, words):
        return []
    words = _without_script(at, words)
    begin = _begin([word for word, _ in words], at.program.commands if at.program else ())
    for _, key in words[:begin]:
        at.settled("is how llm-stack starts the program", key)
    _before(at, words[:begin])
    words = words[begin:]
    takes = "--model" in at.program.flags if at.program else False
    return [("--model", words[0][1]), *words] if takes and words and not words[0][0].startswith("-") else words


def _before(at: At, words: list[tuple[str, Any]]) -> None:
    """What a shell does before it starts the program, such as `pip install`: llm-stack does none of it."""
    known = at.program.commands if at.program else ()
    others = [
        n
        for n, (word, _) in enumerate(words)
        if not (RUNS.fullmatch(word) or word in SWITCHES or {word, word.rpartition("/")[2]} & set(known))
    ]
    if not at.row.get("shell") or not others:
        return
    own = words[others[0] : others[-1] + 1]
    said = OPTIONS.sub("", " ".join(word for word, _ in own)).strip("&;| ")
    if not said:
        return
    text = "llm-stack starts the program without a shell; do it in your own image, or as values, such as env"
    at.none(text, *dict.fromkeys(key for _, key in own), part=said)
    at.draft.warn(
        f"the command of the input{at.draft.of(at.server)} does more before it starts the program, which llm-stack does"
        f" not: {conceal.concealed(said)}"
    )


def _script(at: At, words: list[tuple[str, Any]]) -> bool:
    """Whether a command is a script or a program of the input's own, which decides the flags; that is said."""
    first = [*words, ("", ())]
    n = next((n for n, (word, _) in enumerate(first) if not RUNS.fullmatch(word)), 0)
    name, entry = first[n][0], n == 0 and at.path[-1] == ("entrypoint" if is_compose(at.source.data) else "command")
    known = at.program.commands if at.program else ()
    others = any(word in known or word in SWITCHES or word.startswith("-") for word, _ in words)
    if (
        not (SCRIPT.fullmatch(name) or (entry and name and not others))
        or _begin([word for word, _ in words], known) > n
    ):
        return False
    at.none(
        f"is a program of the input, {name}, that starts the server; write its flags as values",
        *dict.fromkeys(key for _, key in words),
    )
    at.draft.lost.add(at.server)
    at.draft.warn(
        f"{name} starts the server{at.draft.of(at.server)} of the input, and llm-stack starts it without that"
    )
    return True


def _without_script(at: At, words: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """What follows a Python program in a command, which starts the server in a way of its own."""
    for n in range(len(words) - 2):
        if words[n][0].rpartition("/")[2] in ("python", "python3") and words[n + 1][0] == "-c":
            text = "is a program around the server; llm-stack starts the server itself: extend your image with it"
            at.none(text, words[n + 1][1], words[n + 2][1])
            at.settled("is how llm-stack starts the program", words[n][1])
            return [*words[:n], *words[n + 3 :]]
    return words


def _of_the_program(at: At, words: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The arguments, without what a shell does with the program or after it."""
    for n, (word, key) in enumerate(words):
        if n and at.program and SHELL.fullmatch(word):
            at.none("llm-stack runs the program without a shell", key, part=" ".join(word for word, _ in words[n:]))
            return words[:n]
    return words


def _begin(words: list[str], commands: tuple[str, ...]) -> int:
    """Where the arguments begin: behind the last word of the command.

    A word of the command can also be a flag of the program, such as -m or -c, or the value of one, such as a name: it
    counts only where a command can be.
    """
    begin = 0
    for n, word in enumerate(words):
        before = words[n - 1] if n else ""
        if word in SWITCHES:
            starts = before.rpartition("/")[2] in SWITCHES[word] or (n == 0 and words[1:2] and words[1] in commands)
        else:
            starts = (word in commands or word.removeprefix("./") in commands) and (
                begin == n or not before.startswith("-")
            )
        if starts:
            begin = n + 1
    return begin


def _flags(words: list[tuple[str, Any]]) -> Iterator[Flag]:
    n = 0
    while n < len(words):
        word, key = words[n]
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            yield Flag(word, None, (word,), (key,))
        elif equals:
            yield Flag(name, value, (word,), (key,))
        elif n + 1 < len(words) and not _is_flag(words[n + 1][0]):
            end = n + 1
            while end < len(words) and not _is_flag(words[end][0]):
                end += 1
            own = words[n:end]
            n = end - 1
            texts_, keys = tuple(text for text, _ in own), tuple(each for _, each in own)
            yield Flag(name, texts_[1], texts_, keys, texts_[2:])
        else:
            yield Flag(name, None, (word,), (key,))
        n += 1


def _is_flag(word: str) -> bool:
    return word.startswith("-") and not word[1:2].isdigit()


def _row(at: At, flag: Flag) -> dict[str, Any] | None:
    return at.program.flags.get(flag.name.replace("_", "-")) if at.program else None


def _known(at: At, flag: Flag, entry: dict[str, Any]) -> None:
    keys = tuple(dict.fromkeys(flag.keys))
    if flag.more and entry.get("more"):
        more(at, [flag.name, flag.value or "", *flag.more], *keys)
    elif flag.more and not {"none", "same"} & entry.keys():
        at.none(f"{flag.name} has one value in llm-stack, the first one", *keys, part=" ".join(flag.more))
    if "none" in entry:
        at.none(entry["none"], *keys, part=" ".join(flag.words))
    elif "same" in entry:
        at.settled(entry["same"], *keys)
    elif entry.get("by") == "model":
        set_model(at, flag.value or "", *keys)
    elif "by" in entry:
        FUNCTIONS[entry["by"]](replace(at, row=entry, value=flag.value, keys=keys))
    elif "to" in entry and flag.value is None:
        at.put(entry["to"], True, *keys, how="as true")
    else:
        at.put(entry["to"], flag.value, *keys, how=entry.get("how", f"the flag {flag.name}"))


@row("device", TEXT)
def device(at: At) -> None:
    """The device that older versions of vLLM are told; llm-stack chooses the image for it."""
    at.none("vLLM no longer has this flag")
    if at.value == "cpu":
        at.draft.images.pop(at.server, None)


ALL_LAYERS = 99  # what people write for all of them


@row("layers", TEXT)
def layers(at: At) -> None:
    """The layers of llama.cpp in the memory of the GPUs: all of them, as llm-stack does, or some."""
    text = str(at.value)
    if text in ("all", "-1") or (text.isdigit() and int(text) >= ALL_LAYERS):
        at.settled("llm-stack has all layers in the memory of the GPUs, if gpu is set")
    elif text == "0":
        at.settled("llm-stack has no layers in the memory of GPUs, if gpu is not set")
    else:
        at.put("llamacpp.gpuLayers", text)


@row("switch", ANY)
def switch(at: At) -> None:
    """A setting that is a flag without a value; `usual` is what the program does without it."""
    if at.value is at.row.get("usual", False):
        at.settled("is what vLLM does")
    elif at.value is True:
        more(at, [at.row["flag"]], how=f"the flag {at.row['flag']}")
    elif at.value is False:
        off = at.row["flag"].replace("--", "--no-", 1)
        more(at, [off], how=f"the flag {off}")
    else:
        at.unknown()


@row("flag", TEXT)
def flag(at: At) -> None:
    """A setting that is a flag with a value."""
    if at.value in EMPTY:
        at.settled("is empty")
    else:
        more(at, [f"{at.row['flag']}={at.value}"], how=f"the flag {at.row['flag']}")
