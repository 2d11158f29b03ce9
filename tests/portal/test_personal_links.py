"""Opening personal links (X6): only the member's own device gets beyond the public page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.members.personal_links import links
from qunce.members.personal_links.models import (
    Device,
    LinkBinding,
    SharedPage,
    SignInCode,
)
from tests import factories
from tests.portal.phones import AGENT, Phone, link_of

NAME = "李雷雷"
PREVIEWS = ("facebookexternalhit/1.1", "WhatsApp/2.23", "TelegramBot (like TwitterBot)")


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name=NAME).pk


def rows() -> list[int]:
    models: list[Any] = [Device, LinkBinding, SharedPage, SignInCode, Fact]
    return [model.objects.count() for model in models]


@pytest.mark.django_db
def test_twenty_programs_fetch_a_link_and_then_the_member_has_it(
    shop: Community, li: int
) -> None:
    path = link_of(shop, li)
    before = rows()
    for number in range(20):
        client = Client(headers={"user-agent": PREVIEWS[number % len(PREVIEWS)]})
        fetch = client.head if number % 4 == 0 else client.get
        response = fetch(path, headers={"sec-purpose": "prefetch"})
        assert response.status_code == 200
        assert NAME[0] not in response.content.decode()
    assert rows() == before
    phone = Phone(shop)
    phone.open(path)
    assert rows() == before
    page = phone.press(path)
    assert (phone.status, phone.url) == (200, "/p/shop/")
    assert "李＊" in page
    assert NAME not in page
    binding = LinkBinding.objects.get()
    assert binding.device is not None
    assert binding.device.label == "iPhone, WeChat"


@pytest.mark.django_db
def test_a_second_device_sees_nothing_of_the_member_and_is_a_share(
    shop: Community, li: int
) -> None:
    path = link_of(shop, li)
    first = Phone(shop)
    first.open(path)
    first.press(path)
    second = Phone(shop)
    page = second.open(path)
    assert second.url.startswith("/p/shop/?from=")
    assert shop.name in page
    assert "李" not in page
    token = second.page.partition('data-token="')[2].partition('"')[0]
    sharer = second.page.partition('data-sharer="')[2].partition('"')[0]
    proof = second.page.partition('data-proof="')[2].partition('"')[0]
    view = {"form_token": token, "page": "home", "from": sharer, "first": "1"}
    view["proof"] = proof
    for _time in range(2):
        answer = second.client.post("/p/shop/seen", view, headers={"user-agent": AGENT})
        assert answer.status_code == 204
    assert list(SharedPage.objects.values_list("account_id", flat=True)) == [li]
    # Nor does it get the link by a form of its own.
    stolen = second.client.post(path, {"form_token": token})
    assert stolen.status_code == 403
    assert b"another device" in stolen.content
    assert first.open("me").count("李＊") == 1
    assert "李" not in second.open("me")


@pytest.mark.django_db
def test_the_address_of_a_page_never_has_the_token(shop: Community, li: int) -> None:
    path = link_of(shop, li)
    token = path.rpartition("/")[2]
    phone = Phone(shop)
    assert token in phone.open(path)
    for name, value in (
        ("Referrer-Policy", "strict-origin"),
        ("Cache-Control", "private, no-store"),
        ("X-Robots-Tag", "noindex"),
    ):
        assert phone.response[name] == value
    phone.press(path)
    assert token not in phone.page + phone.url
    # Opened again on this device, it leads to its page and shows no form.
    phone.open(path)
    assert token not in phone.page + phone.url
    assert len(phone.response.redirect_chain) == 1


@pytest.mark.django_db
def test_no_log_has_a_token(
    shop: Community, li: int, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    path = link_of(shop, li)
    phone = Phone(shop)
    with caplog.at_level("DEBUG"):
        phone.open(path)
        phone.press(path)
        phone.open(f"/p/_/{path.rpartition('/')[2]}x")
    written = capsys.readouterr()
    logged = caplog.text + written.out + written.err
    assert "personal-link" in logged or "p/_/<token>" in logged
    assert path.rpartition("/")[2][:20] not in logged


@pytest.mark.parametrize("change", ["cut", "swap", "other", "empty"])
@pytest.mark.django_db
def test_a_forged_link_is_the_same_404_as_any_unknown_page(
    shop: Community, li: int, change: str
) -> None:
    path = link_of(shop, li)
    token = path.rpartition("/")[2]
    changed = {
        "cut": token[:-1],
        "swap": token[:-2] + token[-1] + token[-2] + "A",
        "other": "A" * len(token),
        "empty": "%00",
    }[change]
    phone = Phone(shop)
    page = phone.open(f"/p/_/{changed}")
    assert phone.status == 404
    assert page == phone.open("/p/unknown/")
    assert page == phone.open("/p/shop/nothing/here")
    assert "There is no such page" in page


@pytest.mark.django_db
def test_a_link_revoked_between_get_and_post_is_refused(
    shop: Community, li: int
) -> None:
    path = link_of(shop, li)
    phone = Phone(shop)
    phone.open(path)
    by = staff_models.system(shop)
    links.revoke_member(account_id=li, by=by, at=datetime.now(UTC))
    page = phone.press(path)
    assert phone.status == 403
    assert "no longer valid" in page
    assert "李" not in phone.open("me")


@pytest.mark.django_db
def test_a_form_without_cookie_or_from_elsewhere_is_refused(
    shop: Community, li: int
) -> None:
    path = link_of(shop, li)
    phone = Phone(shop)
    page = phone.open(path)
    form = {"form_token": page.partition('data-token="')[2].partition('"')[0]}
    assert len(form["form_token"]) == 32
    without_cookie = Client(headers={"accept-language": "en"}).post(path, form)
    without_token = phone.client.post(path)
    other = Phone(shop)
    other.open(path)
    of_other_device = other.client.post(path, form)
    foreign = [
        phone.client.post(path, form, headers={"origin": "https://evil.example"}),
        phone.client.post(path, form, headers={"sec-fetch-site": "cross-site"}),
    ]
    for refused in (without_cookie, without_token, of_other_device, *foreign):
        assert refused.status_code == 403
        assert b"Open it again" in refused.content
    assert not Device.objects.exists()
    assert phone.client.post(path, form).status_code == 303


@pytest.mark.django_db
def test_a_form_of_one_community_is_worth_nothing_in_another(
    shop: Community, li: int
) -> None:
    other = factories.community("other", name="Other")
    phone = Phone(shop)
    phone.bind(li)
    form = {"form_token": phone.page.partition('data-token="')[2].partition('"')[0]}
    assert phone.client.post("/p/other/privacy/opt-out", form).status_code == 403
    page = Phone(other)
    page.client = phone.client
    assert "李" not in page.open("me")
    page.open("privacy")
    assert "opened your personal link" in page.page


@pytest.mark.django_db
def test_a_link_is_worth_its_purpose_only(shop: Community, li: int) -> None:
    phone = Phone(shop)
    phone.bind(li)
    me = phone.open("me")
    assert "once you have signed in" in me
    assert "My devices" not in me
    form = {"form_token": me.partition('data-token="')[2].partition('"')[0]}
    for action in ("export", "erasure", "consents"):
        refused = phone.client.post(f"/p/shop/privacy/{action}", form)
        assert refused.status_code == 403
        assert b"Sign in to do this" in refused.content
    phone.sign_in(li)
    assert NAME in phone.page
    assert "My devices" in phone.page


@pytest.mark.django_db
def test_the_public_page_asks_the_database_little(shop: Community) -> None:
    phone = Phone(shop)
    phone.open("")
    with CaptureQueriesContext(connections["default"]) as queries:
        phone.open("")
    assert phone.status == 200
    assert len(queries) <= 7
