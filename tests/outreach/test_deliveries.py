"""Through a channel that sends by itself; a process may end anywhere (X1, design §4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.channels import base, outbox
from qunce.channels.base import Capabilities, DeliveryStatus, Outcome, failed
from qunce.channels.testing import ALL_CAPABILITIES, FakeChannel, SimulatedCrash
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import channel_sending
from tests import factories as members
from tests import threads
from tests.factories import AT
from tests.outreach import made

pytestmark = pytest.mark.both_databases
MINUTE = timedelta(minutes=1)
ONCE_AT_MOST = Capabilities(to_member=True, to_group=True)


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    base.register(channel)
    yield channel
    base.unregister(channel.name)


def people(shop: Community, count: int) -> list[str]:
    keys = [f"m{number:02}" for number in range(count)]
    for key in keys:
        members.member(shop, key, name=key.upper(), channel="fake")
    return keys


def started(by: Staff) -> Campaign:
    return made.started(by, channel="fake", staff=[])


def test_everyone_gets_their_text_and_the_campaign_is_done(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    people(shop, 3)
    members.member(shop, "elsewhere")
    sent = started(by)
    assert channel_sending.send_due(at=AT) == 3
    assert fake.last_texts() == {f"m0{n}": f"Hello M0{n}" for n in range(3)}
    assert made.states(sent)["elsewhere"] == "skipped: no_address"
    assert len(members.recorded_facts(shop, "send.delivered")) == 3
    sent.refresh_from_db()
    assert sent.state == "done"
    assert channel_sending.send_due(at=AT) == 0


def test_groups_get_it_as_groups(shop: Community, by: Staff, fake: FakeChannel) -> None:
    north = groups.create(community=shop, key="north", name="North", by=by, at=AT)
    made.started(
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


def test_what_is_accepted_is_not_called_delivered(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    people(shop, 1)
    fake.script = {"m00": [Outcome(status=DeliveryStatus.ACCEPTED)]}
    sent = started(by)
    channel_sending.send_due(at=AT)
    assert made.states(sent) == {"m00": "accepted"}
    assert members.recorded_facts(shop, "send.delivered") == []


def test_what_fails_for_now_is_tried_again_five_times(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    people(shop, 2)
    later = failed("busy", retry_after=MINUTE)
    fake.script = {"m00": [later] * 9, "m01": [later]}
    sent = started(by)
    for turn in range(9):
        channel_sending.send_due(at=AT + turn * MINUTE)
    assert made.states(sent) == {"m00": "failed: too_many_attempts", "m01": "delivered"}
    assert len(fake.script["m00"]) == 9 - channel_sending.MAX_ATTEMPTS
    assert len(members.recorded_facts(shop, "send.failed")) == 1


def test_too_many_failures_pause_the_campaign_and_say_so(
    shop: Community, by: Staff, fake: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MIN_ATTEMPTS_TO_STOP", 5)
    monkeypatch.setattr(outbox, "BATCH_SIZE", 2)
    fake.script = {key: [failed("blocked")] for key in people(shop, 8)}
    sent = started(by)
    channel_sending.send_due(at=AT)
    sent.refresh_from_db()
    assert sent.state == "paused"
    assert "6" in sent.note
    assert results.count_by_reason(sent) == [
        ("failed", "they blocked or deleted me", 6)
    ]


def test_a_pause_holds_at_once(shop: Community, by: Staff, fake: FakeChannel) -> None:
    people(shop, 3)
    sent = started(by)
    campaigns.pause(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 0
    campaigns.resume(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 3


NUMBER = iter(range(10**6))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=3),
    idempotent=st.booleans(),
    batch=st.integers(1, 4),
)
def test_no_end_of_the_process_loses_or_doubles_a_message(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    ends: list[tuple[int, bool]],
    idempotent: bool,
    batch: int,
) -> None:
    """Each end comes after some messages, before or after the outcome was written."""
    monkeypatch.setattr(outbox, "BATCH_SIZE", batch)
    shop = members.community(f"crash{next(NUMBER)}")
    by = made.staff(shop, f"{shop.key}-by", "owner")
    keys = people(shop, 5)
    fake = FakeChannel(capabilities=ALL_CAPABILITIES if idempotent else ONCE_AT_MOST)
    base.register(fake)
    sent = started(by)
    at = AT
    for after, settling in ends:
        with monkeypatch.context() as patch, contextlib.suppress(SimulatedCrash):
            if settling:
                patch.setattr(channel_sending.CampaignQueue, "record_outcomes", die)
            fake.crash_after(after)
            channel_sending.send_due(at=at)
        at += channel_sending.LEASE_PERIOD
    fake.crash_after(1_000)
    channel_sending.send_due(at=at)
    base.unregister("fake")
    arrived = [message.to for message in fake.delivered]
    assert len(arrived) == len(set(arrived))
    states = made.states(sent)
    if idempotent:
        assert (set(arrived), set(states.values())) == (set(keys), {"delivered"})
    else:
        lost = {key for key, state in states.items() if state == "unknown"}
        assert set(keys) == set(arrived) | lost
        assert set(states.values()) <= {"delivered", "unknown"}
    told = {
        account for account, _payload in members.recorded_facts(shop, "send.delivered")
    }
    assert len(told) == list(states.values()).count("delivered")


def die(*_args: object, **_given: object) -> None:
    raise SimulatedCrash


def test_who_was_taken_for_dead_writes_nothing(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    people(shop, 1)
    sent = started(by)
    task = sent.tasks.get()
    slow = channel_sending.CampaignQueue(sent, task, fake)
    (message,) = slow.claim(limit=9, at=AT)
    other = channel_sending.CampaignQueue(sent, task, fake)
    assert list(other.claim(limit=9, at=AT)) == []
    (again,) = other.claim(limit=9, at=AT + channel_sending.LEASE_PERIOD)
    assert again == message
    slow.record_outcomes(
        [(message, failed("slow"))], at=AT + channel_sending.LEASE_PERIOD
    )
    assert made.states(sent) == {"m00": "planned"}
    other.record_outcomes([(again, Outcome(status=DeliveryStatus.DELIVERED))], at=AT)
    assert made.states(sent) == {"m00": "delivered"}


@pytest.mark.django_db(transaction=True)
def test_two_who_send_at_once_send_different_messages(fake: FakeChannel) -> None:
    shop = members.community()
    by = made.staff(shop, "ann", "owner")
    keys = people(shop, 30)
    can = Capabilities(to_member=True)
    fake.capabilities = can
    sent = started(by)

    def push() -> int:
        return channel_sending.send_due(at=AT)

    threads.run(push, push, push)
    channel_sending.send_due(at=AT)
    assert sorted(message.to for message in fake.delivered) == keys
    assert set(made.states(sent).values()) == {"delivered"}
