"""Caps of rules per person and day, week or month: what of an earning still fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import models

from qunce.activities.points import lot_rows
from qunce.activities.points.models import (
    EntryKind,
    PointCap,
    PointEntry,
    PointRule,
)
from qunce.activities.points.periods import first_day_of, period_of
from qunce.core import db
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community

ADD = (
    "INSERT INTO point_cap (rule_id, person_id, period, used, cap) VALUES",
    "ON CONFLICT (rule_id, person_id, period) DO UPDATE SET"
    " used = point_cap.used + excluded.used,"
    " cap = CASE WHEN point_cap.cap > excluded.cap THEN point_cap.cap"
    " ELSE excluded.cap END"
    " WHERE point_cap.used + excluded.used <= excluded.cap",
)
UNDONE_PREFIX = "undone/"
"""Of keys of entries that no longer count, as the import of their order was undone."""


def limits_of(rule: PointRule) -> dict[str, int]:
    """The caps of a rule by kind of period; one that is missing is no limit."""
    caps = {"d": rule.day_cap, "w": rule.week_cap, "m": rule.month_cap}
    return {kind: cap for kind, cap in caps.items() if cap is not None}


@dataclass
class Caps:
    """What persons have used of a rule's caps, with the changes of one batch."""

    community: Community
    rule: PointRule
    siblings: Mapping[int, Sequence[int]]
    """The accounts of each person; rows of former persons count for who they are now."""
    _used: dict[tuple[int, str], int] = field(default_factory=dict)
    _others: dict[tuple[int, str], int] = field(default_factory=dict)
    _added: dict[tuple[int, str], int] = field(default_factory=dict)

    def load(self, wanted: Iterable[tuple[int, int]]) -> None:
        """Read what persons used in the periods of these days: pairs of person and day."""
        kinds = limits_of(self.rule)
        pairs = {
            (person, period_of(kind, day)) for person, day in wanted for kind in kinds
        }
        people = account_queries.invert(self.siblings)
        periods = sorted({period for _person, period in pairs})
        known: set[tuple[int, str]] = set()
        for chunk in account_queries.chunks(sorted(people)):
            rows = PointCap.objects.filter(
                rule=self.rule, person_id__in=db.id_list(chunk), period__in=periods
            )
            for former, period, used in rows.values_list("person_id", "period", "used"):
                person = people[former]
                known.add((person, period))
                target = self._used if former == person else self._others
                target[person, period] = target.get((person, period), 0) + used
        self._seed(pairs - known)

    def _seed(self, missing: set[tuple[int, str]]) -> None:
        """Count what was earned in a period before the rule had its cap."""
        changed_on = self.community.day(self.rule.changed_at)
        for period in {period for _person, period in missing}:
            if first_day_of(period) > changed_on:
                continue
            people = sorted(person for person, own in missing if own == period)
            last = _last_day_of(period)
            rows = PointEntry.objects.filter(
                person_id__in=people,
                account_id__in=[a for p in people for a in self.siblings[p]],
                rule_id=self.rule.pk,
                kind=EntryKind.EARN,
                day__gte=first_day_of(period),
                day__lte=last,
            )
            counted = rows.exclude(key__startswith=UNDONE_PREFIX)
            found = counted.values_list("person_id").annotate(models.Sum("amount"))
            for person, used in found:
                self._added[person, period] = used

    def fit(self, person: int, day: int, points: int) -> int:
        """Return how many of these points the caps leave, and count them."""
        limits = {
            (person, period_of(kind, day)): cap
            for kind, cap in limits_of(self.rule).items()
        }
        left = points
        for key, cap in limits.items():
            left = min(
                left,
                cap
                - sum(
                    part.get(key, 0) for part in (self._used, self._others, self._added)
                ),
            )
        left = max(left, 0)
        if left:
            for key in limits:
                self._added[key] = self._added.get(key, 0) + left
        return left

    def save(self) -> None:
        """Add what was counted; raises LotsChanged where another transaction was faster."""
        limits, into, on_conflict = limits_of(self.rule), *ADD
        for key in sorted(self._added):
            (person, period), used = key, self._added[key]
            # A cap that was lowered within its period is not above what was used before.
            cap = max(limits[period[0]] - self._others.get(key, 0), used)
            changed = db.execute(
                f"{into} (%s, %s, %s, %s, %s) {on_conflict}",
                [self.rule.pk, person, period, used, cap],
            )
            if not changed:
                raise lot_rows.LotsChanged(period)


def release(entries: Iterable[PointEntry]) -> None:
    """Give back what these entries used of caps, under whom they belonged to then."""
    for entry in entries:
        periods = [period_of(kind, entry.day) for kind in "dwm"]
        rows = PointCap.objects.filter(
            rule_id=entry.rule_id, person_id=entry.person_id, period__in=periods
        )
        rows.filter(used__gte=entry.amount).update(used=models.F("used") - entry.amount)


def _last_day_of(period: str) -> int:
    kind, number = period[0], int(period[1:]) + 1
    return first_day_of(f"{kind}{number}") - 1
