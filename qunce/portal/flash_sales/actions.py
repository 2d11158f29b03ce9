"""Paying a reservation with points, which needs somebody who is signed in."""

from __future__ import annotations

from datetime import datetime

from qunce.activities.activities.models import Activity
from qunce.activities.flash_sales import reservations
from qunce.members.accounts import queries as account_queries
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def confirm(*, visitor: Visitor, public_id: str, at: datetime) -> Activity:
    """Confirm the visitor's own reservation with their points. Returns the flash sale."""
    account = rungs.require(visitor, Rung.CHANNEL)
    own = account_queries.account_ids_of_person(account)
    row = reservations.find_own(visitor.community, public_id, own)
    reservations.confirm_with_points(reservation=row, at=at)
    return row.sale.activity
