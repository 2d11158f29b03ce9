"""Messages about prizes to their winners: by the channel, or posted by staff."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.channels import channel_contract
from qunce.channels.channel_contract import ChannelNotFound
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.staff_in_charge import assignments
from qunce.outreach import task_permissions
from qunce.outreach.sending import messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

ASSISTED = "assisted"


def notify(
    *, community: Community, fact: int, account: int, text: str, at: datetime
) -> None:
    """Write to a winner; `fact` is the number of the fact that it follows from.

    Where the channel cannot, the staff in charge of the member post it, else the first of
    the staff who may. Call it in the transaction of the reaction.
    """
    channel = Account.objects.values_list("channel", flat=True).get(pk=account)
    is_sent = can_send(channel, community)
    staff = None if is_sent else _choose(community, account)
    if not text or (not is_sent and staff is None):
        return
    draft = messages.Draft(
        origin=messages.Origin.ACTIVITY,
        origin_id=fact,
        account=account,
        # Names are no variables.
        text=text.replace("{", "{{").replace("}", "}}"),
        purpose=messages.Purpose.SERVICE,
        channel=channel if is_sent else ASSISTED,
        staff=staff,
        priority=messages.Priority.HIGH,
    )
    messages.request(draft, community=community, at=at)


def can_send(channel: str, community: Community) -> bool:
    """Whether a channel writes to members automatically."""
    try:
        can = channel_contract.get(channel).capabilities
    except ChannelNotFound:
        return False
    is_connected = channel_contract.is_connected(channel, community.pk)
    return can.to_member and not can.needs_person and is_connected


def _choose(community: Community, account: int) -> Staff | None:
    able = {each.pk: each for each in task_permissions.list_assignable_staff(community)}
    accounts = account_queries.account_ids_of_person(account)
    in_charge = assignments.staff_ids_by_person({accounts[0]: accounts})
    chosen = able.get(in_charge.get(accounts[0], 0))
    return chosen or next(iter(able.values()), None)
