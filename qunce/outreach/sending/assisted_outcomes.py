"""Records the outcomes of assisted sending in the fact log, once they are final."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import NamedTuple

from django.db import models, transaction

from qunce.core import db, timestamps
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.send_facts import SendFailed, SendMarkedSent

JOB = "campaigns.record_marks"
"""Records a campaign's marks after that failed; its key is the campaign's id."""
MAX_ROWS_PER_RUN = 5_000

CLAIM_FINAL = """
UPDATE outreach_recipient SET recorded = %s
WHERE campaign_id = %s AND target_id IN ({targets}) AND recorded = %s
    AND state IN ('marked', 'failed') AND changed_at <= %s
RETURNING target_id, state, reason, changed_at, by_id
"""


class FinalOutcome(NamedTuple):
    target: int
    state: str
    reason: str
    micros: int
    by_id: int | None

    def to_fact(self, campaign: Campaign) -> FactKind:
        column = "group" if campaign.target == Target.GROUPS else "account"
        target = {column: self.target}
        if self.state == State.MARKED:
            return SendMarkedSent(campaign=campaign.key, **target)
        return SendFailed(campaign=campaign.key, reason=self.reason, **target)


def record_final_marks(*, at: datetime) -> int:
    """Record marks and failures older than the undo period; returns how many."""
    recorded = 0

    def record(campaign: Campaign) -> None:
        nonlocal recorded
        recorded += _record_final(campaign, at)

    final = _final(at).values("campaign_id")
    campaigns = Campaign.objects.filter(pk__in=final).select_related("community")
    for campaign in campaigns.order_by("pk"):
        job_queue.run_item(
            functools.partial(record, campaign),
            job=JOB,
            key=str(campaign.pk),
            community=campaign.community,
            at=at,
        )
        if recorded >= MAX_ROWS_PER_RUN:
            break
    return recorded


def record_marks_of(key: str, *, at: datetime) -> None:
    """Record the final marks of a campaign; `key` is the queued job's."""
    for campaign in Campaign.objects.filter(pk=int(key)).select_related("community"):
        _record_final(campaign, at)


def _final(at: datetime) -> models.QuerySet[Recipient]:
    before = timestamps.to_micros(at - assisted_sending.UNDO_PERIOD)
    return Recipient.objects.filter(
        recorded=False, state__in=[State.MARKED, State.FAILED], changed_at__lte=before
    )


def _record_final(campaign: Campaign, at: datetime) -> int:
    final = _final(at).filter(campaign=campaign).order_by("target_id")
    targets = list(final.values_list("target_id", flat=True)[:MAX_ROWS_PER_RUN])
    before = timestamps.to_micros(at - assisted_sending.UNDO_PERIOD)
    return _record(campaign, targets, before, at) if targets else 0


@transaction.atomic
def _record(campaign: Campaign, targets: list[int], before: int, at: datetime) -> int:
    # The UPDATE checks everything again and returns what it has changed. A mark that was
    # undone in the meantime is not recorded, and no outcome is recorded twice.
    sql = CLAIM_FINAL.format(targets=db.placeholders(len(targets)))
    rows = db.rows(sql, [True, campaign.pk, *targets, False, before])
    outcomes = sorted(
        (FinalOutcome(*row) for row in rows),
        key=lambda outcome: (outcome.micros, outcome.target),
    )
    for by_id in sorted({outcome.by_id for outcome in outcomes}, key=str):
        of_staff = [outcome for outcome in outcomes if outcome.by_id == by_id]
        facts.record_many(
            [outcome.to_fact(campaign) for outcome in of_staff],
            community=campaign.community,
            by=Staff.objects.filter(pk=by_id).first() if by_id else None,
            at=at,
            happened_at=[
                timestamps.from_micros(outcome.micros) for outcome in of_staff
            ],
        )
    return len(outcomes)
