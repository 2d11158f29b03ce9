"""K8: edits of a rule, compared by a simple evaluation of the rule before and after."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.segments import rule_editing
from qunce.console.segments.rule_editing import Path

EVERYONE = frozenset(range(8))
MEMBERS_BY_TAG = {"a": {0, 1, 2, 3}, "b": {0, 1, 4, 5}, "c": {0, 2, 4, 6}, "d": {7}}

clauses = st.sampled_from(sorted(MEMBERS_BY_TAG)).map(
    lambda key: {"tag": {"any": [key]}}
)
trees: st.SearchStrategy[Any] = st.recursive(
    clauses,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
        inner.map(lambda part: {"with_left": part}),
    ),
    max_leaves=10,
)
rules = trees.map(rule_editing.normalise)


def evaluate(
    rule: Any, removed: Path | None = None, here: Path = ()
) -> frozenset[int] | None:
    """Who matches; None for the removed part, and for a group of nothing else."""
    if here == removed:
        return None
    ((name, body),) = rule.items()
    if name == "tag":
        return frozenset(MEMBERS_BY_TAG[body["any"][0]])
    if name in ("not", "with_left"):
        inner = evaluate(body, removed, (*here, name))
        if inner is None:
            return None
        return EVERYONE - inner if name == "not" else inner
    results = [evaluate(part, removed, (*here, name, n)) for n, part in enumerate(body)]
    left = [result for result in results if result is not None]
    if here and results and not left:
        return None
    if name == "all":
        return EVERYONE.intersection(*left)
    return frozenset().union(*left)


def list_paths(rule: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    ((name, body),) = rule.items()
    if name in ("not", "with_left"):
        yield from list_paths(body, (*here, name))
    elif name in ("all", "any"):
        for number, part in enumerate(body):
            yield from list_paths(part, (*here, name, number))


@st.composite
def rule_and_path(draw: st.DrawFn, lines: bool = False) -> tuple[Any, Path]:
    """A rule and the path of one of its parts; of one in a list if `lines` is set."""
    rule = draw(rules)
    paths = [p for p in list_paths(rule) if p and (not lines or isinstance(p[-1], int))]
    if not paths:
        rule = {"all": [{"tag": {"any": ["a"]}}]}
        paths = [("all", 0)]
    return rule, draw(st.sampled_from(paths))


@given(trees)
def test_a_normalised_rule_means_the_same(rule: Any) -> None:
    assert evaluate(rule_editing.normalise(rule)) == evaluate(rule)


@given(rule_and_path())
def test_a_formatted_path_parses_to_the_same_path(example: tuple[Any, Path]) -> None:
    rule, path = example
    assert rule_editing.parse_path(rule_editing.format_path(path)) == path
    assert rule_editing.replace(rule, path, rule_editing.get_part(rule, path)) == rule


@pytest.mark.parametrize("text", ["all[", "..", "all[0]x!", "[-1]", "ALL", "all [0]"])
def test_an_invalid_path_is_rejected(text: str) -> None:
    with pytest.raises(rule_editing.PartNotFound):
        rule_editing.parse_path(text)


@pytest.mark.parametrize("path", [("all", 5), ("tag",), ("all", 0, "tag", "any", 3)])
def test_a_path_without_a_part_is_rejected(path: Path) -> None:
    rule = {"all": [{"tag": {"any": ["a"]}}]}
    for edit in (rule_editing.get_part, rule_editing.remove, rule_editing.toggle_not):
        with pytest.raises(rule_editing.PartNotFound):
            edit(rule, path)


@given(rule_and_path())
def test_a_removed_part_has_no_effect(example: tuple[Any, Path]) -> None:
    rule, path = example
    line = path
    while line and not isinstance(line[-1], int):
        line = line[:-1]  # a `not` is removed with what is inside
    left = evaluate(rule_editing.remove(rule, path))
    expected = evaluate(rule, removed=line) if line else EVERYONE
    assert left == (EVERYONE if expected is None else expected)


@given(rule_and_path())
def test_edits_do_not_change_the_original_rule(example: tuple[Any, Path]) -> None:
    rule, path = example
    before = copy.deepcopy(rule)
    rule_editing.toggle_not(rule, path)
    rule_editing.remove(rule, path)
    rule_editing.wrap(rule, path, "any")
    rule_editing.move(rule, path, 1)
    assert rule == before


@given(rule_and_path())
def test_toggling_not_twice_restores_the_meaning(example: tuple[Any, Path]) -> None:
    rule, path = example
    toggled = rule_editing.toggle_not(rule, path)
    assert evaluate(rule_editing.get_part(toggled, path)) == EVERYONE - (
        evaluate(rule_editing.get_part(rule, path)) or set()
    )
    assert evaluate(rule_editing.toggle_not(toggled, path)) == evaluate(rule)


@given(rule_and_path(), st.sampled_from(["any", "all", "with_left"]))
def test_a_group_of_one_means_the_same_as_its_line(
    example: tuple[Any, Path], name: str
) -> None:
    rule, path = example
    assert evaluate(rule_editing.wrap(rule, path, name)) == evaluate(rule)


@given(rule_and_path(lines=True), st.sampled_from([-1, 1]))
def test_moving_a_line_changes_only_the_order(
    example: tuple[Any, Path], by: int
) -> None:
    rule, path = example
    moved, new_path = rule_editing.move(rule, path, by)
    assert evaluate(moved) == evaluate(rule)
    assert rule_editing.get_part(moved, new_path) == rule_editing.get_part(rule, path)
    siblings = rule_editing.get_part(moved, path[:-1])
    assert sorted(map(str, siblings)) == sorted(
        map(str, rule_editing.get_part(rule, path[:-1]))
    )


@given(rules, clauses)
def test_an_added_line_narrows_the_rule_and_can_be_removed(
    rule: Any, clause: Any
) -> None:
    more = rule_editing.append(rule, (), clause)
    assert evaluate(more) == (evaluate(rule) or set()) & (evaluate(clause) or set())
    assert rule_editing.remove(more, ("all", len(rule["all"]))) == rule


@given(st.lists(clauses, min_size=1, max_size=4))
def test_a_group_toggles_between_all_and_any(parts: list[Any]) -> None:
    rule = {"all": [{"all": parts}]}
    toggled = rule_editing.toggle_all_any(rule, ("all", 0))
    assert toggled == {"all": [{"any": parts}]}
    assert rule_editing.toggle_all_any(toggled, ("all", 0)) == rule


def test_the_clause_of_a_negated_line_is_inside_its_not() -> None:
    rule = {"all": [{"not": {"tag": {"any": ["a"]}}}, {"tag": {"any": ["b"]}}]}
    assert rule_editing.clause_path(rule, ("all", 0)) == ("all", 0, "not")
    assert rule_editing.clause_path(rule, ("all", 1)) == ("all", 1)
