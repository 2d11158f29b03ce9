"""The queue of one channel of a community: planned messages of every origin, in order.

The order is the priority, then the due time, then the id. Campaigns are claimed in bulk:
the rows of their next targets are created with the lease of the sender.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from qunce.channels import channel_contract
from qunce.channels.channel_contract import Channel, DeliveryStatus, Outcome
from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import FactKind
from qunce.core.jobs import job_queue, process_tokens
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, content
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import (
    assisted_sending,
    campaign_claims,
    eligibility,
    ledger,
    message_endings,
    message_materials,
    personal_addresses,
    rates,
    recheck,
    safety_stop,
    send_facts,
)
from qunce.outreach.sending.campaign_claims import LEASE_PERIOD, Claimer
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import (
    LeasedMessage,
    Message,
    Origin,
    Priority,
    State,
)
from qunce.outreach.sending.send_facts import (
    SendDelivered,
    SendFailed,
    SendUnknown,
)
from qunce.sets.bitmaps import bitmaps

MAX_ATTEMPTS = 5
MAX_SKIPPED_PER_RUN = 5_000
"""Targets that are looked at in one transaction."""
SHARE_NOT_FILLED = 0.02
"""What skipped targets may leave free in a batch: the same reads for a few more targets
take a fifth of the time of the batch. Nothing of lower priority takes these places."""
SETTLE_INTERVAL = timedelta(seconds=30)
UNKNOWN_RETRY_DELAY = timedelta(minutes=1)
"""Until a message that may have arrived is sent again, where that is safe."""
STATES = {
    DeliveryStatus.DELIVERED: State.DELIVERED,
    DeliveryStatus.ACCEPTED: State.ACCEPTED,
    DeliveryStatus.UNKNOWN: State.UNKNOWN,
}


@dataclass
class ChannelQueue:
    """The `outbox.Queue` of a channel account.

    `attempted` and `failed` count by campaign, for those that have to be stopped.
    """

    community: Community
    channel: Channel
    lease: str = ""
    attempted: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    _claimers: dict[int, Claimer] = field(default_factory=dict)
    _tasks: dict[int, CampaignTask] = field(default_factory=dict)
    _addresses: dict[int, str] = field(default_factory=dict)
    _settled_at: datetime | None = None
    _skipped_all: bool = False
    _is_enough: bool = False

    # Claiming

    def claim(self, *, limit: int, at: datetime) -> Sequence[channel_contract.Message]:
        """Lease the most important messages that are due.

        Of targets that are all skipped, each few thousand are one transaction.
        """
        # Begins with the token of the process, see `free_leases_of`.
        self.lease = process_tokens.own() + secrets.token_hex(8)
        self._addresses.clear()
        tasks = self._sendable_tasks(at)
        self._settle_leftovers(at)
        while not self._claim_some(tasks, limit, at):
            if not self._skipped_all:
                return []
        return self._messages(at)

    def _sendable_tasks(self, at: datetime) -> list[CampaignTask]:
        """The open tasks, whose sets are read before the transaction."""
        ids = list(self._open_tasks().values_list("pk", flat=True))
        if any(pk not in self._tasks for pk in ids):
            self._tasks = {task.pk: task for task in self.list_open_tasks()}
        tasks = [self._tasks[pk] for pk in ids if pk in self._tasks]
        for task in list(tasks):
            # What it sends can be archived or sold out at any time.
            if task.campaign.materials:
                task.campaign.refresh_from_db()
            if safety_stop.pause_if_unsendable(task.campaign, at=at):
                tasks.remove(task)
            elif task.pk not in self._claimers and task.unclaimed_count:
                self._claimers[task.pk] = campaign_claims.prepare(
                    task.campaign, task, at
                )
        return tasks

    @transaction.atomic
    def _claim_some(
        self, tasks: Sequence[CampaignTask], limit: int, at: datetime
    ) -> int:
        self._skipped_all = self._is_enough = False
        claimed = 0
        has_due = self._due(at).exists()
        for priority in Priority.values:
            if has_due:
                claimed += self._lease_due(priority, limit - claimed, at)
            for task in tasks:
                if self._is_enough or claimed >= limit:
                    break
                if task.campaign.priority == priority:
                    claimed += self._claim_targets(task, limit - claimed, at)
            if self._is_enough or claimed >= limit:
                break
        return claimed

    def list_open_tasks(self) -> list[CampaignTask]:
        """The shares of campaigns that this channel sends now, the oldest first."""
        rows = self._open_tasks().select_related("campaign__community", "campaign__by")
        return list(rows)

    def _open_tasks(self) -> QuerySet[CampaignTask]:
        rows = CampaignTask.objects.filter(
            staff__isnull=True,
            finished_at__isnull=True,
            campaign__state=campaigns.State.SENDING,
            campaign__channel=self.channel.name,
            campaign__community=self.community,
        )
        return rows.order_by("pk")

    def _planned(self) -> QuerySet[Message]:
        return Message.objects.filter(
            community=self.community,
            channel=self.channel.name,
            state=State.PLANNED,
            staff__isnull=True,
        )

    def _due(self, at: datetime) -> QuerySet[Message]:
        """Messages that may be sent now; those of paused campaigns wait."""
        # All priorities, so that the index is searched by due time.
        rows = self._planned().filter(
            priority__in=Priority.values, due_at__lte=timestamps.to_micros(at)
        )
        sending = Campaign.objects.filter(
            community=self.community, state=campaigns.State.SENDING
        )
        running = Q(origin_id__in=list(sending.values_list("pk", flat=True)))
        return rows.filter(~Q(origin=Origin.CAMPAIGN) | running)

    @transaction.atomic
    def _settle_leftovers(self, at: datetime) -> None:
        """Give up what nobody may send again: nobody knows whether it arrived.

        A row with an expired lease may or may not have been sent. Without idempotent
        sends, sending it again could double the message; with them, it is sent again
        unless it was cancelled since or is too old.
        """
        if self._settled_at is not None and at - self._settled_at < SETTLE_INTERVAL:
            return
        self._settled_at = at
        cancelled = Campaign.objects.filter(
            community=self.community, state=campaigns.State.CANCELLED
        )
        of_cancelled = Q(origin=Origin.CAMPAIGN, origin_id__in=cancelled.values("pk"))
        now = timestamps.to_micros(at)
        # These were being sent at that moment, and had to be tried again.
        due = self._planned().filter(priority__in=Priority.values, due_at__lte=now)
        message_endings.cancel(due.filter(of_cancelled, lease=""), at=at)
        leased = self._planned().exclude(lease="")
        # The clock was set back since: nobody has a lease that is so long.
        longest = timestamps.to_micros(at + LEASE_PERIOD)
        leased.filter(due_at__gt=longest).update(due_at=longest)
        expired = leased.filter(due_at__lte=now)
        if self.channel.capabilities.idempotent_sends:
            expired = expired.filter(of_cancelled | Q(stale_at__lt=at))
        message_endings.give_up(expired, at=at)

    def _lease_due(self, priority: int, limit: int, at: datetime) -> int:
        """Lease messages that have a row, unless they may not be sent any more."""
        if limit <= 0:
            return 0
        # Given up with the next leftovers: cancelled while it was sent, or too old by now.
        lost = ~Q(lease="") & Q(stale_at__lt=at)
        due = self._due(at).filter(priority=priority).exclude(lost)
        # Of two workers on PostgreSQL each takes other rows.
        locked = due.select_for_update(skip_locked=True, of=("self",))
        rows = list(locked.order_by("due_at", "pk")[:limit])
        # A message whose outcome was lost may have arrived, so it is sent again.
        unsent = [row for row in rows if not row.lease]
        skipped = recheck.skip_ineligible(unsent, at=at)
        ids = [row.pk for row in rows if row.pk not in skipped]
        self._skipped_all |= bool(rows) and not ids
        if not ids:
            return 0
        return Message.objects.filter(pk__in=db.id_list(ids)).update(
            lease=self.lease,
            attempts=F("attempts") + 1,
            due_at=timestamps.to_micros(at + LEASE_PERIOD),
        )

    def _claim_targets(self, task: CampaignTask, limit: int, at: datetime) -> int:
        """Create the rows of the next targets of a campaign, with our lease."""
        claimer = self._claimers.get(task.pk)
        if claimer is None:
            return 0
        locked = CampaignTask.objects.select_for_update().get(pk=task.pk)
        # Under the lock, because the campaign may have been paused or cancelled.
        campaign = Campaign.objects.get(pk=task.campaign_id)
        campaign.community = self.community
        if campaign.state != campaigns.State.SENDING or not locked.unclaimed_count:
            return 0
        claimer = claimer.with_campaign(campaign)
        unclaimed, claimed = bitmaps.from_bytes(locked.unclaimed), 0
        waiting = claimer.waiting(unclaimed, at)
        if self.channel.capabilities.needs_person:
            # The share of nobody: those whose contact limit was reached at the start.
            targets = unclaimed[:MAX_SKIPPED_PER_RUN]
            claimer.skip_over_limit(list(targets), at=at)
            locked.set_unclaimed(unclaimed - targets)
            return 0
        limit = min(limit, rates.remaining(locked, campaign, at))
        unclaimed -= waiting
        tried, enough = 0, limit - int(limit * SHARE_NOT_FILLED)
        while claimed < enough and unclaimed and tried < MAX_SKIPPED_PER_RUN:
            targets = unclaimed[: limit - claimed]
            unclaimed -= targets
            tried += len(targets)
            claimed += len(claimer.claim(list(targets), at=at, lease=self.lease))
            self._addresses |= claimer.checker.addresses
        locked.set_unclaimed(unclaimed | waiting)
        self._skipped_all |= bool(unclaimed) and claimed < limit
        self._is_enough = bool(unclaimed) and enough <= claimed < limit
        rates.record(locked, campaign, claimed, at)
        return claimed

    # Sending

    def _leased(self) -> QuerySet[Message]:
        rows = Message.objects.filter(lease=self.lease, state=State.PLANNED)
        # As the index of leased messages has it.
        return rows.exclude(lease="")

    def _messages(self, at: datetime) -> list[channel_contract.Message]:
        rows = self._refresh_texts(ledger.list_leased(self.lease))
        people = [row.target_id for row in rows if not row.is_group]
        groups = [row.target_id for row in rows if row.is_group]
        # Those of messages that had a row were not read for the claim.
        others = [person for person in people if person not in self._addresses]
        addresses = self._addresses | eligibility.channel_addresses(
            self.channel.name, others
        )
        keys = dict(Group.objects.filter(pk__in=groups).values_list("pk", "key"))
        composed = message_materials.compose_all(rows, self.community, self.channel)
        return [
            channel_contract.Message(
                key=str(row.pk),
                to=(keys if row.is_group else addresses).get(row.target_id, ""),
                text=personal_addresses.fill_in(
                    composed[row.pk][0],
                    origin=row.origin,
                    origin_id=row.origin_id,
                    target=row.target_id,
                    at=at,
                )
                if not row.is_group
                else composed[row.pk][0],
                is_group=bool(row.is_group),
                attachments=composed[row.pk][1],
            )
            for row in rows
        ]

    def _refresh_texts(self, rows: Sequence[LeasedMessage]) -> list[LeasedMessage]:
        """An edit of a campaign holds for what has not been sent yet."""
        by_campaign: dict[int, list[LeasedMessage]] = {}
        for row in rows:
            if row.origin == Origin.CAMPAIGN and row.attempts > 1:
                by_campaign.setdefault(row.origin_id, []).append(row)
        changed: dict[int, str] = {}
        for campaign in Campaign.objects.filter(pk__in=by_campaign).select_related(
            "community"
        ):
            some = by_campaign[campaign.pk]
            texts = content.message_texts(
                campaign, [row.target_id for row in some], None
            )
            for row in some:
                text = texts[row.target_id][0]
                if text is not None and text != row.text:
                    changed[row.pk] = text
                    Message.objects.filter(pk=row.pk).update(text=text)
        return [
            row._replace(text=changed[row.pk]) if row.pk in changed else row
            for row in rows
        ]

    # Outcomes

    def record_outcomes(
        self,
        outcomes: Sequence[tuple[channel_contract.Message, Outcome]],
        *,
        at: datetime,
    ) -> None:
        """Complete the rows of messages, and record the outcomes that are final."""
        with transaction.atomic():
            # Only rows that still have our lease. After it has expired, another process
            # may have sent the message, and its outcome counts.
            rows = {row.pk: row for row in ledger.list_leased(self.lease)}
            keys = recheck.campaign_keys(list(rows.values()))
            final: list[FactKind] = []
            groups: dict[tuple[State, str], list[LeasedMessage]] = {}
            for message, outcome in outcomes:
                row = rows.get(int(message.key))
                if row is None or self._retry(row, outcome, at):
                    continue
                state, reason = _result(outcome)
                groups.setdefault((state, reason), []).append(row)
                self._tally(row, state)
            for (state, reason), done in groups.items():
                self._complete(done, state, reason, at)
                final += [
                    fact
                    for row in done
                    for fact in _facts(row, state, reason, keys.get(row.pk, ""))
                ]
            self._store_message_ids(outcomes)
            facts.record_many(final, community=self.community, by=None, at=at)
            self._finish_campaigns(list(rows.values()), at)
        for pk in {row.origin_id for row in rows.values()} & set(self.attempted):
            safety_stop.pause_if_failing(
                campaign_id=pk,
                attempted=self.attempted[pk],
                failed=self.failed[pk],
                at=at,
            )

    def _retry(self, row: LeasedMessage, outcome: Outcome, at: datetime) -> bool:
        """Schedule another attempt, if there may be one."""
        is_unknown = outcome.status == DeliveryStatus.UNKNOWN
        if is_unknown and not self.channel.capabilities.idempotent_sends:
            return False
        wait = UNKNOWN_RETRY_DELAY if is_unknown else outcome.retry_after
        is_last = outcome.is_attempt and row.attempts >= MAX_ATTEMPTS
        if wait is None or is_last:
            return False
        # What may have arrived keeps its lease, as it is not checked again.
        lease = self.lease if is_unknown else ""
        due_at = timestamps.to_micros(at + wait)
        rows = self._leased().filter(pk=row.pk)
        attempts = F("attempts") if outcome.is_attempt else F("attempts") - 1
        return bool(rows.update(due_at=due_at, lease=lease, attempts=attempts))

    def _complete(
        self, rows: Sequence[LeasedMessage], state: State, reason: str, at: datetime
    ) -> None:
        ledger.transition(
            self._leased().filter(pk__in=db.id_list([row.pk for row in rows])),
            origins=[State.PLANNED],
            to=state,
            at=at,
            lease="",
            due_at=None,
            reason=reason[:20],
            recorded=state != State.ACCEPTED,
        )

    def _store_message_ids(
        self, outcomes: Sequence[tuple[channel_contract.Message, Outcome]]
    ) -> None:
        """Store what the channel calls each message, so that answers to it are known."""
        ids = {
            int(message.key): outcome.message_id[:100]
            for message, outcome in outcomes
            if outcome.message_id
        }
        if ids:
            whens = [When(pk=pk, then=Value(id_)) for pk, id_ in ids.items()]
            Message.objects.filter(pk__in=list(ids)).update(
                channel_message_id=Case(*whens)
            )

    def _tally(self, row: LeasedMessage, state: State) -> None:
        if row.origin == Origin.CAMPAIGN:
            self.attempted[row.origin_id] += 1
            self.failed[row.origin_id] += state == State.FAILED

    def _finish_campaigns(self, rows: Sequence[LeasedMessage], at: datetime) -> None:
        done = {row.origin_id for row in rows if row.origin == Origin.CAMPAIGN}
        locked = CampaignTask.objects.select_for_update().filter(
            campaign__in=done, staff__isnull=True
        )
        for task in locked.order_by("pk"):
            assisted_sending.finish_if_done(task, at)


def free_leases_of(token: str) -> int:
    """Let leases of a process that has ended expire now; returns how many there were.

    Their messages may have been sent, so they keep the lease, see `_settle_leftovers`.
    """
    rows = Message.objects.filter(state=State.PLANNED).exclude(lease="")
    return rows.filter(lease__startswith=token).update(due_at=0)


def _result(outcome: Outcome) -> tuple[State, str]:
    if outcome.retry_after is not None:
        return State.FAILED, skip_reasons.TOO_MANY_ATTEMPTS
    return STATES.get(outcome.status, State.FAILED), outcome.reason


def _facts(
    row: LeasedMessage, state: State, reason: str, campaign: str
) -> list[FactKind]:
    # An accepted message has no fact yet: its receipt becomes one.
    if state == State.ACCEPTED or row.origin == Origin.TEST:
        return []
    if state == State.UNKNOWN:
        return [send_facts.of(SendUnknown, row, campaign=campaign, reason=reason)]
    if state == State.DELIVERED:
        return [send_facts.of(SendDelivered, row, campaign=campaign)]
    return [send_facts.of(SendFailed, row, campaign=campaign, reason=reason)]


job_queue.register_leases(free_leases_of)
