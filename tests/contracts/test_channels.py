"""What every channel guarantees (X1). A new channel is added to CHANNELS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from qunce.channels import assisted, channel_contract, testing
from qunce.channels.channel_contract import (
    NOT_CONNECTED,
    NOT_SUPPORTED,
    ActionKind,
    Capabilities,
    Channel,
    DeliveryStatus,
    GroupAction,
    Message,
)
from qunce.channels.matrix.channel import MatrixChannel

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
AT_MOST_ONCE = Capabilities(to_member=True, to_group=True)
CHANNELS: dict[str, Callable[[], Channel]] = {
    "assisted": assisted.AssistedChannel,
    "matrix, not connected": MatrixChannel,
    "fake": testing.FakeChannel,
    "fake, not idempotent": lambda: testing.FakeChannel(capabilities=AT_MOST_ONCE),
}


@pytest.fixture(params=list(CHANNELS))
def channel(request: pytest.FixtureRequest) -> Channel:
    return CHANNELS[str(request.param)]()


def messages(count: int) -> list[Message]:
    return [Message(key=f"k{n}", to=f"m{n}", text=f"hello {n}") for n in range(count)]


def test_channel_has_a_name_and_a_label(channel: Channel) -> None:
    assert channel.name.isidentifier()
    assert str(channel.label)


def test_capabilities_are_consistent(channel: Channel) -> None:
    capabilities = channel.capabilities
    assert capabilities.to_member or capabilities.to_group
    assert capabilities.per_minute is None or capabilities.per_minute > 0
    assert capabilities.max_length > 0


def test_send_returns_one_outcome_per_message(channel: Channel) -> None:
    for count in (0, 1, 5):
        assert len(channel.send(messages(count), at=AT)) == count


def test_only_channels_that_need_a_person_say_so(channel: Channel) -> None:
    statuses = {outcome.status for outcome in channel.send(messages(3), at=AT)}
    if channel.capabilities.needs_person:
        assert statuses == {DeliveryStatus.NEEDS_PERSON}
    else:
        assert statuses
        assert DeliveryStatus.NEEDS_PERSON not in statuses


def test_repeated_send_has_the_same_outcome(channel: Channel) -> None:
    first = channel.send(messages(2), at=AT)
    assert channel.send(messages(2), at=AT) == first


def test_text_is_sent_unchanged(channel: Channel) -> None:
    odd = '=HYPERLINK("x")\n<b>👩‍👩‍👧</b> \u202eabc ' + "长" * 3_000
    channel.send([Message(key="k", to="m", text=odd)], at=AT)
    if isinstance(channel, testing.FakeChannel):
        assert channel.last_texts() == {"m": odd}


def test_only_idempotent_sends_arrive_once() -> None:
    idempotent = testing.FakeChannel()
    plain = testing.FakeChannel(capabilities=AT_MOST_ONCE)
    for channel in (idempotent, plain):
        channel.send(messages(1), at=AT)
        channel.send(messages(1), at=AT)
    assert (len(idempotent.delivered), len(plain.delivered)) == (1, 2)


def action(kind: ActionKind) -> GroupAction:
    return GroupAction(key=f"a-{kind}", kind=kind, group="g", member="m", message="e")


@pytest.mark.parametrize("kind", list(ActionKind))
def test_channel_acts_where_its_capabilities_allow_it(
    channel: Channel, kind: ActionKind
) -> None:
    outcome = channel.act(action(kind), at=AT)
    if channel.capabilities.needs_person:
        assert outcome.status == DeliveryStatus.NEEDS_PERSON
    elif outcome.reason == NOT_CONNECTED:
        # What it does with an account is in the tests of its own folder.
        assert outcome.is_permanent_failure
    elif channel.capabilities.allow(kind):
        assert outcome.status == DeliveryStatus.DELIVERED
    else:
        assert outcome.is_permanent_failure
        assert outcome.reason == NOT_SUPPORTED


def test_repeated_action_is_done_once() -> None:
    fake = testing.FakeChannel()
    for _attempt in range(2):
        assert fake.act(action(ActionKind.KICK), at=AT) == channel_contract.DELIVERED
    assert [each.kind for each in fake.actions] == [ActionKind.KICK]


def test_channel_without_accounts_is_the_same_for_every_community() -> None:
    assisted_channel = channel_contract.get("assisted")
    assert channel_contract.for_community("assisted", 1) is assisted_channel


def test_installation_offers_real_channels_only() -> None:
    assert channel_contract.get("assisted").capabilities.needs_person
    names = [channel.name for channel in channel_contract.list_channels()]
    assert names == ["assisted", "matrix"]
    with pytest.raises(channel_contract.ChannelNotFound):
        channel_contract.get("fake")
