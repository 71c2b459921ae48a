"""Which values a template reads, and which it changes: its actions run over what each may be, not over values.

`.Values.a.b` is read in many ways: through a variable, `with`, `range`, `get`, `dig`. What text alone cannot say (a key
that is worked out, a value behind `include`) counts as a read of all that it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..reading.gotemplate import Action, Branch, Call, Node, Pipe, Template, Term
from ..sources.fragment import Fragment

Path = tuple[str, ...]
ANY = "*"  # a key, or a place in a list, that text does not say
ALIAS, TOP, DEEP = 0, 1, 2  # whose memory it is: the values' own, a copy of one level, a copy of all
RELEASE, SERVER = "release", "server"
FACTS = "Facts"  # the first key of a path that leads into facts; no value is called so


@dataclass(frozen=True)
class Value:
    """What a pipeline may come to.

    `paths` are the values that it may be, `()` all of them, and `("Facts", …)` facts; `copied` says whether it can be
    changed without changing them; `context` marks what has `.Values`, `scope` whose they are; `keys` are its known
    entries, `element` what each entry or item is; `words` the texts that it may be, where all of them are known.
    """

    paths: frozenset[Path] = frozenset()
    copied: int = DEEP
    context: bool = False
    scope: str = ""
    keys: tuple[tuple[str, Value], ...] = ()
    element: Value | None = None
    words: frozenset[str] = frozenset()


class Source(NamedTuple):
    """A template file of a fragment, parsed. `path` is the file as problems call it."""

    fragment: Fragment
    file: str
    path: str
    template: Template


class Read(NamedTuple):
    """A value that is read: `whole` with all that is below it. `server` says that it happens where servers are gone
    through; `scope` whose values they are.
    """

    path: Path
    line: int
    whole: bool
    scope: str
    server: bool


class Change(NamedTuple):
    """A value that `function` changes in place."""

    path: Path
    line: int
    function: str


class Use(NamedTuple):
    """What a template file reads and changes; `fragment` is None for the stack's NOTES."""

    fragment: Fragment | None
    path: str
    reads: set[Read]
    changes: set[Change]


NOTHING = Value()


def context(scope: str = "") -> Value:
    """The context of a template, a server's or the release's."""
    return Value(context=True, scope=scope)


def servers() -> Value:
    """The map of all servers: an entry is a server's context."""
    return Value(element=context(SERVER))


def run(body: tuple[Node, ...], dot: Value) -> tuple[set[Read], set[Change]]:
    """What the body of a template reads and changes, given `dot`."""
    runner = _Runner(dot)
    runner.nodes(body, dot)
    return runner.reads, runner.changes


def of(template: Template, scopes: dict[str, str], own: str) -> tuple[set[Read], set[Change]]:
    """What a file reads and changes; `scopes` are those of its named templates, where known, `own` the file's."""
    reads, changes = run(template.body, context(own))
    for define in template.defines:
        more, others = run(define.body, context(scopes.get(define.name, "")))
        reads |= more
        changes |= others
    return reads, changes


def joined(values: Iterable[Value]) -> Value:
    """What may be any of these."""
    given = list(values)
    every = [value for value in given if value != NOTHING]
    if len(given) < 2:
        return given[0] if given else NOTHING
    known = all(value.words for value in given)
    keys: dict[str, list[Value]] = {}
    for value in every:
        for key, inner in value.keys:
            keys.setdefault(key, []).append(inner)
    elements = [value.element for value in every if value.element]
    return Value(
        frozenset().union(*(value.paths for value in every)),
        min((value.copied for value in every), default=DEEP),
        any(value.context for value in every),
        next((value.scope for value in every if value.scope), ""),
        tuple((key, joined(inner)) for key, inner in keys.items()),
        joined(elements) if elements else None,
        frozenset().union(*(value.words for value in every if known)),
    )


def entry(value: Value, key: str) -> Value:
    """What `value` has under `key`."""
    known = dict(value.keys)
    if key in known:
        return known[key]
    if key == "Values" and not value.paths:
        return Value(frozenset([()]), ALIAS, scope=value.scope)
    if key == FACTS and not value.paths:
        return Value(frozenset([(FACTS,)]), ALIAS, scope=value.scope)
    if key == "Servers" and not value.paths:
        return servers()
    if value.paths:
        # The servers of the release are laid over its values: an entry has the same keys.
        paths = frozenset(_settled((*path, key)) for path in value.paths)
        return Value(paths, DEEP if value.copied == DEEP else ALIAS, scope=value.scope)
    return value.element or NOTHING


