"""Credentials of the input that no row knows: values name a Secret in their place, or leave them out.

What is a credential is what `chartgen diff` does not print.
"""

from __future__ import annotations

import re
from typing import Any

from ..reading import conceal
from ..reading.yamlfile import Key
from .draft import MISSING, Draft, Note, Put, slug
from .source import leaves

WORDS = ("extraArgs", "command")  # lists of words in which Kubernetes puts $(NAME) of the container's variables
FREE = ("extraObjects", "annotations", "podAnnotations")  # maps whose keys are the input's own names
LEFT_OUT = "contains a credential, which is not written to a values file"


def withhold(draft: Draft) -> None:
    """Take every credential out of what is written."""
    wanted: dict[str, list[str]] = {}
    for put in list(draft.puts):
        if len(put.target) > 1 and put.target[-2] == "env" and isinstance(put.value, str):
            _variable(draft, put, wanted)
        elif put.target[-1] in WORDS and isinstance(put.value, list):
            _words(draft, put, wanted)
        elif _secret_object(put):
            text = "is a Secret; apply it as before, and name it where llm-stack has existingSecret"
            draft.withdraw(put, Note(MISSING, text))
        elif _contains(put):
            draft.withdraw(put, Note(MISSING, f"{LEFT_OUT}; put it into a Secret, and write the rest by hand"))
    for name, keys in wanted.items():
        files = " ".join(f"--from-file={key}=FILE" for key in dict.fromkeys(keys))
        draft.needs.add(f"Secret/{name}")
        draft.advise(f"create the Secret {name}: kubectl create secret generic {name} {files}", name)


def _variable(draft: Draft, put: Put, wanted: dict[str, list[str]]) -> None:
    """A variable whose text is, or contains, a credential."""
    name = str(put.target[-1])
    if conceal.told(name, put.value) or conceal.concealed(put.value) != put.value:
        reference = _reference(put.server or str(put.target[0]), name, wanted)
        draft.revise(put, reference, how=_how(reference))


def _words(draft: Draft, put: Put, wanted: dict[str, list[str]]) -> None:
    """Words of a command: a variable takes the place of each that is, or contains, a credential."""
    found: dict[str, Any] = {}
    words: list[Any] = []
    for n, (word, hidden) in enumerate(zip(put.value, conceal.concealed(put.value), strict=True)):
        if word == hidden:
            words.append(word)
            continue
        flag, equals, _ = word.partition("=") if word.startswith("-") else ("", "", "")
        option = flag if equals else str(words[-1]) if n and conceal.option(str(words[-1])) else f"{put.target[-1]}-{n}"
        name = "ARGUMENT_" + re.sub(r"[^A-Z0-9]+", "_", option.upper()).strip("_")
        found[name] = _reference(put.server or str(put.target[0]), name, wanted)
        words.append(f"{flag}=$({name})" if equals else f"$({name})")
    if found:
        draft.revise(put, words, how=_how(next(iter(found.values()))))
        above: Key = put.target[:-1] if put.target[0] != "custom" else ()
        for name, reference in found.items():
            draft.put(Put((*above, "env", name), reference, put.server, ()), Note(MISSING, ""))


def _reference(owner: str, key: str, wanted: dict[str, list[str]]) -> dict[str, Any]:
    name = f"{slug(owner)}-credentials"
    wanted.setdefault(name, []).append(key)
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _how(reference: dict[str, Any]) -> str:
    return f"from the Secret {reference['valueFrom']['secretKeyRef']['name']}, which you create with the credential"


def _secret_object(put: Put) -> bool:
    data = put.value if put.target[0] == "extraObjects" and isinstance(put.value, dict) else {}
    return data.get("kind") == "Secret" and bool(data.get("data") or data.get("stringData"))


def _contains(put: Put) -> bool:
    """Whether a text of another value is a credential: names count only where they are the input's own."""
    if set(put.target) & set(FREE):
        return bool(conceal.concealed({put.target[-1]: put.value}) != {put.target[-1]: put.value})
    return any(isinstance(text, str) and conceal.formless(text) != text for _, text in leaves(put.value))
