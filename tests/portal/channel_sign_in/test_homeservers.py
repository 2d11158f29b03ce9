"""The homeserver that is asked about a token: which one, and what it may answer."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import openid
from qunce.members.personal_links.models import SignIn
from tests.channels.matrix.homeserver import NAME, Homeserver
from tests.portal.channel_sign_in.frames import Frame

pytestmark = pytest.mark.django_db


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
