"""In which order messages leave, and at which rate after quiet hours (journeys, row 11)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from qunce.channels import channel_contract
from qunce.channels.channel_contract import Capabilities
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.outreach import opt_outs, skip_reasons
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget, QuietHours
from qunce.outreach.sending import channel_sending, messages
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.factories import AT, HOUR
from tests.shares import IS_EXACT

pytestmark = pytest.mark.both_databases
MEMBERS, PER_MINUTE = 5_000, 600
MINUTE = timedelta(minutes=1)
NIGHT, MORNING = AT + 3 * HOUR, AT + 12 * HOUR
"""23:00 and 08:00 in Shanghai."""
QUIET = Budget(quiet=QuietHours(22 * 60, 8 * 60))


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel(
        capabilities=Capabilities(to_member=True, per_minute=PER_MINUTE)
    )
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


def request(shop: Community, minutes: dict[int, int]) -> None:
    """Ask in the night for a message to each account, with its minutes after the morning."""
    drafts = [
        messages.Draft(
            origin=messages.Origin.PLAYBOOK,
            origin_id=number,
            account=account,
            text="Good morning",
            channel="fake",
            purpose=messages.Purpose.SERVICE,
            stale_at=MORNING + late * MINUTE,
        )
        for number, (account, late) in enumerate(minutes.items(), start=1)
    ]
    with transaction.atomic():
        messages.request_many(drafts, community=shop, at=NIGHT)


def send_minute_by_minute(fake: FakeChannel, minutes: int) -> dict[str, int]:
    """Member → the minute after the morning in which the message arrived."""
    arrived: dict[str, int] = {}
    for minute in range(-1, minutes):
        before = len(fake.delivered)
        channel_sending.send_due(at=MORNING + minute * MINUTE)
        new = fake.delivered[before:]
        assert len(new) <= PER_MINUTE
        arrived |= {message.to: minute for message in new}
    return arrived


def test_messages_of_the_night_leave_at_the_rate_and_none_too_late(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    policies.update(community=shop, budget=QUIET, counts_assisted=True, by=by, at=AT)
    keys = [f"m{number}" for number in range(MEMBERS)]
    ids = accounts.ensure(community=shop, keys=keys, by=by, at=AT, channel="fake")
    # Some may wait for an hour, others for three to eight minutes.
    patience = {key: 60 if n % 2 else 3 + n % 6 for n, key in enumerate(keys)}
    request(shop, {ids[key]: patience[key] for key in keys})
    assert set(Message.objects.values_list("due_at", flat=True)) == {MORNING}
    arrived = send_minute_by_minute(fake, 12)
    assert min(arrived.values()) == 0
    assert all(minute <= patience[key] for key, minute in arrived.items())
    left = Counter(Message.objects.values_list("state", "reason"))
    too_late = MEMBERS - len(arrived)
    assert left == {
        ("delivered", ""): len(arrived),
        ("skipped", skip_reasons.STALE): too_late,
    }
    assert len(factories.recorded_facts(shop, "send.skipped")) == too_late
    # The rate was used: each minute is full until nobody is left.
    per_minute = Counter(arrived.values())
    assert all(per_minute[minute] == PER_MINUTE for minute in range(max(per_minute)))
    assert too_late > 0


def test_messages_that_nobody_may_get_hold_up_none_behind_them(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    keys = [f"m{number}" for number in range(1_000)]
    ids = accounts.ensure(community=shop, keys=keys, by=by, at=AT, channel="fake")
    request(shop, {ids[key]: 60 for key in keys})
    out = [ids[key] for key in keys[:900]]
    opt_outs.opt_out(community=shop, accounts=out, purpose="service", by=by, at=NIGHT)
    # In the same minute, although far more in a row opted out than are claimed together.
    channel_sending.send_due(at=MORNING)
    assert [message.to for message in fake.delivered] == keys[900:]


@pytest.mark.parametrize("seed", range(40 if IS_EXACT else 2))
def test_the_most_important_message_leaves_first_and_then_the_one_due_first(
    shop: Community, by: Staff, fake: FakeChannel, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    people = factories.members(shop, *(f"m{n}" for n in range(60)), channel="fake")
    drafts = [
        messages.Draft(
            origin=messages.Origin.PLAYBOOK,
            origin_id=number,
            account=account,
            text="Hello",
            channel="fake",
            purpose=messages.Purpose.SERVICE,
            priority=dice.choice(list(messages.Priority)),
            due_at=AT + dice.randrange(9) * MINUTE,
        )
        for number, account in enumerate(people, start=1)
    ]
    with transaction.atomic():
        rows = messages.request_many(drafts, community=shop, at=AT)
    now = AT + 5 * MINUTE
    order = sorted(
        (int(draft.priority), draft.due_at, row.pk)
        for draft, row in zip(drafts, rows, strict=True)
        if draft.due_at is not None and draft.due_at <= now
    )
    expected = [str(pk) for _priority, _due, pk in order]
    queue = ChannelQueue(shop, fake)
    while expected:
        size = dice.randrange(1, 9)
        claimed = {message.key for message in queue.claim(limit=size, at=now)}
        assert claimed == set(expected[:size])
        expected = expected[size:]
    assert queue.claim(limit=9, at=now) == []
