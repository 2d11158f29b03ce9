"""The conversations of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.members.people import person_export
from qunce.outreach.replies.models import AutomaticReply, Conversation

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("conversations")
def _conversations(community: Community, ids: Sequence[int]) -> Records:
    names = ("kind", "channel", "state", "reason", "opened_at", "ended_at")
    rows = Conversation.objects.filter(community=community, account_id__in=ids)
    return list(rows.order_by("opened_at", "pk").values(*names))


@person_export.register("automatic_replies")
def _automatic(community: Community, ids: Sequence[int]) -> Records:
    rows = AutomaticReply.objects.filter(rule__community=community, account_id__in=ids)
    return list(rows.order_by("at", "pk").values("at", "rule__name", "reason"))
