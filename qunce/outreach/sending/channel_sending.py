"""Sends through channels that need no person: rows are leased, sent, and completed.

`channels.outbox` describes what happens if the process ends in between.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels import channel_contract, outbox
from qunce.channels.channel_contract import Channel, DeliveryStatus, Message, Outcome
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending import assisted_sending, eligibility, recipients
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.send_facts import SendDelivered, SendFailed
from qunce.outreach.sending.tasks import Task
from qunce.sets.bitmaps import bitmaps

JOB = "campaigns.send_task"
"""Sends a campaign after that failed; its key is the id of the task."""
LEASE_PERIOD = timedelta(minutes=5)
MAX_ATTEMPTS = 5
MAX_MESSAGES_PER_RUN = 6_000
"""Per campaign. The scheduler runs once a minute."""
STATES = {
    DeliveryStatus.DELIVERED: State.DELIVERED,
    DeliveryStatus.ACCEPTED: State.ACCEPTED,
}


@dataclass
class CampaignQueue:
    """The `outbox.Queue` of a campaign: the rows of its task without a staff member."""

    campaign: Campaign
    task: Task
    channel: Channel
    lease: str = ""

    def claim(self, *, limit: int, at: datetime) -> Sequence[Message]:
        """Lease rows: retries that are due first, then unclaimed targets."""
        checker = eligibility.checker_for(self.campaign, None, at)
        self.lease = secrets.token_hex(16)
        with transaction.atomic():
            locked = Task.objects.select_for_update().get(pk=self.task.pk)
            # Under the lock, because the campaign may have been paused or cancelled.
            states = Campaign.objects.values_list("state", flat=True)
            if states.get(pk=self.campaign.pk) != campaigns.State.SENDING:
                return []
            due = recipients.list_open(self.task).filter(
                due_at__lte=timestamps.to_micros(at)
            )
            self._give_up_expired(due, at)
            retries = list(due.values_list("target_id", flat=True)[:limit])
            claimed = due.filter(target_id__in=retries).update(
                lease=self.lease, attempts=F("attempts") + 1
            )
            unclaimed = bitmaps.from_bytes(locked.unclaimed)
            while claimed < limit and unclaimed:
                targets = unclaimed[: limit - claimed]
                unclaimed -= targets
                reasons = checker.reasons_to_skip(list(targets))
                claimed += len(
                    recipients.create_claimed(locked, reasons, at=at, lease=self.lease)
                )
            locked.set_unclaimed(unclaimed)
            self._leased().update(due_at=at + LEASE_PERIOD)
        return self._messages()

    def _give_up_expired(self, due: QuerySet[Recipient], at: datetime) -> None:
        # A row with an expired lease may or may not have been sent. Without idempotent
        # sends, sending it again could double the message.
        if not self.channel.capabilities.idempotent_sends:
            recipients.transition(
                due.exclude(lease=""),
                origins=[State.PLANNED],
                to=State.UNKNOWN,
                at=at,
                lease="",
                recorded=True,
            )

    def _leased(self) -> QuerySet[Recipient]:
        return recipients.list_open(self.task).filter(lease=self.lease)

    def _messages(self) -> list[Message]:
        targets = list(self._leased().values_list("target_id", flat=True))
        texts = review.render_texts(self.campaign, targets, None)
        is_group = self.campaign.target == Target.GROUPS
        if is_group:
            groups = Group.objects.filter(pk__in=targets)
            addresses = dict(groups.values_list("pk", "key"))
        else:
            addresses = eligibility.channel_addresses(self.campaign, targets)
        return [
            Message(
                key=f"{self.campaign.pk}-{target}",
                to=addresses.get(target, ""),
                text=texts[target][0] or "",
                is_group=is_group,
            )
            for target in targets
        ]

    def record_outcomes(
        self, outcomes: Sequence[tuple[Message, Outcome]], *, at: datetime
    ) -> None:
        """Complete the rows of messages, and record the outcomes that are final."""
        with transaction.atomic():
            locked = Task.objects.select_for_update().get(pk=self.task.pk)
            final = [
                fact
                for message, outcome in outcomes
                for fact in self._complete(message, outcome, at)
            ]
            community = self.campaign.community
            facts.record_many(final, community=community, by=None, at=at)
            assisted_sending.finish_if_done(locked, at)

    def _complete(
        self, message: Message, outcome: Outcome, at: datetime
    ) -> list[FactKind]:
        """Complete the row of a message, or schedule a retry; returns facts to record."""
        target = int(message.key.partition("-")[2])
        # Only rows that still have our lease. After it has expired, another process may
        # have sent the message, and its outcome counts.
        row = self._leased().filter(target_id=target)
        if outcome.retry_after is not None:
            retry = row.filter(attempts__lt=MAX_ATTEMPTS)
            if retry.update(due_at=at + outcome.retry_after, lease=""):
                return []
            outcome = channel_contract.failed(skip_reasons.TOO_MANY_ATTEMPTS)
        state = STATES.get(outcome.status, State.FAILED)
        changed = recipients.transition(
            row,
            origins=[State.PLANNED],
            to=state,
            at=at,
            lease="",
            due_at=None,
            reason=outcome.reason[:20],
            recorded=state != State.ACCEPTED,
        )
        # An accepted message has no fact yet: its receipt becomes one.
        if not changed or state == State.ACCEPTED:
            return []
        column = "group" if self.campaign.target == Target.GROUPS else "account"
        fields = {column: target}
        if state == State.DELIVERED:
            return [SendDelivered(campaign=self.campaign.key, **fields)]
        return [SendFailed(campaign=self.campaign.key, reason=outcome.reason, **fields)]


# Jobs


def send_due(*, at: datetime) -> int:
    """Send what is due of every campaign; returns how many messages were attempted."""
    attempted = 0

    def send(task: Task) -> None:
        nonlocal attempted
        attempted += _send(task, at)

    for task in _open_tasks().order_by("pk"):
        job_queue.run_item(
            functools.partial(send, task),
            job=JOB,
            key=str(task.pk),
            community=task.campaign.community,
            at=at,
        )
    return attempted


def send_task(key: str, *, at: datetime) -> None:
    """Send what is due of a campaign; `key` is the queued job's."""
    for task in _open_tasks().filter(pk=int(key)):
        _send(task, at)


