"""The ledger: one row for each message to a member or a group, of any origin.

A row is created when its message is requested or claimed. It is changed only by
conditional updates, so that of two changes at the same time the second finds no row and
is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import db, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries


class Origin(models.TextChoices):
    """What kind of thing requested a message."""

    CAMPAIGN = "campaign", pgettext_lazy("message", "campaign")
    PLAYBOOK = "playbook", pgettext_lazy("message", "playbook")
    WELCOME = "welcome", pgettext_lazy("message", "welcome")
    CARE = "care", pgettext_lazy("message", "care")
    REPLY = "reply", pgettext_lazy("message", "reply")
    ACTIVITY = "activity", pgettext_lazy("message", "activity")
    MODERATION = "moderation", pgettext_lazy("message", "moderation")
    TEST = "test", pgettext_lazy("message", "test")
    SERIES = "series", pgettext_lazy("message", "series")
    ENTRY = "entry", pgettext_lazy("message", "entry gate")
    COMPLAINT = "complaint", pgettext_lazy("message", "complaint")


class Purpose(models.TextChoices):
    MARKETING = "marketing", gettext_lazy("marketing")
    SERVICE = "service", gettext_lazy("service")
    MODERATION = "moderation", gettext_lazy("moderation")


class Priority(models.IntegerChoices):
    """The lowest number is sent first, and wins the last slot of the contact budget."""

    URGENT = 0, gettext_lazy("urgent")
    HIGH = 10, gettext_lazy("high")
    NORMAL = 20, gettext_lazy("normal")
    LOW = 30, gettext_lazy("low")


class State(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("recipient", "planned")
    MARKED = "marked", pgettext_lazy("recipient", "sent by staff")
    ACCEPTED = "accepted", pgettext_lazy("recipient", "accepted by the channel")
    DELIVERED = "delivered", pgettext_lazy("recipient", "delivered")
    CLICKED = "clicked", pgettext_lazy("recipient", "clicked")
    SKIPPED = "skipped", pgettext_lazy("recipient", "skipped")
    FAILED = "failed", pgettext_lazy("recipient", "failed")
    UNKNOWN = "unknown", pgettext_lazy("recipient", "unknown")
    CANCELLED = "cancelled", pgettext_lazy("recipient", "cancelled")


REACHED = (State.MARKED, State.ACCEPTED, State.DELIVERED, State.CLICKED)
COUNTED = (State.PLANNED, *REACHED, State.UNKNOWN)
"""Messages in these states count for the contact budget. An unknown one may have arrived."""

COUNT_FROM_NOW = (State.PLANNED, State.MARKED, State.ACCEPTED, State.DELIVERED)


@personal_texts.erased_in("text", sentences=("note",))
class Message(models.Model):
    """`target_id` is the first account of a person, or a group.

    `origin_id` is the row that asked for it, such as a campaign. `staff` posts it by hand;
    without one a channel sends it. `text` is what was sent, and `content` names the
    versions that it was made from.

    A planned message is sent from `due_at` on. While it is leased by a sender, `due_at` is
    when the lease expires. It is not sent after `stale_at`. `counted_at` is when it counts
    for the contact budget, null if it does not. `recorded` is false until the outcome is
    in the fact log. `kept_for_id` is the campaign for which the place was kept that a
    skipped message would have taken.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    origin = models.CharField(max_length=10, choices=Origin.choices)
    origin_id = models.BigIntegerField()
    is_group = models.BooleanField(default=False)
    target_id = models.BigIntegerField()
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.MARKETING
    )
    channel = models.CharField(max_length=30)
    staff = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )
    variant = models.CharField(max_length=20, default="")
    text = models.TextField(default="")
    content: models.JSONField[Any, Any] = models.JSONField(null=True)
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL
    )
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=20, default="")
    note = models.CharField(max_length=200, default="")
    due_at = timestamps.TimestampField(null=True)
    stale_at = timestamps.TimestampField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, default="")
    channel_message_id = models.CharField(max_length=100, default="")
    counted_at = timestamps.TimestampField(null=True)
    recorded = models.BooleanField(default=False)
    changed_at = timestamps.TimestampField()
    by_id = models.BigIntegerField(null=True)
    kept_for_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "origin_id", "is_group", "target_id"],
                name="one_message_per_target",
            )
        ]
        indexes = [
            models.Index(
                fields=["origin_id", "origin", "staff", "state"],
                name="messages_by_state",
            ),
            # What a channel sends next; staff open theirs by task.
            models.Index(
                fields=["community", "channel", "priority", "due_at", "id"],
                condition=models.Q(state="planned", staff__isnull=True),
                name="messages_to_send",
            ),
            # What is being sent now, however many messages wait for their time.
            models.Index(
                fields=["lease"],
                condition=models.Q(state="planned") & ~models.Q(lease=""),
                name="messages_being_sent",
            ),
            models.Index(fields=["target_id", "counted_at"], name="messages_by_target"),
            models.Index(
                fields=["community", "purpose", "counted_at", "target_id"],
                condition=models.Q(counted_at__isnull=False, is_group=False),
                name="messages_that_count",
            ),
            # What groups get, by day, for the content calendar.
            models.Index(
                fields=["community", "counted_at"],
                condition=models.Q(counted_at__isnull=False, is_group=True),
                name="group_messages_that_count",
            ),
            models.Index(
                fields=["community", "changed_at"],
                condition=models.Q(counted_at__isnull=True, is_group=True),
                name="group_messages_not_sent",
            ),
            models.Index(
                fields=["changed_at"],
                condition=models.Q(recorded=False, state__in=["marked", "failed"]),
                name="messages_to_record",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} of {self.origin} {self.origin_id}"


# Verbs


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What the messages of one request have in common."""

    community: Community
    origin: Origin
    is_group: bool = False
    purpose: Purpose = Purpose.MARKETING
    channel: str
    staff: Staff | None = None
    priority: Priority = Priority.NORMAL


@dataclass(kw_only=True)
class NewMessage:
    """A message that has no row yet; without a `reason` to skip it, it is planned."""

    target: int
    origin_id: int
    reason: str = ""
    text: str = ""
    variant: str = ""
    content: str | None = None
    due_at: int | None = None
    stale_at: int | None = None
    counted_at: int | None = None
    kept_for_id: int | None = None
    leased: bool = False


COMMON = (
    "community_id origin is_group purpose channel staff_id priority changed_at".split()
)
EACH = {
    "lease": "text",
    "origin_id": "bigint",
    "target_id": "bigint",
    "variant": "text",
    "text": "text",
    "content": "jsonb",
    "state": "text",
    "reason": "text",
    "due_at": "bigint",
    "stale_at": "bigint",
    "attempts": "smallint",
    "counted_at": "bigint",
    "recorded": "boolean",
    "kept_for_id": "bigint",
}
"""Columns of each message, and their types in PostgreSQL."""
INSERT = """
INSERT INTO outreach_message ({columns}, note, channel_message_id, by_id)
SELECT {values}, '', '', NULL FROM {rows}
ON CONFLICT (origin, origin_id, is_group, target_id) DO NOTHING
"""
"""The rows are one parameter: thousands of them take longer than the database. After a
merge, two targets can be the same person. The row that exists stays, so that nobody gets a
message twice."""
SQLITE_ROWS = "json_each(%s) WHERE true"
POSTGRESQL_ROWS = "json_array_elements(%s) AS row(value)"


def insert(
    sender: Sender, rows: Sequence[NewMessage], *, at: datetime, lease: str = ""
) -> None:
    """Create rows for the targets that have none. Those that are leased are being sent."""
    common = [sender.community.pk, sender.origin.value, sender.is_group]
    common += [sender.purpose.value, sender.channel]
    common += [None if sender.staff is None else sender.staff.pk]
    common += [int(sender.priority), timestamps.to_micros(at)]
    # Rows of one kind have most of their columns in common.
    by_kind: dict[tuple[bool, bool], list[tuple[Any, ...]]] = {}
    for row in rows:
        kind = bool(row.reason), row.leased
        by_kind.setdefault(kind, []).append(_values(row, lease))
    for same in by_kind.values():
        _insert(common, same)


def _values(row: NewMessage, lease: str) -> tuple[Any, ...]:
    """The values of its columns EACH."""
    skipped, leased = bool(row.reason), row.leased and not row.reason
    return (
        lease if leased else "",
        row.origin_id,
        row.target,
        row.variant,
        row.text,
        row.content,
        "skipped" if skipped else "planned",
        row.reason,
        row.due_at,
        row.stale_at,
        int(leased),
        None if skipped else row.counted_at,
        skipped,
        row.kept_for_id,
    )


def _insert(common: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; what is the same in all of them is a parameter of its own.

    SQLite takes three times as long if it has to read every value out of the rows.
    """
    source, read = SQLITE_ROWS, "json_extract(value, '$[{number}]')"
    given = "%s"
    if db.is_postgresql():
        source, read, given = (
            POSTGRESQL_ROWS,
            "(value->>{number})::{type}",
            "%s::{type}",
        )
    values, params = ["%s"] * len(common), list(common)
    varying: list[tuple[Any, ...]] = []
    for column, kind in zip(zip(*rows, strict=True), EACH.values(), strict=True):
        if len(set(column)) == 1:
            values.append(given.format(type=kind))
            params.append(column[0])
        else:
            values.append(read.format(number=len(varying), type=kind))
            varying.append(column)
    sql = INSERT.format(
        columns=", ".join([*COMMON, *EACH]), values=", ".join(values), rows=source
    )
    # Rows without a column of their own are one.
    each = list(zip(*varying, strict=True)) or [()]
    db.execute(sql, [*params, json.dumps(each)])


def transition(
    rows: models.QuerySet[Message],
    *,
    origins: Sequence[State],
    to: State,
    at: datetime,
    **changes: Any,
) -> int:
    """Change the state of the rows that are still in `origins`; returns how many.

    A message that is not sent after all no longer counts for the contact budget; one that
    is sent counts from then on.
    """
    now = timestamps.to_micros(at)
    if to not in COUNTED:
        changes["counted_at"] = None
    elif to in COUNT_FROM_NOW:
        changes["counted_at"] = models.Case(
            models.When(~models.Q(purpose=Purpose.MODERATION), then=models.Value(now)),
            output_field=models.BigIntegerField(),
        )
    return rows.filter(state__in=origins).update(state=to, changed_at=now, **changes)


def delete_for_accounts(community: Community, accounts: Iterable[int]) -> None:
    """Delete the messages to these accounts."""
    Message.objects.filter(
        community=community, is_group=False, target_id__in=sorted(accounts)
    ).delete()


# Reads


def find_targets(sender: Sender, origin_id: int, targets: Sequence[int]) -> set[int]:
    """Those of these targets that have a row."""
    rows = db.rows(
        "SELECT target_id FROM outreach_message WHERE origin = %s AND origin_id = %s"  # noqa: S608 - ids only
        f" AND is_group = %s AND target_id {db.among_ids(targets)}",
        [sender.origin.value, origin_id, sender.is_group],
    )
    return {target for (target,) in rows}


def find_written_to(
    people: Sequence[int], *, origins: Sequence[Origin], since: datetime
) -> set[int]:
    """Those of these people who got a message of these origins since then, or will."""
    found = set[int]()
    for chunk in account_queries.chunks(people, size=900):
        rows = Message.objects.filter(
            target_id__in=chunk,
            is_group=False,
            origin__in=origins,
            state__in=COUNTED,
            changed_at__gte=timestamps.to_micros(since),
        )
        found.update(rows.values_list("target_id", flat=True))
    return found


def find_pairs(campaigns: Sequence[int], people: Sequence[int]) -> set[tuple[int, int]]:
    """Campaign and target of the messages of these campaigns to these people."""
    if not campaigns or not people:
        return set()
    rows = db.rows(
        "SELECT origin_id, target_id FROM outreach_message WHERE origin = 'campaign'"  # noqa: S608 - ids only
        f" AND origin_id {db.among_ids(campaigns)} AND NOT is_group"
        f" AND target_id {db.among_ids(people)}"
    )
    return {(origin_id, target) for origin_id, target in rows}


class RequestedMessage(NamedTuple):
    """What those who ask for many messages need of their rows, for the same reason."""

    pk: int
    origin: str
    origin_id: int
    is_group: bool
    target_id: int
    purpose: str
    channel: str
    staff_id: int | None
    text: str
    state: str
    reason: str
    due_micros: int | None

    @property
    def due_at(self) -> datetime | None:
        micros = self.due_micros
        return None if micros is None else timestamps.from_micros(micros)


SELECT_REQUESTED = """
SELECT m.id, origin, m.origin_id, is_group, m.target_id, purpose, channel, staff_id, text,
    state, reason, due_at
FROM {rows} CROSS JOIN outreach_message m WHERE m.origin = %s AND m.is_group = %s
AND m.origin_id = {origin_id} AND m.target_id = {target_id}
"""


def find_requested(
    sender: Sender, keys: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], RequestedMessage]:
    """The rows of these ids of origins with their targets, of those that have one.

    The order of a cross join is kept by SQLite, which would else search by origin alone.
    """
    rows, value = "json_each(%s)", "json_extract(value, '$[{}]')"
    if db.is_postgresql():
        rows, value = POSTGRESQL_ROWS, "(value->>{})::bigint"
    sql = SELECT_REQUESTED.format(
        rows=rows, origin_id=value.format(0), target_id=value.format(1)
    )
    params = [json.dumps(list(keys)), sender.origin.value, sender.is_group]
    found = (RequestedMessage(*row) for row in db.rows(sql, params))
    return {(row.origin_id, row.target_id): row for row in found}


