"""Which values a template reads, and which it changes: its actions run over what each may be, not over values.

`.Values.a.b` is read in many ways: through a variable, `with`, `range`, `get`, `dig`. What text alone cannot say (a key
that is worked out, a value behind `include`) counts as a read of all that it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..conventions import IMAGES_BY_VENDOR, PARSERS
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Pipe, Template, Term
from ..sources.fragment import Fragment
from . import forms

Path = tuple[str, ...]
ANY = "*"  # a key, or a place in a list, that text does not say
ALIAS, TOP, DEEP = 0, 1, 2  # whose memory it is: the values' own, a copy of one level, a copy of all
RELEASE, SERVER = "release", "server"
FACTS = "Facts"  # the first key of a path that leads into facts; no value is called so
BUILT_IN = ("Chart", "Release", "Capabilities", "Template", "Files", "Subcharts")  # what Helm gives to all templates
BUILT = ""  # the first key of a path into these
DEEPEST = 8  # templates of a fragment that include each other

# What a value is made as: one of the kinds below, with the kinds of a list's items, empty where text does not say, or
# the keys of a dict.
Shape = tuple[str, tuple[str, ...]]
CONTEXT, WORDS, COUNT, LIST, DICT, PART = "context", "text", "number", "list", "dict", "value"


@dataclass(frozen=True)
class Value:
    """What a pipeline may come to.

    `paths` are the values that it may be, `()` all of them, and `("Facts", …)` facts; `copied` says whether it can be
    changed without changing them; `context` marks what has `.Values`, `scope` whose they are; `keys` are its known
    entries, `element` what each entry or item is; `words` the texts that it may be, where all of them are known, and
    `prints` the forms in which it is printed (forms.py), where these are. `made` are the places in templates that make
    the map, by which it is known under any name when `set` changes it. `shapes` are what it may be made as, where all
    of these are known.
    """

    paths: frozenset[Path] = frozenset()
    copied: int = DEEP
    context: bool = False
    scope: str = ""
    keys: tuple[tuple[str, Value], ...] = ()
    element: Value | None = None
    words: frozenset[str] = frozenset()
    prints: frozenset[str] = frozenset()
    made: frozenset[int] = frozenset()
    shapes: frozenset[Shape] = frozenset()

    @property
    def kind(self) -> str:
        """The one kind that it is, or empty; PART for a value or a fact, which is no context."""
        kinds = {kind for kind, _ in self.shapes} or ({PART} if self.paths and not self.context else set())
        return kinds.pop() if len(kinds) == 1 else ""


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


class Number(NamedTuple):
    """A value of which `function` makes a number."""

    path: Path
    line: int
    function: str


class Given(NamedTuple):
    """What a template is given where it is included."""

    line: int
    name: str
    value: Value


class Format(NamedTuple):
    """What `printf` is given: its text, and a value for each place in it."""

    line: int
    text: str
    values: tuple[Value, ...]


class Image(NamedTuple):
    """An image that a template states for a vendor of accelerators."""

    line: int
    vendor: str
    image: str


@dataclass
class Found:
    """What a template file does: the values that it reads, changes and makes numbers of.

    `printed` maps where an action starts to what it prints, `parsed` are the templates whose output is read as YAML,
    `images` what is given to the template that states images by vendor, `ranged` the values that `range` goes through,
    `given` what the templates of others are given, `formats` what `printf` is given.
    """

    reads: set[Read] = field(default_factory=set)
    changes: set[Change] = field(default_factory=set)
    numbers: set[Number] = field(default_factory=set)
    printed: dict[int, Value] = field(default_factory=dict)
    parsed: set[str] = field(default_factory=set)
    images: set[Image] = field(default_factory=set)
    ranged: set[tuple[Path, int]] = field(default_factory=set)
    given: set[Given] = field(default_factory=set)
    formats: set[Format] = field(default_factory=set)

    def join(self, other: Found) -> None:
        """Add what is found of the same file where another one includes its templates."""
        self.reads |= other.reads
        self.changes |= other.changes
        self.numbers |= other.numbers
        self.parsed |= other.parsed
        self.images |= other.images
        self.ranged |= other.ranged
        self.given |= other.given
        self.formats |= other.formats
        for start, value in other.printed.items():
            self.printed[start] = joined([self.printed[start], value]) if start in self.printed else value


class Use(NamedTuple):
    """What a template file does; `fragment` is None for the stack's NOTES."""

    fragment: Fragment | None
    path: str
    found: Found


