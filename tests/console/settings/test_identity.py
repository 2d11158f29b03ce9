"""The page of how identifiers are read, and of people who were erased."""

from __future__ import annotations

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, placeholders, suppression
from qunce.members.people import people
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
PAGE = "/settings/identity/"


@pytest.fixture
def boss(shop: Community) -> Staff:
    return factories.staff(shop, "owner")


@pytest.fixture
def browser(boss: Staff) -> Client:
    return clients.browser(boss)


def text(browser: Client) -> str:
    answer = browser.get(PAGE)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(browser: Client, path: str, **data: object) -> int:
    return int(browser.post(PAGE + path, data).status_code)


def test_limit_is_changed(browser: Client, shop: Community) -> None:
    assert post(browser, "update/", shared_identifier_limit=3) == 303
    shop.refresh_from_db()
    assert (shop.region, shop.shared_identifier_limit) == ("CN", 3)
    assert post(browser, "update/", shared_identifier_limit=0) == 422


def test_placeholders_are_seen_added_and_deleted(
    browser: Client, shop: Community, boss: Staff
) -> None:
    assert "#n/a" in text(browser)
    assert "tbd" not in text(browser)
    assert post(browser, "placeholders/", text="TBD") == 303
    assert "tbd" in text(browser)
    with pytest.raises(accounts.InvalidAccount):
        accounts.create(community=shop, key="tbd", by=boss, at=AT)
    assert post(browser, "placeholders/", text="null") == 422
    (own,) = placeholders.list_own(shop)
    assert post(browser, f"placeholders/{own.pk}/delete/") == 303
    assert "tbd" not in text(browser)


def test_suppression_is_lifted(browser: Client, shop: Community, boss: Staff) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    people.erase(account=ann, by=boss, at=AT)
    assert "1 person who was erased" in text(browser)
    wrong = {"kind": "phone", "value": "13900139001"}
    assert post(browser, "suppression/lift/", **wrong) == 422
    right = {"kind": "phone", "value": "+86 138 0013 8001"}
    assert post(browser, "suppression/lift/", **right) == 303
    assert suppression.count(shop) == 0


def test_shared_identifiers_are_listed(browser: Client, shop: Community) -> None:
    assert "4008001234" not in text(browser)
    for n in range(6):
        factories.member(
            shop, f"k{n}", name=f"n{n}", identifiers={"phone": "4008001234"}
        )
    assert "4008001234" in text(browser)


def test_operators_do_not_see_the_page(shop: Community) -> None:
    olga = clients.browser(factories.staff(shop, "operator", "olga"))
    assert olga.get(PAGE).status_code == 403
    assert post(olga, "placeholders/", text="TBD") == 403


def test_staff_with_a_scope_neither_see_nor_change_it(
    shop: Community, boss: Staff
) -> None:
    member = factories.member(shop, "gone", identifiers={"phone": "13800006666"})
    people.erase(account=member, by=boss, at=AT)
    scope = {"members": {"keys": ["mine"]}}
    scoped = factories.staff(shop, "manager", "bea", scope=scope)
    client = clients.browser(scoped)
    assert client.get(PAGE).status_code == 403
    lift = {"kind": "phone", "value": "13800006666"}
    for path, data in (
        ("update/", {"region": "US", "shared_identifier_limit": "1000"}),
        ("placeholders/", {"text": "tbd"}),
        ("suppression/lift/", lift),
    ):
        assert post(client, path, **data) in (403, 422), path
    shop.refresh_from_db()
    assert shop.region == "CN"
    assert not placeholders.list_own(shop).exists()
    assert suppression.count(shop) == 1
