"""Search for tags by name, key, synonym, pinyin or initials, as pickers need it."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from qunce.core.communities import Community
from qunce.members.search import pinyin
from qunce.members.tags import library, naming
from qunce.members.tags.models import Synonym, Tag

EXACT, PREFIX, PART, SOUND = range(4)


def find(
    community: Community,
    query: str,
    *,
    limit: int,
    with_automatic: bool = False,
    with_groups: bool = False,
) -> list[Tag]:
    """Active tags for what was typed, the best match first, automatic ones last.

    `with_groups` finds all tags of a group by its name, too.
    """
    tags = library.list_tags(community)
    if not with_automatic:
        tags = tags.exclude(group__automatic=True)
    synonyms: dict[int, list[str]] = {}
    rows = Synonym.objects.filter(community=community)
    for tag_id, key in rows.values_list("tag_id", "key"):
        synonyms.setdefault(tag_id, []).append(key)
    ranked = []
    for tag in tags:
        names = (tag.name, tag.key, *synonyms.get(tag.pk, ()))
        rank = rank_names(names, query)
        if rank is None and with_groups and tag.group is not None:
            rank = rank_names([tag.group.name], query)
        if rank is not None:
            ranked.append((tag.is_automatic, rank, _sort_key(tag.name), tag.pk, tag))
    return [tag for *_order, tag in sorted(ranked, key=lambda row: row[:4])[:limit]]


def rank_names(names: Iterable[str], query: str) -> int | None:
    """How well one of these names matches, the lower the better; None if none does."""
    text = naming.fold(query)
    if not text:
        return EXACT
    ranks = []
    for name in names:
        folded = naming.fold(name)
        if folded == text:
            ranks.append(EXACT)
        elif folded.startswith(text):
            ranks.append(PREFIX)
        elif text in folded:
            ranks.append(PART)
        elif sounds_like(name, query):
            ranks.append(SOUND)
    return min(ranks, default=None)


def sounds_like(name: str, query: str) -> bool:
    """Whether the query is the name's pinyin or its initials, from any syllable on."""
    typed = pinyin.parse_query(pinyin.normalise(query))
    return bool(typed) and pinyin.SEPARATOR + typed in sounds_of(name)


@functools.lru_cache(maxsize=20_000)
def sounds_of(name: str) -> str:
    """The ways to type a name, see `pinyin.spellings`; empty if it is not Chinese."""
    return pinyin.spellings(pinyin.normalise(name))


@functools.lru_cache(maxsize=20_000)
def _sort_key(name: str) -> str:
    return naming.pinyin_of(name)
