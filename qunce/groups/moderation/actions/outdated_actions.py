"""Actions that are not done any more: a later decision or the time has overtaken them.

An action may wait for hours, while a channel is down or no worker runs.

    find_ground(action, at) -> str    # a code, "" if it is still to be done
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from qunce.channels.channel_contract import ActionKind
from qunce.core import timestamps
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.models import Action, ActionState

TAKEN_BACK, TOO_LATE, MUTED_LONGER = "taken_back", "too_late", "muted_longer"


def find_ground(action: Action, at: datetime) -> str:
    """Why an action must not be done any more, or nothing."""
    if _is_taken_back(action, at):
        return TAKEN_BACK
    if action.kind == ActionKind.MUTE and _end_of(action, action.created_at, at) <= at:
        return TOO_LATE
    if action.kind == ActionKind.UNMUTE and _is_muted_longer(action, at):
        return MUTED_LONGER
    return ""


def _is_taken_back(action: Action, at: datetime) -> bool:
    """Whether its reverse was planned after it, and is due or done."""
    inverse = actions.INVERSE.get(ActionKind(action.kind))
    if inverse is None:
        return False
    begun = models.Q(due_at__lte=timestamps.to_micros(at)) | models.Q(
        state__in=[ActionState.RUNNING, ActionState.DONE]
    )
    rows = Action.objects.filter(
        begun,
        group=action.group_id,
        account_id=action.account_id,
        kind=inverse,
        pk__gt=action.pk,
    ).exclude(state__in=[ActionState.CANCELLED, ActionState.SKIPPED])
    # The end of one mute takes no other mute back.
    return rows.exclude(key__startswith=actions.END_OF_MUTE).exists()


def _is_muted_longer(action: Action, at: datetime) -> bool:
    """Whether the end of a mute comes while a later mute of the person lasts."""
    prefix, _colon, number = action.key.rpartition(":")
    if f"{prefix}:" != actions.END_OF_MUTE or not number.isdecimal():
        return False
    later = Action.objects.filter(
        group=action.group_id,
        account_id=action.account_id,
        kind=ActionKind.MUTE,
        state=ActionState.DONE,
    ).exclude(pk=int(number))
    return any(_end_of(row, row.done_at or at, at) > at for row in later)


def _end_of(mute: Action, start: datetime, at: datetime) -> datetime:
    """When a mute ends that begins at `start`; one without an end has not ended."""
    if mute.minutes is None:
        return at + timedelta(days=1)
    return start + timedelta(minutes=mute.minutes)
