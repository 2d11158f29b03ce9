"""The walk of a campaign with variants: form, review, approval by a second person, result."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from qunce.console.today import items
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import approvals
from qunce.outreach.campaigns.campaigns import Campaign
from tests import factories
from tests.clients import browser
from tests.factories import AT


def url(name: str, *args: object) -> str:
    return reverse(f"outreach:{name}", args=args)


def form(by: Staff, **fields: str) -> dict[str, str]:
    return {
        "name": "Evening offer",
        "target": "members",
        "audience": "all",
        "text": "Hello {name|friend}",
        "staff": str(by.pk),
        "purpose": "marketing",
        "priority": "20",
        "hold_out": "",
        "rate_per_hour": "",
        "variants-TOTAL_FORMS": "2",
        "variants-INITIAL_FORMS": "0",
        "variants-0-name": "VIP",
        "variants-0-audience": "segment:vip",
        "variants-0-text": "For you, {name|friend}",
        "variants-1-name": "",
    } | fields


@pytest.fixture
def lan(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "lan", name="Lan")


def test_campaign_with_variants_is_submitted_approved_and_started(
    shop: Community, lan: Staff
) -> None:
    boss = factories.staff(shop, "manager", "boss", name="Boss")
    approvals.set_from_size(community=shop, from_size=1, by=boss, at=AT)
    factories.named_members(shop, "ann", "bob")
    factories.segment(shop, "vip", {"members": {"keys": ["ann"]}})
    writer, manager = browser(lan), browser(boss)
    wrong = writer.post(url("campaign-create"), form(lan, **{"variants-0-text": ""}))
    assert "Write the text to send." in wrong.content.decode()
    assert writer.post(url("campaign-create"), form(lan)).status_code == 303
    campaign = Campaign.objects.get()
    review = writer.get(url("campaign-review", campaign.pk)).content.decode()
    assert "So many recipients need the approval of a second person." in review
    assert "For you, Ann" in review
    assert "Hello Bob" in review
    writer.post(url("campaign-submit", campaign.pk))
    shown = writer.get(url("campaign-review", campaign.pk)).content.decode()
    assert "Waiting for the approval of a second person." in shown
    assert "Approve for" not in shown
    page = manager.get(url("campaign-review", campaign.pk)).content.decode()
    assert "Approve for 2" in page
    stale = manager.post(url("campaign-approve", campaign.pk), {"digest": "old"})
    assert "has changed since you opened it" in stale.content.decode()
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    manager.post(url("campaign-approve", campaign.pk), {"digest": digest})
    detail = writer.get(url("campaign-detail", campaign.pk)).content.decode()
    assert "Approved by Boss" in detail
    assert "“Evening offer” is approved and waits for you to start it" in today(writer)
    start(writer, campaign)
    assert "waits for you to start it" not in today(writer)
    result = writer.get(url("campaign-detail", campaign.pk)).content.decode()
    assert "ordered within 7 days" in result
    assert "By variant" in result


def today(client: Client) -> str:
    return client.get("/").content.decode()


def test_review_names_those_who_may_approve(shop: Community, lan: Staff) -> None:
    factories.named_members(shop, "ann")
    campaign = factories.campaign(lan)
    nobody = "Nobody else may approve this campaign."
    factories.staff(shop, "manager", "scoped", name="Scoped", scope={"all": []})
    factories.staff(shop, "operator", "wang", name="Wang")
    alone = browser(lan).get(url("campaign-review", campaign.pk)).content.decode()
    assert nobody in alone
    factories.staff(shop, "manager", "boss", name="Boss")
    for _ in ("draft", "submitted"):
        page = browser(lan).get(url("campaign-review", campaign.pk)).content.decode()
        assert "Can be approved by: Boss<" in page
        assert nobody not in page
        browser(lan).post(url("campaign-submit", campaign.pk))


def test_approval_without_a_time_says_who_starts(shop: Community, lan: Staff) -> None:
    boss = factories.staff(shop, "manager", "boss", name="Boss")
    factories.named_members(shop, "ann")
    campaign = factories.campaign(lan)
    browser(lan).post(url("campaign-submit", campaign.pk))
    page = browser(boss).get(url("campaign-review", campaign.pk)).content.decode()
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    manager = browser(boss)
    manager.post(url("campaign-approve", campaign.pk), {"digest": digest})
    answer = manager.get(url("campaign-detail", campaign.pk)).content.decode()
    assert "Approved. Lan has to start it." in answer


def start(client: Client, campaign: Campaign) -> None:
    answer = client.post(url("campaign-start", campaign.pk), {"expected": "2"})
    assert answer.status_code == 303
    campaign.refresh_from_db()
    assert campaign.state == "sending"


def test_rejected_campaign_says_what_to_change(shop: Community, lan: Staff) -> None:
    boss = factories.staff(shop, "manager", "boss", name="Boss")
    factories.named_members(shop, "ann")
    campaign = factories.campaign(lan)
    browser(lan).post(url("campaign-submit", campaign.pk), {"send_at": ""})
    browser(boss).post(url("campaign-reject", campaign.pk), {"note": "Too pushy"})
    page = browser(lan).get(url("campaign-detail", campaign.pk)).content.decode()
    assert "Too pushy" in page
    waiting = today(browser(lan))
    assert "was rejected" in waiting and "Too pushy" in waiting
    assert "rejected" in page


def test_second_rejection_is_shown_although_the_first_was_snoozed(
    shop: Community, lan: Staff
) -> None:
    boss = factories.staff(shop, "manager", "boss", name="Boss")
    factories.named_members(shop, "ann")
    campaign = factories.campaign(lan)
    for note in ("Too pushy", "Too long"):
        browser(lan).post(url("campaign-submit", campaign.pk), {"send_at": ""})
        browser(boss).post(url("campaign-reject", campaign.pk), {"note": note})
        assert note in today(browser(lan))
        (item,) = items.list_items(lan, at=datetime.now(UTC))
        browser(lan).post("/today/snooze/", {"key": item.key, "span": "tomorrow"})
        assert note not in today(browser(lan))
