"""Many people at the same moment, each with their own connection, on both databases."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.db.models import F

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Answer, Way
from qunce.activities.draws import doctor_checks
from qunce.activities.instant_draws import instant_prizes
from qunce.activities.instant_draws.models import InstantPrize, InstantTicket
from qunce.activities.kinds import base
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.instant_draws import builders
from tests.activities.instant_draws.builders import END, row
from tests.factories import AT
from tests.shares import IS_EXACT

IS_ONE_WRITER = connection.vendor == "sqlite"
PRIZES, FEW = 10, 20
PEOPLE = 200 if IS_EXACT else 40
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def join(activity_id: int, account: int, key: str) -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity, account_id=account, way=Way.PORTAL, key=key, at=AT
    )


def all_join(activity: Activity, people: list[int]) -> Counter[bool]:
    replies = threads.run(*(partial(join, activity.pk, pk, "k") for pk in people))
    return Counter("have won" in reply.text for reply in replies)


def test_ten_prizes_for_many_people(by: Staff) -> None:
    people = factories.members(by.community, *(f"m{n}" for n in range(PEOPLE)))
    activity = builders.open_draw(by, row(builders.prize(by), "100", PRIZES))
    assert all_join(activity, people) == {True: PRIZES, False: PEOPLE - PRIZES}
    assert InstantTicket.objects.count() == PEOPLE
    assert InstantTicket.objects.exclude(won=None).count() == PRIZES
    assert Award.objects.count() == InstantPrize.objects.get().taken == PRIZES
    assert list(doctor_checks.check_stocks()) == []


def test_without_its_condition_too_many_win(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def take_what_was_left(prize: InstantPrize, *, released: int) -> int:
        # It trusts what was read before, without a lock.
        if prize.taken >= released:
            return 0
        rows = InstantPrize.objects.filter(pk=prize.pk, taken__lt=F("total"))
        rows.update(taken=F("taken") + 1)
        taken.append(prize.pk)
        return len(taken)

    people = factories.members(by.community, *(f"m{n}" for n in range(FEW)))
    monkeypatch.setattr(instant_prizes, "take", take_what_was_left)

    def goes_wrong() -> bool:
        prize = builders.prize(by, total=1)
        activity = builders.open_draw(by, row(prize, "100", 1))
        return all_join(activity, people)[True] > 1

    # SQLite runs whole transactions one after the other, so that its read is fresh.
    assert any(goes_wrong() for _attempt in range(5)) is not IS_ONE_WRITER


def test_one_person_uses_one_ticket_with_twenty_forms(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = builders.open_draw(by, tickets_per_day=3)
    tasks = [partial(join, activity.pk, bob, f"k{n}") for n in range(FEW)]
    replies = threads.run(*tasks)
    assert Counter(reply.accepted for reply in replies) == {True: 3, False: FEW - 3}
    numbers = InstantTicket.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3]


def test_one_form_that_is_sent_twenty_times_is_one_ticket(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = builders.open_draw(by, tickets_per_day=3)
    replies = threads.run(*[partial(join, activity.pk, bob, "k")] * FEW)
    assert {reply.text for reply in replies} == {replies[0].text}
    assert InstantTicket.objects.count() == Award.objects.count() == 1


def test_a_ticket_while_it_closes_is_drawn_or_refused(by: Staff) -> None:
    people = factories.members(by.community, *(f"m{n}" for n in range(FEW)))
    activity = builders.open_draw(by, row(builders.prize(by, total=FEW), "100", FEW))

    def close() -> base.Reply:
        lifecycle.move_due(at=END)
        return base.Reply(text="", accepted=False)

    tasks = [partial(join, activity.pk, pk, "k") for pk in people]
    replies = threads.run(*tasks[:10], close, *tasks[10:])
    accepted = sum(reply.accepted for reply in replies)
    assert InstantTicket.objects.count() == Award.objects.count() == accepted
    assert PrizeStock.objects.get().left == FEW - accepted
    assert Answer.objects.count() == FEW
    assert list(doctor_checks.check_stocks()) == []
