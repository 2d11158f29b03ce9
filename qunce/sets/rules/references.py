"""Kinds of things that rules mention by key, such as tags and groups.

The application that owns the things registers how to find their ids and their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.phrasing import Names

FindIds = Callable[[Community, Sequence[str]], Mapping[str, int]]
FindNames = Callable[[Community, Sequence[str]], Mapping[str, str]]
"""From keys in a community to ids or names. Unknown keys are left out."""

ListKeys = Callable[[Community], Sequence[str]]
"""The keys of all things in a community that can be chosen."""

ListNames = Callable[[Community, "Staff | None"], Iterable[tuple[str, str]]]
"""Key and name of everything in a community that a staff member may name."""

Mention = tuple[str, str]
"""Kind of thing and key."""


@dataclass(frozen=True)
class ReferenceKind:
    label: StrOrPromise
    """The noun for messages: There is no *tag* “vip”."""
    find_ids: FindIds | None = None
    find_names: FindNames | None = None
    list_keys: ListKeys | None = None
    list_names: ListNames | None = None


CHUNK_SIZE = 2_000
"""Keys of one query, as databases limit their parameters."""
_kinds: dict[str, ReferenceKind] = {}


def register(
    kind: str,
    *,
    label: StrOrPromise = "",
    find_ids: FindIds | None = None,
    find_names: FindNames | None = None,
    list_keys: ListKeys | None = None,
    list_names: ListNames | None = None,
) -> None:
    _kinds[kind] = ReferenceKind(label, find_ids, find_names, list_keys, list_names)


def get(kind: str) -> ReferenceKind:
    return _kinds[kind]


def list_keys(community: Community, kind: str) -> Sequence[str]:
    """The keys that can be chosen; none if no application has such things."""
    finder = _kinds[kind].list_keys if kind in _kinds else None
    return finder(community) if finder else ()


def list_all_names(
    community: Community, by: Staff | None
) -> Iterator[tuple[str, str, str]]:
    """Kind of thing, key and name of everything that `by` may name in a rule."""
    for kind, reference in _kinds.items():
        if reference.list_names is not None:
            for key, name in reference.list_names(community, by):
                yield kind, key, name


def find_names(
    community: Community, kind: str, keys: Sequence[str]
) -> Mapping[str, str]:
    """The names of things of one kind, by key."""
    finder = _kinds[kind].find_names if kind in _kinds else None
    names: dict[str, str] = {}
    for start in range(0, len(keys) if finder else 0, CHUNK_SIZE):
        chunk = keys[start : start + CHUNK_SIZE]
        names |= finder(community, chunk) if finder else {}
    return names


def list_names(community: Community, kind: str, keys: Sequence[str]) -> list[str]:
    """The names in the order of the keys, and the key of what has none."""
    names = find_names(community, kind, keys)
    return [names.get(key, key) for key in keys]


def find_names_of(community: Community, mentions: Iterable[Mention]) -> Names:
    """The names of all these things, with one query per kind."""
    keys_by_kind: dict[str, set[str]] = {}
    for kind, key in mentions:
        keys_by_kind.setdefault(kind, set()).add(key)
    return {
        (kind, key): name
        for kind, keys in keys_by_kind.items()
        for key, name in find_names(community, kind, sorted(keys)).items()
    }
