"""The members who earned most in a period: no staff, nobody who left, equal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.points import holders, periods, point_facts, rules, sums
from qunce.activities.points.models import LeaderboardOptOut
from qunce.activities.points.periods import InvalidPeriod, Period
from qunce.core import db, permissions
from qunce.core.communities import Community
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

EVERYONE: dict[str, list[object]] = {"all": []}
MAX_PLACES = 100
MAX_SEARCHED = 1_000
"""The last place that members are shown as their own; after it, only their points."""
ROWS_PER_PAGE = 500


@dataclass(frozen=True)
class Place:
    """Equal points have the same rank, and the next rank counts them: 1, 1, 3."""

    rank: int
    person: int
    points: int


def check_may_view(by: Staff) -> None:
    if not (permissions.may(by, point_facts.ADJUST) or rules.may_manage(by)):
        permissions.check_may(by, point_facts.ADJUST)


def parse_period(text: str, today: int) -> Period:
    """A period of which a leaderboard is kept; raises InvalidPeriod for any other."""
    period = periods.parse(text, today)
    if period.number > periods.of_day(period.kind, today).number:
        raise InvalidPeriod(_("This period has not begun yet."))
    kept = {
        "d": (
            today - sums.DAYS_KEPT,
            _("Days are kept for %(n)s days."),
            sums.DAYS_KEPT,
        ),
        "w": (
            periods.week_of(today) - sums.WEEKS_KEPT,
            _("Weeks are kept for %(n)s weeks."),
            sums.WEEKS_KEPT,
        ),
    }.get(period.kind)
    if kept is not None and period.number <= kept[0]:
        raise InvalidPeriod(kept[1] % {"n": kept[2]})
    return period


def this_month(today: int) -> Period:
    return periods.of_day("m", today)


def load(
    *,
    by: Staff,
    at: datetime,
    period: Period | None = None,
    limit: int = MAX_PLACES,
) -> list[Place]:
    """The first places of a period, by default this month, among whom `by` sees.

    Masked names are the caller's: who is on it is known to staff who may see members.
    """
    check_may_view(by)
    people = audiences.people(community=by.community, rule=EVERYONE, by=by, at=at)
    chosen = period or this_month(by.community.day(at))
    return rank(by.community, people, chosen, limit=min(limit, MAX_SEARCHED))


def rank(
    community: Community, people: BitMap, period: Period, *, limit: int = MAX_PLACES
) -> list[Place]:
    """The first places among these people, who are present and work nowhere here."""
    merged = _sum_merged(community, period)
    aliases = {account for own in merged.values() for account in own[1]}
    opted_out = _list_opted_out(community)
    points = {
        person: total
        for person, (total, _own) in merged.items()
        if total > 0 and person in people and person not in opted_out
    }
    singles = 0
    last: tuple[int, int] | None = None
    while singles < limit + 1:
        rows = _read_page(community, period, last)
        for account, earned in rows:
            if (
                account not in aliases
                and account in people
                and account not in opted_out
            ):
                points[account] = int(earned)
                singles += 1
        if len(rows) < ROWS_PER_PAGE:
            break
        last = int(rows[-1][1]), rows[-1][0]
    ordered = sorted(points.items(), key=lambda one: (-one[1], one[0]))[:limit]
    return _number(ordered)


def _number(ordered: Sequence[tuple[int, int]]) -> list[Place]:
    places: list[Place] = []
    for index, (person, points) in enumerate(ordered, start=1):
        same = places and places[-1].points == points
        places.append(Place(places[-1].rank if same else index, person, points))
    return places


def _read_page(
    community: Community, period: Period, last: tuple[int, int] | None
) -> list[tuple[int, int]]:
    """The next accounts in the order of the index, after the last one."""
    after, params = "", [community.pk, period.key]
    if last is not None:
        # The first condition is a range of the index; an OR alone reads it from its start.
        after = " AND points <= %s AND (points < %s OR account_id > %s)"
        params += [last[0], last[0], last[1]]
    return db.rows(
        "SELECT account_id, points FROM point_score"  # noqa: S608 - placeholders only
        f" WHERE community_id = %s AND period = %s AND points > 0{after}"
        " ORDER BY points DESC, account_id LIMIT %s",
        [*params, ROWS_PER_PAGE],
    )


def _sum_merged(
    community: Community, period: Period
) -> dict[int, tuple[int, list[int]]]:
    """Points and accounts of the few people who have several accounts."""
    rows = db.rows(
        "SELECT a.person_id, a.account_id, s.points FROM sets_alias a"
        " JOIN point_score s ON s.account_id = a.account_id AND s.period = %s"
        " WHERE s.community_id = %s",
        [period.key, community.pk],
    )
    firsts = sorted({row[0] for row in rows})
    for chunk in account_queries.chunks(firsts):
        rows += [
            (account, account, points)
            for account, points in db.rows(
                "SELECT account_id, points FROM point_score"  # noqa: S608 - ids only
                f" WHERE period = %s AND account_id {db.among_ids(chunk)}",
                [period.key],
            )
        ]
    found: dict[int, tuple[int, list[int]]] = {}
    for person, account, points in rows:
        total, own = found.get(person, (0, []))
        found[person] = total + int(points), [*own, account]
    return found


OPTED_OUT = """
SELECT account_id FROM point_leaderboard_opt_out WHERE community_id = %s
"""


def _list_opted_out(community: Community) -> set[int]:
    rows = db.rows(OPTED_OUT, [community.pk])
    return set(account_queries.person_ids(row[0] for row in rows).values())


def points_of(accounts: Sequence[int], period: Period) -> int:
    """What a person earned in a period with these accounts."""
    rows = db.rows(
        "SELECT points FROM point_score"  # noqa: S608 - ids only
        f" WHERE period = %s AND account_id {db.among_ids(accounts)}",
        [period.key],
    )
    return sum(int(row[0]) for row in rows)


def prune_due(*, at: datetime) -> int:
    """Delete scores of days and weeks that are not kept; a job, every hour."""
    done = 0
    for community in Community.objects.order_by("pk"):
        while pruned := sums.prune_scores(community.pk, community.day(at)):
            done += pruned
    return done


# Opting out


@transaction.atomic
def opt_out(*, account_id: int, by: Staff | None, at: datetime) -> None:
    """Keep a member off the leaderboard; without `by`, the member asks for it."""
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    _row, is_new = LeaderboardOptOut.objects.get_or_create(
        account_id=account.pk,
        defaults={"community_id": account.community_id, "at": at},
    )
    if is_new:
        holders.record_fact(
            point_facts.LeaderboardLeft(account=account.pk), account.community, by, at
        )


@transaction.atomic
def opt_in(*, account_id: int, by: Staff | None, at: datetime) -> None:
    """Undo `opt_out` for all accounts of the member."""
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    own = account_queries.account_ids_of_person(account.pk)
    if LeaderboardOptOut.objects.filter(account_id__in=own).delete()[0]:
        holders.record_fact(
            point_facts.LeaderboardJoined(account=account.pk), account.community, by, at
        )


def is_opted_out(account_id: int) -> bool:
    own = account_queries.account_ids_of_person(account_id)
    return bool(
        db.rows(
            "SELECT 1 FROM point_leaderboard_opt_out"  # noqa: S608 - ids only
            f" WHERE account_id {db.among_ids(own)} LIMIT 1"
        )
    )