def _settled(path: Path) -> Path:
    return path[2:] if len(path) > 1 and path[0] == "servers" else path


def item(value: Value) -> Value:
    """What any entry or item of it may be."""
    found = [inner for _, inner in value.keys]
    if value.element:
        found.append(value.element)
    elif value.paths:
        found.append(entry(value, ANY))
    return joined(found)


@dataclass
class _Runner:
    root: Value
    reads: set[Read] = field(default_factory=set)
    changes: set[Change] = field(default_factory=set)
    variables: dict[str, Value] = field(default_factory=dict)
    server: int = 0

    def __post_init__(self) -> None:
        self.variables["$"] = self.root

    def nodes(self, body: tuple[Node, ...], dot: Value) -> None:
        for node in body:
            if isinstance(node, Action):
                value = self.pipe(node.pipe, dot)
                if node.pipe.names:
                    self.bind(node.pipe.names[-1], value)
                else:
                    self.whole(value, node.line)
            elif isinstance(node, Branch):
                self.branch(node, dot)
            elif isinstance(node, Call) and node.pipe:
                self.whole(self.pipe(node.pipe, dot), node.line)

    def branch(self, node: Branch, dot: Value) -> None:
        value = self.pipe(node.pipe, dot)
        if node.kind == "range":
            self.range(node, value)
        else:
            if node.pipe.names:
                self.bind(node.pipe.names[-1], value)
            self.nodes(node.body, value if node.kind == "with" else dot)
        self.nodes(node.other, dot)

    def range(self, node: Branch, value: Value) -> None:
        inner = item(value)
        for path in value.paths:
            if path:
                self.read((*path, ANY), node.line, False, value.scope)
        names = node.pipe.names
        if names:
            self.bind(names[-1], inner)
        if len(names) == 2:
            self.bind(names[0], Value(words=frozenset(key for key, _ in value.keys)))
        self.server += inner.scope == SERVER
        # Twice: what a round assigns, the next one finds.
        self.nodes(node.body, inner)
        self.nodes(node.body, inner)
        self.server -= inner.scope == SERVER

    def bind(self, name: str, value: Value) -> None:
        self.variables[name] = joined([self.variables[name], value]) if name in self.variables else value

    def read(self, path: Path, line: int, whole: bool, scope: str) -> None:
        settled = _settled(path)
        if settled and settled[0] != ANY:  # going through all values is no use of any
            self.reads.add(Read(settled, line, whole, scope, self.server > 0))

    def whole(self, value: Value, line: int) -> None:
        """It goes where it cannot be followed: all of it counts as read."""
        for path in value.paths:
            self.read(path, line, True, value.scope)
        for _, inner in value.keys:
            self.whole(inner, line)
        if value.element:
            self.whole(value.element, line)

    # --- pipelines -------------------------------------------------------------------------------------------------

    def pipe(self, pipe: Pipe, dot: Value) -> Value:
        value: Value | None = None
        for command in pipe.commands:
            value = self.command(command, dot, value)
        return value or NOTHING

    def command(self, command: tuple[Term, ...], dot: Value, last: Value | None) -> Value:
        first, *rest = command
        if first.kind != "function":
            return self.term(first, dot)
        arguments = [self.term(term, dot) for term in rest] + ([last] if last else [])
        return self.call(first, arguments)

    def term(self, term: Term, dot: Value) -> Value:
        if term.kind == "text":
            return Value(words=frozenset([term.text]))
        if term.kind == "function":
            return self.call(term, [])
        value = NOTHING
        if term.kind == "dot":
            value = dot
        elif term.kind == "variable":
            value = self.variables.get(term.text, NOTHING)
        elif term.pipe:
            value = self.pipe(term.pipe, dot)
        for key in term.fields:
            value = entry(value, key)
        self.touch(value, term.line)
        return value

    def touch(self, value: Value, line: int) -> None:
        for path in value.paths:
            self.read(path, line, False, value.scope)

    def call(self, term: Term, arguments: list[Value]) -> Value:
        name = term.text.removeprefix("must")
        name = name[:1].lower() + name[1:]
        if name in ("set", "unset", "merge", "mergeOverwrite") and arguments:
            self.change(term, arguments[0])
        if name in KEPT:
            value = KEPT[name](arguments)
            self.touch(value, term.line)
            for _, inner in value.keys:
                self.touch(inner, term.line)
            return value
        if name not in LOOKS:
            for argument in arguments:
                self.whole(argument, term.line)
        return NOTHING

    def change(self, term: Term, value: Value) -> None:
        if value.copied == ALIAS:
            self.changes |= {Change(path, term.line, term.text) for path in value.paths}