NOTHING = Value()


def context(scope: str = "") -> Value:
    """The context of a template, a server's or the release's; without a scope it may be anything, such as a dict."""
    shapes = _shape(CONTEXT) if scope else UNKNOWN
    return Value(copied=ALIAS if scope else DEEP, context=True, scope=scope, shapes=shapes)


def _shape(kind: str, parts: Iterable[str] = ()) -> frozenset[Shape]:
    return frozenset([(kind, tuple(parts))])


UNKNOWN: frozenset[Shape] = frozenset()


def servers() -> Value:
    """The map of all servers: an entry is a server's context."""
    return Value(element=context(SERVER))


def run(source: Source, others: dict[str, tuple[str, Define]], scopes: dict[str, str], own: str) -> dict[str, Found]:
    """What a file does, and with what it gives to other templates of its fragment, these: file -> Found.

    `others` are the fragment's named templates and their files, `scopes` those of templates, where known, `own` the
    file's.
    """
    runner = _Runner({source.path: Found()}, source.path, others)
    runner.run(source.template.body, context(own))
    for define in source.template.defines:
        runner.run(define.body, context(scopes.get(define.name, "")))
    return runner.all


def joined(values: Iterable[Value]) -> Value:
    """What may be any of these."""
    given = list(dict.fromkeys(values))
    if len(given) < 2:
        return given[0] if given else NOTHING
    every = [value for value in given if value != NOTHING]
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
        forms.joined([value.prints for value in given]),
        frozenset().union(*(value.made for value in every)),
        frozenset().union(*(value.shapes for value in given)) if all(value.shapes for value in given) else UNKNOWN,
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
    if key in ("Servers", "Serving") and not value.paths:
        return servers()
    if value.paths:
        # The servers of the release are laid over its values: an entry has the same keys.
        paths = frozenset(_settled((*path, key)) for path in value.paths)
        prints = frozenset("." + ".".join(path) for path in paths)
        own = Value(paths, DEEP if value.copied == DEEP else ALIAS, scope=value.scope, prints=prints)
        return joined([own, value.element]) if value.element else own
    if value.context and key in BUILT_IN:
        return Value(frozenset([(BUILT, key)]), ALIAS)
    return value.element or NOTHING


def _settled(path: Path) -> Path:
    return path[2:] if len(path) > 1 and path[0] == "servers" else path


def item(value: Value) -> Value:
    """What any entry or item of it may be."""
    found = [inner for _, inner in value.keys]
    if value.paths:
        found.append(entry(value, ANY))
    elif value.element:
        found.append(value.element)
    return joined(found)


