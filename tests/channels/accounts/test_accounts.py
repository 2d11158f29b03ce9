"""Accounts of channels: connecting, limits, health, and who receives (X2, X9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connection

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts, leases, providers
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Explanation, Problem
from qunce.channels.testing import FakeChannel
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import launch
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
MINUTE = timedelta(minutes=1)


@dataclass
class FakeProvider:
    channel: str = "fake"
    found: list[Problem] = field(default_factory=list)

    def check_address(self, address: str) -> str:
        return address.rstrip("/")

    def identify(self, address: str, secret: str) -> str:
        if secret == "wrong":
            raise accounts.InvalidChannelAccount("wrong")
        return f"@{secret}"

    def inspect(self, account: ChannelAccount, *, at: datetime) -> list[Problem]:
        return self.found

    def explain(self, problem: Problem) -> Explanation:
        return Explanation(f"problem {problem.code}", "remedy")


@pytest.fixture(autouse=True)
def provider() -> Iterator[FakeProvider]:
    provider = FakeProvider()
    providers.register(provider)
    yield provider
    providers.unregister(provider.channel)


def connect(by: Staff, secret: str = "bot", **fields: object) -> ChannelAccount:
    defaults = {"channel": "fake", "address": "https://chat.test/", "at": AT}
    given = {**defaults, "community": by.community, **fields}
    return accounts.connect(secret=secret, by=by, **given)  # type: ignore[arg-type]


def test_secret_is_stored_encrypted_and_gone_after_disconnecting(
    shop: Community, by: Staff
) -> None:
    account = connect(by, "top-secret")
    assert (account.address, account.user) == ("https://chat.test", "@top-secret")
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM channels_accounts_channelaccount")
        (stored,) = cursor.fetchone()
    assert "top-secret" not in stored
    assert ChannelAccount.objects.get().secret == "top-secret"
    accounts.disconnect(account=account, by=by, at=LATER)
    assert ChannelAccount.objects.get().secret == ""
    assert accounts.find(shop.pk, "fake") is None
    with pytest.raises(accounts.ChannelAccountNotFound):
        accounts.get(channel="fake", by=by)
    kinds = [
        factories.recorded_facts(shop, f"channel.{n}")
        for n in ("connected", "disconnected")
    ]
    assert [len(found) for found in kinds] == [1, 1]


def test_refused_secret_changes_nothing(by: Staff) -> None:
    connect(by)
    for secret in ("wrong", "", " ", "令牌"):
        with pytest.raises(errors.Invalid):
            connect(by, secret)
    assert ChannelAccount.objects.get().secret == "bot"


def test_connecting_again_keeps_the_place_of_the_same_account_only(by: Staff) -> None:
    account = connect(by)
    ChannelAccount.objects.update(cursor="s1")
    accounts.disconnect(account=account, by=by, at=AT)
    assert connect(by).cursor == "s1"
    assert connect(by, "other").cursor == ""


def test_account_of_another_community_is_refused(by: Staff) -> None:
    connect(by)
    other = factories.staff(factories.community("other"), login="bob")
    with pytest.raises(accounts.ChannelAccountAlreadyConnected):
        connect(other)
    accounts.disconnect(account=ChannelAccount.objects.get(), by=by, at=AT)
    assert connect(other).is_connected


@pytest.mark.parametrize("per_minute", [0, -1, 10_001])
def test_limit_is_at_least_one_or_none(by: Staff, per_minute: int) -> None:
    account = connect(by, per_minute=None)
    with pytest.raises(accounts.InvalidChannelAccount):
        accounts.change_limit(account=account, per_minute=per_minute, by=by, at=AT)
    accounts.change_limit(account=account, per_minute=30, by=by, at=AT)
    assert ChannelAccount.objects.get().settings == {"per_minute": 30}


def test_problems_are_found_daily_and_a_change_of_them_is_a_fact(
    shop: Community, by: Staff, provider: FakeProvider
) -> None:
    account = connect(by)
    provider.found = [Problem("right_missing", {"room": "Tea"})]
    accounts.check_due(at=AT + MINUTE)
    account.refresh_from_db()
    assert account.problems == []
    for _check in range(2):
        accounts.check_due(at=LATER)
        ChannelAccount.objects.update(checked_at=None)
    account.refresh_from_db()
    assert accounts.explain(account)[0][1].problem == "problem right_missing"
    changes = factories.recorded_facts(shop, "channel.health_changed")
    assert [payload["problems"] for _key, payload in changes] == [["right_missing"]]


def test_one_process_receives_until_it_ends(by: Staff) -> None:
    account = connect(by)
    lease = leases.claim(account, at=AT)
    assert lease
    assert leases.claim(account, at=AT + MINUTE) == ""
    assert leases.renew(account, lease, at=AT + MINUTE)
    # Killed: its lease is freed by its token, or ends.
    assert leases.free_those_of(lease[:16]) == 1
    second = leases.claim(account, at=AT + MINUTE)
    assert second
    assert not leases.renew(account, lease, at=AT + MINUTE)
    assert leases.claim(account, at=AT + MINUTE + leases.PERIOD)


def test_channel_is_offered_once_it_is_connected(by: Staff) -> None:
    def check(community: int) -> bool:
        return accounts.find(community, "fake") is not None

    channel_contract.register(FakeChannel(), is_connected=check)
    try:
        names = [c.name for c in channel_contract.list_channels(by.community_id)]
        assert "fake" not in names
        factories.member(by.community, "bob", channel="fake")
        campaign = factories.campaign(by, channel="fake", staff=[])
        with pytest.raises(channel_contract.ChannelNotConnected):
            launch.start(campaign=campaign, by=by, at=AT)
        connect(by)
        names = [c.name for c in channel_contract.list_channels(by.community_id)]
        assert "fake" in names
        launch.start(campaign=campaign, by=by, at=AT)
    finally:
        channel_contract.unregister("fake")


def test_operators_and_scoped_managers_connect_nothing(shop: Community) -> None:
    for role, fields in (("operator", {}), ("manager", {"groups": ["north"]})):
        staff = factories.staff(shop, role, f"{role}-x", **fields)
        with pytest.raises(permissions.NotAllowed):
            connect(staff)
    assert not ChannelAccount.objects.exists()
