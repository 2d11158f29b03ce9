"""Answers at the same time: one winner, one next link, and one prize for each place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from qunce.activities.activities.models import Activity, Entry
from qunce.activities.games import payouts, rounds
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply, Way
from qunce.activities.points.models import PointEntry
from qunce.activities.prizes.models import Award
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.games import builders
from tests.activities.games.builders import CAPITALS, END
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
Task = Callable[[], Any]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def answer(activity_id: int, account: int, said: str, key: str = "k") -> Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity, account_id=account, way=Way.PORTAL, said=said, key=key, at=AT
    )


def test_one_of_twenty_right_answers_is_the_first(by: Staff) -> None:
    ids = factories.members(by.community, *(f"m{n}" for n in range(20)))
    activity = builders.quiz(by, CAPITALS[0])
    rounds.open_next(activity=activity, by=by, at=AT)
    tasks: list[Task] = [partial(answer, activity.pk, pk, "北京") for pk in ids]
    replies = threads.run(*tasks)
    texts = Counter(reply.text for reply in replies)
    assert texts == {
        "Right, and you were the first: 10 points.": 1,
        "Right, but somebody else was faster.": 19,
    }
    row = Round.objects.select_related("winner").get()
    assert row.winner is not None
    assert row.winner.outcome == "right"
    assert GameAnswer.objects.filter(outcome="beaten").count() == 19
    assert row.turn == 1
    assert Entry.objects.count() == 20


def test_tries_of_one_person_at_the_same_time_are_all_counted(by: Staff) -> None:
    """Each in a question that everybody can answer rightly, with two accounts."""
    bob, bobby, cy = factories.members(by.community, "bob", "bobby", "cy")
    factories.merge(by.community, "bob", "bobby")
    activity = builders.quiz(by, CAPITALS[0], pace="all", mode="all", tries=1)
    # The first answer creates the round, which those beside it would wait for.
    answer(activity.pk, cy, "#1, 北京")
    tasks: list[Task] = [
        partial(answer, activity.pk, (bob, bobby)[n % 2], "#1, 上海", f"k{n}")
        for n in range(12)
    ]
    threads.run(*tasks)
    assert GameAnswer.objects.filter(outcome="wrong").count() == 1


def test_one_of_twenty_idioms_is_the_next_link(by: Staff) -> None:
    ids = factories.members(by.community, *(f"m{n}" for n in range(20)))
    activity = builders.chain(by)
    said = ("意气风发", "意味深长", "意马心猿", "意在言外")
    tasks: list[Task] = [
        partial(answer, activity.pk, pk, said[n % 4]) for n, pk in enumerate(ids)
    ]
    threads.run(*tasks)
    right = GameAnswer.objects.filter(outcome="right")
    assert right.count() == 1
    row = Round.objects.get()
    assert (row.turn, row.winner_id) == (1, right.get().pk)


def test_a_game_is_decided_and_paid_once(by: Staff) -> None:
    ids = factories.members(by.community, *(f"m{n}" for n in range(6)))
    mug = builders.prize(by)
    activity = builders.quiz(by, pace="all", mode="all", prize=str(mug.pk), winners=2)
    for pk in ids:
        answer(activity.pk, pk, "#1, 北京")
    builders.close(activity)
    after = END + payouts.DELAY
    decide = partial(payouts.decide_now, activity=activity, by=by, at=after)
    pay = partial(payouts.pay_due, at=after)
    threads.run(decide, pay, decide, pay, pay, decide)
    payouts.pay_due(at=after)
    assert GameResult.objects.count() == 6
    assert Award.objects.count() == 2
    assert PointEntry.objects.filter(amount=10).count() == 6
    mug.refresh_from_db()
    assert mug.left == 3
