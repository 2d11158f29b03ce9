"""Two forms at the same moment, each with what its page knew: nobody decides twice."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, State
from qunce.activities.draws import draws
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from tests import factories, threads
from tests.activities.draws import builders
from tests.activities.running import approver, draft, running
from tests.factories import AT, recorded_facts

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def as_read(activity: Activity) -> Activity:
    """The activity as one more tab has read it."""
    return Activity.objects.select_related("community").get(pk=activity.pk)


def test_one_person_who_taps_twice_cancels_nothing(by: Staff) -> None:
    activity = running(by)
    approver(by)
    # All read it before the first one asks.
    tabs = [as_read(activity) for _tab in range(8)]

    def cancel(tab: Activity) -> bool:
        return lifecycle.cancel(activity=tab, reason="Rain", by=by, at=AT)

    assert not any(threads.run(*((lambda t=t: cancel(t)) for t in tabs)))
    activity.refresh_from_db()
    assert (activity.state, activity.cancel_reason) == (State.RUNNING, "Rain")
    assert len(recorded_facts(by.community, "activity.cancel_asked")) == 1
    ben = approver(by)
    assert lifecycle.cancel(activity=as_read(activity), reason="Rain", by=ben, at=AT)


def test_who_submits_again_does_not_approve_with_an_old_tab(by: Staff) -> None:
    ben = approver(by)
    activity = draft(by)
    lifecycle.submit(activity=activity, by=by, at=AT)
    tab = as_read(activity)
    lifecycle.reject(activity=activity, reason="Too long", by=ben, at=AT)
    lifecycle.submit(activity=activity, by=ben, at=AT)
    with pytest.raises(activities.SecondPersonNeeded):
        lifecycle.approve(activity=tab, by=ben, at=AT)
    assert as_read(activity).state == State.IN_REVIEW


def test_two_who_approve_at_once_publish_once(by: Staff) -> None:
    people = [approver(by), factories.staff(by.community, "manager", "third")]
    draw = draws.prepare(activity=builders.activity(by), by=by, at=AT)
    prize = builders.prize(by)
    draws.set_prizes(draw=draw, prizes=[(prize, 4)], by=by, at=AT)
    lifecycle.submit(activity=draw.activity, by=by, at=AT)
    tabs = [(as_read(draw.activity), people[n % 2]) for n in range(6)]

    def approve(tab: Activity, who: Staff) -> bool:
        try:
            lifecycle.approve(activity=tab, by=who, at=AT)
        except WrongState:
            return False
        return True

    found = threads.run(*((lambda p=pair: approve(*p)) for pair in tabs))
    assert sorted(found) == [False] * 5 + [True]
    prize.refresh_from_db()
    assert prize.left == 6
    assert len(recorded_facts(by.community, "activity.published")) == 1


def test_prizes_do_not_change_in_an_old_tab_after_the_review_began(by: Staff) -> None:
    draw: Any = draws.prepare(activity=builders.activity(by), by=by, at=AT)
    cup, mug = builders.prize(by), builders.prize(by, "Mug")
    draws.set_prizes(draw=draw, prizes=[(cup, 4)], by=by, at=AT)
    tab = draws.get(as_read(draw.activity))
    lifecycle.submit(activity=draw.activity, by=by, at=AT)
    with pytest.raises(draws.AlreadyPublished):
        draws.set_prizes(draw=tab, prizes=[(mug, 1)], by=by, at=AT)
    with pytest.raises(draws.AlreadyPublished):
        draws.set_public_value(draw=tab, source="drand", by=by, at=AT)
    assert draw.prizes.get().stock_id == cup.pk
