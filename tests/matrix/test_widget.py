"""Signing in from the widget of a room, with tokens of a real homeserver (X6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.test import Client

from qunce.channels.accounts import member_sign_in
from qunce.channels.matrix import openid
from qunce.members.accounts.models import Account
from qunce.members.personal_links.models import SignIn
from tests import synapse
from tests.activities.points import builders
from tests.matrix.members import Member
from tests.matrix.site import Site, now

Register = Callable[..., list[Member]]
PAGE = "/p/tea/widget/sign-in/matrix"
APP = "https://app.example.org"


def ask_token(member: Member) -> dict[str, str]:
    """What the app of a member gets from the homeserver, and gives to a widget."""
    path = f"/client/v3/user/{quote(member.id)}/openid/request_token"
    given = member.call("POST", path, {})
    assert given["matrix_server_name"] == synapse.NAME
    return {name: given[name] for name in openid.FIELDS}


def hand(client: Client, given: dict[str, str]) -> Any:
    return client.post(PAGE, given, headers={"origin": "http://testserver"})


def test_a_member_signs_in_from_a_room_and_reads_their_balance(
    site: Site, register: Register
) -> None:
    """A widget's token signs a member in once; strangers and forgers stay outside."""
    owner, ann, eve = register("owner", "ann", "eve")
    site.open_room(owner, ann, name="Tea")
    site.step()
    account = Account.objects.get(key=ann.id, channel="matrix").pk
    builders.award(account, 1_234, at=now())
    assert Client().get(PAGE).status_code == 404
    member_sign_in.allow_frames(
        account=site.account, origins=[APP], by=site.by, at=now()
    )
    # The check of the account has asked the real server, too.
    assert "openid_hidden" not in site.problems()

    browser = Client(headers={"accept-language": "en"})
    assert APP in browser.get(PAGE)["Content-Security-Policy"]
    given = ask_token(ann)
    forged = given | {"access_token": given["access_token"][:-2] + "xx"}
    for refused in (forged, given | {"matrix_server_name": "elsewhere.example"}):
        assert hand(browser, refused).status_code == 403
    # The account's own token is no proof either.
    own = {"access_token": site.bot.token, "matrix_server_name": synapse.NAME}
    assert hand(browser, own).status_code == 403
    # A user of the homeserver who is in none of our rooms.
    assert hand(browser, ask_token(eve)).status_code == 403
    assert not SignIn.objects.exists()
    assert "1,234" not in browser.get("/p/tea/widget/me").content.decode()

    assert hand(browser, given).status_code == 303
    page = browser.get("/p/tea/widget/me").content.decode()
    assert "1,234" in page
    assert "signed in through Matrix" in page
    signed_in = SignIn.objects.get()
    assert (signed_in.account_id, signed_in.rung) == (account, 3)
    other = Client(headers={"accept-language": "en"})
    other.get(PAGE)
    assert hand(other, given).status_code == 403
    assert "1,234" not in other.get("/p/tea/widget/me").content.decode()
