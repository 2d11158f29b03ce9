"""Monthly gifts of levels: points within a budget, or a prize within its stock.

Each person gets one a month, of the level that they have when it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import F, Sum
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities import eligibility
from qunce.activities.levels import holdings, level_facts, schemes
from qunce.activities.levels.models import (
    Level,
    LevelGift,
    LevelGiftBudget,
    LevelHolding,
    LevelScheme,
)
from qunce.activities.points import earning, periods
from qunce.activities.prizes import awards, sources
from qunce.core import db
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

SOURCE = "level"
PEOPLE_PER_TRANSACTION = 200


@dataclass(frozen=True)
class Given:
    """The gifts of a month: to how many, and the points of the budget that are used."""

    people: int
    points: int
    budget: int | None


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=lambda award, at: None,
        returned=lambda award, at: None,
        promises=lambda stock: False,
        awarded_text=gettext_lazy("The monthly gift of your level: %(prize)s."),
    )
)

# Verbs


def give_due(*, at: datetime) -> int:
    """Give the gifts of this month to all who have none yet; a job. Returns how many."""
    done = 0
    for scheme in LevelScheme.objects.filter(is_on=True).select_related("community"):
        levels = schemes.list_all(scheme.community)
        for level in levels:
            if level.gift_points or level.gift_stock_id:
                done += _give_level(scheme, level, at)
    return done


def _give_level(scheme: LevelScheme, level: Level, at: datetime) -> int:
    community, last, done = scheme.community, 0, 0
    month = periods.month_of(community.day(at))
    while True:
        rows = LevelHolding.objects.filter(
            community_id=community.pk, level=level, person_id__gt=last
        )
        # Those who have it already are left out, so that a month is read once.
        waiting = rows.exclude(
            person_id__in=LevelGift.objects.filter(
                community_id=community.pk, month=month
            ).values("person_id")
        )
        people = list(
            waiting.order_by("person_id").values_list("person_id", flat=True)[
                :PEOPLE_PER_TRANSACTION
            ]
        )
        if not people:
            return done
        last = people[-1]
        with transaction.atomic():
            given, is_left = _give(scheme, level, people, month, at)
        done += given
        if not is_left:
            return done


def _give(
    scheme: LevelScheme, level: Level, people: Sequence[int], month: int, at: datetime
) -> tuple[int, bool]:
    """Give to those who may have it; returns how many, and whether more can be given."""
    community, done = scheme.community, 0
    by_person = account_queries.accounts_by_person(people)
    held = holdings.find_held(community, by_person, community.day(at))
    barred = eligibility.find_uncounted(community, by_person, at=at)
    every = list(account_queries.invert(by_person))
    known = set(
        LevelGift.objects.filter(month=month)
        .filter(models.Q(account_id__in=every) | models.Q(person_id__in=every))
        .values_list("account_id", "person_id")
    )
    given = {account for pair in known for account in pair}
    for person, own in sorted(by_person.items()):
        has_level = person in held and held[person].level.pk == level.pk
        if not has_level or person in barred or not given.isdisjoint(own):
            continue
        if not _give_one(scheme, level, person, month, at):
            return done, False
        done += 1
    return done, True


def _give_one(
    scheme: LevelScheme, level: Level, person: int, month: int, at: datetime
) -> bool:
    """False, without a change, if the budget or the stock is used up."""
    community = scheme.community
    if level.gift_points and not _take_budget(scheme, level.gift_points, month):
        return False
    award = None
    if level.gift_stock is not None:
        if level.gift_stock.archived_at is not None:
            return False
        award = awards.award(
            stock=level.gift_stock,
            account_id=person,
            source=SOURCE,
            source_key=f"{person}/{month}",
            at=at,
        )
        if award is None:
            return False
    LevelGift.objects.create(
        community_id=community.pk,
        account_id=person,
        person_id=person,
        level=level,
        month=month,
        points=level.gift_points,
        award_id=award.pk if award else None,
        at=at,
    )
    if level.gift_points:
        with translation.override(community.language):
            reason = _("Monthly gift of the level %(level)s") % {"level": level.name}
        earning.award(
            account_id=person,
            amount=level.gift_points,
            key=f"{earning.GIFT_PREFIX}{person}/{month}",
            by=None,
            at=at,
            reason=reason,
            valid_days=level.gift_valid_days,
        )
    fact = level_facts.LevelGiftGiven(
        account=person,
        level=level.key,
        points=level.gift_points,
        award=award.pk if award else None,
    )
    facts.record(fact, community=community, by=None, at=at)
    return True


def _take_budget(scheme: LevelScheme, points: int, month: int) -> bool:
    db.insert(
        "INSERT INTO level_gift_budget (community_id, month, used) VALUES",
        [(scheme.community_id, month, 0)],
        on_conflict="ON CONFLICT DO NOTHING",
    )
    rows = LevelGiftBudget.objects.filter(community_id=scheme.community_id, month=month)
    if scheme.gift_budget is not None:
        rows = rows.filter(used__lte=scheme.gift_budget - points)
    return bool(rows.update(used=F("used") + points))


# Reads


def count_given(*, community: Community, by: Staff, at: datetime) -> Given:
    """The gifts of this month."""
    schemes.check_may_manage(by)
    month = periods.month_of(community.day(at))
    found = LevelGift.objects.filter(community_id=community.pk, month=month)
    scheme = schemes.get(community)
    points = found.aggregate(points=Sum("points"))["points"] or 0
    return Given(found.count(), points, scheme.gift_budget if scheme else None)
