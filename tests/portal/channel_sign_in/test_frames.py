"""Pages in a frame: who may frame them, their cookies and devices."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from qunce.channels.accounts import accounts, member_sign_in
from qunce.channels.accounts.models import ChannelAccount
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.personal_links import links
from tests.channels.matrix.homeserver import APP
from tests.factories import AT
from tests.portal.channel_sign_in.frames import PAGE, Frame

pytestmark = pytest.mark.django_db


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
