"""Retention: who of those that started in a period came back in later ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors
from qunce.core.facts import facts
from qunce.insight import breakdowns, small_numbers
from qunce.insight.breakdowns import Breakdown
from qunce.insight.subjects import activity
from qunce.sets import audiences, cohorts
from qunce.sets.rules import base

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django_stubs_ext import StrOrPromise
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.cohorts import CohortTable, Span

JOINED, ACTIVE, PRESENT = "joined", "active", "present"
FIRST_PREFIX = "first:"
PERIODS: dict[str, StrOrPromise] = {
    "day": gettext_lazy("day"),
    "week": gettext_lazy("week"),
    "month": gettext_lazy("month"),
}
LONGEST = {"day": 31, "week": 53, "month": 36}
"""Cohorts that a table can have."""
DEFAULT_COUNT = {"day": 14, "week": 12, "month": 12}
ROLLING_DAYS = {"day": 1, "week": 7, "month": 30}
"""Days of a period that begins with each person's own start."""
MAX_KINDS = 10
MONDAY = 4
"""A community day that is a Monday: 1970-01-05."""


class InvalidRetention(errors.Invalid):
    """The start, the return, the period or the number of cohorts is not valid."""


@dataclass(frozen=True)
class RetentionQuery:
    """What to count. `start` is `joined`, a kind of fact, or `first:` and a kind.

    `returning` is `active`, `present` or a kind of fact. Instead of one kind there can be
    several, with commas between them. `until` is a day of the last period, today by
    default.
    """

    start: str = JOINED
    returning: str = ACTIVE
    period: str = "week"
    count: int = DEFAULT_COUNT["week"]
    rolling: bool = False
    until: date | None = None

    @property
    def start_kinds(self) -> tuple[str, ...]:
        """The kinds of facts that are a start; none if joining is one."""
        if self.start == JOINED:
            return ()
        return tuple(self.start.removeprefix(FIRST_PREFIX).split(","))

    @property
    def starts_first(self) -> bool:
        return self.start.startswith(FIRST_PREFIX)

    @property
    def cohort_start(self) -> cohorts.Start:
        if self.start == JOINED:
            return cohorts.Start(cohorts.JOINED)
        how = cohorts.FIRST if self.starts_first else cohorts.EACH
        return cohorts.Start(how, self.start_kinds)

    @property
    def cohort_return(self) -> cohorts.Return:
        return cohorts.Return(self.return_kinds)

    @property
    def return_kinds(self) -> tuple[str, ...]:
        """The kinds of facts that are a return; none if staying is one."""
        if self.returning == PRESENT:
            return ()
        if self.returning == ACTIVE:
            return tuple(activity.ACTIVITY_KINDS)
        return tuple(self.returning.split(","))

    @property
    def rolling_days(self) -> int:
        return ROLLING_DAYS[self.period] if self.rolling else 0


@dataclass(frozen=True)
class Cell:
    """`percent` is None if the cohort is too small to say anything."""

    people: int
    percent: float | None
    is_complete: bool


@dataclass(frozen=True)
class Cohort:
    """`cells[k]` are those who returned k periods later; `cells[0]` is the cohort."""

    first: date
    last: date
    size: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Retention:
    """`total` has the people of all cohorts for which a period is over, by period."""

    query: RetentionQuery
    cohorts: tuple[Cohort, ...]
    total: tuple[Share, ...]


@dataclass(frozen=True)
class Share:
    """`people` of `among` returned after `periods`."""

    periods: int
    people: int
    among: int

    @property
    def percent(self) -> float | None:
        return small_numbers.percent(self.people, self.among)


@dataclass(frozen=True)
class Line:
    """A part of a break-down: the size of its cohorts, and its shares by period."""

    key: str
    label: str
    size: int
    shares: tuple[Share, ...]

    @cached_property
    def by_period(self) -> dict[int, Share]:
        return {share.periods: share for share in self.shares}


