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
from qunce.sets.rules.base import RuleError

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
    rule_editing.step(rule, path, 1)
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


def list_leaves(rule: Any) -> list[str]:
    ((name, body),) = rule.items()
    if name == "tag":
        return list(body["any"])
    parts = body if name in ("all", "any") else [body]
    return sorted(leaf for part in parts for leaf in list_leaves(part))


@given(rule_and_path(lines=True), st.sampled_from([-1, 1]))
def test_a_step_moves_a_line_and_keeps_all_others(
    example: tuple[Any, Path], by: int
) -> None:
    rule, path = example
    moved, new_path = rule_editing.step(rule, path, by)
    part = rule_editing.get_part(rule, path)
    assert rule_editing.get_part(moved, new_path) == part
    assert list_leaves(moved) == list_leaves(rule)


LADDER: Any = {
    "all": [
        {"tag": {"any": ["a"]}},
        {"not": {"any": [{"tag": {"any": ["b"]}}, {"tag": {"any": ["c"]}}]}},
        {"tag": {"any": ["d"]}},
    ]
}


def test_steps_lead_a_line_into_a_group_through_it_and_out_again() -> None:
    path: Path
    rule, path, places = LADDER, ("all", 0), []
    for _step in range(5):
        rule, path = rule_editing.step(rule, path, 1)
        places.append(rule_editing.format_path(path))
    group = "all[0].not.any"
    assert places == [f"{group}[0]", f"{group}[1]", f"{group}[2]", "all[1]", "all[2]"]
    for _step in range(5):
        rule, path = rule_editing.step(rule, path, -1)
    assert (rule, path) == (LADDER, ("all", 0))


@st.composite
def rule_line_and_place(draw: st.DrawFn) -> tuple[Any, Path, Path, int]:
    rule, path = draw(rule_and_path(lines=True))
    groups = [
        place
        for place in list_paths(rule)
        if rule_editing.name_of(rule_editing.get_part(rule, place)) in ("all", "any")
    ]
    return rule, path, draw(st.sampled_from(groups)), draw(st.integers(0, 4))


@given(rule_line_and_place())
def test_a_line_moves_into_any_group_but_its_own_inside(
    example: tuple[Any, Path, Path, int],
) -> None:
    rule, path, group, index = example
    if group[: len(path)] == path:
        with pytest.raises(rule_editing.PartNotFound):
            rule_editing.move(rule, path, group, index)
        return
    moved, new_path = rule_editing.move(rule, path, group, index)
    part = rule_editing.get_part(rule, path)
    assert rule_editing.get_part(moved, new_path) == part
    assert list_leaves(moved) == list_leaves(rule)
    lost, found = list(list_paths(rule)), list(list_paths(moved))
    assert len(found) <= len(lost)


@given(st.lists(clauses, min_size=2, max_size=5), st.data())
def test_selected_lines_become_a_group_and_lines_again(
    lines: list[Any], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, len(lines) - 1))
    rule = {"all": lines}
    paths: list[Path] = [("all", index) for index in range(first, last + 1)]
    for name in ("all", "any", "none"):
        grouped, path = rule_editing.wrap_lines(rule, paths, name)
        inside = [set(evaluate(line) or ()) for line in lines[first : last + 1]]
        chosen = set.union(*inside) if name != "all" else set.intersection(*inside)
        chosen = set(EVERYONE) - chosen if name == "none" else chosen
        others = evaluate({"all": lines[:first] + lines[last + 1 :]}) or frozenset()
        assert evaluate(grouped) == others & chosen
        if name == "none":
            assert evaluate(rule_editing.unwrap(grouped, path)) == evaluate(grouped)
        else:
            assert rule_editing.unwrap(grouped, path) == rule


def test_lines_of_two_groups_cannot_be_grouped() -> None:
    paths: list[Path] = [("all", 0), ("all", 1, "not", "any", 0)]
    with pytest.raises(RuleError, match="one group"):
        rule_editing.wrap_lines(LADDER, paths, "any")


@given(rules, clauses)
def test_an_added_line_narrows_the_rule_and_can_be_removed(
    rule: Any, clause: Any
) -> None:
    more = rule_editing.append(rule, (), clause)
    assert evaluate(more) == (evaluate(rule) or set()) & (evaluate(clause) or set())
    assert rule_editing.remove(more, ("all", len(rule["all"]))) == rule


@given(st.lists(clauses, min_size=1, max_size=4))
def test_a_group_changes_between_all_any_and_none(parts: list[Any]) -> None:
    rule: Any = {"all": [{"all": parts}]}
    for name in ("any", "none", "all"):
        rule = rule_editing.change_group(rule, ("all", 0), name)
        group = {"not": {"any": parts}} if name == "none" else {name: parts}
        assert rule == {"all": [group]}
    whole = rule_editing.change_group({"all": parts}, (), "any")
    assert whole == {"all": [{"any": parts}]}


SEVERAL = [
    (
        {"tag": {"any": ["a"], "none": ["b"], "untagged": "c", "depth": {"gte": 2}}},
        [
            {"tag": {"depth": {"gte": 2}, "any": ["a"]}},
            {"tag": {"depth": {"gte": 2}, "none": ["b"]}},
            {"tag": {"untagged": "c"}},
        ],
    ),
    (
        {"did": {"kind": "k", "times": {"gte": 2}, "last": {"within": "3d"}}},
        [
            {"did": {"kind": "k", "times": {"gte": 2}}},
            {"did": {"kind": "k", "last": {"within": "3d"}}},
        ],
    ),
    ({"tag": {"any": ["a"]}}, [{"tag": {"any": ["a"]}}]),
    ([], [[]]),
]


@pytest.mark.parametrize(("clause", "parts"), SEVERAL, ids=str)
def test_a_clause_with_several_conditions_splits_into_one_each(
    clause: Any, parts: list[Any]
) -> None:
    assert rule_editing.split(clause) == parts


def test_the_clause_of_a_negated_line_is_inside_its_not() -> None:
    rule = {"all": [{"not": {"tag": {"any": ["a"]}}}, {"tag": {"any": ["b"]}}]}
    assert rule_editing.clause_path(rule, ("all", 0)) == ("all", 0, "not")
    assert rule_editing.clause_path(rule, ("all", 1)) == ("all", 1)
