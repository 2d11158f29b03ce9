"""Receipts, opt-outs and messages that channels report (X1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qunce.channels import channel_contract, inbox
from qunce.channels.channel_contract import DeliveryStatus, Outcome
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.outreach import opt_outs
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import (
    campaign_tasks,
    channel_events,
    channel_sending,
    ledger,
)
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
OPTED_OUT = {"opted_out": {"of": "messages"}}


@pytest.fixture
def sent(shop: Community, by: Staff) -> Iterator[Campaign]:
    """A campaign to bob, whose message the channel has accepted but not delivered."""
    channel = FakeChannel(script={"bob": [Outcome(status=DeliveryStatus.ACCEPTED)]})
    channel_contract.register(channel)
    factories.member(shop, "bob", name="Bob", channel="fake")
    campaign = factories.started_campaign(by, channel="fake", staff=[])
    channel_sending.send_due(at=AT)
    yield campaign
    channel_contract.unregister("fake")


def report(of: Community, key: str, kind: str, **payload: Any) -> int:
    inbox.receive(
        community=of, channel="fake", key=key, kind=kind, payload=payload, at=LATER
    )
    return inbox.dispatch(handlers=channel_events.HANDLERS, at=LATER)


def message_key(sent: Campaign, key: str = "bob") -> str:
    target = account_queries.get(sent.community, key).pk
    return str(ledger.list_of(ledger.Origin.CAMPAIGN, sent.pk).get(target_id=target).pk)


def test_receipt_delivers_an_accepted_message_once(
    shop: Community, sent: Campaign
) -> None:
    assert factories.recipient_states(sent) == {"bob": "accepted"}
    for key in ("r1", "r1", "r2"):
        report(shop, key, "receipt", message=message_key(sent), state="delivered")
    assert factories.recipient_states(sent) == {"bob": "delivered"}
    assert len(factories.recorded_facts(shop, "send.delivered")) == 1


def test_click_implies_delivery(shop: Community, sent: Campaign) -> None:
    payload = {"message": message_key(sent), "state": "clicked", "link": "sale"}
    report(shop, "r1", "receipt", **payload)
    assert factories.recipient_states(sent) == {"bob": "clicked"}
    assert len(factories.recorded_facts(shop, "send.delivered")) == 1
    assert factories.recorded_facts(shop, "send.clicked")[0][1]["link"] == "sale"


@pytest.mark.parametrize(
    "payload",
    [
        {"state": "delivered"},
        {"state": "delivered", "message": "x-y"},
        {"state": "delivered", "message": "987654-1"},
        {"state": "eaten", "message": "1-1"},
    ],
)
def test_invalid_receipt_is_kept_with_its_error(
    shop: Community, sent: Campaign, payload: dict[str, str]
) -> None:
    assert report(shop, "r1", "receipt", **payload) == 0
    assert inbox.pending().get().error.startswith("InvalidChannelEvent: ")


def test_receipt_from_another_community_is_ignored(
    shop: Community, sent: Campaign
) -> None:
    other = factories.community("other")
    payload = {"message": message_key(sent), "state": "delivered"}
    assert report(other, "r1", "receipt", **payload) == 0
    assert factories.recipient_states(sent) == {"bob": "accepted"}
    assert report(shop, "r1", "receipt", **payload) == 1
    assert factories.recipient_states(sent) == {"bob": "delivered"}


def test_opt_out_applies_to_all_accounts_of_a_person(
    shop: Community, sent: Campaign
) -> None:
    factories.member(shop, "bobby")
    people.merge(
        left=account_queries.get(shop, "bob"),
        right=account_queries.get(shop, "bobby"),
        by=factories.staff(shop, "owner", "boss"),
        at=AT,
    )
    report(shop, "o1", "opt_out", **{"from": "bobby"})
    assert factories.matching_keys(shop, OPTED_OUT) == ["bob"]
    assert factories.matching_keys(shop, {"not": OPTED_OUT}) == []
    report(shop, "o2", "opt_in", **{"from": "bob"})
    assert factories.matching_keys(shop, OPTED_OUT) == []
    assert len(factories.recorded_facts(shop, "member.opted_out")) == 1


def test_unknown_sender_becomes_a_member(shop: Community, sent: Campaign) -> None:
    report(shop, "m1", "message", **{"from": "zoe", "group": "g", "text": "hello"})
    zoe = account_queries.get(shop, "zoe")
    assert zoe.channel == "fake"
    assert factories.recorded_facts(shop, "message.posted") == [(zoe.pk, {"length": 5})]


def test_erasure_removes_the_opt_out(shop: Community, by: Staff) -> None:
    (ann,) = factories.named_members(shop, "ann")
    opt_outs.opt_out(community=shop, accounts=[ann], by=by, at=AT)
    assert set(opt_outs.find_by_person([ann])) == {ann}
    erased = [factories.recorded_fact(shop, "member.erased", ann)]
    opt_outs.clear_erased(community=shop, facts=erased, at=AT)
    campaign_tasks.delete_erased(community=shop, facts=erased, at=AT)
    assert opt_outs.find_by_person([ann]) == {}


def test_opt_out_survives_leaving_and_rejoining(shop: Community, by: Staff) -> None:
    (ann,) = factories.named_members(shop, "ann")
    opt_outs.opt_out(community=shop, accounts=[ann], by=by, at=AT)
    account = account_queries.get(shop, "ann")
    accounts.leave(account=account, by=by, at=AT)
    accounts.rejoin(account=account, by=by, at=LATER)
    assert factories.matching_keys(shop, OPTED_OUT) == ["ann"]


def test_erased_person_does_not_come_back_by_a_channel(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", channel="fake")
    people.erase(account=ann, by=by, at=AT)
    for key, kind in (("e1", "message"), ("e2", "opt_out"), ("e3", "opt_in")):
        assert report(shop, key, kind, **{"from": "ann"}) == 1
    assert factories.matching_keys(shop, {"with_left": {"all": []}}) == []
    payloads = inbox.IncomingEvent.objects.values_list("payload", flat=True)
    assert list(payloads) == [{}, {}, {}]
    assert report(shop, "e4", "message", **{"from": "bob"}) == 1
    assert factories.matching_keys(shop, {"all": []}) == ["bob"]