def name_of(key: str) -> str:
    """The name of the campaign of a queued job."""
    names = Task.objects.filter(pk=int(key)).values_list("campaign__name", flat=True)
    return names.first() or ""


def _open_tasks() -> QuerySet[Task]:
    return Task.objects.filter(
        staff__isnull=True,
        finished_at__isnull=True,
        campaign__state=campaigns.State.SENDING,
    ).select_related("campaign__community", "campaign__by")


def _send(task: Task, at: datetime) -> int:
    campaign = task.campaign
    channel = channel_contract.get(campaign.channel)
    stats = outbox.deliver(
        queue=CampaignQueue(campaign, task, channel),
        channel=channel,
        clock=lambda: at,
        limit=MAX_MESSAGES_PER_RUN,
        batch_size=outbox.BATCH_SIZE,
    )
    if stats.too_many_failures:
        # The note is for all staff, so it is in the language of the community.
        with translation.override(campaign.community.language):
            note = _(
                "Paused automatically because %(failed)s of the last %(tried)s "
                "messages failed."
            ) % {"failed": stats.failed, "tried": stats.attempted}
        by = staff_models.system(campaign.community)
        # The last outcome may have finished the campaign.
        campaign.refresh_from_db(fields=["state"])
        if campaign.state == campaigns.State.SENDING:
            campaigns.pause(campaign=campaign, by=by, at=at, note=note)
    if not stats.attempted:
        # All targets may have been skipped, so that no outcome has finished the task.
        assisted_sending.finish_task_if_done(task, at)
    return stats.attempted
