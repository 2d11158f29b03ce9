"""Many taps at the same time, each with their own connection."""

from __future__ import annotations

from functools import partial

import pytest

from qunce import reactions
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.live_sessions import replays, sessions
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    ReplayView,
)
from qunce.activities.points import balances
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.live_sessions import builders
from tests.activities.live_sessions.builders import END, LINK, START
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def say(live: int, account: int, said: str, number: int) -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=live)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"{said}/{number}",
        at=START if said else AT,
    )


def test_nervous_thumbs_reserve_and_come_once(by: Staff) -> None:
    live = builders.open_session(by, points=5).pk
    people = factories.members(by.community, "ann", "bob", "cy")
    for said in ("", "enter"):
        threads.run(
            *(partial(say, live, pk, said, n) for n in range(6) for pk in people)
        )
    assert LiveReservation.objects.count() == Entry.objects.count() == 3
    assert LiveAttendance.objects.count() == 3
    while reactions.CONSUMER.catch_up(at=START):
        pass
    held = [balances.balance(account_id=pk, at=START).usable for pk in people]
    assert held == [5, 5, 5]


def test_each_opening_of_the_replay_is_counted(by: Staff) -> None:
    live = builders.open_session(by)
    (ann,) = factories.members(by.community, "ann")
    sessions.set_replay(activity=live, url=LINK, by=by, at=END)
    watch = partial(replays.watch, activity=live, account_id=ann, at=END)
    assert threads.run(*[watch] * 8) == [LINK] * 8
    assert ReplayView.objects.get().count == 8
