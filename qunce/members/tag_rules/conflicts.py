"""Active rules that a rule would fight with, and rules that feed each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.tag_rules import conditions, previews, tag_rules
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules.conditions import Condition, EventCondition
from qunce.members.tag_rules.effects import Effect
from qunce.members.tag_rules.models import VIEW, TagRule
from qunce.members.tags import library
from qunce.members.tags import writer as tag_facts
from qunce.members.tags.models import Tag
from qunce.sets import audiences
from qunce.sets.rules import base

OPPOSITE, EXCLUSIVE, DEPTH, OWN, CYCLE = (
    "opposite",
    "exclusive",
    "depth",
    "own_condition",
    "cycle",
)

if TYPE_CHECKING:
    from pyroaring import BitMap
DAYS_OF_EVENTS = 30
"""A rule on events holds for members to whom one happened in these days."""
ALL_TAGS = -1
"""Stands for every tag, where an event is about any of them."""


@dataclass(frozen=True)
class Conflict:
    """A way in which a rule fights with another one, or with itself.

    `way` are the rules of a cycle, from this one on. `members` counts those for whom both
    hold now, None if that is not known.
    """

    kind: str
    tag: str
    way: Sequence[TagRule] = ()
    other: TagRule | None = None
    wins: bool = False
    """Whether the rule itself is the earlier one."""
    members: int | None = None

    def __str__(self) -> str:
        if self.kind == OWN:
            return _("Its condition depends on “%(tag)s”, which it changes itself.") % {
                "tag": self.tag
            }
        if self.kind == CYCLE:
            names = " → ".join(f"“{rule.name}”" for rule in (*self.way, self.way[0]))
            return _("These rules change what each other depends on: %(names)s.") % {
                "names": names
            }
        return " ".join(filter(None, [self._sentence(), self._count()]))

    def _sentence(self) -> str:
        templates = {
            OPPOSITE: _("“%(rule)s” does the opposite with “%(tag)s”; %(winner)s."),
            EXCLUSIVE: _(
                "“%(rule)s” gives another tag of the group of “%(tag)s”, of which a "
                "member has one; %(winner)s."
            ),
            DEPTH: _("“%(rule)s” sets another depth of “%(tag)s”; %(winner)s."),
        }
        other = self.other.name if self.other else ""
        winner = _("this rule comes first and wins")
        if not self.wins:
            winner = _("that rule comes first and wins")
        words = {"rule": other, "tag": self.tag, "winner": winner}
        return templates[self.kind] % words

    def _count(self) -> str:
        if self.members is None:
            return ""
        return ngettext(
            "Both hold for %(n)s member now.",
            "Both hold for %(n)s members now.",
            self.members,
        ) % {"n": f"{self.members:,}"}


@dataclass(frozen=True)
class _Known:
    rule: TagRule
    condition: Condition
    effects: Sequence[Effect]


def list_conflicts(*, rule: TagRule, by: Staff, at: datetime) -> list[Conflict]:
    """The conflicts that the rule has with active rules, or would have if it was active."""
    permissions.check_may(by, VIEW)
    permissions.check_community(by, rule.community_id)
    mine = _Known(rule, *tag_rules.load(rule))
    others = []
    for other in tag_rules.list_active(rule.community):
        if other.pk != rule.pk:
            try:
                others.append(_Known(other, *tag_rules.load(other)))
            except errors.QunceError:
                continue  # it does nothing
    found = [conflict for other in others for conflict in _fights(mine, other, at)]
    return [*found, *_feedbacks(mine, others)]


def _fights(mine: _Known, other: _Known, at: datetime) -> Iterable[Conflict]:
    order = (mine.rule.position, mine.rule.pk) < (other.rule.position, other.rule.pk)
    for own in mine.effects:
        for theirs in other.effects:
            if tag_effects.contradict(own, theirs):
                both = _count_both(mine, other, at)
                yield Conflict(
                    _kind_of(own, theirs),
                    own.tag.name,
                    other=other.rule,
                    wins=order,
                    members=both,
                )


def _kind_of(own: Effect, theirs: Effect) -> str:
    if own.tag.pk != theirs.tag.pk:
        return EXCLUSIVE
    return OPPOSITE if own.is_removal or theirs.is_removal else DEPTH


def _count_both(mine: _Known, other: _Known, at: datetime) -> int | None:
    left, right = _holds_for(mine, at), _holds_for(other, at)
    if left is None or right is None:
        return None
    return left.intersection_cardinality(right)


def _holds_for(known: _Known, at: datetime) -> BitMap | None:
    rule, condition = known.rule, known.condition
    if not isinstance(condition, EventCondition):
        by = staff_models.system(rule.community)
        return audiences.people(
            community=rule.community, rule=condition.rule, by=by, at=at
        )
    try:
        found = previews.list_past_facts(rule, condition, days=DAYS_OF_EVENTS, at=at)
    except previews.TooManyFacts:
        return None
    return previews.plan_events(rule, found, at=at).matched


# Rules that feed each other


def _feedbacks(mine: _Known, others: Sequence[_Known]) -> Iterable[Conflict]:
    everyone = {known.rule.pk: known for known in (mine, *others)}
    changed = {
        pk: {effect.tag.pk for effect in known.effects}
        for pk, known in everyone.items()
    }
    wanted = {pk: tags_of(known.rule) for pk, known in everyone.items()}
    names = {effect.tag.pk: effect.tag.name for effect in mine.effects}
    for tag in sorted(changed[mine.rule.pk]):
        if {tag, ALL_TAGS} & wanted[mine.rule.pk]:
            yield Conflict(OWN, names[tag])
    feeds = {
        pk: [
            other
            for other in sorted(everyone)
            if other != pk and _feeds(changed[pk], wanted[other])
        ]
        for pk in everyone
    }
    way = find_cycle(feeds, mine.rule.pk)
    if way:
        yield Conflict(CYCLE, "", way=[everyone[pk].rule for pk in way])


def _feeds(changed: set[int], wanted: set[int]) -> bool:
    return ALL_TAGS in wanted or bool(changed & wanted)


def find_cycle(feeds: Mapping[int, Sequence[int]], start: int) -> list[int]:
    """The shortest way from `start` back to itself, with each stop once; [] if none."""
    ways = [[start]]
    seen: set[int] = set()
    while ways:
        longer = []
        for way in ways:
            for after in feeds.get(way[-1], ()):
                if after == start and len(way) > 1:
                    return way
                if after not in seen and after != start:
                    seen.add(after)
                    longer.append([*way, after])
        ways = longer
    return []


def tags_of(rule: TagRule) -> set[int]:
    """Ids of the tags on which the condition depends, through segments and layers, too."""
    keys: set[str] = set()
    found: set[int] = set()
    event = rule.condition.get("event") if isinstance(rule.condition, Mapping) else None
    if isinstance(event, Mapping):
        where = event.get("where") or {}
        if event.get("kind") in (tag_facts.TagAdded.kind, tag_facts.TagRemoved.kind):
            wanted = where.get("tag")
            if not wanted or isinstance(wanted, Mapping):
                found.add(ALL_TAGS)
            else:
                keys |= {str(key) for key in _as_list(wanted)}
        if event.get("kind") == layers.MemberLayerChanged.kind:
            _add_layerings(rule.community, _as_list(where.get("layering")), keys, found)
    for part in conditions.rules_of(rule.condition):
        _add_tags(rule.community, part, keys, found, set())
    tags = library.find(rule.community, keys).values()
    return found | {tag.pk for tag in tags}


def _as_list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _add_layerings(
    community: Community, wanted: Sequence[object], keys: set[str], found: set[int]
) -> None:
    for layering in layers.list_active(community):
        if not wanted or layering.key in wanted:
            for rule in layer_assignment.complete_rules(layering.spec):
                _add_tags(community, rule, keys, found, set())


def _add_tags(
    community: Community,
    rule: object,
    keys: set[str],
    found: set[int],
    seen: set[tuple[str, str]],
) -> None:
    """Add the tags that a rule mentions, in segments, layerings and tag groups as well."""
    for kind, key in base.list_mentions(rule):
        if (kind, key) in seen:
            continue
        seen.add((kind, key))
        if kind == "tag":
            keys.add(key)
        elif kind == "tag_group":
            rows = Tag.objects.filter(community=community, group__key=key)
            found.update(rows.values_list("pk", flat=True))
        elif kind == "segment":
            for segment in segments.Segment.objects.filter(
                community=community, key=key
            ):
                _add_tags(community, segment.rule, keys, found, seen)
        elif kind == "layering":
            for layering in layers.Layering.objects.filter(
                community=community, key=key
            ):
                for part in layer_assignment.complete_rules(layering.spec):
                    _add_tags(community, part, keys, found, seen)
