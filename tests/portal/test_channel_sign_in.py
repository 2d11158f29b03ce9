"""Signing in through Matrix, in the widget of a room (X6, rung 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from qunce.channels.accounts import accounts, member_sign_in
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import openid
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts as member_accounts
from qunce.members.accounts.models import Account
from qunce.members.people import people, staff_accounts
from qunce.members.personal_links import channel_sign_in, links, pruning
from qunce.members.personal_links.models import ChannelProof, Device, SignIn
from tests import factories
from tests.channels.matrix import homeserver
from tests.channels.matrix.homeserver import APP, NAME, Homeserver
from tests.factories import AT
from tests.portal.phones import AGENT

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/widget/sign-in/matrix"
LI = f"@li:{NAME}"
OURS = {"origin": "http://testserver"}
REFUSAL = "You could not be signed in this way"


@pytest.fixture(scope="module")
def running() -> Iterator[Homeserver]:
    with homeserver.serve() as server:
        yield server


@pytest.fixture
def server(running: Homeserver, settings: Settings) -> Homeserver:
    settings.ALLOW_PRIVATE_HOMESERVERS = True
    running.tokens = {"good": LI}
    running.answer, running.hangs = None, False
    running.asked.clear()
    return running


@pytest.fixture
def account(shop: Community, server: Homeserver) -> ChannelAccount:
    return server.connect(shop)


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, LI, channel="matrix", name="李雷雷").pk


class Frame:
    """The frame of a widget; its browser stores the cookie of frames, or none."""

    def __init__(self, *, stores: bool = True, page: str = PAGE) -> None:
        self.client = Client(headers={"accept-language": "en", "user-agent": AGENT})
        self.stores, self.page = stores, page

    def open(self, path: str = "") -> Any:
        response = self.client.get(path or self.page)
        self._forget()
        return response

    def _forget(self) -> None:
        if not self.stores:
            self.client.cookies.clear()

    def hand(
        self,
        token: str = "good",
        server: str = NAME,
        headers: dict[str, str] = OURS,
        **more: str,
    ) -> Any:
        """What the script sends once the app has answered."""
        form = {"access_token": token, "matrix_server_name": server, **more}
        response = self.client.post(self.page, form, headers=headers)
        self._forget()
        return response

    def enter(self, **given: Any) -> Any:
        self.open()
        return self.hand(**given)


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


def test_no_server_of_the_client_is_asked(
    account: ChannelAccount, server: Homeserver, li: int
) -> None:
    frame = Frame()
    for name in (
        "127.0.0.1:1",
        "169.254.169.254",
        f"{NAME}@evil.example",
        "h.example ",
    ):
        assert frame.enter(server=name).status_code == 403
    assert server.asked == []
    frame.enter()
    assert len(server.asked) == 1


def test_a_private_homeserver_is_not_asked_unless_the_operator_allows_it(
    account: ChannelAccount, server: Homeserver, settings: Settings, li: int
) -> None:
    settings.ALLOW_PRIVATE_HOMESERVERS = False
    assert Frame().enter().status_code == 503
    assert server.asked == []


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


@pytest.mark.parametrize(
    "answer",
    [
        (500, "{}"),
        (502, "<h1>Bad gateway</h1>"),
        (404, '{"errcode": "M_UNRECOGNIZED"}'),
        (429, '{"errcode": "M_LIMIT_EXCEEDED"}'),
        (302, ""),
        (200, "<html>Sign in to the hotel</html>"),
        (200, "7"),
        (200, "[" * 9_000),
        (200, '{"sub": 7}'),
        (200, '{"sub": "' + "x" * 20_000 + '"}'),
    ],
)
def test_a_server_that_fails_is_a_sentence_and_can_be_tried_again(
    account: ChannelAccount, server: Homeserver, li: int, answer: tuple[int, str]
) -> None:
    server.answer = answer
    frame = Frame()
    failed = frame.enter()
    assert failed.status_code == 503
    assert "The Matrix server does not answer" in failed.content.decode()
    assert not SignIn.objects.exists()
    server.answer = None
    assert frame.hand().status_code == 303


def test_a_slow_server_keeps_nobody_waiting(
    account: ChannelAccount,
    server: Homeserver,
    li: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openid, "MAX_SECONDS", 0.3)
    server.hangs = True
    slow = Frame().enter()
    assert slow.status_code == 503
    assert "The Matrix server does not answer" in slow.content.decode()


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


# A browser that stores no cookie in the frame


def hand_over(frame: Frame) -> tuple[str, str]:
    """Where the button of the frame leads, and its code."""
    page = frame.enter().content.decode()
    found = re.search(
        r'action="([^"]+)" target="_blank" rel="noopener">\s*'
        r'<input type="hidden" name="code" value="([^"]+)"',
        page,
    )
    assert found is not None, page
    assert "李" not in page
    return found[1], found[2]


def test_a_tab_takes_the_sign_in_over(account: ChannelAccount, li: int) -> None:
    frame, tab = Frame(stores=False), Frame()
    path, code = hand_over(frame)
    assert path == "/p/shop/sign-in/hand-over"
    assert not SignIn.objects.exists()
    answer = tab.client.post(path, {"code": code}, headers=OURS)
    assert (answer.status_code, answer["Location"]) == (303, "/p/shop/me")
    me = tab.open("/p/shop/me").content.decode()
    assert "李雷雷" in me
    assert "signed in through Matrix" in me
    # Once, also on the same device.
    for again in (tab, Frame()):
        refused = again.client.post(path, {"code": code}, headers=OURS)
        assert refused.status_code == 403
        assert REFUSAL in refused.content.decode()
    assert "李" not in frame.open("/p/shop/widget/me").content.decode()


def test_a_code_is_worth_nothing_late_elsewhere_or_by_another_site(
    shop: Community, account: ChannelAccount, server: Homeserver, li: int
) -> None:
    factories.community("other", name="Other")
    path, code = hand_over(Frame(stores=False))
    tab = Frame()
    for url, headers, status in (
        ("/p/other/sign-in/hand-over", OURS, 403),
        ("/p/shop/widget/sign-in/hand-over", OURS, 404),
        (path, {}, 403),
        (path, {"origin": APP}, 403),
    ):
        refused = tab.client.post(url, {"code": code}, headers=headers)
        assert refused.status_code == status, url
    assert not SignIn.objects.exists()
    late = datetime.now(UTC) + channel_sign_in.CODE_VALIDITY
    with pytest.raises(channel_sign_in.NotSignedIn):
        channel_sign_in.enter(
            community=shop, code=code, digest=b"1" * 32, label="", at=late
        )
    row = Account.objects.get(pk=li)
    people.erase(account=row, by=account.by, at=datetime.now(UTC))
    assert tab.client.post(path, {"code": code}, headers=OURS).status_code == 403


def test_codes_and_tokens_are_stored_as_digests_and_deleted(
    account: ChannelAccount, li: int
) -> None:
    _path, code = hand_over(Frame(stores=False))
    (row,) = ChannelProof.objects.values()
    assert "good" not in str(row)
    assert code not in str(row)
    now = datetime.now(UTC)
    pruning.prune(at=now + timedelta(days=29))
    assert ChannelProof.objects.exists()
    pruning.prune(at=now + timedelta(days=31))
    assert not ChannelProof.objects.exists()


# Frames and cookies


def policy(response: Any) -> str:
    """Who may frame a response."""
    found = re.search(r"frame-ancestors ([^;]*)", response["Content-Security-Policy"])
    assert found is not None
    return found[1]


def test_only_pages_of_the_widget_may_be_framed_and_only_by_the_app(
    shop: Community, account: ChannelAccount, li: int
) -> None:
    frame = Frame()
    pages = [frame.open(), frame.enter(), frame.open("/p/shop/widget/me")]
    pages += [frame.hand(token="bad"), frame.open("/p/shop/widget/a/none")]
    for response in pages:
        assert policy(response) == APP
        assert "X-Frame-Options" not in response
    # What the member does in the browser itself is another device.
    for path in ("/p/shop/", "/p/shop/me", "/p/shop/sign-in/matrix", "/sign-in/"):
        response = frame.open(path)
        assert policy(response) == "'none'"
        assert response["X-Frame-Options"] == "DENY"
        assert "李" not in response.content.decode()
    member_sign_in.allow_frames(account=account, origins=[], by=account.by, at=AT)
    unknown = frame.open("/p/nobody/widget/me")
    for path in (PAGE, "/p/shop/widget/me", "/p/shop/widget/"):
        gone = frame.open(path)
        assert (gone.status_code, policy(gone)) == (404, "'none'")
        assert gone.content == unknown.content


def test_pages_in_a_frame_are_gone_without_the_account(
    account: ChannelAccount, li: int
) -> None:
    frame = Frame()
    frame.enter()
    assert frame.open("/p/shop/widget/me").status_code == 200
    accounts.disconnect(account=account, by=account.by, at=AT)
    for path in (PAGE, "/p/shop/widget/me", "/p/shop/sign-in/matrix"):
        assert frame.open(path).status_code == 404
    assert frame.open("/p/shop/").status_code == 200


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


def test_the_cookie_of_a_frame_is_for_its_pages_and_that_site_alone(
    account: ChannelAccount, li: int, settings: Settings
) -> None:
    plain = Frame()
    plain.open()
    cookie = plain.client.cookies["qunce_widget"]
    assert (cookie["samesite"], cookie["secure"]) == ("Lax", "")
    settings.HTTPS = True
    frame = Frame()
    written = frame.open().cookies["qunce_widget"].OutputString()
    assert written.endswith("; Partitioned")
    for part in ("SameSite=None", "Secure", "HttpOnly", "Path=/p/shop/widget/"):
        assert part in written.split("; ")
    assert set(frame.client.cookies) == {"qunce_widget"}
    # Outside of frames nothing changes.
    outside = Client().get("/p/shop/").cookies["qunce_member"].OutputString()
    assert "Partitioned" not in outside
    assert "SameSite=Lax" in outside.split("; ")


def test_how_pages_are_shown_is_kept_in_a_frame_of_another_site(
    account: ChannelAccount, settings: Settings
) -> None:
    settings.HTTPS = True
    frame = Frame()
    page = frame.open("/p/shop/widget/").content.decode()
    assert 'lang="en"' in page
    token = page.partition('data-token="')[2].partition('"')[0]
    form = {"form_token": token, "language": "zh-hans"}
    written = frame.client.post("/p/shop/widget/display", form).cookies
    text = written["qunce_widget_display"].OutputString()
    assert "SameSite=None" in text.split("; ")
    assert text.endswith("; Partitioned")
    page = frame.open("/p/shop/widget/").content.decode()
    assert 'lang="zh-hans"' in page
    assert 'lang="en"' in Frame().open("/p/shop/").content.decode()


def test_a_device_in_a_frame_is_removed_like_any_other(
    shop: Community, account: ChannelAccount, li: int
) -> None:
    frame = Frame()
    frame.enter()
    assert "李雷雷" in frame.open("/p/shop/widget/me").content.decode()
    by = staff_models.system(shop)
    links.revoke_member(account_id=li, by=by, at=datetime.now(UTC))
    gone = frame.open("/p/shop/widget/me")
    assert gone.status_code == 200
    assert "李" not in gone.content.decode()


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
