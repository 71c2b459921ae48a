"""PyYAML's `yaml._yaml` in the static page, where libyaml is not: the events of libyaml's port to Go, in the renderer.

It is ten times as fast there as PyYAML's own scanner, and its errors are libyaml's. `events` is set by engine.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from yaml import events as made
from yaml.composer import Composer
from yaml.error import Mark, YAMLError
from yaml.parser import ParserError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

ENCODING = "utf-8"
STYLES = {1: "", 2: "'", 3: '"', 4: "|", 5: ">"}  # of scalars
FLOW = 2  # the style of a list or a map in brackets


def events(text: str) -> str:
    """The events of a text, as page.yaml has them in JSON."""
    raise NotImplementedError


class CParser(Composer):
    """What PyYAML's loaders use of the class of that name."""

    def __init__(self, stream: Any) -> None:
        Composer.__init__(self)
        text = stream if isinstance(stream, (str, bytes)) else stream.read()
        text = text.decode() if isinstance(text, bytes) else text
        found = json.loads(events(text))
        self._left = found["events"][::-1]
        self._fault = found if found["problem"] else None
        self._next: Any = None

    def dispose(self) -> None:
        self._left, self._next = [], None

    def peek_event(self) -> Any:
        if self._next is None and self._left:
            event = self._left.pop()
            self._next = EVENTS[event[0]](event)
        if self._next is None and self._fault:
            raise _error(self._fault)
        return self._next

    def get_event(self) -> Any:
        event = self.peek_event()
        self._next = None
        return event

    def check_event(self, *choices: type) -> bool:
        event = self._next or self.peek_event()
        return event is not None and (not choices or isinstance(event, choices))


class CEmitter:
    """Nothing in the page writes YAML by PyYAML."""


def _mark(line: int, column: int) -> Mark:
    return Mark("", 0, line, column, None, 0)


def _error(fault: dict[str, Any]) -> YAMLError:
    kind = {"reader": ReaderError, "scanner": ScannerError}.get(fault["kind"], ParserError)
    if kind is ReaderError:
        offset, value = fault["at"]
        return ReaderError("", offset, max(value, 0), ENCODING, fault["problem"])
    context = fault["context"]
    return kind(context or None, _mark(*fault["from"]) if context else None, fault["problem"], _mark(*fault["at"]))


def _plain(kind: type) -> Callable[[list[Any]], Any]:
    return lambda e: kind(_mark(e[1], e[2]), _mark(e[3], e[4]))


def _document(kind: type) -> Callable[[list[Any]], Any]:
    return lambda e: kind(_mark(e[1], e[2]), _mark(e[3], e[4]), not e[8])


def _begun(kind: type) -> Callable[[list[Any]], Any]:
    return lambda e: kind(e[5] or None, e[6] or None, e[8], _mark(e[1], e[2]), _mark(e[3], e[4]), e[10] == FLOW)


def _scalar(e: list[Any]) -> made.ScalarEvent:
    implicit = (e[8], e[9])
    return made.ScalarEvent(
        e[5] or None, e[6] or None, implicit, e[7], _mark(e[1], e[2]), _mark(e[3], e[4]), STYLES.get(e[10])
    )


# By the number of the event in libyaml.
EVENTS: dict[int, Callable[[list[Any]], Any]] = {
    1: _plain(made.StreamStartEvent),
    2: _plain(made.StreamEndEvent),
    3: _document(made.DocumentStartEvent),
    4: _document(made.DocumentEndEvent),
    5: lambda e: made.AliasEvent(e[5], _mark(e[1], e[2]), _mark(e[3], e[4])),
    6: _scalar,
    7: _begun(made.SequenceStartEvent),
    8: _plain(made.SequenceEndEvent),
    9: _begun(made.MappingStartEvent),
    10: _plain(made.MappingEndEvent),
}
