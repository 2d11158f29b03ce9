"""Whether a member is on the leaderboard, as they decide; each verb needs a sign-in."""

from __future__ import annotations

from datetime import datetime

from qunce.activities.points import leaderboard
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def leave_leaderboard(*, visitor: Visitor, at: datetime) -> None:
    """Keep the member off the leaderboard, for staff as for members."""
    account = rungs.require(visitor, Rung.CHANNEL)
    leaderboard.opt_out(account_id=account, by=None, at=at)


def join_leaderboard(*, visitor: Visitor, at: datetime) -> None:
    """Undo it."""
    account = rungs.require(visitor, Rung.CHANNEL)
    leaderboard.opt_in(account_id=account, by=None, at=at)
