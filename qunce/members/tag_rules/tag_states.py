"""The tags of people as the planner asks for them, from the engine or from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.tag_rules.models import SOURCE_PREFIX
from qunce.members.tags.models import MANUAL, Tag
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.members.tag_rules.planning import Tags

SELECT_ROWS = """
SELECT tag_id, account_id, CASE WHEN present THEN weight ELSE 0 END, source
FROM members_tagging WHERE tag_id {tags} AND account_id {accounts}
"""
SELECT_OF_SOURCE = """
SELECT account_id FROM members_tagging WHERE tag_id = %s AND source = %s
    AND source >= 'rule:' AND source < 'rule;' AND present
"""
"""The bounds are those of the index of taggings by rules, which is used only with them."""
SELECT_BY_RULE = """
SELECT DISTINCT account_id FROM members_tagging WHERE source = %s
    AND source >= 'rule:' AND source < 'rule;' AND present
"""
SELECT_REMOVED = """
SELECT account_id FROM members_tagging
WHERE tag_id = %s AND source = %s AND NOT present
"""
MAX_LOOKED_UP = 2_000
"""People above whom all taggings of a tag are searched rather than those of each."""


def rule_of(source: str) -> int:
    """The id of the rule that made a tagging with this source; 0 if none did."""
    pk = source.removeprefix(SOURCE_PREFIX)
    return int(pk) if pk != source and pk.isdecimal() else 0


@dataclass
class PersonTag:
    """The taggings of a person with one tag; `rules` are those that gave them, or 0."""

    depth: int = 0
    rules: set[int] = field(default_factory=set)
    is_removed_by_hand: bool = False


def read(tags: Iterable[int], people: Iterable[int]) -> dict[int, dict[int, PersonTag]]:
    """Tag id → person id → their taggings, of those people who have or had the tag."""
    tag_ids = sorted(set(tags))
    found: dict[int, dict[int, PersonTag]] = {tag: {} for tag in tag_ids}
    if not tag_ids:
        return found
    for chunk in account_queries.chunks(sorted(people)):
        person_of = account_queries.invert(account_queries.accounts_by_person(chunk))
        sql = SELECT_ROWS.format(
            tags=db.among_ids(tag_ids), accounts=db.among_ids(sorted(person_of))
        )
        for tag, account, depth, source in db.rows(sql):
            state = found[tag].setdefault(person_of[account], PersonTag())
            if depth:
                state.depth += depth
                state.rules.add(rule_of(source))
            elif source == MANUAL:
                state.is_removed_by_hand = True
    return found


def people_by_source(tag: int, source: str) -> BitMap:
    """People with a tagging of this source."""
    accounts = [row[0] for row in db.rows(SELECT_OF_SOURCE, [tag, source])]
    return bitmaps.of(account_queries.person_ids(accounts).values())


def people_by_rule(source: str) -> BitMap:
    """People with any tag from the rule with this source."""
    accounts = [row[0] for row in db.rows(SELECT_BY_RULE, [source])]
    return bitmaps.of(account_queries.person_ids(accounts).values())


def list_exclusive(tags: Iterable[Tag]) -> dict[int, list[Tag]]:
    """Tag id → the other tags of its exclusive group, by id."""
    chosen = list(tags)
    groups = {
        tag.group_id for tag in chosen if tag.group is not None and tag.group.exclusive
    }
    rows = Tag.objects.filter(group__in=groups).exclude(state="merged")
    members = list(rows.select_related("group").order_by("pk"))
    return {
        tag.pk: [
            other
            for other in members
            if other.group_id == tag.group_id and other.pk != tag.pk
        ]
        for tag in chosen
    }


def _owners(states: Mapping[int, PersonTag]) -> dict[int, BitMap]:
    owners: dict[int, BitMap] = {}
    for person, state in states.items():
        if state.depth:
            # What several have given belongs to none of them alone.
            owner = min(state.rules) if len(state.rules) == 1 else 0
            owners.setdefault(owner, bitmaps.of(())).add(person)
    return owners


@dataclass
class RowTags:
    """The tags of a few people, from their rows."""

    exclusive: Mapping[int, Sequence[Tag]]
    people: BitMap

    @cached_property
    def states(self) -> dict[int, dict[int, PersonTag]]:
        others = [tag.pk for tags in self.exclusive.values() for tag in tags]
        return read([*self.exclusive, *others], self.people)

    def _select(self, tag: int, people: BitMap) -> dict[int, PersonTag]:
        return {p: s for p, s in self.states[tag].items() if p in people}

    def holders(self, tag: int) -> BitMap:
        return bitmaps.of(p for p, s in self.states[tag].items() if s.depth)

    def below(self, tag: int, depth: int) -> BitMap:
        states = self.states[tag].items()
        return bitmaps.of(p for p, s in states if 0 < s.depth < depth)

    def exactly(self, tag: int, depth: int) -> BitMap:
        return bitmaps.of(p for p, s in self.states[tag].items() if s.depth == depth)

    def owners(self, tag: int, people: BitMap) -> Mapping[int, BitMap]:
        return _owners(self._select(tag, people))

    def removed_by_hand(self, tag: int, people: BitMap) -> BitMap:
        states = self._select(tag, people).items()
        return bitmaps.of(p for p, s in states if s.is_removed_by_hand and not s.depth)

    def exclusive_with(self, tag: int) -> Sequence[int]:
        return [other.pk for other in self.exclusive[tag]]


@dataclass
class EngineTags:
    """The tags of a whole community, from the engine; rows are read for a few people."""

    community: Community
    at: datetime
    exclusive: Mapping[int, Sequence[Tag]]
    keys: Mapping[int, str]
    """Tag id → key, of every tag that is asked about."""
    _sets: dict[tuple[int, str, int], BitMap] = field(default_factory=dict)

    def _find(self, tag: int, sign: str, depth: int) -> BitMap:
        known = self._sets.get((tag, sign, depth))
        if known is None:
            clause: dict[str, Any] = {"any": [self.keys[tag]]}
            if depth > 1 or sign != "gte":
                clause["depth"] = {sign: depth}
            known = audiences.people(
                community=self.community,
                rule={"with_left": {"tag": clause}},
                by=staff_models.system(self.community),
                at=self.at,
            )
            self._sets[tag, sign, depth] = known
        return known

    def holders(self, tag: int) -> BitMap:
        return self._find(tag, "gte", 1)

    def below(self, tag: int, depth: int) -> BitMap:
        return self.holders(tag) - self._find(tag, "gte", depth)

    def exactly(self, tag: int, depth: int) -> BitMap:
        return self._find(tag, "gte", depth) - self._find(tag, "gte", depth + 1)

    def owners(self, tag: int, people: BitMap) -> Mapping[int, BitMap]:
        return _owners(read([tag], people)[tag]) if people else {}

    def removed_by_hand(self, tag: int, people: BitMap) -> BitMap:
        if len(people) > MAX_LOOKED_UP:
            rows = db.rows(SELECT_REMOVED, [tag, MANUAL])
            removed = account_queries.person_ids(account for (account,) in rows)
            people = people & bitmaps.of(removed.values())
        if not people:
            return bitmaps.of(())
        states = read([tag], people)[tag].items()
        return bitmaps.of(p for p, s in states if s.is_removed_by_hand and not s.depth)

    def exclusive_with(self, tag: int) -> Sequence[int]:
        return [other.pk for other in self.exclusive[tag]]


if TYPE_CHECKING:
    _ROWS: type[Tags] = RowTags
    _ENGINE: type[Tags] = EngineTags
