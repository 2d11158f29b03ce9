"""Member pages: signing in, devices, privacy, and how pages are shown."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime

import pytest
from django.test import Client, RequestFactory

from qunce import urls
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups.chat_readers import ChatMessage
from qunce.members.consents import consents
from qunce.members.personal_links import (
    erasure_requests,
    page_views,
    portal_settings,
    sign_in_codes,
)
from qunce.members.personal_links.models import AnonymousViews, PageView
from qunce.outreach import opt_outs
from qunce.portal.sections import Registry, Section
from qunce.portal.sign_in import chat_codes
from qunce.portal.visitors.visitors import Visitor
from tests import factories
from tests.factories import AT
from tests.portal.phones import Phone, link_of

NAME = "李雷雷"


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name=NAME).pk


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


@pytest.mark.django_db
def test_digits_typed_on_the_page_of_their_link_sign_in(
    shop: Community, li: int, phone: Phone
) -> None:
    by = staff_models.system(shop)
    made = sign_in_codes.make(account_id=li, by=by, at=datetime.now(UTC))
    page = phone.open(made.path)
    assert NAME not in page
    wrong = "000000" if made.digits != "000000" else "111111"
    phone.press(made.path, digits=wrong)
    assert phone.status == 403
    # Whoever opens the link first without the digits does not keep the member out.
    page = phone.press(made.path, digits=made.digits)
    assert (phone.url, phone.status) == ("/p/shop/me", 200)
    assert NAME in page


@pytest.mark.django_db
def test_signing_out_leaves_nothing_on_the_device(
    shop: Community, li: int, phone: Phone
) -> None:
    phone.bind(li)
    phone.sign_in(li)
    phone.press("sign-out")
    assert phone.url == "/p/shop/"
    assert "李" not in phone.page + phone.open("me") + phone.open("privacy")


@pytest.mark.django_db
def test_a_member_removes_another_device_and_nobody_elses(
    shop: Community, li: int, phone: Phone
) -> None:
    mei = factories.member(shop, "mei").pk
    tablet, theirs = Phone(shop), Phone(shop)
    tablet.bind(li)
    theirs.sign_in(mei)
    phone.sign_in(li)
    assert phone.page.count("iPhone, WeChat\n") == 2
    form = {"form_token": phone.page.partition('data-token="')[2].partition('"')[0]}
    foreign = theirs.page.partition("/me/devices/")[2].partition("/")[0]
    refused = phone.client.post(f"/p/shop/me/devices/{foreign}/remove", form)
    assert refused.status_code == 404
    # The first row has no sign-in: that of the tablet.
    row = phone.page.partition("My devices")[2].partition("personal link")[2]
    own = row.partition("/me/devices/")[2].partition("/")[0]
    phone.client.post(f"/p/shop/me/devices/{own}/remove", form)
    assert "李" not in tablet.open("me")
    assert "Mei" not in theirs.open("me")
    assert "My devices" in theirs.page


@pytest.mark.django_db
def test_one_tap_unsubscribes_on_any_page_and_one_takes_it_back(
    shop: Community, li: int, phone: Phone
) -> None:
    phone.bind(li)
    for page in ("", "me", "privacy", "sign-in"):
        phone.open(page)
        phone.press("privacy/opt-out")
        assert "You are unsubscribed" in phone.page
        assert set(opt_outs.find_by_person([li])) == {li}
        phone.press("privacy/opt-in")
        assert opt_outs.find_by_person([li]) == {}
    assert "privacy/opt-out" not in Phone(shop).open("")


@pytest.mark.django_db
def test_consents_are_given_and_withdrawn_by_the_member(li: int, phone: Phone) -> None:
    phone.sign_in(li)
    phone.open("privacy")
    assert phone.page.count("not answered") == 4
    phone.press("privacy/consents", purpose="marketing", answer="given")
    phone.press("privacy/consents", purpose="sharing", answer="withdrawn")
    assert phone.page.count("not answered") == 2
    current = consents.current(consents.list_of_person([li]))
    assert {key: each.is_given for key, each in current.items()} == {
        "marketing": True,
        "sharing": False,
    }
    assert "text 2026-12" in current["marketing"].evidence
    phone.press("privacy/consents", purpose="money", answer="given")
    assert phone.status == 422


@pytest.mark.django_db
def test_members_take_everything_that_is_stored_with_them(
    li: int, phone: Phone
) -> None:
    phone.sign_in(li)
    phone.open("privacy")
    phone.press("privacy/export")
    archive = zipfile.ZipFile(io.BytesIO(phone.response.content))
    assert {"accounts.json", "sign_ins.json"} <= set(archive.namelist())
    assert NAME in archive.read("accounts.json").decode()


@pytest.mark.django_db
def test_a_request_for_erasure_is_answered_by_a_person(
    shop: Community, li: int, phone: Phone
) -> None:
    phone.sign_in(li)
    for _time in range(2):
        phone.open("privacy")
        phone.press("privacy/erasure" if _time == 0 else "privacy/erasure/withdraw")
    phone.press("privacy/erasure")
    owner = factories.staff(shop, "owner", "olga")
    (row,) = erasure_requests.list_open(by=owner, at=AT)
    with pytest.raises(erasure_requests.InvalidAnswer):
        erasure_requests.decline(pk=row.pk, answer=" ", by=owner, at=AT)
    erasure_requests.decline(pk=row.pk, answer="An order is open", by=owner, at=AT)
    assert "An order is open" in phone.open("privacy")
    phone.press("privacy/erasure")
    (row,) = erasure_requests.list_open(by=owner, at=AT)
    erasure_requests.carry_out(pk=row.pk, by=owner, at=AT)
    assert erasure_requests.list_open(by=owner, at=AT) == []
    assert "李" not in phone.open("me") + phone.open("privacy")


@pytest.mark.django_db
def test_how_pages_are_shown_is_kept_in_the_browser(shop: Community) -> None:
    phone = Phone(shop, language="fr")
    # The community's language, as the browser's is none of ours.
    assert 'lang="zh-hans"' in phone.open("privacy")
    phone.press("display", language="en")
    assert phone.url == "/p/shop/privacy"
    phone.press("display", size="large")
    phone.press("display", theme="dark")
    assert 'lang="en"' in phone.page
    assert 'class="theme-dark is-large"' in phone.page
    phone.press("display", next="//evil.example/", theme="<script>")
    assert phone.url == "/p/shop/"
    assert 'class="theme-dark is-large"' in phone.page


@pytest.mark.django_db
def test_a_closed_portal_is_the_same_404(shop: Community, li: int) -> None:
    owner = factories.staff(shop, "owner", "olga")
    phone = Phone(shop)
    path = link_of(shop, li)
    unknown = phone.open("/p/nobody/")
    portal_settings.configure(community=shop, is_open=False, by=owner, at=AT)
    assert phone.open("") == unknown
    assert phone.open(path) == unknown
    assert phone.status == 404


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        ("bad_request", 400),
        ("forbidden", 403),
        ("not_found", 404),
        ("server_error", 500),
    ],
)
def test_errors_of_member_pages_are_no_pages_of_the_console(
    handler: str, status: int
) -> None:
    request = RequestFactory().get("/p/shop/me")
    error = [] if handler == "server_error" else [Exception()]
    answer = getattr(urls, handler)(request, *error)
    page = answer.content.decode()
    assert answer.status_code == status
    assert "portal/portal.css" in page and "<h1>" in page
    assert 'href="/"' not in page and "console" not in page


@pytest.mark.django_db
def test_pages_share_no_cookie_with_the_console(shop: Community, li: int) -> None:
    phone = Phone(shop)
    phone.sign_in(li)
    cookies = phone.client.cookies
    assert set(cookies) == {"qunce_member"}
    assert cookies["qunce_member"]["path"] == "/p/"
    assert cookies["qunce_member"]["httponly"]
    assert cookies["qunce_member"]["samesite"] == "Lax"


@pytest.mark.django_db
def test_a_domain_of_its_own_serves_member_pages_only(
    shop: Community, settings: object
) -> None:
    settings.PORTAL_URL = "https://m.example.org"  # type: ignore[attr-defined]
    settings.ALLOWED_HOSTS = ["m.example.org", "testserver"]  # type: ignore[attr-defined]
    client = Client(headers={"accept-language": "en"})
    there = {"headers": {"host": "m.example.org"}}
    assert client.get("/p/shop/", **there).status_code == 200  # type: ignore[arg-type]
    for path in ("/sign-in/", "/", "/api/v1/members", "/metrics"):
        assert client.get(path, **there).status_code == 404  # type: ignore[arg-type]
    assert client.get("/p/shop/").status_code == 404
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_views_and_seconds_belong_to_the_member(
    shop: Community, li: int, phone: Phone
) -> None:
    def report(who: Phone, page: str, seconds: str, first: str, **extra: str) -> int:
        token = who.page.partition('data-token="')[2].partition('"')[0]
        data = {"form_token": token, "page": page, "seconds": seconds, "first": first}
        data["proof"] = who.page.partition('data-proof="')[2].partition('"')[0]
        response = who.client.post("/p/shop/seen", data, headers=extra)
        return response.status_code

    phone.bind(li)
    assert report(phone, "home", "0", "1") == 204
    assert report(phone, "home", "40", "") == 204
    assert report(phone, "home", "99999", "") == 204
    assert report(phone, "activity:madeup", "1", "1") == 404
    (view,) = PageView.objects.all()
    assert (view.account_id, view.seconds) == (li, 640)
    other = Phone(shop)
    other.open("")
    assert report(other, "home", "5", "1") == 204
    assert report(other, "home", "-5", "") == 204
    assert report(other, "home", "1", "1", **{"user-agent": "Googlebot/2.1"}) == 204
    owner = factories.staff(shop, "owner", "olga")
    (result,) = page_views.list_results(by=owner, at=datetime.now(UTC))
    assert (result.members, result.member_views, result.member_seconds) == (1, 1, 640)
    assert (result.other_views, result.other_seconds, result.programs) == (1, 5, 1)
    assert AnonymousViews.objects.count() == 1


@pytest.mark.django_db
def test_sections_of_me_need_a_sign_in_unless_a_link_is_enough(shop: Community) -> None:
    def load(visitor: object, at: object) -> dict[str, str]:
        return {"text": "120 points"}

    registry = Registry()
    registry.register(Section("points", "Points", "points.html", load))
    registry.register(Section("streak", "Streak", "x.html", load, is_for_links=True))
    nobody = Visitor(community=shop, device=b"")
    linked = Visitor(community=shop, device=b"", links={"home": 1})
    signed_in = Visitor(community=shop, device=b"", signed_in=1, signed_in_rung=4)

    def keys(visitor: Visitor, *, public: bool = False) -> list[str]:
        return [each.key for each in registry.load(visitor, AT, public=public)]

    assert keys(nobody) == []
    assert keys(linked) == ["streak"]
    assert keys(signed_in) == keys(nobody, public=True) == ["points", "streak"]


@pytest.mark.parametrize(
    "path",
    [
        "/p/sh%00op/",
        "/p/shop/a/%00",
        "/p/shop/a/x%0Ay",
        "/p/SHOP/",
        "/p/..%2fshop/",
        "/p/_/",
        "/p/_/%F0%9F%8E%81",
        "/p/shop/me/devices/99999999999999999999/remove",
        f"/p/shop/a/{'x' * 500}",
    ],
)
@pytest.mark.django_db
def test_fuzzed_addresses_are_not_found(shop: Community, path: str) -> None:
    phone = Phone(shop)
    page = phone.open(path)
    assert phone.status in (404, 405)
    assert "Traceback" not in page
    assert phone.open("") and phone.status == 200


@pytest.mark.django_db
def test_hostile_forms_change_nothing(shop: Community, li: int, phone: Phone) -> None:
    phone.sign_in(li)
    token = phone.page.partition('data-token="')[2].partition('"')[0]
    huge = {"form_token": token, "next": "x" * 200_000}
    assert phone.client.post("/p/shop/display", huge).status_code == 422
    for path, data in (
        ("privacy/consents", {"purpose": "marketing\0", "answer": "given"}),
        ("sign-in", {"digits": "<script>\0" * 20}),
        ("seen", {"page": "activity:madeup", "first": "1", "proof": "é"}),
        ("me/devices/99999999999999999999/remove", {}),
        ("display", {"language": "\0", "theme": "\u202e", "next": "/p/shop/\\evil"}),
    ):
        answer = phone.client.post(f"/p/shop/{path}", {"form_token": token, **data})
        assert answer.status_code in (303, 403, 404, 422), (path, answer.status_code)
    assert consents.list_of_person([li]) == []
    assert not AnonymousViews.objects.exists()
    assert not PageView.objects.exists()


@pytest.mark.django_db
def test_digits_written_to_the_bot_sign_in_and_in_a_group_they_do_not(
    shop: Community, li: int, phone: Phone
) -> None:
    phone.open("sign-in")
    page = phone.press("sign-in/code")
    (digits,) = re.findall(r'class="digits"[^>]*>(\d{6})<', page)
    now = datetime.now(UTC)

    def write(text: str, group: int | None = None) -> bool:
        message = ChatMessage(
            community=shop, account=li, group=group, text=text, key="1", happened_at=now
        )
        return chat_codes.read(message, at=now)

    assert not write(digits, group=1)
    assert not write(f"{digits} 谢谢")
    assert "My devices" not in phone.open("me")
    assert write(f"{digits[:3]} {digits[3:]}\n")
    assert NAME in phone.open("me")
    assert not write(digits)
