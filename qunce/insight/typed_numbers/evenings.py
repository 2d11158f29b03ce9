"""One evening: the typed numbers of a day, those of the day before, and the measured ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from qunce.core import community_days
from qunce.insight import small_numbers
from qunce.insight.typed_numbers import (
    marked_numbers,
    measured,
    plausibility,
    typed_numbers,
)
from qunce.insight.typed_numbers.marked_numbers import MarkedNumber, Origin
from qunce.insight.typed_numbers.plausibility import Numbers, Verdict
from qunce.insight.typed_numbers.typed_numbers import FIELDS, TypedDay

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class EveningRow:
    """`measured` is None for a group whose numbers nobody but staff reports."""

    group: Group
    typed: TypedDay | None
    before: TypedDay | None
    measured: Mapping[str, int] | None

    @property
    def numbers(self) -> Numbers:
        return self.typed.numbers if self.typed else {}

    @property
    def verdict(self) -> Verdict:
        return self.judge(self.numbers)

    def judge(self, numbers: Numbers) -> Verdict:
        """The warnings about these numbers of the day, also about unsaved ones."""
        members_before = self.before.get("members") if self.before else None
        return plausibility.check(numbers, members_before=members_before)

    @property
    def is_filled(self) -> bool:
        return self.numbers.get("members") is not None

    def best(self, field: str) -> MarkedNumber | None:
        """The measured number, without one the typed number."""
        if self.measured is not None:
            return MarkedNumber(self.measured[field], Origin.MEASURED)
        value = self.numbers.get(field)
        return None if value is None else MarkedNumber(value, Origin.TYPED)


@dataclass(frozen=True, kw_only=True)
class Evening:
    day: date
    rows: tuple[EveningRow, ...]

    def add_up(self) -> dict[str, MarkedNumber]:
        """Field → the sum over the groups with a number, marked by where it comes from.

        Who is in two groups is in it twice.
        """
        sums = {
            field: marked_numbers.add(
                number for row in self.rows if (number := row.best(field)) is not None
            )
            for field in FIELDS
        }
        return {field: total for field, total in sums.items() if total is not None}

    def speaking_share(self) -> Fraction | None:
        """Members who wrote per member, over the groups with both numbers.

        None without enough people. Raises MixedOrigins if some groups were typed and
        others measured.
        """
        pairs = [(row.best("speakers"), row.best("members")) for row in self.rows]
        both = [(part, whole) for part, whole in pairs if part and whole]
        part = marked_numbers.add(part for part, _whole in both)
        whole = marked_numbers.add(whole for _part, whole in both)
        if part is None or whole is None or whole.value < small_numbers.MIN_PEOPLE:
            return None
        return marked_numbers.divide(part, whole)


def load(
    *,
    community: Community,
    groups: Sequence[Group],
    day: date,
    by: Staff,
    at: datetime,
) -> Evening:
    typed = typed_numbers.load(groups=groups, first=day - DAY, last=day, by=by)
    known = measured.find(community=community, groups=groups, day=day, by=by, at=at)
    rows = (
        EveningRow(
            group=group,
            typed=typed.get((group.pk, day)),
            before=typed.get((group.pk, day - DAY)),
            measured=known.get(group.pk),
        )
        for group in groups
    )
    return Evening(day=day, rows=tuple(rows))


def load_days(
    *, group: Group, last: date, limit: int, by: Staff
) -> list[tuple[date, EveningRow]]:
    """The last days of a group with typed numbers, the latest first."""
    return _load_rows([group], last, by)[-1 : -limit - 1 : -1]


def load_latest(
    *, groups: Sequence[Group], by: Staff, at: datetime
) -> dict[int, tuple[date, EveningRow]]:
    """Group id → the last day with typed numbers, and these."""
    if not groups:
        return {}
    today = community_days.to_date(groups[0].community.day(at))
    rows = _load_rows(groups, today, by)
    return {row.group.pk: (day, row) for day, row in rows}


def _load_rows(
    groups: Sequence[Group], last: date, by: Staff
) -> list[tuple[date, EveningRow]]:
    """The days with typed numbers up to `last` within MAX_DAYS, the earliest first."""
    first = last - typed_numbers.MAX_DAYS * DAY
    typed = typed_numbers.load(groups=groups, first=first, last=last, by=by)
    by_id = {group.pk: group for group in groups}
    return [
        (
            day,
            EveningRow(
                group=by_id[pk],
                typed=typed[pk, day],
                before=typed.get((pk, day - DAY)),
                measured=None,
            ),
        )
        for pk, day in sorted(typed, key=lambda cell: (cell[1], cell[0]))
    ]
