"""What is not printed of manifests: texts that are credentials by their names or forms, and users and keys in URLs."""

from __future__ import annotations

import re
from typing import Any

from .yamlfile import Key

WORDS = (
    r"(?:passw(?:or)?ds?|passphrase|(?<![a-z])pass|pwd|token|secrets?|credentials?|authorization|cookies?"
    r"|passcode|access[-_]?code|(?:require|master|admin|user|db)pass|(?:bind|user|admin|root)[-_]?pw"
    r"|(?<![a-z])(?:session|jwt|pat|pw|creds?|dsn|salt|signature)|(?<![a-z])(?:x[-_]|master|basic|smtp[-_])?auth"
    r"|connection[-_]?string|(?:api|auth|access|bearer)[-_]tokens"
    r"|(?:api|secret|private|access|auth|master|encryption|signing|account|salt|session|license)[-_]?keys?"
    r"|client-key-data|(?-i:[A-Z0-9]_KEYS?|(?<![A-Za-z0-9_-])KEY))"
)
# What can be written after that: which of several it is, or how it is written.
FURTHER = r"(?:[-_.](?:[0-9]+|old|new|previous|hash|pem|json|base64|b64|data|value))*"
# The end of the name of a variable, an option or a key that holds a credential, or names that are it as a whole.
NAME = re.compile(rf"{WORDS}{FURTHER}$|^(?:code|pin|tokens|license)$", re.IGNORECASE)
# The end of a name of a key, which can also be the path of one.
KEYED = re.compile(r"(?:[a-z0-9][-_.]|^--?)key$", re.IGNORECASE)
# The same inside a text, such as a command of a shell or a line of JSON: NAME=…, NAME: …, --name …, what a header
# Authorization says, and the key auth of a registry's login.
WRITTEN = re.compile(
    rf"""((?:{WORDS}\\?["']?[ \t]*(?::?=>?|[:>])[ \t]*(?:(?:Bearer|Basic|Token|ApiKey|Digest)[ \t]+)?"""
    rf"""|(?<![\w-])--?[\w-]*{WORDS}[ \t]+"""
    r"""|(?<![\w-])(?:password|passwd|passphrase|requirepass|masterauth)[ \t]+(?=\S*\d)"""
    r"""|\b(?:Bearer|Basic)[ \t]+|"auth"[ \t]*:[ \t]*))"""
    r"""("(?:[^"\\]|\\.)*"|'[^']*'|\\"[^"\\]*\\"|[^\s"';&|,)}]+)""",
    re.IGNORECASE,
)
# A password can have an @ in it, and a slash; a number before a slash is a port.
USER = re.compile(
    r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://)(?:[^/\s\"'<>]{1,200}|[^/@\s:\"'<>]{0,99}:(?!\d+/)[^\s\"'<>?#]{1,200})@",
    re.IGNORECASE,
)
# Addresses whose path is the credential.
HOOK = re.compile(
    r"(https?://(?:hooks\.slack\.com/|discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot"
    r"|[\w.-]{0,99}webhook\.office\.com/))[^\s\"'<>]+",
    re.IGNORECASE,
)
# A line of PostgreSQL's file of passwords: HOST:PORT:DATABASE:USER:PASSWORD.
LINE = re.compile(
    r"((?<![\w.:])[\w.*-]{1,99}:(?:\d{1,5}|\*):[^:\s/]{1,99}:[^:\s/]{0,99}[g-z_*][^:\s/]{0,99}:)[^\s:]+", re.IGNORECASE
)
# What files of passwords hold in their place.
HASHED = re.compile(r"\$(?:apr1|2[abxy]|[156y]|argon2\w*|pbkdf2[\w-]*)\$[^\s\"']+|\{S?SHA\d*\}[^\s\"']+")
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
        return _name(steps[-2].strip("[]"))
    return bool(steps) and _name(steps[-1])


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
    if equals and told(name, text) and " " not in name:
        return f"{name}={HIDDEN}"
    hidden = LOGIN.sub(rf"\1{HIDDEN}", formless(value))
    return WRITTEN.sub(lambda each: each[0] if PLAIN.fullmatch(each[2]) else each[1] + HIDDEN, hidden)


def formless(text: str) -> str:
    """A text without the credentials in it that no name introduces: those of a known form, and in URLs."""
    kept = ELSEWHERE.sub(lambda found: found[0].replace("@", "\0"), text)
    hidden = QUERY.sub(rf"\1{HIDDEN}", USER.sub(rf"\1{HIDDEN}@", kept))
    hidden = LINE.sub(rf"\1{HIDDEN}", HOOK.sub(rf"\1{HIDDEN}", hidden))
    hidden = FORM.sub(HIDDEN, HASHED.sub(HIDDEN, hidden))
    return hidden.replace("\0", "@") if hidden != kept or "\0" in hidden else text


def told(name: str, text: str) -> bool:
    """Whether a text is a credential by the name of its variable, option or key."""
    if PLAIN.fullmatch(text) or (KEYED.search(name) and text.startswith("/")):
        return False
    return _name(name)


def _name(name: str) -> bool:
    return bool(NAME.search(name) or KEYED.search(name))


def _holds(word: Any) -> bool:
    """Whether a word of a command is an option whose value, the next word, is a credential."""
    return isinstance(word, str) and option(word) and _name(word)


def option(word: str) -> bool:
    """Whether a word of a command is an option whose value is the next word."""
    return word.startswith("-") and "=" not in word
