"""The member list: any rule and query, last joined first, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.search import member_list
from qunce.members.tags import assignments
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def keys(page: member_list.Page) -> list[str]:
    return [row.key for row in page.rows]


def test_pages_have_no_gaps_and_no_duplicates(shop: Community, by: Staff) -> None:
    factories.members(shop, *"abcdefg")
    listed, before = [], None
    for _page in range(3):
        page = member_list.get_page(by=by, at=LATER, before=before, limit=3)
        assert page.count == 7
        listed += keys(page)
        before = page.after
    assert listed == list("gfedcba")
    assert before is None


def test_last_joined_come_first_and_then_the_last_created(
    shop: Community, by: Staff
) -> None:
    days = {"a": 3, "b": 9, "c": 1, "d": 9, "e": 5, "f": 9, "old": -20_000}
    for key, day in days.items():
        factories.member(shop, key, joined_at=AT - timedelta(days=30 - day))
    listed: list[list[str]] = []
    before = None
    while not listed or before:
        page = member_list.get_page(by=by, at=LATER, before=before, limit=2)
        listed.append(keys(page))
        before = page.after
    assert listed == [["f", "d"], ["b", "e"], ["a", "c"], ["old"]]
    rows = member_list.get_page(by=by, at=LATER).rows
    assert [row.joined_at for row in rows] == sorted(
        (row.joined_at for row in rows), reverse=True
    )


def test_merged_person_is_listed_by_the_first_of_their_accounts(
    shop: Community, by: Staff
) -> None:
    early, late = AT - timedelta(days=9), AT - timedelta(days=1)
    new = factories.member(shop, "new", joined_at=late)
    factories.member(shop, "middle", joined_at=AT - timedelta(days=5))
    old = factories.member(shop, "old", joined_at=early)
    assert keys(member_list.get_page(by=by, at=LATER)) == ["new", "middle", "old"]
    people.merge(left=new, right=old, by=by, at=AT)
    assert keys(member_list.get_page(by=by, at=LATER)) == ["middle", "new"]


def test_new_members_do_not_shift_the_next_page(shop: Community, by: Staff) -> None:
    factories.members(shop, *"abcd")
    first = member_list.get_page(by=by, at=LATER, limit=2)
    factories.members(shop, "e")
    assert keys(member_list.get_page(by=by, at=LATER, limit=2, before=first.after)) == [
        "b",
        "a",
    ]


def test_rule_and_query_are_combined(shop: Community, by: Staff) -> None:
    ann, bob = (
        factories.member(shop, "ann", name="王芳"),
        factories.member(shop, "bob", name="王伟"),
    )
    vip = factories.tag(shop, "vip")
    assignments.apply(tag=vip, accounts=[ann.pk], by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    (row,) = member_list.get_page(by=by, at=LATER, rule=rule, query="wang").rows
    assert row.name == "王芳"
    accounts.leave(account=bob, by=by, at=AT)
    assert keys(member_list.get_page(by=by, at=LATER)) == ["ann"]
    rule = {"with_left": {"all": []}}
    assert keys(member_list.get_page(by=by, at=LATER, rule=rule)) == ["bob", "ann"]


def test_merged_person_is_one_row(shop: Community, by: Staff) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too", name="Too")
    people.merge(left=ann, right=too, by=by, at=AT)
    (row,) = member_list.get_page(by=by, at=LATER).rows
    assert (row.id, row.name, row.accounts) == (ann.pk, "Too", 2)


def test_scope_applies_to_list_and_count(shop: Community, by: Staff) -> None:
    factories.members(shop, "ann", "bob", "13800138001")
    scope = {"members": {"keys": ["ann", "13800138001"]}}
    narrow = staff_models.create(community=shop, login="n", scope=scope, at=AT)
    page = member_list.get_page(by=narrow, at=LATER)
    assert (page.count, keys(page)) == (2, ["138****8001", "ann"])
    assert member_list.get_page(by=narrow, at=LATER, query="bob").count == 0
    assert member_list.load_rows([], by=by) == []
    assert account_queries.get(shop, "bob").pk not in member_list.find_people(
        by=narrow, at=LATER
    )
