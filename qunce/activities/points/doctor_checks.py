"""A check of the doctor: lots, sums and caps agree with the entries they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from qunce.activities.points import caps, liability, periods
from qunce.activities.points.models import EntryKind, PointCap, PointRule
from qunce.core import db
from qunce.core.communities import Community
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

SELECT_WRONG_LOTS = """
SELECT COUNT(*) FROM point_lot l LEFT JOIN (
    SELECT u.lot_id, SUM(CASE WHEN e.kind = %s THEN -u.amount ELSE u.amount END) AS used
    FROM point_use u JOIN point_entry e ON e.id = u.entry_id GROUP BY u.lot_id
) used ON used.lot_id = l.entry_id
JOIN point_entry earned ON earned.id = l.entry_id
WHERE l.community_id = %s
    AND (l.amount <> l."left" + COALESCE(used.used, 0) OR earned.amount <> l.amount)
"""
SELECT_WRONG_DEBTS = """
SELECT COUNT(*) FROM point_account a JOIN (
    SELECT account_id,
        SUM(CASE WHEN kind = %s THEN owed WHEN kind = %s THEN -amount ELSE 0 END) AS owed
    FROM point_entry WHERE community_id = %s AND kind IN (%s, %s) GROUP BY account_id
) counted ON counted.account_id = a.account_id
JOIN members_account m ON m.id = a.account_id
WHERE a.owed <> counted.owed AND m.erased_at IS NULL
"""
SELECT_WRONG_SCORES = """
SELECT COUNT(*) FROM point_score s LEFT JOIN members_account m ON m.id = s.account_id
WHERE s.community_id = %s AND (s.points < 0 OR m.id IS NULL)
"""


@doctor.register_check("points")
def check_points() -> Iterator[Finding]:
    """Points of which the lots, the sums or the caps do not follow from the entries."""
    for community in Community.objects.order_by("pk"):
        # What is compared has to be of the same moment.
        with db.snapshot():
            found = list(_compare(community))
        for kind, text in found:
            yield Finding(kind, community.key, text)


def _compare(community: Community) -> Iterator[tuple[str, str]]:
    lots = count_wrong_lots(community)
    if lots:
        yield (
            "point_lots",
            _("%(n)s lots of points differ from their entries.") % {"n": f"{lots:,}"},
        )
    debts = count_wrong_debts(community)
    if debts:
        yield (
            "point_debts",
            _("What %(n)s members owe differs from their entries.")
            % {"n": f"{debts:,}"},
        )
    if liability.stored(community) != liability.recount(community):
        yield (
            "point_liability",
            _("The points by last day differ from the lots that are left."),
        )
    scores = db.rows(SELECT_WRONG_SCORES, [community.pk])[0][0]
    if scores:
        yield (
            "point_scores",
            _("%(n)s places of leaderboards have fewer points than none.")
            % {"n": f"{scores:,}"},
        )
    wrong = count_wrong_caps(community)
    if wrong:
        yield (
            "point_caps",
            _("%(n)s caps of rules differ from what was earned.") % {"n": f"{wrong:,}"},
        )


def count_wrong_lots(community: Community) -> int:
    rows = db.rows(SELECT_WRONG_LOTS, [int(EntryKind.RESTORE), community.pk])
    return int(rows[0][0])


def count_wrong_debts(community: Community) -> int:
    kinds = [int(EntryKind.REVERSE), int(EntryKind.PAY)]
    return int(db.rows(SELECT_WRONG_DEBTS, [*kinds, community.pk, *kinds])[0][0])


def count_wrong_caps(community: Community) -> int:
    """The caps whose number is not what the rule's entries of the period add up to."""
    wrong = 0
    for rule in PointRule.objects.filter(community=community).order_by("pk"):
        kinds = {
            period[0]
            for period in PointCap.objects.filter(rule=rule)
            .values_list("period", flat=True)
            .distinct()
        }
        earned: Counter[tuple[int, str]] = Counter()
        rows = db.rows(
            "SELECT person_id, day, SUM(amount) FROM point_entry"
            " WHERE rule_id = %s AND kind = %s AND key NOT LIKE %s"
            " GROUP BY person_id, day",
            [rule.pk, int(EntryKind.EARN), f"{caps.UNDONE_PREFIX}%"],
        )
        for person, day, points in rows if kinds else ():
            for kind in kinds:
                earned[person, periods.period_of(kind, day)] += int(points)
        used = PointCap.objects.filter(rule=rule)
        wrong += sum(
            earned[person, period] != points
            for person, period, points in used.values_list(
                "person_id", "period", "used"
            )
        )
    return wrong
