"""Sending through a channel that needs no person: rows leased, sent, settled.

What happens when the process ends in between is decided by the channel: see
`channels.outbox`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import base, outbox
from qunce.channels.base import Channel, DeliveryStatus, Message, Outcome
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import assisted_sending, eligibility, recipients
from qunce.outreach.sending.recipients import Recipient
from qunce.outreach.sending.recipients import State as Row
from qunce.outreach.sending.send_facts import SendDelivered, SendFailed
from qunce.outreach.sending.tasks import Task
from qunce.sets.bitmaps import bitmaps

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 5
A_MINUTE = 6_000
"""Messages a campaign sends at most in one turn of the clock."""
STATES = {
    DeliveryStatus.DELIVERED: Row.DELIVERED,
    DeliveryStatus.ACCEPTED: Row.ACCEPTED,
}


@dataclass
class CampaignQueue:
    """The channel's share of a campaign as the outbox sees it."""

    campaign: Campaign
    task: Task
    channel: Channel
    lease: str = ""

    def claim(self, *, limit: int, at: datetime) -> Sequence[Message]:
        checker = eligibility.checker_for(self.campaign, None, at)
        self.lease = secrets.token_hex(16)
        with transaction.atomic():
            held = Task.objects.select_for_update().get(pk=self.task.pk)
            state = Campaign.objects.values_list("state", flat=True)
            if state.get(pk=self.campaign.pk) != campaigns.State.SENDING:
                return []
            self._give_up_lost(at)
            again = self._take_again(limit, at)
            rest = bitmaps.from_bytes(held.unclaimed)
            fresh: list[int] = []
            while len(fresh) < limit - again and rest:
                chosen = rest[: limit - again - len(fresh)]
                rest -= chosen
                found = checker.reasons_to_skip(list(chosen))
                fresh += recipients.create_claimed(held, found, at=at, lease=self.lease)
            held.set_unclaimed(rest)
            self._leased().update(due_at=at + LEASE)
        return self._messages()

    def _rows(self) -> QuerySet[Recipient]:
        return recipients.list_open(self.task)

    def _leased(self) -> QuerySet[Recipient]:
        return self._rows().filter(lease=self.lease)

    def _give_up_lost(self, at: datetime) -> None:
        """Nobody knows whether these went out; only idempotent sends can be repeated."""
        if self.channel.capabilities.idempotent_sends:
            return
        lost = (
            self._rows().exclude(lease="").filter(due_at__lte=timestamps.to_micros(at))
        )
        recipients.transition(
            lost, origins=[Row.PLANNED], to=Row.UNKNOWN, at=at, lease="", recorded=True
        )

    def _take_again(self, limit: int, at: datetime) -> int:
        """Retries that are due, and rows whose holder is dead."""
        due = self._rows().filter(due_at__lte=timestamps.to_micros(at))
        chosen = list(due.values_list("target_id", flat=True)[:limit])
        some = due.filter(target_id__in=chosen)
        return int(some.update(lease=self.lease, attempts=F("attempts") + 1))

    def _messages(self) -> list[Message]:
        targets = list(self._leased().values_list("target_id", flat=True))
        texts = review.render_texts(self.campaign, targets, None)
        if self.campaign.target == Target.GROUPS:
            groups = Group.objects.filter(pk__in=targets)
            to = dict(groups.values_list("pk", "key"))
        else:
            to = eligibility.channel_addresses(self.campaign, targets)
        return [
            Message(
                key=f"{self.campaign.pk}-{target}",
                to=to.get(target, ""),
                text=texts[target][0] or "",
                is_group=self.campaign.target == Target.GROUPS,
            )
            for target in targets
        ]

    def record_outcomes(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        with transaction.atomic():
            held = Task.objects.select_for_update().get(pk=self.task.pk)
            events = [
                event
                for message, outcome in outcomes
                for event in self._settle(_target(message), outcome, at)
            ]
            community = self.campaign.community
            facts.record_many(events, community=community, by=None, at=at)
            assisted_sending.finish_if_done(held, at)

    def _settle(self, target: int, outcome: Outcome, at: datetime) -> list[FactKind]:
        """Only under our lease: a holder who was taken for dead writes nothing."""
        row = self._leased().filter(target_id=target)
        if outcome.retry_after is not None:
            again = row.filter(attempts__lt=MOST_ATTEMPTS)
            if again.update(due_at=at + outcome.retry_after, lease=""):
                return []
            outcome = base.failed(skip_reasons.TOO_MANY_ATTEMPTS)
        state = STATES.get(outcome.status, Row.FAILED)
        turned = recipients.transition(
            row,
            origins=[Row.PLANNED],
            to=state,
            at=at,
            lease="",
            due_at=None,
            reason=outcome.reason[:20],
            recorded=state != Row.ACCEPTED,
        )
        return self._events(target, state, outcome) if turned else []

    def _events(self, target: int, state: Row, outcome: Outcome) -> list[FactKind]:
        key = self.campaign.key
        who: dict[str, int] = {"account": target}
        if self.campaign.target == Target.GROUPS:
            who = {"group": target}
        if state == Row.DELIVERED:
            return [SendDelivered(campaign=key, **who)]
        if state == Row.FAILED:
            return [SendFailed(campaign=key, reason=outcome.reason, **who)]
        return []


def _target(message: Message) -> int:
    return int(message.key.partition("-")[2])


# The clock's part


def push(*, at: datetime) -> int:
    """Send what is due of every campaign on a channel that needs no person."""
    open_tasks = Task.objects.filter(
        staff__isnull=True,
        finished_at__isnull=True,
        campaign__state=campaigns.State.SENDING,
    ).select_related("campaign__community", "campaign__by")
    return sum(_push(task, at) for task in open_tasks.order_by("pk"))


def _push(task: Task, at: datetime) -> int:
    campaign = task.campaign
    channel = base.get(campaign.channel)
    queue = CampaignQueue(campaign, task, channel)
    stats = outbox.deliver(
        queue=queue,
        channel=channel,
        clock=lambda: at,
        limit=A_MINUTE,
        batch_size=outbox.BATCH_SIZE,
    )
    if stats.too_many_failures:
        with translation.override(campaign.community.language):
            note = _(
                "Paused automatically because %(failed)s of the last %(tried)s "
                "messages failed."
            ) % {
                "failed": stats.failed,
                "tried": stats.attempted,
            }
        by = staff_models.system(campaign.community)
        campaign.refresh_from_db(fields=["state"])
        if campaign.state == campaigns.State.SENDING:
            campaigns.pause(campaign=campaign, by=by, at=at, note=note)
    if not stats.attempted:
        assisted_sending.finish_task_if_done(task, at)
    return stats.attempted
