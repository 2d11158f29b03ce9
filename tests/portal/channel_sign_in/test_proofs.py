"""Signing in with a token of Matrix, in the widget of a room."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import openid
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.members.accounts import accounts as member_accounts
from qunce.members.accounts.models import Account
from qunce.members.people import people, staff_accounts
from qunce.members.personal_links.models import ChannelProof, Device, SignIn
from tests import factories
from tests.channels.matrix.homeserver import APP, NAME, Homeserver
from tests.factories import AT
from tests.portal.channel_sign_in.frames import LI, OURS, PAGE, REFUSAL, Frame
from tests.portal.phones import AGENT

pytestmark = pytest.mark.django_db


def stored() -> tuple[int, ...]:
    models: list[Any] = [Device, SignIn, ChannelProof, Fact]
    return tuple(model.objects.count() for model in models)


def test_a_token_signs_in_and_the_pages_in_the_frame_are_read(
    account: ChannelAccount, server: Homeserver, li: int
) -> None:
    frame = Frame()
    before = stored()
    opened = frame.open()
    assert stored() == before
    assert "李" not in opened.content.decode()
    entered = frame.hand()
    assert (entered.status_code, entered["Location"]) == (303, "/p/shop/widget/me")
    me = frame.open("/p/shop/widget/me").content.decode()
    assert "李雷雷" in me
    assert "signed in through Matrix" in me
    # Each address of the page stays in the frame.
    addresses = re.findall(r'(?:href|action)="(/p/[^"]*)"', me)
    assert len(addresses) > 5
    assert all(each.startswith("/p/shop/widget/") for each in addresses)
    row = SignIn.objects.get()
    assert (row.account_id, row.rung, row.provider) == (li, 3, "matrix")
    # Only the token is sent, and nothing of our own account.
    ((path, headers),) = server.asked
    assert path == f"{openid.PATH}?access_token=good"
    assert "authorization" not in headers
    assert "secret of the bot" not in str(headers)


def test_everything_that_digits_allow_is_allowed(
    account: ChannelAccount, li: int
) -> None:
    frame = Frame()
    frame.enter()
    page = frame.open("/p/shop/widget/privacy").content.decode()
    token = page.partition('data-token="')[2].partition('"')[0]
    answer = frame.client.post("/p/shop/widget/privacy/export", {"form_token": token})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert frame.client.get("/p/shop/widget/me/card.png").status_code == 200


def test_what_proves_nothing_reads_as_what_proves_somebody_unknown(
    shop: Community, account: ChannelAccount, server: Homeserver, li: int
) -> None:
    gone = factories.member(shop, f"@gone:{NAME}", channel="matrix")
    people.erase(account=gone, by=account.by, at=AT)
    # The same key on another channel, and the same user in another community.
    factories.member(shop, f"@file:{NAME}")
    other = factories.community("other", name="Other")
    factories.member(other, f"@theirs:{NAME}", channel="matrix")
    server.tokens |= {
        "unknown": f"@nobody:{NAME}",
        "erased": f"@gone:{NAME}",
        "file": f"@file:{NAME}",
        "theirs": f"@theirs:{NAME}",
        "forged server": "@li:evil.example",
        "no user": "li",
    }
    before = stored()
    answers = [
        Frame().enter(token=token)
        for token in (*server.tokens.keys() - {"good"}, "expired", "", "é", "x" * 9_000)
    ]
    answers += [
        Frame().enter(server=name) for name in ("evil.example", "", NAME.upper())
    ]
    assert {each.status_code for each in answers} == {403}
    # But for what differs each time that a page is rendered.
    own = r'(?:value|data-token|data-who|data-at)="[^"]*"'
    texts = {re.sub(own, "", each.content.decode()) for each in answers}
    assert len(texts) == 1
    assert REFUSAL in texts.pop()
    assert stored() == before
    assert Frame().enter().status_code == 303


def test_a_token_is_taken_once_in_all_communities(
    shop: Community, account: ChannelAccount, server: Homeserver, li: int
) -> None:
    other = factories.community("other", name="Other")
    factories.member(other, LI, channel="matrix")
    server.connect(other, user=f"@other:{NAME}")
    assert Frame().enter().status_code == 303
    for page in (PAGE, "/p/other/widget/sign-in/matrix"):
        for stores in (True, False):
            again = Frame(page=page, stores=stores).enter()
            assert again.status_code == 403
            assert REFUSAL in again.content.decode()
    assert SignIn.objects.count() == 1
    # It is not even sent again.
    assert len(server.asked) == 1
    server.tokens["new"] = LI
    assert Frame(page="/p/other/widget/sign-in/matrix").enter(token="new").url


def test_former_members_and_staff_sign_in_as_with_digits(
    shop: Community, account: ChannelAccount, server: Homeserver, li: int
) -> None:
    row = Account.objects.get(pk=li)
    member_accounts.leave(account=row, by=account.by, at=AT)
    assert Frame().enter().status_code == 303
    mei = factories.member(shop, f"@mei:{NAME}", channel="matrix")
    staff_accounts.mark(accounts=[mei.pk], by=account.by, at=AT)
    server.tokens["mei"] = f"@mei:{NAME}"
    assert Frame().enter(token="mei").status_code == 303


def test_get_head_and_previews_sign_nobody_in(
    account: ChannelAccount, server: Homeserver, li: int
) -> None:
    client = Client()
    before = stored()
    query = {"access_token": "good", "matrix_server_name": NAME, "code": "x"}
    for fetch in (client.get, client.head):
        for agent in ("facebookexternalhit/1.1", AGENT):
            headers = {"user-agent": agent, "sec-purpose": "prefetch"}
            assert fetch(PAGE, query, headers=headers).status_code == 200
            assert fetch("/p/shop/sign-in/hand-over", query).status_code == 405
    assert stored() == before
    assert server.asked == []


def test_a_form_from_elsewhere_is_refused(
    account: ChannelAccount, server: Homeserver, li: int
) -> None:
    foreign: list[dict[str, str]] = [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": APP},
        {**OURS, "sec-fetch-site": "cross-site"},
    ]
    for headers in foreign:
        for stores in (True, False):
            refused = Frame(stores=stores).enter(headers=headers)
            assert refused.status_code == 403
            assert b"Open it again" in refused.content
    assert server.asked == []
    assert Frame().enter().status_code == 303


@pytest.mark.parametrize(
    "channel", ["wechat", "import", "assisted", "%00", "code", "é"]
)
def test_channels_without_sign_in_have_no_page(
    account: ChannelAccount, channel: str
) -> None:
    for place in ("shop", "shop/widget"):
        url = f"/p/{place}/sign-in/{channel}"
        assert Frame().open(url).status_code in (404, 405)
        assert Client().post(url, headers=OURS).status_code in (403, 404)


def test_guessing_is_limited(account: ChannelAccount, server: Homeserver) -> None:
    frame = Frame()
    frame.open()
    answers = [frame.hand(token=f"guess {n}") for n in range(12)]
    assert [each.status_code for each in answers] == [403] * 12
    assert "too often" in answers[-1].content.decode()
    assert len(server.asked) == 10


def test_no_log_page_or_referrer_has_a_token(
    account: ChannelAccount,
    server: Homeserver,
    li: int,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = "syt_very_secret_token"
    server.tokens[secret] = LI
    frame = Frame(stores=False)
    with caplog.at_level("DEBUG"):
        server.answer = (502, "")
        pages = [frame.enter(token=secret)]
        server.answer = None
        pages.append(frame.hand(token=secret))
        pages.append(frame.hand(token=secret))
    assert [each.status_code for each in pages] == [503, 200, 403]
    written = capsys.readouterr()
    logged = caplog.text + written.out + written.err
    assert "sign-in" in logged
    assert secret not in logged
    for page in pages:
        assert secret not in page.content.decode() + str(page.headers)
        assert page["Cache-Control"] == "private, no-store"
        assert page["Referrer-Policy"] == "strict-origin"
