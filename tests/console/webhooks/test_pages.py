"""X8: webhooks are made, tried, paused and looked at through their pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.console import desk
from tests.factories import AT

LIST = "/settings/webhooks/"
ABOUT = {
    "name": "<b>till</b>",
    "url": "https://example.com/hook",
    "kinds": ["order.paid", "member.joined"],
}


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager")


@pytest.fixture
def browser(by: Staff) -> Client:
    return desk.sit(by)


def page(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def hook(by: Staff) -> Endpoint:
    about = {"name": ABOUT["name"], "url": ABOUT["url"], "kinds": ABOUT["kinds"]}
    return endpoints.create(community=by.community, by=by, at=AT, **about)  # type: ignore[arg-type]


def test_an_empty_list_says_what_webhooks_are_for(browser: Client) -> None:
    assert "No webhooks yet" in page(browser, LIST)


def test_one_is_made_and_shown_safely(browser: Client) -> None:
    made_ = browser.post(f"{LIST}new/", ABOUT)
    assert made_.status_code == 303
    found = Endpoint.objects.get()
    assert set(found.kinds) == set(ABOUT["kinds"])
    for path in (LIST, made_["Location"]):
        told = page(browser, path)
        assert "&lt;b&gt;till&lt;/b&gt;" in told
        assert "<b>till" not in told
    assert found.secret not in page(browser, LIST)
    assert found.secret in page(browser, made_["Location"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://example.com"}, "must begin with https://"),
        ({"url": "nonsense"}, "Write an address like"),
        ({"kinds": []}, "This field is required"),
        ({"kinds": ["no.such_kind"]}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_does_not_fit_is_said_beside_what_was_typed(
    browser: Client, wrong: dict[str, object], said: str
) -> None:
    answer = browser.post(f"{LIST}new/", {**ABOUT, **wrong})
    assert answer.status_code == 422
    told = answer.content.decode()
    assert said in told
    if "kinds" not in wrong:
        assert re.search(r'value="order.paid" checked', told)
    assert not Endpoint.objects.exists()


def test_it_is_edited_paused_gone_on_with_and_removed(
    browser: Client, by: Staff
) -> None:
    found = hook(by)
    path = f"{LIST}{found.pk}/"
    assert 'value="member.joined" checked' in page(browser, f"{path}edit/")
    browser.post(f"{path}edit/", {**ABOUT, "name": "CRM", "kinds": ["order.paid"]})
    for deed, state in (("pause", "paused"), ("resume", "active")):
        assert browser.post(f"{path}{deed}/").status_code == 303
        found.refresh_from_db()
        assert (found.name, found.state) == ("CRM", state)
    before = found.secret
    browser.post(f"{path}secret/")
    found.refresh_from_db()
    assert found.secret != before
    assert browser.post(f"{path}delete/").status_code == 303
    assert browser.get(path).status_code == 404


def test_a_trial_is_in_the_log_and_can_be_sent_again(
    browser: Client, by: Staff
) -> None:
    found = hook(by)
    path = f"{LIST}{found.pk}/"
    browser.post(f"{path}test/")
    row = deliveries.Delivery.objects.get()
    assert "test" in page(browser, path)
    told = page(browser, f"{path}deliveries/{row.pk}/")
    assert "&quot;type&quot;: &quot;webhook.test&quot;" in told
    deliveries.Delivery.objects.update(
        state="failed",
        attempts=8,
        response_status=500,
        response_excerpt="<script>",
        attempted_at=AT,
    )
    told = page(browser, f"{path}deliveries/{row.pk}/")
    assert "&lt;script&gt;" in told
    browser.post(f"{path}deliveries/{row.pk}/retry/")
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)


def test_the_log_is_read_page_by_page_and_by_state(browser: Client, by: Staff) -> None:
    found = hook(by)
    for _each in range(60):
        deliveries.send_test(endpoint=found, by=by, at=AT)
    deliveries.Delivery.objects.filter(pk__lte=3).update(state="failed")
    path = f"{LIST}{found.pk}/"
    first = page(browser, path)
    assert first.count("/deliveries/") == 50
    rest = re.search(r'href="(\?before=\d+)"', first)
    assert rest
    assert page(browser, path + rest[1]).count("/deliveries/") == 10
    assert page(browser, f"{path}?state=failed").count("/deliveries/") == 3
    for odd in ("state=nope", "before=x", f"before={'9' * 30}"):
        assert "/deliveries/" in page(browser, f"{path}?{odd}")


def test_who_may_not_manage_or_sees_a_part_stays_out(
    shop: Community, by: Staff
) -> None:
    found = hook(by)
    clerk = desk.at(shop, "operator")
    part = factories.staff(shop, "manager", "part")
    part.scope = {"all": []}
    part.save(update_fields=["scope"])
    for visitor in (clerk, desk.sit(part)):
        for path in (LIST, f"{LIST}new/", f"{LIST}{found.pk}/"):
            assert visitor.get(path).status_code == 403
    stranger = desk.at(factories.community("elsewhere"), login="eve")
    assert stranger.get(f"{LIST}{found.pk}/").status_code == 404
