"""Signing in with the sign-in service of the organisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from joserfc.jwk import RSAKey

from qunce.console.login import provider as provider_module
from qunce.core import errors, permissions
from qunce.core.staff import linked_accounts, provider_accounts, staff
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from tests import factories
from tests.clients import browser as signed_in
from tests.console.login import provider_server
from tests.console.login.provider_server import Provider
from tests.factories import AT

pytestmark = pytest.mark.django_db
PERSON = {"sub": "u-1", "email": "Ann@Shop.example", "email_verified": True}
LEADS = {"shop-leads": "manager", "shop": "operator"}


@pytest.fixture
def ann() -> Staff:
    return staff_models.create(
        community=factories.community("shop", language="en"),
        login="ann@shop.example",
        role=permissions.Role.OWNER,
        at=AT,
        password="correct horse battery",
    )


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with provider_server.serve(PERSON | {"name": "Ann Li"}) as started:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = started.issuer, "qunce"
        settings.OIDC_NAME = "Shop Login"
        yield started
    provider_module._client.cache_clear()


@pytest.fixture
def browser() -> Client:
    return Client(headers={"accept-language": "en"})


def sign_in(browser: Client, provider: Provider, next_url: str = "") -> Any:
    begun = browser.get("/sign-in/provider/", {"next": next_url})
    assert begun.status_code == 302, begun.content.decode()
    return browser.get(
        "/sign-in/provider/return/", provider.authorize(begun["Location"])
    )


def test_staff_sign_in_with_the_service_and_return_to_the_page(
    ann: Staff, provider: Provider, browser: Client
) -> None:
    page = browser.get("/sign-in/?next=/members/").content.decode()
    assert 'href="/sign-in/provider/?next=/members/"' in page
    assert "Sign in with Shop Login" in page
    response = sign_in(browser, provider, "/settings/")
    assert (response.status_code, response["Location"]) == (303, "/settings/")
    assert "ann@shop.example" in browser.get("/settings/").content.decode()
    # Linked by its subject now: another address changes nothing.
    provider.person["email"] = "ann.li@shop.example"
    assert sign_in(Client(), provider).status_code == 303
    assert ann.provider_accounts.get().subject == "u-1"
    linked = factories.recorded_facts(ann.community, "staff.provider_account_linked")
    assert len(linked) == 1


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"email_verified": False}, "has not verified your e-mail address"),
        ({"email_verified": "true"}, "has not verified your e-mail address"),
        ({"email": ""}, "the claim “email” is missing"),
        ({"email": ["ann@shop.example"]}, "the claim “email” is missing"),
        ({"email": "bob@shop.example"}, "no staff member with the login"),
        ({"email": "system@shop"}, "no staff member with the login"),
        ({"nonce": "other"}, "Signing in with Shop Login failed"),
        ({"aud": "another"}, "Signing in with Shop Login failed"),
        ({"iss": "https://evil.example"}, "Signing in with Shop Login failed"),
        ({"exp": 1_000_000}, "Signing in with Shop Login failed"),
    ],
)
def test_claims_that_do_not_count_are_refused(
    ann: Staff,
    provider: Provider,
    browser: Client,
    spoiled: dict[str, Any],
    sentence: str,
) -> None:
    staff_models.system(ann.community)
    provider.spoiled = spoiled
    response = sign_in(browser, provider)
    assert sentence in response.content.decode()
    assert browser.get("/settings/").status_code == 302
    provider.spoiled = {}
    assert sign_in(browser, provider).status_code == 303


def test_answers_that_the_service_did_not_give_are_refused(
    ann: Staff, provider: Provider, browser: Client
) -> None:
    failed = "Signing in with Shop Login failed"
    begun = browser.get("/sign-in/provider/")
    answer = provider.authorize(begun["Location"])
    # Not begun in this browser, tampered with, signed by somebody else, used twice.
    for client, changes in (
        (Client(headers={"accept-language": "en"}), {}),
        (browser, {"state": "x"}),
    ):
        response = client.get("/sign-in/provider/return/", answer | changes)
        assert failed in response.content.decode()
    provider.other_key = RSAKey.generate_key(2048, {"kid": "1"})
    assert failed in sign_in(browser, provider).content.decode()
    provider.other_key = None
    begun = browser.get("/sign-in/provider/")
    answer = provider.authorize(begun["Location"])
    assert browser.get("/sign-in/provider/return/", answer).status_code == 303
    again = browser.get("/sign-in/provider/return/", answer)
    assert failed in again.content.decode()
    provider.is_down = True
    provider_module._client.cache_clear()
    page = browser.get("/sign-in/provider/").content.decode()
    assert failed in page
    assert 'name="password"' in page


@pytest.mark.parametrize(
    "login", ["ann@shop.example\0", "ann\ud800@shop.example", "ann@\u017fhop.example"]
)
def test_logins_that_only_look_the_same_are_not_theirs(
    ann: Staff, settings: Any, login: str
) -> None:
    settings.OIDC_ISSUER, settings.OIDC_LOGIN_CLAIM = "https://id.example", "login"
    answer = {"sub": "u-2", "login": login, "email": "\0", "email_verified": True}
    with pytest.raises(errors.Refused):
        provider_accounts.sign_in(provider_module.parse_claims(answer), at=AT)
    same = provider_accounts.Claims(
        issuer="i", subject="u-2", login="ann@\u017fhop.example"
    )
    # What a database that knows both as one letter would find.
    assert not provider_accounts._is_same(ann.login, same)


def test_second_factor_of_the_service_counts_and_its_password_alone_does_not(
    ann: Staff, provider: Provider, browser: Client
) -> None:
    ann.community.two_factor_required = True
    ann.community.save()
    assert sign_in(browser, provider)["Location"] == "/sign-in/two-factor/"
    assert browser.get("/settings/").status_code == 302
    provider.person["amr"] = ["pwd", "otp"]
    assert sign_in(browser, provider)["Location"] == "/"
    assert browser.get("/settings/").status_code == 200


def test_people_with_a_role_there_become_staff_and_their_role_follows(
    ann: Staff, provider: Provider, browser: Client, settings: Any
) -> None:
    settings.OIDC_ROLES, settings.OIDC_COMMUNITY = LEADS, "shop"
    provider.person |= {"sub": "u-2", "email": "bob@shop.example", "name": "Bob"}
    provider.person["groups"] = ["all", "shop", "shop-leads"]
    assert sign_in(browser, provider).status_code == 303
    bob = Staff.objects.get(login="bob@shop.example")
    assert (bob.role, bob.name, bob.email) == ("manager", "Bob", "bob@shop.example")
    assert not bob.has_usable_password()
    provider.person["groups"] = "shop"
    sign_in(Client(), provider)
    bob.refresh_from_db()
    assert bob.role == "operator"
    provider.person["groups"] = []
    page = sign_in(Client(headers={"accept-language": "en"}), provider)
    assert "has no role for Qunce any more" in page.content.decode()
    # Staff who were added by a person keep the role that they were given.
    provider.person |= PERSON
    assert sign_in(Client(), provider).status_code == 303
    ann.refresh_from_db()
    assert ann.role == "owner"


def test_deactivated_staff_are_refused_and_unlinked_ones_can_be_linked_again(
    ann: Staff, provider: Provider, browser: Client
) -> None:
    bob = staff_models.create(
        community=ann.community, login="bob@shop.example", role="operator", at=AT
    )
    provider.person |= {"sub": "u-2", "email": "bob@shop.example"}
    sign_in(browser, provider)
    staff.deactivate(staff=bob, by=ann, at=AT)
    assert "is deactivated" in sign_in(browser, provider).content.decode()
    staff.reactivate(staff=bob, by=ann, at=AT)
    provider.person["sub"] = "u-3"
    assert "linked with another account" in sign_in(browser, provider).content.decode()
    with pytest.raises(permissions.NotAllowed):
        provider_accounts.unlink(staff=ann, by=bob, at=AT)
    page = signed_in(ann)
    action = f"/settings/staff/{bob.pk}/provider/"
    assert action in page.get(f"/settings/staff/{bob.pk}/").content.decode()
    page.post(action)
    assert action not in page.get(f"/settings/staff/{bob.pk}/").content.decode()
    assert sign_in(browser, provider).status_code == 303
    with pytest.raises(provider_accounts.ProviderAccountNotFound):
        provider_accounts.unlink(staff=ann, by=ann, at=AT)


def test_who_gives_staff_a_new_login_does_not_reach_their_other_communities(
    ann: Staff, provider: Provider
) -> None:
    other = factories.staff(factories.community("cafe"), login="ann-cafe")
    boss = factories.staff(ann.community, login="boss")
    boss.role = permissions.Role.OWNER
    boss.save()
    linked_accounts.link(first=ann, second=other, by=(boss, other), at=AT)
    staff.update(staff=ann, by=ann, at=AT, login="ann@shop.example.org")
    assert linked_accounts.list_others(ann) == [other]
    staff.update(staff=ann, by=boss, at=AT, login="boss2@shop.example")
    ann.refresh_from_db()
    assert linked_accounts.list_others(ann) == []


def test_without_a_service_nothing_offers_it(ann: Staff, browser: Client) -> None:
    assert "provider" not in browser.get("/sign-in/").content.decode()
    for path in ("/sign-in/provider/", "/sign-in/provider/return/"):
        assert browser.get(path).status_code == 404
