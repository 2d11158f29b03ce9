"""Calls the endpoints whose deliveries are due, each in a thread of its own.

A call may take long, and nothing waits for it: the scheduler's thread claims what is due,
records what has returned, and leaves calls that still run to its next turn.
"""

from __future__ import annotations

import itertools
import queue
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from qunce.channels.webhooks import deliveries, endpoints, signing
from qunce.channels.webhooks.deliveries import RETRY_DELAYS, Delivery, State
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.channels.webhooks.outcomes import CallOutcome
from qunce.core import timestamps

LEASE = timedelta(minutes=5)
MAX_DELIVERIES_PER_CLAIM = 10
MAX_PARALLEL_ENDPOINTS = 32
MAX_PARALLEL_PER_COMMUNITY = 8
"""So that a community with many slow endpoints does not delay the others."""
MAX_SECONDS_PER_CLAIM = 10.0
"""After that, the rest of an endpoint's deliveries wait for its next turn."""
MAX_SECONDS_PER_TURN, MAX_SECONDS_TO_WAIT = 6.0, 2.0
"""How long a turn lasts, and waits for the next call to return."""


@dataclass(frozen=True)
class Batch:
    """Deliveries of one endpoint under one lease, and the outcomes of those called."""

    rows: Sequence[Delivery]
    outcomes: list[CallOutcome] = field(default_factory=list)

    @property
    def endpoint(self) -> Endpoint:
        return self.rows[0].endpoint


_running: dict[int, int] = {}
"""The community of each endpoint that a thread of this process is calling."""
_returned: queue.SimpleQueue[Batch] = queue.SimpleQueue()
_turn = threading.Lock()


def send_due(*, at: datetime) -> int:
    """Send the deliveries that are due. Return how many outcomes were recorded."""
    recorded, end = 0, time.monotonic() + MAX_SECONDS_PER_TURN
    # One turn at a time, should a slow one have lost its lease of the job.
    with _turn:
        while (left := end - time.monotonic()) > 0:
            for rows in claim_due(at):
                _start(rows, at)
            if not _running:
                break
            try:
                batch = _returned.get(timeout=min(left, MAX_SECONDS_TO_WAIT))
            except queue.Empty:
                break
            del _running[batch.endpoint.pk]
            _record(batch, at)
            recorded += len(batch.outcomes)
    return recorded


def _start(rows: list[Delivery], at: datetime) -> None:
    _running[rows[0].endpoint_id] = rows[0].endpoint.community_id
    # A daemon: the process may end without it, and the lease ends by itself.
    threading.Thread(
        target=_send, args=(Batch(rows), at), name="webhook", daemon=True
    ).start()


def _send(batch: Batch, at: datetime) -> None:
    """Send deliveries up to the first failure, without using the database.

    The rest would fail, too, and take up to the time limit each.
    """
    from qunce.channels.webhooks import (
        http_client,  # loads an HTTP library, which few processes need
    )

    end = time.monotonic() + MAX_SECONDS_PER_CLAIM
    try:
        for row in batch.rows:
            body = row.body.encode()
            headers = {
                "Content-Type": "application/json",
                "User-Agent": "Qunce-Webhooks/1",
                **signing.signature_headers(
                    secret=row.endpoint.secret,
                    message_id=row.message_id,
                    timestamp=timestamps.to_micros(at) // 1_000_000,
                    body=body,
                ),
            }
            batch.outcomes.append(http_client.post(row.endpoint.url, body, headers))
            if not batch.outcomes[-1].is_success or time.monotonic() >= end:
                break
    finally:
        # Also after an error, which would otherwise leave the endpoint out for ever.
        _returned.put(batch)


def _record(batch: Batch, at: datetime) -> None:
    for row, outcome in zip(batch.rows, batch.outcomes, strict=False):
        deliveries.record_outcome(row, outcome, at=at)
    remaining = [row.pk for row in batch.rows[len(batch.outcomes) :]]
    # By our lease: if it has expired, they belong to another process.
    released = Delivery.objects.filter(pk__in=remaining, lease=batch.rows[0].lease)
    released.update(lease="", leased_until=None)
    if not batch.outcomes or not batch.outcomes[-1].is_success:
        # They wait as long as the one that failed.
        waiting = Delivery.objects.filter(
            pk__in=remaining, state=State.WAITING, lease=""
        )
        waiting.update(due_at=at + RETRY_DELAYS[0])


def claim_due(at: datetime) -> list[list[Delivery]]:
    """Lease deliveries that are due, a few per endpoint so that none blocks the others."""
    now = timestamps.to_micros(at)
    unleased = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    due = Delivery.objects.filter(unleased, state=State.WAITING, due_at__lte=now)
    batches = []
    for endpoint in _choose_endpoints(due):
        lease = secrets.token_hex(16)
        oldest = due.filter(endpoint=endpoint).order_by("due_at", "pk")
        ids = list(oldest.values_list("pk", flat=True)[:MAX_DELIVERIES_PER_CLAIM])
        # The condition again: another process may have claimed some of them since.
        claimed = Delivery.objects.filter(unleased, pk__in=ids, state=State.WAITING)
        claimed.update(lease=lease, leased_until=at + LEASE)
        # By the lease: exactly the rows that the UPDATE has won.
        rows = Delivery.objects.filter(lease=lease).order_by("due_at", "pk")
        batches.append(list(rows.select_related("endpoint__community")))
    return [rows for rows in batches if rows]


def _choose_endpoints(due: models.QuerySet[Delivery]) -> list[int]:
    """Return active endpoints that nobody is calling, as many as may be called now."""
    active = Endpoint.objects.filter(
        models.Exists(due.filter(endpoint=models.OuterRef("pk"))),
        state=endpoints.State.ACTIVE,
    ).exclude(pk__in=list(_running))
    # In random order, so that all get a turn if there are too many.
    candidates = active.order_by("?").values_list("pk", "community_id")
    by_community = Counter(_running.values())
    chosen = []
    for pk, community in candidates:
        if by_community[community] < MAX_PARALLEL_PER_COMMUNITY:
            by_community[community] += 1
            chosen.append(pk)
    return list(itertools.islice(chosen, MAX_PARALLEL_ENDPOINTS - len(_running)))
