"""Claims targets of a campaign: their rows in the ledger are created, to be sent or skipped.

What needs sets is read before the transaction, see `prepare`; the claim itself reads rows
only. `assisted_sending` and `channel_queue` call it with the lock of the task.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import (
    campaign_materials,
    content,
    local_times,
    variants,
)
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.campaigns.local_times import LocalTimes
from qunce.outreach.sending import eligibility, ledger, send_facts, texts, timing
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.eligibility import EligibilityChecker
from qunce.outreach.sending.ledger import (
    NewMessage,
    Origin,
    Priority,
    Purpose,
    Sender,
    State,
)
from qunce.outreach.sending.timing import Planner
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

LEASE_PERIOD = timedelta(minutes=5)


@dataclass(frozen=True)
class Claimer:
    """Claims targets of one campaign for a staff member, or for its channel."""

    campaign: Campaign
    sender: Sender
    checker: EligibilityChecker
    planner: Planner
    local_times: LocalTimes | None = None

    def waiting(self, targets: BitMap, at: datetime) -> BitMap:
        """Those of the targets whose time by their own clock has not come."""
        if self.local_times is None:
            return targets - targets
        return self.local_times.waiting(targets, at)

    def with_campaign(self, campaign: Campaign) -> Claimer:
        """The same for the campaign as it is now: its text may have changed."""
        return replace(self, campaign=campaign)

    def claim(
        self, targets: Sequence[int], *, at: datetime, lease: str = ""
    ) -> list[int]:
        """Create the rows of targets; returns those that are new and due now.

        With a lease they are being sent. Others wait for the contact budget or for the
        end of quiet hours, or are skipped.
        """
        reasons = self.checker.reasons_to_skip(targets)
        known = ledger.find_targets(self.sender, self.campaign.pk, list(reasons))
        # After a merge, two targets can be the same person. The row that exists stays, so
        # that nobody gets the message twice.
        new = [target for target in sorted(reasons) if target not in known]
        rows = self._rows(new, reasons, at)
        now = timestamps.to_micros(at)
        lease_end = timestamps.to_micros(at + LEASE_PERIOD)
        for row in rows:
            row.leased = bool(lease) and row.due_at == now
            if row.leased:
                row.due_at = lease_end
        texts.shorten_links(
            rows, self.sender, written=variants.list_texts(self.campaign)
        )
        ledger.insert(self.sender, rows, at=at, lease=lease)
        self._record_skipped([row.target for row in rows if row.reason], at)
        return [
            row.target
            for row in rows
            if not row.reason and (row.leased or row.due_at == now)
        ]

    def skip_over_limit(self, targets: Sequence[int], *, at: datetime) -> None:
        """Create the rows of targets that the contact limit excluded at the start."""
        known = ledger.find_targets(self.sender, self.campaign.pk, list(targets))
        new = [target for target in targets if target not in known]
        contacts = self.planner.contacts(new, at)
        rows = []
        for target in new:
            policy = self.planner.policy_of(target)
            own = contacts.get(target, [])
            kept_for = self.planner.kept_for(own, at, policy=policy)
            row = NewMessage(
                target=target, origin_id=self.campaign.pk, kept_for_id=kept_for
            )
            row.reason = skip_reasons.OVER_CONTACT_LIMIT
            if kept_for is not None:
                row.reason = skip_reasons.KEPT_PLACE
            rows.append(row)
        ledger.insert(self.sender, rows, at=at)
        self._record_skipped([row.target for row in rows], at)

    def _rows(
        self, targets: Sequence[int], reasons: dict[int, str], at: datetime
    ) -> list[NewMessage]:
        eligible = [target for target in targets if not reasons[target]]
        rendered = content.render_texts(self.campaign, eligible, self.sender.staff)
        contacts = self.planner.contacts(eligible, at)
        # Nobody waits for a person who sends by hand: they open the row now or never.
        hold = None if self.sender.staff is None else timedelta()
        parts = variants.load(self.campaign) if self.campaign.variants else {}
        content_of = campaign_materials.content_of(self.campaign)
        stored = json.dumps(content_of) if content_of else None
        zones = self.planner.zones(eligible)
        plans = timing.Plans(self.planner)
        rows = []
        for target in targets:
            row = NewMessage(
                target=target, origin_id=self.campaign.pk, reason=reasons[target]
            )
            if not row.reason:
                text = rendered[target][0]
                row.reason = skip_reasons.NO_VALUE if text is None else ""
                row.variant = variants.variant_of(parts, target)
                row.text = text or ""
                row.content = stored
            if not row.reason:
                own, policy = contacts[target], self.planner.policy_of(target)
                moment, row.reason = plans.plan(
                    own, at, policy=policy, hold=hold, zone=zones.get(target)
                )
                row.due_at = timestamps.to_micros(moment)
                row.counted_at = row.due_at if self.planner.is_counted() else None
                if row.reason == skip_reasons.KEPT_PLACE:
                    row.kept_for_id = self.planner.kept_for(own, moment, policy=policy)
            rows.append(row)
        return rows

    def _record_skipped(self, targets: Sequence[int], at: datetime) -> None:
        if not targets:
            return
        pairs = [(self.campaign.pk, target) for target in sorted(targets)]
        rows = ledger.find_requested(self.sender, pairs).values()
        skipped = [row for row in rows if row.state == State.SKIPPED]
        new_facts = [send_facts.skipped(row, self.campaign.key) for row in skipped]
        facts.record_many(new_facts, community=self.campaign.community, by=None, at=at)


def sender_of(campaign: Campaign, staff: Staff | None) -> Sender:
    return Sender(
        community=campaign.community,
        origin=Origin.CAMPAIGN,
        is_group=campaign.target == Target.GROUPS,
        purpose=Purpose(campaign.purpose),
        channel=campaign.channel,
        staff=staff,
        priority=Priority(campaign.priority),
    )


def prepare(campaign: Campaign, task: CampaignTask, at: datetime) -> Claimer:
    """Read the sets that claims of a task need. Call it before the transaction."""
    sender = sender_of(campaign, task.staff)
    targets = bitmaps.from_bytes(task.unclaimed)
    checker = eligibility.checker_for(sender, targets, by=campaign.by, at=at)
    planner = timing.planner_for(
        sender, at, budget_applies=campaign.skip_recently_contacted
    )
    times = local_times.load(campaign, targets, at)
    return Claimer(campaign, sender, checker, planner, times)
