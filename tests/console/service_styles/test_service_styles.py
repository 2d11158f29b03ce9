"""Pages and API of styles of service, and where staff see them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.service_styles import styles
from qunce.outreach.welcomes import welcomes
from tests import factories
from tests.clients import browser, create_client

pytestmark = pytest.mark.django_db
LIST = reverse("service_styles:list")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


def rules_form(default: int, *rows: tuple[str, int]) -> dict[str, str]:
    posted = {"rules-TOTAL_FORMS": str(len(rows)), "rules-INITIAL_FORMS": "0"}
    for index, (rule, style) in enumerate(rows):
        posted |= {f"rules-{index}-rule": rule, f"rules-{index}-style": str(style)}
    return posted | {"default": str(default)}


def test_styles_are_assigned_in_order_and_shown_on_the_member(
    shop: Community, by: Staff, ann: Client
) -> None:
    wang = factories.member(shop, "wang", source="parcel", at=datetime.now(UTC))
    factories.member(shop, "bob")
    factories.group(shop, "north", "wang", name="North")
    assert "No styles of service yet" in ann.get(LIST).content.decode()
    new, first = (
        reverse("service_styles:create"),
        "The first style is that of all members",
    )
    assert first in ann.get(new).content.decode()
    ann.post(reverse("service_styles:usual"))
    assert first not in ann.get(new).content.decode()
    care, service, feed = styles.list_all(by)
    ann.post(LIST, rules_form(feed.pk, ("group:north", care.pk), ("", service.pk)))
    page = ann.get(LIST).content.decode()
    assert "1 member has “Close care” by it." in page
    wrong = ann.post(LIST, {**rules_form(feed.pk, ("group:north", 0))})
    assert "Choose a style for each rule." in wrong.content.decode()
    for url in (reverse(f"{area}", args=[wang.pk]) for area in PAGES):
        shown = ann.get(url).content.decode()
        assert "Close care" in shown
        assert "is in the group North" in shown
    edit = reverse("service_styles:update", args=[care.pk])
    limits = {"limits-TOTAL_FORMS": "0", "limits-INITIAL_FORMS": "0"}
    form = {"name": "Care", "answer_minutes": "5", "quiet_start": "22:00", **limits}
    assert "need a start and an end" in ann.post(edit, form).content.decode()
    ann.post(edit, {**form, "quiet_end": "08:00", "gap_hours": "3"})
    care.refresh_from_db()
    assert (care.limits, care.gap_minutes, care.quiet_start) == (None, 180, 1320)
    refused = ann.post(reverse("service_styles:delete", args=[care.pk]), follow=True)
    assert "Give them another style of service first." in refused.content.decode()


PAGES = ("members:detail", "sidebar:member")


def test_style_is_deleted_after_its_uses_were_shown(
    shop: Community, by: Staff, ann: Client
) -> None:
    factories.member(shop, "wang")
    factories.member(shop, "bob")
    factories.group(shop, "north", "wang", name="North")
    ann.post(reverse("service_styles:usual"))
    care, service, feed = styles.list_all(by)
    ann.post(LIST, rules_form(feed.pk, ("group:north", care.pk)))
    page = ann.get(LIST)
    uses = {row.style: row.uses for row in page.context["styles"]}
    assert uses == {
        care: ["Rule 1 gives it to 1 member."],
        service: [],
        feed: ["Everyone else has it: 1 member."],
    }
    text = page.content.decode()
    assert reverse("service_styles:delete", args=[service.pk]) in text
    assert reverse("service_styles:delete", args=[care.pk]) not in text
    assert "Nobody has it, and no rule names it. This cannot be undone." in text
    ann.post(reverse("service_styles:delete", args=[service.pk]))
    assert styles.list_all(by) == [care, feed]


def test_messages_to_post_are_due_after_the_answer_time(
    shop: Community, by: Staff, ann: Client
) -> None:
    styles.create(community=shop, name="Care", answer_minutes=1, by=by, at=factories.AT)
    welcome = welcomes.create(
        community=shop,
        name="All",
        text="Hello",
        is_for_others=True,
        staff=by,
        by=by,
        at=factories.AT,
    )
    welcomes.switch_on(welcome=welcome, by=by, at=factories.AT)
    now = datetime.now(UTC)
    factories.member(shop, "wang", at=now)
    reactions.CONSUMER.catch_up(at=now)
    page = ann.get(reverse("playbooks:post-list")).content.decode()
    assert "by " in page
    assert "late ·" not in page
    assert "1 welcome waits for you" in ann.get(reverse("today:queue")).content.decode()


def test_api_sets_styles_and_who_has_which(shop: Community) -> None:
    api = create_client(shop)
    wang = factories.member(shop, "wang", source="parcel")
    limit = {"span": "week", "mode": "at_most", "count": 3}
    feed = api.post("/service-styles", {"name": "Feed"}).body
    care = api.post("/service-styles", {"name": "Care", "limits": [limit]}).body
    assert (feed["is_default"], care["limits"][0]["count"]) == (True, 3)
    rule = {"rule": {"source": {"any": ["parcel"]}}, "style_id": care["id"]}
    url = "/service-styles/rules"
    found = api.request("PUT", url, {"rules": [rule], "default_id": feed["id"]}).body
    assert (found["rules"][0]["members"], found["others"]) == (1, 0)
    wrong = {**rule, "rule": {"all": []}}
    body = {"rules": [wrong], "default_id": feed["id"]}
    refused = api.request("PUT", url, body)
    assert "a source, a layer, a group or a segment" in refused.body["detail"]
    mine = api.get(f"/members/{wang.pk}/service-style").body
    assert (mine["name"], mine["rule"]) == ("Care", rule["rule"])
    pressure = api.get(f"/members/{wang.pk}/contact-pressure").body["items"]
    assert pressure[0]["limit"]["count"] == 3
    none = api.patch(f"/service-styles/{care['id']}", {"limits": None}).body
    assert none["limits"] is None
    assert api.delete(f"/service-styles/{care['id']}").status == 409
