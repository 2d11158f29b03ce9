"""Messages to members about their cases: one question when a case is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.channel_contract import ChannelNotFound
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.groups.complaints import complaint_facts, ratings
from qunce.groups.complaints.models import Complaint
from qunce.members.accounts.models import Account
from qunce.outreach.sending import messages

STALE_AFTER = timedelta(hours=24)


def react_to_closed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `complaint.closed`: ask the member how content they are.

    Only where a channel sends it: staff who answer by hand ask there, and type the answer
    on the page of the case.
    """
    numbers = [fact.payload["complaint"] for fact in facts]
    cases = Complaint.objects.select_related("community").in_bulk(numbers)
    for fact in facts:
        case = cases.get(fact.payload["complaint"])
        if case is None or not ratings.is_asked_about(case):
            continue
        account = case.account_id or 0
        channel = _channel_of(account, community)
        if channel and ratings.note_asked(case, at=at):
            with translation.override(community.language):
                text = _question(case)
            draft = messages.Draft(
                origin=messages.Origin.COMPLAINT,
                origin_id=fact.id,
                account=account,
                text=text.replace("{", "{{").replace("}", "}}"),
                purpose=messages.Purpose.SERVICE,
                channel=channel,
                stale_at=at + STALE_AFTER,
            )
            messages.request(draft, community=community, at=at)


def _question(case: Complaint) -> str:
    return _(
        "Your case %(number)s is closed. How content are you with how we solved it? Reply"
        " with a number from 1 (not at all) to 5 (very)."
    ) % {"number": case.pk}


def _channel_of(account: int, community: Community) -> str:
    """The member's channel if it can write to them, else ""."""
    rows = Account.objects.filter(pk=account, present=True)
    for channel in rows.values_list("channel", flat=True):
        try:
            can = channel_contract.get(channel).capabilities
        except ChannelNotFound:
            return ""
        is_connected = channel_contract.is_connected(channel, community.pk)
        sends = can.to_member and not can.needs_person and is_connected
        return channel if sends else ""
    return ""


REACTIONS = {complaint_facts.ComplaintClosed.kind: (react_to_closed,)}
