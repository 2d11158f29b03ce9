"""Actions: what is to be done in a group, as rows that the executor claims.

plan_step(case, rung, minutes, is_automatic=, by=, at=) -> list[Action]
plan(group=, kind=, key=, by=, at=, …) -> Action      # a key is planned once
cancel_pending(rows, at) -> int
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.channels.channel_contract import ActionKind
from qunce.core.facts import facts
from qunce.groups.moderation.models import (
    Action,
    ActionState,
    Case,
    CaseSource,
    MassAction,
    Rung,
)
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

OF_PERSON = {
    Rung.MUTE: ActionKind.MUTE,
    Rung.KICK: ActionKind.KICK,
    Rung.BAN: ActionKind.BAN,
}
INVERSE = {
    ActionKind.MUTE: ActionKind.UNMUTE,
    ActionKind.BAN: ActionKind.UNBAN,
    ActionKind.KICK: ActionKind.INVITE,
    ActionKind.CLOSE_DOOR: ActionKind.OPEN_DOOR,
}
"""What undoes an action; a deleted message does not come back."""
PUNISHING = frozenset(OF_PERSON.values()) | {ActionKind.DELETE}
WAITING = (ActionState.PENDING, ActionState.RUNNING)
END_OF_MUTE = "end:"
"""What the keys of actions begin with that end a mute in time."""


@dataclass(frozen=True, kw_only=True)
class ActionFact(facts.FactKind):
    """`case` is the number of the case, 0 without one; `result` a code of the channel."""

    labels = {
        "action": gettext_lazy("action"),
        "case": gettext_lazy("case"),
        "result": gettext_lazy("result"),
        "number": gettext_lazy("number of the action"),
    }
    number: int
    action: str
    case: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActionDone(ActionFact):
    kind = "moderation.action_done"
    label = gettext_lazy("action of moderation done")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActionFailed(ActionFact):
    kind = "moderation.action_failed"
    label = gettext_lazy("action of moderation failed")
    result: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ActionNeedsStaff(ActionFact):
    """The channel cannot do it, so that a person goes to the group."""

    kind = "moderation.action_needs_staff"
    label = gettext_lazy("action of moderation left to staff")
    result: str


def fact_of(kind: type[ActionFact], action: Action, **fields: str) -> ActionFact:
    number = 0 if action.case is None else action.case.number
    return kind(
        account=action.account_id,
        group=action.group_id,
        number=action.pk,
        action=action.kind,
        case=number,
        **fields,
    )


# Planning


def plan(
    *,
    group: Group,
    kind: ActionKind,
    key: str,
    by: Staff | None,
    at: datetime,
    account: int | None = None,
    message: str = "",
    name: str = "",
    case: Case | None = None,
    mass_action: MassAction | None = None,
    is_automatic: bool = False,
    reason: str = "",
    minutes: int | None = None,
    due_at: datetime | None = None,
) -> Action:
    """Plan an action, or return the one with this key; one that was cancelled is revived."""
    member = "" if account is None else _member_key(account, group)
    row, is_new = Action.objects.get_or_create(
        key=key,
        defaults={
            "community": group.community,
            "group": group,
            "kind": kind,
            "account_id": account,
            "member": member,
            "message": message,
            "name": name[:200],
            "case": case,
            "mass_action": mass_action,
            "is_automatic": is_automatic,
            "reason": reason[:200],
            "minutes": minutes,
            "due_at": due_at or at,
            "created_at": at,
            "by": by,
        },
    )
    if not is_new:
        cancelled = Action.objects.filter(pk=row.pk, state=ActionState.CANCELLED)
        if cancelled.update(
            state=ActionState.PENDING,
            is_automatic=is_automatic,
            by=by,
            due_at=due_at or at,
            created_at=at,
            done_at=None,
        ):
            row.refresh_from_db()
    return row


def _member_key(account: int, group: Group) -> str:
    """What the group's channel calls the person, who may have accounts elsewhere."""
    accounts = account_queries.account_ids_of_person(account)
    rows = Account.objects.filter(pk__in=accounts, channel=group.platform)
    keys = dict(rows.order_by("pk").values_list("pk", "key"))
    return keys.get(account) or next(iter(keys.values()), "")


def plan_step(
    case: Case,
    rung: str,
    minutes: int | None,
    *,
    is_automatic: bool,
    by: Staff | None,
    at: datetime,
) -> list[Action]:
    """Plan what a rung means for a case: a message may go, and its author may, too.

    Whoever forwards a text loses the message only. A pasted message has no key, and its
    author may be an unknown name: staff get the text and the name.
    """
    common: dict[str, Any] = {
        "group": case.group,
        "case": case,
        "is_automatic": is_automatic,
        "by": by,
        "at": at,
        "reason": f"#{case.number}",
        "name": case.author_name,
        "account": case.responsible_id,
    }
    planned = []
    if rung != Rung.WARN:
        for message in [case.message_key, *case.merged_keys]:
            if message:
                key = f"case:{case.pk}:delete:{message}"
                planned.append(
                    plan(kind=ActionKind.DELETE, key=key, message=message, **common)
                )
    if rung == Rung.DELETE and not planned and case.source == CaseSource.PASTED:
        key = f"case:{case.pk}:delete"
        planned.append(plan(kind=ActionKind.DELETE, key=key, **common))
    kind = None if case.is_forwarded else OF_PERSON.get(Rung(rung))
    if kind is not None:
        key = f"case:{case.pk}:{kind}"
        planned.append(plan(kind=kind, key=key, minutes=minutes, **common))
    return planned


def cancel_pending(rows: models.QuerySet[Action], at: datetime) -> int:
    """Cancel actions that nothing has begun; returns how many."""
    waiting = rows.filter(state=ActionState.PENDING)
    return waiting.update(state=ActionState.CANCELLED, done_at=at)


def may_be_done(action: Action) -> bool:
    """Whether the channel may have done it, whatever is recorded: an attempt was made."""
    if action.state in (ActionState.DONE, ActionState.RUNNING):
        return True
    is_over = action.state in (ActionState.CANCELLED, ActionState.FAILED)
    return is_over and action.attempts > 0


def time_to_reverse(action: Action, at: datetime) -> datetime:
    """When its reverse may be done: after an attempt that somebody makes now."""
    return max(at, action.due_at) if action.state == ActionState.RUNNING else at
