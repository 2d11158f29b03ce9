"""E19: who may join is judged when somebody joins, and the answer names no tag."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.activities import budget, eligibility
from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.eligibility import Reason
from qunce.activities.kinds.base import Way
from qunce.core.staff.models import Staff
from qunce.groups import memberships
from qunce.groups.lists import lists
from qunce.members.accounts.models import Account
from qunce.members.people import people, staff_accounts
from tests import factories
from tests.activities.running import DAY, HOUR, approver, draft, join, running
from tests.factories import AT

pytestmark = pytest.mark.django_db
TAGGED: dict[str, Any] = {"tag": {"any": ["vip"]}}


def judge(activity: Activity, account: int) -> str:
    refusal = eligibility.judge(activity=activity, account_id=account, at=AT)
    return "" if refusal is None else refusal.reason


def test_each_who_may_not_join_is_refused_for_a_reason(by: Staff) -> None:
    shop = by.community
    names = ("bob", "cy", "dan", "eve", "fay", "gus")
    bob, cy, dan, eve, fay, gus = factories.members(shop, *names)
    factories.apply_tag(shop, "vip", bob, dan, eve, fay)
    activity = running(by, may_join=TAGGED)
    lists.add(community=shop, list_name="black", account=dan, by=by, at=AT)
    factories.leave(shop, "eve")
    staff_accounts.mark(accounts=[fay], by=by, at=AT)
    people.erase(account=Account.objects.get(pk=gus), by=by, at=AT)
    assert [judge(activity, account) for account in (bob, cy, dan, eve, fay, gus)] == [
        "",
        Reason.RULE,
        Reason.BLACKLISTED,
        Reason.LEFT,
        Reason.STAFF,
        Reason.ERASED,
    ]
    reply = join(activity, cy)
    assert (reply.accepted, reply.text) == (False, "This is for readers.")
    assert "vip" not in reply.text
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("role", "may"),
    [("owner", False), ("service", False), ("koc", True), ("volunteer", True)],
)
def test_roles_of_staff_never_join(by: Staff, role: str, *, may: bool) -> None:
    (bob,) = factories.members(by.community, "bob")
    north = factories.group(by.community, "north", bob)
    memberships.change_role(group=north, account=bob, role=role, by=by, at=AT)
    assert (judge(running(by), bob) == "") == may


def test_a_second_account_is_the_same_person(by: Staff) -> None:
    bob, bobby = factories.members(by.community, "bob", "bobby")
    activity = running(by)
    assert join(activity, bob).accepted
    factories.merge(by.community, "bob", "bobby")
    reply = join(activity, bobby, AT + HOUR)
    assert (reply.accepted, reply.code) == (False, "repeated")
    assert Entry.objects.count() == 1


def test_merged_and_separated_members_keep_their_entries(by: Staff) -> None:
    bob, bobby = factories.members(by.community, "bob", "bobby")
    activity = running(by)
    assert join(activity, bob).accepted
    assert join(activity, bobby).accepted
    before = list(Entry.objects.order_by("pk").values())
    factories.merge(by.community, "bob", "bobby")
    assert list(Entry.objects.order_by("pk").values()) == before
    factories.unmerge(by.community, "bob", "bobby")
    assert list(Entry.objects.order_by("pk").values()) == before


def test_only_members_of_the_groups_join(by: Staff) -> None:
    bob, cy = factories.members(by.community, "bob", "cy")
    north = factories.group(by.community, "north", bob)
    activity = running(by, groups=[north.pk])
    assert judge(activity, bob) == ""
    assert judge(activity, cy) == Reason.OTHER_GROUP


def test_times_count_even_if_no_job_ran(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = draft(by, starts_at=AT + HOUR, ends_at=AT + DAY)
    lifecycle.submit(activity=activity, by=by, at=AT)
    lifecycle.approve(activity=activity, by=approver(by), at=AT)
    assert not join(activity, bob, AT).accepted
    lifecycle.move_due(at=AT + HOUR)
    assert join(activity, bob, AT + HOUR).accepted
    late = join(activity, bob, AT + DAY)
    assert (late.accepted, late.text) == (False, "It is over.")


def test_a_broken_rule_holds_with_its_reason(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    factories.apply_tag(shop, "vip", bob)
    activity = running(by, may_join=TAGGED)
    assert not eligibility.find_fault(activity, AT)
    Activity.objects.update(may_join={"tag": {"any": ["gone"]}})
    activity.refresh_from_db()
    assert "gone" in eligibility.find_fault(activity, AT)
    reply = join(activity, bob)
    assert (reply.accepted, reply.code) == (False, Reason.HELD)
    assert "gone" not in reply.text


def test_counts_name_the_notified_who_may_not_join(by: Staff) -> None:
    shop = by.community
    bob, cy, dan = factories.members(shop, "bob", "cy", "dan")
    factories.apply_tag(shop, "vip", bob, cy)
    factories.apply_tag(shop, "new", cy, dan)
    lists.add(community=shop, list_name="black", account=bob, by=by, at=AT)
    activity = draft(by, may_join=TAGGED, notified={"tag": {"any": ["new"]}})
    counts = eligibility.count(activity=activity, by=by, at=AT)
    assert (counts.may_join, counts.notified, counts.both) == (1, 2, 1)
    assert counts.notified_in_vain == 1
    seen = eligibility.list_people(activity=activity, by=by, at=AT, limit=10)
    assert seen == [cy]


def test_the_same_key_counts_once_and_gets_the_same_answer(by: Staff) -> None:
    bob, cy = factories.members(by.community, "bob", "cy")
    activity = running(by)
    first = join(activity, bob, key="form-1")
    again = join(activity, bob, AT + DAY, key="form-1")
    assert (again.text, again.is_repeated) == (first.text, True)
    assert activity.check_ins.count() == 1
    # A key of somebody else's form is another one.
    assert join(activity, cy, key="form-1").accepted


def test_late_lines_of_staff_count_until_it_is_settled(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by, ends_at=AT + HOUR)
    lifecycle.move_due(at=AT + HOUR)
    said, at = AT + timedelta(minutes=30), AT + 2 * HOUR
    fields: dict[str, Any] = {"way": Way.STAFF, "by": by}
    assert not join(activity, bob, at, key="a", **fields).accepted
    late = join(activity, bob, at, key="b", said_at=AT + HOUR, **fields)
    assert not late.accepted
    assert not join(activity, bob, at, key="c", said_at=said).accepted
    assert join(activity, bob, at, key="d", said_at=said, **fields).accepted


def test_a_budget_is_reserved_booked_and_never_exceeded(by: Staff) -> None:
    activity = running(by, points_limit=100, money_limit=None)
    budget.reserve(activity=activity, key="a", points=60, at=AT)
    budget.reserve(activity=activity, key="a", points=60, at=AT)
    with pytest.raises(budget.BudgetExceeded):
        budget.reserve(activity=activity, key="b", points=41, at=AT)
    budget.reserve(activity=activity, key="c", money=10**9, at=AT)
    assert budget.book(activity=activity, key="a", at=AT)
    assert not budget.release(activity=activity, key="a", at=AT)
    budget.reserve(activity=activity, key="b", points=40, at=AT)
    assert budget.release(activity=activity, key="b", at=AT)
    spent = budget.get_spent(activity)
    assert (spent.booked_points, spent.reserved_points) == (60, 0)
    assert spent.reserved_money == 10**9
    with pytest.raises(budget.InvalidAmount):
        budget.reserve(activity=activity, key="d", points=-1, at=AT)
