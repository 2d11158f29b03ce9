"""Topics on member pages: reply, read others with shortened names, the hot list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from qunce.activities.activities.models import Activity
from qunce.activities.topics import hot_list
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.activities import running
from tests.activities.running import open_now
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


def open_topic(by: Staff, hashtag: str = "reading", **fields: object) -> Activity:
    settings = {"hashtag": hashtag, "points": 5}
    return open_now(by, kind="topic", settings=settings, **fields)


def say(topic: Activity, account: int, said: str, minutes: int = 0) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    assert running.join(topic, account, at, said=said, key=said).accepted


def test_a_member_replies_with_a_shortened_name(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob Miller").pk
    topic = open_topic(by)
    page = phone.bind(bob, purpose_of(topic.public_id))
    assert "Nobody has replied yet." in page
    page = phone.press("/join", said="<script>alert(1)</script> ‮ 𠮷 =1+1")
    assert "You get 5 points." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "B＊" in page
    assert "Miller" not in page
    assert "1 person replied in the last 7 days." in page


def test_hidden_and_unknown_replies_are_the_same(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    topic = open_topic(by)
    say(topic, bob, "Grass and rain")
    page = phone.open(f"a/{topic.public_id}/replies")
    assert "Grass and rain" in page
    TopicReply.objects.update(state=ReplyState.HIDDEN, reason="Off topic")
    page = phone.open(f"a/{topic.public_id}/replies")
    assert "Nobody has replied yet." in page
    assert "Off topic" not in page
    page = phone.bind(bob, purpose_of(topic.public_id))
    assert "Grass and rain" not in page


def test_a_held_reply_is_read_by_its_author_only(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    topic = open_topic(by)
    say(topic, bob, "Grass and rain")
    TopicReply.objects.update(state=ReplyState.HELD)
    assert "Grass and rain" not in phone.open(f"a/{topic.public_id}")
    page = phone.bind(bob, purpose_of(topic.public_id))
    assert "Grass and rain" in page
    assert "Only you see this" in page


def test_all_replies_are_read_page_by_page(by: Staff, phone: Phone) -> None:
    topic = open_topic(by)
    ids = factories.members(by.community, *(f"m{n}" for n in range(45)))
    for number, account in enumerate(ids):
        say(topic, account, f"Reply {number:02}", number)
    path, found = f"a/{topic.public_id}/replies", []
    while path:
        page = phone.open(path)
        found += [n for n in range(45) if f"Reply {n:02}" in page]
        rest = page.partition("/replies?before=")[2]
        path = (
            f"a/{topic.public_id}/replies?before={rest.partition(chr(34))[0]}"
            if rest
            else ""
        )
    assert found == list(range(45))
    for odd in ("x", "-1", "9" * 30, "²"):
        assert "Reply 00" in phone.open(f"a/{topic.public_id}/replies?before={odd}")


def test_the_hot_list_is_the_same_number_everywhere(by: Staff, phone: Phone) -> None:
    ann, bob, cy = (
        factories.member(by.community, key, name=key).pk for key in ("ann", "bob", "cy")
    )
    busy, flooded = (
        open_topic(by, "one", name="Busy"),
        open_topic(by, "two", name="Loud"),
    )
    for account in (ann, bob):
        say(busy, account, f"Hello {account}")
    for number in range(9):
        say(flooded, cy, f"No. {number}")
    page = phone.open("topics?days=1")
    assert page.index("Busy") < page.index("Loud")
    assert page.count("2 people") == page.count("1 person") == 1
    assert "Hot topics" in phone.open("")
    at = datetime.now(UTC)
    assert [hot_list.count(each, days=1, at=at) for each in (busy, flooded)] == [2, 1]
    console = clients.browser(by).get(reverse("topics:list"), {"days": 1})
    lines = console.content.decode()
    assert lines.index("Busy") < lines.index("Loud")
    api = clients.create_client(by.community).get("/topics/hot?days=1").body["items"]
    assert [(row["name"], row["people"]) for row in api] == [("Busy", 2), ("Loud", 1)]


def test_a_topic_of_a_group_is_hot_for_its_members_only(
    by: Staff, phone: Phone
) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    north = factories.group(by.community, "north", bob)
    topic = open_topic(by, name="Secret tea", groups=[north.pk])
    say(topic, bob, "Hello")
    assert "Secret tea" not in phone.open("topics")
    phone.sign_in(bob)
    assert "Secret tea" in phone.open("topics")


def test_replies_to_a_topic_of_a_group_are_read_in_the_group_only(
    by: Staff, phone: Phone
) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    cy = factories.member(by.community, "cy", name="Cy").pk
    north = factories.group(by.community, "north", bob)
    topic = open_topic(by, groups=[north.pk])
    say(topic, bob, "Between us")
    stranger = Phone(by.community)
    stranger.bind(cy, purpose_of(topic.public_id))
    for each in (phone, stranger):
        page = each.open(f"a/{topic.public_id}")
        assert "Between us" not in page
        assert "Only those in the groups of this topic read the replies." in page
        each.open(f"a/{topic.public_id}/replies")
        assert (each.status, "Between us" in each.page) == (404, False)
    member = Phone(by.community)
    member.bind(bob, purpose_of(topic.public_id))
    assert "Between us" in member.open(f"a/{topic.public_id}")
    assert "Between us" in member.open(f"a/{topic.public_id}/replies")


def test_replies_of_another_kind_are_unknown(by: Staff, phone: Phone) -> None:
    other = open_now(by)
    answer = phone.client.get(f"{phone.root}a/{other.public_id}/replies")
    assert answer.status_code == 404
    topic = open_topic(by)
    assert (
        phone.client.get(f"{phone.root}a/{topic.public_id}/replies").status_code == 200
    )
