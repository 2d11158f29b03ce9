"""Points of check-ins follow whether they count, however late the worker reacts."""

from __future__ import annotations

import pytest

from qunce import reactions
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import check_in_points, check_ins
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.points.models import EntryKind, PointEntry
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import usable
from tests.activities.running import join, running
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db
STRIKE, RESTORE = "strike_out", "restore"


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.members(by.community, "bob")[0]


@pytest.fixture
def row(by: Staff, bob: int) -> CheckIn:
    """A check-in that the worker has not reacted to."""
    builders.rule(by.community, "daily", event="check_in")
    activity: Activity = running(by)
    assert join(activity, bob).accepted
    return CheckIn.objects.get()


def change(row: CheckIn, *steps: str, by: Staff) -> None:
    for step in steps:
        getattr(check_ins, step)(check_in=row, by=by, at=AT)


def react() -> None:
    while reactions.CONSUMER.catch_up(at=LATER):
        pass


def count_entries(kind: EntryKind) -> int:
    return PointEntry.objects.filter(kind=kind).count()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("steps", [[STRIKE], [STRIKE, RESTORE, STRIKE]])
@pytest.mark.parametrize("is_earned", [True, False])
def test_points_of_a_check_in_that_ends_struck_out_are_taken_back(
    row: CheckIn, bob: int, by: Staff, steps: list[str], is_earned: bool
) -> None:
    if is_earned:
        react()
        assert usable(bob) == 10
    change(row, *steps, by=by)
    react()
    assert usable(bob) == 0
    assert count_entries(EntryKind.REVERSE) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_points_of_a_check_in_that_ends_restored_stay(
    row: CheckIn, bob: int, by: Staff, times: int
) -> None:
    react()
    change(row, *[STRIKE, RESTORE] * times, by=by)
    react()
    assert usable(bob) == 10


def test_points_are_earned_again_each_time_they_were_taken_back(
    row: CheckIn, bob: int, by: Staff
) -> None:
    react()
    for number in range(1, 22):
        change(row, STRIKE, by=by)
        react()
        assert usable(bob) == 0
        change(row, RESTORE, by=by)
        react()
        assert usable(bob) == 10
        assert count_entries(EntryKind.EARN) == number + 1
    change(row, RESTORE, STRIKE, RESTORE, STRIKE, by=by)
    react()
    assert usable(bob) == 0


def test_a_check_in_whose_earning_is_retried_after_it_was_struck_out_has_no_points(
    row: CheckIn, bob: int, by: Staff
) -> None:
    change(row, STRIKE, by=by)
    (kind,) = facts.ensure_kinds(["check_in.recorded"]).values()
    recorded = facts.Fact.objects.get(kind_id=kind)
    reactions.retry(f"{recorded.pk} {check_in_points.__name__}.earn", at=LATER)
    assert count_entries(EntryKind.EARN) == 1
    assert usable(bob) == 0
