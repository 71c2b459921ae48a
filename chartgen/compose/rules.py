"""The rules that the builder holds fragments to: each refusal names file, line and remedy.

They look at texts alone, so a text that has passed is remembered (building.py) and costs nothing at the next build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from ..paths import show
from ..problem import Problem, nearest
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Node, Template, Term
from ..reading.keynames import close
from ..sources.fragment import FILES, FOLDERS, Fragment
from ..sources.stack import Stack
from . import (
    byhand,
    defaults,
    factkeys,
    fillchecks,
    fit,
    indents,
    metadata,
    owners,
    questions,
    signatures,
    unused,
    yamltexts,
)
from .facts import SUFFIX
from .reads import Source
from .schema import Values
from .verbs import VERB

# What each rule asks for, a line each: `chartgen fragments --rules` prints them.
RULES = {
    "values": "A template reads the fragment's own values, base's, and those of the fragments that it requires. It"
    " names each: it does not read all values, or all of an object that other fragments extend.",
    "declared": "Every value that a template reads is declared, and every declared value is read.",
    "described": "Every value has a type, a description, and a default that its schema allows. Every pattern is one"
    " that Go's RE2 compiles. No condition is next to a $ref, where draft-07 ignores it.",
    "secrets": "No value holds a password, a token or a key: a value names a Secret and the key in it.",
    "tags": "The default tag of an image is not latest.",
    "scopes": "A template reads the values of a server only in the context of that server.",
    "facts": "A fill of a facts slot sets only declared keys, each once, with their types, forms and ranges. Required"
    " keys are set with all values. Images, values, files, vendors and sources that a fill names exist.",
    "circles": "No fill includes the slot that it fills, and none reads the value whose default it states.",
    "calls": "Templates of base, and slots, are given what they take: a dict with keys that a template reads.",
    "metadata": "kubeVersion is a range that has a supported Kubernetes version.",
    "remedies": "Each line of a check says what to do, after a semicolon. The key that it begins with"
    " is a declared value.",
    "files": "Every file that a template gets exists, and every file is used. A data file fits the schema that `data`"
    " names for it, and a .json file is JSON. No file is larger than 5 MiB.",
    "names": "Names of templates and values of `choice` are unique; `requires` has no cycle. A component that selects"
    " pods, and a Service that facts name, exist.",
    "folders": "A fragment's folder holds templates, files, schemas, cases and rejected. A fragment with a choice has"
    " both. Templates are NAME.yaml or _NAME.tpl, cases and rejections NAME.yaml. No file is a link.",
    "templates": "Every template parses as Helm parses it. `include` has a name and a context,"
    " and `printf` a value for each place in its text, of a type that its verb prints.",
    "unused": "Every named template and every slot is included. _NAME.tpl has no text outside of its named templates.",
    "functions": "Templates do not call `fail`, `required` or `tpl`, or functions that return another result at"
    " each render. base may.",
    "questions": "A question is about a value of its fragment that one answer can set, and is asked once.",
    "changes": "No template changes values, facts or Helm's objects in place: `set`, `unset` and `merge` work on a"
    " deepCopy.",
    "servers": "A template that provides facts or values of a server does not include `fragment.servers`.",
    "stated": "A fragment that creates a Service, pods, a claim or a generated Secret fills the slot of base that"
    " states it.",
    "text": "Text is printed into YAML with quote, toJson, toYaml or a helper that quotes, and nothing is before or"
    " after it. In a block or below a key, lines are printed with nindent. Each line of a fill is a key or an item."
    " Lines are indented as YAML reads them.",
    "by hand": "Images, names of objects, namespaces, paths of models and hashes are made by the helpers and facts for"
    " them. Objects in a range have names that differ in each pass. A flag and its value are not one argument.",
    "numbers": "A number is not made of a value that is a text.",
}


# What to do with a file in templates/ that Helm would take for a manifest, or for nothing.
NAMED = "name it NAME.yaml or _NAME.tpl, or move it to files/"
TEMPLATE_NAMES = {"NOTES.txt": "move it to the folder of stack.yaml: a chart has one NOTES.txt"}

PROOFS = {"cases": "values that must render", "rejected": "values that must be refused"}
PROOF = re.compile(r"[^/]+\.yaml|(?:.*/)?(?:\.[^/]*|[^/]*~)")  # or what an editor leaves
LARGEST = 5 << 20  # bytes of a file in a chart that Helm reads

# What the names of slots that collect errors end with.
CHECKS = ".checks"
# Functions that only base calls: the error of the whole render, and what is something else at each.
STOPS = {"fail", "required"}
UNSTEADY = re.compile(
    "now|ago|uuidv4|getHostByName|shuffle|bcrypt|htpasswd|encryptAES|rand(Alpha|Numeric|Ascii|AlphaNum|Bytes|Int)"
    "|gen(PrivateKey|CA|CAWithKey|SelfSignedCert|SelfSignedCertWithKey|SignedCert|SignedCertWithKey)"
)

# What a template creates -> the slots of which its fragment fills one, and what is stated there.
STATED = {
    "\nkind: Service\n": (("access.facts",), "who can use it"),
    **dict.fromkeys(
        (f"\nkind: {kind}\n" for kind in ("Deployment", "StatefulSet", "Pod")),
        (("network.facts",), "what its pods connect to, and who connects to them"),
    ),
    "\nkind: PersistentVolumeClaim\n": (("server.claims", "release.claims"), "the key of the values that describe it"),
    'include "fragment.secretData"': (("secrets.facts",), "what happens if its value changes"),
}

# The helpers that are given a component, and what names a Service where it is made, and in facts.
SELECTOR, LABELS = "fragment.selector", "fragment.labels"
NAMED_SERVICE = re.compile(r'name: \{\{-? *include "fragment\.name" \(list [.$]\w* "([^"]+)"\) *\}\}')
STATED_SERVICE = re.compile(r'service: \{\{-? *include "fragment\.name" \(list [.$]\w* "([^"]+)"\) *\}\}')

# Where a fill of a ConfigMap names a file in place of a text.
FILE = re.compile(r"\{file: ([^\s{}]+)\}")


def check(stack: Stack, values: Values, kubernetes: dict[str, Any], known: Iterable[Problem] = ()) -> list[Problem]:
    """Every rule that the stack's own fragments break, and the problems that are `known` before.

    One mistake is one problem: what an earlier check refuses, a later one does not judge.

    Those that chartgen brings are checked in chartgen's stacks. In another stack, which leaves some of them out, a
    value may have no reader, and a helper no caller.
    """
    own = {fragment.id for fragment in stack.own_fragments}
    taken = tuple(f"{fragment.folder}/" for fragment in stack.fragments if fragment.id not in own)
    sources, notes, problems = _parsed(stack)
    if problems:
        unparsed = {problem.path for problem in problems}
        problems += (problem for problem in known if problem.path not in unparsed)
        return [problem for problem in problems if not problem.path.startswith(taken)]
    found = _Found(list(known), taken)
    uses = owners.uses(stack, sources, notes)
    found.add(
        *metadata.check(stack),
        *_folders(stack),
        *_defines(sources),
        *_choices(stack),
        *_files(sources),
        *_json(stack),
        *_of_no_server(sources),
        *_stated(stack),
        *_components(stack, sources),
        *_services(stack),
        *_given(stack, sources),
        *_functions(stack, sources),
        *questions.check(stack, values),
        *_arguments(sources),
        *_formats(sources),
        *byhand.check(stack, sources),
    )
    found.add(*factkeys.circles(stack, sources, uses))
    found.add(*signatures.check(stack, values, uses))
    found.add(*owners.check(stack, values, uses))
    # A schema that is wrong itself says nothing of defaults.
    if not any(re.search("pattern|required", problem.key) for problem in found.problems):
        found.add(*defaults.check(stack, values, kubernetes))
    found.add(*indents.check(sources, {*yamltexts.filled(stack)}, yamltexts.silent_ones(sources)))
    found.add(*yamltexts.check(stack, values, sources, uses))
    found.add(*fillchecks.check(stack, values, sources, uses))
    refused = {problem.path for problem in found.problems}
    found.add(*factkeys.check(stack, values, sources, uses, refused))
    # What nothing uses is often what another line misspells: it is reported once that is corrected.
    if not any(problem.message == owners.UNDECLARED for problem in found.problems):
        found.add(*owners.unread(stack, values, uses))
    if not found.problems:
        found.add(*unused.check(stack, sources, notes))
    return found.problems


@dataclass
class _Found:
    """The problems of checks, one after another: of a line, those of the first that refuses it."""

    problems: list[Problem]
    taken: tuple[str, ...]

    def add(self, *problems: Problem) -> None:
        refused = {(problem.path, problem.line) for problem in self.problems}
        self.problems += (
            problem
            for problem in problems
            if (problem.path, problem.line) not in refused and not problem.path.startswith(self.taken)
        )


def _parsed(stack: Stack) -> tuple[list[Source], Template | None, list[Problem]]:
    """Every template, parsed, that of NOTES too; and each that cannot be, once, at its own line."""
    found, problems, notes = [], [], None
    texts = [
        (fragment, file, f"{fragment.folder}/templates/{file}", text)
        for fragment in stack.fragments
        for file, text in fragment.templates.items()
        if file.endswith((".yaml", ".yml", ".tpl", ".txt"))
    ]
    for fragment, file, path, text in texts:
        try:
            found.append(Source(fragment, file, path, gotemplate.parse(text)))
        except gotemplate.Unparsable as error:
            problems.append(_unparsable(path, error))
    try:
        notes = gotemplate.parse(stack.notes) if stack.notes else None
    except gotemplate.Unparsable as error:
        problems.append(_unparsable(show(stack.folder / "NOTES.txt"), error))
    return found, notes, problems


def _unparsable(path: str, error: gotemplate.Unparsable) -> Problem:
    return Problem(path, error.line, "", f"does not parse: {error.message}", "correct the template there")


# --- the folder, and what fragments say of each other ----------------------------------------------------------------


def _folders(stack: Stack) -> Iterator[Problem]:
    for fragment in stack.fragments:
        tops = {entry.partition("/")[0] for entry in fragment.entries if "/" in entry}
        inner = {entry.partition("/")[0] for entry in fragment.entries if entry.endswith("/fragment.yaml")}
        for folder in sorted(tops - {*FOLDERS} - inner):
            if not folder.startswith((".", "__")):
                remedy = nearest(folder, list(FOLDERS), "its folders")
                yield Problem(f"{fragment.folder}/{folder}", 0, "", "is not a folder of a fragment", remedy)
        for file in fragment.entries:
            if "/" not in file and file.endswith((".yaml", ".yml")) and file not in FILES:
                remedy = nearest(file, list(FILES), "its files")
                yield Problem(f"{fragment.folder}/{file}", 0, "", "is not a file of a fragment", remedy)
        for file in fragment.templates:
            name = file.rpartition("/")[2]
            if not (name.endswith(".yaml") or (name.startswith("_") and name.endswith(".tpl"))):
                message = "is neither a manifest nor named templates"
                yield Problem(f"{fragment.folder}/templates/{file}", 0, "", message, TEMPLATE_NAMES.get(name, NAMED))
        for entry in fragment.entries:
            folder, _, name = entry.partition("/")
            if folder in PROOFS and not PROOF.fullmatch(name):
                remedy = "name it NAME.yaml, directly in the folder"
                yield Problem(f"{fragment.folder}/{entry}", 0, "", "is not read", remedy)
        for file, text in (fragment.templates | fragment.files).items():
            if len(text.encode()) > LARGEST:
                remedy = "make it smaller, or put it into an image"
                folder = "templates" if file in fragment.templates else "files"
                message = f"is larger than {LARGEST >> 20} MiB, and Helm does not read such a chart"
                yield Problem(f"{fragment.folder}/{folder}/{file}", 0, "", message, remedy)
        yield from _proofs(fragment)


def _proofs(fragment: Fragment) -> Iterator[Problem]:
    """A fragment that can be chosen shows that it works, and that it refuses."""
    for folder, what in PROOFS.items():
        there = [entry for entry in fragment.entries if entry.startswith(f"{folder}/") and entry.endswith(".yaml")]
        if fragment.choice and not there:
            message = f"has no file in {folder}/, which a fragment with a choice needs"
            yield fragment.problem("fragment.yaml", ("choice",), message, f"add {folder}/NAME.yaml with {what}")


def _defines(sources: list[Source]) -> Iterator[Problem]:
    """A name defined twice: Helm would take the last in silence. A name of another fragment is refused as one (fit)."""
    first: dict[str, str] = {}
    for source in sources:
        for define in (each for each in source.template.defines if fit.owns(source.fragment, each.name)):
            if define.name in first:
                message = f"is defined twice, first at {first[define.name]}"
                yield Problem(source.path, define.line, define.name, message, "rename or remove one of them")
            first.setdefault(define.name, f"{source.path}:{define.line}")


def _choices(stack: Stack) -> Iterator[Problem]:
    """Two fragments that the same values turn on."""
    first: dict[tuple[tuple[str, str], ...], Fragment] = {}
    for fragment in stack.fragments:
        choice = tuple(sorted(fragment.choice.items()))
        if choice and choice in first and fragment.id != first[choice].id:
            said = ", ".join(f"{path}: {value}" for path, value in choice)
            message = f"{said} already chooses {first[choice].id}"
            yield fragment.problem("fragment.yaml", ("choice",), message, "choose another value for one of them")
        first.setdefault(choice, fragment)
    for fragment in stack.fragments:
        for slot in fragment.fills if not fragment.choice else ():
            chosen = [each.id for each in stack.fragments if each.choice and slot in each.fills]
            if slot.endswith(SUFFIX) and chosen and _kind(stack, slot) == "one":
                message = f"fills the slot for every server, because it has no choice and {chosen[0]} has one"
                remedy = "add choice to this file, or fill another slot"
                yield fragment.problem("fragment.yaml", ("fills", slot), message, remedy)


def _kind(stack: Stack, slot: str) -> str:
    return next((each.offers[slot].kind for each in stack.fragments if slot in each.offers), "")


def _stated(stack: Stack) -> Iterator[Problem]:
    """What is created and not stated: nobody would learn who can use it, or how to change it."""
    offered = {slot for fragment in stack.fragments for slot in fragment.offers}
    for fragment in stack.fragments:
        for file, text in fragment.templates.items():
            for what, (slots, states) in STATED.items():
                known = [slot for slot in slots if slot in offered]
                place = f"\n{text}".find(what)
                if place >= 0 and known and not any(slot in fragment.fills for slot in known):
                    line = text.count("\n", 0, place) + 1
                    message = f"is not stated in {' or '.join(known)}"
                    remedy = f"fill the slot in fragment.yaml, with {states}"
                    yield Problem(f"{fragment.folder}/templates/{file}", line, what.strip(), message, remedy)


def _components(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Pods that are selected by a component that no fragment has, and labels that misspell one of the fragment's."""
    known = sorted({component for fragment in stack.fragments for component in fragment.components})
    for source in sources:
        for pipe in gotemplate.pipes(source.template) if source.fragment.components else ():
            for command in gotemplate.commands(pipe):
                name, component = _labelled(command)
                own = list(source.fragment.components)
                misspelt = name == LABELS and close(component, own)
                if component and component not in known and (name == SELECTOR or misspelt):
                    remedy = nearest(component, own) or "add it to components in fragment.yaml"
                    message = "is not a component of a fragment"
                    yield Problem(source.path, command[0].line, component, message, remedy)


