"""Inserts keys from Secrets into Open WebUI's lists, and runs the given command. Runs in Open WebUI's image.

Open WebUI reads several keys from one variable: a list or JSON. Kubernetes would insert a key as it is, so a newline, a
quotation mark or a semicolon in it would change the list. Each key is therefore in a separate variable, and the list
contains the name of that variable.

Environment
  INSERT_KEYS  the names of the variables with lists or JSON, separated by blanks
Exit codes: 64 a key cannot be used
"""

import json
import os
import sys


def key(name: str, forbidden: str = "") -> str:
    """The key in a variable, without the newline at the end that a file has."""
    value = os.environ.get(name, "").strip("\r\n")
    for character, title in (("\n", "a newline"), ("\r", "a newline"), (";", "a semicolon")):
        if character in "\r\n" + forbidden and character in value:
            sys.exit(f"keys: the key in {name} contains {title}; correct it in the Secret that this variable is from")
    return value


def inserted(text: str) -> str:
    if text[:1] not in ("[", "{"):
        return ";".join(key(name, ";") if name else "" for name in text.split(";"))
    found = json.loads(text)
    for one in found.values() if isinstance(found, dict) else found:
        if one.get("key"):
            one["key"] = key(one["key"])
    return json.dumps(found)


try:
    for variable in os.environ["INSERT_KEYS"].split():
        if variable not in os.environ:
            sys.exit(f"keys: INSERT_KEYS names {variable}, which is not set; remove INSERT_KEYS from the environment")
        os.environ[variable] = inserted(os.environ[variable])
except SystemExit as fault:
    print(fault, file=sys.stderr)
    sys.exit(64)
os.execvp(sys.argv[1], sys.argv[1:])
