"""The numbers of occasions in the coming days, and the next ones of a member."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Min

from qunce.core import (
    communities,
    community_days,
    errors,
    lunar_dates,
    permissions,
    timestamps,
)
from qunce.core.lunar_dates import LunarDate
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.attributes.attributes import AttributeType
from qunce.members.attributes.values import AttributeValue
from qunce.members.people import visibility
from qunce.outreach.care import days, rules
from qunce.outreach.care.models import CareOccasion, CareRule
from qunce.outreach.care.occasions import (
    FIRST_ORDER,
    Birthday,
    FirstOrder,
    PersonDates,
    Surprise,
)
from qunce.sets import audiences, timelines
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

DAYS = 30
BEGINNING = timestamps.from_micros(0)


@dataclass(frozen=True)
class Coming:
    """How many members have an occasion of a rule on a day, and how many by the lunar one."""

    rule: CareRule
    count: int
    lunar: int


@dataclass(frozen=True)
class ComingDay:
    day: date
    occasions: tuple[Coming, ...]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.occasions)


@dataclass(frozen=True)
class NextOccasion:
    rule: CareRule
    day: date


def list_coming(*, by: Staff, at: datetime, days_ahead: int = DAYS) -> list[ComingDay]:
    """The days of the next `days_ahead`, today first, on which members have an occasion.

    Of rules that are on; members who had it before are not counted. A surprise counts
    those who are drawn at most.
    """
    permissions.check_may(by, rules.VIEW)
    live = list(rules.list_all(by).filter(is_on=True))
    return _list_days(live, by, at, days_ahead)


def list_coming_of(*, rule: CareRule, by: Staff, at: datetime) -> list[ComingDay]:
    """The same for one rule, as if it were on."""
    rules.check_visible(rule, by)
    return _list_days([rule], by, at, DAYS)


def _list_days(
    found: Sequence[CareRule], by: Staff, at: datetime, days_ahead: int
) -> list[ComingDay]:
    by_day: dict[date, list[Coming]] = {}
    occasions = rules.load_occasions(found)
    for rule in found:
        finder, occasion = days.Finder(rule, by, at), occasions[rule.pk]
        matches = days.coming_matches(occasion, finder.today, days_ahead)
        for day, group in itertools.groupby(matches, key=lambda item: item[0]):
            everybody, lunar = bitmaps.of([]), bitmaps.of([])
            for _day, match in group:
                people = finder.people(match) - _who_had(rule, match.key)
                everybody = everybody | people
                if match.is_lunar:
                    lunar = lunar | people
            count = len(everybody)
            if isinstance(occasion, Surprise):
                count = min(count, occasion.members)
            if count:
                by_day.setdefault(day, []).append(Coming(rule, count, len(lunar)))
    return [ComingDay(day, tuple(each)) for day, each in sorted(by_day.items())]


def _who_had(rule: CareRule, key: str) -> BitMap:
    rows = CareOccasion.objects.filter(rule=rule, key=key)
    ids = rows.values_list("account_id", flat=True)
    return bitmaps.of([account for account in ids if account is not None])


def list_next(
    *, accounts: Sequence[int], by: Staff, at: datetime
) -> list[NextOccasion]:
    """The next occasion of a person by each rule that is on, the soonest first.

    A surprise is left out, as it would be none.
    """
    visibility.check_visible(by=by, accounts=accounts, at=at)
    live = CareRule.objects.filter(community=by.community_id, is_on=True)
    rows = list(live.select_related("community").order_by("pk"))
    if not rows:
        return []
    today = community_days.to_date(by.community.day(at))
    occasions = rules.load_occasions(rows)
    person = _dates_of(by, accounts, at, list(occasions.values()))
    found = []
    for rule in rows:
        day = occasions[rule.pk].next_day(person, today)
        if day is not None and _is_in_audience(rule, accounts, by, at):
            found.append(NextOccasion(rule, day))
    return sorted(found, key=lambda each: (each.day, each.rule.pk))


def _is_in_audience(
    rule: CareRule, accounts: Sequence[int], by: Staff, at: datetime
) -> bool:
    if rule.audience is None:
        return True
    try:
        people = audiences.people(
            community=rule.community, rule=rule.audience, by=by, at=at, with_staff=True
        )
    except errors.QunceError:
        # It names a group or something else that they do not see.
        return False
    return any(account in people for account in accounts)


def _dates_of(
    by: Staff, accounts: Sequence[int], at: datetime, occasions: Sequence[object]
) -> PersonDates:
    zone = communities.zone(by.community)
    names = {
        name
        for each in occasions
        if isinstance(each, Birthday)
        for name in each.attributes
    }
    values: dict[str, date | LunarDate] = {}
    stored = AttributeValue.objects.filter(
        attribute__community=by.community_id,
        attribute__name__in=names,
        account_id__in=accounts,
        present=True,
    ).select_related("attribute")
    # As in the engine: of several accounts the latest value counts.
    for row in stored.order_by("set_at", "account_id"):
        attribute = row.attribute
        if attribute.type == AttributeType.LUNAR and row.text:
            values[attribute.name] = lunar_dates.stored(row.text)
        elif attribute.type == AttributeType.DATE and row.number is not None:
            values[attribute.name] = community_days.to_date(row.number)
    joined = Account.objects.filter(pk__in=accounts).aggregate(first=Min("joined_at"))
    first_order = None
    if any(isinstance(each, FirstOrder) for each in occasions):
        orders = timelines.list_facts_of_kinds(
            community=by.community,
            kinds=[FIRST_ORDER],
            since=BEGINNING,
            until=at,
            accounts=accounts,
        )
        if orders:
            first_order = orders[0].happened_at.astimezone(zone).date()
    first = joined["first"]
    return PersonDates(
        values, None if first is None else first.astimezone(zone).date(), first_order
    )
