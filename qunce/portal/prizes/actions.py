"""What members do with their prizes; each verb needs somebody who is signed in."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities.prizes import awards, claims, codes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import Award, ClaimedBy
from qunce.members.accounts import queries as account_queries
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Award:
    """The visitor's own award; one of somebody else is as unknown as any other."""
    account = rungs.require(visitor, Rung.CHANNEL)
    accounts = account_queries.account_ids_of_person(account)
    award = claims.find_own(
        community=visitor.community, public_id=public_id, accounts=accounts
    )
    if award is None:
        raise awards.AwardNotFound(_("There is no such prize."))
    return award


def list_own(visitor: Visitor) -> list[Award]:
    """The visitor's prizes, the newest first."""
    account = rungs.require(visitor, Rung.CHANNEL)
    rows = awards.list_of_person(account_queries.account_ids_of_person(account))
    return [row for row in rows if row.community_id == visitor.community.pk]


def claim(
    *, visitor: Visitor, public_id: str, address: Address | None, at: datetime
) -> None:
    """Claim a prize on the page."""
    award = get(visitor, public_id)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=address, at=at)


def code_of(visitor: Visitor, award: Award) -> str:
    """The code of a prize, for the winner."""
    rungs.require(visitor, Rung.CHANNEL)
    return codes.shown_to_winner(award)
