"""K8: numbers in payloads count exactly, whatever their length, script and spelling."""

from __future__ import annotations

import secrets
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qunce.core import communities, db, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules import payload_fields
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

KIND = "class.booked"
INSERT = (
    "INSERT INTO core_fact (community_id, kind_id, account_id, happened_at, recorded_at,"
    " payload) VALUES"
)


def record(shop: Community, account: int | None, *payloads: str) -> None:
    kind = facts.ensure_kinds([KIND])[KIND]
    now = timestamps.to_micros(AT)
    rows = [(shop.pk, kind, account, now, now, payload) for payload in payloads]
    db.insert(INSERT, rows)
    deriver.catch_up()


def matches(shop: Community, **args: Any) -> bool:
    rule = {"did": {"kind": KIND, **args}}
    by = staff_models.system(shop)
    return audiences.count(community=shop, rule=rule, by=by, at=AT) == 1


SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    # Each example records and derives facts.
    max_examples=max(settings().max_examples // 8, 1),
)
NUMBERS = st.one_of(
    st.integers(-(10**38), 10**38).map(str),
    st.decimals(-(10**9), 10**9, places=2).map(lambda n: f"{n:f}"),
    st.decimals(-(10**4), 10**4, places=6).map(lambda n: f"{n:f}"),
    st.decimals(-1, 1, places=37).map(lambda n: f"{n:f}"),
    st.sampled_from(["0.1", "0.2", "1e3", "-2.5E-7", "12.50", "9007199254740993"]),
)
WRITTEN = st.builds(
    lambda number, is_text: f'"{number}"' if is_text and "e" not in number else number,
    NUMBERS.map(str.lower),
    st.booleans(),
)


@pytest.mark.django_db(transaction=True)
@SETTINGS
@given(numbers=st.lists(WRITTEN, min_size=1, max_size=6))
@example(numbers=["0.1", "0.2"])
@example(numbers=["99999999999999999999999999999999999999"] * 6)
@example(numbers=["0.1000000000000000000001", "-0.1"])
@example(numbers=['"12.50"', "9223372036854775807", "9223372036854775807"])
def test_sum_average_lowest_and_highest_are_exact(numbers: list[str]) -> None:
    shop = factories.community(key=f"s{secrets.token_hex(6)}")
    member = factories.member(shop, "m1", joined_at=AT)
    record(shop, member.pk, *(f'{{"分钟":{number}}}' for number in numbers))
    exact = [Fraction(number.strip('"')) for number in numbers]
    expected = {
        "sum": sum(exact, Fraction(0)),
        "min": min(exact),
        "max": max(exact),
    }
    for name, number in expected.items():
        with_all_digits = exact_text(number)
        assert Fraction(with_all_digits) == number
        assert matches(shop, **{name: {"field": "分钟", "eq": with_all_digits}})
        assert not matches(shop, **{name: {"field": "分钟", "gt": with_all_digits}})
        assert not matches(shop, **{name: {"field": "分钟", "lt": with_all_digits}})
    average = expected["sum"] / len(exact)
    below, above = exact_text(average, down=True), exact_text(average, down=False)
    assert matches(shop, average={"field": "分钟", "gte": below, "lte": above})
    assert not matches(shop, average={"field": "分钟", "lt": below})
    assert not matches(shop, average={"field": "分钟", "gt": above})


def exact_text(number: Fraction, *, down: bool = True) -> str:
    """The number with 60 decimals, rounded down or up."""
    units = number * 10**60
    whole = units.numerator // units.denominator
    whole += 0 if down or units.denominator == 1 else 1
    sign, digits = ("-" if whole < 0 else ""), str(abs(whole)).rjust(61, "0")
    return f"{sign}{digits[:-60]}.{digits[-60:]}"