@dataclass
class _Runner:
    all: dict[str, Found]
    file: str
    others: dict[str, tuple[str, Define]]
    entered: set[tuple[str, Value]] = field(default_factory=set)
    depth: int = 0
    variables: dict[str, Value] = field(default_factory=dict)
    grown: dict[int, Value] = field(default_factory=dict)  # what is added to a map, by the place that makes it
    server: int = 0

    @property
    def found(self) -> Found:
        return self.all.setdefault(self.file, Found())

    def run(self, body: tuple[Node, ...], dot: Value) -> None:
        self.variables = {"$": dot}
        self.nodes(body, dot)

    def nodes(self, body: tuple[Node, ...], dot: Value) -> None:
        for node in body:
            if isinstance(node, Action):
                value = self.pipe(node.pipe, dot)
                if node.pipe.names:
                    self.bind(node.pipe.names[-1], value)
                else:
                    self.whole(value, node.line)
                    self.prints(node.start, value)
            elif isinstance(node, Branch):
                self.branch(node, dot)
            elif isinstance(node, Call):
                self.prints(node.start, Value(prints=frozenset([node.name])))
                if node.pipe:
                    self.included(Value(words=frozenset([node.name])), self.pipe(node.pipe, dot), node.line)

    def prints(self, start: int, value: Value) -> None:
        known = self.found.printed.get(start)
        self.found.printed[start] = joined([known, value]) if known else value

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
            self.read((*path, ANY), node.line, False, value.scope)
            self.found.ranged.add((path, node.line))
        names = node.pipe.names
        if names:
            self.bind(names[-1], inner)
        if len(names) == 2:
            first = node.pipe.commands[-1][0]
            numbered = first.kind == "function" and first.text in LISTS
            words = frozenset(key for key, _ in value.keys)
            counts = frozenset(f".{'.'.join(path)}.{forms.INDEX}" for path in value.paths if path)
            prints = frozenset([forms.PLAIN]) if numbered else counts if len(counts) == len(value.paths) else forms.TEXT
            self.bind(names[0], Value(words=words, prints=prints))
        self.server += inner.scope == SERVER
        # Twice: what a round assigns, the next one finds.
        self.nodes(node.body, inner)
        self.nodes(node.body, inner)
        self.server -= inner.scope == SERVER

    def bind(self, name: str, value: Value) -> None:
        self.variables[name] = joined([self.variables[name], value]) if name in self.variables else value

    def read(self, path: Path, line: int, whole: bool, scope: str) -> None:
        settled = _settled(path) or ((ANY,) if whole else ())
        if settled and settled[0] != BUILT:
            self.found.reads.add(Read(settled, line, whole, scope, self.server > 0))

    def whole(self, value: Value, line: int) -> None:
        """It goes where it cannot be followed: all of it counts as read."""
        waiting, known = [value], set()
        while waiting:
            each = waiting.pop()
            if each.made and each.made <= known:
                continue  # a map that is in itself
            known |= each.made
            each = self.now(each)
            for path in each.paths:
                self.read(path, line, True, each.scope)
            waiting += [inner for _, inner in each.keys] + ([each.element] if each.element else [])

    def now(self, value: Value) -> Value:
        """A map with all that has been added to it."""
        added = [self.grown[place] for place in value.made if place in self.grown]
        return joined([value, *added]) if added else value

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
        value = self.call(first, arguments)
        if first.text == "set" and rest:
            self.put(rest[0], arguments, value)
        return value

    def put(self, target: Term, arguments: list[Value], value: Value) -> None:
        """What `set` puts into a variable is in it from then on; into anything else, it cannot be followed."""
        if target.kind == "variable" and not target.fields:
            self.bind(target.text, value)
        elif len(arguments) > 2:
            self.whole(arguments[2], target.line)

    def term(self, term: Term, dot: Value) -> Value:
        if term.kind == "text":
            return Value(words=frozenset([term.text]), prints=forms.literal(term.text), shapes=_shape(WORDS))
        if term.kind in ("number", "bool"):
            return Value(prints=frozenset([forms.PLAIN]), shapes=_shape(COUNT))
        if term.kind == "function":
            return self.call(term, [])
        value = NOTHING
        if term.kind == "dot":
            value = dot
        elif term.kind == "variable":
            value = self.variables.get(term.text, NOTHING)
        elif term.pipe:
            value = self.pipe(term.pipe, dot)
        value = self.now(value)
        for key in term.fields:
            value = self.now(entry(value, key))
        if term.fields[-1:] in AS_YAML:
            value = Value(prints=frozenset([forms.YAML]))
        if term.fields[-2:] == ("APIVersions", "Has"):
            value = Value(prints=frozenset([forms.PLAIN]))
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
        if name in ("merge", "mergeOverwrite"):
            self.deeper(term, arguments)
        if name == "include":
            return self.included(*(arguments + [NOTHING] * 2)[:2], term.line)
        if name in KEPT:
            value = KEPT[name]([self.now(each) for each in arguments])
            if name in MAKERS:
                value = replace(value, made=frozenset([id(term)]))
            elif name in ("set", "merge", "mergeOverwrite"):
                self.grow(arguments[0] if arguments else NOTHING, value)
            value = self.now(value)
            self.touch(value, term.line)
            for _, inner in value.keys:
                self.touch(inner, term.line)
            return value
        if name in NUMBERS:
            self.found.numbers |= {Number(path, term.line, term.text) for each in arguments for path in each.paths}
        if name not in LOOKS:
            for argument in arguments:
                self.whole(argument, term.line)
        words = arguments[0].words if arguments else forms.TEXT
        if name == "printf":
            self.found.formats |= {Format(term.line, text, tuple(arguments[1:])) for text in words}
        kept = words if name in QUOTES and len(arguments) == 1 else frozenset()
        prints = forms.called(name, words, [argument.prints for argument in arguments])
        return Value(words=kept, prints=prints, shapes=_shape(WORDS) if name in TEXTS else UNKNOWN)

    def included(self, name: Value, given: Value, line: int) -> Value:
        """A template of the same fragment is followed with what it is given; to any other goes all of it."""
        if name.words and name.words <= self.others.keys():
            for each in name.words:
                self.enter(each, given, line)
        else:
            self.whole(given, line)
            self.found.given |= {Given(line, each, given) for each in name.words if len(name.words) == 1}
        if name.words & PARSING:
            self.found.parsed |= {form for form in given.prints if form.startswith("fragment.")}
        if IMAGES_BY_VENDOR in name.words:
            for vendor, image in entry(given, "images").keys:
                self.found.images |= {Image(line, vendor, word) for word in image.words}
        return Value(prints=name.words, shapes=_shape(WORDS))

    def enter(self, name: str, given: Value, line: int) -> None:
        path, define = self.others[name]
        if self.depth > DEEPEST:
            self.whole(given, line)
        if (name, given) in self.entered or self.depth > DEEPEST:
            return
        self.entered.add((name, given))
        before = self.file, self.variables
        self.file, self.depth = path, self.depth + 1
        self.run(define.body, given)
        self.depth -= 1
        self.file, self.variables = before

    def change(self, term: Term, value: Value) -> None:
        if value.copied == ALIAS:
            paths = value.paths or ({(BUILT, "the context")} if value.context else ())
            self.found.changes |= {Change(path, term.line, term.text) for path in paths}

    def grow(self, value: Value, now: Value) -> None:
        """A map is changed: wherever the same map is read later, it has what it has now."""
        shapes = now.shapes if now.kind == CONTEXT else UNKNOWN
        added = replace(now, made=frozenset(), words=frozenset(), prints=frozenset(), shapes=shapes)
        for place in value.made:
            self.grown[place] = joined([self.grown[place], added]) if place in self.grown else added

    def deeper(self, term: Term, arguments: list[Value]) -> None:
        """merge: maps inside its first argument are changed too, where another one has a map under the same key."""
        for n, other in enumerate(arguments[1:], 1):
            for into in arguments[:n]:  # what the first argument has of those before is not a copy
                for value in _merged_into(into, other, DEEPEST):
                    self.change(term, value)


