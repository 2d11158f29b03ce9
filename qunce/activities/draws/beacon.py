"""Fetches signatures of drand, where the server has a network. Without one, staff paste."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from qunce.activities.draws import drand, public_values
from qunce.activities.draws.models import Draw, FetchProblem
from qunce.core.web import addresses, connections

log = logging.getLogger(__name__)

MAX_SECONDS, MAX_BYTES, MAX_PER_RUN = 5.0, 4_096, 20
GIVE_UP_AFTER = timedelta(days=30)
WAIT_AFTER_REFUSAL = timedelta(minutes=10)
"""The pause before a relay is asked again that has sent a wrong signature."""


class FetchFailed(Exception):
    """The relay did not give the signature; it is asked again a minute later."""

    def __init__(self, problem: FetchProblem) -> None:
        super().__init__(problem)
        self.problem = problem


def fetch_due(*, at: datetime) -> int:
    """Fetch the signatures of rounds that are due; returns how many.

    They are verified in the background. A failure is kept for staff to read.
    """
    if not settings.DRAND_URL:
        return 0
    fetched = 0
    may_ask = Q(signature_refused_at__isnull=True)
    may_ask |= Q(signature_refused_at__lte=at - WAIT_AFTER_REFUSAL)
    due = public_values.list_due(at).filter(
        may_ask, closed_at__gt=at - GIVE_UP_AFTER, drand_round__isnull=False
    )
    for draw in due.order_by("closed_at", "pk")[:MAX_PER_RUN]:
        number = draw.drand_round or 0
        try:
            signature = fetch(number)
        except FetchFailed as error:
            log.info("drand round %s was not fetched: %s", number, error.problem)
            rows = Draw.objects.filter(pk=draw.pk, value="")
            rows.update(fetch_problem=error.problem, fetch_failed_at=at)
            # The others would fail, too, and take as long; staff can paste it.
            break
        with transaction.atomic():
            public_values.keep_signature(draw, signature)
            public_values.schedule_verification(draw, at)
        fetched += 1
    return fetched


def fetch(number: int) -> str:
    """The signature of a round as the relay gives it. Raises FetchFailed."""
    url = f"{settings.DRAND_URL}/{drand.CHAIN}/public/{number}"
    try:
        content = _download(url)
    except connections.ERRORS as error:
        log.info("drand: %s", error)
        raise FetchFailed(FetchProblem.UNREACHABLE) from None
    try:
        answer = json.loads(content)
        signature = answer["signature"]
        is_right = answer["round"] == number and isinstance(signature, str)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_right = False
    if not is_right or not drand.SIGNATURE.fullmatch(signature):
        raise FetchFailed(FetchProblem.ANSWER)
    return str(signature)


def _download(url: str) -> bytes:
    """What the relay answers, if that is short. Redirects are not followed."""
    parts = addresses.parse(url)
    if parts is None:
        raise FetchFailed(FetchProblem.UNREACHABLE)
    deadline = connections.Deadline(MAX_SECONDS)
    # The address is one of the server's own settings, so a relay may be in its network.
    target = addresses.resolve(
        *parts, seconds=deadline.seconds_left(), allow_private=True
    )
    content = b""
    request: Any = {"headers": {"Accept": "application/json"}, "deadline": deadline}
    with connections.send("GET", url, target, **request) as response:
        if response.status in (404, 425):
            raise FetchFailed(FetchProblem.TOO_EARLY)
        if response.status != 200:
            raise FetchFailed(FetchProblem.ANSWER)
        for chunk in response.iter_stream():
            content += chunk
            if len(content) > MAX_BYTES:
                raise FetchFailed(FetchProblem.ANSWER)
    return content
