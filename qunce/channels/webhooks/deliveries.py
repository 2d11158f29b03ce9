"""Deliveries: one fact to one endpoint, tried until it arrives or is given up.

At least once: a program that crashes after the call and before the row tells it again,
under the same `webhook-id`. They arrive in no certain order.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.webhooks import endpoints, outcomes, signing
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.channels.webhooks.outcomes import Outcome
from qunce.core import errors, timestamps
from qunce.core.communities import Community
from qunce.core.facts import consumers
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WAITS = (
    10 * SECOND,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    6 * HOUR,
    16 * HOUR,
)
"""After each try without success; after the last one it is given up, a day later."""
LEASE = 5 * MINUTE
AT_ONCE, ENDPOINTS_AT_ONCE, ROUNDS = 10, 8, 20
MANY_FAILURES, LONG_FAILING = 20, 24 * HOUR
KEPT = timedelta(days=30)
MOST_WAITING = 100_000
TRIAL = "webhook.tried"


class State(models.TextChoices):
    WAITING = "waiting", gettext_lazy("waiting")
    DELIVERED = "delivered", gettext_lazy("delivered")
    FAILED = "failed", gettext_lazy("given up")


class Delivery(models.Model):
    """`status`, `said` and `error` are of the last try; a trial has no fact."""

    endpoint = models.ForeignKey(
        Endpoint, models.CASCADE, related_name="deliveries", db_index=False
    )
    fact_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=90)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="")
    leased_until = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    tried_at = timestamps.TimestampField(null=True)
    status = models.PositiveSmallIntegerField(default=0)
    said = models.CharField(max_length=outcomes.SAID, default="")
    error = models.CharField(max_length=outcomes.SAID, default="")
    took_ms = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "fact_id"], name="a_fact_once_an_endpoint"
            )
        ]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="deliveries_by_endpoint"),
            models.Index(
                fields=["endpoint", "due_at"],
                condition=Q(state="waiting"),
                name="deliveries_waiting",
            ),
            models.Index(fields=["created_at"], name="deliveries_by_age"),
            models.Index(fields=["account_id"], name="deliveries_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint_id}"

    @property
    def name(self) -> str:
        """What stays the same when it is tried again."""
        return f"qunce_{self.pk}"


class UnknownDelivery(errors.NotFound):
    """There is no such delivery."""


# Planning, from facts


class Subscribed(Mapping[str, Sequence[consumers.Reaction]]):
    """Kinds that some endpoint asks for now; each leads to `plan`."""

    def __getitem__(self, kind: str) -> Sequence[consumers.Reaction]:
        return (plan,)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds())

    def __len__(self) -> int:
        return len(self._kinds())

    def _kinds(self) -> set[str]:
        active = Endpoint.objects.filter(state=endpoints.State.ACTIVE)
        return {
            kind for kinds in active.values_list("kinds", flat=True) for kind in kinds
        }


def plan(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """A reaction: a row for each endpoint that asks for this kind."""
    active = Endpoint.objects.filter(community=community, state=endpoints.State.ACTIVE)
    kind = facts[0].kind
    for endpoint in active.order_by("pk"):
        since = endpoint.kinds.get(kind)
        rows = [
            _row(endpoint, fact, at)
            for fact in facts
            if since is not None and timestamps.to_micros(fact.recorded_at) >= since
        ]
        if rows and _has_room(endpoint, at):
            Delivery.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def _has_room(endpoint: Endpoint, at: datetime) -> bool:
    """Who takes nothing for long must not fill the disk."""
    waiting = endpoint.deliveries.filter(state=State.WAITING)
    if waiting[MOST_WAITING:].exists():
        endpoints.stop(endpoint=endpoint, at=at)
        return False
    return True


def _row(endpoint: Endpoint, fact: RecordedFact, at: datetime) -> Delivery:
    told = {
        "type": fact.kind,
        "timestamp": fact.happened_at.isoformat(),
        "data": {
            "community": endpoint.community_id,
            "fact": fact.id,
            "account": fact.account,
            "group": fact.group,
            "recorded_at": fact.recorded_at.isoformat(),
            "payload": fact.payload,
        },
    }
    return Delivery(
        endpoint=endpoint,
        fact_id=fact.id,
        account_id=fact.account,
        kind=fact.kind,
        body=json.dumps(told, ensure_ascii=False),
        due_at=at,
        created_at=at,
    )


def forget_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """A reaction: what was told of who is erased goes; that they are, is still told."""
    gone = [fact.account for fact in facts if fact.account is not None]
    kinds = {fact.kind for fact in facts}
    told = Delivery.objects.filter(account_id__in=gone, endpoint__community=community)
    told.exclude(kind__in=kinds).delete()


@transaction.atomic
def try_out(*, endpoint: Endpoint, by: Staff, at: datetime) -> Delivery:
    """A delivery that tells of nothing, to see whether it arrives."""
    endpoints.check_may(by)
    told = {"type": TRIAL, "timestamp": at.isoformat(), "data": {}}
    return Delivery.objects.create(
        endpoint=endpoint,
        kind=TRIAL,
        body=json.dumps(told),
        due_at=at,
        created_at=at,
    )


def again(*, delivery: Delivery, by: Staff, at: datetime) -> None:
    """Send it once more, under the same name."""
    endpoints.check_may(by)
    free = Delivery.objects.filter(pk=delivery.pk).exclude(state=State.WAITING)
    free.update(state=State.WAITING, attempts=0, due_at=at, lease="", leased_until=None)


# Sending, on the clock


def push(*, at: datetime) -> int:
    """Send what is due, several endpoints at once; returns how many were tried."""
    tried = 0
    for _round in range(ROUNDS):
        batches = _claim(at)
        if not batches:
            break
        with ThreadPoolExecutor(ENDPOINTS_AT_ONCE) as pool:
            jobs = [pool.submit(_call_all, rows, at) for rows in batches]
            for rows, job in zip(batches, jobs, strict=True):
                tried += _record(rows, job.result(), at)
    return tried


def _claim(at: datetime) -> list[list[Delivery]]:
    """Due rows, a few an endpoint, so that one of them cannot keep out the others."""
    now = timestamps.to_micros(at)
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    due = Delivery.objects.filter(free, state=State.WAITING, due_at__lte=now)
    active = Endpoint.objects.filter(state=endpoints.State.ACTIVE)
    waiting = due.filter(endpoint=models.OuterRef("pk"))
    batches = []
    for endpoint in active.filter(models.Exists(waiting)).order_by("?")[
        :ENDPOINTS_AT_ONCE
    ]:
        lease = secrets.token_hex(16)
        some = due.filter(endpoint=endpoint).order_by("due_at", "pk")[:AT_ONCE]
        chosen = list(some.values_list("pk", flat=True))
        taken = Delivery.objects.filter(free, pk__in=chosen, state=State.WAITING)
        taken.update(lease=lease, leased_until=at + LEASE)
        rows = Delivery.objects.filter(lease=lease).order_by("due_at", "pk")
        batches.append(list(rows.select_related("endpoint__community")))
    return [rows for rows in batches if rows]


def _call_all(rows: Sequence[Delivery], at: datetime) -> list[Outcome]:
    """One after the other up to the first without success: the rest would wait too."""
    outcomes = []
    for row in rows:
        outcomes.append(_call(row, at))
        if not outcomes[-1].ok:
            break
    return outcomes


def _call(row: Delivery, at: datetime) -> Outcome:
    from qunce.channels.webhooks import (
        http_client,  # an HTTP client, for who calls alone
    )

    body = row.body.encode()
    signed = signing.headers(
        secret=row.endpoint.secret,
        name=row.name,
        seconds=timestamps.to_micros(at) // 1_000_000,
        body=body,
    )
    about = {"Content-Type": "application/json", "User-Agent": "Qunce-Webhooks/1"}
    return http_client.call(row.endpoint.url, body, about | signed)


def _record(rows: Sequence[Delivery], outcomes: Sequence[Outcome], at: datetime) -> int:
    for row, outcome in zip(rows, outcomes, strict=False):
        with transaction.atomic():
            _settle(row, outcome, at)
    left = [row.pk for row in rows[len(outcomes) :]]
    mine = Delivery.objects.filter(pk__in=left, lease=rows[0].lease)
    mine.update(lease="", leased_until=None)
    if outcomes and not outcomes[-1].ok:
        # What stands behind one without success waits as long as that.
        mine = Delivery.objects.filter(pk__in=left, state=State.WAITING, lease="")
        mine.update(due_at=at + WAITS[0])
    return len(outcomes)


def _settle(row: Delivery, outcome: Outcome, at: datetime) -> None:
    attempts = row.attempts + 1
    state, due_at = State.DELIVERED, row.due_at
    if not outcome.ok:
        over = attempts > len(WAITS) or row.fact_id is None
        state = State.FAILED if over else State.WAITING
        due_at = at if over else at + _wait(row.pk, attempts)
    mine = Delivery.objects.filter(pk=row.pk, lease=row.lease)
    settled = mine.update(
        state=state,
        due_at=due_at,
        attempts=attempts,
        lease="",
        leased_until=None,
        tried_at=at,
        status=outcome.status,
        said=outcome.said,
        error=outcome.error,
        took_ms=outcome.took_ms,
    )
    if settled:
        _note(row.endpoint, outcome, at)


def _wait(pk: int, attempts: int) -> timedelta:
    """Up to a fifth more, so that what failed together does not come back together."""
    return WAITS[attempts - 1] * (1 + pk * 7_919 % 1_000 / 5_000)


def _note(endpoint: Endpoint, outcome: Outcome, at: datetime) -> None:
    """How the endpoint does as a whole; after many failures over a day it is left alone."""
    mine = Endpoint.objects.filter(pk=endpoint.pk)
    if outcome.ok:
        mine.filter(failures__gt=0).update(failures=0, failing_since=None)
        return
    mine.update(failures=F("failures") + 1)
    mine.filter(failing_since__isnull=True).update(failing_since=at)
    endpoint.refresh_from_db()
    since = endpoint.failing_since or at
    worn_out = endpoint.failures >= MANY_FAILURES and at - since >= LONG_FAILING
    if endpoint.state == endpoints.State.ACTIVE and (worn_out or outcome.gone):
        endpoints.stop(endpoint=endpoint, at=at)


def tidy(*, at: datetime) -> None:
    """The log is kept for a month."""
    old = timestamps.to_micros(at - KEPT)
    Delivery.objects.filter(created_at__lt=old).exclude(state=State.WAITING).delete()


# Reads


def log(
    endpoint: Endpoint, *, state: str = "", before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """The newest first."""
    rows = Delivery.objects.filter(endpoint=endpoint).defer("body")
    if state:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def get(endpoint: Endpoint, pk: int) -> Delivery:
    for delivery in Delivery.objects.filter(endpoint=endpoint, pk=pk):
        return delivery
    raise UnknownDelivery(_("There is no such delivery."))


def tally(endpoint: Endpoint) -> dict[str, int]:
    """How many are in each state."""
    rows = Delivery.objects.filter(endpoint=endpoint).order_by()
    counted = rows.values_list("state").annotate(models.Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(counted)
