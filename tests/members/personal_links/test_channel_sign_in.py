"""A proof is taken once, also by two requests at the same moment (X6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from qunce.channels.accounts import member_sign_in, providers
from qunce.channels.accounts.models import ChannelAccount
from qunce.core.communities import Community
from qunce.members.personal_links import channel_sign_in, devices
from qunce.members.personal_links.models import ChannelProof, SignIn
from tests import factories, threads
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
CALLERS = 8


@dataclass(frozen=True)
class Believing:
    """A provider of a channel whose platform believes every token."""

    channel: str = "believing"
    sign_in_fields: tuple[str, ...] = ("token",)

    def read_token(self, account: ChannelAccount, handed: Mapping[str, str]) -> str:
        if not handed["token"]:
            raise member_sign_in.NotProven
        return handed["token"]

    def find_user(self, account: ChannelAccount, token: str) -> str:
        return "li"


@pytest.fixture
def shop() -> Iterator[Community]:
    shop = factories.community()
    providers.register(Believing())  # type: ignore[arg-type]
    ChannelAccount.objects.create(
        community=shop,
        channel="believing",
        address="https://chat.test",
        user="@bot:chat.test",
        secret="t",
        connected_at=AT,
        by=factories.staff(shop),
    )
    factories.member(shop, "li", channel="believing")
    yield shop
    providers.unregister("believing")


def attempts(shop: Community, *verbs: str) -> list[str]:
    """What came of the verbs, all with the same token at the same moment."""

    def attempt(number: int, verb: str) -> str:
        given = {
            "community": shop,
            "channel": "believing",
            "handed": {"token": "t"},
            "at": AT,
        }
        try:
            if verb == "hand over":
                return channel_sign_in.hand_over(**given)  # type: ignore[arg-type]
            digest = devices.digest_of(f"phone {number}")
            channel_sign_in.sign_in(digest=digest, label="", **given)  # type: ignore[arg-type]
        except channel_sign_in.NotSignedIn:
            return "refused"
        return "signed in"

    return threads.run(
        *(
            lambda number=number, verb=verb: attempt(number, verb)
            for number, verb in enumerate(verbs)
        )
    )


def test_of_many_devices_with_one_token_one_is_signed_in(shop: Community) -> None:
    found = attempts(shop, *["sign in"] * CALLERS)
    assert sorted(found) == ["refused"] * (CALLERS - 1) + ["signed in"]
    assert (SignIn.objects.count(), ChannelProof.objects.count()) == (1, 1)


def test_of_many_tabs_with_one_code_one_is_signed_in(shop: Community) -> None:
    (code,) = attempts(shop, "hand over")

    def enter(number: int) -> bool:
        try:
            channel_sign_in.enter(
                community=shop,
                code=code,
                digest=devices.digest_of(f"tab {number}"),
                label="",
                at=AT,
            )
        except channel_sign_in.NotSignedIn:
            return False
        return True

    found = threads.run(
        *(lambda number=number: enter(number) for number in range(CALLERS))
    )
    assert sum(found) == 1
    assert SignIn.objects.count() == 1
    assert attempts(shop, "hand over", "sign in") == ["refused", "refused"]


def test_nothing_is_kept_of_a_claim_but_its_digest(shop: Community) -> None:
    claim = member_sign_in.read_claim(shop.pk, "believing", {"token": "secret words"})
    assert "secret words" not in repr(claim)
    with pytest.raises(member_sign_in.NotProven):
        member_sign_in.read_claim(shop.pk, "believing", {"token": "x" * 3_000})
    with pytest.raises(member_sign_in.NotProven):
        member_sign_in.read_claim(shop.pk, "matrix", {"token": "x"})
