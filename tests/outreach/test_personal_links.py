"""{personal_link} in messages: made when a message leaves, and stored nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.personal_links import devices, links
from qunce.outreach.content import templates, variable_values
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from qunce.sidebar import copy_texts
from tests import factories
from tests.clients import browser
from tests.factories import AT

TEXT = "你好 {name} {个人链接}"


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


@pytest.fixture(autouse=True)
def address(settings: Settings) -> None:
    settings.PORTAL_URL = "https://m.example.org"


def test_each_member_gets_a_link_of_their_own(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    for key in ("li", "mei"):
        factories.member(shop, key, name=key.title(), channel="fake")
    sent = factories.started_campaign(by, channel="fake", staff=[], text=TEXT)
    assert channel_sending.send_due(at=AT) == 2
    got = fake.last_texts()
    for key, text in got.items():
        assert text.startswith(f"你好 {key.title()} https://m.example.org/p/_/")
        token = links.read(text.rpartition("/")[2])
        binding = links.bind(
            token=token,
            device_digest=devices.digest_of(key),
            device_label="",
            at=AT,
        )
        assert binding.account.key == key
        assert binding.source == f"campaign:{sent.pk}"
    assert got["li"].rpartition("/")[2] != got["mei"].rpartition("/")[2]
    stored = list(Message.objects.values_list("text", flat=True))
    assert all("/p/_/" not in text and "个人链接" in text for text in stored)


@pytest.mark.django_db
def test_staff_who_post_by_hand_copy_the_link(shop: Community, by: Staff) -> None:
    li = factories.member(shop, "li", name="Li").pk
    factories.started_campaign(by, text=TEXT)
    client = browser(by)
    page = client.get("/outreach/tasks/1/")
    opened = client.post("/outreach/tasks/1/next/", follow=True)
    html = (page.content + opened.content).decode()
    token = html.partition("https://m.example.org/p/_/")[2]
    end = min(token.find(sign) for sign in '"<' if sign in token)
    assert links.read(token[:end]).account == li


def test_without_an_address_there_is_no_such_variable(
    shop: Community, by: Staff, settings: Settings
) -> None:
    assert "personal_link" in variable_values.list_variables(shop, "members")
    assert "personal_link" not in variable_values.list_variables(shop, "groups")
    settings.PORTAL_URL = ""
    names = variable_values.list_variables(shop, "members")
    with pytest.raises(templates.InvalidText):
        templates.check(TEXT, names)


def test_a_text_to_copy_in_the_sidebar_has_none(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    factories.member(shop, "li", name="Li", channel="fake")
    factories.started_campaign(by, channel="fake", staff=[], text=TEXT)
    channel_sending.send_due(at=AT)
    li = Message.objects.get().target_id
    shown = copy_texts.list_texts(li, by=by, at=datetime.now(UTC))
    assert [(each.text, "personal_link" in each.problem) for each in shown] == [
        ("", True)
    ]
