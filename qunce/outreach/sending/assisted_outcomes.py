"""Records the outcomes of assisted sending in the fact log, once they are final."""

from __future__ import annotations

import functools
from datetime import datetime

from django.db import models, transaction

from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import assisted_sending, send_facts
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.sending.send_facts import SendFailed, SendMarkedSent

JOB = "campaigns.record_marks"
"""Records a campaign's marks after that failed; its key is the campaign's id."""
MAX_ROWS_PER_RUN = 5_000

CLAIM_FINAL = """
UPDATE outreach_message SET recorded = %s
WHERE id IN ({ids}) AND recorded = %s AND state IN ('marked', 'failed')
    AND changed_at <= %s
RETURNING id
"""


def record_final_marks(*, at: datetime) -> int:
    """Record marks and failures older than the undo period; returns how many."""
    recorded = 0

    def record(campaign: Campaign) -> None:
        nonlocal recorded
        recorded += _record_final(campaign, at)

    final = _final(at).filter(origin=Origin.CAMPAIGN).values("origin_id")
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


def _final(at: datetime) -> models.QuerySet[Message]:
    before = timestamps.to_micros(at - assisted_sending.UNDO_PERIOD)
    return Message.objects.filter(
        recorded=False, state__in=[State.MARKED, State.FAILED], changed_at__lte=before
    )


def _record_final(campaign: Campaign, at: datetime) -> int:
    final = _final(at).filter(origin=Origin.CAMPAIGN, origin_id=campaign.pk)
    ids = list(final.order_by("pk").values_list("pk", flat=True)[:MAX_ROWS_PER_RUN])
    before = timestamps.to_micros(at - assisted_sending.UNDO_PERIOD)
    return _record(campaign.community, campaign.key, ids, before, at) if ids else 0


@transaction.atomic
def _record(
    community: Community, campaign: str, ids: list[int], before: int, at: datetime
) -> int:
    # The UPDATE checks everything again and returns what it has changed. A mark that was
    # undone in the meantime is not recorded, and no outcome is recorded twice.
    sql = CLAIM_FINAL.format(ids=db.placeholders(len(ids)))
    claimed = [pk for (pk,) in db.rows(sql, [True, *ids, False, before])]
    rows = Message.objects.filter(pk__in=claimed).order_by("changed_at", "target_id")
    by_staff: dict[int | None, list[Message]] = {}
    for row in rows:
        by_staff.setdefault(row.by_id, []).append(row)
    for by_id, done in sorted(by_staff.items(), key=lambda item: str(item[0])):
        facts.record_many(
            [to_fact(row, campaign) for row in done],
            community=community,
            by=Staff.objects.filter(pk=by_id).first() if by_id else None,
            at=at,
            happened_at=[row.changed_at for row in done],
        )
    return len(claimed)


def to_fact(row: Message, campaign: str = "") -> FactKind:
    """The fact about a message that staff marked as sent or as failed."""
    if row.state == State.MARKED:
        return send_facts.of(SendMarkedSent, row, campaign=campaign)
    return send_facts.of(SendFailed, row, campaign=campaign, reason=row.reason)
