"""Questions of sending: a campaign to everyone, through a channel that does nothing.

The campaign is reviewed, started and sent to its end, so that claims are measured at its
beginning, in its middle and at its end. Beside it claim the usual implementations.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count

from bench import fact_log, generate, measure, operations, send_rivals, sizes
from bench.measure import BYTES, MILLISECONDS, PER_SECOND, Row, Times
from bench.sessions import Session
from qunce.channels import channel_contract, outbox, testing
from qunce.core import db, timestamps
from qunce.members.accounts.models import Account
from qunce.outreach.campaigns import campaigns, launch, review
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.campaigns.models import CampaignPart
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message, Origin, State

AT = sizes.AT - timedelta(hours=8)
"""In the afternoon, as nothing goes out in quiet hours."""
BATCH = 1_000
CLAIMS = 20
"""How many claims are measured in each part of the campaign."""
PARTS = ("beginning", "middle", "end")
MEGABYTE = 1024**2


@dataclass(frozen=True)
class NoOpChannel:
    """Accepts every message and does nothing."""

    name: str
    label: str = "nothing"
    capabilities: channel_contract.Capabilities = testing.ALL_CAPABILITIES

    def send(
        self, messages: Sequence[channel_contract.Message], *, at: datetime
    ) -> list[channel_contract.Outcome]:
        return [testing.DELIVERED] * len(messages)


def register_channel(session: Session) -> NoOpChannel:
    """A channel that the accounts of the community are on."""
    rows = Account.objects.filter(community=session.community).values("channel")
    most = rows.annotate(n=Count("pk")).order_by("-n").first()
    assert most is not None
    channel = NoOpChannel(most["channel"])
    channel_contract.register(channel)
    return channel


def clear(session: Session) -> None:
    """Delete what earlier runs have sent, which counts for the contact budget."""
    mine = Campaign.objects.filter(community=session.community)
    Message.objects.filter(community=session.community).delete()
    CampaignPart.objects.filter(campaign__in=mine).delete()
    for campaign in mine:
        campaign.tasks.all().delete()
    mine.delete()


@dataclass
class Sent:
    """One campaign that is being sent, and the times of its claims by part."""

    session: Session
    channel: NoOpChannel
    queue: ChannelQueue
    claims: dict[str, list[float]] = field(default_factory=dict)
    delivered: int = 0
    seconds: float = 0.0
    memory: int = 0

    def claim(self, part: str, *, times: int) -> None:
        """Claim and complete batches, and measure the claims alone."""
        for _claim in range(times):
            start = time.perf_counter()
            messages = self.queue.claim(limit=BATCH, at=AT)
            if not messages:
                return
            ms = (time.perf_counter() - start) * 1000
            self.claims.setdefault(part, []).append(ms)
            outcomes = [(message, testing.DELIVERED) for message in messages]
            self.queue.record_outcomes(outcomes, at=AT)
        self._look_at_memory()

    def deliver(self, limit: int) -> None:
        """Send up to so many messages as the worker does."""
        start = time.perf_counter()
        stats = outbox.deliver(
            queue=self.queue,
            channel=self.channel,
            clock=lambda: AT,
            limit=limit,
            seconds=3600,
            batch_size=BATCH,
        )
        self.seconds += time.perf_counter() - start
        self.delivered += stats.attempted
        self._look_at_memory()

    def _look_at_memory(self) -> None:
        self.memory = max(self.memory, measure.memory()["RssAnon"])


def sends(session: Session) -> None:
    channel = register_channel(session)
    clear(session)
    hold_outs.update(community=session.community, per_mille=0, by=session.by, at=AT)
    fields: dict[str, Any] = {"text": "Hello {name|friend}", "rule": {"all": []}}
    campaign = campaigns.create(
        community=session.community,
        name="Benchmark",
        channel=channel.name,
        by=session.by,
        at=AT,
        **fields,
    )
    idle = measure.memory()["RssAnon"]
    measure_review(session, campaign)
    start = time.perf_counter()
    with measure.profiled(session.profile("send-start")):
        launch.start(campaign=campaign, by=session.by, at=AT)
        queue = ChannelQueue(session.community, channel)
        first = queue.claim(limit=BATCH, at=AT)
    seconds_to_claim = time.perf_counter() - start
    queue.record_outcomes([(each, testing.DELIVERED) for each in first], at=AT)
    sent = Sent(session, channel, queue)
    rest = campaign.size - BATCH * (1 + len(PARTS) * CLAIMS)
    with measure.profiled(session.profile("sends")):
        sent.claim("beginning", times=CLAIMS)
        sent.deliver(max(rest // 2, BATCH))
        sent.claim("middle", times=CLAIMS)
        sent.deliver(max(rest - rest // 2, BATCH))
        sent.claim("end", times=CLAIMS)
        sent.deliver(outbox.NO_LIMIT)
    check(campaign)
    save_facts(session, campaign)
    rivals = send_rivals.measure_all(session, claims=CLAIMS, batch=BATCH)
    session.record(
        Row(
            "send-start",
            "campaign to everyone: start → first 1,000 claimed",
            MILLISECONDS,
            seconds_to_claim * 1000,
            1,
            goal=1000.0,
            rivals={"planned ahead": rivals.first_of_planned},
            note=f"{campaign.size:,} recipients",
        )
    )
    record_claims(session, sent, rivals)
    record_totals(session, sent, idle)


def measure_review(session: Session, campaign: Campaign) -> None:
    def build() -> review.Review:
        return review.build(campaign=campaign, by=session.by, at=AT)

    times = measure.repeat(build, 5, warm=1)
    found: review.Review = times.answer
    note = f"{found.size:,} recipients, {sum(found.excluded.values()):,} left out"
    question = "review of a campaign to everyone, with ten real texts"
    session.record(measure.row("send-review", question, times, goal=500.0, note=note))


def check(campaign: Campaign) -> None:
    """Fail unless everyone who was planned has an outcome."""
    campaign.refresh_from_db()
    rows = Message.objects.filter(origin=Origin.CAMPAIGN, origin_id=campaign.pk)
    by_state = dict(rows.values_list("state").annotate(Count("pk")).order_by())
    over = by_state.get(State.SKIPPED, 0)
    total = by_state.get(State.DELIVERED, 0) + over
    planned = campaign.size + sum(task.cancelled_count for task in campaign.tasks.all())
    assert campaign.state == campaigns.State.DONE, campaign.state
    assert total >= planned, (by_state, planned)
    assert set(by_state) <= {State.DELIVERED, State.SKIPPED}, by_state


def save_facts(session: Session, campaign: Campaign) -> None:
    """Save the facts of what was sent for the rivals of later questions."""
    rows = Message.objects.filter(origin=Origin.CAMPAIGN, origin_id=campaign.pk)
    delivered = rows.filter(state=State.DELIVERED).order_by("target_id")
    accounts = np.fromiter(delivered.values_list("target_id", flat=True), np.int64)
    times = np.full(len(accounts), timestamps.to_micros(AT))
    day = generate.day_of(times)
    first = (operations.next_run_number(session) + 1) * 10**10
    columns = {
        "n": np.arange(first, first + len(accounts)),
        "kind": np.full(len(accounts), fact_log.NAMES.index("send.delivered")),
        "account": accounts,
        "person": session.world.person_ids[accounts - 1],
        "grp": np.zeros(len(accounts)),
        "happened_at": times,
        "recorded_at": times,
        "day": day,
        "value": day,
    }
    operations.save_added(session, fact_log.to_table(columns))


def record_claims(session: Session, sent: Sent, rivals: send_rivals.SendRivals) -> None:
    goal = 20.0 if db.is_postgresql() else 10.0
    for part in PARTS:
        times = Times(sent.claims.get(part, []))
        if not times.each:
            continue
        session.record(
            measure.row(
                f"send-claim-{part}",
                f"1,000 recipients claimed with their budget: {part}",
                times,
                goal=goal,
                rivals={name: each[part] for name, each in rivals.claims.items()},
                note="rows written, texts rendered; rivals without texts",
            )
        )


def record_totals(session: Session, sent: Sent, idle: int) -> None:
    if sent.delivered:
        session.record(
            Row(
                "send-rate",
                "messages sent through a channel that does nothing",
                PER_SECOND,
                sent.delivered / sent.seconds,
                1,
                goal=5_000.0,
                note=f"{sent.delivered:,} messages, each with its fact",
            )
        )
    session.record(
        Row(
            "send-memory",
            "memory of the sender over idle",
            BYTES,
            max(sent.memory - idle, 0),
            1,
            goal=300.0 * MEGABYTE,
            note=f"idle {idle / MEGABYTE:.0f} MB",
        )
    )
