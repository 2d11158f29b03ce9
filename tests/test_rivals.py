"""What other tools of this kind get wrong, each by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import communities
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.layers import specs as layer_specs
from qunce.members.people import people
from qunce.members.segments import segments
from qunce.sales import orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules.base import RuleError
from tests.shop import NOON, Shop, opened, paid

TICK = timedelta(microseconds=1)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop() -> Shop:
    return opened()


# Excluding


def test_excluding_a_tag_keeps_the_untagged(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("vip", "a")
    assert shop.ask({"tag": {"none": ["vip"]}}) == "bc"
    assert shop.ask({"not": {"tag": {"any": ["vip"]}}}) == "bc"


def test_excluding_a_tag_drops_who_also_carries_an_included_one(shop: Shop) -> None:
    shop.add("abcd")
    shop.tag("vip", "ab")
    shop.tag("staff", "bc")
    assert shop.ask({"tag": {"any": ["vip"], "none": ["staff"]}}) == "a"
    both = {"all": [{"tag": {"any": ["vip"]}}, {"tag": {"none": ["staff"]}}]}
    assert shop.ask(both) == "a"


def test_who_has_just_joined_is_among_those_without(shop: Shop) -> None:
    shop.add("a")
    shop.tag("vip", "a")
    never, unknown = paid(times={"eq": 0}), {"attr": {"name": "city", "known": False}}
    attributes.define(
        community=shop.community, name="city", type="choice", by=shop.by, at=NOON
    )
    rules = [{"tag": {"none": ["vip"]}}, {"tag": {"untagged": True}}, never, unknown]
    assert [shop.ask(rule) for rule in rules] == ["", "", "a", "a"]
    shop.add("b")
    assert [shop.ask(rule) for rule in rules] == ["b", "b", "ab", "ab"]


def test_an_empty_all_is_everyone_and_an_empty_any_nobody(shop: Shop) -> None:
    shop.add("ab")
    assert shop.ask({"all": []}) == "ab"
    assert shop.ask({"any": []}) == ""
    assert shop.ask({"not": {"any": []}}) == "ab"
    shop.tag("vip", "a")
    assert shop.ask({"tag": {"any": []}}) == ""
    assert shop.ask({"tag": {"none": []}}) == "ab"


# Leaving


def test_leavers_are_out_unless_they_are_asked_for(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("vip", "ab")
    shop.leave("b")
    assert shop.ask({"all": []}) == "ac"
    assert shop.ask({"tag": {"any": ["vip"]}}) == "a"
    assert shop.ask({"tag": {"none": ["vip"]}}) == "c"
    assert shop.ask({"with_left": {"tag": {"any": ["vip"]}}}) == "ab"
    assert shop.ask({"with_left": {"left": {"within": "1d"}}}) == "b"
    assert shop.ask({"all": [{"with_left": {"tag": {"any": ["vip"]}}}]}) == "ab"


def test_who_comes_back_is_in_again_with_all_they_had(shop: Shop) -> None:
    shop.add("ab")
    shop.tag("vip", "b")
    shop.leave("b")
    accounts.rejoin(account=shop["b"], by=shop.by, at=NOON)
    assert shop.ask({"tag": {"any": ["vip"]}}) == "b"


def test_the_erased_are_out_of_everything_at_once(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("vip", "ab")
    shop.buy("b", NOON)
    people.erase(account=shop["b"], by=shop.by, at=NOON)
    assert shop.ask({"with_left": {"all": []}}) == "ac"
    assert shop.ask({"with_left": {"tag": {"any": ["vip"]}}}) == "a"
    assert shop.ask({"with_left": paid()}) == ""
    assert shop.ask({"not": {"tag": {"any": ["vip"]}}}) == "c"


# One person


def test_two_accounts_are_one_person(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("vip", "ab")
    shop.buy("a", NOON)
    shop.buy("b", NOON - timedelta(days=1))
    shop.merge("a", "b")
    assert shop.ask({"all": []}) == "ac"
    assert shop.ask(paid(times={"eq": 2}, days={"eq": 2}, within="7d")) == "a"
    assert shop.ask(paid(sum={"field": "amount", "gte": 200})) == "a"
    assert shop.ask({"tag": {"any": ["vip"], "depth": {"eq": 2}}}) == "a"
    assert shop.ask({"members": {"keys": ["b"]}}) == "a"
    shop.unmerge("a", "b")
    assert shop.ask(paid(times={"eq": 1})) == "ab"


def test_what_one_account_did_excludes_the_whole_person(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("staff", "b")
    shop.buy("b", NOON)
    shop.merge("b", "a")
    assert shop.ask({"tag": {"none": ["staff"]}}) == "c"
    assert shop.ask({"not": paid(within="3d")}) == "c"


def test_one_day_of_two_accounts_is_one_day(shop: Shop) -> None:
    shop.add("ab")
    shop.buy("a", NOON)
    shop.buy("b", NOON + TICK)
    shop.merge("a", "b")
    assert shop.ask(paid(days={"eq": 1}, weeks={"eq": 1}, times={"eq": 2})) == "a"


def test_a_person_is_here_as_long_as_one_account_is(shop: Shop) -> None:
    shop.add("ab")
    shop.merge("a", "b")
    shop.leave("a")
    assert shop.ask({"all": []}) == "a"
    shop.leave("b")
    assert shop.ask({"all": []}) == ""


def test_the_same_phone_makes_one_person(shop: Shop) -> None:
    for key, phone in (("a", "+86 138-0013-8000"), ("b", "13800138000")):
        accounts.create(
            community=shop.community,
            key=key,
            identifiers={"phone": phone},
            by=shop.by,
            at=NOON,
        )
    assert shop.ask({"all": []}) == "a"


def test_of_two_accounts_values_the_one_set_last_holds(shop: Shop) -> None:
    shop.add("abcdef")
    city = attributes.define(
        community=shop.community, name="city", type="text", by=shop.by, at=NOON
    )
    late, early = NOON, NOON - timedelta(days=1)
    for key, time in zip("abcdef", (late, early, early, late, late, late), strict=True):
        attributes.set_values(
            attribute=city, values={shop[key].pk: key}, by=shop.by, at=time
        )
    for left, right in ("ab", "cd", "ef"):
        shop.merge(left, right)
    # Of values set at the same time, that of the account made last.
    assert shop.ask({"attr": {"name": "city", "in": ["a", "d", "f"]}}) == "ace"
    assert shop.ask({"attr": {"name": "city", "in": ["b", "c", "e"]}}) == ""
    shop.unmerge("a", "b")
    assert shop.ask({"attr": {"name": "city", "eq": "b"}}) == "b"


def test_who_is_erased_cannot_become_somebody_else(shop: Shop) -> None:
    shop.add("ab")
    erased = shop["a"]
    people.erase(account=erased, by=shop.by, at=NOON)
    with pytest.raises(account_queries.MemberNotFound):
        people.merge(left=erased, right=shop["b"], by=shop.by, at=NOON)
    assert shop.ask({"all": []}) == "b"


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
def test_no_rule_escapes_the_operators_scope(shop: Shop, rule: Any) -> None:
    shop.add("abc")
    shop.tag("north", "a")
    shop.tag("south", "b")
    shop.define("all of them", {"with_left": {"all": []}})
    shop.define("nobody", {"any": []})
    scope = {"tag": {"any": ["north"]}}
    assert shop.ask(rule, scope) in ("a", "")
    assert shop.ask({"any": [rule, scope]}, scope) == "a"


def test_a_scope_does_not_hide_its_own_leavers(shop: Shop) -> None:
    shop.add("abc")
    shop.tag("north", "ab")
    shop.leave("b")
    scope = {"tag": {"any": ["north"]}}
    assert shop.ask({"with_left": {"all": []}}, scope) == "ab"
    assert shop.ask({"all": []}, scope) == "a"


def test_an_explanation_does_not_tell_of_whom_one_may_not_see(shop: Shop) -> None:
    shop.add("ab")
    shop.tag("north", "a")
    scope = {"tag": {"any": ["north"]}}
    said = audiences.explain(
        community=shop.community,
        rule={"all": []},
        by=shop.scoped(scope),
        at=NOON,
        account=shop["b"].pk,
    )
    assert not said.holds


# Amounts


def test_decimals_are_exact(shop: Shop) -> None:
    shop.add("abc")
    score = attributes.define(
        community=shop.community, name="score", type="number", by=shop.by, at=NOON
    )
    given = {shop["a"].pk: "0.3", shop["b"].pk: "0.2999", shop["c"].pk: "0.3001"}
    attributes.set_values(attribute=score, values=given, by=shop.by, at=NOON)
    assert shop.ask({"attr": {"name": "score", "eq": 0.3}}) == "a"
    assert shop.ask({"attr": {"name": "score", "gt": 0.3}}) == "c"
    assert shop.ask({"attr": {"name": "score", "lte": 0.30005}}) == "ab"


def test_a_refund_is_taken_off_what_was_spent(shop: Shop) -> None:
    shop.add("ab")
    shop.buy("a", NOON - timedelta(days=1), amount=500)
    shop.buy("b", NOON - timedelta(days=1), amount=500)
    orders.refund(
        community=shop.community,
        key=orders.Order.objects.get(account_id=shop["a"].pk).key,
        refunded_at=NOON,
        by=shop.by,
        at=NOON,
    )
    deriver.catch_up()
    layering = layers.create(
        community=shop.community,
        key="value",
        spec={
            **layer_specs.VALUE,
            "layers": [{"key": "some", "gte": 1}, {"key": "none"}],
        },
        by=shop.by,
        at=NOON,
    )
    layers.recompute(layering=layering, by=shop.by, at=NOON)
    assert shop.ask({"layer": {"of": "value", "in": ["some"]}}) == "b"
    assert shop.ask({"layer": {"of": "value", "in": ["none"]}}) == "a"


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
def test_an_unknown_name_is_an_error_that_names_it(
    shop: Shop, rule: Any, where: str, name: str
) -> None:
    shop.add("a")
    shop.tag("vip", "a")
    found, message = shop.refusal(rule)
    assert found == where
    assert name in message


def test_another_communitys_names_are_unknown(shop: Shop) -> None:
    other = communities.create(key="other", at=NOON)
    theirs = Shop(other, staff_models.system(other), NOON)
    theirs.add("a")
    theirs.tag("vip", "a")
    groups.create(community=other, key="north", by=theirs.by, at=NOON)
    for rule in ({"tag": {"any": ["vip"]}}, {"group": {"any": ["north"]}}):
        assert shop.refusal(rule)[1]
    assert shop.refusal({"members": {"keys": ["a"]}})[1]


def test_a_cycle_of_segments_is_refused_with_its_path(shop: Shop) -> None:
    shop.add("a")
    first = shop.define("a", {"all": []})
    shop.define("b", {"not": {"segment": {"any": ["a"]}}})
    shop.define("c", {"any": [{"segment": {"all": ["b"]}}]})
    with pytest.raises(RuleError, match="a → c → b → a"):
        segments.update(
            segment=first,
            rule={"all": [{"segment": {"none": ["c"]}}]},
            by=shop.by,
            at=NOON,
        )
    assert shop.ask({"segment": {"any": ["a"]}}) == "a"
    with pytest.raises(RuleError, match="d → d"):
        shop.define("d", {"segment": {"any": ["d"]}})


def test_a_kind_that_never_happened_is_known_once_it_is_declared(shop: Shop) -> None:
    shop.add("a")
    assert "order.refunded" in facts.declared()
    assert shop.ask({"did": {"kind": "order.refunded"}}) == ""
    assert shop.ask({"did": {"kind": "order.refunded", "times": {"eq": 0}}}) == "a"


def test_segments_that_unfold_without_end_are_refused(shop: Shop) -> None:
    shop.define("s0", {"all": []})

    def define(number: int) -> None:
        shop.define(f"s{number}", {"segment": {"all": [f"s{number - 1}"] * 2}})

    for number in range(1, 10):
        define(number)
    with pytest.raises(RuleError, match="at most"):
        define(10)
