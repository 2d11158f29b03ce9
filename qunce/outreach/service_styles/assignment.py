"""The styles of members: an ordered list of rules, the first that holds decides.

The last style is that of everyone else, so that every member has exactly one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.outreach.service_styles.models import ServiceStyle, ServiceStyleRule
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """The people whom a rule gives its style; `rule` is None for everyone else."""

    style: ServiceStyle
    rule: ServiceStyleRule | None
    people: BitMap


@dataclass(frozen=True)
class Assignment:
    """The styles of a community and who has which; without styles it is empty.

    `parts` are those of the rules, in their order. `default` is the style of all others.
    """

    parts: tuple[Part, ...] = ()
    default: ServiceStyle | None = None

    def style_of(self, person: int) -> ServiceStyle | None:
        part = self.part_of(person)
        return part.style if part else self.default

    def part_of(self, person: int) -> Part | None:
        return next((part for part in self.parts if person in part.people), None)

    def people_of(self, style_id: int) -> BitMap:
        """The people whom rules give this style."""
        return bitmaps.union(p.people for p in self.parts if p.style.pk == style_id)


NO_STYLES = Assignment()


def divide(sets: Sequence[BitMap]) -> list[BitMap]:
    """Each set without those before it: everyone is in the first that has them."""
    taken = bitmaps.of([])
    parts = []
    for people in sets:
        parts.append(people - taken)
        taken |= people
    return parts


def load(community: Community, at: datetime) -> Assignment:
    """The styles of members now.

    Call it outside the claiming transaction, as it uses the caches of the set engine.
    """
    styles = {
        style.pk: style for style in ServiceStyle.objects.filter(community=community)
    }
    if not styles:
        return NO_STYLES
    default = next((each for each in styles.values() if each.is_default), None)
    rules = list(list_rules(community))
    people = divide([_people(rule, community, at) for rule in rules])
    return Assignment(
        tuple(
            Part(styles[rule.style_id], rule, own)
            for rule, own in zip(rules, people, strict=True)
        ),
        default,
    )


def list_rules(community: Community) -> Iterable[ServiceStyleRule]:
    rows = ServiceStyleRule.objects.filter(style__community=community)
    return rows.select_related("style").order_by("position", "pk")


def _people(rule: ServiceStyleRule, community: Community, at: datetime) -> BitMap:
    """The people of a rule; nobody if it names something that is gone."""
    by = staff_models.system(community)
    try:
        return audiences.people(community=community, rule=rule.rule, by=by, at=at)
    except errors.Invalid:
        # Sending goes on with the other rules; the page of the styles says what is gone.
        log.warning("rule %s of a style of service cannot be evaluated", rule.pk)
        return bitmaps.of([])


@dataclass(frozen=True)
class Barred:
    """The people whose style does not allow a playbook.

    `by_rule` are those whom a rule gives such a style, and `styled` all whom rules give
    any. With `others`, everyone else is barred.
    """

    by_rule: BitMap = field(default_factory=lambda: bitmaps.of([]))
    styled: BitMap = field(default_factory=lambda: bitmaps.of([]))
    others: bool = False

    def __contains__(self, person: int) -> bool:
        return person in self.by_rule or (self.others and person not in self.styled)


NOBODY_BARRED = Barred()


def barred_from(playbook_id: int, community: Community, at: datetime) -> Barred:
    """The people whose style of service does not allow a playbook."""
    found = load(community, at)
    if found.default is None:
        return NOBODY_BARRED
    barred = [p.people for p in found.parts if not allows(p.style, playbook_id)]
    return Barred(
        bitmaps.union(barred),
        bitmaps.union(part.people for part in found.parts),
        not allows(found.default, playbook_id),
    )


def allows(style: ServiceStyle, playbook_id: int) -> bool:
    return style.playbooks is None or playbook_id in style.playbooks
