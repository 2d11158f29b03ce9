"""The opt-outs and messages of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.members.people import person_export
from qunce.outreach.campaigns.campaigns import Target
from qunce.outreach.opt_outs import OptOut
from qunce.outreach.sending.recipients import Recipient

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("opt_outs")
def _opt_outs(community: Community, ids: Sequence[int]) -> Records:
    rows = OptOut.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("account_id", "present", "source", "set_at"))


@person_export.register("messages")
def _messages(community: Community, ids: Sequence[int]) -> Records:
    rows = Recipient.objects.filter(
        target_id__in=ids,
        campaign__community=community,
        campaign__target=Target.MEMBERS,
    )
    names = ("campaign__name", "state", "reason", "note", "changed_at")
    return [
        {name.removeprefix("campaign__"): value for name, value in row.items()}
        for row in rows.order_by("changed_at", "campaign_id").values(*names)
    ]