def check(query: RetentionQuery) -> None:
    """Raise InvalidRetention unless the query can be answered."""
    if query.period not in PERIODS:
        raise InvalidRetention(
            _("“period” is one of: %(words)s.") % {"words": ", ".join(PERIODS)}
        )
    most = LONGEST[query.period]
    if not 2 <= query.count <= most:
        raise InvalidRetention(
            _("A table has 2 to %(n)s cohorts of this period.") % {"n": most}
        )
    _check_kinds(query.start_kinds)
    if query.returning not in (ACTIVE, PRESENT):
        _check_kinds(query.return_kinds)
    if query.until is not None and not 1970 < query.until.year < 2200:
        raise InvalidRetention(_("Give a last day between the years 1971 and 2199."))


def _check_kinds(kinds: Sequence[str]) -> None:
    if len(kinds) > MAX_KINDS:
        raise InvalidRetention(
            _("Choose at most %(n)s kinds of facts.") % {"n": MAX_KINDS}
        )
    for kind in kinds:
        if facts.find_kind(kind) is None:
            raise InvalidRetention(
                _("There is no kind of fact “%(kind)s”.") % {"kind": kind}
            )


def compute(*, query: RetentionQuery, by: Staff, at: datetime) -> Retention:
    """The table of the members whom `by` sees. Former members are counted as well."""
    check(query)
    spans = list_spans(query, by.community, at)
    among = None if by.scope is None else _visible(by, at)
    table = cohorts.count(among=among, **_params(query, by, at, spans))
    done = _Complete(query, spans, by.community.day(at))
    rows = []
    for index, (span, size) in enumerate(zip(spans, table.sizes, strict=True)):
        cells = tuple(
            Cell(people, small_numbers.percent(people, size), done.holds(index, period))
            for period, people in enumerate(table.returned[index])
        )
        first, last = map(community_days.to_date, span)
        rows.append(Cohort(first, last, size, cells))
    return Retention(query, tuple(rows), _pool(table, done))


def compare(
    *, query: RetentionQuery, breakdown: Breakdown, by: Staff, at: datetime
) -> list[Line]:
    """A line per part of a break-down, as of today, over all cohorts of the table."""
    check(query)
    spans = list_spans(query, by.community, at)
    parts = breakdowns.load_parts(breakdown, by=by, at=at)
    tables = cohorts.count_parts(
        parts=[part.people for part in parts], **_params(query, by, at, spans)
    )
    done = _Complete(query, spans, by.community.day(at))
    return [
        Line(part.key, part.label, sum(table.sizes), _pool(table, done))
        for part, table in zip(parts, tables, strict=True)
    ]


def find_people(
    *,
    query: RetentionQuery,
    cohort: int | None,
    period: int,
    by: Staff,
    at: datetime,
    part: breakdowns.Part | None = None,
) -> BitMap:
    """The people behind a number: of one cohort, or of all for which the period is over."""
    check(query)
    spans = list_spans(query, by.community, at)
    done = _Complete(query, spans, by.community.day(at))
    chosen = [cohort] if cohort is not None else done.cohorts_of(period)
    if not all(i >= 0 and i + period < len(spans) for i in chosen) or period < 0:
        raise InvalidRetention(_("The table has no such cohort or period."))
    visible = _visible(by, at) if part is None else part.people
    params = _params(query, by, at, spans)
    found = visible - visible
    for index in chosen:
        found |= cohorts.people(cohort=index, period=period, **params)
    return found & visible


def _visible(by: Staff, at: datetime) -> BitMap:
    rule = {"with_left": audiences.EVERYONE}
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _params(
    query: RetentionQuery, by: Staff, at: datetime, spans: Sequence[Span]
) -> dict[str, Any]:
    return {
        "community": by.community,
        "start": query.cohort_start,
        "returning": query.cohort_return,
        "periods": spans,
        "rolling": query.rolling_days,
        "at": at,
    }


