"""Mistakes that other tools of this kind make, one test each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.segments import segments
from qunce.sales import orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

TICK = timedelta(microseconds=1)

pytestmark = pytest.mark.django_db(transaction=True)


def match(shop: Community, rule: Any, by: Staff | None = None) -> str:
    """The keys of the people who match a rule, one letter each."""
    return "".join(factories.matching_keys(shop, rule, at=AT, by=by))


def refusal(shop: Community, rule: Any) -> tuple[str, str]:
    """Path and message of the error that a rule raises."""
    with pytest.raises(RuleError) as error:
        match(shop, rule)
    return error.value.path, error.value.message


def paid(**conditions: Any) -> dict[str, Any]:
    return {"did": {"kind": "order.paid", **conditions}}


# Excluding


def test_excluding_a_tag_keeps_the_untagged(shop: Community) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "vip", "a")
    assert match(shop, {"tag": {"none": ["vip"]}}) == "bc"
    assert match(shop, {"not": {"tag": {"any": ["vip"]}}}) == "bc"


def test_excluded_tag_wins_over_an_included_tag(
    shop: Community,
) -> None:
    factories.members(shop, *"abcd")
    factories.apply_tag(shop, "vip", *"ab")
    factories.apply_tag(shop, "staff", *"bc")
    assert match(shop, {"tag": {"any": ["vip"], "none": ["staff"]}}) == "a"
    both = {"all": [{"tag": {"any": ["vip"]}}, {"tag": {"none": ["staff"]}}]}
    assert match(shop, both) == "a"


def test_new_member_is_among_members_without_a_tag_or_order(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "a")
    factories.apply_tag(shop, "vip", "a")
    never, unknown = paid(times={"eq": 0}), {"attr": {"name": "city", "known": False}}
    attributes.define(community=shop, name="city", type="choice", by=by, at=AT)
    rules = [{"tag": {"none": ["vip"]}}, {"tag": {"untagged": True}}, never, unknown]
    assert [match(shop, rule) for rule in rules] == ["", "", "a", "a"]
    factories.members(shop, "b")
    assert [match(shop, rule) for rule in rules] == ["b", "b", "ab", "ab"]


def test_empty_all_matches_everyone_and_empty_any_nobody(shop: Community) -> None:
    factories.members(shop, *"ab")
    assert match(shop, {"all": []}) == "ab"
    assert match(shop, {"any": []}) == ""
    assert match(shop, {"not": {"any": []}}) == "ab"
    factories.apply_tag(shop, "vip", "a")
    assert match(shop, {"tag": {"any": []}}) == ""
    assert match(shop, {"tag": {"none": []}}) == "ab"


# Leaving


def test_members_who_left_match_only_with_left(shop: Community) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "vip", *"ab")
    factories.leave(shop, "b")
    assert match(shop, {"all": []}) == "ac"
    assert match(shop, {"tag": {"any": ["vip"]}}) == "a"
    assert match(shop, {"tag": {"none": ["vip"]}}) == "c"
    assert match(shop, {"with_left": {"tag": {"any": ["vip"]}}}) == "ab"
    assert match(shop, {"with_left": {"left": {"within": "1d"}}}) == "b"
    assert match(shop, {"all": [{"with_left": {"tag": {"any": ["vip"]}}}]}) == "ab"


def test_member_who_rejoins_still_has_their_tags(shop: Community, by: Staff) -> None:
    factories.members(shop, *"ab")
    factories.apply_tag(shop, "vip", "b")
    factories.leave(shop, "b")
    accounts.rejoin(account=account_queries.get(shop, "b"), by=by, at=AT)
    assert match(shop, {"tag": {"any": ["vip"]}}) == "b"


def test_erased_member_matches_no_rule(shop: Community, by: Staff) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "vip", *"ab")
    factories.order(shop, "b", paid_at=AT)
    deriver.catch_up()
    people.erase(account=account_queries.get(shop, "b"), by=by, at=AT)
    assert match(shop, {"with_left": {"all": []}}) == "ac"
    assert match(shop, {"with_left": {"tag": {"any": ["vip"]}}}) == "a"
    assert match(shop, {"with_left": paid()}) == ""
    assert match(shop, {"not": {"tag": {"any": ["vip"]}}}) == "c"


# One person


def test_merged_accounts_count_as_one_person(shop: Community) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "vip", *"ab")
    factories.order(shop, "a", paid_at=AT)
    factories.order(shop, "b", paid_at=AT - timedelta(days=1))
    deriver.catch_up()
    factories.merge(shop, "a", "b")
    assert match(shop, {"all": []}) == "ac"
    assert match(shop, paid(times={"eq": 2}, days={"eq": 2}, within="7d")) == "a"
    assert match(shop, paid(sum={"field": "amount", "gte": 200})) == "a"
    assert match(shop, {"tag": {"any": ["vip"], "depth": {"eq": 2}}}) == "a"
    assert match(shop, {"members": {"keys": ["b"]}}) == "a"
    factories.unmerge(shop, "a", "b")
    assert match(shop, paid(times={"eq": 1})) == "ab"


def test_exclusion_by_one_account_excludes_the_person(shop: Community) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "staff", "b")
    factories.order(shop, "b", paid_at=AT)
    deriver.catch_up()
    factories.merge(shop, "b", "a")
    assert match(shop, {"tag": {"none": ["staff"]}}) == "c"
    assert match(shop, {"not": paid(within="3d")}) == "c"


@pytest.mark.both_databases
def test_same_day_of_two_accounts_is_counted_once(shop: Community) -> None:
    factories.members(shop, *"ab")
    factories.order(shop, "a", paid_at=AT)
    factories.order(shop, "b", paid_at=AT + TICK)
    deriver.catch_up()
    factories.merge(shop, "a", "b")
    assert match(shop, paid(days={"eq": 1}, weeks={"eq": 1}, times={"eq": 2})) == "a"


def test_person_is_present_while_one_account_is(shop: Community) -> None:
    factories.members(shop, *"ab")
    factories.merge(shop, "a", "b")
    factories.leave(shop, "a")
    assert match(shop, {"all": []}) == "a"
    factories.leave(shop, "b")
    assert match(shop, {"all": []}) == ""


def test_accounts_with_the_same_phone_are_one_person(
    shop: Community, by: Staff
) -> None:
    for key, phone in (("a", "+86 138-0013-8000"), ("b", "13800138000")):
        accounts.create(
            community=shop,
            key=key,
            identifiers={"phone": phone},
            by=by,
            at=AT,
        )
    assert match(shop, {"all": []}) == "a"


def test_value_set_last_wins_among_merged_accounts(shop: Community, by: Staff) -> None:
    factories.members(shop, *"abcdef")
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    late, early = AT, AT - timedelta(days=1)
    for key, time in zip("abcdef", (late, early, early, late, late, late), strict=True):
        attributes.set_values(
            attribute=city,
            values={account_queries.get(shop, key).pk: key},
            by=by,
            at=time,
        )
    for left, right in ("ab", "cd", "ef"):
        factories.merge(shop, left, right)
    # Of values set at the same time, that of the account made last.
    assert match(shop, {"attr": {"name": "city", "in": ["a", "d", "f"]}}) == "ace"
    assert match(shop, {"attr": {"name": "city", "in": ["b", "c", "e"]}}) == ""
    factories.unmerge(shop, "a", "b")
    assert match(shop, {"attr": {"name": "city", "eq": "b"}}) == "b"


def test_erased_account_cannot_be_merged(shop: Community, by: Staff) -> None:
    factories.members(shop, *"ab")
    erased = account_queries.get(shop, "a")
    people.erase(account=erased, by=by, at=AT)
    with pytest.raises(account_queries.MemberNotFound):
        people.merge(left=erased, right=account_queries.get(shop, "b"), by=by, at=AT)
    assert match(shop, {"all": []}) == "b"


# Scope


@pytest.mark.parametrize(
    "rule",
    [
        {"any": [{"tag": {"any": ["south"]}}, {"all": []}]},
        {"not": {"any": []}},
        {"not": {"tag": {"any": ["north"]}}},
        {"with_left": {"all": []}},
        {"any": [{"with_left": {"tag": {"any": ["south"]}}}]},
        {"segment": {"any": ["all of them"]}},
        {"segment": {"none": ["nobody"]}},
        {"members": {"keys": ["a", "b", "c"]}},
        {"tag": {"untagged": True}},
        paid(times={"lte": 0}),
    ],
)
def test_no_rule_matches_outside_the_scope_of_staff(shop: Community, rule: Any) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "north", "a")
    factories.apply_tag(shop, "south", "b")
    factories.segment(shop, "all of them", {"with_left": {"all": []}})
    factories.segment(shop, "nobody", {"any": []})
    scope = {"tag": {"any": ["north"]}}
    scoped = factories.staff(shop, login="scoped", scope=scope)
    assert match(shop, rule, scoped) in ("a", "")
    assert match(shop, {"any": [rule, scope]}, scoped) == "a"


def test_scope_includes_its_members_who_left(shop: Community) -> None:
    factories.members(shop, *"abc")
    factories.apply_tag(shop, "north", *"ab")
    factories.leave(shop, "b")
    scope = {"tag": {"any": ["north"]}}
    scoped = factories.staff(shop, login="scoped", scope=scope)
    assert match(shop, {"with_left": {"all": []}}, scoped) == "ab"
    assert match(shop, {"all": []}, scoped) == "a"


def test_explanation_holds_only_for_members_in_scope(shop: Community) -> None:
    factories.members(shop, *"ab")
    factories.apply_tag(shop, "north", "a")
    scope = {"tag": {"any": ["north"]}}
    scoped = factories.staff(shop, login="scoped", scope=scope)
    asked: dict[str, Any] = {"community": shop, "rule": {"all": []}, "at": AT}
    seen, hidden = (account_queries.get(shop, key).pk for key in "ab")
    assert audiences.explain(**asked, by=scoped, account=seen).holds
    with pytest.raises(errors.NotFound):
        audiences.explain(**asked, by=scoped, account=hidden)


# Amounts


@pytest.mark.both_databases
def test_decimals_are_exact(shop: Community, by: Staff) -> None:
    factories.members(shop, *"abc")
    score = attributes.define(community=shop, name="score", type="number", by=by, at=AT)
    given = {
        account_queries.get(shop, "a").pk: "0.3",
        account_queries.get(shop, "b").pk: "0.2999",
        account_queries.get(shop, "c").pk: "0.3001",
    }
    attributes.set_values(attribute=score, values=given, by=by, at=AT)
    assert match(shop, {"attr": {"name": "score", "eq": 0.3}}) == "a"
    assert match(shop, {"attr": {"name": "score", "gt": 0.3}}) == "c"
    assert match(shop, {"attr": {"name": "score", "lte": 0.30005}}) == "ab"


def test_refund_is_subtracted_from_spending(shop: Community, by: Staff) -> None:
    factories.members(shop, *"ab")
    factories.order(shop, "a", 500, paid_at=AT - timedelta(days=1))
    factories.order(shop, "b", 500, paid_at=AT - timedelta(days=1))
    orders.refund(
        community=shop,
        key="o1",
        refunded_at=AT,
        by=by,
        at=AT,
    )
    deriver.catch_up()
    layering = layers.create(
        community=shop,
        key="value",
        spec={
            **layer_specs.VALUE,
            "layers": [{"key": "some", "gte": 1}, {"key": "none"}],
        },
        by=by,
        at=AT,
    )
    layers.recompute(layering=layering, by=by, at=AT)
    assert match(shop, {"layer": {"of": "value", "in": ["some"]}}) == "b"
    assert match(shop, {"layer": {"of": "value", "in": ["none"]}}) == "a"


# Mistakes


@pytest.mark.parametrize(
    ("rule", "where", "name"),
    [
        ({"tag": {"any": ["vpi"]}}, "tag.any[0]", "vpi"),
        ({"tag": {"none": ["vip", "vpi"]}}, "tag.none[1]", "vpi"),
        ({"tag": {"untagged": "worht"}}, "tag.untagged", "worht"),
        ({"tag": {"many": []}}, "tag.many", "many"),
        ({"attr": {"name": "ctiy", "eq": "x"}}, "attr.name", "ctiy"),
        ({"group": {"any": ["norht"]}}, "group.any[0]", "norht"),
        ({"layer": {"of": "vlaue", "in": []}}, "layer.of", "vlaue"),
        ({"segment": {"any": ["loyla"]}}, "segment.any[0]", "loyla"),
        ({"segment": {"frozen": ["mrach"]}}, "segment.frozen[0]", "mrach"),
        ({"source": {"any": ["shpo"]}}, "source.any[0]", "shpo"),
        ({"members": {"keys": ["a", "z"]}}, "members.keys[1]", "“z”"),
        ({"did": {"kind": "order.piad"}}, "did.kind", "order.piad"),
        (paid(where={"group": ["norht"]}), "did.where.group[0]", "norht"),
        (paid(withni="30d"), "did.withni", "withni"),
        ({"seq": {"steps": [{"kind": "order.piad"}] * 2}}, "seq.steps[0].kind", "piad"),
        ({"joined": {"within": "soon"}}, "joined.within", "30d"),
        ({"all": [{"any": [{"tga": {}}]}]}, "all[0].any[0]", "tga"),
    ],
)
def test_unknown_name_is_an_error_that_names_it(
    shop: Community, rule: Any, where: str, name: str
) -> None:
    factories.members(shop, "a")
    factories.apply_tag(shop, "vip", "a")
    found, message = refusal(shop, rule)
    assert found == where
    assert name in message


@pytest.mark.both_databases
def test_names_of_another_community_are_unknown(shop: Community) -> None:
    other = factories.community("other")
    factories.members(other, "a")
    factories.apply_tag(other, "vip", "a")
    factories.group(other, "north")
    for rule in ({"tag": {"any": ["vip"]}}, {"group": {"any": ["north"]}}):
        assert refusal(shop, rule)[1]
    assert refusal(shop, {"members": {"keys": ["a"]}})[1]


def test_segment_cycle_is_rejected_with_its_path(shop: Community, by: Staff) -> None:
    factories.members(shop, "a")
    first = factories.segment(shop, "a", {"all": []})
    factories.segment(shop, "b", {"not": {"segment": {"any": ["a"]}}})
    factories.segment(shop, "c", {"any": [{"segment": {"all": ["b"]}}]})
    with pytest.raises(RuleError, match="a → c → b → a"):
        segments.update(
            segment=first,
            rule={"all": [{"segment": {"none": ["c"]}}]},
            by=by,
            at=AT,
        )
    assert match(shop, {"segment": {"any": ["a"]}}) == "a"
    with pytest.raises(RuleError, match="d → d"):
        factories.segment(shop, "d", {"segment": {"any": ["d"]}})


def test_declared_kind_without_facts_is_known(
    shop: Community,
) -> None:
    factories.members(shop, "a")
    assert "order.refunded" in facts.declared()
    assert match(shop, {"did": {"kind": "order.refunded"}}) == ""
    assert match(shop, {"did": {"kind": "order.refunded", "times": {"eq": 0}}}) == "a"


def test_rule_with_too_many_nested_segments_is_rejected(shop: Community) -> None:
    factories.segment(shop, "s0", {"all": []})

    def define(number: int) -> None:
        factories.segment(
            shop, f"s{number}", {"segment": {"all": [f"s{number - 1}"] * 2}}
        )

    for number in range(1, 10):
        define(number)
    with pytest.raises(RuleError, match="at most"):
        define(10)
