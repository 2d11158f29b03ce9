from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.sets import audiences
from qunce.sets.rules import tree
from qunce.sets.rules.base import RuleError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY: dict[str, Any] = {"any": []}
VISITED = {"kind": "page.visited"}


@pytest.fixture
def community(db: None) -> Community:
    facts.ensure_kinds(["page.visited"])
    return communities.create(key="tea", at=AT)


def place(rule: Any, community: Community) -> tuple[str, str]:
    with pytest.raises(RuleError) as refused:
        audiences.check(community=community, rule=rule)
    assert str(refused.value).startswith(refused.value.path)
    return refused.value.path, refused.value.message


@pytest.mark.parametrize(
    "rule", [None, [], "vip", 7, {}, {"all": [], "any": []}, {"all": [None]}]
)
def test_a_node_is_an_object_with_one_key(rule: Any, community: Community) -> None:
    assert "exactly one key" in place(rule, community)[1]


@pytest.mark.parametrize(
    ("rule", "where", "word"),
    [
        ({"tga": {}}, "", "tga"),
        ({"all": {}}, "all", "list"),
        ({"all": [NOBODY, {"not": {"tga": {}}}]}, "all[1].not", "tga"),
        ({"with_left": {"any": [{"x": 1}]}}, "with_left.any[0]", "“x”"),
        ({"did": {}}, "did.kind", "kind of fact"),
        ({"did": {"kind": "page.burnt"}}, "did.kind", "page.burnt"),
        ({"did": {"kind": 7}}, "did.kind", "7"),
        ({"did": VISITED | {"tmies": {}}}, "did.tmies", "tmies"),
        ({"did": VISITED | {"times": 2}}, "did.times", "comparison"),
        ({"did": VISITED | {"times": {}}}, "did.times", "comparison"),
        ({"did": VISITED | {"times": {"atleast": 2}}}, "did.times.atleast", "atleast"),
        ({"did": VISITED | {"times": {"gte": 1.5}}}, "did.times.gte", "whole number"),
        ({"did": VISITED | {"times": {"gte": True}}}, "did.times.gte", "whole number"),
        ({"did": VISITED | {"within": "30"}}, "did.within", "30d"),
        ({"did": VISITED | {"within": "0d"}}, "did.within", "30d"),
        ({"did": VISITED | {"within": "3661d"}}, "did.within", "3660"),
        ({"did": VISITED | {"before": "12h"}}, "did.before", "within"),
        ({"did": VISITED | {"since": "yesterday"}}, "did.since", "2026-03-31"),
        ({"did": VISITED | {"since": "2026-02-30"}}, "did.since", "2026-03-31"),
        ({"did": VISITED | {"between": ["2026-03-01"]}}, "did.between", "two dates"),
        (
            {"did": VISITED | {"between": ["2026-03-01", 3]}},
            "did.between[1]",
            "2026-03-31",
        ),
        (
            {"did": VISITED | {"within": "3d", "since": "2026-03-01"}},
            "did",
            "not several",
        ),
        ({"did": VISITED | {"first": {}}}, "did.first", "span of time"),
        ({"did": VISITED | {"last": {"whithin": "3d"}}}, "did.last.whithin", "whithin"),
        ({"did": VISITED | {"sum": {"gte": 1}}}, "did.sum.field", "field"),
        (
            {"did": VISITED | {"sum": {"field": "a", "gte": "1"}}},
            "did.sum.gte",
            "whole",
        ),
        ({"did": VISITED | {"where": []}}, "did.where", "object"),
        ({"did": VISITED | {"where": {"a b": 1}}}, "did.where", "a b"),
        ({"did": VISITED | {"where": {"page": None}}}, "did.where.page", "text"),
        ({"seq": {"steps": [VISITED]}}, "seq.steps", "two"),
        (
            {"seq": {"steps": [VISITED, {"kind": "page.burnt"}]}},
            "seq.steps[1].kind",
            "page.burnt",
        ),
        ({"seq": {"steps": [VISITED] * 2, "within": "x"}}, "seq.within", "30d"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    rule: Any, where: str, word: str, community: Community
) -> None:
    found, message = place(rule, community)
    assert found == where
    assert word in message


def nested(path: list[str | int], inner: Any) -> tuple[Any, str]:
    """`inner` at the end of a path of nodes, and that path as an error writes it."""
    rule, text = inner, ""
    for step in reversed(path):
        if isinstance(step, str):
            rule, text = {step: rule}, f"{step}.{text}" if text else step
        else:
            word = ["all", "any"][step % 2]
            rule = {word: [NOBODY] * step + [rule]}
            text = f"{word}[{step}].{text}" if text else f"{word}[{step}]"
    return rule, text


@given(
    path=st.lists(st.sampled_from(["not", "with_left"]) | st.integers(0, 3), max_size=8)
)
def test_the_place_leads_to_the_mistake(path: list[str | int]) -> None:
    rule, where = nested(path, {"nonsense": {}})
    assert place(rule, Community(key="tea"))[0] == where


@given(path=st.lists(st.integers(0, 3), max_size=8))
def test_a_rule_is_read_as_it_is_nested(path: list[str | int]) -> None:
    rule, _ = nested(path, NOBODY)
    node = tree.compile_rule(rule, Community(key="tea"))
    assert sum(1 for _ in node.walk()) == 1 + sum(int(step) + 1 for step in path)


def test_a_bottomless_rule_is_refused() -> None:
    rule, _ = nested(["not"] * 500, NOBODY)
    assert "deeply" in place(rule, Community(key="tea"))[1]


def test_an_endless_rule_is_refused() -> None:
    assert "at most" in place({"any": [NOBODY] * 2_001}, Community(key="tea"))[1]


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(RuleError, match="JSON"):
        tree.parse_json('{"all": [')
    assert tree.parse_json('{"all": []}') == {"all": []}
