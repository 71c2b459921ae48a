"""Whether the fragments of a stack fit together: their order, their slots, the names that they define and use."""

from __future__ import annotations

from collections import Counter

from ..problem import Problem, nearest
from ..sources.fragment import Fragment
from ..sources.stack import Stack, available
from . import facts
from .ways import way

SLOT = "fragment.slot."
DATA = "fragment.data."
FACTS = "fragment.facts."


def check(stack: Stack) -> list[Problem]:
    """Every way in which the fragments do not fit together."""
    return (
        _order(stack)
        + _slots(stack)
        + _names(stack)
        + _templates(stack)
        + facts.check(stack.fragments, stack.own_fragments)
    )


def missing(stack: Stack) -> list[Problem]:
    """The fragments that others require and that the stack does not have, each once."""
    problems = []
    ids = [fragment.id for fragment in stack.fragments]
    wanted: dict[str, list[int]] = {}
    needs = [(n, at, need) for n, each in enumerate(stack.fragments) for at, need in enumerate(each.requires)]
    there = available([*stack.roots]) if any(need not in ids for _, _, need in needs) else []
    for n, at, need in needs:
        if need not in ids and need not in there:
            remedy = nearest(need, ids, "the fragments") or nearest(need, there) or "correct it, or remove it"
            where = ("requires", at)
            problems.append(stack.fragments[n].problem("fragment.yaml", where, f"no such fragment: '{need}'", remedy))
        elif need not in ids:
            wanted.setdefault(need, []).append(n)
    for need, places in wanted.items():
        others = f" and {len(places) - 1} more require" if len(places) > 1 else " requires"
        message = f"'{ids[places[0]]}'{others} '{need}'"
        problems.append(stack.problem(("fragments", places[0]), message, "add it before"))
    return problems


def _order(stack: Stack) -> list[Problem]:
    """Every fragment comes once, after those that it requires."""
    circles = _circles(stack)
    problems = [
        fragment.problem(
            "fragment.yaml",
            ("requires",),
            f"is circular: {' requires '.join(circle)}",
            "remove one of them from requires",
        )
        for fragment, circle in circles
    ]
    circular = {id for _, circle in circles for id in circle}
    return problems + _misplaced(stack, circular)


def _misplaced(stack: Stack, circular: set[str]) -> list[Problem]:
    """Fragments before those that they require: the one that is misplaced most, once, then the next one."""
    place = {fragment.id: n for n, fragment in enumerate(stack.fragments)}
    left = [
        (fragment.id, need)
        for fragment in stack.fragments
        for need in fragment.requires
        if fragment.id not in circular and place.get(need, -1) > place[fragment.id]
    ]
    problems = []
    while left:
        counted = Counter(id for pair in left for id in pair)
        worst = max(counted, key=lambda id: (counted[id], place[id]))
        before = [id for id, need in left if need == worst]
        after = [need for id, need in left if id == worst]
        if len(before) >= len(after):
            remedy = f"move it up, before '{before[0]}'"
            message = f"'{worst}' is required by '{before[0]}'"
            message += f" and {len(before) - 1} more, which are before it" if before[1:] else ", which is before it"
        else:
            last = max(after, key=lambda id: place[id])
            message, remedy = f"'{worst}' requires {_named(after)}", f"move it down, after '{last}'"
        problems.append(stack.problem(("fragments", place[worst]), message, remedy))
        left = [pair for pair in left if worst not in pair]
    return problems


def _named(ids: list[str]) -> str:
    return " and ".join(f"'{id}'" for id in ids)


def _circles(stack: Stack) -> list[tuple[Fragment, list[str]]]:
    """`requires` in a circle: each circle once, at its first fragment that is the stack's own."""
    known = {fragment.id: fragment for fragment in stack.fragments}
    own = stack.own_fragments
    found: dict[frozenset[str], tuple[Fragment, list[str]]] = {}
    for fragment in (*own, *(each for each in stack.fragments if each not in own)):
        circle = way(fragment.id, fragment.id, lambda id: known[id].requires if id in known else ())
        if circle:
            found.setdefault(frozenset(circle), (fragment, circle))
    return list(found.values())


def _slots(stack: Stack) -> list[Problem]:
    """Every fill fits a slot, every slot that must be filled is."""
    problems = []
    offered: dict[str, Fragment] = {}
    for fragment in stack.fragments:
        for name in fragment.offers:
            if name in offered:
                where = ("offers", name)
                problems.append(fragment.problem("fragment.yaml", where, f"{offered[name].id} offers it already"))
            offered[name] = fragment
    filled = {name for fragment in stack.fragments for name in fragment.fills}
    for fragment in stack.fragments:
        defined = fragment.defines()
        for name, template in fragment.fills.items():
            where = ("fills", name)
            if name not in offered:
                remedy = nearest(name, sorted(offered)) or "add the fragment that offers it, or remove the line"
                problems.append(fragment.problem("fragment.yaml", where, "no fragment of the stack offers it", remedy))
            if template not in defined:
                remedy = nearest(template, sorted(defined), "its templates")
                problems.append(fragment.problem("fragment.yaml", where, f"no template '{template}' here", remedy))
    for name, fragment in offered.items():
        if fragment.offers[name].required and name not in filled:
            problems.append(
                Problem(
                    stack.file,
                    0,
                    "fragments",
                    f"nothing fills {name} ({fragment.offers[name].summary})",
                    "add a fragment that does",
                )
            )
    return problems


def _names(stack: Stack) -> list[Problem]:
    """Every template's name begins with its fragment's prefix, and is used only where it may be."""
    problems = []
    known = {name for fragment in stack.fragments for name in fragment.defines()}
    public = {f"{SLOT}{name}" for fragment in stack.fragments for name in fragment.offers}
    public |= {f"{DATA}{name}" for name in ("replaced", "components", "manifests")}
    public |= {f"{FACTS}{scope}" for scope in ("server", "release")}
    public |= {name for name in known if _is_base(name)}
    for fragment in stack.fragments:
        own = fragment.prefix
        for name, (file, line) in fragment.defines().items():
            if not owns(fragment, name):
                problems.append(
                    Problem(
                        f"{fragment.folder}/templates/{file}",
                        line,
                        name,
                        "is not a name of this fragment",
                        f"begin it with '{own}'",
                    )
                )
        for file, name, line in fragment.includes():
            where = f"{fragment.folder}/templates/{file}"
            mine = name.startswith(own) and fragment.id != "base"
            if mine and name not in known:
                problems.append(Problem(where, line, name, "no such template", nearest(name, sorted(known))))
            elif not mine and name not in public:
                what, remedy = (
                    "no such template or slot",
                    nearest(name, sorted(public), "a slot or one of base's names"),
                )
                if name in known:
                    what = "belongs to another fragment"
                    remedy = "include a slot, one of base's templates, or one of this fragment's own"
                problems.append(Problem(where, line, name, what, remedy))
    return problems


def owns(fragment: Fragment, name: str) -> bool:
    """Whether the name of a template is one that the fragment may define."""
    return name.startswith(fragment.prefix) and (fragment.id != "base" or _is_base(name))


def _is_base(name: str) -> bool:
    """base's names have one part: fragment.labels."""
    return name.count(".") == 1


def _templates(stack: Stack) -> list[Problem]:
    """What is wrong with a template as text."""
    problems = []
    for fragment in stack.fragments:
        for file, text in fragment.templates.items():
            path = f"{fragment.folder}/templates/{file}"
            kinds = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("kind:")]
            if len(kinds) > 1:
                message = "makes more than one object"
                problems.append(Problem(path, kinds[1], "kind", message, "give each a separate file"))
    return problems
