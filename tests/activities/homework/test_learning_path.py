"""Homework as the steps of a learning path."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Entry
from qunce.activities.homework import results
from qunce.activities.kinds import base
from qunce.core.staff.models import Staff
from tests.activities.homework.builders import (
    DUE,
    HOUR,
    hand_in,
    members,
    open_homework,
    submission,
)

pytestmark = pytest.mark.django_db


def test_a_step_is_open_to_those_who_passed_the_one_before(by: Staff) -> None:
    first = open_homework(by, name="Step one", reviewers=0)
    second = open_homework(by, name="Step two", reviewers=0, after=str(first.pk))
    free = open_homework(
        by, name="Free", reviewers=0, after=str(second.pk), must_pass=False
    )
    (ann,) = members(by, "ann")
    reply = hand_in(second, ann)
    assert reply.text == "First pass “Step one”, the step before."
    assert not Entry.objects.exists()
    assert hand_in(free, ann).accepted
    hand_in(first, ann)
    row = submission(first, ann)
    results.decide(submission=row, score=8, reason="Good.", by=by, at=DUE)
    results.publish(activity=first, by=by, at=DUE)
    assert hand_in(second, ann, at=DUE - HOUR).accepted
    kind = base.get("homework")
    path = kind.portal_context(second, ann, DUE)["path"]
    assert [
        (step.activity.name, step.is_passed, step.is_handed_in, step.is_next)
        for step in path
    ] == [
        ("Step one", True, True, False),
        ("Step two", False, True, True),
        ("Free", False, True, False),
    ]
    assert any("Step one" in line for line in kind.describe(second))
