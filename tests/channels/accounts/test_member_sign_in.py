"""Which apps show member pages in a frame, and who may sign in there (X6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from qunce.channels.accounts import accounts, member_sign_in, providers
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Problem
from qunce.channels.matrix import openid, rights
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from tests import clients, factories
from tests.channels.matrix import homeserver
from tests.channels.matrix.homeserver import APP, Homeserver
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Community:
    """A community whose pages are in English."""
    return factories.community(language="en")


@pytest.fixture(scope="module")
def running() -> Iterator[Homeserver]:
    with homeserver.serve() as server:
        yield server


@pytest.fixture
def account(shop: Community, running: Homeserver, settings: Settings) -> ChannelAccount:
    settings.ALLOW_PRIVATE_HOMESERVERS = True
    running.answer, running.tokens = None, {}
    return running.connect(shop, origin="")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("https://app.element.io", "https://app.element.io"),
        (" HTTPS://App.Element.IO:443/ ", "https://app.element.io"),
        ("https://chat.example.org:8443", "https://chat.example.org:8443"),
        ("vector://vector", "vector://vector"),
    ],
)
def test_an_origin_is_stored_in_its_normal_form(text: str, stored: str) -> None:
    assert member_sign_in.check_origins([text, "", " "]) == [stored]


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*.example.org",
        "https:",
        "app.element.io",
        "http://app.element.io",
        "https://app.element.io/path",
        "https://app.element.io?x",
        "https://me@app.element.io",
        "https://app.element.io; script-src *",
        "https://app.element.io, https://evil.example",
        "https://app.element.io https://evil.example",
        "https://app..element.io",
        "https://a.example:0",
        "https://a.example:99999",
        "https://ä.example",
        "javascript://app.element.io",
        "data:",
        "'self'",
        "vector://other",
    ],
)
def test_what_is_no_origin_is_refused(text: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOMESERVERS = False
    with pytest.raises(member_sign_in.InvalidOrigin):
        member_sign_in.check_origins([text])


def test_origins_are_changed_once_and_by_managers_of_the_channel(
    account: ChannelAccount,
) -> None:
    shop, by = account.community, account.by
    before = Fact.objects.count()
    for _time in range(2):
        member_sign_in.allow_frames(account=account, origins=[APP], by=by, at=AT)
    assert Fact.objects.count() == before + 1
    assert member_sign_in.list_origins(shop.pk) == [APP]
    # Another limit does not take them away.
    accounts.change_limit(account=account, per_minute=5, by=by, at=AT)
    assert member_sign_in.list_origins(shop.pk) == [APP]
    many = [f"https://app{n}.example" for n in range(11)]
    with pytest.raises(member_sign_in.InvalidOrigin):
        member_sign_in.allow_frames(account=account, origins=many, by=by, at=AT)
    accounts.disconnect(account=account, by=by, at=AT)
    assert member_sign_in.list_origins(shop.pk) == []


def test_only_channels_with_sign_in_have_frames(account: ChannelAccount) -> None:
    class Plain:
        channel = "plain"

    assert isinstance(providers.get("matrix"), member_sign_in.SignInProvider)
    assert member_sign_in.find_provider("matrix") is not None
    assert member_sign_in.find_provider("assisted") is None
    providers.register(Plain())  # type: ignore[arg-type]
    try:
        assert member_sign_in.find_provider("plain") is None
        account.channel = "plain"
        with pytest.raises(member_sign_in.SignInNotPossible):
            member_sign_in.allow_frames(
                account=account, origins=[APP], by=account.by, at=AT
            )
    finally:
        providers.unregister("plain")


def test_a_homeserver_that_does_not_answer_whose_a_token_is_is_a_problem(
    account: ChannelAccount, running: Homeserver
) -> None:
    assert not openid.is_hidden(account)
    running.answer = (404, '{"errcode": "M_UNRECOGNIZED"}')
    assert openid.is_hidden(account)
    explained = rights.explain(Problem(rights.OPENID_HIDDEN, {"path": "/x"}))
    assert "/x" in explained.remedy


def test_staff_set_the_apps_in_the_console_and_copy_the_widget(
    account: ChannelAccount, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://community.example.org"
    browser = clients.browser(account.by)
    url = "/settings/channels/matrix/"
    widget = "https://community.example.org/p/shop/widget/sign-in/matrix"
    page = browser.get(url).content.decode()
    assert "Save the address of an app first." in page
    assert widget not in page
    refused = browser.post(f"{url}widget/", {"origins": f"{APP}\n*"})
    assert refused.status_code == 422
    assert "“*” is no address of an app" in refused.content.decode()
    assert member_sign_in.origins_of(account) == []
    browser.post(f"{url}widget/", {"origins": f"{APP}\r\nvector://vector\r\n"})
    page = browser.get(url).content.decode()
    assert f'data-copy="{widget}"' in page
    assert f'data-copy="/addwidget {widget}"' in page
    assert page.count("<span>Copy</span>") == 2
    assert f"{APP}\nvector://vector</textarea>" in page


def test_programs_set_the_apps_and_read_the_address(
    shop: Community, account: ChannelAccount, settings: Settings
) -> None:
    api = clients.create_client(shop)
    settings.PUBLIC_URL = "https://community.example.org"
    given = {"frame_origins": [APP]}
    answer = api.request("PUT", "/channels/matrix/widget", given)
    assert answer.status == 200, answer.body
    listed = api.get("/channels/matrix").body
    assert listed["frame_origins"] == [APP]
    assert listed["widget_address"].endswith("/p/shop/widget/sign-in/matrix")
    bad = {"frame_origins": ["*"]}
    assert api.request("PUT", "/channels/matrix/widget", bad).status == 422
    assert api.request("PUT", "/channels/wechat/widget", given).status == 404
