"""The staff in charge of members: assigning, handing over, merging, rules and scopes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff import staff as staff_verbs
from qunce.core.staff.models import Staff
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.members.segments import segments
from qunce.members.staff_in_charge import assignments, hand_overs
from qunce.members.staff_in_charge.models import InCharge
from qunce.sets import audiences
from qunce.sets.doctor import doctor
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

SOON = AT + timedelta(minutes=1)
LATER = AT + timedelta(minutes=2)
pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    community = factories.community()
    factories.members(community, "a", "b", "c")
    return community


@pytest.fixture
def boss(shop: Community) -> Staff:
    return factories.staff(shop, "owner", "boss")


@pytest.fixture
def wang(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "wang", name="王芳")


def assign(
    keys: Iterable[str], staff: Staff | None, by: Staff, at: datetime = SOON
) -> int:
    accounts = factories.account_ids(by.community, tuple(keys))
    return assignments.assign(
        community=by.community, accounts=accounts, staff=staff, by=by, at=at
    )


def in_charge_of(by: Staff, **args: Any) -> list[str]:
    ids = audiences.list_ids(
        community=by.community, rule={"staff": args}, by=by, at=LATER
    )
    return sorted(account_queries.keys_by_id(by.community, ids).values())


def test_assigned_members_match_rules_and_change_hands(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assert assign("ab", wang, boss) == 2
    assert assign("ab", wang, boss, LATER) == 0
    assert in_charge_of(boss, any=["wang"]) == ["a", "b"]
    assert in_charge_of(boss, nobody=True) == ["c"]
    assert in_charge_of(wang, me=True) == ["a", "b"]
    assert in_charge_of(boss, me=True, nobody=True) == ["c"]
    assert assign("a", None, boss, LATER) == 1
    assert in_charge_of(boss, any=["wang"]) == ["b"]
    a, b = factories.account_ids(shop, ("a", "b"))
    assert factories.recorded_facts(shop, "member.staff_changed") == [
        (a, {"staff": wang.pk, "before": 0}),
        (b, {"staff": wang.pk, "before": 0}),
        (a, {"staff": 0, "before": wang.pk}),
    ]


def test_only_active_staff_of_the_community_can_be_in_charge(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    other = factories.staff(factories.community("other"), "operator", "li")
    wang.is_active = False
    for staff in (other, wang, staff_models.system(shop)):
        with pytest.raises(assignments.StaffNotFound):
            assign("a", staff, boss)
    viewer = factories.staff(shop, "viewer", "guest")
    with pytest.raises(permissions.NotAllowed):
        assign("a", boss, viewer)
    assert not InCharge.objects.exists()


def test_scope_by_my_members_hides_all_others(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assign("ab", wang, boss)
    mine = {"staff": {"me": True}}
    staff_verbs.update(staff=wang, scope=mine, by=boss, at=AT)
    wang.refresh_from_db()
    assert wang.scope == mine
    everyone: dict[str, Any] = {"all": []}
    seen = audiences.list_ids(community=shop, rule=everyone, by=wang, at=LATER)
    assert seen == factories.account_ids(shop, ("a", "b"))
    with pytest.raises(account_queries.MemberNotFound):
        assign("c", wang, wang)


def test_hand_over_moves_the_number_that_was_confirmed(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assign("ab", wang, boss)
    li = factories.staff(shop, "operator", "li")
    rule = {"staff": {"any": ["wang"]}}
    move: dict[str, Any] = {"rule": rule, "staff": li, "by": boss, "at": LATER}
    with pytest.raises(assignments.CountChanged, match="2 members now, not 5"):
        hand_overs.create_by_rule(expected=5, **move)
    assert in_charge_of(boss, any=["li"]) == []
    hand_over = hand_overs.create_by_rule(expected=2, **move)
    assert hand_over.changed == 2
    assert in_charge_of(boss, any=["li"]) == ["a", "b"]


def test_undo_of_a_hand_over_restores_who_has_not_been_changed_since(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    li = factories.staff(shop, "operator", "li")
    factories.members(shop, "d")
    assign("a", wang, boss)
    assign("d", li, boss)
    ids = factories.account_ids(shop, ("a", "b", "c", "d"))
    hand_over = hand_overs.create(accounts=ids, staff=li, by=boss, at=LATER)
    assert hand_over.changed == 3
    later = LATER + timedelta(minutes=1)
    assign("c", boss, boss, later)
    undo: dict[str, Any] = {"hand_over": hand_over, "by": boss, "at": later}
    undone = hand_overs.undo(**undo)
    assert (undone.restored, undone.kept) == (2, 1)
    assert in_charge_of(boss, any=["wang"]) == ["a"]
    assert in_charge_of(boss, any=["boss"]) == ["c"]
    assert in_charge_of(boss, any=["li"]) == ["d"]
    with pytest.raises(hand_overs.AlreadyUndone):
        hand_overs.undo(**undo)
    assignments.erase(shop.pk, factories.account_ids(shop, ("a",)))
    assert list(hand_over.changes.values_list("account_id", flat=True)) == sorted(
        factories.account_ids(shop, ("b", "c"))
    )


def test_undo_by_staff_with_a_scope_counts_no_hidden_members_and_leaves_them_to_others(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assign("ab", boss, boss)
    ids = factories.account_ids(shop, ("a", "b"))
    hand_over = hand_overs.create(accounts=ids, staff=wang, by=boss, at=LATER)
    assign("a", boss, boss, LATER)
    lead = factories.staff(shop, "manager", "li")
    only_wangs = {"staff": {"any": ["wang"]}}
    staff_verbs.update(staff=lead, scope=only_wangs, by=boss, at=LATER)
    lead.refresh_from_db()
    undone = hand_overs.undo(hand_over=hand_over, by=lead, at=LATER)
    assert (undone.restored, undone.kept) == (1, 0)
    undone = hand_overs.undo(hand_over=hand_over, by=boss, at=LATER)
    assert (undone.restored, undone.kept) == (0, 2)


def test_last_assigned_staff_member_counts_after_a_merge_and_both_after_its_undo(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assign("a", boss, boss)
    assign("b", wang, boss, LATER)
    factories.merge(shop, "a", "b")
    assert in_charge_of(boss, any=["wang"]) == ["a"]
    assert in_charge_of(boss, any=["boss"]) == []
    (a,) = factories.account_ids(shop, ("a",))
    by_person = assignments.staff_by_person(
        {a: factories.account_ids(shop, ("a", "b"))}
    )
    assert by_person == {a: wang}
    factories.unmerge(shop, "a", "b")
    assert in_charge_of(boss, any=["wang"]) == ["b"]
    assert in_charge_of(boss, any=["boss"]) == ["a"]


@pytest.mark.django_db(transaction=True)
def test_erased_members_have_nobody_in_charge(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    assign("ab", wang, boss)
    (a,) = factories.account_ids(shop, ("a",))
    account = account_queries.get(shop, "a")
    person = people.erase(account=account, by=boss, at=LATER)
    erasure.scrub(str(person), at=LATER)
    assert in_charge_of(boss, any=["wang"]) == ["b"]
    assert not InCharge.objects.filter(account_id=a, present=True).exists()
    assert [finding.text for finding in doctor.run_checks()] == []


def test_staff_are_found_by_login_or_by_a_name_that_only_one_has(
    shop: Community, wang: Staff
) -> None:
    factories.staff(shop, "operator", "li1", name="李")
    factories.staff(shop, "operator", "li2", name="李")
    found = assignments.find_staff(shop, ["WANG", " 王芳 ", "李", "LI2", "赵"])
    assert {text: staff.login for text, staff in found.items()} == {
        "WANG": "wang",
        " 王芳 ": "wang",
        "LI2": "li2",
    }


def test_contacts_are_not_found_out_letter_by_letter(
    shop: Community, boss: Staff, wang: Staff
) -> None:
    attribute = attributes.define(
        community=shop, name="wechat", type="text", by=boss, at=AT
    )
    (a,) = factories.account_ids(shop, ("a",))
    attributes.set_values(attribute=attribute, values={a: "ann_99"}, by=boss, at=AT)

    def count(by: Staff, rule: dict[str, Any]) -> int:
        return audiences.count(community=shop, rule=rule, by=by, at=LATER)

    guess = {"attr": {"name": "wechat", "starts": "ann"}}
    assert count(boss, guess) == 1
    assert count(wang, {"attr": {"name": "wechat", "eq": "ann_99"}}) == 1
    with pytest.raises(RuleError, match="may not read"):
        count(wang, guess)
    # A manager's segment works for everybody.
    segments.create(community=shop, key="s", rule=guess, by=boss, at=AT)
    assert count(wang, {"segment": {"any": ["s"]}}) == 1


@pytest.mark.parametrize(
    "args", [{}, {"me": False}, {"any": ["nobody"]}, {"any": "wang", "of": 1}]
)
def test_invalid_rules_are_refused(shop: Community, boss: Staff, args: Any) -> None:
    with pytest.raises(RuleError):
        in_charge_of(boss, **args)
