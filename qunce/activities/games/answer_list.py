"""The answers and results of a game that staff see: of members in their scope."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.activities import activities
from qunce.activities.games import rules
from qunce.activities.games.deciders import Mode
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

MAX_LISTED = 400


def list_visible(*, row: Round, by: Staff, at: datetime) -> list[GameAnswer]:
    """The answers of a round, in their order where one wins, else the newest first."""
    activities.check_may_run(by, row.activity)
    own = rules.of(row.activity)
    order = "pk" if own.mode == Mode.FIRST and not own.is_chain else "-pk"
    rows = GameAnswer.objects.filter(round=row).select_related("by", "ruled_by")
    found = list(rows.order_by(order)[:MAX_LISTED])
    seen = visibility.filter_accounts(
        by=by, accounts=[answer.account_id for answer in found], at=at
    )
    return [answer for answer in found if answer.account_id in seen]


def list_results(*, activity: Activity, by: Staff, at: datetime) -> list[GameResult]:
    """The results of a game that is decided, the best first."""
    activities.check_may_run(by, activity)
    rows = GameResult.objects.filter(activity=activity).select_related("award__stock")
    found = list(rows.order_by("place")[:MAX_LISTED])
    seen = visibility.filter_accounts(
        by=by, accounts=[row.account_id for row in found], at=at
    )
    return [row for row in found if row.account_id in seen]