# Functions that look at their arguments and keep nothing of what is below them.
LOOKS = {"not", "empty", "kindIs", "kindOf", "typeOf", "len"}


def _union(arguments: list[Value]) -> Value:
    return joined(arguments)


def _chosen(arguments: list[Value]) -> Value:
    """ternary: the first or the second."""
    return joined(arguments[:2])


def _copy(arguments: list[Value]) -> Value:
    return replace(arguments[0], copied=DEEP) if arguments else NOTHING


def _omitted(arguments: list[Value]) -> Value:
    return replace(arguments[0], copied=max(TOP, arguments[0].copied)) if arguments else NOTHING


def _picked(arguments: list[Value]) -> Value:
    value, *keys = arguments or [NOTHING]
    found = tuple((word, entry(value, word)) for key in keys for word in sorted(key.words))
    return Value(copied=TOP, keys=found)


def _merged(arguments: list[Value]) -> Value:
    value = joined(arguments)
    first = arguments[0].copied if arguments else DEEP
    copied = DEEP if all(each.copied == DEEP for each in arguments) else min(TOP, first)
    return replace(value, copied=copied)


def _set(arguments: list[Value]) -> Value:
    value, key, new = (*arguments, NOTHING, NOTHING, NOTHING)[:3]
    return replace(value, keys=value.keys + tuple((word, new) for word in sorted(key.words)))


def _got(arguments: list[Value]) -> Value:
    """get, index: along each key that is known, or any."""
    value = arguments[0] if arguments else NOTHING
    for key in arguments[1:]:
        value = joined(entry(value, word) for word in sorted(key.words)) if key.words else item(value)
    return value


def _plucked(arguments: list[Value]) -> Value:
    key, *values = arguments or [NOTHING]
    return _list([_got([value, key]) for value in values])


def _dug(arguments: list[Value]) -> Value:
    *keys, fallback, value = arguments if len(arguments) > 2 else [NOTHING, NOTHING, NOTHING]
    return joined([_got([value, *keys]), fallback])


def _has(arguments: list[Value]) -> Value:
    value = _got(arguments[:2])
    return Value(value.paths, value.copied, scope=value.scope)


def _dict(arguments: list[Value]) -> Value:
    pairs = list(zip(arguments[::2], arguments[1::2], strict=False))
    found = tuple((word, value) for key, value in pairs for word in sorted(key.words))
    others = [value for key, value in pairs if not key.words]
    return Value(copied=TOP, keys=found, context="Values" in dict(found), element=joined(others) if others else None)


def _list(arguments: list[Value]) -> Value:
    return Value(copied=TOP, element=joined(arguments))


def _item(arguments: list[Value]) -> Value:
    return item(arguments[0]) if arguments else NOTHING


def _lists(arguments: list[Value]) -> Value:
    return Value(copied=TOP, element=joined(item(argument) for argument in arguments))


def _appended(arguments: list[Value]) -> Value:
    value, new = (*arguments, NOTHING, NOTHING)[:2]
    return Value(copied=TOP, element=joined([item(value), new]))


def _nothing(arguments: list[Value]) -> Value:
    return joined(arguments) if any(argument.element for argument in arguments) else NOTHING


# Functions whose value is one of their arguments, a part of one, or made of them.
KEPT: dict[str, Callable[[list[Value]], Value]] = {
    **dict.fromkeys(("default", "coalesce", "or", "and"), _union),
    "ternary": _chosen,
    "deepCopy": _copy,
    "omit": _omitted,
    "pick": _picked,
    **dict.fromkeys(("merge", "mergeOverwrite"), _merged),
    "set": _set,
    **dict.fromkeys(("get", "index"), _got),
    "dig": _dug,
    "pluck": _plucked,
    "hasKey": _has,
    "dict": _dict,
    **dict.fromkeys(("list", "tuple"), _list),
    **dict.fromkeys(("first", "last"), _item),
    "values": lambda arguments: Value(copied=TOP, element=_item(arguments)),
    **dict.fromkeys(("concat", "compact", "uniq", "rest", "initial", "reverse"), _lists),
    **dict.fromkeys(("append", "prepend"), _appended),
    **dict.fromkeys(("fromJson", "fromYaml"), _nothing),
}
