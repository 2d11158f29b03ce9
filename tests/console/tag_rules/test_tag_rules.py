"""K5, K6: tag rules in the console, through the API and on the command line."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.console.tag_rules import presenters
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import tag_rules
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tags import library
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.factories import AT
from tests.members.tag_rules.builders import active, catch_up, listed, post, tags_of

pytestmark = pytest.mark.django_db
ROOT = "/members/tag-rules/"
VIP = {"effect0-do": "add", "effect0-tag": "vip"}


def page(response: Any) -> str:
    return re.sub(r"\s+", " ", str(response.content.decode()))


def rule_form(rule: Any, **fields: Any) -> dict[str, Any]:
    return {"name": "Loyal", "rule": json.dumps(rule), "mode": "daily", **VIP, **fields}


def test_rule_on_members_is_built_tried_activated_and_undone(
    shop: Community, by: Staff
) -> None:
    client = clients.browser(by)
    assert "No tag rules yet" in page(client.get(ROOT))
    assert "A keyword in the chat" in page(client.get(f"{ROOT}new/"))
    (ann,) = factories.members(shop, "ann")
    factories.members(shop, "bob")
    factories.tag(shop, "vip")
    factories.apply_tag(shop, "loyal", ann)
    loyal = {"all": [{"tag": {"any": ["loyal"]}}]}
    address = f"{ROOT}new/rule/"
    opened = page(client.post(address, rule_form({"all": []}, do="add::tag")))
    assert "c-tags" in opened and 'value="Loyal"' in opened, "other fields stay"
    wrong = client.post(address, rule_form(loyal, **{"effect0-tag": ""}))
    assert wrong.status_code == 422
    assert "Choose what the rule does with which tag" in page(wrong)
    saved = client.post(address, rule_form(loyal, takes_back="on"), follow=True)
    assert "draft" in page(saved)
    rule = TagRule.objects.get()
    assert (rule.condition, rule.takes_back) == ({"rule": loyal}, True)
    at = f"{ROOT}{rule.pk}/"
    tried = page(client.get(f"{at}dry-run/"))
    assert "Get the tag" in tried and "ann" in tried and "bob" not in tried
    assert tags_of(ann) == {"loyal": 1}
    client.post(f"{at}activate/")
    ran = page(client.post(f"{at}run/", follow=True))
    assert "The rule ran: 1 tag given" in ran and "Run now" in ran
    assert tags_of(ann) == {"loyal": 1, "vip": 1}
    profile = page(client.get(f"/members/{ann}/"))
    assert "by rule “Loyal”" in profile
    assert "by rule “Loyal”" in page(client.get("/members/tags/batches/"))
    done = TagRuleRun.objects.get()
    assert "ann" in page(client.get(f"{ROOT}runs/{done.pk}/"))
    assert "ann" in page(client.get(f"{at}members/"))
    undone = page(client.post(f"{ROOT}runs/{done.pk}/undo/", follow=True))
    assert "Undone: 1 tag is as it was" in undone and "paused" in undone
    assert tags_of(ann) == {"loyal": 1}
    assert "Undone on" in page(client.get(f"{ROOT}runs/{done.pk}/"))
    client.post(f"{at}archive/")
    assert "Loyal" in page(client.get(f"{ROOT}?state=archived"))
    assert "Loyal" not in page(client.get(ROOT)).replace("archived", "")


def test_keyword_rule_shows_why_and_keeps_its_form(shop: Community, by: Staff) -> None:
    client = clients.browser(by)
    ann, _bob = factories.members(shop, "ann", "bob")
    tag = factories.tag(shop, "vip")
    library.set_levels(tag=tag, levels=[(1, "asked"), (3, "often")], by=by, at=AT)
    factories.group(shop, "north", ann, name="North")
    form = {
        "name": "<b>Price</b>",
        "words": "价格\nhow much\n",
        "how": "any",
        "effect0-do": "deepen",
        "effect0-tag": "vip",
        "effect0-depth": "1",
    }
    assert client.post(f"{ROOT}new/words/", form | {"words": ""}).status_code == 422
    client.post(f"{ROOT}new/words/", form)
    rule = TagRule.objects.get()
    event = {"kind": "message.posted", "words": {"any": ["价格", "how much"]}}
    assert rule.condition == {"event": event}
    post(shop, ann, "<i>价格</i>", datetime.now(UTC) - timedelta(days=1))
    deriver.catch_up()
    at = f"{ROOT}{rule.pk}/"
    tried = page(client.get(f"{at}dry-run/?days=90"))
    assert (
        "with “价格”" in tried and "&lt;b&gt;Price" in tried and "<b>Price" not in tried
    )
    edit = page(client.get(f"{at}edit/"))
    assert "价格" in edit and "how much" in edit
    client.post(f"{at}edit/", form | {"name": "Price", "groups": ["north"]})
    rule.refresh_from_db()
    assert rule.condition == {"event": event | {"where": {"group": ["north"]}}}
    client.post(f"{at}edit/", form | {"name": "Price"})
    client.post(f"{at}activate/", {"past_days": "90"})
    assert tags_of(ann) == {"vip": 1}
    assert "past events, on activation" in page(client.get(at))


def test_event_and_silence_forms_read_what_they_write(
    shop: Community, by: Staff
) -> None:
    client = clients.browser(by)
    factories.members(shop, "ann")
    factories.order(shop, "ann", at=AT)
    deriver.catch_up()
    factories.tag(shop, "vip")
    form = {"name": "Big", "event": "order.paid", "where": "amount >= 100", **VIP}
    wrong = client.post(f"{ROOT}new/event/", form | {"where": "amount"})
    assert wrong.status_code == 422 and "Write a field and its value" in page(wrong)
    client.post(f"{ROOT}new/event/", form)
    rule = TagRule.objects.get()
    where = {"amount": {"gte": 10_000}}
    assert rule.condition == {"event": {"kind": "order.paid", "where": where}}
    address = f"{ROOT}{rule.pk}/edit/"
    assert "amount &gt;= 100.00" in page(client.get(address))
    client.post(address, form | {"where": "currency = CNY, EUR\namount < 5.5"})
    rule.refresh_from_db()
    assert rule.condition["event"]["where"] == {
        "currency": ["CNY", "EUR"],
        "amount": {"lt": 550},
    }
    silent = {"name": "Silent", "kinds": ["order.paid"], "days": 30, "mode": "daily"}
    client.post(f"{ROOT}new/silence/", silent | VIP)
    found = TagRule.objects.get(name="Silent")
    assert found.condition == {"silence": {"kinds": ["order.paid"], "days": 30}}
    listed_rules = page(client.get(ROOT))
    assert "nothing of “paid an order” for 30 days" in listed_rules
    client.post(f"{ROOT}{found.pk}/move/", {"to": "earlier"})
    assert [r.name for r in TagRule.objects.order_by("position")] == ["Silent", "Big"]


def test_conflict_is_named_and_asks_for_confirmation(
    shop: Community, by: Staff
) -> None:
    client = clients.browser(by)
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "vip")
    active(shop, by, listed("ann"), "add vip", name="Keeping")
    client.post(f"{ROOT}new/rule/", rule_form({"all": []}, **{"effect0-do": "remove"}))
    rule = TagRule.objects.get(name="Loyal")
    at = f"{ROOT}{rule.pk}/"
    assert "“Keeping” does the opposite with “vip”" in page(client.get(at))
    refused = client.post(f"{at}activate/")
    assert refused.status_code == 422 and "Confirm to activate" in page(refused)
    client.post(f"{at}activate/", {"confirmed": "1"})
    rule.refresh_from_db()
    assert rule.state == "active"
    factories.apply_tag(shop, "vip", ann)
    client.post(f"{at}run/")
    done = TagRuleRun.objects.get(rule=rule)
    report = page(client.get(f"{ROOT}runs/{done.pk}/"))
    assert "Stay as they are" in report and "because of the rule “Keeping”" in report


def test_programs_write_try_run_and_undo(shop: Community, by: Staff) -> None:
    api = clients.ApiClient(clients.create_token(by))
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "vip")
    new = {
        "name": "Everyone",
        "condition": {"rule": {"all": []}},
        "effects": [{"do": "add", "tag": "vip"}],
        "mode": "daily",
    }
    assert api.post("/tag-rules", new | {"condition": {"rule": {"x": 1}}}).status == 422
    assert api.post("/tag-rules", new | {"mode": "event"}).status == 422
    rule = api.post("/tag-rules", new).body
    at = f"/tag-rules/{rule['id']}"
    assert (rule["state"], rule["problem"]) == ("draft", "")
    tried = api.get(f"{at}/dry-run").body
    assert tried["changes"][0] | {"reason": ""} == {
        "kind": "gained",
        "tag": "vip",
        "reason": "",
        "because_of_rule_id": None,
        "member_count": 1,
        "member_ids": [ann],
    }
    assert api.get(f"{at}/conflicts").body == {"items": []}
    assert api.post(f"{at}/runs").status == 409
    assert api.post(f"{at}/activate", {}).body["state"] == "active"
    done = api.post(f"{at}/runs").body
    assert (done["gained"], tags_of(ann)) == (1, {"vip": 1})
    detail = api.get(f"/tag-rule-runs/{done['id']}").body
    assert detail["changes"][0]["member_ids"] == [ann]
    undone = api.post(f"/tag-rule-runs/{done['id']}/undo").body
    assert (undone["undone_at"] is not None, tags_of(ann)) == (True, {})
    assert api.post(f"/tag-rule-runs/{done['id']}/undo").status == 409
    assert api.get(at).body["state"] == "paused"
    assert api.patch(at, {"name": "All"}).body["name"] == "All"
    assert api.post(f"{at}/archive").body["state"] == "archived"
    assert api.get("/tag-rules").body["items"] == []
    assert api.delete(f"{at}/archive").body["state"] == "paused"
    assert len(api.get(f"{at}/runs").body["items"]) == 1
    assert api.post(f"{at}/move", {"to": "later"}).status == 200
    scoped = factories.staff(shop, "manager", "max", groups=["north"])
    refused = clients.ApiClient(clients.create_token(scoped))
    assert refused.get("/tag-rules").status == 403


def test_event_rule_of_a_past_day_is_listed(shop: Community, by: Staff) -> None:
    client = clients.browser(by)
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "vip")
    event = {"event": {"kind": "order.paid"}}
    rule = active(shop, by, event, "add vip", name="Buyers")
    factories.order(shop, ann, at=AT)
    catch_up(AT)
    shown = page(client.get(f"{ROOT}{rule.pk}/"))
    assert "events of the day" in shown and "1 tag given" in shown


def test_keywords_that_are_contacts_are_dots_for_some(
    shop: Community, by: Staff
) -> None:
    factories.tag(shop, "vip")
    (ann,) = factories.members(shop, "ann")
    post(shop, ann, "hello", AT)
    words = {"any": ["+4915112345678", "discount"]}
    tag_rules.create(
        community=shop,
        name="Asks",
        condition={"event": {"kind": "message.posted", "words": words}},
        effects=[{"do": "add", "tag": "vip"}],
        mode="event",
        by=by,
        at=AT,
    )
    (rule,) = TagRule.objects.all()
    assert "4915112345678" in page(clients.browser(by).get(ROOT))
    viewer = factories.staff(shop, "viewer", "vic")
    for who, is_shown in ((by, True), (viewer, False)):
        text = presenters.sentence_of(rule, who)
        assert "discount" in text
        assert ("4915112345678" in text) == is_shown
