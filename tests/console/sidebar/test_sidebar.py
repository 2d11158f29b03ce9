"""The sidebar beside a chat: find, see, note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import remark_names
from qunce.members.people.notes import Note
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.content import message_templates
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


def page(client: Client, url: str) -> str:
    return client.get(url, follow=True).content.decode()


def member_url(account: int) -> str:
    return reverse("sidebar:member", args=[account])


def test_member_is_found_by_name_pinyin_phone_tail_and_remark(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.member(
        shop, "w1", name="王小明", channel="wecom", identifiers={"phone": "13800001234"}
    )
    factories.member(shop, "l1", name="李雷")
    now = datetime.now(UTC)
    remark_names.set_pattern(community=shop, text="{key}-{name}", by=by, at=now)
    for query in ("小明", "wxm", "wangxiao", "1234", "W1-王小"):
        text = page(ann, reverse("sidebar:home") + f"?q={query}")
        assert "王小明" in text, query
        assert "李雷" not in text
    assert "No member matches" in page(ann, reverse("sidebar:home") + "?q=zzz")
    # What the SDK of a channel opens.
    opened = reverse("sidebar:account") + "?channel=wecom&key=w1"
    assert "王小明" in page(ann, opened)
    assert ann.get(opened.replace("w1", "w2")).status_code == 404


def test_member_shows_offers_texts_and_what_is_due(
    shop: Community, by: Staff, ann: Client
) -> None:
    now = datetime.now(UTC)
    bob = factories.member(shop, "bob", name="Bob", joined_at=now - timedelta(1)).pk
    factories.tag_group(shop, "taste")
    spring = campaigns.create(
        community=shop,
        name="Spring",
        staff=[by.pk],
        text="Hello {name}, tea from {tag:taste|Yunnan}",
        rule={"all": []},
        by=by,
        at=now,
    )
    message_templates.create(
        community=shop,
        name="Hello",
        purpose="welcome",
        texts={"A": "Welcome {name}, I am {staff}. {tag:taste}"},
        by=by,
        at=now,
    )
    deriver.catch_up()
    launch.start(campaign=spring, by=by, at=now)
    posted = ann.post(
        reverse("sidebar:note-create", args=[bob]), {"text": "call", "remind": "1"}
    )
    assert posted["Location"] == member_url(bob)
    assert Note.objects.get().due_at
    text = page(ann, member_url(bob))
    assert "Something for a first order" in text
    assert 'data-copy="Hello Bob, tea from Yunnan"' in text
    assert 'data-copy="Bob"' in text
    # A template without a value says which one.
    assert "There is no value for {tag:taste}." in text
    assert "call" in text
    opt_outs.opt_out(community=shop, accounts=[bob], by=by, at=now)
    text = page(ann, member_url(bob))
    assert "Something for a first order" not in text
    assert "Nothing: they have opted out." in text


def test_note_without_reminder_is_a_note_and_an_empty_one_is_refused(
    shop: Community, by: Staff, ann: Client
) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    url = reverse("sidebar:note-create", args=[bob])
    assert ann.post(url, {"text": "likes green"}).status_code == 303
    note = Note.objects.get()
    assert (note.text, note.due_at) == ("likes green", None)
    refused = ann.post(url, {"text": " "})
    assert refused.status_code == 422
    assert "Write a note" in refused.content.decode()


def test_contacts_are_masked_and_hidden_members_are_unknown(shop: Community) -> None:
    bob = factories.member(shop, "13800001234", name="Bob").pk
    viewer = factories.staff(shop, "viewer", "vic")
    text = page(browser(viewer), member_url(bob))
    assert "Bob" in text
    assert "13800001234" not in text
    factories.tag(shop, "seen")
    scope = {"tag": {"any": ["seen"]}}
    narrow = factories.staff(shop, "manager", "nan", scope=scope)
    assert browser(narrow).get(member_url(bob)).status_code == 404
