"""Checks planned messages again before they are sent: who may no longer get them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.core.facts import facts
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns.models import Campaign
from qunce.outreach.sending import (
    eligibility,
    ledger,
    message_materials,
    send_facts,
)
from qunce.outreach.sending.ledger import (
    LeasedMessage,
    Message,
    Origin,
    Purpose,
    Sender,
    State,
)
from qunce.sets.bitmaps import bitmaps

Kind = tuple[int, bool, str, str, int | None, bool]


def skip_ineligible(rows: Sequence[Message], *, at: datetime) -> set[int]:
    """Skip messages that are too old, and those to people who left, opted out and so on.

    Returns the ids of the skipped ones. Call it in the transaction that sends the others.
    """
    reasons = {
        row.pk: skip_reasons.STALE
        for row in rows
        if row.stale_at is not None and row.stale_at < at
    }
    by_kind: dict[Kind, list[Message]] = {}
    for row in rows:
        if row.pk not in reasons:
            is_test = row.origin == Origin.TEST
            kind = (row.community_id, row.is_group, row.purpose, row.channel)
            by_kind.setdefault((*kind, row.staff_id, is_test), []).append(row)
    for some in by_kind.values():
        reasons |= _reasons(some, at)
    _skip(reasons, at)
    return set(reasons)


def _reasons(rows: Sequence[Message], at: datetime) -> dict[int, str]:
    """Message → the reason to skip it, for messages of one kind."""
    first = rows[0]
    sender = Sender(
        community=first.community,
        origin=Origin(first.origin),
        is_group=first.is_group,
        purpose=Purpose(first.purpose),
        channel=first.channel,
        staff=first.staff,
    )
    targets = bitmaps.of({row.target_id for row in rows})
    checker = eligibility.checker_for(sender, targets, by=None, at=at)
    found = checker.reasons_to_skip(list(targets))
    unsendable = message_materials.find_unsendable(rows, first.community, at)
    return dict.fromkeys(unsendable, skip_reasons.MATERIAL) | {
        row.pk: reason for row in rows if (reason := found.get(row.target_id, ""))
    }


def _skip(reasons: dict[int, str], at: datetime) -> None:
    for reason in sorted(set(reasons.values())):
        ledger.transition(
            Message.objects.filter(
                pk__in=[pk for pk, why in reasons.items() if why == reason]
            ),
            origins=[State.PLANNED],
            to=State.SKIPPED,
            at=at,
            reason=reason,
            recorded=True,
        )
    done = Message.objects.filter(pk__in=reasons).select_related("community")
    by_community: dict[int, list[Message]] = {}
    for row in done.order_by("pk"):
        by_community.setdefault(row.community_id, []).append(row)
    for rows in by_community.values():
        keys = campaign_keys(rows)
        new_facts = [send_facts.skipped(row, keys.get(row.pk, "")) for row in rows]
        facts.record_many(new_facts, community=rows[0].community, by=None, at=at)


def campaign_keys(rows: Sequence[Message | LeasedMessage]) -> dict[int, str]:
    """Message → the key of its campaign, for those that belong to one."""
    own = {row.pk: row.origin_id for row in rows if row.origin == Origin.CAMPAIGN}
    keys = dict(
        Campaign.objects.filter(pk__in=set(own.values())).values_list("pk", "key")
    )
    return {pk: keys.get(campaign, "") for pk, campaign in own.items()}