class LeasedMessage(NamedTuple):
    """What a sender needs of a row. A thousand models take longer than all the rest."""

    pk: int
    origin: str
    origin_id: int
    is_group: bool
    target_id: int
    purpose: str
    channel: str
    text: str
    stored_content: Any
    attempts: int

    @property
    def content(self) -> Any:
        is_text = isinstance(self.stored_content, str)
        return json.loads(self.stored_content) if is_text else self.stored_content


SELECT_LEASED = """
SELECT id, origin, origin_id, is_group, target_id, purpose, channel, text, content, attempts
FROM outreach_message
WHERE lease = %s AND NOT lease = '' AND state = 'planned' ORDER BY priority, id
"""
"""With the conditions of its index, which has leased messages only."""


def list_leased(lease: str) -> list[LeasedMessage]:
    """The messages that a sender has leased, the most important first."""
    return [LeasedMessage(*row) for row in db.rows(SELECT_LEASED, [lease])]


def list_of(
    origin: Origin, origin_id: int, staff_id: int | None = None
) -> models.QuerySet[Message]:
    """The messages of one origin, by target; with a staff member those that they post."""
    rows = Message.objects.filter(origin=origin, origin_id=origin_id)
    if staff_id is not None:
        rows = rows.filter(staff_id=staff_id)
    return rows.order_by("target_id")