def _labelled(command: tuple[Term, ...]) -> tuple[str, str]:
    """The helper of labels that a command includes, and the component that is written out; empty where none is."""
    if len(command) != 3 or command[0].text != "include" or not command[2].pipe:
        return "", ""
    made = command[2].pipe.commands[0]
    written = len(made) == 3 and made[0].text == "list" and made[2].kind == "text"
    return command[1].text, made[2].text if written else ""


def _services(stack: Stack) -> Iterator[Problem]:
    """Facts that name a Service by another name than the fragment gives to one of its Services."""
    for fragment in stack.fragments:
        made = "".join(text for text in fragment.templates.values() if "\nkind: Service\n" in text)
        known = sorted({match[1] for match in NAMED_SERVICE.finditer(made)})
        for file, text in fragment.templates.items():
            for match in STATED_SERVICE.finditer(text) if known else ():
                if match[1] not in known:
                    line = text.count("\n", 0, match.start(1)) + 1
                    message = f"'{match[1]}' is not the name of a Service of this fragment"
                    remedy = nearest(match[1], known, "its Services")
                    yield Problem(f"{fragment.folder}/templates/{file}", line, "service", message, remedy)


def _given(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Keys that a slot is given as `(merge (dict "Model" (dict KEY …)) .)`, and that no template reads.

    Where the slot says what it is `given`, its calls are compared with that.
    """
    declared = {f"{fit.SLOT}{slot.name}" for one in stack.fragments for slot in one.offers.values() if slot.given}
    read: dict[str, set[str]] = {}
    given = []
    for source in sources:
        for pipe in gotemplate.pipes(source.template):
            for term in gotemplate.terms(pipe):
                for name, key in pairwise(term.fields):
                    read.setdefault(name, set()).add(key)
            for command in gotemplate.commands(pipe):
                slot = command[1].text if len(command) > 2 and command[0].text == "include" else ""
                if slot.startswith(fit.SLOT) and slot not in declared:
                    given += [(source, *each) for each in _keys_given(command[2])]
    for source, name, key in given:
        known = sorted(read.get(name, ()))
        if known and key.text not in known:
            message, remedy = f"is not a key of {name} that a template reads", nearest(key.text, known, "they")
            yield Problem(source.path, key.line, key.text, message, remedy)


def _keys_given(term: Term) -> Iterator[tuple[str, Term]]:
    """The keys of dicts in a dict that is merged with a context: (name of the dict, key)."""
    merged = term.pipe.commands[0] if term.pipe else ()
    outer = merged[1].pipe.commands[0] if len(merged) == 3 and merged[0].text == "merge" and merged[1].pipe else ()
    for name, made in zip(outer[1::2], outer[2::2], strict=False):
        inner = made.pipe.commands[0] if made.pipe else ()
        if inner and inner[0].text == "dict":
            yield from ((name.text, key) for key in inner[1::2] if key.kind == "text")


def _arguments(sources: list[Source]) -> Iterator[Problem]:
    """`include` without a context: Helm reports it only when the template is rendered."""
    for source in sources:
        for pipe in gotemplate.pipes(source.template):
            for commands in (pipe.commands, *(term.pipe.commands for term in gotemplate.terms(pipe) if term.pipe)):
                for n, (first, *rest) in enumerate(commands):
                    if first.kind == "function" and first.text == "include" and len(rest) + bool(n) != 2:
                        given = {0: "nothing", 1: "one argument"}.get(
                            len(rest) + bool(n), f"{len(rest) + bool(n)} arguments"
                        )
                        message = f"is given {given}, but needs two: the name of a template, and a context"
                        yield Problem(source.path, first.line, "include", message, 'write include "NAME" .')


def _formats(sources: list[Source]) -> Iterator[Problem]:
    """`printf` with more or fewer values than its text has places: Go prints `%!s(MISSING)` in silence."""
    for source in sources:
        for pipe in gotemplate.pipes(source.template):
            for each in (pipe, *(term.pipe for term in gotemplate.terms(pipe) if term.pipe)):
                for n, (first, *rest) in enumerate(each.commands):
                    if first.kind != "function" or first.text != "printf" or not rest or rest[0].kind != "text":
                        continue
                    places = sum(verb != "%%" for verb in VERB.findall(rest[0].text))
                    given = len(rest) - 1 + bool(n)
                    if places != given and "*" not in rest[0].text:
                        message = (
                            f"has {_counted(places, 'place')} for values in its text, and {_counted(given, 'value')}"
                        )
                        yield Problem(source.path, first.line, "printf", message, "give it one value for each %")


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' * (number != 1)}"


def _functions(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Functions that stop the render at the first error, or give something else at each render.

    A stack without a slot for checks has no other place for an error.
    """
    collects = any(name.endswith(CHECKS) for fragment in stack.fragments for name in fragment.offers)
    for source in sources:
        for pipe in gotemplate.pipes(source.template) if source.fragment.id != "base" else ():
            for term in gotemplate.terms(pipe):
                if collects and term.kind == "function" and term.text in STOPS:
                    message = "stops the render at the first error"
                    remedy = "add a line to server.checks or release.checks instead"
                    yield Problem(source.path, term.line, term.text, message, remedy)
                elif term.kind == "function" and term.text == "tpl":
                    message = "renders a text as a template, which reads the values of every fragment"
                    remedy = "print the text as it is, or read the value in a template"
                    yield Problem(source.path, term.line, term.text, message, remedy)
                elif term.kind == "function" and UNSTEADY.fullmatch(term.text):
                    message = "returns another result at each render, so every upgrade changes the object"
                    remedy = 'use a value; a random key of a Secret is include "fragment.secretData"'
                    yield Problem(source.path, term.line, term.text, message, remedy)


# --- files that templates get ----------------------------------------------------------------------------------------


def _files(sources: list[Source]) -> Iterator[Problem]:
    """What templates call a file of theirs, against the files that the chart will have of their fragment."""
    for source in sources:
        there = [f"files/{source.fragment.id}/{file}" for file in source.fragment.files]
        text = source.template.source
        filled = [(text.count("\n", 0, match.start()) + 1, match[1]) for match in FILE.finditer(text)]
        for line, pattern in sorted({*_named(source.template), *filled}):
            if not any(fnmatchcase(file, pattern) for file in there):
                remedy = nearest(pattern, there, "its files") or "add it to the fragment's files/"
                yield Problem(source.path, line, pattern, "is not a file of this fragment", remedy)


def _json(stack: Stack) -> Iterator[Problem]:
    """Files of JSON that no program can read, such as a dashboard."""
    for fragment in stack.fragments:
        for file, text in fragment.files.items():
            if file.endswith(".json"):
                try:
                    json.loads(text)
                except ValueError as error:
                    line = getattr(error, "lineno", 0)
                    message = f"is not JSON: {getattr(error, 'msg', 'it has too many digits')}"
                    yield Problem(f"{fragment.folder}/files/{file}", line, "", message, "correct the file there")


def _of_no_server(sources: list[Source]) -> Iterator[Problem]:
    """`.Server` in a template of objects where no server's context is: it is empty, and the object with it."""
    for source in sources:
        if not source.file.rpartition("/")[2].startswith("_"):
            for line in dict.fromkeys(_outside(source.template.body, False)):
                message = "is empty here: it is the name of a server in the context of that server"
                yield Problem(source.path, line, "Server", message, "write .Servers, or read it in range .Servers")


def _outside(body: tuple[Node, ...], inside: bool) -> Iterator[int]:
    """The lines that read .Server of the release: outside of each range and with, or by `$`."""
    for node in body:
        pipe = node.pipe if isinstance(node, (Action, Branch)) else None
        for term in gotemplate.terms(pipe) if pipe else ():
            root = (term.kind == "dot" and not inside) or (term.kind == "variable" and term.text == "$")
            if root and term.fields[:1] == ("Server",):
                yield term.line
        if isinstance(node, Branch):
            yield from _outside(node.body, inside or node.kind != "if")
            yield from _outside(node.other, inside)


def _named(template: Template) -> Iterator[tuple[int, str]]:
    """(line, path or pattern) of each text that names a file, and of each that .Files is given."""
    for pipe in gotemplate.pipes(template):
        for command in gotemplate.commands(pipe):
            first, *rest = command
            taken = len(first.fields) > 1 and first.fields[-2] == "Files"
            if first.kind == "function" and first.text == "printf":
                continue  # a part of a path; where .Files gets it, it is seen from there
            for term in rest[:1] if taken else command:
                pattern = _pattern(term) if taken or term.kind == "text" else ""
                if (taken and pattern) or pattern.startswith("files/"):
                    yield term.line, pattern


def _pattern(term: Term) -> str:
    """A text, or what `printf` makes of one, with `*` for what it puts in; empty where the text does not say."""
    if term.kind == "text":
        return term.text
    inner = term.pipe.commands if term.pipe else ()
    if len(inner) == 1 and inner[0][0].text == "printf" and len(inner[0]) > 1 and inner[0][1].kind == "text":
        return re.sub(r"%[a-z]", "*", inner[0][1].text)
    return ""
