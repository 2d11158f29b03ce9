"""Identifiers of too many people, and how staff let them merge again."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import placeholders
from qunce.members.accounts.models import Identifier, Placeholder, SharedIdentifier
from qunce.members.people import people, shared_identifiers
from tests import clients, factories
from tests.clients import create_client
from tests.factories import LATER

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
PHONE = "13800138000"


@pytest.fixture
def shared(shop: Community) -> SharedIdentifier:
    shop.shared_identifier_limit = 2
    shop.save()
    for key in "abc":
        factories.member(shop, key, name=key.upper(), identifiers={"phone": PHONE})
    return SharedIdentifier.objects.get()


def people_of(shop: Community, key: str) -> list[str]:
    return [account.key for account in people.get(shop, key).accounts]


def leave_two(shop: Community) -> None:
    Identifier.objects.filter(account__key="c").delete()


def test_identifier_of_too_many_stays_marked(
    shop: Community, by: Staff, shared: SharedIdentifier
) -> None:
    with pytest.raises(shared_identifiers.StillShared, match="3 accounts"):
        shared_identifiers.unmark(shared=shared, by=by, at=LATER)
    assert SharedIdentifier.objects.count() == 1
    assert people_of(shop, "a") == ["a"]


def test_unmarked_identifier_merges_who_has_it(
    shop: Community, by: Staff, shared: SharedIdentifier
) -> None:
    leave_two(shop)
    joins = shared_identifiers.unmark(shared=shared, by=by, at=LATER)
    assert len(joins.merged) == 1
    assert people_of(shop, "a") == ["a", "b"]
    assert SharedIdentifier.objects.count() == 0
    with pytest.raises(shared_identifiers.SharedIdentifierNotFound):
        shared_identifiers.unmark(shared=shared, by=by, at=LATER)


def test_programs_list_and_unmark(shop: Community, shared: SharedIdentifier) -> None:
    api = create_client(shop)
    (row,) = api.list_all("/shared-identifiers", 1)
    assert (row["kind"], row["value"], row["accounts"]) == ("phone", PHONE, 3)
    one = f"/shared-identifiers/{row['id']}"
    refused = api.delete(one)
    assert (refused.status, refused.kind) == (409, "still-shared")
    leave_two(shop)
    assert create_client(shop, "operator").delete(one).status == 403
    assert api.delete(one).body == {"merged": 1}
    assert api.delete(one).status == 404


def test_programs_list_add_and_remove_placeholders(shop: Community) -> None:
    api = create_client(shop)
    added = api.post("/placeholders", {"text": "Nix"})
    assert (added.status, added.body["text"]) == (201, "nix")
    assert [row["text"] for row in api.list_all("/placeholders", 1)] == ["nix"]
    reader = placeholders.reader_of(shop)
    assert reader.normalise("phone", "NIX") is None
    assert create_client(shop, "operator").get("/placeholders").status == 403
    reading = create_client(shop, scopes=["members:read"])
    assert reading.post("/placeholders", {"text": "nil"}).kind == "missing-scope"
    assert api.delete(f"/placeholders/{added.body['id']}").status == 204
    assert not Placeholder.objects.exists()


def test_console_unmarks(shop: Community, by: Staff, shared: SharedIdentifier) -> None:
    browser = clients.browser(by)
    path = f"/settings/identity/shared/{shared.pk}/unmark/"
    assert f'action="{path}"' in browser.get("/settings/identity/").content.decode()
    refused: Any = browser.post(path)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.content.decode()
    leave_two(shop)
    assert browser.post(path).status_code == 303
    assert people_of(shop, "a") == ["a", "b"]
