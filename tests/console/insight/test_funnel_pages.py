"""Pages of funnels: builder, result, break-down, people and files."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight.funnels import funnels
from qunce.insight.funnels.models import Funnel
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
STEPS = [{"kind": "checkin.done"}, {"kind": "message.posted"}]
DEFINITION: dict[str, Any] = {
    "steps": STEPS,
    "order": "strict",
    "within": "7d",
    "during": {"within": "90d"},
}


@pytest.fixture
def shop() -> Community:
    now = datetime.now(UTC)
    shop = factories.community(timezone="UTC", language="en", at=now - 60 * DAY)
    people = factories.members(
        shop,
        *(f"m{n:02}" for n in range(40)),
        joined_at=now - 50 * DAY,
        at=now,
        source="parcel",
    )
    rows = [("checkin.done", person, 30 * DAY) for person in people]
    rows += [("message.posted", person, 28 * DAY) for person in people[:30]]
    ingest.record_facts(
        community=shop,
        incoming=[
            IncomingFact(kind=kind, account=person, happened_at=now - ago)
            for kind, person, ago in rows
        ],
        by=staff_models.system(shop),
        at=now,
    )
    deriver.catch_up()
    return shop


@pytest.fixture
def funnel(shop: Community, by: Staff) -> Funnel:
    return funnels.create(
        community=shop,
        name="<b>Visit</b>",
        definition=DEFINITION,
        by=by,
        at=factories.AT,
    )


def visible(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


FORM = {
    "name": "Visit",
    "kind0": "checkin.done",
    "kind1": "message.posted",
    "order": "strict",
    "total": "7",
    "unit": "d",
    "when": "within",
    "span": "90",
}


def test_builder_previews_and_saves(shop: Community, by: Staff) -> None:
    """C4"""
    browser = clients.browser(by)
    page = visible(browser.get("/insight/funnels/new/").content.decode())
    assert "Step 1" in page
    shown = browser.post("/insight/funnels/new/", {**FORM, "preview": "1"})
    text = visible(shown.content.decode())
    assert "2. wrote a message 30 75.0 % 75.0 % 2.0 days" in text
    assert not Funnel.objects.exists()
    saved = browser.post("/insight/funnels/new/", FORM)
    funnel = Funnel.objects.get()
    assert saved.headers["Location"] == f"/insight/funnels/{funnel.pk}/"
    assert funnel.definition == DEFINITION
    assert "Visit" in visible(browser.get("/insight/funnels/").content.decode())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "1 to 80 characters"),
        ({"kind1": ""}, "This field is required"),
        ({"span": ""}, "Fill in this field"),
        ({"order": "loose", "kind1": "checkin.done"}, "Two steps are the same"),
        ({"field1": "text", "kind1": "x"}, "Select a valid choice"),
    ],
)
def test_builder_refuses_what_is_no_funnel(
    shop: Community, by: Staff, change: dict[str, str], sentence: str
) -> None:
    answer = clients.browser(by).post("/insight/funnels/new/", {**FORM, **change})
    assert answer.status_code == 422
    assert sentence in visible(answer.content.decode())
    assert not Funnel.objects.exists()


def test_result_links_to_the_people(shop: Community, by: Staff, funnel: Funnel) -> None:
    browser = clients.browser(by)
    page = browser.get(f"/insight/funnels/{funnel.pk}/", {"by": "source"})
    content = page.content.decode()
    assert "<b>Visit</b>" not in content
    text = visible(content)
    assert "<b>Visit</b>" in text
    assert "1. checkin.done Portrait 40 100.0 % – – 10" in text
    assert "parcel 40 30 75.0 %" in text
    links = re.findall(r'href="(/members/segments/new/\?rule=[^"]+)"', content)
    sizes = [
        audiences.count(
            community=shop,
            rule=json.loads(parse_qs(urlsplit(html.unescape(link)).query)["rule"][0]),
            by=by,
            at=datetime.now(UTC),
        )
        for link in links
    ]
    assert sizes == [40, 10, 30]
    (link,) = re.findall(r'href="(/insight/funnels/\d+/steps/2/[^"]+)"', content)
    assert "30 members" in visible(browser.get(html.unescape(link)).content.decode())
    gone = browser.get(f"/insight/funnels/{funnel.pk}/steps/1/", {"dropped": "1"})
    assert "10 members" in visible(gone.content.decode())
    table = browser.get(f"/insight/funnels/{funnel.pk}/", {"as": "csv"})
    assert "wrote a message,30,75.0,0,2.0 days" in table.content.decode()
    svg = browser.get(f"/insight/funnels/{funnel.pk}/", {"as": "svg"})
    assert b"wrote a message" in svg.content


def test_edit_keeps_what_the_form_has_no_field_for(
    shop: Community, by: Staff, funnel: Funnel
) -> None:
    factories.group(shop, "north", "m01")
    definition: dict[str, Any] = {
        "steps": [
            {"kind": "checkin.done", "where": {"group": ["north"]}, "hours": [8, 20]},
            {"kind": "order.paid", "where": {"amount": {"gte": 5000}}},
            {"kind": "order.paid", "where": {"amount": {"gte": 1, "lte": 9}}},
        ],
        "order": "strict",
        "within": "36h",
        "during": {"before": "2026-01-01"},
    }
    factories.order(shop, "m01", 100, datetime.now(UTC) - DAY)
    funnels.update(funnel=funnel, definition=definition, by=by, at=factories.AT)
    browser = clients.browser(by)
    page = browser.get(f"/insight/funnels/{funnel.pk}/edit/").content.decode()
    assert 'value="50.00"' in page
    form = dict(
        re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
    ) | dict(
        re.findall(
            r'<select name="(\w+)".*?<option value="([^"]*)" selected', page, re.S
        )
    )
    form = {name: html.unescape(text) for name, text in form.items()}
    browser.post(f"/insight/funnels/{funnel.pk}/edit/", {**form, "name": "Renamed"})
    funnel.refresh_from_db()
    assert funnel.name == "Renamed"
    assert funnel.definition == definition


def test_step_has_several_conditions(shop: Community, by: Staff) -> None:
    """C4"""
    factories.order(shop, "m01", 100, datetime.now(UTC) - DAY)
    browser = clients.browser(by)
    limits = {
        **FORM,
        "kind1": "order.paid",
        **{"field1": "amount", "sign1": "gte", "value1": "50"},
        **{"field1_1": "amount", "sign1_1": "lte", "value1_1": "90"},
        **{"field1_2": "currency", "sign1_2": "in", "value1_2": "CNY, USD"},
    }
    shown = browser.post("/insight/funnels/new/", {**limits, "preview": "1"})
    page = shown.content.decode()
    assert 'name="field1_3"' in page
    assert 'name="field1_4"' not in page
    twice = browser.post("/insight/funnels/new/", {**limits, "sign1_1": "gte"})
    assert twice.status_code == 422
    assert "two conditions that do not go together" in visible(twice.content.decode())
    browser.post("/insight/funnels/new/", limits)
    assert Funnel.objects.get().definition["steps"][1]["where"] == {
        "amount": {"gte": 5000, "lte": 9000},
        "currency": ["CNY", "USD"],
    }


def test_archive_and_restore(shop: Community, by: Staff, funnel: Funnel) -> None:
    browser = clients.browser(by)
    browser.post(f"/insight/funnels/{funnel.pk}/archive/")
    funnel.refresh_from_db()
    assert funnel.state == "archived"
    archived = browser.get("/insight/funnels/", {"state": "archived"})
    assert "<b>Visit</b>" in visible(archived.content.decode())
    browser.post(f"/insight/funnels/{funnel.pk}/restore/")
    funnel.refresh_from_db()
    assert funnel.state == "active"
    viewer = clients.browser(factories.staff(shop, "viewer", login="viv"))
    assert viewer.get(f"/insight/funnels/{funnel.pk}/").status_code == 200
    assert viewer.post(f"/insight/funnels/{funnel.pk}/archive/").status_code == 403


def test_template_starts_the_builder(shop: Community, by: Staff) -> None:
    browser = clients.browser(by)
    page = visible(browser.get("/insight/funnels/").content.decode())
    assert "AIDMA: from attention to action" in page
    built = browser.get("/insight/funnels/new/", {"template": "aidma"})
    assert "Step 5" in visible(built.content.decode())
