"""Pages, API and commands of welcomes, and what staff see of them elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.outreach.sending.messages import Message
from qunce.outreach.welcomes import welcomes
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser, create_client

pytestmark = pytest.mark.django_db
LIST = reverse("welcomes:list")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


def text_of(client: Client, url: str, **data: str) -> str:
    return client.get(url, data).content.decode()


def test_welcome_is_written_switched_on_posted_and_explained(
    shop: Community, by: Staff, ann: Client
) -> None:
    assert "No welcomes yet" in text_of(ann, LIST)
    new = reverse("welcomes:create")
    assert ann.get(new).context["form"]["event"].value() == "others"
    form = {"name": "Parcel", "event": "community", "text": "Hi {name|friend}"}
    form |= {"sources": "parcel，street", "staff": str(by.pk)}
    wrong = ann.post(new, {**form, "sources": ""}).content.decode()
    assert "Give a condition, or make it the welcome for everyone else." in wrong
    wrong = ann.post(new, {**form, "text": "Hi {nme}"}).content.decode()
    assert "nme" in wrong
    ann.post(new, form)
    ann.post(new, {"name": "All", "event": "others", "text": "Hello", "staff": by.pk})
    assert ann.get(new).context["form"]["event"].value() == "community"
    parcel, others = welcomes.list_all(by)
    assert parcel.sources == ["parcel", "street"]
    for welcome in (parcel, others):
        detail = ann.get(reverse("welcomes:detail", args=[welcome.pk]))
        shown = {"digest": detail.context["digest"]}
        ann.post(reverse("welcomes:on", args=[welcome.pk]), shown)
    now = datetime.now(UTC)
    wang = factories.member(shop, "wang", name="Wang", source="parcel", at=now)
    preview = reverse("welcomes:preview")
    assert "Hi Wang" in text_of(ann, preview, q="wang", source="parcel")
    assert "Hi friend" in text_of(ann, preview, q="", source="parcel")
    assert "through another source" in text_of(ann, preview, q="", source="x")
    assert not Message.objects.exists()
    reactions.CONSUMER.catch_up(at=now)
    assert "1 welcome waits for you" in text_of(ann, reverse("today:queue"))
    posts = text_of(ann, reverse("playbooks:post-list"))
    assert "Hi Wang" in posts
    assert "welcome" in posts
    page = reverse("members:detail", args=[wang.pk])
    assert "waits for Ann to post it" in text_of(ann, page)
    message = Message.objects.get()
    ann.post(reverse("playbooks:post-sent", args=[message.pk]))
    deriver.catch_up()
    assert "“Parcel”: sent by staff" in text_of(ann, page)
    assert "joins 1 · sent 1 · waiting 0" in text_of(ann, LIST)
    assert "others" not in text_of(ann, LIST)
    factories.member(shop, "li", name="Li", source="parcel", at=now)
    reactions.CONSUMER.catch_up(at=now)
    assert "joins 2 · sent 1 · waiting 1" in text_of(ann, LIST)
    other = Message.objects.exclude(pk=message.pk).get()
    address = reverse("playbooks:post-failed", args=[other.pk])
    ann.post(address, {"reason": "not_found"})
    assert "joins 2 · sent 1 · waiting 0 · others 1" in text_of(ann, LIST)
    assert "2 joins fitted it." in text_of(
        ann, reverse("welcomes:detail", args=[parcel.pk])
    )
    ann.post(reverse("welcomes:archive", args=[parcel.pk]))
    assert [row.name for row in welcomes.list_all(by)] == ["All"]


def test_forms_name_what_a_variable_is(shop: Community, by: Staff, ann: Client) -> None:
    attributes.define(
        community=shop, name="city", label="城市", type="text", by=by, at=factories.AT
    )
    code = "{attr:city}</code> <bdi>城市</bdi>"
    for name in ("welcomes:create", "message_templates:create"):
        assert code in text_of(ann, reverse(name))
    campaign = text_of(ann, reverse("outreach:campaign-create"))
    assert 'data-insert="{attr:city|}"><bdi>城市</bdi>' in campaign
    assert 'data-insert="{staff|}"' not in campaign


def test_only_who_sees_everyone_and_may_send_service_messages_writes_welcomes(
    shop: Community, by: Staff
) -> None:
    welcome = welcomes.create(
        community=shop,
        name="All",
        text="Hello",
        is_for_others=True,
        staff=by,
        by=by,
        at=factories.AT,
    )
    lan = browser(factories.staff(shop, "operator", "lan"))
    assert "All" in text_of(lan, LIST)
    assert reverse("welcomes:create") not in text_of(lan, LIST)
    assert lan.post(reverse("welcomes:on", args=[welcome.pk])).status_code == 403
    assert not welcomes.list_all(by)[0].is_on


def test_only_the_welcome_that_the_page_showed_is_switched_on(
    shop: Community, by: Staff, ann: Client
) -> None:
    welcome = welcomes.create(
        community=shop,
        name="All",
        text="Hello",
        is_for_others=True,
        staff=by,
        by=by,
        at=factories.AT,
    )
    address = reverse("welcomes:on", args=[welcome.pk])
    (row,) = ann.get(LIST).context["rows"]
    shown = {"digest": row.digest}
    welcomes.update(welcome=welcome, text="Buy now", by=by, at=factories.AT)
    for sent in (shown, {}):
        answer = ann.post(address, sent, follow=True).content.decode()
        assert "differs from what the review showed" in answer and "Buy now" in answer
        assert not welcomes.list_all(by)[0].is_on
    (row,) = ann.get(LIST).context["rows"]
    ann.post(address, {"digest": row.digest})
    assert welcomes.list_all(by)[0].is_on


def test_api_does_what_the_console_does(shop: Community) -> None:
    api = create_client(shop)
    new = {"name": "North", "event": "group", "text": "Hi", "staff": "ann"}
    refused = api.post("/welcomes", {**new, "event": "community", "staff": ""})
    assert "Give a condition" in refused.body["detail"]
    factories.staff(shop, "manager", "ann")
    made = api.post("/welcomes", new).body
    api.post("/welcomes", {"name": "All", "text": "Hello", "is_for_others": True})
    url = f"/welcomes/{made['id']}"
    assert api.request("POST", f"{url}/start").body["is_on"]
    assert api.patch(url, {"text": "Hi {name|you}"}).body["text"] == "Hi {name|you}"
    north = factories.group(shop, "north")
    shown = api.get(f"/welcomes/preview?group_id={north.pk}").body
    assert (shown["welcome_id"], shown["lines"][0]["why_not"]) == (made["id"], "")
    assert api.get(f"{url}/results").body["joins"] == 0
    limits = {"within_minutes": 60, "again_after_days": 30}
    assert api.request("PUT", "/welcomes/time-limits", limits).body == limits
    moved = api.request("PUT", f"{url}/position", {"position": 9})
    assert "Give a position from 1 to 2." in moved.body["detail"]
    assert api.delete(url).status == 204
    assert [row["name"] for row in api.get("/welcomes").body["items"]] == ["All"]
