"""What newcomers are told by the entry gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from qunce import reactions
from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.groups import Group
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def north(shop: Community, chat: FakeChannel) -> Group:
    return factories.group(shop, "north", platform=chat.name, name="North {x}")


def list_texts(account: int | None = None, group: Group | None = None) -> list[str]:
    target = group.pk if group else account or 0
    rows = Message.objects.filter(target_id=target, is_group=group is not None)
    return list(rows.order_by("pk").values_list("text", flat=True))


def react(at: datetime = AT) -> None:
    for _round in range(3):
        reactions.CONSUMER.catch_up(at=at)


def test_newcomer_is_asked_corrected_and_let_in_with_the_rules(
    shop: Community, owner: Staff, north: Group, chat: FakeChannel
) -> None:
    gates.configure(group=north, keywords=["cheese"], by=owner, at=AT)
    gates.switch(group=north, is_on=True, by=owner, at=AT)
    group_rules.publish(
        group=north, text="No adverts.", accept_words=["agree"], by=owner, at=AT
    )
    kim = factories.member(shop, "kim", channel=chat.name).pk
    request = requests.open_request(group=north, account=kim, by=owner, at=AT)
    react()
    requests.answer(request=request, text="milk", by=owner, at=AT)
    react()
    requests.answer(request=request, text="cheese", by=owner, at=AT)
    react()
    asked = "To join “North {x}”, reply with the keyword."
    assert list_texts(kim) == [
        asked,
        f"That does not fit. {asked}",
        "No adverts.\n\nTo accept these rules, reply: agree",
    ]
    assert list_texts(group=north) == [
        "No adverts.\n\nTo accept these rules, reply: agree"
    ]
    react(LATER)
    assert len(list_texts(kim)) == 3


def test_refused_person_is_told_in_few_words(
    shop: Community, owner: Staff, north: Group, chat: FakeChannel
) -> None:
    gates.configure(group=north, keywords=["cheese"], max_attempts=1, by=owner, at=AT)
    gates.switch(group=north, is_on=True, by=owner, at=AT)
    kim = factories.member(shop, "kim", channel=chat.name).pk
    request = requests.open_request(group=north, account=kim, by=owner, at=AT)
    requests.answer(request=request, text="milk", by=owner, at=AT)
    react()
    assert list_texts(kim)[-1] == ("You cannot join “North {x}”. Please ask our staff.")


def test_nothing_is_sent_where_staff_ask_by_hand(shop: Community, owner: Staff) -> None:
    group = factories.group(shop, "south", platform="wechat")
    gates.configure(group=group, keywords=["cheese"], by=owner, at=AT)
    gates.switch(group=group, is_on=True, by=owner, at=AT)
    kim = factories.member(shop, "kim", channel="wechat").pk
    requests.open_request(group=group, account=kim, by=owner, at=AT)
    react()
    assert not Message.objects.exists()
    assert requests.list_visible(owner).get().step == "keyword"
