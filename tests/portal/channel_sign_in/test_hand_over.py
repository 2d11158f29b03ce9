"""A tab that takes over the sign-in of a frame, whose browser stores no cookie in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from qunce.channels.accounts.models import ChannelAccount
from qunce.core.communities import Community
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.members.personal_links import channel_sign_in, pruning
from qunce.members.personal_links.models import ChannelProof, SignIn
from tests import factories
from tests.channels.matrix.homeserver import APP, Homeserver
from tests.portal.channel_sign_in.frames import OURS, REFUSAL, Frame

pytestmark = pytest.mark.django_db


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
