"""Incoming events of channels: stored once, then dispatched in the order of arrival.

An event is stored before it is understood. A webhook is therefore answered immediately,
a repeated event is ignored, and an event that cannot be handled is kept with its error.
Channels know nothing about members, so the caller provides the handlers (see
`schedule.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff

log = logging.getLogger(__name__)

MAX_EVENTS_PER_RUN = 500
MAX_ATTEMPTS = 5


@personal_texts.erased_in("key", "payload", sentences=("error",))
class IncomingEvent(models.Model):
    """`key` is the channel's own id of the event, `kind` such as message or receipt."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=30)
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    payload: models.JSONField[Any, Any] = models.JSONField()
    happened_at = timestamps.TimestampField()
    received_at = timestamps.TimestampField()
    attempts = models.PositiveSmallIntegerField(default=0)
    handled_at = timestamps.TimestampField(null=True)
    error = models.TextField(default="")

    class Meta:
        db_table = "channels_incoming_event"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "channel", "key"], name="one_event_per_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(handled_at__isnull=True),
                name="events_to_handle",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of {self.channel}"


class EventNotFound(errors.NotFound):
    """There is no such event that waits for a person."""


class Handler(Protocol):
    """Handles one event, inside a transaction. An exception leaves the event unhandled."""

    def __call__(self, *, event: IncomingEvent, at: datetime) -> object: ...


def receive(
    *,
    community: Community,
    channel: str,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    at: datetime,
    happened_at: datetime | None = None,
) -> bool:
    """Store an event. Return False if this channel reported it before."""
    # Platforms repeat an event until they get an answer, so the unique key makes
    # repeats harmless.
    _event, is_new = IncomingEvent.objects.get_or_create(
        community=community,
        channel=channel,
        key=key,
        defaults={
            "kind": kind,
            "payload": dict(payload),
            "happened_at": happened_at or at,
            "received_at": at,
        },
    )
    return is_new


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event as a channel reports it; see `receive`."""

    key: str
    kind: str
    payload: Mapping[str, Any]
    happened_at: datetime


def receive_many(
    *, community: Community, channel: str, events: Sequence[NewEvent], at: datetime
) -> None:
    """Store events in their order, without those that were reported before.

    Call it in the transaction that saves up to where the channel was read, so that a
    process that dies loses nothing and stores nothing twice.
    """
    IncomingEvent.objects.bulk_create(
        [
            IncomingEvent(
                community=community,
                channel=channel,
                key=event.key,
                kind=event.kind,
                payload=dict(event.payload),
                happened_at=event.happened_at,
                received_at=at,
            )
            for event in events
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def dispatch(
    *,
    handlers: Mapping[str, Handler],
    at: datetime,
    limit: int = MAX_EVENTS_PER_RUN,
) -> int:
    """Call the handlers of pending events. Return how many events were handled.

    An event whose handler fails is retried by a later call and does not block the
    events after it.
    """
    handled = 0
    for event in pending().select_related("community")[:limit]:
        row = IncomingEvent.objects.filter(pk=event.pk, handled_at__isnull=True)
        try:
            with transaction.atomic():
                # Of two concurrent calls only one updates the row and runs the handler.
                if not row.update(handled_at=at, error=""):
                    continue
                handlers[event.kind](event=event, at=at)
        except Exception as error:
            log.exception("event %s was not handled", event)
            text = f"{type(error).__name__}: {error}"[:2_000]
            # After the rollback, which has also taken back `handled_at`.
            row.update(attempts=models.F("attempts") + 1, error=text)
        else:
            handled += 1
    return handled


def pending() -> models.QuerySet[IncomingEvent]:
    """Return the events to handle, in the order of arrival."""
    rows = IncomingEvent.objects.filter(handled_at__isnull=True)
    return rows.filter(attempts__lt=MAX_ATTEMPTS).order_by("pk")


def retry(*, event: IncomingEvent, by: Staff, at: datetime) -> None:
    """Handle an event now that failed too often, with all attempts."""
    permissions.check_may(by, job_queue.MANAGE)
    permissions.check_community(by, event.community_id)
    # One that was handled meanwhile stays so. Its error stays in view until then.
    rows = IncomingEvent.objects.filter(pk=event.pk, handled_at__isnull=True)
    rows.update(attempts=0)


def get_exhausted(pk: int, *, community: Community | None = None) -> IncomingEvent:
    for event in list_exhausted(community).filter(pk=pk):
        return event
    raise EventNotFound(_("There is no such event. It may have been handled already."))


def list_exhausted(
    community: Community | None = None,
) -> models.QuerySet[IncomingEvent]:
    """The exhausted events of a community, or of all, in the order of arrival."""
    rows = exhausted().select_related("community")
    return rows if community is None else rows.filter(community=community)


def exhausted() -> models.QuerySet[IncomingEvent]:
    """Return the events that failed too often to be retried. A person has to look."""
    rows = IncomingEvent.objects.filter(handled_at__isnull=True)
    return rows.filter(attempts__gte=MAX_ATTEMPTS).order_by("pk")
