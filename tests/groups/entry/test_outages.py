"""The gate and clean-ups during outages, and people who are erased while they wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qunce import reactions
from qunce.channels import channel_contract, inbox
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.entry import gates, requests
from qunce.groups.entry.models import EntryRequest
from qunce.groups.moderation.actions import actions, executor
from qunce.groups.moderation.models import Action
from qunce.groups.overlaps import clean_ups, group_sets
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, HOUR

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def channel() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister("fake")


def knock(shop: Community, owner: Staff) -> EntryRequest:
    north = factories.group(shop, "north", platform="fake")
    gates.configure(group=north, by=owner, at=AT, keywords=["cheese"], wait_hours=1)
    gates.switch(group=north, is_on=True, by=owner, at=AT)
    kim = factories.member(shop, "kim", channel="fake").pk
    return requests.open_request(group=north, account=kim, by=owner, at=AT)


@pytest.mark.both_databases
def test_an_answer_that_an_outage_delays_is_not_too_late(
    shop: Community, owner: Staff, channel: FakeChannel
) -> None:
    request = knock(shop, owner)
    account = ChannelAccount.objects.create(
        community=shop,
        channel="fake",
        address="https://h.test",
        user="bot",
        connected_at=AT,
        received_at=AT + 10 * MINUTE,
        by=owner,
    )
    # The channel was down; what was written before the hour was over comes now.
    assert requests.expire_due(at=AT + 3 * HOUR) == 0
    inbox.receive(
        community=shop,
        channel="fake",
        key="$1",
        kind="message",
        payload={"from": "kim", "text": "cheese"},
        at=AT + 3 * HOUR,
        happened_at=AT + 30 * MINUTE,
    )
    ChannelAccount.objects.filter(pk=account.pk).update(received_at=AT + 3 * HOUR)
    inbox.IncomingEvent.objects.update(received_at=AT + 30 * MINUTE)
    assert requests.expire_due(at=AT + 3 * HOUR) == 0
    inbox.IncomingEvent.objects.update(handled_at=AT + 3 * HOUR)
    assert requests.expire_due(at=AT + 3 * HOUR) == 1
    request.refresh_from_db()
    assert request.state == "expired"


@pytest.mark.both_databases
def test_who_is_let_in_while_they_are_removed_is_invited_back(
    shop: Community, owner: Staff, channel: FakeChannel
) -> None:
    request = knock(shop, owner)
    requests.refuse(request=request, by=owner, at=AT)
    removal = Action.objects.get()
    claimed = executor.claim(removal.pk, AT)
    assert claimed is not None
    requests.let_in(request=request, by=owner, at=AT)
    assert executor.run_due(at=AT) == 0
    executor.complete(claimed, executor.call(claimed, AT), AT)
    executor.run_due(at=AT + 3 * MINUTE)
    assert [each.kind for each in channel.actions] == ["kick", "invite"]


@pytest.mark.both_databases
@pytest.mark.parametrize("is_recorded", [True, False])
def test_an_undone_clean_up_invites_whom_a_worker_removes_now(
    shop: Community, owner: Staff, channel: FakeChannel, is_recorded: bool
) -> None:
    kim = factories.member(shop, "kim", channel="fake").pk
    both = [factories.group(shop, key, platform="fake") for key in ("north", "south")]
    for group in both:
        groups.add_members(group=group, accounts=[kim], by=owner, at=AT)
    city = group_sets.create(name="City", groups=both, by=owner, at=AT)
    run = clean_ups.start(group_set=city, expected=1, by=owner, at=AT)
    claimed = executor.claim(Action.objects.get().pk, AT)
    assert claimed is not None
    outcome = executor.call(claimed, AT)
    assert clean_ups.undo(clean_up=run, by=owner, at=AT) == 1
    if is_recorded:
        executor.complete(claimed, outcome, AT)
    executor.run_due(at=AT + 3 * MINUTE)
    executor.run_due(at=AT + 3 * MINUTE)
    assert [each.kind for each in channel.actions] == ["kick", "invite"]


def test_what_waits_for_an_erased_member_is_not_done(
    shop: Community, owner: Staff, channel: FakeChannel
) -> None:
    request = knock(shop, owner)
    actions.plan(
        group=request.group,
        kind=channel_contract.ActionKind.BAN,
        key="own",
        account=request.account_id,
        by=owner,
        at=AT,
    )
    account = Account.objects.get(pk=request.account_id)
    people.erase(account=account, by=owner, at=AT)
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=AT)
    executor.run_due(at=AT + HOUR)
    requests.expire_due(at=AT + 5 * HOUR)
    assert not Action.objects.filter(state__in=actions.WAITING).exists()
    assert not Action.objects.filter(state="with_staff").exists()
