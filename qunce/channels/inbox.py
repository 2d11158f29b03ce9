"""The way in: what a channel reports is stored once, then handed on in its order.

Stored first and understood later: a webhook answers at once, the same event given twice
is taken once, and what could not be handled waits with its error. Channels lie below the
members, so the handlers are given by whoever runs this (see duties.py).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import models, transaction

from qunce.core import timestamps
from qunce.core.communities import Community

log = logging.getLogger(__name__)

MOST = 500
MOST_ATTEMPTS = 5


class Incoming(models.Model):
    """`key` is the channel's own number of the event, `kind` such as message or receipt."""

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
        constraints = [
            models.UniqueConstraint(
                fields=["community", "channel", "key"], name="one_event_a_key"
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


class Handler(Protocol):
    """Called inside a transaction, once for each event that it does not refuse."""

    def __call__(self, *, event: Incoming, at: datetime) -> object: ...


def take(
    *,
    community: Community,
    channel: str,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    at: datetime,
    happened_at: datetime | None = None,
) -> bool:
    """Store an event; False when this channel told it before."""
    _event, is_new = Incoming.objects.get_or_create(
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


def hand_on(*, handlers: Mapping[str, Handler], at: datetime, most: int = MOST) -> int:
    """Give stored events to their handlers; returns how many were handled.

    One that fails is told why and tried again later; those after it do not wait.
    """
    return sum(
        _hand_on(event, handlers, at)
        for event in waiting().select_related("community")[:most]
    )


def _hand_on(event: Incoming, handlers: Mapping[str, Handler], at: datetime) -> bool:
    mine = Incoming.objects.filter(pk=event.pk, handled_at__isnull=True)
    try:
        with transaction.atomic():
            # Of two that hand on at once one gets the row; the other finds it handled.
            if not mine.update(handled_at=at, error=""):
                return False
            handlers[event.kind](event=event, at=at)
    except Exception as error:
        log.exception("event %s was not handled", event)
        told = f"{type(error).__name__}: {error}"[:2_000]
        mine.update(attempts=models.F("attempts") + 1, error=told)
        return False
    return True


def waiting() -> models.QuerySet[Incoming]:
    """In the order they came; those given up are left out."""
    rows = Incoming.objects.filter(handled_at__isnull=True)
    return rows.filter(attempts__lt=MOST_ATTEMPTS).order_by("pk")


def given_up() -> models.QuerySet[Incoming]:
    """Tried too often: a person has to look."""
    rows = Incoming.objects.filter(handled_at__isnull=True)
    return rows.filter(attempts__gte=MOST_ATTEMPTS).order_by("pk")
