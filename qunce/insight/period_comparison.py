"""The last 28 days that are over, beside the 28 before: how a community fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days, money
from qunce.insight import metric_definitions, metrics
from qunce.insight.charts import Figure, Line
from qunce.insight.metric_definitions import Term

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

SPAN = 28


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A number of some days that are over, the days before it, and today so far.

    `days` has `span` days and today; `values` go with them, `before` with the `span`
    days that came first.
    """

    term: Term
    unit: str
    places: int
    days: Sequence[date]
    values: Sequence[float]
    before: Sequence[float]

    @property
    def span(self) -> int:
        return len(self.before)

    @property
    def total(self) -> float:
        """Of the days that are over: their sum, or a day's mean where none makes sense."""
        return self._whole(self.values[:-1])

    @property
    def total_before(self) -> float:
        return self._whole(self.before)

    def _whole(self, values: Sequence[float]) -> float:
        if self.term.sums:
            return round(sum(values), self.places)
        return round(sum(values) / max(len(values), 1), 1)

    @property
    def change(self) -> float | None:
        """Per cent against the days before; none where those had nothing."""
        if not self.total_before:
            return None
        return 100 * (self.total - self.total_before) / self.total_before

    @property
    def told(self) -> str:
        return self._say(self.total)

    @property
    def told_before(self) -> str:
        return self._say(self.total_before)

    @property
    def told_change(self) -> str:
        told = "" if self.change is None else f"{self.change:+,.1f} %"
        return told.replace("-", "\N{MINUS SIGN}")

    def _say(self, number: float) -> str:
        return f"{number:,.{self.places if self.term.sums else 1}f}"

    @property
    def figure(self) -> Figure:
        words = {"n": self.span}
        gone = [day - timedelta(days=self.span) for day in self.days]
        return Figure(
            name=self.term.name,
            title=str(self.term.words),
            unit=self.unit,
            days=self.days,
            today=self.days[-1],
            places=self.places,
            definition=str(self.term.means),
            lines=[
                Line(words=_("last %(n)s days") % words, values=self.values),
                Line(
                    words=_("previous %(n)s days") % words,
                    values=[*self.before, None],
                    days=gone,
                ),
            ],
        )


def of_community(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    names: Sequence[str] = tuple(metrics.OF_COMMUNITY),
    span: int = SPAN,
) -> list[Comparison]:
    first, last = _span(community, at, span)
    told = metrics.of_community(
        community=community, first=first, last=last, by=by, at=at, names=names
    )
    return [_compare(community, name, told[name], last, span) for name in names]


def of_group(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    names: Sequence[str] = tuple(metrics.OF_GROUP),
    span: int = SPAN,
) -> list[Comparison]:
    first, last = _span(community, at, span)
    told = metrics.of_groups(
        community=community,
        groups=[key],
        first=first,
        last=last,
        by=by,
        at=at,
        names=names,
    )[key]
    return [_compare(community, name, told[name], last, span) for name in names]


def _span(community: Community, at: datetime, span: int) -> tuple[date, date]:
    last = community_days.to_date(community.day(at))
    return last - timedelta(days=2 * span), last


def _compare(
    community: Community, name: str, told: Sequence[int], last: date, span: int
) -> Comparison:
    term = metric_definitions.TERMS[name]
    is_money = term.unit == metric_definitions.MONEY
    places = money.decimal_places(community.currency) if is_money else 0
    values = [number / 10**places if places else number for number in told]
    return Comparison(
        term=term,
        unit=community.currency if is_money else str(term.unit),
        places=places,
        days=[last - timedelta(days=ago) for ago in range(span, -1, -1)],
        values=values[span:],
        before=values[:span],
    )


def moves(
    *,
    community: Community,
    keys: Sequence[str],
    by: Staff,
    at: datetime,
    span: int = SPAN,
) -> dict[str, tuple[int, int]]:
    """Group key → joins and leaves of the days that are over."""
    yesterday = community_days.to_date(community.day(at) - 1)
    told = metrics.of_groups(
        community=community,
        groups=keys,
        first=yesterday - timedelta(days=span - 1),
        last=yesterday,
        by=by,
        at=at,
        names=("joins", "leaves"),
    )
    return {
        key: (sum(numbers["joins"]), sum(numbers["leaves"]))
        for key, numbers in told.items()
    }
