"""Telling the log what staff did, once it can no longer be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from qunce.core import db, timestamps
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.send_facts import SendFailed, SendMarkedSent

MAX_ROWS_PER_RUN = 5_000
"""Rows a transaction."""

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


def record_final_marks(*, at: datetime) -> int:
    """Record the marks and failures that have stood long enough; returns how many."""
    before = timestamps.to_micros(at - assisted_sending.UNDO_PERIOD)
    settled = Recipient.objects.filter(
        recorded=False, state__in=[State.MARKED, State.FAILED], changed_at__lte=before
    )
    waiting: dict[int, list[int]] = {}
    places = settled.order_by("campaign_id", "target_id")
    for campaign, target in places.values_list("campaign_id", "target_id")[
        :MAX_ROWS_PER_RUN
    ]:
        waiting.setdefault(campaign, []).append(target)
    return sum(_record(pk, targets, before, at) for pk, targets in waiting.items())


@transaction.atomic
def _record(campaign_id: int, targets: list[int], before: int, at: datetime) -> int:
    """A mark taken back meanwhile is not among the rows that the update returns."""
    sql = CLAIM_FINAL.format(targets=db.placeholders(len(targets)))
    rows = db.rows(sql, [True, campaign_id, *targets, False, before])
    done = sorted(
        (FinalOutcome(*row) for row in rows), key=lambda one: (one.micros, one.target)
    )
    campaign = Campaign.objects.select_related("community").get(pk=campaign_id)
    for by_id in sorted({one.by_id for one in done}, key=str):
        mine = [one for one in done if one.by_id == by_id]
        facts.record_many(
            [_to_fact(campaign, one) for one in mine],
            community=campaign.community,
            by=Staff.objects.filter(pk=by_id).first() if by_id else None,
            at=at,
            happened_at=[timestamps.from_micros(one.micros) for one in mine],
        )
    return len(done)


def _to_fact(campaign: Campaign, one: FinalOutcome) -> FactKind:
    who: dict[str, int] = {"account": one.target}
    if campaign.target == Target.GROUPS:
        who = {"group": one.target}
    if one.state == State.MARKED:
        return SendMarkedSent(campaign=campaign.key, **who)
    return SendFailed(campaign=campaign.key, reason=one.reason, **who)
