"""Fetches signatures of drand, where the server has a network. Without one, staff paste."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from django.conf import settings

from qunce.activities.draws import drand, public_values
from qunce.core.web import addresses, connections

log = logging.getLogger(__name__)

MAX_SECONDS, MAX_BYTES, MAX_PER_RUN = 5.0, 4_096, 20
GIVE_UP_AFTER = timedelta(days=30)


def fetch_due(*, at: datetime) -> int:
    """Fetch and verify the signatures of rounds that are due; returns how many."""
    if not settings.DRAND_URL:
        return 0
    fetched = 0
    due = public_values.list_due(at).order_by("closed_at", "pk")
    for draw in due[:MAX_PER_RUN]:
        if draw.drand_round is None or (
            draw.closed_at is not None and at - draw.closed_at > GIVE_UP_AFTER
        ):
            continue
        signature = _fetch(draw.drand_round)
        if signature is None:
            # The others would fail, too, and take as long; staff can paste it.
            break
        public_values.keep_signature(draw, signature)
        public_values.verify(str(draw.pk), at=at)
        fetched += 1
    return fetched


def _fetch(number: int) -> str | None:
    url = f"{settings.DRAND_URL}/{drand.CHAIN}/public/{number}"
    try:
        parts = addresses.parse(url)
        if parts is None:
            return None
        deadline = connections.Deadline(MAX_SECONDS)
        target = addresses.resolve(*parts, seconds=deadline.seconds_left())
        content = b""
        with connections.send(
            "GET",
            url,
            target,
            headers={"Accept": "application/json"},
            deadline=deadline,
        ) as response:
            for chunk in response.iter_stream():
                content += chunk
                if len(content) > MAX_BYTES:
                    return None
        signature = json.loads(content)["signature"]
    except (*connections.ERRORS, ValueError, KeyError, TypeError) as error:
        log.info("drand round %s was not fetched: %s", number, error)
        return None
    is_written_right = isinstance(signature, str) and drand.SIGNATURE.fullmatch(
        signature
    )
    return signature if is_written_right else None
