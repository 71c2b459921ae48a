"""What is not printed of manifests: texts that are credentials by their names or forms, and users and keys in URLs."""

from __future__ import annotations

import re
from typing import Any

from .yamlfile import Key

WORDS = (
    r"(?:passw(?:or)?ds?|passphrase|(?<![a-z])pass|pwd|token|secrets?|credentials?|authorization|cookies?"
    r"|(?<![a-z])(?:session|jwt|pat)"
    r"|(?:api|secret|private|access|auth|master|encryption|signing)[-_]?keys?|(?-i:[A-Z0-9]_KEYS?))"
)
# The end of the name of a variable, an option or a key that holds a credential.
NAME = re.compile(rf"{WORDS}$", re.IGNORECASE)
# The same inside a text, such as a command of a shell or a line of JSON: NAME=…, NAME: …, --name …, what a header
# Authorization says, and the key auth of a registry's login.
WRITTEN = re.compile(
    rf"""((?:{WORDS}\\?["']?[ \t]*(?::?=>?|[:>])[ \t]*(?:(?:Bearer|Basic|Token|ApiKey|Digest)[ \t]+)?"""
    rf"""|(?<![\w-])--?[\w-]*{WORDS}[ \t]+|\b(?:Bearer|Basic)[ \t]+|"auth"[ \t]*:[ \t]*))"""
    r"""("(?:[^"\\]|\\.)*"|'[^']*'|\\"[^"\\]*\\"|[^\s"';&|,)}]+)""",
    re.IGNORECASE,
)
USER = re.compile(r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
# A parameter of a URL's query that holds a credential, such as ?key=… of some providers.
QUERY = re.compile(
    r"([?&][^?&=\s]*(?:key|token|secret|passw(?:or)?d|pwd|sig(?:nature)?|credentials?)=)[^&#;\s]+", re.IGNORECASE
)
# The password of an option such as curl's -u USER:PASSWORD.
LOGIN = re.compile(r"""((?<![\w-])(?:-u|--user)[ =]{1,9}[^\s:'"]{1,99}:)[^\s'"]+""")
# What providers, forges and libraries issue: it is a credential wherever it is written.
FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|gsk|pk|rk|nvapi|xai|pplx|tvly|glpat|dop_v1|lsv2|csk|fw|r8|hf|npm|pypi|gh[opusr]|github_pat|xox[abeoprs])[-_]"
    r"(?=[A-Za-z0-9_-]{0,64}[0-9])(?=[A-Za-z0-9_-]{0,64}[A-Za-z0-9]{12})[A-Za-z0-9_-]{16,}"
    r"|A(?:KI|SI)A[A-Z0-9]{16}(?![A-Za-z0-9])|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|(?<=-----BEGIN )[A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*)"
)
# Words that switch something, such as ENABLE_API_KEY, and texts that Kubernetes puts in from elsewhere.
PLAIN = re.compile(r"(?i:true|false|yes|no|on|off|none|null|[01]?|\$\(\w+\))")
ELSEWHERE = re.compile(r"://\$\(\w+\)(?::\$\(\w+\))?@")
HIDDEN = "…"


def named(path: Key) -> bool:
    """Whether the name of a place says that it holds a credential: a variable, or a key of any object."""
    steps = [str(step) for step in path]
    if len(steps) > 1 and steps[-1] == "value":
        return bool(NAME.search(steps[-2].strip("[]")))
    return bool(steps) and bool(NAME.search(steps[-1]))


def concealed(value: Any) -> Any:
    """A value without the credentials in it."""
    if isinstance(value, dict):
        variable = str(value.get("name", ""))
        names = {key: variable if key == "value" else str(key) for key in value}
        return {
            key: HIDDEN if isinstance(inner, str) and told(names[key], inner) else concealed(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            HIDDEN if n and _holds(value[n - 1]) and isinstance(each, str) else concealed(each)
            for n, each in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    name, equals, text = value.partition("=")
    key = name.startswith("-") and name.endswith("-key") and not text.startswith("/")
    if equals and (told(name, text) or key) and " " not in name:
        return f"{name}={HIDDEN}"
    hidden = LOGIN.sub(rf"\1{HIDDEN}", formless(value))
    return WRITTEN.sub(lambda each: each[0] if PLAIN.fullmatch(each[2]) else each[1] + HIDDEN, hidden)


def formless(text: str) -> str:
    """A text without the credentials in it that no name introduces: those of a known form, and in URLs."""
    kept = ELSEWHERE.sub(lambda found: found[0].replace("@", "\0"), text)
    hidden = FORM.sub(HIDDEN, QUERY.sub(rf"\1{HIDDEN}", USER.sub(rf"\1{HIDDEN}@", kept)))
    return hidden.replace("\0", "@") if hidden != kept or "\0" in hidden else text


def told(name: str, text: str) -> bool:
    """Whether a text is a credential by the name of its variable, option or key."""
    return bool(NAME.search(name)) and not PLAIN.fullmatch(text)


def _holds(word: Any) -> bool:
    """Whether a word of a command is an option whose value, the next word, is a credential."""
    return isinstance(word, str) and option(word) and bool(NAME.search(word))


def option(word: str) -> bool:
    """Whether a word of a command is an option whose value is the next word."""
    return word.startswith("-") and "=" not in word
