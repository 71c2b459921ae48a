"""Random templates over a small tree of values, which do whatever a template can do with parts of its data."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

KEYS = ("a", "b", "c", "m", "s")
NAMES = ("one", "two", "three")
MAPS = ("a", "a.b", "b", "b.b", "b.c", "m", "m.a", "m.a.b", "m.b", "m.b.b", "m.c")
OTHERS = ("s", "a.s", "a.a", "b.a", "b.b.c", "m.s", "m.a.c", "m.a.b.c", "none", "m.c.none", "a.b.s")


def values(chance: Random) -> dict[str, Any]:
    """Values that are mostly of one shape, so that templates mostly find what they read, and seldom all alike."""

    def word() -> Any:
        return chance.choice(["a", "b", "c", "", 0, 1, 1.5, -0.0, True, False, None])

    def odd(usual: Any) -> Any:
        return chance.choice([word(), {}, [], [word()], {"b": word()}]) if chance.random() < 0.03 else usual

    def inner() -> dict[str, Any]:
        made = {"a": chance.choice("abcs"), "b": odd({"c": word(), "s": "b"}), "c": odd({"b": word()}), "s": word()}
        return made if chance.random() < 0.9 else {key: made[key] for key in ("b", "c")}

    made = {"a": odd(inner()), "b": odd(inner()), "c": odd(inner()), "s": chance.choice("abcm")}
    made["m"] = odd({"a": {"b": {"c": word()}, "c": word()}, "b": inner(), "c": {}, "s": "a"})
    return made


class Writer:
    """Writes templates. A variable is known as a map, or as anything; the dot is the whole data, a map, or anything."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.variables: dict[str, str] = {}
        self.dot = "whole"
        self.callable: tuple[str, ...] = ()
        self.deep = 0

    def text(self) -> str:
        """The file of a chart that prints what some templates make, several times."""
        defined = []
        for number, name in enumerate(NAMES):
            self.variables, self.dot, self.callable = {}, "whole", NAMES[:number]
            defined.append(f'{{{{ define "{name}" }}}}{self.statements(2)}{{{{ end }}}}')
        self.variables, self.dot = {}, "whole"
        data = "".join(
            f'  {key}: {{{{ include "{self.chance.choice(NAMES)}" {given} | quote }}}}\n'
            for key, given in zip("abcd", (".", "$", self.given(), "."), strict=True)
        )
        defined.append(f"kind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{data}  e: {{{{ toJson .Values | quote }}}}\n")
        return "\n".join(defined)

    def statements(self, depth: int, dot: str = "", **declared: str) -> str:
        variables, outer = dict(self.variables), self.dot
        self.variables |= declared
        self.dot = dot or outer
        text = "".join(self.statement(depth) for _ in range(self.chance.choice([1, 1, 2, 3])))
        self.variables = {name: self.variables[name] for name in variables} if not declared else variables
        self.dot = outer
        return text

    def statement(self, depth: int) -> str:
        chance, deeper, number = self.chance, depth - 1, self.chance.random()
        if depth <= 0 or number < 0.6:
            return chance.choice([self.printed] * 3 + [self.assigned] * 3 + [self.changed])()
        other = f"{{{{ else }}}}{self.statements(deeper)}" if chance.random() < 0.5 else ""
        if number < 0.7:
            return f"{{{{ if {self.condition()} }}}}{self.statements(deeper)}{other}{{{{ end }}}}"
        name = f"$v{chance.randint(0, 3)}"
        if number < 0.8:
            kind = chance.choice(["map", "any"])
            over = self.map() if kind == "map" else self.some()
            if chance.random() < 0.5:
                return f"{{{{ with {over} }}}}{self.statements(deeper, kind)}{other}{{{{ end }}}}"
            inner = self.statements(deeper, kind, **{name: kind})
            return f"{{{{ with {name} := {over} }}}}{inner}{other}{{{{ end }}}}"
        if number < 0.9:
            over = chance.choice([self.listed, self.map])()
            ending = chance.choice(["", "", f"{{{{ if {self.condition()} }}}}{{{{ break }}}}{{{{ end }}}}"])
            if chance.random() < 0.5:
                return f"{{{{ range {over} }}}}{self.statements(deeper, 'any')}{ending}{other}{{{{ end }}}}"
            inner = self.statements(deeper, "any", **{name: "any"})
            return f"{{{{ range $k, {name} := {over} }}}}{inner}{ending}{other}{{{{ end }}}}"
        if not self.callable:
            return self.printed()
        called = chance.choice(self.callable)
        if chance.random() < 0.3:
            return f'{{{{ template "{called}" {self.given()} }}}}'
        return f'{{{{ include "{called}" {self.given()} }}}},'

    def given(self) -> str:
        """Data for a template: a map that has Values of the usual shape."""
        root = "." if self.dot == "whole" else "$"
        made = [
            root,
            "$",
            f'(dict "Values" $.Values "a" {self.some()})',
            f'(dict "Values" (dict "a" $.Values.b "b" {self.map()} "m" $.Values.m "s" "a"))',
            f'(dict "Values" (merge dict $.Values) "m" {self.map()})',
            f'(dict "Values" (merge (dict "a" {self.map()}) $.Values))',
            f'(merge (dict "s" "c" "a" {self.some()}) $)',
            "(merge dict $)",
            f'(set (merge dict $) "a" {self.map()})',
        ]
        return self.chance.choice(made)

    def printed(self) -> str:
        return f"{{{{ toJson {self.some()} }}}},"

    def assigned(self) -> str:
        chance = self.chance
        kind = chance.choice(["map", "map", "any"])
        made = self.map() if kind == "map" else self.some()
        if chance.random() < 0.4 and (there := [name for name, each in self.variables.items() if each == kind]):
            return f"{{{{ {chance.choice(there)} = {made} }}}}"
        name = f"$v{chance.randint(0, 3)}"
        self.variables[name] = kind
        return f"{{{{ {name} := {made} }}}}"

    def changed(self) -> str:
        done = [
            f"set {self.map()} {self.key()} {self.some()}",
            f'set (dict "a" {self.map()}) "{self.chance.choice(KEYS)}" {self.map()}',
            f"unset {self.map()} {self.key()}",
            f"merge {self.map()} {self.map()}",
            f'merge {self.map()} (dict "{self.chance.choice(KEYS)}" {self.map()})',
            f"mergeOverwrite {self.map()} {self.map()}",
        ]
        return f"{{{{ $_ := {self.chance.choice(done)} }}}}"

    def key(self) -> str:
        return (
            f'"{self.chance.choice(KEYS)}"' if self.chance.random() < 0.8 else f'(toJson {self.other()} | trimAll `"`)'
        )

    def condition(self) -> str:
        made = [
            self.some(),
            self.map(),
            f"not {self.other()}",
            f"not {self.map()}",
            f"and {self.other()} {self.some()}",
            f"or (not {self.some()}) {self.map()}",
            f"hasKey {self.map()} {self.key()}",
            f"empty {self.map()}",
            f'kindIs "map" {self.some()}',
            f"and (or {self.other()} {self.other()}) (empty {self.map()})",
        ]
        return self.chance.choice(made)

    def path(self, inner: str) -> str:
        start = "" if self.dot == "whole" and self.chance.random() < 0.7 else "$"
        return f"{start}.Values.{inner}"

    def other(self) -> str:
        """Something that need be no map."""
        return self.path(self.chance.choice(OTHERS))

    def named(self) -> str:
        """A map that has a name."""
        there = [name for name, each in self.variables.items() if each == "map"]
        if self.dot == "map":
            there.append(".")
        return self.chance.choice(there) if there else self.path(self.chance.choice(MAPS))

    def map(self) -> str:
        chance = self.chance
        made = [
            lambda: self.path(chance.choice(MAPS)),
            lambda: self.path(chance.choice(MAPS)),
            self.named,
            self.named,
            self.named,
            lambda: "dict",
            lambda: f"(default dict {self.named()})",
            lambda: f'(dict "{chance.choice(KEYS)}" {self.some()} {self.key()} {self.some()})',
            lambda: f'(dict "{chance.choice(KEYS)}" {self.map()})',
            lambda: f'(get {self.path("m")} "{chance.choice("abc")}")',
            lambda: f'(get (dict "a" {self.map()}) "a")',
            lambda: f"(merge dict {self.map()})",
            lambda: f"(merge dict {self.map()} {self.map()})",
            lambda: f'(merge (dict "{chance.choice(KEYS)}" {self.some()}) {self.map()})',
            lambda: f"(mergeOverwrite {self.map()} {self.map()})",
            lambda: f"(set {self.map()} {self.key()} {self.some()})",
            lambda: '(deepCopy (dict "a" "b" "b" (dict "c" "a")))',
            lambda: f"(pick {self.map()} {self.key()} {self.key()})",
            lambda: f"(omit {self.map()} {self.key()})",
            lambda: f"(first (list {self.map()} {self.some()}))",
            lambda: f"(last (list {self.some()} {self.map()}))",
            lambda: f"(index (list {self.some()} {self.map()}) 1)",
            lambda: f"(coalesce {self.map()} {self.map()} dict)",
            lambda: f"(ternary {self.map()} {self.map()} (empty {self.some()}))",
            lambda: f"(mustFromJson (toJson {self.map()}))",
            lambda: f"({self.map()} | merge dict)",
            lambda: f'(first (pluck "b" (dict "b" {self.map()}) {self.map()}))',
        ]
        return self.one(made, 6)

    def listed(self) -> str:
        chance = self.chance
        made = [
            lambda: f"(list {self.some()})",
            lambda: f"(list {self.map()} {self.other()})",
            lambda: f"(append (list {self.map()}) {self.some()})",
            lambda: f"(concat (list {self.map()}) (tuple {self.other()}))",
            lambda: f'(pluck "{chance.choice(KEYS)}" (dict "a" 1) {self.map()})',
            lambda: f"(slice (list {self.map()} {self.map()}) 1)",
        ]
        return self.one(made, 2)

    def some(self) -> str:
        """Anything."""
        chance = self.chance
        made = [
            self.other,
            self.other,
            self.map,
            self.map,
            lambda: chance.choice([*self.variables, *([] if self.dot == "whole" else ["."]), '"a"']),
            lambda: f'"{chance.choice(KEYS)}"',
            lambda: str(chance.randint(0, 2)),
            lambda: f"(get {self.map()} {self.key()})",
            lambda: f"{self.named()}.{chance.choice(KEYS)}".replace("..", "."),
            lambda: f"({self.map()}).{chance.choice(KEYS)}",
            lambda: f'(dig "b" "c" "none" (dict "b" {self.map()}))',
            lambda: f"(or {self.other()} {self.other()})",
            lambda: f"(keys {self.map()} | sortAlpha)",
            lambda: self.listed(),
            lambda: f'(tpl "{{{{ toJson . }}}}" {self.map()})',
            lambda: f'(tpl "{{{{ $_ := set . \\"s\\" \\"b\\" }}}}" {self.map()})',
        ]
        return self.one(made, 2)

    def one(self, made: list[Callable[[], str]], simple: int) -> str:
        """What one of some writes: one of the first few of them inside of two others."""
        self.deep += 1
        text = self.chance.choice(made[:simple] if self.deep > 3 else made)()
        self.deep -= 1
        return text


def text(seed: int) -> str:
    """The file of a chart with the templates of a seed."""
    return Writer(Random(seed)).text()
