"""The executor: claims actions that are due and does them through the group's channel.

An action is claimed by a conditional UPDATE, and checked again in that transaction: staff,
whitelisted and stronger people are never acted on, whoever planned it. The network is
called outside of any transaction. What is so already is a success, and what a channel
cannot do becomes a task for staff.

    run_due(at=) -> int      # how many actions were claimed
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import datetime, timedelta

from django.db import models, transaction

from qunce.channels import channel_contract
from qunce.channels.channel_contract import (
    ActionKind,
    ChannelDown,
    ChannelNotFound,
    DeliveryStatus,
    GroupAction,
    Outcome,
)
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.groups.lists import exemptions
from qunce.groups.moderation.actions import actions, outdated_actions, safety_stops
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import Action, ActionState
from qunce.members.accounts import queries as account_queries

log = logging.getLogger(__name__)
MAX_PER_RUN, MAX_SECONDS_PER_RUN = 200, 45.0
"""A run ends long before the leases of its last actions."""
MAX_ATTEMPTS, MAX_ATTEMPTS_TO_UNDO = 75, 290
"""Six hours, and a day; then it is left to staff. Nobody must stay muted for an outage."""
PUNISHING = actions.PUNISHING
LEASE, RETRY = timedelta(minutes=2), timedelta(seconds=30)
MAX_RETRY = timedelta(minutes=5)
CHANNEL_DOWN = "channel_down"
LEFT_TO_STAFF = frozenset(
    {
        channel_contract.NO_RIGHT,
        channel_contract.NOT_CONNECTED,
        channel_contract.NOT_SUPPORTED,
    }
)
"""Failures that a person in the group can make up for."""
HARMLESS = frozenset(
    {
        ActionKind.UNMUTE,
        ActionKind.UNBAN,
        ActionKind.INVITE,
        ActionKind.OPEN_DOOR,
        ActionKind.CLOSE_DOOR,
    }
)


def run_due(*, at: datetime) -> int:
    """Do the actions that are due, the oldest first."""
    due = Action.objects.filter(_is_due(at), state__in=actions.WAITING)
    end = time.monotonic() + MAX_SECONDS_PER_RUN
    claimed = 0
    for pk in list(due.order_by("pk").values_list("pk", flat=True)[:MAX_PER_RUN]):
        action = claim(pk, at)
        if action is not None:
            claimed += 1
            outcome = call(action, at)
            complete(action, outcome, at)
            if outcome.reason == CHANNEL_DOWN:
                _postpone_others(action, at)
        if time.monotonic() >= end:
            break
    return claimed


def _is_due(at: datetime) -> models.Q:
    # A lease that ends later than any comes from a clock that was set back since.
    is_strange = models.Q(
        state=ActionState.RUNNING, due_at__gt=timestamps.to_micros(at + 2 * LEASE)
    )
    return models.Q(due_at__lte=timestamps.to_micros(at)) | is_strange


def _postpone_others(action: Action, at: datetime) -> None:
    """One call shows that a channel is down; the others must not wait for it, too."""
    Action.objects.filter(
        community=action.community_id,
        group__platform=action.group.platform,
        state=ActionState.PENDING,
        due_at__lte=timestamps.to_micros(at),
    ).update(due_at=at + RETRY)


@transaction.atomic
def claim(pk: int, at: datetime) -> Action | None:
    """Claim one action; None if another process has it, or if it must not be done."""
    lease = secrets.token_hex(16)
    rows = Action.objects.filter(_is_due(at), pk=pk, state__in=actions.WAITING)
    if not rows.update(
        state=ActionState.RUNNING, lease=lease, due_at=timestamps.to_micros(at + LEASE)
    ):
        return None
    action = Action.objects.select_related("group__community", "case__rule").get(pk=pk)
    if _is_of_erased(action):
        # Without a fact, which would name somebody who wants to be forgotten.
        claimed = Action.objects.filter(pk=pk, lease=lease)
        claimed.update(state=ActionState.CANCELLED, lease="", done_at=at)
        return None
    if reason := _protection(action, at) or outdated_actions.find_ground(action, at):
        _finish(action, ActionState.SKIPPED, reason, at)
        return None
    is_punishing = action.kind in actions.PUNISHING
    if action.is_automatic and is_punishing and not safety_stops.check(action, at):
        # It was claimed, so that the stop has not turned it back with the others.
        Action.objects.filter(pk=pk).update(state=ActionState.PENDING, lease="")
        safety_stops.turn_back(action.group, at)
        return None
    return action


def _is_of_erased(action: Action) -> bool:
    account = action.account_id
    return account is not None and bool(account_queries.find_erased([account]))


def _protection(action: Action, at: datetime) -> str:
    """Why an action must not be done: the ground of an exemption, or nothing."""
    if action.account_id is None or action.kind in HARMLESS:
        return ""
    found = exemptions.find(group=action.group, account=action.account_id, at=at)
    return "" if found is None else found.ground.value


def call(action: Action, at: datetime) -> Outcome:
    """Do an action through the channel of its group, outside of any transaction."""
    kind = ActionKind(action.kind)
    try:
        channel = channel_contract.for_community(
            action.group.platform, action.group.community_id
        )
    except ChannelNotFound:
        return channel_contract.failed(channel_contract.NOT_SUPPORTED)
    if not channel.capabilities.allow(kind) or _lacks_target(action):
        return channel_contract.failed(channel_contract.NOT_SUPPORTED)
    wanted = GroupAction(
        key=action.key,
        kind=kind,
        group=action.group.key,
        member=action.member,
        message=action.message,
        reason=action.reason,
    )
    try:
        return channel.act(wanted, at=at)
    except ChannelDown:
        return channel_contract.failed(CHANNEL_DOWN, retry_after=_pause(action))
    except Exception:
        # One that cannot be done must not keep the others from being done.
        log.exception("%s was not done", action)
        return channel_contract.failed("error", retry_after=_pause(action))


def _pause(action: Action) -> timedelta:
    """The time until the next attempt: twice as long after each."""
    return min(RETRY * (1 << min(action.attempts, 4)), MAX_RETRY)


def _lacks_target(action: Action) -> bool:
    if action.kind == ActionKind.DELETE:
        return not action.message
    return action.kind not in (ActionKind.CLOSE_DOOR, ActionKind.OPEN_DOOR) and (
        not action.member
    )


@transaction.atomic
def complete(action: Action, outcome: Outcome, at: datetime) -> None:
    """Store the outcome, if the lease is still this one."""
    rows = Action.objects.filter(
        pk=action.pk, state=ActionState.RUNNING, lease=action.lease
    )
    if not rows.select_for_update().exists():
        return
    if outcome.status in (DeliveryStatus.DELIVERED, DeliveryStatus.ACCEPTED):
        _finish(action, ActionState.DONE, "", at)
        _follow_up(action, at)
    elif outcome.reason in LEFT_TO_STAFF or (
        outcome.status == DeliveryStatus.NEEDS_PERSON
    ):
        _finish(action, ActionState.WITH_STAFF, outcome.reason, at)
    elif outcome.is_permanent_failure:
        _finish(action, ActionState.FAILED, outcome.reason or outcome.status, at)
    elif action.attempts + 1 >= (
        MAX_ATTEMPTS if action.kind in PUNISHING else MAX_ATTEMPTS_TO_UNDO
    ):
        _finish(action, ActionState.WITH_STAFF, outcome.reason or outcome.status, at)
    else:
        # Every action is idempotent by its key, so one of unknown outcome is repeated.
        rows.update(
            state=ActionState.PENDING,
            lease="",
            attempts=action.attempts + 1,
            result=outcome.reason[:60],
            due_at=timestamps.to_micros(at + (outcome.retry_after or _pause(action))),
        )


def _finish(action: Action, state: ActionState, result: str, at: datetime) -> None:
    action.state, action.result, action.done_at = state, result[:60], at
    action.save(update_fields=["state", "result", "done_at"])
    if state == ActionState.DONE:
        event = actions.fact_of(actions.ActionDone, action)
    elif state == ActionState.WITH_STAFF:
        event = actions.fact_of(actions.ActionNeedsStaff, action, result=action.result)
    else:
        event = actions.fact_of(actions.ActionFailed, action, result=action.result)
    facts.record(event, community=action.group.community, by=action.by, at=at)


def _follow_up(action: Action, at: datetime) -> None:
    """Plan the end of a timed mute, and record once that something was done."""
    case = action.case
    if action.kind == ActionKind.MUTE and action.minutes is not None:
        actions.plan(
            group=action.group,
            kind=ActionKind.UNMUTE,
            key=f"{actions.END_OF_MUTE}{action.pk}",
            case=case,
            account=action.account_id,
            name=action.name,
            reason=action.reason,
            is_automatic=True,
            by=None,
            at=at,
            due_at=at + timedelta(minutes=action.minutes),
        )
    if case is not None and action.kind in actions.PUNISHING:
        cases.tell(case, at)


@transaction.atomic
def mark_done_by_staff(ids: list[int], *, at: datetime) -> None:
    """Record that staff did by hand what the channel could not do."""
    rows = Action.objects.filter(pk__in=ids, state=ActionState.WITH_STAFF)
    for action in rows.select_related("group__community", "case__rule").order_by("pk"):
        _finish(action, ActionState.DONE, "by_hand", at)
        _follow_up(action, at)
