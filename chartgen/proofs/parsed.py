"""Documents as they were read before, on disk, by their texts: after a change most texts are as they were.

To read them from YAML, with every key looked at, takes longer than all that is then proved of them. Only what had no
problem is kept, by a hash of the text and of all that proofs depend on (memory.world). A file that cannot be read or
written, or that another process holds, costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

MOST, KEPT = 60_000, 40_000  # documents: with more than these, that many of the newest stay
AT_ONCE = 500  # keys in a query
PATIENCE = 0.2  # seconds that another process may hold the file
TABLE = "CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, key BLOB UNIQUE, data TEXT, seal BLOB)"


class Texts:
    """The documents in a file, by their texts; none where `world` is empty: what they depend on is then not known."""

    def __init__(self, file: Path, world: str) -> None:
        self._file, self._world = file, world
        self._had: set[str] = set()

    def recalled(self, texts: Collection[str]) -> dict[str, Any]:
        """text -> data, of those of the texts that are kept."""
        if not self._world or not texts or not self._file.is_file():
            return {}
        keys = {self._key(text): text for text in texts}
        found = {keys[key]: data for key, data in self._rows(list(keys))}
        self._had.update(found)
        return found

    def keep(self, documents: Mapping[str, Any]) -> None:
        """Keep documents that had no problem."""
        if not self._world:
            return
        rows = []
        for text, data in documents.items():
            if text not in self._had:
                key, written = self._key(text), json.dumps(data)
                rows.append((key, written, _seal(key, written)))
        if rows:
            with _ignored():
                self._insert(rows)

    def _rows(self, keys: list[bytes]) -> Iterator[tuple[bytes, Any]]:
        with _ignored(), closing(_opened(self._file)) as file:
            for start in range(0, len(keys), AT_ONCE):
                some = keys[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                for key, data, seal in file.execute(
                    f"SELECT key, data, seal FROM documents WHERE key IN ({marks})", some
                ):
                    if seal == _seal(key, data):
                        yield key, json.loads(data)

    def _insert(self, rows: list[tuple[bytes, str, bytes]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with closing(_opened(self._file)) as file, file:
            file.execute(TABLE)
            file.executemany("INSERT OR REPLACE INTO documents (key, data, seal) VALUES (?, ?, ?)", rows)
            ((count, newest),) = file.execute("SELECT count(*), max(number) FROM documents")
            if count > MOST:
                file.execute("DELETE FROM documents WHERE number <= ?", (newest - KEPT,))

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._world} {text}".encode("utf-8", "surrogatepass")).digest()[:20]


def _seal(key: bytes, data: str) -> bytes:
    """Tells a row that is damaged, or of another key."""
    return hashlib.sha256(key + data.encode("utf-8", "surrogatepass")).digest()[:8]


def _opened(file: Path) -> Any:
    import sqlite3

    found = sqlite3.connect(file, timeout=PATIENCE)
    found.execute("PRAGMA synchronous = OFF")  # what a crash of the machine damages has no seal
    return found


def _ignored() -> suppress:
    """A file that is damaged, held or read-only is one without documents; so is any for a Python without sqlite3."""
    failures = [ImportError, OSError, ValueError, TypeError, RecursionError]
    with suppress(ImportError):
        import sqlite3

        failures.append(sqlite3.Error)
    return suppress(*failures)
