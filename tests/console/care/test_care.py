"""E14: care in the console, through the API and on the command line, without a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.members.attributes import attributes
from qunce.members.segments import segments
from qunce.outreach.care import days, rules
from qunce.outreach.care.models import CareOccasion, CareRule
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.factories import AT
from tests.outreach.care.test_care import NINE

pytestmark = pytest.mark.django_db
FORM: dict[str, Any] = {
    "name": "Birthday wish",
    "attributes": ["born"],
    "audience": "all",
    "time": "09:00",
    "clock": "community",
    "late_hours": 12,
    "action": "message",
    "text": "Hello {name|you}",
    "channel": "assisted",
    "purpose": "marketing",
    "priority": 20,
    "amount": "3.00",
}


def page(response: Any) -> str:
    return str(response.content.decode())


def test_rule_is_written_switched_on_and_shows_what_came_of_it(shop: Community) -> None:
    owner = factories.staff(shop, name="Ann")
    client = clients.browser(owner)
    bob = factories.member(shop, "bob", name="Bob").pk
    attribute = attributes.define(
        community=shop, name="born", label="Born", type="date", by=owner, at=AT
    )
    attributes.set_values(
        attribute=attribute, values={bob: "1990-03-06"}, by=owner, at=AT
    )
    assert "Surprise" in page(client.get("/outreach/care/new/"))
    wrong = client.post("/outreach/care/new/birthday/", FORM | {"amount": "3.001"})
    assert wrong.status_code == 422 and "decimals" in page(wrong)
    client.post("/outreach/care/new/birthday/", FORM | {"staff": owner.pk})
    rule = CareRule.objects.get()
    assert (rule.amount, rule.minute) == (300, 540)
    at = f"/outreach/care/{rule.pk}/"
    seen = {"digest": client.get(at).context["digest"]}
    refused = client.post(f"{at}start/", seen)
    assert refused.status_code == 422 and "Set the budget of care" in page(refused)
    assert "not an amount" in page(
        client.post("/outreach/care/budget/", {"amount": "x"})
    )
    client.post("/outreach/care/budget/", {"amount": "5"})
    client.post(f"{at}start/", seen)
    rule.refresh_from_db()
    assert rule.is_on
    edited = FORM | {"staff": owner.pk, "name": "Wish", "time": "09:30"}
    client.post(f"{at}edit/", edited)
    assert 'value="09:30"' in page(client.get(f"{at}edit/"))
    CareRule.objects.update(started_at=AT, polled_until=AT, minute=540)
    days.poll_all(at=NINE)
    shown = page(client.get(at))
    assert "Hello {name|you}" in shown and "Bob" in shown and "3.00" in shown
    assert "3.00 of 5.00 are reserved, 2.00 are left." not in page(
        client.get("/outreach/care/")
    )
    assert "Next occasions" in page(client.get(f"/members/{bob}/"))
    occasion = CareOccasion.objects.get()
    client.post(f"/outreach/care/occasions/{occasion.pk}/release/")
    occasion.refresh_from_db()
    assert (occasion.state, occasion.amount) == ("released", 0)
    client.post(f"{at}stop/")
    client.post(f"{at}archive/")
    assert "Wish" in page(client.get("/outreach/care/?state=archived"))
    assert "Wish" not in page(client.get("/outreach/care/"))


def test_only_the_rule_that_the_page_showed_is_switched_on(shop: Community) -> None:
    owner = factories.staff(shop, name="Ann")
    client = clients.browser(owner)
    today = datetime.now(UTC)
    factories.member(shop, "bob", name="Bob", joined_at=today - timedelta(days=97))
    vips = factories.segment(shop, "vips", {"all": []}, name="VIPs")
    fields: dict[str, Any] = {
        "name": "A hundred days",
        "occasion": {"on": "joined", "unit": "days", "numbers": [100]},
        "audience": {"segment": {"any": ["vips"]}},
        "text": "Thank you",
        "staff": owner,
    }
    rule = rules.create(community=shop, by=owner, at=AT, **fields)
    deriver.catch_up()
    at = f"/outreach/care/{rule.pk}/"

    def start(address: str = f"{at}start/", **data: str) -> str:
        return page(client.post(address, data, follow=True))

    def is_on() -> bool:
        rule.refresh_from_db()
        return rule.is_on

    first = client.get(at)
    assert "If it is switched on now:" in page(first)
    assert [day.count for day in first.context["coming"]] == [1]
    assert "differs from what the review showed" in start()
    shown = first.context["digest"]
    segments.update(segment=vips, rule={"any": []}, by=owner, at=AT)
    assert "differs from what the review showed" in start(digest=shown)
    assert not is_on()
    again = client.get(at)
    assert "Nobody has an occasion." in page(again)
    assert "is on from now on" in start(digest=again.context["digest"])
    assert is_on()
    # Undoing a stop switches on what was on before, and nothing else.
    stopped = page(client.post(f"{at}stop/", follow=True))
    undo = re.findall(r'action="([^"]+start/\?digest=\w+)"', stopped)[0]
    rules.update(rule=rule, text="Buy now", by=owner, at=AT)
    assert "differs from what the review showed" in start(undo)
    rules.update(rule=rule, text="Thank you", by=owner, at=AT)
    start(undo)
    assert is_on()


def test_programs_write_rules_and_read_what_comes(shop: Community) -> None:
    owner = factories.staff(shop, name="Ann")
    api = clients.ApiClient(clients.create_token(owner))
    factories.member(shop, "bob", name="Bob")
    rule = {
        "name": "Festival",
        "occasion": {"on": "festival", "days": {"festivals": ["spring_festival"]}},
        "text": "Good luck",
        "staff_id": owner.pk,
    }
    assert api.post("/care/rules", rule | {"occasion": {"on": "x"}}).status == 422
    created = api.post("/care/rules", rule).body
    assert (
        api.patch(f"/care/rules/{created['id']}", {"minute": 600}).body["minute"] == 600
    )
    assert api.post(f"/care/rules/{created['id']}/start").body["is_on"]
    assert api.get("/care/coming?days=90").status == 200
    assert api.request("PUT", "/care/budget", {"amount": 900}).body["left"] == 900
    assert api.get(f"/care/rules/{created['id']}/results").body["planned"] == 0
