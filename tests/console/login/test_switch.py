"""Switching between communities, and the banner of a simulated one."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from qunce.core.staff import linked_accounts, two_factor
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Staff:
    shop = factories.community("shop", name="Corner shop", language="en")
    return factories.staff(shop, login="ann")


@pytest.fixture
def ann_cafe(ann: Staff) -> Staff:
    cafe = factories.community("cafe", name="Café", language="en", is_simulated=True)
    other = factories.staff(cafe, login="ann-cafe")
    linked_accounts.link(first=ann, second=other, by=(ann, other), at=AT)
    ann.refresh_from_db()
    return other


def switch(browser: Any, to: Staff) -> Any:
    return browser.post(reverse("login:switch", args=[to.pk]))


def test_name_of_the_community_opens_the_others(ann: Staff, ann_cafe: Staff) -> None:
    page = clients.browser(ann).get("/").content.decode()
    assert reverse("login:switch", args=[ann_cafe.pk]) in page
    assert "Café" in page


def test_staff_of_one_community_are_offered_no_switch(ann: Staff) -> None:
    page = clients.browser(ann).get("/").content.decode()
    assert "Corner shop" in page
    assert "/switch/" not in page


def test_switch_signs_in_to_the_other_community(ann: Staff, ann_cafe: Staff) -> None:
    browser = clients.browser(ann)
    response = switch(browser, ann_cafe)
    assert (response.status_code, response["Location"]) == (303, "/")
    response = browser.get("/")
    assert response.wsgi_request.user == ann_cafe
    assert switch(browser, ann).status_code == 303
    assert browser.get("/").wsgi_request.user == ann


def test_switch_asks_for_the_code_of_the_other_account(
    ann: Staff, ann_cafe: Staff
) -> None:
    device = two_factor.pending_device(ann_cafe)
    device.confirmed = True
    device.save()
    browser = clients.browser(ann)
    response = switch(browser, ann_cafe)
    assert response["Location"] == reverse("login:code")
    assert browser.get("/").status_code == 302


def test_account_of_somebody_else_is_not_found(ann: Staff, ann_cafe: Staff) -> None:
    bea = factories.staff(ann_cafe.community, login="bea")
    browser = clients.browser(ann)
    assert switch(browser, bea).status_code == 404
    assert browser.get("/").wsgi_request.user == ann


def test_only_a_simulated_community_says_so(ann: Staff, ann_cafe: Staff) -> None:
    sentence = "This community is simulated"
    assert sentence in clients.browser(ann_cafe).get("/").content.decode()
    assert sentence not in clients.browser(ann).get("/").content.decode()


def test_person_links_and_unlinks_their_account_elsewhere(ann: Staff) -> None:
    cafe = factories.community("cafe", name="Café", language="en")
    other = factories.staff(cafe, login="ann-cafe")
    for staff in (ann, other):
        staff.set_password("quiet harbour at dawn")
        staff.save()
    browser, account = clients.browser(ann), reverse("settings:account")
    form = {"login": "ann-cafe", "password": "guess", "other_password": "guess"}
    refused = browser.post(reverse("settings:account-link"), form)
    assert refused.status_code == 422
    assert "incorrect" in refused.content.decode()
    form |= dict.fromkeys(("password", "other_password"), "quiet harbour at dawn")
    browser.post(reverse("settings:account-link"), form)
    assert "Café" in browser.get(account).content.decode()
    end = reverse("settings:account-unlink", args=[other.pk])
    assert browser.post(end).status_code == 303
    assert "/switch/" not in browser.get("/").content.decode()
    assert browser.post(end).status_code == 404
