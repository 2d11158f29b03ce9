"""K8: edits of a rule's tree, against a plain evaluation of the rule."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.segments import rule_editing
from qunce.console.segments.rule_editing import Path

WORLD = frozenset(range(8))
LEAVES = {"a": {0, 1, 2, 3}, "b": {0, 1, 4, 5}, "c": {0, 2, 4, 6}, "d": {7}}

leaves = st.sampled_from(sorted(LEAVES)).map(lambda key: {"tag": {"any": [key]}})
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
        inner.map(lambda part: {"with_left": part}),
    ),
    max_leaves=10,
)
rules = trees.map(rule_editing.normal)


def who(rule: Any, gone: Path | None = None, here: Path = ()) -> frozenset[int] | None:
    """Whom the rule means; None for a part that is gone, and for a group of such."""
    if here == gone:
        return None
    ((name, body),) = rule.items()
    if name == "tag":
        return frozenset(LEAVES[body["any"][0]])
    if name in ("not", "with_left"):
        inner = who(body, gone, (*here, name))
        if inner is None:
            return None
        return WORLD - inner if name == "not" else inner
    several = [who(part, gone, (*here, name, n)) for n, part in enumerate(body)]
    left = [some for some in several if some is not None]
    if here and several and not left:
        return None
    if name == "all":
        return WORLD.intersection(*left)
    return frozenset().union(*left)


def places(rule: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    ((name, body),) = rule.items()
    if name in ("not", "with_left"):
        yield from places(body, (*here, name))
    elif name in ("all", "any"):
        for number, part in enumerate(body):
            yield from places(part, (*here, name, number))


@st.composite
def placed(draw: st.DrawFn, lines: bool = False) -> tuple[Any, Path]:
    """A rule and the place of one of its parts, or of one that stands in a list."""
    rule = draw(rules)
    found = [p for p in places(rule) if p and (not lines or isinstance(p[-1], int))]
    if not found:
        rule = {"all": [{"tag": {"any": ["a"]}}]}
        found = [("all", 0)]
    return rule, draw(st.sampled_from(found))


@given(trees)
def test_a_list_of_lines_means_the_same(rule: Any) -> None:
    assert who(rule_editing.normal(rule)) == who(rule)


@given(placed())
def test_a_place_is_read_as_it_is_written(chosen: tuple[Any, Path]) -> None:
    rule, path = chosen
    assert rule_editing.read(rule_editing.write(path)) == path
    assert rule_editing.put(rule, path, rule_editing.part(rule, path)) == rule


@pytest.mark.parametrize("text", ["all[", "..", "all[0]x!", "[-1]", "ALL", "all [0]"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(rule_editing.NoSuchPart):
        rule_editing.read(text)


@pytest.mark.parametrize("path", [("all", 5), ("tag",), ("all", 0, "tag", "any", 3)])
def test_a_part_that_is_gone_is_refused(path: Path) -> None:
    rule = {"all": [{"tag": {"any": ["a"]}}]}
    for edit in (rule_editing.part, rule_editing.remove, rule_editing.negate):
        with pytest.raises(rule_editing.NoSuchPart):
            edit(rule, path)


@given(placed())
def test_a_part_removed_is_as_if_it_had_never_been(chosen: tuple[Any, Path]) -> None:
    rule, path = chosen
    line = path
    while line and not isinstance(line[-1], int):
        line = line[:-1]  # what stands inside a `not` goes with it
    left = who(rule_editing.remove(rule, path))
    wanted = who(rule, gone=line) if line else WORLD
    assert left == (WORLD if wanted is None else wanted)


@given(placed())
def test_no_edit_touches_the_rule_it_is_given(chosen: tuple[Any, Path]) -> None:
    rule, path = chosen
    before = copy.deepcopy(rule)
    rule_editing.negate(rule, path)
    rule_editing.remove(rule, path)
    rule_editing.wrap(rule, path, "any")
    rule_editing.move(rule, path, 1)
    assert rule == before


@given(placed())
def test_negating_turns_and_turns_back(chosen: tuple[Any, Path]) -> None:
    rule, path = chosen
    once = rule_editing.negate(rule, path)
    assert who(rule_editing.part(once, path)) == WORLD - (
        who(rule_editing.part(rule, path)) or set()
    )
    assert who(rule_editing.negate(once, path)) == who(rule)


@given(placed(), st.sampled_from(["any", "all", "with_left"]))
def test_a_group_of_one_means_what_the_one_means(
    chosen: tuple[Any, Path], name: str
) -> None:
    rule, path = chosen
    assert who(rule_editing.wrap(rule, path, name)) == who(rule)


@given(placed(lines=True), st.sampled_from([-1, 1]))
def test_moving_changes_the_order_only(chosen: tuple[Any, Path], by: int) -> None:
    rule, path = chosen
    moved, there = rule_editing.move(rule, path, by)
    assert who(moved) == who(rule)
    assert rule_editing.part(moved, there) == rule_editing.part(rule, path)
    siblings = rule_editing.part(moved, path[:-1])
    assert sorted(map(str, siblings)) == sorted(
        map(str, rule_editing.part(rule, path[:-1]))
    )


@given(rules, leaves)
def test_what_is_added_narrows_and_can_be_removed(rule: Any, leaf: Any) -> None:
    more = rule_editing.add(rule, (), leaf)
    assert who(more) == (who(rule) or set()) & (who(leaf) or set())
    assert rule_editing.remove(more, ("all", len(rule["all"]))) == rule


@given(st.lists(leaves, min_size=1, max_size=4))
def test_a_group_turns_from_all_to_any(several: list[Any]) -> None:
    rule = {"all": [{"all": several}]}
    turned = rule_editing.turn(rule, ("all", 0))
    assert turned == {"all": [{"any": several}]}
    assert rule_editing.turn(turned, ("all", 0)) == rule


def test_a_line_knows_where_its_clause_is() -> None:
    rule = {"all": [{"not": {"tag": {"any": ["a"]}}}, {"tag": {"any": ["b"]}}]}
    assert rule_editing.clause(rule, ("all", 0)) == ("all", 0, "not")
    assert rule_editing.clause(rule, ("all", 1)) == ("all", 1)
