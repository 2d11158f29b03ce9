"""K8: rules as sentences, in the active language, whatever they contain."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.rule_text.sentences import Line
from qunce.members.segments import segments
from qunce.sets.rules import base, phrasing
from tests import factories
from tests.factories import AT

NAMES = {
    ("tag", "vip"): "VIP",
    ("tag", "koc"): "KOC",
    ("tag_group", "taste"): "Taste",
    ("group", "north"): "North shop",
    ("attr", "region"): "region",
    ("layering", "value"): "Value",
    ("layer", "value/high"): "high",
    ("segment", "loyal"): "Loyal",
    ("frozen", "march"): "march",
    ("source", "shop"): "shop",
    ("campaign", "spring"): "Spring sale",
    ("currency", "community"): "CNY",
    ("kind", "order.paid"): "paid an order",
    ("kind", "send.delivered"): "got a message",
    ("kind", "coupon.redeemed"): "redeemed a coupon",
}

SENTENCES = [
    ({"tag": {"any": ["vip", "koc"]}}, "has any of the tags VIP, KOC"),
    ({"tag": {"any": "vip"}}, "has the tag VIP"),
    (
        {"tag": {"all": ["vip"], "none": ["koc"]}},
        "has all of the tags VIP and has none of the tags KOC",
    ),
    (
        {"tag": {"any": ["vip"], "depth": {"gte": 5}}},
        "has the tag VIP at least 5 times each",
    ),
    ({"tag": {"untagged": True}}, "has no tags"),
    ({"tag": {"untagged": "taste"}}, "has no tag in the tag group Taste"),
    ({"group": {"any": ["north"]}}, "is in the group North shop"),
    ({"layer": {"of": "value", "in": ["high"]}}, "is in the layer high of Value"),
    ({"segment": {"any": ["loyal"]}}, "is in the segment Loyal"),
    ({"segment": {"frozen": ["march"]}}, "is in the frozen segment march"),
    (
        {"attr": {"name": "region", "in": ["gansu", "shaanxi"]}},
        "has region gansu, shaanxi",
    ),
    ({"attr": {"name": "region", "known": False}}, "has no known region"),
    ({"attr": {"name": "region", "gte": 12000}}, "has region of at least 12,000"),
    (
        {"attr": {"name": "region", "anniversary": {"within": "7d"}}},
        "has an anniversary of region in the next 7 days, including today",
    ),
    ({"did": {"kind": "order.paid"}}, "paid an order"),
    (
        {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "30d"}},
        "paid an order at least 2 times in the last 30 days",
    ),
    (
        {"did": {"kind": "order.paid", "times": {"eq": 0}, "within": "1d"}},
        "never paid an order today",
    ),
    (
        {"did": {"kind": "order.paid", "days": {"gte": 2, "lte": 5}}},
        "paid an order on 2 to 5 different days",
    ),
    (
        {
            "did": {
                "kind": "order.paid",
                "sum": {"field": "amount", "gte": 10000},
                "since": "2026-01-01",
            }
        },
        "paid an order with a total amount of at least CNY 100.00 since 2026-01-01",
    ),
    (
        {"did": {"kind": "order.paid", "average": {"field": "amount", "lt": 9000.5}}},
        "paid an order with an average amount of fewer than CNY 90.005",
    ),
    (
        {"did": {"kind": "order.paid", "where": {"amount": {"gte": 100, "lte": 250}}}},
        "paid an order [amount: CNY 1.00 to CNY 2.50]",
    ),
    (
        {"did": {"kind": "order.paid", "where": {"categories": ["tea"]}}},
        "paid an order [category: tea]",
    ),
    (
        {"did": {"kind": "order.paid", "last": {"before": "30d"}}},
        "paid an order for the last time more than 30 days ago",
    ),
    (
        {"did": {"kind": "order.paid", "where": {"group": ["north"], "n": {"gt": 1}}}},
        "paid an order [in the group North shop; n: more than 1]",
    ),
    (
        {
            "seq": {
                "steps": [{"kind": "send.delivered"}, {"kind": "coupon.redeemed"}],
                "within": "14d",
            }
        },
        "did the following in order: got a message → redeemed a coupon, within 14 days",
    ),
    (
        {"joined": {"between": ["2026-01-01", "2026-01-31"]}},
        "joined the community from 2026-01-01 to 2026-01-31",
    ),
    ({"left": {"within": "12h"}}, "left the community in the last 12 hours"),
    ({"source": {"any": ["shop"]}}, "joined through shop"),
    ({"opted_out": {"of": "messages"}}, "opted out of messages"),
    ({"held_out": {"community": True}}, "is in the hold-out of this quarter"),
    (
        {"held_out": {"campaign": "spring"}},
        "is held out of the campaign Spring sale",
    ),
    ({"members": {"keys": ["ann"]}}, "is the one member listed individually"),
    ({"members": {"keys": ["a"] * 9}}, "is one of 9 members listed individually"),
]


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES)
def test_each_clause_reads_as_a_sentence(rule: Any, sentence: str) -> None:
    assert sentences.to_text(rule, NAMES) == f"everyone who {sentence}"


@pytest.mark.parametrize("rule", [rule for rule, _sentence in SENTENCES])
def test_each_clause_reads_as_chinese(rule: Any) -> None:
    names = dict.fromkeys(NAMES, "名")
    with translation.override("zh-hans"):
        sentence = sentences.describe(rule, names)
    text = "".join(piece.text for piece in sentence if piece.kind == "text")
    assert phrasing.to_text(sentence)
    assert not [letter for letter in text if letter.isascii() and letter.isalpha()]
    assert "  " not in phrasing.to_text(sentence)


def test_rule_reads_as_one_sentence() -> None:
    rule = {
        "all": [
            {"tag": {"any": ["vip", "koc"]}},
            {"any": [{"group": {"any": ["north"]}}, {"not": {"source": {"any": "x"}}}]},
            {"not": {"did": {"kind": "send.delivered", "within": "3d"}}},
        ]
    }
    assert sentences.to_text(rule, NAMES) == (
        "everyone who has any of the tags VIP, KOC and (is in the group North shop or"
        " not: joined through x) except anyone who got a message in the last 3 days"
    )
    first_last = {"all": [rule["all"][2], *rule["all"][:2]]}
    assert sentences.to_text(first_last, NAMES) == sentences.to_text(rule, NAMES)
    assert sentences.to_text({"all": []}, NAMES) == "everyone"


def test_unknown_key_is_marked() -> None:
    (line,) = sentences.list_lines({"all": [{"tag": {"any": ["ghost", "vip"]}}]}, NAMES)
    kinds = {piece.text: piece.kind for piece in line.pieces}
    assert kinds["ghost"] == "unknown"
    assert kinds["VIP"] == "value"


def test_lines_have_paths_depths_and_joiners() -> None:
    rule = {
        "all": [
            {"not": {"any": [{"tag": {"any": ["vip"]}}, {"joined": {}}]}},
            {"with_left": {"left": {"within": "7d"}}},
        ]
    }
    lines = [
        (line.path, line.clause_path, line.depth, line.joiner, line.is_group)
        for line in sentences.list_lines(rule, NAMES)
    ]
    assert lines == [
        ("all[0]", "all[0].not", 0, "except anyone who", True),
        ("all[0].not.any[0]", "all[0].not.any[0]", 1, "", False),
        ("all[0].not.any[1]", "all[0].not.any[1]", 1, "or", False),
        ("all[1]", "all[1]", 0, "and", True),
        ("all[1].with_left", "all[1].with_left", 1, "", False),
    ]


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "all any not with_left tag did attr layer seq group segment joined left"
                " source members kind where of in name within times keys steps".split()
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(any_json)
def test_any_json_reads_as_a_sentence(rule: Any) -> None:
    assert isinstance(sentences.to_text(rule, {}), str)
    for line in sentences.list_lines({"all": [rule]}, NAMES):
        assert isinstance(line, Line)
    assert all(isinstance(key, str) for _what, key in base.list_mentions(rule))


@pytest.mark.both_databases
def test_names_are_found_in_their_community(shop: Community, by: Staff) -> None:
    factories.tag(shop, "vip", factories.tag_group(shop, "worth", name="Worth"))
    about: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    attributes.define(name="region", type="text", label="Region", **about)
    layers.create(key="value", name="Value", spec=layer_specs.VALUE, **about)
    segments.create(key="loyal", name="Loyal ones", rule={"all": []}, **about)
    rule = {
        "all": [
            {"tag": {"any": ["vip", "ghost"], "untagged": "worth"}},
            {"attr": {"name": "region", "eq": "gansu"}},
            {"layer": {"of": "value", "in": ["high"]}},
            {"not": {"segment": {"any": ["loyal"]}}},
            {"did": {"kind": "member.joined"}},
        ]
    }
    found = rule_names.find(shop, rule)
    assert found == {
        ("tag", "vip"): "vip",
        ("tag_group", "worth"): "Worth",
        ("attr", "region"): "Region",
        ("layering", "value"): "Value",
        ("layer", "value/high"): "high",
        ("segment", "loyal"): "Loyal ones",
        ("kind", "member.joined"): "joined the community",
    }
    assert rule_names.find(factories.community("other"), rule) == {
        ("kind", "member.joined"): "joined the community"
    }


def test_fields_are_named_and_amounts_are_money_in_chinese() -> None:
    where = {"currency": ["USD"], "amount": {"gte": 1234567}}
    rule = {"did": {"kind": "order.paid", "where": where}}
    with translation.override("zh-hans"):
        text = sentences.to_text(rule, NAMES)
    assert "CNY 12,345.67" in text
    assert "USD" in text
    assert "currency" not in text


def test_amounts_are_in_the_currency_of_the_community(db: None) -> None:
    shop = factories.community(key="jp", currency="JPY")
    rule = {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 1200}}}
    text = sentences.to_text(rule, rule_names.find(shop, rule))
    assert "JPY 1,200" in text
