"""Recipients: a row of truth for each member or group that a campaign got to.

A row is born when it is claimed. It changes by conditional updates only, so of two at
once one wins and the other sees that it came too late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending.tasks import Task
from qunce.sets.bitmaps import bitmaps


class State(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("recipient", "planned")
    MARKED = "marked", pgettext_lazy("recipient", "sent by staff")
    ACCEPTED = "accepted", pgettext_lazy("recipient", "accepted by the channel")
    DELIVERED = "delivered", pgettext_lazy("recipient", "delivered")
    CLICKED = "clicked", pgettext_lazy("recipient", "clicked")
    SKIPPED = "skipped", pgettext_lazy("recipient", "skipped")
    FAILED = "failed", pgettext_lazy("recipient", "failed")
    UNKNOWN = "unknown", pgettext_lazy("recipient", "unknown")


REACHED = (State.MARKED, State.ACCEPTED, State.DELIVERED, State.CLICKED)
RESERVED = (State.PLANNED, State.MARKED, State.ACCEPTED)
"""With `told` false: they count as a contact though the log does not know them yet."""


class Recipient(models.Model):
    """`target_id` is a person's first account, or a group. `told` is false as long as the
    log may still have to hear of it; a lease holds what is with a channel now."""

    pk = models.CompositePrimaryKey("campaign_id", "target_id")
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="recipients", db_index=False
    )
    target_id = models.BigIntegerField()
    task = models.ForeignKey(
        Task, models.PROTECT, related_name="recipients", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=20, default="")
    note = models.CharField(max_length=200, default="")
    changed_at = timestamps.TimestampField()
    by_id = models.BigIntegerField(null=True)
    recorded = models.BooleanField(default=False)
    lease = models.CharField(max_length=32, default="")
    due_at = timestamps.TimestampField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["campaign", "task", "state"], name="recipients_by_state"
            ),
            models.Index(
                fields=["target_id"],
                condition=models.Q(recorded=False),
                name="recipients_unrecorded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} of {self.campaign_id}"


INSERT_CLAIMED = """
INSERT INTO outreach_recipient (campaign_id, target_id, task_id, state, reason, note,
    changed_at, by_id, recorded, lease, due_at, attempts)
VALUES {rows} ON CONFLICT (campaign_id, target_id) DO NOTHING RETURNING target_id
"""
INSERT_CHUNK = 500


def create_claimed(
    task: Task, verdicts: Mapping[int, str], *, at: datetime, lease: str = ""
) -> list[int]:
    """Make the rows of targets, planned or skipped with a reason; who is new and planned.

    Inside the transaction that took them from the task. A target that another way led
    here already, as after a merge, keeps its row.
    """
    now, born = timestamps.to_micros(at), []
    targets = sorted(verdicts)
    for start in range(0, len(targets), INSERT_CHUNK):
        values: list[Any] = []
        chunk = targets[start : start + INSERT_CHUNK]
        for target in chunk:
            reason = verdicts[target]
            state = State.SKIPPED if reason else State.PLANNED
            values += [task.campaign_id, target, task.pk, state.value, reason, "", now]
            values += [None, bool(reason), "" if reason else lease]
            values += [None, 0 if reason or not lease else 1]
        rows = ", ".join([f"({db.placeholders(12)})"] * len(chunk))
        born += [row[0] for row in db.rows(INSERT_CLAIMED.format(rows=rows), values)]
    return [target for target in sorted(born) if not verdicts[target]]


def transition(
    rows: models.QuerySet[Recipient],
    *,
    origins: Sequence[State],
    to: State,
    at: datetime,
    **changes: Any,
) -> int:
    """Move rows that are still where they may start; returns how many were."""
    return rows.filter(state__in=origins).update(
        state=to, changed_at=timestamps.to_micros(at), **changes
    )


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """A reaction: who is erased is in no campaign, and waits in none."""
    delete_for_accounts(
        community, [fact.account for fact in facts if fact.account is not None]
    )


def delete_for_accounts(community: Community, accounts: Iterable[int]) -> None:
    gone = sorted(accounts)
    of_members = {"campaign__community": community, "campaign__target": Target.MEMBERS}
    Recipient.objects.filter(target_id__in=gone, **of_members).delete()
    waiting = Task.objects.select_for_update(of=("self",)).filter(unclaimed_count__gt=0)
    for task in waiting.filter(**of_members).order_by("pk"):
        left = bitmaps.from_bytes(task.unclaimed) - bitmaps.of(gone)
        if len(left) < task.unclaimed_count:
            task.set_unclaimed(left)


# Reads


def list_of_task(task: Task) -> models.QuerySet[Recipient]:
    rows = Recipient.objects.filter(campaign_id=task.campaign_id, task=task)
    return rows.order_by("target_id")


def list_open(task: Task) -> models.QuerySet[Recipient]:
    return list_of_task(task).filter(state=State.PLANNED)
