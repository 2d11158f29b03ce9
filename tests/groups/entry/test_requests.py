"""Requests to enter a group."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.entry import answers, gates, requests
from qunce.groups.entry.models import EntryRequest
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.models import Action
from qunce.groups.overlaps import group_sets
from qunce.members.attributes import attributes
from qunce.members.people import people, staff_accounts
from qunce.outreach.welcomes import fingerprints, welcomes
from qunce.outreach.welcomes.models import WelcomeDecision
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, HOUR, LATER

pytestmark = pytest.mark.django_db
CITY = {
    "text": "Where do you live?",
    "attribute": "city",
    "answers": [{"words": ["上海", "Shanghai"], "tag": "local"}],
}


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def north(shop: Community) -> Group:
    return factories.group(shop, "north", platform="wechat")


def gate(group: Group, by: Staff, **fields: Any) -> None:
    gates.configure(group=group, by=by, at=AT, **fields)
    gates.switch(group=group, is_on=True, by=by, at=AT)


def knock(group: Group, account: int, by: Staff, at: datetime = AT) -> EntryRequest:
    return requests.open_request(group=group, account=account, by=by, at=at)


def find_tagged(by: Staff, tag: str) -> list[int]:
    rule = {"tag": {"any": [tag]}}
    return list(audiences.people(community=by.community, rule=rule, by=by, at=AT))


def say(request: EntryRequest, by: Staff, text: str, at: datetime = AT) -> str:
    return requests.answer(request=request, text=text, by=by, at=at).value


def test_keyword_question_and_approval_in_turn(
    shop: Community, owner: Staff, north: Group
) -> None:
    attributes.define(community=shop, name="city", type="text", by=owner, at=AT)
    factories.tag(shop, "local")
    gate(north, owner, keywords=["芝士"], questions=[CITY], needs_approval=True)
    account = factories.member(shop, "kim", channel="wechat").pk
    request = knock(north, account, owner)
    assert request.step == "keyword"
    assert say(request, owner, "hello") == "wrong"
    assert say(request, owner, "暗号：芝士") == "accepted"
    assert say(request, owner, "I live in Shanghai.") == "accepted"
    assert (request.state, request.step) == ("waiting", "approval")
    values = attributes.values_of_person([account])
    assert [str(each.text) for each in values.values()] == ["上海"]
    assert find_tagged(owner, "local") == [account]
    with pytest.raises(requests.NothingToAnswer):
        say(request, owner, "again")
    requests.let_in(request=request, by=owner, at=LATER)
    assert request.state == "passed"
    assert request.action is not None
    assert request.action.kind == "invite"


def test_by_hand_where_the_channel_cannot_act(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"])
    account = factories.member(shop, "kim", channel="wechat").pk
    request = knock(north, account, owner)
    say(request, owner, "芝士")
    executor.run_due(at=AT)
    requests.mark_done(request=request, by=owner, at=AT)
    assert groups.count_members(north) == 1
    with pytest.raises(requests.NothingToAnswer):
        requests.mark_done(request=request, by=owner, at=AT)


def test_too_many_wrong_answers_refuse_and_staff_can_still_let_in(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"], max_attempts=2)
    account = factories.member(shop, "kim").pk
    request = knock(north, account, owner)
    say(request, owner, "a")
    assert say(request, owner, "b") == "too_often"
    assert (request.state, request.reason) == ("refused", "attempts")
    requests.let_in(request=request, by=owner, at=AT)
    assert request.state == "passed"


def test_threshold_is_a_rule(shop: Community, owner: Staff, north: Group) -> None:
    buyer, other = factories.members(shop, "buyer", "other")
    factories.apply_tag(shop, "buyer", buyer)
    gate(north, owner, rule={"tag": {"any": ["buyer"]}})
    assert knock(north, buyer, owner).state == "passed"
    refused = knock(north, other, owner)
    assert (refused.state, refused.reason) == ("refused", "threshold")


def test_threshold_knows_only_the_groups_that_its_author_sees(
    shop: Community, owner: Staff, north: Group
) -> None:
    factories.group(shop, "south")
    clerk = factories.staff(shop, "manager", "clerk", groups=["north"])
    rule = {"group": {"any": ["south"]}}
    with pytest.raises(Exception, match="south"):
        gates.configure(group=north, rule=rule, by=clerk, at=AT)
    gates.configure(group=north, rule=rule, by=owner, at=AT)


def test_blacklisted_are_refused_and_staff_pass(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"])
    spammer, helper, white = factories.members(shop, "spammer", "helper", "white")
    staff_accounts.mark(accounts=[helper], by=owner, at=AT)
    for name, account in (("black", spammer), ("white", white)):
        lists.add(community=shop, list_name=name, account=account, by=owner, at=AT)
    assert knock(north, spammer, owner).reason == "blacklist"
    assert knock(north, helper, owner).state == "passed"
    assert knock(north, white, owner).state == "passed"
    with pytest.raises(Exception, match="blacklist"):
        requests.let_in(
            request=EntryRequest.objects.get(account_id=spammer), by=owner, at=AT
        )


@pytest.mark.parametrize(
    ("door", "state", "step"),
    [("refuse", "refused", ""), ("ask", "waiting", "approval")],
)
def test_who_is_in_another_group_of_the_set(
    shop: Community, owner: Staff, north: Group, door: str, state: str, step: str
) -> None:
    (kim,) = factories.members(shop, "kim")
    south = factories.group(shop, "south", kim)
    group_sets.create(name="City", groups=[north, south], door=door, by=owner, at=AT)
    gate(north, owner, rule={"all": []})
    request = knock(north, kim, owner)
    assert (request.state, request.step) == (state, step)


def test_who_does_not_answer_in_time_is_refused(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"], wait_hours=2)
    (kim,) = factories.members(shop, "kim")
    request = knock(north, kim, owner)
    assert requests.expire_due(at=AT + HOUR) == 0
    assert requests.expire_due(at=AT + 2 * HOUR) == 1
    request.refresh_from_db()
    assert request.state == "expired"
    assert request.action is not None
    assert request.action.kind == "kick"


def test_second_report_of_a_knock_is_the_same_request(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"])
    (kim,) = factories.members(shop, "kim")
    assert knock(north, kim, owner) == knock(north, kim, owner)
    assert EntryRequest.objects.count() == 1


def test_staff_see_only_requests_of_their_groups(
    shop: Community, owner: Staff, north: Group
) -> None:
    gate(north, owner, keywords=["芝士"])
    (kim,) = factories.members(shop, "kim")
    request = knock(north, kim, owner)
    clerk = factories.staff(shop, "operator", "clerk", groups=["south"])
    assert not requests.list_visible(clerk).exists()
    with pytest.raises(requests.RequestNotFound):
        requests.let_in(request=request, by=clerk, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        requests.refuse(request=request, by=viewer, at=AT)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"keywords": ["x" * 41]}, "at most 40 characters"),
        ({"questions": [{"text": ""}]}, "1 to 300 characters"),
        ({"questions": [{"text": "a", "answers": [{"words": []}]}]}, "one word"),
        ({"wait_hours": 0}, "from 1 to 720"),
        ({"wait_hours": -1}, "from 1 to 720"),
        ({"max_attempts": 21}, "from 1 to 20"),
        ({"colour": "red"}, "no field"),
    ],
)
def test_bad_gates_are_refused(
    owner: Staff, north: Group, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(gates.InvalidGate, match=sentence):
        gates.configure(group=north, by=owner, at=AT, **fields)


def test_gate_that_asks_nothing_cannot_be_on(owner: Staff, north: Group) -> None:
    with pytest.raises(gates.EmptyGate):
        gates.switch(group=north, is_on=True, by=owner, at=AT)
    gate(north, owner, keywords=["芝士"])
    with pytest.raises(gates.EmptyGate):
        gates.configure(group=north, keywords=[], by=owner, at=AT)


# By the chat


def join_by_chat(group: Group, account: int, at: datetime = AT) -> None:
    system = staff_models.system(group.community)
    groups.add_members(group=group, accounts=[account], by=system, at=at)
    reactions.CONSUMER.catch_up(at=at)


def test_join_is_asked_and_answered_in_the_chat(shop: Community, owner: Staff) -> None:
    north = factories.group(shop, "north")
    gate(north, owner, keywords=["芝士"])
    kim, sam = factories.members(shop, "kim", "sam")
    join_by_chat(north, kim)
    read: dict[str, Any] = {"community": shop, "at": AT}
    assert answers.read(account=kim, group=north, text="hello all", **read) is None
    assert answers.read(account=sam, group=north, text="芝士", **read) is None
    assert answers.read(account=kim, group=north, text="芝士", **read) == "answer"
    request = EntryRequest.objects.get()
    assert (request.state, request.is_inside, request.action) == ("passed", True, None)


def test_direct_messages_are_answers_even_if_wrong(
    shop: Community, owner: Staff
) -> None:
    north = factories.group(shop, "north")
    gate(north, owner, keywords=["芝士"])
    (kim,) = factories.members(shop, "kim")
    join_by_chat(north, kim)
    answers.read(community=shop, account=kim, group=None, text="奶酪", at=AT)
    assert EntryRequest.objects.get().attempts == 1


def test_nobody_is_asked_whom_staff_add_or_whose_join_is_history(
    shop: Community, owner: Staff
) -> None:
    north = factories.group(shop, "north")
    gate(north, owner, keywords=["芝士"])
    kim, sam = factories.members(shop, "kim", "sam")
    groups.add_members(group=north, accounts=[kim], by=owner, at=AT)
    system = staff_models.system(shop)
    groups.add_members(
        group=north,
        accounts=[sam],
        by=system,
        at=AT,
        happened_at=AT - timedelta(hours=2),
    )
    reactions.CONSUMER.catch_up(at=AT)
    assert not EntryRequest.objects.exists()


def test_who_was_let_in_is_not_asked_when_they_come(
    shop: Community, owner: Staff
) -> None:
    north = factories.group(shop, "north")
    gate(north, owner, keywords=["芝士"])
    (kim,) = factories.members(shop, "kim")
    say(knock(north, kim, owner), owner, "芝士")
    join_by_chat(north, kim)
    assert EntryRequest.objects.count() == 1


def test_erasing_deletes_requests(shop: Community, owner: Staff, north: Group) -> None:
    gate(north, owner, keywords=["芝士"])
    account = factories.member(shop, "kim", name="Kim")
    say(knock(north, account.pk, owner), owner, "Kim here")
    people.erase(account=account, by=owner, at=LATER)
    reactions.CONSUMER.catch_up(at=LATER)
    assert not EntryRequest.objects.exists()


def test_actions_are_planned_once(shop: Community, owner: Staff, north: Group) -> None:
    gate(north, owner, keywords=["芝士"], max_attempts=1)
    (kim,) = factories.members(shop, "kim")
    request = knock(north, kim, owner)
    say(request, owner, "x")
    requests.let_in(request=request, by=owner, at=LATER)
    kinds = list(Action.objects.order_by("pk").values_list("kind", "state"))
    assert kinds == [("kick", "cancelled"), ("invite", "pending")]


def test_welcome_waits_for_the_gate(shop: Community, owner: Staff) -> None:
    north = factories.group(shop, "north")
    gate(north, owner, keywords=["芝士"])
    created = welcomes.create(
        community=shop,
        name="Hello",
        text="Welcome {name|friend}",
        is_for_others=True,
        staff=owner,
        by=owner,
        at=AT,
    )
    digest = fingerprints.digest(created)
    welcomes.switch_on(welcome=created, digest=digest, by=owner, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    later = AT + 3 * HOUR
    (kim, sam) = (factories.member(shop, key, at=later).pk for key in ("kim", "sam"))
    join_by_chat(north, kim, later)
    decided = WelcomeDecision.objects.values_list("account_id", "reason")
    assert list(decided) == [(sam, "")]
    passed_at = later + 2 * HOUR
    answers.read(community=shop, account=kim, group=north, text="芝士", at=passed_at)
    reactions.CONSUMER.catch_up(at=passed_at)
    assert list(decided.order_by("pk")) == [(sam, ""), (kim, "")]
