"""What other tools of this kind get wrong, each by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core import communities, facts, operators
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.groups import registry
from qunce.members import (
    accounts,
    attributes,
    layers,
    layerspecs,
    people,
    roster,
    segments,
    tagging,
    tags,
)
from qunce.sales import orders
from qunce.sets import audiences, tail
from qunce.sets.leaves import RuleError

NOON = datetime(2026, 3, 15, 4, tzinfo=UTC)
"""Noon in Shanghai."""
TICK = timedelta(microseconds=1)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@dataclass
class Shop:
    """A community whose members are named by the letters of a word."""

    community: Community
    by: Operator
    at: datetime

    def __getitem__(self, key: str) -> roster.Account:
        return roster.get(self.community, key)

    def add(self, keys: str) -> None:
        for key in keys:
            accounts.add(community=self.community, key=key, by=self.by, at=self.at)

    def tag(self, tag: str, keys: str) -> None:
        given: dict[str, Any] = {"by": self.by, "at": self.at}
        known = tags.ensure(community=self.community, keys=[tag], **given)
        chosen = [self[key].pk for key in keys]
        tagging.put(tag=known[tag], accounts=chosen, **given)

    def leave(self, keys: str) -> None:
        for key in keys:
            accounts.leave(account=self[key], by=self.by, at=self.at)

    def merge(self, left: str, right: str) -> None:
        people.merge(left=self[left], right=self[right], by=self.by, at=self.at)

    def unmerge(self, left: str, right: str) -> None:
        people.unmerge(left=self[left], right=self[right], by=self.by, at=self.at)

    def buy(self, member: str, *times: datetime, amount: int = 100) -> None:
        for number, time in enumerate(times):
            orders.pay(
                community=self.community,
                key=f"{member} {time} {number}",
                account=self[member].pk,
                amount=amount,
                currency="CNY",
                paid_at=time,
                by=self.by,
                at=self.at,
            )
        tail.catch_up()

    def define(self, key: str, rule: Any) -> segments.Segment:
        return segments.create(
            community=self.community, key=key, rule=rule, by=self.by, at=self.at
        )

    def ask(self, rule: Any, scope: Any = None) -> str:
        """The keys of everyone in it, one after the other; the count agrees."""
        by = self.by if scope is None else self.scoped(scope)
        asked: dict[str, Any] = {"community": self.community, "by": by, "at": self.at}
        found = audiences.members(rule=rule, **asked)
        assert audiences.count(rule=rule, **asked) == len(found)
        return "".join(roster.keys_of(self.community, found).values())

    def scoped(self, scope: Any) -> Operator:
        found = Operator.objects.filter(login="ann").order_by("pk")
        return found.first() or operators.create(
            community=self.community, login="ann", scope=scope, at=self.at
        )

    def refusal(self, rule: Any) -> tuple[str, str]:
        with pytest.raises(RuleError) as refused:
            self.ask(rule)
        return refused.value.where, refused.value.message


@pytest.fixture
def shop() -> Shop:
    community = communities.create(key="shop", at=NOON - timedelta(days=99))
    return Shop(community, operators.system(community), NOON)


def paid(**asked: Any) -> dict[str, Any]:
    return {"did": {"kind": "order.paid", **asked}}


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
        accounts.add(
            community=shop.community,
            key=key,
            known_by={"phone": phone},
            by=shop.by,
            at=NOON,
        )
    assert shop.ask({"all": []}) == "a"


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


# Days


DAYS = [
    # zone, now, first moment of the oldest of 30 days
    ("Asia/Shanghai", "2026-03-15T12:00+08:00", "2026-02-14T00:00+08:00"),
    ("America/Los_Angeles", "2026-03-15T12:00-07:00", "2026-02-14T00:00-08:00"),
    ("America/Los_Angeles", "2026-11-15T12:00-08:00", "2026-10-17T00:00-07:00"),
    ("Africa/Cairo", "2026-05-10T12:00+03:00", "2026-04-11T00:00+02:00"),
    ("Africa/Cairo", "2026-11-10T12:00+02:00", "2026-10-12T00:00+03:00"),
]


@pytest.mark.parametrize(("zone", "now", "first"), DAYS)
def test_30d_is_community_days(zone: str, now: str, first: str) -> None:
    at, begin = datetime.fromisoformat(now), datetime.fromisoformat(first)
    community = communities.create(key="far", timezone=zone, at=begin)
    shop = Shop(community, operators.system(community), at)
    shop.add("abc")
    shop.buy("a", begin)
    shop.buy("b", begin - TICK)
    # Later today counts as today; tomorrow has not come.
    shop.buy("c", at + timedelta(hours=11), at + timedelta(hours=12))
    assert shop.ask(paid(within="30d")) == "ac"
    assert shop.ask(paid(before="30d")) == "b"
    assert shop.ask(paid(within="30d", times={"gte": 2})) == ""
    assert shop.ask(paid(within="30d", sum={"field": "amount", "eq": 100})) == "ac"
    assert shop.ask(paid(first={"within": "30d"})) == "ac"


LONG_DAYS = [
    # zone, day, how many hours it has
    ("America/Los_Angeles", "2026-03-08", 23),
    ("America/Los_Angeles", "2026-11-01", 25),
    ("Africa/Cairo", "2026-04-24", 23),
    ("Africa/Cairo", "2026-10-29", 25),
    ("Asia/Shanghai", "2026-03-08", 24),
]
BEGINS = {
    "2026-03-08 America/Los_Angeles": "2026-03-08T08:00",
    "2026-11-01 America/Los_Angeles": "2026-11-01T07:00",
    "2026-04-24 Africa/Cairo": "2026-04-23T22:00",
    "2026-10-29 Africa/Cairo": "2026-10-28T21:00",
    "2026-03-08 Asia/Shanghai": "2026-03-07T16:00",
}


@pytest.mark.parametrize(("zone", "day", "hours"), LONG_DAYS)
def test_a_day_has_as_many_hours_as_its_clock_shows(
    zone: str, day: str, hours: int
) -> None:
    begin = datetime.fromisoformat(BEGINS[f"{day} {zone}"]).replace(tzinfo=UTC)
    end = begin + timedelta(hours=hours)
    community = communities.create(key="far", timezone=zone, at=begin)
    shop = Shop(community, operators.system(community), end + timedelta(hours=1))
    shop.add("abcd")
    for member, time in zip(
        "abcd", (begin - TICK, begin, end - TICK, end), strict=True
    ):
        shop.buy(member, time)
    assert shop.ask(paid(between=[day, day])) == "bc"
    assert shop.ask(paid(before=day)) == "a"
    assert shop.ask(paid(since=day)) == "bcd"
    assert shop.ask(paid(within="1d")) == "d"
    assert shop.ask(paid(within="2d")) == "bcd"


def test_12h_is_exact(shop: Shop) -> None:
    shop.add("abcd")
    span = timedelta(hours=12)
    times = (NOON - span, NOON - span + TICK, NOON, NOON + TICK)
    for member, time in zip("abcd", times, strict=True):
        shop.buy(member, time)
    assert shop.ask(paid(within="12h")) == "bc"


def test_a_change_of_the_clock_moves_every_fact_to_its_new_day(shop: Shop) -> None:
    shop.add("a")
    shop.buy("a", NOON - timedelta(hours=12))  # midnight that begins today
    assert shop.ask(paid(within="1d")) == "a"
    communities.set_clock(
        community=shop.community, timezone="America/Los_Angeles", day_start=0
    )
    tail.catch_up()
    assert shop.ask(paid(between=["2026-03-14", "2026-03-14"])) == "a"
    assert shop.ask(paid(between=["2026-03-15", "2026-03-15"])) == ""


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
    tail.catch_up()
    layering = layers.create(
        community=shop.community,
        key="value",
        spec={
            **layerspecs.VALUE,
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
    theirs = Shop(other, operators.system(other), NOON)
    theirs.add("a")
    theirs.tag("vip", "a")
    registry.create(community=other, key="north", by=theirs.by, at=NOON)
    for rule in ({"tag": {"any": ["vip"]}}, {"group": {"any": ["north"]}}):
        assert shop.refusal(rule)[1]
    assert shop.refusal({"members": {"keys": ["a"]}})[1]


def test_a_cycle_of_segments_is_refused_with_its_path(shop: Shop) -> None:
    shop.add("a")
    first = shop.define("a", {"all": []})
    shop.define("b", {"not": {"segment": {"any": ["a"]}}})
    shop.define("c", {"any": [{"segment": {"all": ["b"]}}]})
    with pytest.raises(RuleError, match="a → c → b → a"):
        segments.change(
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
