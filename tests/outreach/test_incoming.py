"""What channels report (X1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qunce.channels import base, inbox
from qunce.channels.base import DeliveryStatus, Outcome
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.outreach import opt_outs
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import channel_events, channel_sending, recipients
from tests import factories as members
from tests.factories import AT, LATER
from tests.outreach import made

pytestmark = pytest.mark.both_databases
OPTED_OUT = {"opted_out": {"of": "messages"}}


@pytest.fixture
def sent(shop: Community, by: Staff) -> Iterator[Campaign]:
    """To bob, whose channel has taken it and not said more."""
    channel = FakeChannel(script={"bob": [Outcome(status=DeliveryStatus.ACCEPTED)]})
    base.register(channel)
    members.member(shop, "bob", name="Bob", channel="fake")
    campaign = made.started(by, channel="fake", staff=[])
    channel_sending.send_due(at=AT)
    yield campaign
    base.unregister("fake")


def report(of: Community, key: str, kind: str, **payload: Any) -> int:
    given: dict[str, Any] = {"community": of, "channel": "fake", "at": LATER}
    inbox.receive(key=key, kind=kind, payload=payload, **given)
    return inbox.dispatch(handlers=channel_events.HANDLERS, at=LATER)


def name_of(sent: Campaign, key: str = "bob") -> str:
    return f"{sent.pk}-{account_queries.get(sent.community, key).pk}"


def test_a_receipt_turns_accepted_into_delivered_once(
    shop: Community, sent: Campaign
) -> None:
    assert made.states(sent) == {"bob": "accepted"}
    for key in ("r1", "r1", "r2"):
        report(shop, key, "receipt", message=name_of(sent), state="delivered")
    assert made.states(sent) == {"bob": "delivered"}
    assert len(members.recorded_facts(shop, "send.delivered")) == 1


def test_a_click_says_delivered_too(shop: Community, sent: Campaign) -> None:
    given = {"message": name_of(sent), "state": "clicked", "link": "sale"}
    report(shop, "r1", "receipt", **given)
    assert made.states(sent) == {"bob": "clicked"}
    assert len(members.recorded_facts(shop, "send.delivered")) == 1
    assert members.recorded_facts(shop, "send.clicked")[0][1]["link"] == "sale"


@pytest.mark.parametrize(
    "payload",
    [
        {"state": "delivered"},
        {"state": "delivered", "message": "x-y"},
        {"state": "delivered", "message": "987654-1"},
        {"state": "eaten", "message": "1-1"},
    ],
)
def test_an_odd_receipt_waits_with_its_error(
    shop: Community, sent: Campaign, payload: dict[str, str]
) -> None:
    assert report(shop, "r1", "receipt", **payload) == 0
    assert inbox.pending().get().error.startswith("OddEvent: A receipt")


def test_a_receipt_of_another_community_is_not_taken(
    shop: Community, sent: Campaign
) -> None:
    other = members.community("other")
    given = {"message": name_of(sent), "state": "delivered"}
    assert report(other, "r1", "receipt", **given) == 0
    assert made.states(sent) == {"bob": "accepted"}


def test_who_opts_out_is_in_the_clause_with_every_account(
    shop: Community, sent: Campaign
) -> None:
    members.member(shop, "bobby")
    people.merge(
        left=account_queries.get(shop, "bob"),
        right=account_queries.get(shop, "bobby"),
        by=made.staff(shop, "boss", "owner"),
        at=AT,
    )
    report(shop, "o1", "opt_out", **{"from": "bobby"})
    assert members.matching_keys(shop, OPTED_OUT) == ["bob"]
    assert members.matching_keys(shop, {"not": OPTED_OUT}) == []
    report(shop, "o2", "opt_in", **{"from": "bob"})
    assert members.matching_keys(shop, OPTED_OUT) == []
    assert len(members.recorded_facts(shop, "member.opted_out")) == 1


def test_a_stranger_who_writes_becomes_a_member(
    shop: Community, sent: Campaign
) -> None:
    report(shop, "m1", "message", **{"from": "zoe", "group": "g", "text": "hello"})
    zoe = account_queries.get(shop, "zoe")
    assert zoe.channel == "fake"
    assert members.recorded_facts(shop, "message.posted") == [(zoe.pk, {"letters": 5})]


def test_an_opt_out_is_forgotten_with_the_person(shop: Community, by: Staff) -> None:
    (ann,) = made.people(shop, "ann")
    opt_outs.opt_out(community=shop, accounts=[ann], by=by, at=AT)
    assert set(opt_outs.find_by_person([ann])) == {ann}
    gone = [incoming_fact(ann)]
    opt_outs.clear_erased(community=shop, facts=gone, at=AT)
    recipients.delete_erased(community=shop, facts=gone, at=AT)
    assert opt_outs.find_by_person([ann]) == {}


def incoming_fact(account: int) -> Any:
    class Gone:
        pass

    gone = Gone()
    gone.account = account  # type: ignore[attr-defined]
    return gone


def test_leaving_does_not_take_an_opt_out_back(shop: Community, by: Staff) -> None:
    (ann,) = made.people(shop, "ann")
    opt_outs.opt_out(community=shop, accounts=[ann], by=by, at=AT)
    account = account_queries.get(shop, "ann")
    accounts.leave(account=account, by=by, at=AT)
    accounts.rejoin(account=account, by=by, at=LATER)
    assert members.matching_keys(shop, OPTED_OUT) == ["ann"]
