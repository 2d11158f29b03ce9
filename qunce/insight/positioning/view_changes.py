"""How the view of members changed: one attribute of the same members at two days.

The values that an attribute had are kept with the times from and until which they held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, timestamps
from qunce.insight import small_numbers
from qunce.insight.positioning import sheets
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import parsing
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

MAX_VALUES = 12
"""Values with most members; all others are one."""
OTHERS = ""
DEFAULT_DAYS, MAX_DAYS = 90, 3_660
Held = tuple[datetime, int, str]
"""Since when a value holds, of which account, and its text."""


class InvalidComparison(errors.Invalid):
    """The attribute or the days are not possible."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """`people` had the value `before` on the first day, and `after` on the last day.

    A text of OTHERS stands for all rarer values.
    """

    before: str
    after: str
    people: int
    percent: float | None


@dataclass(frozen=True, kw_only=True)
class ViewChange:
    """`people` had a value on both days; `changed` of them had another one.

    Without enough people, there are no moves and no shares.
    """

    attribute: Attribute
    first: date
    last: date
    people: int
    changed: int
    moves: tuple[Move, ...]

    @property
    def is_enough(self) -> bool:
        return self.people >= small_numbers.MIN_PEOPLE

    @property
    def percent(self) -> float | None:
        return small_numbers.percent(self.changed, self.people)


def list_choices(by: Staff) -> list[Attribute]:
    """The attributes that can be compared."""
    return sheets.list_attributes(by.community, sheets.COMPARABLE)


def default_span(by: Staff, at: datetime) -> tuple[date, date]:
    today = community_days.to_date(by.community.day(at))
    return today - timedelta(days=DEFAULT_DAYS), today


def compare(
    *, attribute: str, first: date, last: date, by: Staff, at: datetime
) -> ViewChange:
    """The members whom `by` sees, with their values at the ends of two days."""
    chosen = {each.name: each for each in list_choices(by)}.get(attribute)
    if chosen is None:
        raise InvalidComparison(
            _("There is no attribute “%(name)s” of a fitting type.")
            % {"name": attribute[:80]}
        )
    if not timedelta(0) < last - first <= timedelta(days=MAX_DAYS) or first.year < 1971:
        raise InvalidComparison(
            _("The second day comes after the first, by at most %(n)s days.")
            % {"n": f"{MAX_DAYS:,}"}
        )
    members = audiences.people(
        community=by.community, rule=audiences.EVERYONE, by=by, at=at
    )
    before, after = (
        _values_at(chosen, _end_of(by, day), members) for day in (first, last)
    )
    pairs = Counter(
        (text, after[person]) for person, text in before.items() if person in after
    )
    total = sum(pairs.values())
    changed = sum(count for (old, new), count in pairs.items() if old != new)
    return ViewChange(
        attribute=chosen,
        first=first,
        last=last,
        people=total,
        changed=changed,
        moves=tuple(_list_moves(pairs, total)),
    )


def _end_of(by: Staff, day: date) -> datetime:
    community = by.community
    following = community_days.from_date(day) + 1
    start = community_days.start_of(community.timezone, community.day_start, following)
    return timestamps.from_micros(start)


def _values_at(
    attribute: Attribute, moment: datetime, members: BitMap
) -> Mapping[int, str]:
    """Person → the value that held at a moment, the latest one of their accounts."""
    held = list(_list_held(attribute, moment))
    persons = account_queries.person_ids(account for _since, account, _text in held)
    found: dict[int, Held] = {}
    for each in held:
        person = persons.get(each[1], each[1])
        if person in members and each > found.get(person, (each[0], -1, "")):
            found[person] = each
    return {person: text for person, (_since, _account, text) in found.items()}


def _list_held(attribute: Attribute, moment: datetime) -> Iterator[Held]:
    zone = ZoneInfo(attribute.community.timezone)
    current = AttributeValue.objects.filter(
        attribute=attribute, present=True, set_at__lt=moment
    )
    rows = current.values_list("set_at", "account_id", "number", "text")
    for since, account, number, text in rows.iterator():
        yield since, account, parsing.format_value(attribute.type, number, text, zone)
    past = PastValue.objects.filter(
        Q(attribute_id=attribute.pk), set_at__lt=moment, ended_at__gte=moment
    )
    old = past.values_list("set_at", "account_id", "type", "number", "text")
    for since, account, kind, number, text in old.iterator():
        yield since, account, parsing.format_value(kind, number, text, zone)


def _list_moves(pairs: Counter[tuple[str, str]], total: int) -> Iterable[Move]:
    """The changes, those of most people first; nothing of too few people."""
    if total < small_numbers.MIN_PEOPLE:
        return
    sizes: Counter[str] = Counter()
    for (old, new), count in pairs.items():
        sizes[old] += count
        sizes[new] += count
    kept = {text for text, _count in sizes.most_common(MAX_VALUES)}
    moves: Counter[tuple[str, str]] = Counter()
    for (old, new), count in pairs.items():
        if old != new:
            pair = (old if old in kept else OTHERS, new if new in kept else OTHERS)
            moves[pair] += count
    for (old, new), count in sorted(
        moves.items(), key=lambda each: (-each[1], each[0])
    ):
        yield Move(
            before=old,
            after=new,
            people=count,
            percent=small_numbers.percent(count, total),
        )
