"""Changing the steps of a definition: add, replace, move and delete. Pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step

UP, DOWN, OUT, IN = "up", "down", "out", "in"
Steps = tuple[Step, ...]


class StepNotFound(errors.NotFound):
    """The playbook has no step with this id."""


@dataclass(frozen=True)
class Place:
    """After a step, or first in a block of one; first of all if both are empty."""

    after: str = ""
    inside: str = ""
    block: str = ""


def find(steps: Sequence[Step], step_id: str) -> Step:
    for step in base.walk(steps):
        if step.id == step_id:
            return step
    raise StepNotFound(_("There is no such step. Reload the page."))


def unused_id(steps: Sequence[Step]) -> str:
    used = {step.id for step in base.walk(steps)}
    return next(f"s{n}" for n in range(1, len(used) + 2) if f"s{n}" not in used)


def insert(steps: Steps, new: Step, place: Place) -> Steps:
    if place.after:
        find(steps, place.after)
        return _edit_lists(steps, lambda own: _after(own, new, place.after))
    if place.inside:
        found = find(steps, place.inside)
        if place.block not in {block.name for block in found.blocks()}:
            raise StepNotFound(_("There is no such step. Reload the page."))
        return map_steps(steps, lambda step: _prepend(step, new, place))
    return (new, *steps)


def _after(own: Steps, new: Step, after: str) -> Steps:
    changed: list[Step] = []
    for step in own:
        changed.append(step)
        if step.id == after:
            changed.append(new)
    return tuple(changed)


def _prepend(step: Step, new: Step, place: Place) -> Step:
    for block in step.blocks():
        if step.id == place.inside and block.name == place.block:
            return step.with_block(block.name, (new, *block.steps))
    return step


def replace(steps: Steps, new: Step) -> Steps:
    """Replace the step with the same id; what is inside it stays."""
    old = find(steps, new.id)
    kept = new
    for block in old.blocks():
        if block.name in {other.name for other in new.blocks()}:
            kept = kept.with_block(block.name, block.steps)
    return map_steps(steps, lambda step: kept if step.id == new.id else step)


def remove(steps: Steps, step_id: str) -> Steps:
    """Remove a step with all that is inside it."""
    find(steps, step_id)
    return _edit_lists(
        steps, lambda own: tuple(step for step in own if step.id != step_id)
    )


def move(steps: Steps, step_id: str, direction: str) -> Steps:
    """Move a step up or down in its list, out of its list, or into the step before it."""
    moved = find(steps, step_id)
    if direction == OUT:
        parent = _parent(steps, step_id)
        if parent is None:
            return steps
        return insert(remove(steps, step_id), moved, Place(after=parent.id))
    if direction == IN:
        before = _neighbour(steps, step_id)
        if before is None or not before.blocks():
            return steps
        block = before.blocks()[0]
        rest = remove(steps, step_id)
        if block.steps:
            return insert(rest, moved, Place(after=block.steps[-1].id))
        return insert(rest, moved, Place(inside=before.id, block=block.name))
    shift = -1 if direction == UP else 1
    return _edit_lists(steps, lambda own: _shifted(own, step_id, shift))


def relocate(steps: Steps, step_id: str, place: Place) -> Steps:
    """Move a step with all that is inside it to another place.

    Raises StepNotFound for a place that is the step, or inside it.
    """
    moved = find(steps, step_id)
    return insert(remove(steps, step_id), moved, place)


def _shifted(own: Steps, step_id: str, shift: int) -> Steps:
    ids = [step.id for step in own]
    if step_id not in ids:
        return own
    index = ids.index(step_id)
    other = index + shift
    if not 0 <= other < len(own):
        return own
    changed = list(own)
    changed[index], changed[other] = changed[other], changed[index]
    return tuple(changed)


def _parent(steps: Sequence[Step], step_id: str) -> Step | None:
    for step in base.walk(steps):
        for block in step.blocks():
            if step_id in {inner.id for inner in block.steps}:
                return step
    return None


def _neighbour(steps: Sequence[Step], step_id: str) -> Step | None:
    """The step before it in its list."""
    lists = [steps, *(b.steps for step in base.walk(steps) for b in step.blocks())]
    for own in lists:
        for before, step in itertools.pairwise(own):
            if step.id == step_id:
                return before
    return None


def _edit_lists(steps: Steps, edit: Callable[[Steps], Steps]) -> Steps:
    """Apply `edit` to the list and to those inside its steps."""
    edited = edit(steps)
    return tuple(_edit_blocks(step, edit) for step in edited)


def _edit_blocks(step: Step, edit: Callable[[Steps], Steps]) -> Step:
    for block in step.blocks():
        step = step.with_block(block.name, _edit_lists(block.steps, edit))
    return step


def map_steps(steps: Steps, change: Callable[[Step], Step]) -> Steps:
    """Apply `change` to every step, the inner ones first."""
    changed = []
    for each in steps:
        step = each
        for block in step.blocks():
            step = step.with_block(block.name, map_steps(block.steps, change))
        changed.append(change(step))
    return tuple(changed)
