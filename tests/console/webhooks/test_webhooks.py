"""The pages of webhooks."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.factories import AT

LIST = "/settings/webhooks/"
FIELDS = {
    "name": "<b>till</b>",
    "url": "https://example.com/hook",
    "kinds": ["order.paid", "member.joined"],
}


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager")


@pytest.fixture
def browser(by: Staff) -> Client:
    return clients.browser(by)


def page(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def create_endpoint(by: Staff) -> Endpoint:
    return endpoints.create(community=by.community, by=by, at=AT, **FIELDS)  # type: ignore[arg-type]


def test_empty_list_explains_webhooks(browser: Client) -> None:
    assert "No webhooks yet" in page(browser, LIST)


def test_webhook_is_created_and_its_name_escaped(browser: Client) -> None:
    response = browser.post(f"{LIST}new/", FIELDS)
    assert response.status_code == 303
    endpoint = Endpoint.objects.get()
    assert set(endpoint.kinds) == set(FIELDS["kinds"])
    for path in (LIST, response["Location"]):
        text = page(browser, path)
        assert "&lt;b&gt;till&lt;/b&gt;" in text
        assert "<b>till" not in text
    assert endpoint.secret not in page(browser, LIST)
    assert endpoint.secret in page(browser, response["Location"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "http://example.com"}, "must begin with https://"),
        ({"url": "nonsense"}, "Write an address like"),
        ({"kinds": []}, "This field is required"),
        ({"kinds": ["no.such_kind"]}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_invalid_webhook_is_rejected_and_keeps_its_form(
    browser: Client, changes: dict[str, object], error: str
) -> None:
    answer = browser.post(f"{LIST}new/", {**FIELDS, **changes})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert error in text
    if "kinds" not in changes:
        assert re.search(r'value="order.paid" checked', text)
    assert not Endpoint.objects.exists()


def test_webhook_is_updated_paused_resumed_and_deleted(
    browser: Client, by: Staff
) -> None:
    endpoint = create_endpoint(by)
    path = f"{LIST}{endpoint.pk}/"
    assert 'value="member.joined" checked' in page(browser, f"{path}edit/")
    browser.post(f"{path}edit/", {**FIELDS, "name": "CRM", "kinds": ["order.paid"]})
    for action, state in (("pause", "paused"), ("resume", "active")):
        assert browser.post(f"{path}{action}/").status_code == 303
        endpoint.refresh_from_db()
        assert (endpoint.name, endpoint.state) == ("CRM", state)
    before = endpoint.secret
    browser.post(f"{path}secret/")
    endpoint.refresh_from_db()
    assert endpoint.secret != before
    assert browser.post(f"{path}delete/").status_code == 303
    assert browser.get(path).status_code == 404


def test_test_delivery_is_logged_and_retried(browser: Client, by: Staff) -> None:
    endpoint = create_endpoint(by)
    path = f"{LIST}{endpoint.pk}/"
    browser.post(f"{path}test/")
    row = deliveries.Delivery.objects.get()
    assert "test" in page(browser, path)
    text = page(browser, f"{path}deliveries/{row.pk}/")
    assert "&quot;type&quot;: &quot;webhook.test&quot;" in text
    deliveries.Delivery.objects.update(
        state="failed",
        attempts=8,
        response_status=500,
        response_excerpt="<script>",
        attempted_at=AT,
    )
    text = page(browser, f"{path}deliveries/{row.pk}/")
    assert "&lt;script&gt;" in text
    browser.post(f"{path}deliveries/{row.pk}/retry/")
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)


def test_log_is_paged_and_filtered_by_state(browser: Client, by: Staff) -> None:
    endpoint = create_endpoint(by)
    for _index in range(60):
        deliveries.send_test(endpoint=endpoint, by=by, at=AT)
    deliveries.Delivery.objects.filter(pk__lte=3).update(state="failed")
    path = f"{LIST}{endpoint.pk}/"
    first = page(browser, path)
    assert first.count("/deliveries/") == 50
    next_page = re.search(r'href="(\?before=\d+)"', first)
    assert next_page
    assert page(browser, path + next_page[1]).count("/deliveries/") == 10
    assert page(browser, f"{path}?state=failed").count("/deliveries/") == 3
    for odd in ("state=nope", "before=x", f"before={'9' * 30}"):
        assert "/deliveries/" in page(browser, f"{path}?{odd}")


def test_webhooks_need_permission_and_an_unscoped_user(
    shop: Community, by: Staff
) -> None:
    endpoint = create_endpoint(by)
    clerk = clients.browser(factories.staff(shop, "operator", "olga"))
    scoped = factories.staff(shop, "manager", "scoped")
    scoped.scope = {"all": []}
    scoped.save(update_fields=["scope"])
    for visitor in (clerk, clients.browser(scoped)):
        for path in (LIST, f"{LIST}new/", f"{LIST}{endpoint.pk}/"):
            assert visitor.get(path).status_code == 403
    assert clients.browser(by).get(f"{LIST}{endpoint.pk}/").status_code == 200
    stranger = clients.browser(
        factories.staff(factories.community("elsewhere"), login="eve")
    )
    assert stranger.get(f"{LIST}{endpoint.pk}/").status_code == 404
