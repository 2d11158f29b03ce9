"""Sending through a channel without staff, and crashes at any point (X1, design §4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce import queued_jobs
from qunce.channels import channel_contract, outbox
from qunce.channels.channel_contract import (
    Capabilities,
    DeliveryStatus,
    Outcome,
    failed,
    unknown,
)
from qunce.channels.testing import (
    ALL_CAPABILITIES,
    DELIVERED,
    FakeChannel,
    SimulatedCrash,
)
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch, results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import campaign_claims, channel_queue, channel_sending
from tests import factories, threads
from tests.factories import AT
from tests.shares import IS_EXACT

MINUTE = timedelta(minutes=1)
AT_MOST_ONCE = Capabilities(to_member=True, to_group=True)


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


def create_members(shop: Community, count: int) -> list[str]:
    keys = [f"m{number:02}" for number in range(count)]
    for key in keys:
        factories.member(shop, key, name=key.upper(), channel="fake")
    return keys


def start(by: Staff) -> Campaign:
    return factories.started_campaign(by, channel="fake", staff=[])


def test_members_get_their_text_and_the_campaign_is_done(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 3)
    factories.member(shop, "elsewhere")
    sent = start(by)
    assert channel_sending.send_due(at=AT) == 3
    assert fake.last_texts() == {f"m0{n}": f"Hello M0{n}" for n in range(3)}
    assert factories.recipient_states(sent)["elsewhere"] == "skipped: no_address"
    assert len(factories.recorded_facts(shop, "send.delivered")) == 3
    sent.refresh_from_db()
    assert sent.state == "done"
    assert channel_sending.send_due(at=AT) == 0


def test_start_does_not_wait_for_the_next_minute(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 2)
    sent = start(by)

    def run_jobs() -> int:
        return scheduler.run_due(queued_jobs.JOBS, clock=lambda: AT)

    assert run_jobs() == 1
    assert set(factories.recipient_states(sent).values()) == {"delivered"}
    assert run_jobs() == 0
    # A channel with a limit per minute has one run per minute.
    fake.capabilities = Capabilities(to_member=True, per_minute=5)
    start(by)
    assert run_jobs() == 0


@pytest.mark.both_databases
def test_groups_get_one_message_each(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    north = groups.create(community=shop, key="north", name="North", by=by, at=AT)
    factories.started_campaign(
        by,
        channel="fake",
        target="groups",
        rule=None,
        groups=[north.pk],
        text="To {group}",
        staff=[],
    )
    channel_sending.send_due(at=AT)
    (message,) = fake.delivered
    assert (message.to, message.text, message.is_group) == ("north", "To North", True)


def test_accepted_message_is_not_delivered_yet(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 1)
    fake.script = {"m00": [Outcome(status=DeliveryStatus.ACCEPTED)]}
    sent = start(by)
    channel_sending.send_due(at=AT)
    assert factories.recipient_states(sent) == {"m00": "accepted"}
    assert factories.recorded_facts(shop, "send.delivered") == []


def test_temporary_failure_is_retried_up_to_five_attempts(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 2)
    later = failed("busy", retry_after=MINUTE)
    fake.script = {"m00": [later] * 9, "m01": [later]}
    sent = start(by)
    for turn in range(9):
        channel_sending.send_due(at=AT + turn * MINUTE)
    assert factories.recipient_states(sent) == {
        "m00": "failed: too_many_attempts",
        "m01": "delivered",
    }
    assert len(fake.script["m00"]) == 9 - channel_queue.MAX_ATTEMPTS
    assert len(factories.recorded_facts(shop, "send.failed")) == 1


def test_too_many_failures_pause_the_campaign_with_a_note(
    shop: Community, by: Staff, fake: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MIN_ATTEMPTS_TO_STOP", 5)
    monkeypatch.setattr(outbox, "BATCH_SIZE", 2)
    fake.script = {key: [failed("blocked")] for key in create_members(shop, 8)}
    sent = start(by)
    channel_sending.send_due(at=AT)
    sent.refresh_from_db()
    assert sent.state == "paused"
    assert "6" in sent.note
    assert results.count_by_reason(sent) == [
        ("failed", "they blocked or deleted me", 6)
    ]


def test_paused_campaign_sends_nothing(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 3)
    sent = start(by)
    campaigns.pause(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 0
    campaigns.resume(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 3


NUMBER = iter(range(10**6))


@pytest.mark.both_databases
@settings(
    max_examples=settings().max_examples if IS_EXACT else 7,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    crashes=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=3),
    idempotent=st.booleans(),
    batch=st.integers(1, 4),
)
def test_crashes_neither_lose_nor_double_messages(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    crashes: list[tuple[int, bool]],
    idempotent: bool,
    batch: int,
) -> None:
    """Each crash comes after some messages, in the channel or before outcomes are stored."""
    monkeypatch.setattr(outbox, "BATCH_SIZE", batch)
    shop = factories.community(f"crash{next(NUMBER)}")
    by = factories.staff(shop, "owner", f"{shop.key}-by")
    keys = create_members(shop, 5)
    fake = FakeChannel(capabilities=ALL_CAPABILITIES if idempotent else AT_MOST_ONCE)
    channel_contract.register(fake)
    sent = start(by)
    at = AT
    for messages, before_outcome in crashes:
        with monkeypatch.context() as patch, contextlib.suppress(SimulatedCrash):
            if before_outcome:
                patch.setattr(channel_queue.ChannelQueue, "record_outcomes", crash)
            fake.crash_after(messages)
            channel_sending.send_due(at=at)
        at += campaign_claims.LEASE_PERIOD
    fake.crash_after(1_000)
    channel_sending.send_due(at=at)
    channel_contract.unregister("fake")
    delivered = [message.to for message in fake.delivered]
    assert len(delivered) == len(set(delivered))
    states = factories.recipient_states(sent)
    if idempotent:
        assert (set(delivered), set(states.values())) == (set(keys), {"delivered"})
    else:
        lost = {key for key, state in states.items() if state == "unknown"}
        assert set(keys) == set(delivered) | lost
        assert set(states.values()) <= {"delivered", "unknown"}
    recorded = {
        account
        for account, _payload in factories.recorded_facts(shop, "send.delivered")
    }
    assert len(recorded) == list(states.values()).count("delivered")


def crash(*_args: object, **_kwargs: object) -> None:
    raise SimulatedCrash


@pytest.mark.both_databases
def test_outcome_after_the_lease_has_expired_is_ignored(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    create_members(shop, 1)
    sent = start(by)
    slow = channel_queue.ChannelQueue(shop, fake)
    (message,) = slow.claim(limit=9, at=AT)
    other = channel_queue.ChannelQueue(shop, fake)
    assert list(other.claim(limit=9, at=AT)) == []
    (repeated,) = other.claim(limit=9, at=AT + campaign_claims.LEASE_PERIOD)
    assert repeated == message
    slow.record_outcomes(
        [(message, failed("slow"))], at=AT + campaign_claims.LEASE_PERIOD
    )
    assert factories.recipient_states(sent) == {"m00": "planned"}
    other.record_outcomes([(repeated, Outcome(status=DeliveryStatus.DELIVERED))], at=AT)
    assert factories.recipient_states(sent) == {"m00": "delivered"}


@pytest.mark.both_databases
@pytest.mark.parametrize("idempotent", [True, False])
def test_message_without_a_reply_is_sent_again_only_where_that_is_safe(
    shop: Community, by: Staff, fake: FakeChannel, idempotent: bool
) -> None:
    create_members(shop, 2)
    if not idempotent:
        fake.capabilities = AT_MOST_ONCE
    fake.script = {"m00": [unknown("no_reply")]}
    sent = start(by)
    for turn in range(3):
        channel_sending.send_due(at=AT + turn * MINUTE)
    assert factories.recipient_states(sent) == {
        "m00": "delivered" if idempotent else "unknown: no_reply",
        "m01": "delivered",
    }
    assert sorted(message.to for message in fake.delivered) == ["m00", "m01"]
    sent.refresh_from_db()
    assert sent.state == "done"
    unknown_facts = factories.recorded_facts(shop, "send.unknown")
    reasons = [payload["reason"] for _account, payload in unknown_facts]
    assert reasons == ([] if idempotent else ["no_reply"])


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (DELIVERED, "delivered"),
        (failed("busy", retry_after=MINUTE), "cancelled"),
        (None, "unknown"),
    ],
)
def test_message_that_is_being_sent_when_its_campaign_is_cancelled(
    shop: Community,
    by: Staff,
    fake: FakeChannel,
    outcome: Outcome | None,
    state: str,
) -> None:
    """It is never recorded as cancelled when it may have arrived, nor sent again."""
    create_members(shop, 3)
    sent = start(by)
    queue = channel_queue.ChannelQueue(shop, fake)
    (message,) = queue.claim(limit=1, at=AT)
    launch.cancel(campaign=sent, by=by, at=AT)
    if outcome is not None:
        queue.record_outcomes([(message, outcome)], at=AT)
    later = AT + campaign_claims.LEASE_PERIOD
    assert channel_sending.send_due(at=later) == 0
    assert factories.recipient_states(sent) == {message.to: state}
    assert results.progress(sent).counts.get("cancelled", 0) == (
        3 if state == "cancelled" else 2
    )
    kinds = ("send.delivered", "send.cancelled", "send.unknown")
    recorded = [kind for kind in kinds if factories.recorded_facts(shop, kind)]
    assert recorded == [f"send.{state}"]


def test_members_to_skip_keep_nobody_behind_them_waiting(
    shop: Community, by: Staff, fake: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_queue, "MAX_SKIPPED_PER_RUN", 2)
    create_members(shop, 10)
    sent = start(by)
    keys = tuple(f"m{number:02}" for number in range(9))
    out = factories.account_ids(shop, keys)
    opt_outs.opt_out(community=shop, accounts=out, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 1
    assert list(factories.recipient_states(sent).values()).count("delivered") == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_parallel_workers_send_different_messages(fake: FakeChannel) -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    keys = create_members(shop, 30)
    fake.capabilities = Capabilities(to_member=True)
    sent = start(by)

    def send() -> int:
        return channel_sending.send_due(at=AT)

    threads.run(send, send, send)
    channel_sending.send_due(at=AT)
    assert sorted(message.to for message in fake.delivered) == keys
    assert set(factories.recipient_states(sent).values()) == {"delivered"}
