"""Changes of the list of steps, on lists inside of lists."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.outreach.playbooks import editing
from qunce.outreach.playbooks.editing import Place
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from tests.outreach.playbooks.plans import send, wait

BRANCH: dict[str, Any] = {"id": "q", "kind": "branch", "if": {"rule": {}}}
STEPS = base.parse_list(
    [send("a"), {**BRANCH, "then": [send("b"), wait("c", 5)], "otherwise": []}]
)


def shape(steps: tuple[Step, ...]) -> str:
    """Such as `a q(b c|)`."""
    return " ".join(
        step.id + (f"({'|'.join(shape(b.steps) for b in step.blocks())})")
        if step.blocks()
        else step.id
        for step in steps
    )


def test_steps_are_put_where_they_are_wanted() -> None:
    assert shape(STEPS) == "a q(b c|)"
    new = base.parse(send("n"))
    for place, expected in (
        (Place(), "n a q(b c|)"),
        (Place(after="a"), "a n q(b c|)"),
        (Place(after="b"), "a q(b n c|)"),
        (Place(inside="q", block="then"), "a q(n b c|)"),
        (Place(inside="q", block="otherwise"), "a q(b c|n)"),
    ):
        assert shape(editing.insert(STEPS, new, place)) == expected
    for place in (Place(after="x"), Place(inside="q", block="x"), Place(inside="x")):
        with pytest.raises(editing.StepNotFound):
            editing.insert(STEPS, new, place)


@pytest.mark.parametrize(
    ("step", "to", "expected"),
    [
        ("c", "up", "a q(c b|)"),
        ("b", "up", "a q(b c|)"),
        ("a", "down", "q(b c|) a"),
        ("q", "down", "a q(b c|)"),
        ("b", "out", "a q(c|) b"),
        ("a", "out", "a q(b c|)"),
        ("a", "in", "a q(b c|)"),
    ],
)
def test_steps_move_in_out_up_and_down(step: str, to: str, expected: str) -> None:
    assert shape(editing.move(STEPS, step, to)) == expected


def test_a_step_moves_into_the_one_above_it() -> None:
    steps = editing.insert(STEPS, base.parse(send("n")), Place(after="q"))
    assert shape(editing.move(steps, "n", "in")) == "a q(b c n|)"


def test_a_changed_step_keeps_what_is_inside_and_a_deleted_one_takes_it_along() -> None:
    changed = base.parse({**BRANCH, "if": {"clicked": "a"}})
    assert shape(editing.replace(STEPS, changed)) == "a q(b c|)"
    assert editing.find(editing.replace(STEPS, changed), "q").kinds()
    assert shape(editing.remove(STEPS, "q")) == "a"
    assert shape(editing.remove(STEPS, "b")) == "a q(c|)"
    assert editing.unused_id(STEPS) == "s1"
