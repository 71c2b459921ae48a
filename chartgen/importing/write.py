"""The values file: what is written, in the order of llm-stack's own values, with the comments of the input."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from ..chart.header import LINE, like_a_word
from ..compose.yamltext import document, key_text
from ..reading import conceal
from ..reading.yamlfile import Key, dotted
from .draft import Draft, Put

WIDTH = 110


def text(draft: Draft, origin: str, order: list[str]) -> tuple[str, dict[int, Put]]:
    """The text of the values file, and the value that each of its lines belongs to."""
    head = [f"# Values for llm-stack, written by 'chartgen import' from {origin}."]
    if needs := draft.needed():
        said = {"initial_indent": "# needs: ", "subsequent_indent": "# needs: ", "break_on_hyphens": False}
        head += (line.removesuffix(",") for line in textwrap.wrap(", ".join(needs), WIDTH, **said))
    if draft.security:
        head.append(f"# pod-security: {draft.security}")
    puts = {draft.place(put): put for put in draft.puts}
    data = draft.data()
    lines: list[tuple[str, Put | None]] = [(line, None) for line in [*head, ""]]
    for key in sorted(data, key=lambda key: order.index(key) if key in order else len(order)):
        lines += _entry(draft, puts, (key,), data[key], 0)
    return "\n".join(line for line, _ in lines) + "\n", {n: put for n, (_, put) in enumerate(lines, 1) if put}


def _entry(draft: Draft, puts: dict[Key, Put], path: Key, value: Any, depth: int) -> Iterator[tuple[str, Put | None]]:
    put = puts.get(path)
    indent = "  " * depth
    if put:
        for comment in _comments(draft, put):
            yield f"{indent}{comment}", put
    below = isinstance(value, dict) and value and any(_is_below(other, path) for other in puts)
    if below:
        yield f"{indent}{key_text(str(path[-1]))}:", put
        for key, inner in value.items():
            yield from _entry(draft, puts, (*path, key), inner, depth + 1)
    else:
        for line in document({str(path[-1]): value}, depth).removesuffix("\n").split("\n"):
            yield line, put


def _is_below(other: Key, path: Key) -> bool:
    return len(other) > len(path) and other[: len(path)] == path


def _comments(draft: Draft, put: Put) -> Iterator[str]:
    """The comments of the input at what a value is made of, and where that was, if it looks another way."""
    seen = []
    for number, key in put.spots:
        source = draft.sources[number]
        for end in range(1, len(key) + 1):
            for said in source.said(key[:end]):
                if said not in seen and not _used(draft, put, said):
                    seen.append(said)
    yield from (_plain(said) for said in seen)
    if put.how and put.spots:
        number, key = put.spots[0]
        source = draft.sources[number]
        place = f"# {source.path}:{source.line(key)}: {dotted(key)}"
        if not _used(draft, put, place):
            yield place


def _used(draft: Draft, put: Put, said: str) -> bool:
    """Whether a comment is written already: that of a block is written once, at its first value."""
    owner = draft.comments.setdefault(said, put)
    return owner is not put


def _plain(said: str) -> str:
    """A comment that no program reads as a word of the header."""
    said = conceal.formless(re.sub(r"^#+\s*", "# ", said))
    found = LINE.match(said)
    return f"# {said[2:3].upper()}{said[3:]}" if found and like_a_word(found[1]) else said
