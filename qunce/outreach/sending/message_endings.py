"""Planned messages that are not sent any more: cancelled, or with an unknown outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction

from qunce.core.facts import facts
from qunce.outreach.sending import ledger, recheck, send_facts
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.sending.send_facts import SendCancelled, SendFact, SendUnknown

CHUNK_SIZE = 5_000


def cancel(rows: models.QuerySet[Message], *, at: datetime) -> int:
    """Cancel the planned ones of these messages, and record it; returns how many."""
    return _settle(rows, State.CANCELLED, SendCancelled, at)


def give_up(rows: models.QuerySet[Message], *, at: datetime) -> int:
    """Record that nobody knows whether these messages arrived; returns how many."""
    return _settle(rows, State.UNKNOWN, SendUnknown, at, lease="")


@transaction.atomic
def _settle(
    rows: models.QuerySet[Message],
    to: State,
    kind: type[SendFact],
    at: datetime,
    **changes: Any,
) -> int:
    planned = rows.filter(state=State.PLANNED).order_by("pk")
    settled = 0
    while chunk := list(
        planned.select_related("community").select_for_update(of=("self",))[:CHUNK_SIZE]
    ):
        ids = [row.pk for row in chunk]
        settled += ledger.transition(
            Message.objects.filter(pk__in=ids),
            origins=[State.PLANNED],
            to=to,
            at=at,
            recorded=True,
            **changes,
        )
        _record([row for row in chunk if row.origin != Origin.TEST], kind, at)
    return settled


def _record(rows: list[Message], kind: type[SendFact], at: datetime) -> None:
    keys = recheck.campaign_keys(rows)
    by_community: dict[int, list[Message]] = {}
    for row in rows:
        by_community.setdefault(row.community_id, []).append(row)
    for some in by_community.values():
        new = [send_facts.of(kind, row, campaign=keys.get(row.pk, "")) for row in some]
        facts.record_many(new, community=some[0].community, by=None, at=at)
