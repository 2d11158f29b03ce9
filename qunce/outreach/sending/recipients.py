"""Recipients: one row for each member or group whose message a campaign has claimed.

The row is created by the claim. It is changed only by conditional updates, so that of two
changes at the same time the second finds no row and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import db, personal_texts, timestamps
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
"""Rows in these states count as a contact although they are not `recorded` yet."""


@personal_texts.erased_in(sentences=("note",), community="campaign__community_id")
class Recipient(models.Model):
    """`target_id` is the first account of a person, or a group.

    `recorded` is false until the outcome is in the fact log. `lease` is set while a
    channel is sending; after `due_at` the lease has expired or a retry is due.
    """

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


# Verbs

INSERT_CLAIMED = """
INSERT INTO outreach_recipient (campaign_id, target_id, task_id, state, reason, note,
    changed_at, by_id, recorded, lease, due_at, attempts)
VALUES {rows} ON CONFLICT (campaign_id, target_id) DO NOTHING RETURNING target_id
"""
INSERT_CHUNK = 500


def create_claimed(
    task: Task, reasons: Mapping[int, str], *, at: datetime, lease: str = ""
) -> list[int]:
    """Create rows for targets, and return the new ones that are to be sent.

    `reasons` maps each target to the reason to skip it, or to "". Call it in the
    transaction that takes the targets from `task.unclaimed`.
    """
    now, created = timestamps.to_micros(at), []
    targets = sorted(reasons)
    for start in range(0, len(targets), INSERT_CHUNK):
        values: list[Any] = []
        chunk = targets[start : start + INSERT_CHUNK]
        for target in chunk:
            reason = reasons[target]
            state = State.SKIPPED if reason else State.PLANNED
            values += [task.campaign_id, target, task.pk, state.value, reason, "", now]
            values += [None, bool(reason), "" if reason else lease]
            values += [None, 0 if reason or not lease else 1]
        rows = ", ".join([f"({db.placeholders(12)})"] * len(chunk))
        # After a merge, two targets can be the same person. The row that exists stays, so
        # that nobody gets the message twice.
        inserted = db.rows(INSERT_CLAIMED.format(rows=rows), values)
        created += [target for (target,) in inserted]
    return [target for target in sorted(created) if not reasons[target]]


def transition(
    rows: models.QuerySet[Recipient],
    *,
    origins: Sequence[State],
    to: State,
    at: datetime,
    **changes: Any,
) -> int:
    """Change the state of the rows that are still in `origins`; returns how many."""
    return rows.filter(state__in=origins).update(
        state=to, changed_at=timestamps.to_micros(at), **changes
    )


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete these members from all campaigns."""
    delete_for_accounts(
        community, [fact.account for fact in facts if fact.account is not None]
    )


def delete_for_accounts(community: Community, accounts: Iterable[int]) -> None:
    """Delete the rows of accounts, and remove the accounts from all unclaimed targets."""
    account_ids = sorted(accounts)
    to_members = {"campaign__community": community, "campaign__target": Target.MEMBERS}
    Recipient.objects.filter(target_id__in=account_ids, **to_members).delete()
    tasks = Task.objects.select_for_update(of=("self",)).filter(unclaimed_count__gt=0)
    for task in tasks.filter(**to_members).order_by("pk"):
        remaining = bitmaps.from_bytes(task.unclaimed) - bitmaps.of(account_ids)
        if len(remaining) < task.unclaimed_count:
            task.set_unclaimed(remaining)


# Reads


def list_of_task(task: Task) -> models.QuerySet[Recipient]:
    rows = Recipient.objects.filter(campaign_id=task.campaign_id, task=task)
    return rows.order_by("target_id")


def list_open(task: Task) -> models.QuerySet[Recipient]:
    return list_of_task(task).filter(state=State.PLANNED)
