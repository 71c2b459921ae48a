"""One answer in the text of a values file: the rest stays as it is written, and no comment is lost.

The nodes of PyYAML say where a value is; it is replaced in the text by lines and columns. Whoever calls this reads the
result, and takes it only if it says what it has to say: that covers anchors, merges and layouts that are rare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yaml.error import Mark
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from ..compose import yamltext
from ..reading import yamlfile

COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.M)

Entry = tuple[Node, Node]  # the key and its value


def edited(text: str, path: list[str], data: dict[str, Any]) -> str | None:
    """A text that ends with a line break, with the value at `path` as it is in `data`: changed, added or taken out.

    None where its lines cannot be told from others, as in a file that is one map in brackets.
    """
    return _Text(text).edited(path, data)


def comments(text: str) -> list[str]:
    """Every comment of a text, in order."""
    whole = _Text(text)
    return whole.comments(0, len(text))


class _Text:
    """A text with its nodes. An offset is the place of a mark in it."""

    def __init__(self, text: str) -> None:
        self.text, self.root = text, yamlfile.tree(text)
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        masked = list(text)
        for node in _scalars(self.root):
            begin, end = self.offset(node.start_mark), self.offset(node.end_mark)
            if node.style in ("|", ">"):
                begin = self.after(begin)  # its first line can have a comment
            masked[begin:end] = ["\n" if char == "\n" else "x" for char in text[begin:end]]
        self.masked = "".join(masked)

    def offset(self, mark: Mark) -> int:
        return min(self.starts[min(mark.line, len(self.starts) - 1)] + mark.column, len(self.text))

    def after(self, offset: int) -> int:
        """Where the line after that of an offset begins; the offset itself where it is the begin of a line."""
        if offset and self.text[offset - 1] == "\n":
            return offset
        return self.text.find("\n", offset) + 1 or len(self.text)

    def comments(self, begin: int, end: int) -> list[str]:
        return [self.text[hit.start() : hit.end()] for hit in COMMENT.finditer(self.masked, begin, end)]

    def edited(self, path: list[str], data: dict[str, Any]) -> str | None:
        at, inner = self.root, data
        for depth, key in enumerate(path, start=1):
            if not _is_block(at):
                return None
            entry = next((each for each in at.value if each[0].value == key), None)
            if entry is None:
                return self._added(at.value[-1], {key: inner[key]}) if key in inner else self.text
            if key not in inner:
                return self._replaced(entry, {})
            if depth == len(path) or not _is_block(entry[1]):
                return self._replaced(entry, {key: inner[key]})
            at, inner = entry[1], inner[key]
        return None

    def _added(self, last: Entry, said: dict[str, Any]) -> str:
        place = self.after(self._end(last))
        return self.text[:place] + _indented(said, last[0].start_mark.column) + self.text[place:]

    def _replaced(self, entry: Entry, said: dict[str, Any]) -> str | None:
        """The text with another entry in place of one, or with none; the comments in it stay above or behind it."""
        key = entry[0].start_mark
        begin = self.starts[key.line]
        if self.text[begin : self.offset(key)].strip(" "):
            return None
        stop, first = self.after(self._end(entry)), self.starts[key.line + 1]
        behind = self.comments(begin, first) if said else []
        above = self.comments(first if said else begin, stop)
        head, _, rest = _indented(said, key.column).partition("\n")
        lines = [" " * key.column + each for each in above] + ([" ".join([head, *behind])] if said else [])
        return self.text[:begin] + "".join(f"{line}\n" for line in lines) + rest + self.text[stop:]

    def _end(self, entry: Entry) -> int:
        """Where the last character of an entry is."""
        key, value = entry
        while isinstance(value, CollectionNode) and not value.flow_style and value.value:
            # A block ends where the next one begins, behind the comments between them.
            key, value = value.value[-1] if isinstance(value, MappingNode) else (key, value.value[-1])
        # An alias has the place of its anchor; it is behind its key.
        return max(self.offset(key.end_mark), self.offset(value.end_mark))


def _is_block(node: Node | None) -> bool:
    return isinstance(node, MappingNode) and not node.flow_style


def _indented(said: dict[str, Any], column: int) -> str:
    lines = yamltext.document(said).splitlines(keepends=True)
    return "".join(" " * column + line if line.strip() else line for line in lines)


def _scalars(node: Node | None) -> Iterator[ScalarNode]:
    left, seen = [node] if node else [], set()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, ScalarNode):
            yield each
        elif isinstance(each, MappingNode):
            left += [part for pair in each.value for part in pair]
        else:
            left += each.value
