"""How often each rule was right, on the cases that people have settled.

    of_rules(by, at) -> dict[rule id, Precision]     # the last 28 days
    note_of(rule, by) -> str       # why the mode was changed automatically
    check_all(at=)         # a rule that is wrong too often only proposes from then on

Recall is of what people had to open a case for: messages that members reported or that
staff pasted, that were confirmed, and that no rule had found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.groups import working_people
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import Case, CaseState, Mode, Rule, RuleWeek
from qunce.groups.moderation.rules import rules

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

LEAST, WEEK, SPAN = 0.9, timedelta(days=7), timedelta(days=28)
MIN_SETTLED = 10
"""With fewer settled cases, a rule is dropped only if even the upper end of the interval
is under LEAST."""
Z = 1.96
"""Of an interval that holds the true value nineteen times in twenty."""


@dataclass(frozen=True)
class Precision:
    """Of `settled` cases, a rule was right in `right`."""

    right: int
    settled: int

    @property
    def value(self) -> float | None:
        return self.right / self.settled if self.settled else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval, 0 to 1 without a settled case."""
        n = self.settled
        if not n:
            return 0.0, 1.0
        p, z2 = self.right / n, Z * Z
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    @property
    def is_too_low(self) -> bool:
        """Whether the rule is to propose only."""
        if self.value is None:
            return False
        if self.settled >= MIN_SETTLED:
            return self.value < LEAST
        return self.interval[1] < LEAST


# Verbs


def check_all(*, at: datetime) -> None:
    """Check the rules of all communities, each once a community day."""
    for community in Community.objects.order_by("pk"):
        check(community=community, at=at)


def check(*, community: Community, at: datetime) -> None:
    """Compare the last seven days of each rule that acts with LEAST, once a day."""
    day = community.day(at)
    acting = Rule.objects.filter(
        community=community, mode=Mode.ACT, archived_at__isnull=True
    ).exclude(pk__in=RuleWeek.objects.filter(until_day=day).values("rule"))
    for rule in acting.select_related("community").order_by("pk"):
        _check(rule, day, at)


@transaction.atomic
def _check(rule: Rule, day: int, at: datetime) -> None:
    week = _count(Case.objects.filter(rule=rule), at - WEEK).get(
        rule.pk, Precision(0, 0)
    )
    drops = week.is_too_low
    _row, is_new = RuleWeek.objects.get_or_create(
        rule=rule,
        until_day=day,
        defaults={"settled": week.settled, "right": week.right, "is_dropped": drops},
    )
    if not is_new or not drops:
        return
    note = _(
        "It proposes only since it was right in %(right)s of %(settled)s cases of a "
        "week. Change it and try it on past messages."
    ) % {"right": week.right, "settled": week.settled}
    rules.change_mode(rule, Mode.PROPOSE, reason="precision", by=None, at=at, note=note)


def _count(rows: models.QuerySet[Case], since: datetime) -> dict[int, Precision]:
    settled = rows.filter(decided_at__gt=timestamps.to_micros(since)).exclude(
        verdict=""
    )
    settled = _without_working(settled)
    counted = settled.values("rule").annotate(
        n=models.Count("pk"),
        right=models.Count("pk", filter=models.Q(verdict="right")),
    )
    return {
        row["rule"]: Precision(row["right"], row["n"]) for row in counted.order_by()
    }


def _without_working(rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """The cases that are not about staff, bots or volunteers, who are in no number."""
    about = set(rows.order_by().values_list("responsible_id", flat=True))
    people = [person for person in about if person is not None]
    return rows.exclude(responsible_id__in=working_people.find_uncounted(people))


# Reads


def of_rules(by: Staff, at: datetime) -> dict[int, Precision]:
    """Rule → its precision of the last 28 days; rules without a settled case are absent.

    Of the cases that `by` sees, as in `recall`.
    """
    rows = cases.list_visible(by, at).select_related(None)
    return _count(rows.filter(rule__isnull=False), at - SPAN)


def recall(by: Staff, at: datetime) -> Precision:
    """Of the confirmed cases of the last 28 days, how many a rule had found."""
    rows = cases.list_visible(by, at).filter(
        state=CaseState.CONFIRMED,
        decided_at__gt=timestamps.to_micros(at - SPAN),
    )
    rows = _without_working(rows)
    found = rows.exclude(rule=None).count()
    return Precision(found, rows.count())


def list_dropped(by: Staff) -> list[Rule]:
    """Rules that only propose since they were wrong too often."""
    return [rule for rule in rules.list_all(by) if rule.note and rule.mode != Mode.ACT]


def note_of(rule: Rule, by: Staff) -> str:
    """Why the mode of a rule was changed automatically, or nothing.

    Its figures are of the whole community, so that only those who see all of it get them.
    """
    if not rule.note or rule.mode == Mode.ACT:
        return ""
    if by.is_scoped:
        return _("It proposes only, as it was wrong too often.")
    return rule.note
