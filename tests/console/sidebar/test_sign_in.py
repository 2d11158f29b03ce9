"""Personal links, sign-in codes and settings of member pages in the console."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.members.personal_links import devices, links, portal_settings
from qunce.members.personal_links.models import LinkBinding
from tests import factories
from tests.clients import browser
from tests.portal.phones import Phone


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name="李雷").pk


@pytest.fixture
def ann(shop: Community) -> Client:
    return browser(factories.staff(shop, "operator", "ann"))


def post(client: Client, li: int, action: str, **data: str) -> str:
    url = f"/sidebar/members/{li}/{action}/"
    return client.post(url, data, follow=True).content.decode()


@pytest.mark.django_db
def test_staff_make_a_link_that_the_member_opens(
    shop: Community, ann: Client, li: int
) -> None:
    page = post(ann, li, "link", purpose="home")
    (address,) = re.findall(r'<code class="secret">(http[^<]+)</code>', page)
    assert "QR code of the link" in page
    phone = Phone(shop)
    path = "/p/_/" + address.rpartition("/")[2]
    phone.open(path)
    phone.press(path)
    assert "李＊" in phone.page
    page = ann.get(f"/sidebar/members/{li}/sign-in/").content.decode()
    assert "iPhone, WeChat" in page
    # It is shown once.
    assert address not in page
    row = LinkBinding.objects.get()
    post(ann, li, f"links/{row.pk}/revoke")
    assert "李" not in phone.open("me")
    assert "There is no such" not in post(ann, li, "link", purpose="nothing")
    assert LinkBinding.objects.count() == 1


@pytest.mark.django_db
def test_staff_confirm_digits_in_the_sidebar(
    shop: Community, ann: Client, li: int
) -> None:
    phone = Phone(shop)
    phone.open("sign-in")
    page = phone.press("sign-in/code")
    (digits,) = re.findall(r'class="digits"[^>]*>(\d{6})<', page)
    wrong = "111111" if digits != "111111" else "222222"
    assert "Ask for new ones" in post(ann, li, "code/confirm", digits=wrong)
    assert "Signed in on the device" in post(ann, li, "code/confirm", digits=digits)
    assert "李雷" in phone.open("me")
    post(ann, li, "links/revoke")
    assert "李" not in phone.open("me")


@pytest.mark.django_db
def test_staff_make_digits_for_a_member(shop: Community, ann: Client, li: int) -> None:
    page = post(ann, li, "code")
    (digits,) = re.findall(r'<strong class="num">(\d{6})</strong>', page)
    path = "/p/_/" + re.findall(r"/p/_/([\w-]+)</code>", page)[0]
    phone = Phone(shop)
    phone.open(path)
    phone.press(path, digits=digits)
    assert "李雷" in phone.page
    assert devices.list_of_person(li, at=datetime.now(UTC))


@pytest.mark.django_db
def test_viewers_do_none_of_it(shop: Community, li: int) -> None:
    client = browser(factories.staff(shop, "viewer", "vera"))
    assert client.get(f"/sidebar/members/{li}/").status_code == 200
    for action in ("link", "code", "code/confirm", "links/revoke"):
        url = f"/sidebar/members/{li}/{action}/"
        assert client.post(url, {"purpose": "home"}).status_code == 403
    assert not LinkBinding.objects.exists()


@pytest.mark.django_db
def test_settings_open_and_close_the_pages(shop: Community, li: int) -> None:
    client = browser(factories.staff(shop, "manager", "max"))
    url = "/settings/member-pages/"
    phone = Phone(shop)
    phone.bind(li)
    form = {"is_open": "on", "contact": "小王"}
    assert client.post(url, form).status_code == 303
    assert "Send these digits to 小王" in (
        phone.open("sign-in") and phone.press("sign-in/code")
    )
    wrong = client.post(url, {**form, "contact": "a" * 101})
    assert wrong.status_code == 422
    assert "100" in wrong.content.decode()
    client.post(f"{url}revoke/", {"purpose": "home"})
    assert "李" not in phone.open("me")
    client.post(url, {"contact": ""})
    assert not portal_settings.of(shop).is_open
    assert phone.open("") and phone.status == 404


@pytest.mark.django_db
def test_requests_for_erasure_are_answered_in_settings(
    shop: Community, li: int
) -> None:
    client = browser(factories.staff(shop, "manager", "max"))
    url = "/settings/member-pages/"
    phone = Phone(shop)
    phone.sign_in(li)
    phone.open("privacy")
    phone.press("privacy/erasure")
    page = client.get(url).content.decode()
    assert "李雷" in page
    (pk,) = set(re.findall(r"erasures/(\d+)/", page))
    assert (
        client.post(f"{url}erasures/{pk}/decline/", {"answer": ""}).status_code == 422
    )
    client.post(f"{url}erasures/{pk}/erase/")
    page = client.get(url).content.decode()
    assert "Members who ask" not in page
    assert "Address" in page
    assert "李" not in phone.open("me")
    assert (
        links.list_of_device(shop, devices.digest_of("x"), at=datetime.now(UTC)) == []
    )