@dataclass(frozen=True)
class _Complete:
    """Which numbers of the table are final, as their last day is over."""

    query: RetentionQuery
    spans: Sequence[Span]
    today: int

    def holds(self, cohort: int, period: int) -> bool:
        if self.query.rolling and period:
            days = self.query.rolling_days
            return self.spans[cohort][1] + (period + 1) * days - 1 < self.today
        return self.spans[cohort + period][1] < self.today

    def cohorts_of(self, period: int) -> list[int]:
        """The cohorts for which a period is over; for period 0 all, even a growing one."""
        return [
            index
            for index in range(len(self.spans) - period)
            if period == 0 or self.holds(index, period)
        ]


def _pool(table: CohortTable, done: _Complete) -> tuple[Share, ...]:
    shares = []
    for period in range(len(table.sizes)):
        chosen = done.cohorts_of(period)
        if chosen:
            people = sum(table.returned[index][period] for index in chosen)
            among = sum(table.sizes[index] for index in chosen)
            shares.append(Share(period, people, among))
    return tuple(shares)


# Periods


def list_spans(query: RetentionQuery, community: Community, at: datetime) -> list[Span]:
    """The periods of the table, the last of which has `until`, or today."""
    day = community.day(at)
    if query.until is not None:
        day = min(day, community_days.from_date(query.until))
    if query.period == "day":
        return [(d, d) for d in range(day - query.count + 1, day + 1)]
    if query.period == "week":
        monday = day - (day - MONDAY) % 7
        mondays = [monday - 7 * n for n in range(query.count)]
        return [(first, first + 6) for first in reversed(mondays)]
    months = []
    month = community_days.to_date(day).replace(day=1)
    for _n in range(query.count):
        next_month = (month.replace(day=28) + WEEK).replace(day=1)
        first = community_days.from_date(month)
        months.append((first, community_days.from_date(next_month) - 1))
        month = (month - DAY).replace(day=1)
    return months[::-1]


DAY = date(1970, 1, 2) - date(1970, 1, 1)
WEEK = 7 * DAY


# Rules


def rule_of(
    query: RetentionQuery, cohort: Cohort, later: Cohort | None
) -> dict[str, Any] | None:
    """The rule of the people of a cohort who returned in the period of `later`.

    None for rolling periods, which no rule can express.
    """
    start = _start_rule(query, _between(cohort))
    if later is None:
        return {"with_left": start}
    if query.rolling:
        return None
    returned = _return_rule(query, later)
    return {"with_left": {"all": [start, returned]}}


def _between(cohort: Cohort) -> dict[str, Any]:
    return {"between": [cohort.first.isoformat(), cohort.last.isoformat()]}


def _start_rule(query: RetentionQuery, window: dict[str, Any]) -> dict[str, Any]:
    if query.start == JOINED:
        return {"joined": window}
    if query.starts_first and len(query.start_kinds) == 1:
        return {"did": {"kind": query.start_kinds[0], "first": window}}
    started = _any_of(query.start_kinds, window)
    if not query.starts_first:
        return started
    before = _any_of(query.start_kinds, {"before": window["between"][0]})
    return {"all": [started, {"not": before}]}


def _return_rule(query: RetentionQuery, later: Cohort) -> dict[str, Any]:
    if query.returning == PRESENT:
        after = (later.last + DAY).isoformat()
        return {"not": {"left": {"before": after}}}
    return _any_of(query.return_kinds, _between(later))


def _any_of(kinds: Sequence[str], window: dict[str, Any]) -> dict[str, Any]:
    # A kind of which the installation has no fact is unknown to rules.
    known = [kind for kind in kinds if facts.find_kind(kind) is not None]
    rules = [{"did": {"kind": kind, **window}} for kind in known]
    return rules[0] if len(rules) == 1 else {"any": rules}


# In words


def describe_start(query: RetentionQuery) -> str:
    if query.start == JOINED:
        return _("joined the community")
    label = base.format_list(map(facts.label_of, query.start_kinds))
    if query.starts_first:
        return _("%(kind)s for the first time") % {"kind": label}
    return label


def describe_return(query: RetentionQuery) -> str:
    if query.returning == PRESENT:
        return _("had not left the community by the end of the period")
    if query.returning == ACTIVE:
        return _("were active: paid, wrote, reacted, checked in, clicked or redeemed")
    return base.format_list(map(facts.label_of, query.return_kinds))
