"""What every channel keeps, whatever it can do (X1). A new channel joins the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from qunce.channels import assisted, base, testing
from qunce.channels.base import DeliveryStatus, Capabilities, Channel, Message

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
ONCE_AT_MOST = Capabilities(to_member=True, to_group=True)
CHANNELS: dict[str, Callable[[], Channel]] = {
    "assisted": assisted.AssistedChannel,
    "fake": testing.FakeChannel,
    "fake, not idempotent": lambda: testing.FakeChannel(capabilities=ONCE_AT_MOST),
}


@pytest.fixture(params=list(CHANNELS))
def channel(request: pytest.FixtureRequest) -> Channel:
    return CHANNELS[str(request.param)]()


def messages(count: int) -> list[Message]:
    return [Message(key=f"k{n}", to=f"m{n}", text=f"hello {n}") for n in range(count)]


def test_it_has_a_name_and_says_what_it_is(channel: Channel) -> None:
    assert channel.name.isidentifier()
    assert str(channel.label)


def test_it_reaches_somebody(channel: Channel) -> None:
    can = channel.capabilities
    assert can.to_member or can.to_group
    assert can.per_minute is None or can.per_minute > 0
    assert can.longest > 0


def test_it_gives_one_outcome_a_message_in_their_order(channel: Channel) -> None:
    for count in (0, 1, 5):
        assert len(channel.send(messages(count), at=AT)) == count


def test_where_a_person_is_needed_nothing_is_said_to_have_arrived(
    channel: Channel,
) -> None:
    became = {outcome.became for outcome in channel.send(messages(3), at=AT)}
    if channel.capabilities.needs_person:
        assert became == {DeliveryStatus.NEEDS_PERSON}
    else:
        assert DeliveryStatus.NEEDS_PERSON not in became


def test_sending_again_is_answered_again(channel: Channel) -> None:
    first = channel.send(messages(2), at=AT)
    assert channel.send(messages(2), at=AT) == first


def test_text_goes_as_it_is(channel: Channel) -> None:
    odd = '=HYPERLINK("x")\n<b>👩‍👩‍👧</b> \u202eabc ' + "长" * 3_000
    channel.send([Message(key="k", to="m", text=odd)], at=AT)
    if isinstance(channel, testing.FakeChannel):
        assert channel.texts() == {"m": odd}


def test_idempotent_sends_arrive_once_and_others_as_often_as_sent() -> None:
    safe, plain = testing.FakeChannel(), testing.FakeChannel(capabilities=ONCE_AT_MOST)
    for one in (safe, plain):
        one.send(messages(1), at=AT)
        one.send(messages(1), at=AT)
    assert (len(safe.arrived), len(plain.arrived)) == (1, 2)


def test_a_channel_is_found_by_its_name() -> None:
    assert base.get("assisted").capabilities.needs_person
    assert [one.name for one in base.list_channels()] == ["assisted"]
    with pytest.raises(base.ChannelNotFound):
        base.get("pigeon")
