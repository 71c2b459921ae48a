"""What jsonschema and referencing use of rpds, which is compiled and has no build for a page: maps, sets and lists that
no call changes. It stands in for it in the static page only, where their sizes are small and copies are cheap.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any


class HashTrieMap(Mapping[Any, Any]):
    """A map; `insert`, `update` and `remove` return another."""

    __slots__ = ("_data",)

    def __init__(self, value: Any = (), **more: Any) -> None:
        self._data = dict(value, **more)

    @classmethod
    def convert(cls, value: Any) -> HashTrieMap:
        return value if isinstance(value, cls) else cls(value)

    def __getitem__(self, key: Any) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def insert(self, key: Hashable, value: Any) -> HashTrieMap:
        return HashTrieMap(self._data | {key: value})

    def update(self, *others: Any, **more: Any) -> HashTrieMap:
        made = dict(self._data)
        for other in (*others, more):
            made.update(other)
        return HashTrieMap(made)

    def remove(self, key: Hashable) -> HashTrieMap:
        made = dict(self._data)
        del made[key]
        return HashTrieMap(made)

    def discard(self, key: Hashable) -> HashTrieMap:
        return self.remove(key) if key in self._data else self


class HashTrieSet(AbstractSet[Any]):
    """A set; `insert`, `update` and `remove` return another."""

    __slots__ = ("_data",)

    def __init__(self, value: Iterable[Any] = ()) -> None:
        self._data = frozenset(value)

    def __contains__(self, value: object) -> bool:
        return value in self._data

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        return hash(self._data)

    def insert(self, value: Hashable) -> HashTrieSet:
        return HashTrieSet(self._data | {value})

    def update(self, *others: Iterable[Any]) -> HashTrieSet:
        return HashTrieSet(self._data.union(*others))

    def remove(self, value: Hashable) -> HashTrieSet:
        if value not in self._data:
            raise KeyError(value)
        return HashTrieSet(self._data - {value})

    def discard(self, value: Hashable) -> HashTrieSet:
        return HashTrieSet(self._data - {value})


class List:
    """A list that grows at its front."""

    __slots__ = ("_items",)

    def __init__(self, *items: Any) -> None:
        self._items: tuple[Any, ...] = tuple(items[0]) if len(items) == 1 else items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, List) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    @property
    def first(self) -> Any:
        return self._items[0]

    @property
    def rest(self) -> List:
        return List(self._items[1:])

    def push_front(self, item: Any) -> List:
        return List((item, *self._items))

    def drop_first(self) -> List:
        return List(self._items[1:])
