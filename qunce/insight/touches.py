"""Touches before conversion: how many messages reached people before their first order.

Marketers say that it takes seven. Here a community sees what it took among its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days, errors
from qunce.insight import small_numbers
from qunce.sets import audiences, first_facts

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

REACHED_KINDS = ("send.delivered", "send.marked_sent")
"""A channel says that it delivered a message, or staff say that they sent it."""
CONVERSION_KINDS = ("order.paid",)
BELIEF = 7
MOST = 15
"""Numbers of messages from which they are one row."""
MAX_WINDOW, MAX_DAYS = 365, 3_660
DEFAULT_WINDOW = 90


class InvalidTouches(errors.Invalid):
    """The span or the window before the order is not valid."""


@dataclass(frozen=True)
class Row:
    """`people` had exactly `touches` messages, or at least as many in the last row."""

    touches: int
    people: int
    percent: float | None
    cumulative: float | None
    is_last: bool


@dataclass(frozen=True)
class Touches:
    """`confirmed_people` had at least one message that a channel reports as delivered."""

    first: date
    last: date
    window: int
    rows: tuple[Row, ...]
    people: int
    median: int | None
    before_belief: int
    """People who had fewer than BELIEF messages."""
    confirmed_people: int

    @property
    def before_belief_percent(self) -> float | None:
        return small_numbers.percent(self.before_belief, self.people)

    @property
    def untouched(self) -> int:
        return self.rows[0].people


def compute(
    *, first: date, last: date, window: int, by: Staff, at: datetime
) -> Touches:
    """The members whose first paid order was on these days, as far as `by` sees them.

    Messages count that reached them in the `window` days, to the second, before it.
    """
    counts = _count(first, last, window, by, at)
    numbers = [min(number, MOST) for number in counts.numbers]
    total = len(numbers)
    rows = []
    until = 0
    for touches in range(MOST + 1):
        people = numbers.count(touches)
        until += people
        rows.append(
            Row(
                touches,
                people,
                small_numbers.percent(people, total),
                small_numbers.percent(until, total),
                touches == MOST,
            )
        )
    median = None
    if total >= small_numbers.MIN_PEOPLE:
        median = sorted(counts.numbers)[(total - 1) // 2]
    return Touches(
        first,
        last,
        window,
        tuple(rows),
        total,
        median,
        sum(number < BELIEF for number in counts.numbers),
        counts.confirmed,
    )


def _count(
    first: date, last: date, window: int, by: Staff, at: datetime
) -> first_facts.EarlierFacts:
    if not 1 <= window <= MAX_WINDOW:
        raise InvalidTouches(
            _("The days before the order are between 1 and %(n)s.") % {"n": MAX_WINDOW}
        )
    days = community_days.from_date(first), community_days.from_date(last)
    if not 0 <= days[1] - days[0] < MAX_DAYS or first.year < 1970:
        raise InvalidTouches(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": f"{MAX_DAYS:,}"}
        )
    rule = {"with_left": audiences.EVERYONE}
    return first_facts.count_before_first(
        community=by.community,
        kinds=REACHED_KINDS,
        confirmed=REACHED_KINDS[:1],
        targets=CONVERSION_KINDS,
        first=days[0],
        last=min(days[1], by.community.day(at)),
        window=timedelta(days=window),
        at=at,
        among=audiences.people(community=by.community, rule=rule, by=by, at=at),
    )


def find_people(
    *,
    first: date,
    last: date,
    window: int,
    touches: int,
    by: Staff,
    at: datetime,
) -> list[int]:
    """The people of a row; those with at least MOST messages in the last one."""
    counts = _count(first, last, window, by, at)
    return [
        person
        for person, number in zip(counts.people, counts.numbers, strict=True)
        if min(number, MOST) == touches
    ]


def default_span(by: Staff, at: datetime) -> tuple[date, date]:
    """The last 90 complete days."""
    yesterday = community_days.to_date(by.community.day(at)) - timedelta(days=1)
    return yesterday - timedelta(days=89), yesterday
