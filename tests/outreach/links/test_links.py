"""Tracked links (P13): short, signed, and no click of a program counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.ingest.incoming_facts import IncomingFact
from qunce.outreach.links import (
    clicks,
    link_results,
    previews,
    tokens,
    tracked_links,
)
from qunce.outreach.links.clicks import Request
from qunce.outreach.links.previews import Visit
from qunce.outreach.links.tokens import InvalidToken, Token
from qunce.outreach.links.tracked_links import AddressedText, TrackedLink
from qunce.outreach.sending import messages
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser
from tests.factories import AT

PHONE = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49"
SHOP = "https://shop.example.org/tea?x=1"
NUMBERS = st.integers(0, 2**62)


@given(
    link=NUMBERS,
    origin=st.sampled_from(list(Origin)),
    origin_id=NUMBERS,
    target=NUMBERS,
    is_group=st.booleans(),
)
def test_a_token_says_what_it_was_made_from(
    link: int, origin: Origin, origin_id: int, target: int, is_group: bool
) -> None:
    token = Token(link, origin, origin_id, target, is_group)
    assert tokens.decode(tokens.encode(token)) == token


def test_tokens_are_short_and_cannot_be_changed() -> None:
    text = tokens.encode(Token(12, Origin.CAMPAIGN, 3_000, 1_000_000))
    assert len(text) <= 22
    for position, sign in enumerate(text[:-1]):
        other = "A" if sign != "A" else "B"
        with pytest.raises(InvalidToken):
            tokens.decode(text[:position] + other + text[position + 1 :])
    for wrong in ("", "A", "é", text[:-2], "x" * 200, "//evil.example", "%00"):
        with pytest.raises(InvalidToken):
            tokens.decode(wrong)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("点这里https://a.example/buy购买，谢谢", ["https://a.example/buy"]),
        ("（https://a.example/x）", ["https://a.example/x"]),
        ("(https://a.example/x_(y))", ["https://a.example/x_(y)"]),
        ("HTTP://A.example/?q=1&r=2!", ["HTTP://A.example/?q=1&r=2"]),
        ("https://a.example/1 https://b.example/2", ["https://a.example/1", "https://b.example/2"]),
        ('"https://a.example/x" <https://a.example/y>', ["https://a.example/x", "https://a.example/y"]),
        ("https:// nothing, javascript:alert(1) ftp://a.example", []),
        ("https://", []),
        ("https://a.example/" + "x" * 2_000, []),
    ],
)  # fmt: skip
def test_addresses_in_texts(text: str, urls: list[str]) -> None:
    assert tracked_links.find_urls(text) == urls


SLOW = timedelta(minutes=3)


@pytest.mark.parametrize(
    ("visit", "by_program"),
    [
        (Visit("GET", PHONE, "", SLOW), False),
        (Visit("GET", PHONE, "", None), False),
        (Visit("HEAD", PHONE, "", SLOW), True),
        (Visit("GET", "", "", SLOW), True),
        (Visit("GET", PHONE, "", timedelta(seconds=1)), True),
        (Visit("GET", PHONE, "prefetch;prerender", SLOW), True),
        (Visit("GET", "TelegramBot (like TwitterBot)", "", SLOW), True),
        (Visit("GET", "Mozilla/5.0 (compatible; Baiduspider/2.0)", "", SLOW), True),
        (Visit("GET", "facebookexternalhit/1.1", "", SLOW), True),
        (Visit("GET", "WhatsApp/2.23", "", SLOW), True),
    ],
)
def test_programs_are_told_apart_from_people(visit: Visit, by_program: bool) -> None:
    assert previews.is_by_program(visit) is by_program


@pytest.fixture
def public(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = "https://q.example"
    monkeypatch.setattr(previews, "WRITES", previews.PreviewWrites())


def send(shop: Community, by: Staff) -> tuple[Message, str]:
    """A message to a member that was delivered at AT; returns the path of its link."""
    account = factories.member(shop, "lan", name="Lan")
    draft = messages.Draft(
        origin=Origin.CARE,
        origin_id=7,
        account=account.pk,
        text=f"New tea: {SHOP}!",
        staff=by,
    )
    with transaction.atomic():
        row = messages.request(draft, community=shop, at=AT)
    Message.objects.filter(pk=row.pk).update(
        state=State.DELIVERED, changed_at=AT, recorded=True
    )
    return row, row.text.removeprefix("New tea: https://q.example").removesuffix("!")


def open_as(path: str, browser: str, minutes: float = 5, **more: Any) -> str:
    token = path.removeprefix(tracked_links.PATH)
    opened = Request(token=token, browser=browser, agent=PHONE, **more)
    return clicks.open_link(opened, at=AT + timedelta(minutes=minutes))


@pytest.mark.both_databases
@pytest.mark.usefixtures("public")
def test_a_click_belongs_to_the_member_and_a_forwarded_link_is_a_share(
    shop: Community, by: Staff
) -> None:
    row, path = send(shop, by)
    assert path.startswith("/l/")
    assert open_as(path, "phone") == SHOP
    # Tapped twice, and once more an hour later.
    assert open_as(path, "phone", 5.1) == SHOP
    assert open_as(path, "phone", 65) == SHOP
    assert open_as(path, "friend", 70) == SHOP
    row.refresh_from_db()
    assert row.state == State.CLICKED
    clicked = factories.recorded_facts(shop, "send.clicked")
    assert [payload["link"] for _account, payload in clicked] == [SHOP, SHOP]
    assert {payload["message"] for _account, payload in clicked} == {row.pk}
    ((account, _payload),) = factories.recorded_facts(shop, "send.link_shared")
    assert account == row.target_id


@pytest.mark.usefixtures("public")
def test_previews_and_floods_are_no_clicks(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, path = send(shop, by)
    assert open_as(path, "phone", 0.01) == SHOP
    assert open_as(path, "phone", method="HEAD") == SHOP
    assert TrackedLink.objects.get().previews == 2
    row.refresh_from_db()
    assert row.state == State.DELIVERED
    monkeypatch.setattr(clicks, "MAX_OPENINGS", 3)
    for number in range(6):
        open_as(path, f"browser {number}", 10 + number)
    recorded = ("send.clicked", "send.link_shared")
    assert sum(len(factories.recorded_facts(shop, kind)) for kind in recorded) == 3


@pytest.mark.usefixtures("public")
def test_hostile_requests_write_little_and_people_are_still_counted(
    shop: Community, by: Staff, django_assert_max_num_queries: Any
) -> None:
    row, path = send(shop, by)
    few = previews.MAX_WRITES_PER_MINUTE
    for _request in range(few):
        open_as(path, "phone", method="HEAD")
    # Only the two reads that find where it leads.
    with django_assert_max_num_queries(2 * 100):
        for _request in range(100):
            open_as(path, "phone", method="HEAD")
    assert TrackedLink.objects.get().previews == few
    open_as(path, "phone")
    assert len(factories.recorded_facts(shop, "send.clicked")) == 1
    # None is lost: they are written with the first one of a later minute.
    open_as(path, "phone", 6, method="HEAD")
    assert TrackedLink.objects.get().previews == few + 101
    row.refresh_from_db()
    assert row.state == State.CLICKED


@pytest.mark.usefixtures("public")
def test_a_link_leads_on_after_its_message_is_gone(shop: Community, by: Staff) -> None:
    row, path = send(shop, by)
    Message.objects.filter(pk=row.pk).delete()
    assert open_as(path, "phone") == SHOP
    assert not factories.recorded_facts(shop, "send.clicked")


@pytest.mark.usefixtures("public")
def test_the_address_of_a_link_sends_on_and_nowhere_else(
    shop: Community, by: Staff
) -> None:
    _row, path = send(shop, by)
    browser = Client(headers={"User-Agent": PHONE})
    response = browser.get(path + "?to=https://evil.example")
    assert (response.status_code, response["Location"]) == (302, SHOP)
    assert response["Referrer-Policy"] == "no-referrer"
    cookie = response.cookies["qunce_visitor"]
    assert (cookie["path"], cookie["httponly"]) == ("/l/", True)
    assert browser.get(path[:-3] + "AAA").status_code == 404
    assert browser.post(path).status_code == 405


@pytest.mark.usefixtures("public")
def test_staff_who_try_a_link_have_not_sent_it(shop: Community, by: Staff) -> None:
    row, path = send(shop, by)
    Message.objects.filter(pk=row.pk).update(state=State.PLANNED, recorded=False)
    own = browser(by)
    own.defaults["HTTP_USER_AGENT"] = PHONE
    assert own.get(path)["Location"] == SHOP
    row.refresh_from_db()
    assert row.state == State.PLANNED
    assert not factories.recorded_facts(shop, "send.delivered")
    member = Client(headers={"User-Agent": PHONE})
    assert member.get(path)["Location"] == SHOP
    row.refresh_from_db()
    assert row.state == State.CLICKED


@pytest.mark.usefixtures("public")
def test_an_address_in_a_name_is_no_address_of_ours(shop: Community, by: Staff) -> None:
    name = "https://evil.example/x"
    account = factories.member(shop, "mal", name=name)
    draft = messages.Draft(
        origin=Origin.CARE,
        origin_id=8,
        account=account.pk,
        text=f"{{name}}: {SHOP}&for={{name}}",
        staff=by,
    )
    with transaction.atomic():
        row = messages.request(draft, community=shop, at=AT)
    plain, short = row.text.split(": ", 1)
    assert plain == name
    assert short.startswith("https://q.example/l/")
    assert TrackedLink.objects.get().url == f"{SHOP}&for={name}"


def test_without_a_public_address_texts_stay(shop: Community) -> None:
    text = AddressedText(f"see {SHOP}", 1, 2)
    (unchanged,) = tracked_links.shorten(
        [text],
        community=shop,
        origin=Origin.CAMPAIGN,
        is_group=False,
        written=[text.text],
    )
    assert unchanged == text.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("public")
def test_a_campaign_shows_who_opened_and_who_shared_its_links() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    keys = ["lan", "wei", "mei"]
    factories.members(shop, *keys)
    text = f"Tea: {SHOP} and https://b.example"
    campaign = factories.started_campaign(by, text=text)
    factories.open_recipients(campaign, by)
    for number, row in enumerate(Message.objects.order_by("target_id")):
        first, second = tracked_links.find_urls(row.text)
        path = first.removeprefix("https://q.example")
        open_as(path, f"phone {number}")
        if number == 0:
            open_as(path, "friend", 9)
            open_as(second.removeprefix("https://q.example"), "phone 0", 9)
    deriver.catch_up()
    at = AT + timedelta(hours=1)
    shown = link_results.list_results(campaign=campaign, by=by, at=at)
    assert [(row.url, row.clicked, row.shared) for row in shown] == [
        (SHOP, 3, 1),
        ("https://b.example", 1, 0),
    ]


@pytest.mark.django_db(transaction=True)
def test_links_have_results_where_all_earlier_clicks_name_no_link() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    lan = factories.member(shop, "lan")
    campaign = factories.started_campaign(by, text=f"Tea: {SHOP}")
    click = IncomingFact(
        kind="send.clicked",
        happened_at=AT,
        account=lan.pk,
        payload={"campaign": campaign.key},
    )
    ingest.record_facts(community=shop, incoming=[click], by=by, at=AT)
    deriver.catch_up()
    at = AT + timedelta(hours=1)
    (shown,) = link_results.list_results(campaign=campaign, by=by, at=at)
    assert (shown.url, shown.clicked, shown.shared) == (SHOP, 0, 0)
