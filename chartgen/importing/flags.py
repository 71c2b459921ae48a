"""The command line of a server: flags that llm-stack has a value for, and the others as extraArgs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .at import EMPTY, At
from .function import FUNCTIONS, row
from .models import set_model
from .typed import ANY, TEXT


@dataclass(frozen=True)
class Flag:
    """A flag with its value, None where it has none, and the items of the list that it is written in."""

    name: str
    value: str | None
    words: tuple[str, ...]
    keys: tuple[Any, ...]


@row("arguments", ([TEXT], TEXT))
def arguments(at: At) -> None:
    """The arguments of a program, by its rows; the others go to extraArgs."""
    words = [(word, key) for key, text in _items(at.value) for word in _words(text)]
    left: list[str] = []
    kept: list[Any] = []
    for flag in _flags(_without_command(at, words)):
        known = _row(at, flag)
        if known is None:
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


def _items(value: Any) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, list):
        return [((n,), str(item)) for n, item in enumerate(value) if item is not None]
    return [((), str(value))] if isinstance(value, str) else []


def _words(text: str) -> list[str]:
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
    commands = at.program.commands if at.program else ()
    for n in range(len(words) - 1, -1, -1):
        if words[n][0] in commands:
            for _, key in words[: n + 1]:
                at.settled("is how llm-stack starts the program", key)
            words = words[n + 1 :]
            break
    takes = "--model" in at.program.flags if at.program else False
    return [("--model", words[0][1]), *words] if takes and words and not words[0][0].startswith("-") else words


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
            yield Flag(name, words[n + 1][0], (word, words[n + 1][0]), (key, words[n + 1][1]))
            n += 1
        else:
            yield Flag(name, None, (word,), (key,))
        n += 1


def _is_flag(word: str) -> bool:
    return word.startswith("-") and not word[1:2].isdigit()


def _row(at: At, flag: Flag) -> dict[str, Any] | None:
    return at.program.flags.get(flag.name.replace("_", "-")) if at.program else None


def _known(at: At, flag: Flag, entry: dict[str, Any]) -> None:
    keys = tuple(dict.fromkeys(flag.keys))
    if "none" in entry:
        at.none(entry["none"], *keys)
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


@row("switch", ANY)
def switch(at: At) -> None:
    """A setting that is a flag without a value; `usual` is what the program does without it."""
    if at.value is at.row.get("usual", False):
        at.settled("is what vLLM does")
    elif at.value is True:
        more(at, [at.row["flag"]], how=f"the flag {at.row['flag']}")
    elif at.value is False:
        more(at, [at.row["flag"].replace("--", "--no-", 1)], how=f"the flag {at.row['flag']}")
    else:
        at.unknown()


@row("flag", TEXT)
def flag(at: At) -> None:
    """A setting that is a flag with a value."""
    if at.value in EMPTY:
        at.settled("is empty")
    else:
        more(at, [f"{at.row['flag']}={at.value}"], how=f"the flag {at.row['flag']}")
