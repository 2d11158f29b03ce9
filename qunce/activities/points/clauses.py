"""The clause `points`: members by the points that they can spend now."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.activities.points import balances, lot_rows
from qunce.core import db, lots, revisions
from qunce.core.lots import Lot
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, comparisons
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import COUNT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

SELECT_USABLE = """
SELECT account_id, SUM("left") FROM point_lot
WHERE community_id = %s AND "left" > 0 AND last_day >= %s AND usable_from <= %s
GROUP BY account_id
"""


@base.register
@dataclass(frozen=True)
class PointsClause(Clause):
    """The number is that of `balances.balance`: usable today, less what is owed."""

    name: ClassVar[str] = "points"
    description: ClassVar[str] = (
        "Members by the points that they can spend today, which is the balance that they"
        " see on their page. What has expired, what is not usable yet, what a bid or a"
        " purchase has taken and what is owed does not count. Members without points"
        " have 0."
    )
    fields: ClassVar[tuple[str, ...]] = tuple(comparisons.SIGNS)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"gte": 100},
        {"gt": 0, "lt": 500},
        {"lte": 50},
        {"eq": 0},
    )
    forms: ClassVar = (
        Form(
            gettext_noop("has %(n)s points now"),
            {"n": Slot(COUNT, fields=tuple(comparisons.SIGNS))},
        ),
    )

    required: Comparison

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> PointsClause:
        return cls(comparisons.parse(args, path))

    def dependencies(self) -> Iterable[revisions.Key]:
        return []

    def cache_key(self, snap: Snapshot) -> Hashable:
        # A revision would make all members who earn or spend wait for each other.
        held = tuple(lot.id for lot in _read_held(snap))
        return snap.today, held, _read_version()

    def resolve(self, snap: Snapshot) -> BitMap:
        people, points = _read_balances(snap)
        least, most = self.required.bounds()
        if least > most:
            return bitmaps.of([])
        found = bitmaps.of(people[(points >= least) & (points <= most)])
        if least <= 0 <= most:
            found |= snap.known() - bitmaps.of(people)
        return found & snap.known()

    def explain(self, snap: Snapshot, person: int) -> str:
        balance = balances.balance(account_id=person, at=snap.at)
        return _("has %(n)s points (required: %(wanted)s)") % {
            "n": f"{balance.usable:,}",
            "wanted": self.required.format(),
        }


def _read_version() -> Hashable:
    """What changes with each change of a balance, and is read without reading them."""
    if db.is_postgresql():
        # Entries are not committed in the order of their ids.
        return db.rows("SELECT CAST(pg_current_snapshot() AS text)")[0]
    return db.rows("SELECT MAX(id) FROM point_entry")[0]


def _read_held(snap: Snapshot) -> list[Lot]:
    """The lots past their last day that a case of their account keeps usable.

    Those that no case keeps are few, as a job writes them off.
    """
    past = [
        Lot(*row)
        for row in db.rows(
            f'{lot_rows.SELECT} WHERE community_id = %s AND "left" > 0'
            " AND last_day < %s AND usable_from <= %s ORDER BY entry_id",
            [snap.community.pk, snap.today, snap.today],
        )
    ]
    if not past:
        return []
    own = {
        lot.account: snap.aliases.account_ids(snap.aliases.person_id(lot.account))
        for lot in past
    }
    cases = lot_rows.list_cases(
        snap.community, [account for each in own.values() for account in each]
    )
    return [
        lot
        for lot in past
        if lots.is_usable(
            lot,
            snap.today,
            [case for each in own[lot.account] for case in cases.get(each, ())],
        )
    ]


def _read_balances(snap: Snapshot) -> tuple[Ints, Ints]:
    """People who have or had points, ascending, and what each of them can spend."""
    today = snap.today
    rows = db.rows(SELECT_USABLE, [snap.community.pk, today, today])
    rows += [(lot.account, lot.left) for lot in _read_held(snap)]
    rows += [
        (account, -owed)
        for account, owed in db.rows(
            "SELECT account_id, owed FROM point_account"
            " WHERE community_id = %s AND owed > 0",
            [snap.community.pk],
        )
    ]
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    table = np.array([(int(account), int(points)) for account, points in rows])
    people, places = np.unique(snap.aliases.map_array(table[:, 0]), return_inverse=True)
    sums = np.zeros(len(people), np.int64)
    np.add.at(sums, places, table[:, 1])
    return people, np.maximum(sums, 0)
