"""Why a message of a rehearsed playbook would not be sent, by its sender and variant."""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.playbooks import assignees, variants
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.sending import eligibility, texts
from qunce.outreach.sending.ledger import Sender
from qunce.sets.bitmaps import bitmaps


def find(
    sender: Sender,
    step: Send,
    targets: Sequence[int],
    *,
    test: str,
    holds: Callable[[Any, int], bool],
    at: datetime,
) -> Callable[[int, int], str]:
    """(target, number of the run) → why it gets no message of this step, or ""."""
    by_staff = _by_staff(sender, step, targets)
    reasons: dict[int, str] = {}
    incomplete: dict[str, set[int]] = defaultdict(set)
    for staff, own in by_staff.items():
        if staff is None and step.needs_person():
            reasons |= dict.fromkeys(
                own, Obstacle.ROLE if step.role else Obstacle.STAFF
            )
            continue
        by = dataclasses.replace(sender, staff=staff)
        reasons |= _reasons_to_skip(by, own, at)
        for variant, text in step.texts().items():
            incomplete[variant] |= _without_value(by, text, own)

    @functools.cache
    def drawn(number: int) -> Mapping[int, str]:
        salt = variants.salt(test, number, step.redraw)
        return variants.draw(step.variants, targets, salt=salt, holds=holds)

    def reason(target: int, number: int) -> str:
        if reasons.get(target):
            return reasons[target]
        is_again = step.redraw == variants.Redraw.DRAW
        variant = drawn(number if is_again else 0)[target] if step.variants else ""
        return skip_reasons.NO_VALUE if target in incomplete[variant] else ""

    return reason


def _by_staff(
    sender: Sender, step: Send, targets: Sequence[int]
) -> dict[Staff | None, list[int]]:
    if not step.needs_person():
        return {None: list(targets)}
    found = assignees.find(
        step.assignee,
        community=sender.community,
        targets=targets,
        is_group=sender.is_group,
    )
    by_staff: dict[Staff | None, list[int]] = {}
    for target in targets:
        by_staff.setdefault(found[target], []).append(target)
    return by_staff


def _reasons_to_skip(
    sender: Sender, targets: Sequence[int], at: datetime
) -> dict[int, str]:
    checker = eligibility.checker_for(sender, bitmaps.of(targets), by=None, at=at)
    return dict(checker.reasons_to_skip(targets))


def _without_value(sender: Sender, text: str, targets: Sequence[int]) -> set[int]:
    rendered = texts.render(
        text,
        targets,
        community=sender.community,
        is_group=sender.is_group,
        staff=sender.staff,
    )
    return {target for target, (found, _why) in rendered.items() if found is None}
