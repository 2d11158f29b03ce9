"""Messages that a playbook has planned and not sent: held by a pause, released, cancelled.

A message that is being sent at this moment is not stopped any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.outreach import skip_reasons
from qunce.outreach.playbooks import rows as row_updates
from qunce.outreach.playbooks.models import Playbook, RunStep, StepState
from qunce.outreach.sending import ledger, messages, send_facts, timing
from qunce.outreach.sending.ledger import (
    Message,
    Origin,
    Priority,
    Purpose,
    Sender,
    State,
)

ROWS_PER_UPDATE = 500


@dataclass(frozen=True)
class Times:
    """When a message is due, and from when on it is not sent any more."""

    due_at: datetime
    stale_at: datetime | None


@dataclass(frozen=True)
class Released:
    """How many messages go on, and how many are not sent any more after a pause."""

    sent_on: int = 0
    skipped: int = 0


def times_after_pause(
    times: Times, *, paused_at: datetime, at: datetime, holds_waits: bool
) -> Times:
    """The times of a message that was held from `paused_at` until now.

    If waits stood still, both move by the length of the pause, or else neither.
    """
    if not holds_waits:
        return times
    length = at - paused_at
    stale_at = times.stale_at
    return Times(times.due_at + length, stale_at and stale_at + length)


def is_stale(times: Times, at: datetime) -> bool:
    return times.stale_at is not None and times.stale_at < at


# Verbs, to be called in the transaction that changes the state of the playbook


def hold(playbook: Playbook) -> int:
    """Hold back what is planned and not being sent; returns how many messages."""
    planned = _planned(playbook).filter(lease="", due_at__isnull=False)
    count = 0
    rows = planned.select_for_update().values_list("pk", "origin_id", "due_at")
    for chunk in account_queries.chunks(list(rows.order_by("pk")), ROWS_PER_UPDATE):
        Message.objects.filter(pk__in=[pk for pk, _step, _due in chunk]).update(
            # What is held takes no place in anybody's contact budget.
            due_at=None,
            counted_at=None,
        )
        steps = [RunStep(pk=step, held_due_at=due) for _pk, step, due in chunk]
        row_updates.update(steps, ["held_due_at"])
        count += len(chunk)
    return count


def release(
    playbook: Playbook, *, paused_at: datetime, at: datetime, holds_waits: bool
) -> Released:
    """Plan what was held again; what is too late or over the contact limit is skipped."""
    steps = RunStep.objects.filter(run__playbook=playbook, held_due_at__isnull=False)
    due = {
        pk: due_at
        for pk, due_at in steps.values_list("pk", "held_due_at")
        if due_at is not None
    }
    found = Released()
    for ids in account_queries.chunks(sorted(due), ROWS_PER_UPDATE):
        rows = Message.objects.filter(origin=Origin.PLAYBOOK, origin_id__in=ids)
        rows = rows.filter(state=State.PLANNED, due_at__isnull=True)
        times = {
            row: times_after_pause(
                Times(due[row.origin_id], row.stale_at),
                paused_at=paused_at,
                at=at,
                holds_waits=holds_waits,
            )
            for row in rows.select_related("community", "staff").order_by("pk")
        }
        skipped = _plan_again(times, at)
        _skip(skipped, at)
        RunStep.objects.filter(pk__in=ids).update(held_due_at=None)
        found = Released(
            found.sent_on + len(times) - len(skipped), found.skipped + len(skipped)
        )
    return found


def cancel(playbook: Playbook, at: datetime) -> int:
    """Cancel all that is planned and not being sent; returns how many messages."""
    ids = list(_planned(playbook).values_list("origin_id", flat=True))
    cancelled = 0
    for chunk in account_queries.chunks(ids, ROWS_PER_UPDATE):
        cancelled += messages.cancel(origin=Origin.PLAYBOOK, origin_ids=chunk, at=at)
        stopped = Message.objects.filter(
            origin=Origin.PLAYBOOK, origin_id__in=chunk, state=State.CANCELLED
        )
        RunStep.objects.filter(pk__in=stopped.values("origin_id")).update(
            state=StepState.SKIPPED, reason=skip_reasons.CANCELLED, held_due_at=None
        )
    return cancelled


def count_planned(playbook: Playbook) -> int:
    """How many messages are planned, or held, and not being sent."""
    return _planned(playbook).filter(lease="").count()


def _planned(playbook: Playbook) -> models.QuerySet[Message]:
    steps = RunStep.objects.filter(run__playbook=playbook)
    return Message.objects.filter(
        community_id=playbook.community_id,
        origin=Origin.PLAYBOOK,
        state=State.PLANNED,
        origin_id__in=steps.values("pk"),
    )


def _plan_again(times: dict[Message, Times], at: datetime) -> dict[Message, str]:
    """Set the new times; returns the messages that are not sent any more, with reasons."""
    skipped: dict[Message, str] = {}
    by_sender: dict[Sender, list[Message]] = {}
    for row, each in times.items():
        if is_stale(each, at):
            skipped[row] = skip_reasons.STALE
        else:
            by_sender.setdefault(_sender_of(row), []).append(row)
    changed: list[Message] = []
    for sender in sorted(by_sender, key=lambda each: each.priority):
        rows = by_sender[sender]
        targets = sorted({row.target_id for row in rows})
        planner = timing.planner_for(sender, at)
        contacts, zones = planner.contacts(targets, at), planner.zones(targets)
        for row in sorted(rows, key=lambda row: (times[row].due_at, row.pk)):
            moment, reason = planner.plan(
                contacts[row.target_id],
                max(at, times[row].due_at),
                policy=planner.policy_of(row.target_id),
                stale_at=times[row].stale_at,
                zone=zones.get(row.target_id),
            )
            if reason:
                skipped[row] = reason
                continue
            row.due_at, row.stale_at = moment, times[row].stale_at
            row.counted_at = moment if planner.is_counted() else None
            changed.append(row)
    row_updates.update(changed, ["due_at", "stale_at", "counted_at"])
    return skipped


def _sender_of(row: Message) -> Sender:
    return Sender(
        community=row.community,
        origin=Origin.PLAYBOOK,
        is_group=row.is_group,
        purpose=Purpose(row.purpose),
        channel=row.channel,
        staff=row.staff,
        priority=Priority(row.priority),
    )


def _skip(reasons: dict[Message, str], at: datetime) -> None:
    for reason in sorted(set(reasons.values())):
        rows = [row for row, why in reasons.items() if why == reason]
        ledger.transition(
            Message.objects.filter(pk__in=[row.pk for row in rows]),
            origins=[State.PLANNED],
            to=State.SKIPPED,
            at=at,
            reason=reason,
            recorded=True,
        )
        steps = RunStep.objects.filter(pk__in=[row.origin_id for row in rows])
        steps.update(state=StepState.SKIPPED, reason=reason)
        new: Sequence[facts.FactKind] = [
            send_facts.skipped(_with_reason(row, reason)) for row in rows
        ]
        facts.record_many(new, community=rows[0].community, by=None, at=at)


def _with_reason(row: Message, reason: str) -> Message:
    row.reason = reason
    return row
