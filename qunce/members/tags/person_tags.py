"""The tags of people: what all their accounts have, taken together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.members.tags import assignments, levels
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tag, Tagging


def depths_of_person(accounts: Iterable[int]) -> dict[str, int]:
    """Tag key → depth over all these accounts of one person."""
    depths: dict[str, int] = {}
    rows = Tagging.objects.filter(account_id__in=list(accounts), present=True)
    for key, weight in rows.order_by("tag__key").values_list("tag__key", "weight"):
        depths[key] = depths.get(key, 0) + weight
    return depths


@dataclass(frozen=True, slots=True)
class PersonTag:
    """One tag of a person; `since`, `source` and `by_id` are of the latest tagging."""

    tag: Tag
    depth: int
    since: datetime
    source: str
    by_id: int | None
    expires_at: datetime | None

    @property
    def is_automatic(self) -> bool:
        """Whether the system keeps the tag, which staff cannot change for long."""
        return self.tag.is_automatic or self.source in assignments.AUTOMATIC_SOURCES

    @property
    def level(self) -> str:
        """The name of the level, empty if the tag has none at this depth."""
        return levels.find_name(self.tag.levels, self.depth)


COLUMNS = (
    "account_id",
    "tag_id",
    "weight",
    "tagged_at",
    "source",
    "by_id",
    "expires_at",
)


def tags_by_person(people: Mapping[int, Sequence[int]]) -> dict[int, list[PersonTag]]:
    """Person id → their tags, by tag group and name.

    `people` maps person ids to account ids, as `accounts_by_person` returns them.
    """
    person_ids = {account: person for person, ids in people.items() for account in ids}
    # Tuples rather than model instances: a page has fifty people, and each has
    # automatic tags by the dozen.
    taggings = Tagging.objects.filter(account_id__in=list(person_ids), present=True)
    rows: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    newest_first = taggings.order_by("-tagged_at")
    for account, tag_id, *rest in newest_first.values_list(*COLUMNS):
        rows.setdefault((person_ids[account], tag_id), []).append(tuple(rest))
    tags = Tag.objects.select_related("group").in_bulk({tag_id for _, tag_id in rows})

    def position(pk: int) -> tuple[str, str, int]:
        group = tags[pk].group
        return (group.key if group else "\U0010ffff", tags[pk].name, pk)

    order = {pk: index for index, pk in enumerate(sorted(tags, key=position))}
    result: dict[int, list[PersonTag]] = {person: [] for person in people}
    for person, tag_id in sorted(rows, key=lambda key: order[key[1]]):
        depth = sum(row[0] for row in rows[person, tag_id])
        latest = rows[person, tag_id][0][1:]
        result[person].append(PersonTag(tags[tag_id], depth, *latest))
    return result


def by_relevance(tags: Iterable[PersonTag]) -> list[PersonTag]:
    """Tags assigned by hand first, then those of files and programs, then automatic ones.

    Of each kind, the newest first.
    """
    return sorted(
        tags,
        key=lambda tag: (
            not tag.is_automatic,
            tag.source == tag_models.MANUAL,
            tag.since,
        ),
        reverse=True,
    )