@pytest.mark.django_db(transaction=True)
@SETTINGS
@given(number=WRITTEN, bound=NUMBERS)
@example(number="0.1000000000000000000001", bound="0.1")
@example(number="12345678901234567.5", bound="12345678901234567.4")
def test_conditions_on_numbers_are_exact(number: str, bound: str) -> None:
    shop = factories.community(key=f"s{secrets.token_hex(6)}")
    member = factories.member(shop, "m1", joined_at=AT)
    record(shop, member.pk, f'{{"score":{number}}}')
    exact, required = Fraction(number.strip('"')), Fraction(bound)
    for sign, holds in {
        "gte": exact >= required,
        "gt": exact > required,
        "lte": exact <= required,
        "lt": exact < required,
        "eq": exact == required,
    }.items():
        assert matches(shop, where={"score": {sign: bound}}) == holds, sign


@pytest.fixture
def shop(transactional_db: None) -> Community:
    shop = communities.create(key="gym", at=AT)
    member = factories.member(shop, "m1", joined_at=AT)
    record(
        shop,
        member.pk,
        '{"minutes":45.5,"a/b~c \'d\'":3,"room":"blue"}',
        '{"minutes":44.5,"茶":"乌龙","tags":["x",2.0]}',
    )
    return shop


def test_field_names_of_any_script_and_sign_work(shop: Community) -> None:
    assert matches(shop, sum={"field": "a/b~c 'd'", "eq": 3})
    assert matches(shop, where={"a/b~c 'd'": 3})
    assert matches(shop, where={"茶": ["乌龙"]})
    assert not matches(shop, where={"茶": "红茶"})
    assert matches(shop, where={"tags": 2})
    assert matches(shop, where={"tags": "x"})


@pytest.mark.parametrize(
    ("args", "path", "text"),
    [
        ({"sum": {"field": "minuts", "gte": 1}}, "did.sum.field", "“minutes”"),
        ({"average": {"field": "Minutes", "gte": 1}}, "did.average.field", "“minutes”"),
        ({"where": {"rom": "blue"}}, "did.where.rom", "“room”"),
        ({"where": {"zzz": "blue"}}, "did.where.zzz", "minutes, room"),
        ({"max": {"field": "room", "gte": 1}}, "did.max.field", "a number"),
    ],
)
def test_field_that_no_fact_has_is_an_error_that_names_the_nearest(
    shop: Community, args: Any, path: str, text: str
) -> None:
    with pytest.raises(RuleError) as raised:
        audiences.check(community=shop, rule={"did": {"kind": KIND, **args}})
    assert raised.value.path == path
    assert text in raised.value.message


def test_field_of_a_kind_without_facts_is_no_error(shop: Community) -> None:
    facts.ensure_kinds(["class.missed"])
    rule = {"did": {"kind": "class.missed", "sum": {"field": "minutes", "gte": 1}}}
    audiences.check(community=shop, rule=rule)


def test_declared_kind_names_its_fields_before_the_first_fact(shop: Community) -> None:
    rule = {"did": {"kind": "order.paid", "sum": {"field": "amuont", "gte": 1}}}
    with pytest.raises(RuleError, match="amount"):
        audiences.check(community=shop, rule=rule)


def test_explanation_says_the_exact_number(shop: Community) -> None:
    account = audiences.list_ids(
        community=shop, rule={"all": []}, by=staff_models.system(shop), at=AT
    )[0]
    rule = {
        "did": {
            "kind": KIND,
            "sum": {"field": "minutes", "gte": 90},
            "average": {"field": "minutes", "lt": 44.75},
        }
    }
    explanation = audiences.explain(
        community=shop, rule=rule, by=staff_models.system(shop), at=AT, account=account
    )
    text = explanation.reasons[-1].text
    assert "total minutes is 90 (required: ≥ 90)" in text
    assert "average minutes is 45 (required: < 44.75)" in text


def test_numbers_that_only_look_like_numbers_do_not_count() -> None:
    assert payload_fields.to_number("12.50") == Decimal("12.50")
    for value in ("", "1e3", "12,50", "٣", "1 ", ".5", True, None, [1]):
        assert payload_fields.to_number(value) is None
