"""Cases raised by the words of messages that come in now.

Messages of files and logs, and history that a channel reports late, raise none: they are
answered already, or too old to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from qunce.core.staff import models as staff_models
from qunce.groups.complaints import (
    complaint_list,
    complaint_settings,
    complaints,
    negative_words,
)
from qunce.groups.complaints.complaint_facts import ComplaintMessageAdded
from qunce.groups.complaints.models import Complaint, Kind, Source, State
from qunce.groups.groups import Group

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.groups.complaints.complaint_settings import Settings
    from qunce.groups.complaints.negative_words import Match
    from qunce.groups.message_quotes import Quote


@transaction.atomic
def raise_from_message(
    *, community: Community, quote: Quote, at: datetime
) -> list[Complaint]:
    """Raise a case per topic whose words the message has, or add it to the open one.

    Call it in the transaction that stores the message, for members only.
    """
    settings = complaint_settings.get(community)
    if not settings.raises_from_messages:
        return []
    matches = negative_words.find(quote.text, settings.topics)
    return [_raise(community, quote, match, settings, at) for match in matches]


def _raise(
    community: Community, quote: Quote, match: Match, settings: Settings, at: datetime
) -> Complaint:
    by, words = staff_models.system(community), list(match.words)
    found = complaint_list.find_open(community, quote.account, match.topic)
    if found is None:
        found = Complaint(
            community=community,
            kind=Kind.COMPLAINT,
            source=Source.MESSAGE,
            topic=match.topic,
            account_id=quote.account,
            group_id=quote.group,
            owner=complaint_list.find_owner(community, quote.account)
            or _group_owner(community, quote.group),
            by=by,
            opened_at=quote.happened_at,
            due_at=quote.happened_at + settings.time_to_answer(Kind.COMPLAINT),
            changed_at=at,
        )
        try:
            complaints.insert(found, by=by, at=at)
        except complaints.ComplaintAlreadyOpen:
            # Another process was faster.
            again = complaint_list.find_open(community, quote.account, match.topic)
            if again is None:
                raise
            found = again
        else:
            complaints.add_message(found, quote, words=words)
            return found
    if complaints.add_message(found, quote, words=words):
        complaints.record(ComplaintMessageAdded, found, by=by, at=at)
        if found.state == State.ANSWERED:
            complaints.open_again(found, by=by, at=at)
    return found


def _group_owner(community: Community, group: int | None) -> staff_models.Staff | None:
    if group is None:
        return None
    owner = Group.objects.select_related("owner").get(pk=group).owner
    return owner if owner in complaint_list.list_assignable(community) else None