def _merged_into(value: Value, other: Value, depth: int) -> Iterator[Value]:
    """What is inside a value and is merged with what is inside another one."""
    named = {key for key, _ in value.keys}
    shared = {key for key, _ in other.keys}
    if other.paths or other.element or other.context:
        shared |= named | ({ANY} if value.paths and other.paths and value.paths != other.paths else set())
    for key in sorted(shared) if depth else ():
        inner, more = entry(value, key), entry(other, key)
        if (more.keys or more.paths or more.element) and inner not in (NOTHING, more):
            yield inner
            yield from _merged_into(inner, more, depth - 1) if key != ANY else ()


# Functions that make a map or a list.
MAKERS = {"dict", "list", "tuple", "deepCopy", "omit", "pick"}


# Functions that return a list, whose items `range` counts.
LISTS = {
    "list",
    "splitList",
    "until",
    "untilStep",
    "keys",
    "values",
    "sortAlpha",
    "uniq",
    "concat",
    "append",
    "compact",
}
# Functions that make a number of a text, 0 where it is none.
NUMBERS = {"int", "int64", "float64", "add", "add1", "sub", "mul", "div", "mod", "max", "min"}
# Functions that return a text, whatever they are given.
TEXTS = {"printf", "print", "quote", "toString", "toJson", "toYaml", "lower", "upper", "trim", "trunc", "join"}
# Functions that print a text as a YAML scalar.
QUOTES = {"quote", "toJson", "toRawJson"}
AS_YAML = (("AsConfig",), ("AsSecrets",))
PARSING = {*PARSERS, "fragment.list"}


# Functions that look at their arguments and keep nothing of what is below them.
LOOKS = {"not", "empty", "kindIs", "kindOf", "typeOf", "len"}


def _union(arguments: list[Value]) -> Value:
    return joined(arguments)


