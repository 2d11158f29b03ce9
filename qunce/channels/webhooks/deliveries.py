"""Deliveries: one fact to one endpoint, retried until it succeeds or is given up.

A delivery arrives at least once: if a process dies between the call and the update of
the row, it is sent again with the same `webhook-id`. There is no particular order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.webhooks import endpoints, outcomes
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.channels.webhooks.outcomes import CallOutcome
from qunce.core import errors, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import fact_consumers
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
RETRY_DELAYS = (
    10 * SECOND,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    6 * HOUR,
    16 * HOUR,
)
"""The delay after each failed attempt. A delivery is given up a day after the first."""
MIN_FAILURES_TO_STOP, MIN_FAILING_TIME_TO_STOP = 20, 24 * HOUR
RETENTION = timedelta(days=30)
MAX_WAITING = 100_000
"""Waiting deliveries of an endpoint, so that one which is down does not fill the disk."""
TEST_KIND = "webhook.test"


class State(models.TextChoices):
    WAITING = "waiting", gettext_lazy("waiting")
    DELIVERED = "delivered", gettext_lazy("delivered")
    FAILED = "failed", gettext_lazy("given up")


@personal_texts.erased_in(
    "body", "response_excerpt", "error", community="endpoint__community_id"
)
class Delivery(models.Model):
    """A fact to deliver to an endpoint, or a test (without a fact).

    `attempted_at` and the fields after it are of the last attempt.
    """

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
    attempted_at = timestamps.TimestampField(null=True)
    response_status = models.PositiveSmallIntegerField(default=0)
    response_excerpt = models.CharField(
        max_length=outcomes.MAX_EXCERPT_LENGTH, default=""
    )
    error = models.CharField(max_length=outcomes.MAX_EXCERPT_LENGTH, default="")
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "fact_id"],
                name="one_delivery_per_endpoint_and_fact",
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
    def message_id(self) -> str:
        """The `webhook-id`, which is the same for every attempt."""
        return f"qunce_{self.pk}"


class DeliveryNotFound(errors.NotFound):
    """There is no such delivery."""


# Reactions to facts


class SubscribedKinds(Mapping[str, Sequence[fact_consumers.Reaction]]):
    """Maps the kinds that active endpoints are subscribed to now to their reaction."""

    def __getitem__(self, kind: str) -> Sequence[fact_consumers.Reaction]:
        return (create_deliveries,)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds())

    def __len__(self) -> int:
        return len(self._kinds())

    def _kinds(self) -> set[str]:
        active = Endpoint.objects.filter(state=endpoints.State.ACTIVE)
        return {
            kind for kinds in active.values_list("kinds", flat=True) for kind in kinds
        }


def create_deliveries(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """React to facts of one kind: create deliveries to the endpoints subscribed to it."""
    active = Endpoint.objects.filter(community=community, state=endpoints.State.ACTIVE)
    kind = facts[0].kind
    for endpoint in active.order_by("pk"):
        since = endpoint.kinds.get(kind)
        rows = [
            _build(endpoint, fact, at)
            for fact in facts
            if since is not None and timestamps.to_micros(fact.recorded_at) >= since
        ]
        if not rows:
            continue
        waiting = endpoint.deliveries.filter(state=State.WAITING)
        # Cheaper than count(): the scan ends at the first row beyond the limit.
        if waiting[MAX_WAITING:].exists():
            endpoints.stop(endpoint=endpoint, at=at)
        else:
            # A fact whose reaction failed is retried, possibly after a success.
            Delivery.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def _build(endpoint: Endpoint, fact: RecordedFact, at: datetime) -> Delivery:
    message = {
        "type": fact.kind,
        "timestamp": fact.happened_at.isoformat(),
        "data": {
            "community_id": endpoint.community_id,
            "fact_id": fact.id,
            "account_id": fact.account,
            "group_id": fact.group,
            "recorded_at": fact.recorded_at.isoformat(),
            "payload": fact.payload,
        },
    }
    return Delivery(
        endpoint=endpoint,
        fact_id=fact.id,
        account_id=fact.account,
        kind=fact.kind,
        body=json.dumps(message, ensure_ascii=False),
        due_at=at,
        created_at=at,
    )


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """React to erased members: delete deliveries about them.

    The delivery of the fact that they are erased is kept and sent.
    """
    erased = [fact.account for fact in facts if fact.account is not None]
    kinds = {fact.kind for fact in facts}
    rows = Delivery.objects.filter(account_id__in=erased, endpoint__community=community)
    # Receivers have to learn of the erasure, so that they can erase, too.
    rows.exclude(kind__in=kinds).delete()


# Verbs


@transaction.atomic
def send_test(*, endpoint: Endpoint, by: Staff, at: datetime) -> Delivery:
    """Create a delivery without a fact, which shows whether the endpoint works."""
    endpoints.check_may(by, endpoint)
    message = {"type": TEST_KIND, "timestamp": at.isoformat(), "data": {}}
    return Delivery.objects.create(
        endpoint=endpoint,
        kind=TEST_KIND,
        body=json.dumps(message),
        due_at=at,
        created_at=at,
    )


def retry(*, delivery: Delivery, by: Staff, at: datetime) -> None:
    """Send a delivery again, with all attempts and the same `webhook-id`."""
    endpoints.check_may(by, delivery.endpoint)
    rows = Delivery.objects.filter(pk=delivery.pk).exclude(state=State.WAITING)
    rows.update(state=State.WAITING, attempts=0, due_at=at, lease="", leased_until=None)


# After a call


@transaction.atomic
def record_outcome(row: Delivery, outcome: CallOutcome, *, at: datetime) -> None:
    """Record the outcome of a call, unless another process has claimed the row since."""
    attempts = row.attempts + 1
    state, due_at = State.DELIVERED, row.due_at
    if not outcome.is_success:
        # A test is not retried.
        is_last = attempts > len(RETRY_DELAYS) or row.fact_id is None
        state = State.FAILED if is_last else State.WAITING
        due_at = at
        if not is_last:
            # Up to a fifth more, so that deliveries that failed together are not all
            # retried together. By the id, so that it can be reproduced.
            spread = 1 + row.pk * 7_919 % 1_000 / 5_000
            due_at += RETRY_DELAYS[attempts - 1] * spread
    # Without our lease, another process has taken over.
    leased = Delivery.objects.filter(pk=row.pk, lease=row.lease)
    recorded = leased.update(
        state=state,
        due_at=due_at,
        attempts=attempts,
        lease="",
        leased_until=None,
        attempted_at=at,
        response_status=outcome.status,
        response_excerpt=outcome.response_excerpt,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
    if recorded:
        _update_health(row.endpoint, outcome, at)


def _update_health(endpoint: Endpoint, outcome: CallOutcome, at: datetime) -> None:
    """Count the failures of an endpoint, and stop it after too many or a 410 response."""
    row = Endpoint.objects.filter(pk=endpoint.pk)
    if outcome.is_success:
        row.filter(failures__gt=0).update(failures=0, failing_since=None)
        return
    # F(), as a number that was read before would lose the failures of other processes.
    row.update(failures=F("failures") + 1)
    row.filter(failing_since__isnull=True).update(failing_since=at)
    # Other processes count failures of this endpoint, too.
    endpoint.refresh_from_db()
    since = endpoint.failing_since or at
    keeps_failing = (
        endpoint.failures >= MIN_FAILURES_TO_STOP
        and at - since >= MIN_FAILING_TIME_TO_STOP
    )
    is_active = endpoint.state == endpoints.State.ACTIVE
    if is_active and (keeps_failing or outcome.is_gone):
        endpoints.stop(endpoint=endpoint, at=at)


def prune(*, at: datetime) -> None:
    """Delete deliveries older than RETENTION, except those that are waiting."""
    oldest = timestamps.to_micros(at - RETENTION)
    rows = Delivery.objects.filter(created_at__lt=oldest)
    rows.exclude(state=State.WAITING).delete()


# Reads


def list_deliveries(
    endpoint: Endpoint, *, state: str = "", before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """Return the deliveries before an id, the newest first."""
    rows = Delivery.objects.filter(endpoint=endpoint).defer("body")
    if state:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def get(endpoint: Endpoint, pk: int) -> Delivery:
    for delivery in Delivery.objects.filter(endpoint=endpoint, pk=pk):
        return delivery
    raise DeliveryNotFound(_("There is no such delivery."))


def count_by_state(endpoint: Endpoint) -> dict[str, int]:
    rows = Delivery.objects.filter(endpoint=endpoint).order_by()
    counts = rows.values_list("state").annotate(models.Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(counts)
