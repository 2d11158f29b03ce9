"""Learning paths with a step that was cancelled, or that members do not see yet."""

from __future__ import annotations

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.homework import terms
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.activities.homework.builders import open_homework
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_a_cancelled_step_is_passed_over() -> None:
    by = factories.staff(factories.community(language="en"))
    first = open_homework(by, name="One", reviewers=0)
    second = open_homework(by, name="Two", reviewers=0, after=str(first.pk))
    third = open_homework(by, name="Three", reviewers=0, after=str(second.pk))
    for staff in (by, running.approver(by)):
        lifecycle.cancel(activity=second, reason="No time", by=staff, at=AT)
    second.refresh_from_db()
    assert terms.find_before(third) == first
    for step in (first, third):
        assert terms.list_path(step) == [first, third]
    (ann,) = factories.members(by.community, "ann")
    assert builders.hand_in(third, ann).text == "First pass “One”, the step before."


def test_a_step_that_is_not_published_is_in_no_path() -> None:
    by = factories.staff(factories.community(language="en"))
    first = open_homework(by, name="One", reviewers=0)
    draft = running.draft(by, "homework", settings=dict(first.settings))
    last = open_homework(by, name="Last", reviewers=0, after=str(first.pk))
    Activity.objects.filter(pk=last.pk).update(
        settings={**last.settings, "after": str(draft.pk)}
    )
    last.refresh_from_db()
    assert terms.list_path(last) == [last]
