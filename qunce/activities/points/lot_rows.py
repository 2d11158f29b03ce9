"""The rows of lots: read for an account, and changed by conditional statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qunce.activities.points import sums
from qunce.core import db, errors
from qunce.core.communities import Community
from qunce.core.lots import Case, Lot, Restored, Use
from qunce.core.prepared_queries import Ids, PreparedQuery
from qunce.groups.complaints.models import WAITING, Complaint
from qunce.members.accounts import queries as account_queries

SELECT = (
    'SELECT entry_id, amount, "left", usable_from, last_day, account_id FROM point_lot'
)
LOTS_PER_STATEMENT = 2_000


class LotsChanged(errors.Unavailable):
    """A lot has less than what was just read; nothing was changed."""


def load(accounts: Iterable[int]) -> list[Lot]:
    """The lots of these accounts that have something left."""
    rows = db.rows(f'{SELECT} WHERE account_id {db.among_ids(accounts)} AND "left" > 0')
    return [Lot(*row) for row in rows]


def get_many(ids: Iterable[int]) -> dict[int, Lot]:
    """Lots by id, with or without anything left."""
    rows = db.rows(f"{SELECT} WHERE entry_id {db.among_ids(ids)}")
    return {row[0]: Lot(*row) for row in rows}


def load_cases(community: Community, accounts: Iterable[int]) -> list[Case]:
    """The cases of these accounts that may hold what would have expired."""
    found = list_cases(community, accounts)
    return [case for own in found.values() for case in own]


_CASES = PreparedQuery(
    lambda: Complaint.objects.filter(account_id__in=Ids("accounts")).only(
        "account_id", "opened_at", "state", "closed_at", "answered_at", "changed_at"
    )
)


def list_cases(community: Community, accounts: Iterable[int]) -> dict[int, list[Case]]:
    """The cases that these accounts have, by account.

    A case is over for the member as soon as it is answered.
    """
    cases: dict[int, list[Case]] = {}
    for chunk in account_queries.chunks(sorted(set(accounts))):
        for row in _CASES.all(accounts=list(chunk)):
            ended = row.closed_at or row.answered_at or row.changed_at
            cases.setdefault(row.account_id or 0, []).append(
                Case(
                    community.day(row.opened_at),
                    None if row.state in WAITING else community.day(ended),
                )
            )
    return cases


# Changes, in the caller's transaction


def take(community_id: int, uses: Sequence[Use], known: dict[int, Lot]) -> None:
    """Take from lots what they still have; raises LotsChanged if one has less."""
    for chunk in account_queries.chunks(uses, LOTS_PER_STATEMENT):
        values = ", ".join(f"({use.lot:d}, {use.amount:d})" for use in chunk)
        changed = db.execute(
            'UPDATE point_lot SET "left" = "left" - taken.column2'  # noqa: S608 - numbers
            f" FROM (VALUES {values}) AS taken"
            ' WHERE entry_id = taken.column1 AND "left" >= taken.column2'
        )
        if changed != len(chunk):
            raise LotsChanged(str(len(chunk) - changed))
    sums.add_liability(
        community_id,
        [
            (known[use.lot].account, known[use.lot].last_day, -use.amount)
            for use in uses
        ],
    )


def give_back(
    community_id: int, restored: Sequence[Restored], known: dict[int, Lot]
) -> None:
    """Give back to lots, which stay usable until their new last day.

    What else is left of a lot is usable that long, too, so it moves to that day.
    """
    for chunk in account_queries.chunks(restored, LOTS_PER_STATEMENT):
        values = ", ".join(
            f"({lot:d}, {amount:d}, {last_day:d})" for lot, amount, last_day in chunk
        )
        changed = db.execute(
            'UPDATE point_lot SET "left" = "left" + given.column2,'  # noqa: S608 - numbers
            f" last_day = given.column3 FROM (VALUES {values}) AS given"
            " WHERE entry_id = given.column1"
        )
        if changed != len(chunk):
            raise LotsChanged(str(len(chunk) - changed))
    changes = []
    for lot, amount, last_day in restored:
        before = known[lot]
        changes.append((before.account, before.last_day, -before.left))
        changes.append((before.account, last_day, before.left + amount))
    sums.add_liability(community_id, changes)
