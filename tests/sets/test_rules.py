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
NO_ONE: dict[str, Any] = {"any": []}
VISITED = {"kind": "page.visited"}


@pytest.fixture
def community(db: None) -> Community:
    facts.ensure_kinds(["page.visited"])
    return communities.create(key="tea", at=AT)


def error_of(rule: Any, community: Community) -> RuleError:
    with pytest.raises(RuleError) as raised:
        audiences.check(community=community, rule=rule)
    assert str(raised.value).startswith(raised.value.path)
    return raised.value


@pytest.mark.parametrize(
    "rule", [None, [], "vip", 7, {}, {"all": [], "any": []}, {"all": [None]}]
)
def test_node_must_be_an_object_with_one_key(rule: Any, community: Community) -> None:
    assert "exactly one key" in error_of(rule, community).message


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ({"tga": {}}, "", "tga"),
        ({"all": {}}, "all", "list"),
        ({"all": [NO_ONE, {"not": {"tga": {}}}]}, "all[1].not", "tga"),
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
            "only one time span",
        ),
        ({"did": VISITED | {"first": {}}}, "did.first", "time span"),
        ({"did": VISITED | {"last": {"whithin": "3d"}}}, "did.last.whithin", "whithin"),
        ({"did": VISITED | {"sum": {"gte": 1}}}, "did.sum.field", "field"),
        (
            {"did": VISITED | {"sum": {"field": "a", "gte": "one"}}},
            "did.sum.gte",
            "number",
        ),
        ({"did": VISITED | {"where": []}}, "did.where", "object"),
        ({"did": VISITED | {"where": {" ": 1}}}, "did.where", "name of a field"),
        ({"did": VISITED | {"hours": [6, 6]}}, "did.hours", "whole day"),
        ({"did": VISITED | {"hours": [24, 6]}}, "did.hours", "no time between"),
        ({"did": VISITED | {"hours": [0, 25]}}, "did.hours[1]", "from 0 to 24"),
        ({"did": VISITED | {"hours": ["6:3", 7]}}, "did.hours[0]", "06:30"),
        ({"did": VISITED | {"hours": 6}}, "did.hours", "two times"),
        ({"did": VISITED | {"where": {"page": None}}}, "did.where.page", "text"),
        ({"seq": {"steps": [VISITED]}}, "seq.steps", "2 to"),
        (
            {"seq": {"steps": [VISITED, {"kind": "page.burnt"}]}},
            "seq.steps[1].kind",
            "page.burnt",
        ),
        ({"seq": {"steps": [VISITED] * 2, "within": "x"}}, "seq.within", "30d"),
    ],
)
def test_error_names_the_mistake_and_its_path(
    rule: Any, path: str, text: str, community: Community
) -> None:
    error = error_of(rule, community)
    assert error.path == path
    assert text in error.message


def nested(path: list[str | int], inner: Any) -> tuple[Any, str]:
    """`inner` nested in these nodes, and its path as an error shows it."""
    rule, text = inner, ""
    for step in reversed(path):
        if isinstance(step, str):
            rule, text = {step: rule}, f"{step}.{text}" if text else step
        else:
            name = ["all", "any"][step % 2]
            rule = {name: [NO_ONE] * step + [rule]}
            text = f"{name}[{step}].{text}" if text else f"{name}[{step}]"
    return rule, text


@given(
    path=st.lists(st.sampled_from(["not", "with_left"]) | st.integers(0, 3), max_size=8)
)
def test_error_path_leads_to_the_mistake(path: list[str | int]) -> None:
    rule, expected = nested(path, {"nonsense": {}})
    assert error_of(rule, Community(key="tea")).path == expected


@given(path=st.lists(st.integers(0, 3), max_size=8))
def test_compiled_rule_has_the_nodes_of_its_json(path: list[str | int]) -> None:
    rule, _ = nested(path, NO_ONE)
    node = tree.compile_rule(rule, Community(key="tea"))
    assert sum(1 for _ in node.walk()) == 1 + sum(int(step) + 1 for step in path)


def test_name_that_occurs_twice_in_an_object_is_rejected() -> None:
    with pytest.raises(RuleError, match="“gte” occurs twice"):
        tree.parse_json('{"attr": {"name": "points", "gte": 1, "gte": 5}}')
    assert tree.parse_json('{"all": [{"any": []}, {"any": []}]}')


def test_rule_nested_too_deeply_is_rejected() -> None:
    rule, _ = nested(["not"] * 500, NO_ONE)
    assert "deeply" in error_of(rule, Community(key="tea")).message


def test_rule_with_too_many_nodes_is_rejected() -> None:
    assert (
        "at most" in error_of({"any": [NO_ONE] * 2_001}, Community(key="tea")).message
    )


def test_invalid_json_is_rejected() -> None:
    with pytest.raises(RuleError, match="JSON"):
        tree.parse_json('{"all": [')
    assert tree.parse_json('{"all": []}') == {"all": []}
