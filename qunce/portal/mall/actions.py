"""What members do in a mall beside redeeming; each verb needs somebody who is signed in."""

from __future__ import annotations

from datetime import datetime

from qunce.activities.mall import redemptions
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def undo(*, visitor: Visitor, public_id: str, award: str, at: datetime) -> None:
    """Give the points back for the visitor's own redemption, within the time for it."""
    activity = actions.get(visitor, public_id)
    account = rungs.require(visitor, Rung.CHANNEL)
    own = account_queries.account_ids_of_person(account)
    row = redemptions.find_own(activity, award, own)
    redemptions.undo(redemption=row, by=None, at=at)
