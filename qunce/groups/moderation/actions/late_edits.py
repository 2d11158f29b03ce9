"""Edits of messages that were deleted: apps still show them in the place of the message.

An author may edit while the message is being deleted, or afterwards.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.channels.channel_contract import ActionKind
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.models import Action, ActionState

if TYPE_CHECKING:
    from qunce.groups.group_messages import GroupMessage

KEY = "edit:"


def delete(message: GroupMessage, *, at: datetime) -> Action | None:
    """Plan to delete an edit of a deleted message; None for every other message.

    Call it in the handler's transaction. What waits to be deleted takes its edits along.
    """
    if not message.edits:
        return None
    begun = Action.objects.filter(
        group=message.group,
        kind=ActionKind.DELETE,
        message=message.edits,
        state__in=[ActionState.RUNNING, ActionState.DONE],
    )
    for deletion in begun.select_related("case").order_by("pk")[:1]:
        return actions.plan(
            group=message.group,
            kind=ActionKind.DELETE,
            key=f"{KEY}{message.group.pk}:{message.key}"[:300],
            account=deletion.account_id,
            message=message.key,
            name=deletion.name,
            case=deletion.case,
            is_automatic=deletion.is_automatic,
            reason=deletion.reason,
            by=deletion.by,
            at=at,
        )
    return None
