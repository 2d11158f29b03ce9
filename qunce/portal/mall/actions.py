"""What members do in a mall beside redeeming; each verb needs somebody who is signed in."""

from __future__ import annotations

from datetime import datetime

from qunce.activities.activities.models import Activity
from qunce.activities.mall import redemptions
from qunce.members.accounts import queries as account_queries
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def undo(*, visitor: Visitor, public_id: str, at: datetime) -> Activity:
    """Give the points back for the visitor's own redemption, within the time for it.

    `public_id` is that of its award. Returns the mall.
    """
    account = rungs.require(visitor, Rung.CHANNEL)
    own = account_queries.account_ids_of_person(account)
    row = redemptions.find_own(visitor.community, public_id, own)
    redemptions.undo(redemption=row, by=None, at=at)
    return row.activity