def _chosen(arguments: list[Value]) -> Value:
    """ternary: the first or the second."""
    return joined(arguments[:2])


def _copy(arguments: list[Value]) -> Value:
    return _deep(arguments[0]) if arguments else NOTHING


def _deep(value: Value) -> Value:
    """A value as a copy of all of it."""
    keys = tuple((key, _deep(inner)) for key, inner in value.keys)
    return replace(
        value, copied=DEEP, keys=keys, element=_deep(value.element) if value.element else None, made=frozenset()
    )


def _omitted(arguments: list[Value]) -> Value:
    return replace(arguments[0], copied=max(TOP, arguments[0].copied), shapes=UNKNOWN) if arguments else NOTHING


def _picked(arguments: list[Value]) -> Value:
    value, *keys = arguments or [NOTHING]
    found = tuple((word, entry(value, word)) for key in keys for word in sorted(key.words))
    return Value(copied=TOP, keys=found)


def _merged(arguments: list[Value]) -> Value:
    value = joined(arguments)
    first = arguments[0].copied if arguments else DEEP
    copied = DEEP if all(each.copied == DEEP for each in arguments) else min(TOP, first)
    contexts = any(argument.kind == CONTEXT for argument in arguments)
    return replace(value, copied=copied, shapes=_shape(CONTEXT) if contexts else UNKNOWN)


def _first(arguments: list[Value]) -> Value:
    return arguments[0] if arguments else NOTHING


def _set(arguments: list[Value]) -> Value:
    value, key, new = (*arguments, NOTHING, NOTHING, NOTHING)[:3]
    if not key.words:
        return replace(value, element=joined([value.element, new]) if value.element else new, shapes=UNKNOWN)
    known = dict(value.keys)
    added = {word: joined([known[word], new]) if word in known else new for word in sorted(key.words)}
    return replace(value, keys=tuple((known | added).items()), shapes=UNKNOWN)


def _got(arguments: list[Value]) -> Value:
    """get, index: along each key that is known, or any."""
    value = arguments[0] if arguments else NOTHING
    for key in arguments[1:]:
        value = joined(entry(value, word) for word in sorted(key.words)) if key.words else item(value)
    return value


def _plucked(arguments: list[Value]) -> Value:
    key, *values = arguments or [NOTHING]
    return replace(_list([_got([value, key]) for value in values]), shapes=UNKNOWN)


def _dug(arguments: list[Value]) -> Value:
    *keys, fallback, value = arguments if len(arguments) > 2 else [NOTHING, NOTHING, NOTHING]
    return joined([_got([value, *keys]), fallback])


def _has(arguments: list[Value]) -> Value:
    value = _got(arguments[:2])
    return Value(value.paths, value.copied, scope=value.scope, prints=frozenset([forms.PLAIN]))


def _dict(arguments: list[Value]) -> Value:
    pairs = list(zip(arguments[::2], arguments[1::2], strict=False))
    found = tuple((word, value) for key, value in pairs for word in sorted(key.words))
    others = [value for key, value in pairs if not key.words]
    return Value(
        copied=TOP,
        keys=found,
        context="Values" in dict(found),
        element=joined(others) if others else None,
        shapes=_shape(DICT, dict(found)) if not others and len(pairs) == len(found) else UNKNOWN,
    )


def _list(arguments: list[Value]) -> Value:
    shapes = _shape(LIST, (argument.kind for argument in arguments))
    return Value(copied=TOP, element=joined(arguments), shapes=shapes)


def _item(arguments: list[Value]) -> Value:
    return item(arguments[0]) if arguments else NOTHING


def _lists(arguments: list[Value]) -> Value:
    return Value(copied=TOP, element=joined(item(argument) for argument in arguments))


def _appended(arguments: list[Value]) -> Value:
    value, new = (*arguments, NOTHING, NOTHING)[:2]
    return Value(copied=TOP, element=joined([item(value), new]))


def _counted(arguments: list[Value]) -> Value:
    """until: a list of numbers."""
    return Value(copied=TOP, element=Value(prints=frozenset([forms.PLAIN]), shapes=_shape(COUNT)))


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
    "unset": _first,
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
    **dict.fromkeys(("until", "untilStep"), _counted),
    **dict.fromkeys(("fromJson", "fromYaml"), _nothing),
}
