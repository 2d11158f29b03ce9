"""Every reader of numbers from outside refuses those that would take minutes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django import forms

from qunce.console.layers import forms as layer_forms
from qunce.console.segments.clause_forms.fields import NumberField
from qunce.core import decimals, errors, exchange_rates, money
from qunce.core.communities import Community
from qunce.core.facts import reported_facts
from qunce.members.attributes import attributes, parsing
from qunce.sets.rules import tree
from tests import factories
from tests.factories import AT

HUGE = ["1e20000000", "1e999999", "1e-20000000", "9" * 1_000, "NaN", "-Infinity"]
READERS: list[Callable[[str], Any]] = [
    decimals.parse,
    money.parse,
    lambda text: money.to_units(text, "CNY"),
    exchange_rates.parse_rate,
    parsing.parse_number,
    NumberField().clean,
    layer_forms._parse_percentage,
    lambda text: reported_facts.check_payload(f'{{"n": {text}}}'),
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", HUGE)
def test_huge_numbers_are_refused(reader: Callable[[str], Any], text: str) -> None:
    with pytest.raises((errors.Invalid, forms.ValidationError, ValueError)):
        reader(text)


@pytest.mark.parametrize("reader", READERS)
def test_usual_numbers_are_read(reader: Callable[[str], Any]) -> None:
    reader("12.5")


def test_decimals_keep_their_digits() -> None:
    assert decimals.parse(" 0.10 ").as_tuple() == Decimal("0.10").as_tuple()


@pytest.mark.django_db
@pytest.mark.parametrize("bound", HUGE)
@pytest.mark.parametrize(
    "rule",
    [
        lambda bound: {"attr": {"name": "points", "gte": bound}},
        lambda bound: {"attr": {"name": "points", "in": ["1", bound]}},
        lambda bound: {
            "did": {"kind": "order.paid", "sum": {"field": "amount", "gte": bound}}
        },
    ],
)
def test_huge_numbers_in_rules_are_refused(
    shop: Community, rule: Callable[[str], Any], bound: str
) -> None:
    by = factories.staff(shop, "owner", "boss")
    attributes.define(
        community=shop, name="points", type="number", label="Points", by=by, at=AT
    )
    tree.compile_rule(rule("1"), shop)
    with pytest.raises(errors.Invalid):
        tree.compile_rule(rule(bound), shop)
