"""Members are written to before their points expire: by their channel, or by staff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qunce import reactions
from qunce.activities.points import expiry
from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY
from tests.factories import AT

pytestmark = pytest.mark.django_db
SOON = AT + timedelta(hours=1)
LAST_DAY = "2026-03-14"


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


def announce(shop: Community) -> None:
    deriver.catch_up()
    expiry.announce_due(at=SOON)
    reactions.CONSUMER.catch_up(at=SOON)


def test_person_is_written_to_once_per_last_day(
    shop: Community, fake: FakeChannel
) -> None:
    factories.staff(shop)
    hand, chat = (
        factories.member(shop, "ann").pk,
        factories.member(shop, "ann2", channel="fake").pk,
    )
    bob = factories.member(shop, "bob", channel="fake").pk
    factories.merge(shop, "ann", "ann2")
    for account, days in ((hand, 8), (chat, 8), (bob, 8), (bob, 7), (bob, 60)):
        builders.award(account, 10, f"prize/{account}/{days}", valid_days=days)
    announce(shop)
    announce(shop)
    channel_sending.send_due(at=SOON)
    rows = Message.objects.order_by("target_id", "pk")
    assert [(row.target_id, row.channel, row.purpose) for row in rows] == [
        (hand, "fake", "service"),
        (bob, "fake", "service"),
        (bob, "fake", "service"),
    ]
    texts = [sent.text for sent in fake.delivered]
    assert len(texts) == 3
    assert sum("20" in text.split() for text in texts) == 1
    # Points that come later for the same day are not announced again.
    builders.award(chat, 5, "prize/late", at=SOON, valid_days=8)
    announce(shop)
    assert Message.objects.count() == 3


def test_staff_write_where_no_channel_can(shop: Community) -> None:
    staff = factories.staff(shop, login="zoe")
    ann = factories.member(shop, "ann").pk
    builders.award(ann, 10, valid_days=8)
    announce(shop)
    (message,) = Message.objects.all()
    assert (message.channel, message.staff_id) == ("assisted", staff.pk)
    assert message.state == "planned"
    assert "10" in message.text
    assert message.stale_at is not None
    assert AT + 7 * DAY < message.stale_at <= AT + 9 * DAY
