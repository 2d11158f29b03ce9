"""Many people at the last seat, each with their own connection."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db.models import F

from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.meetups import attendance, seats, sign_ups
from qunce.activities.meetups.models import How, SignUp, Slot, State
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.meetups import builders
from tests.factories import AT
from tests.shares import IS_EXACT

PEOPLE = 200 if IS_EXACT else 60
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def say(meetup: int, account: int, said: str = "") -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=meetup)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"k{said}",
        at=AT,
    )


def all_sign_up(by: Staff, capacity: int, count: int) -> Counter[str]:
    activity = builders.open_meetup(by, capacity=capacity)
    people = factories.members(by.community, *(f"m{n}" for n in range(count)))
    threads.run(*(partial(say, activity.pk, pk) for pk in people))
    return Counter(SignUp.objects.values_list("state", flat=True))


def test_the_last_seat_is_taken_once(by: Staff) -> None:
    found = all_sign_up(by, 1, PEOPLE)
    assert found == {State.SEATED: 1, State.WAITING: PEOPLE - 1}
    assert Slot.objects.get().taken == 1
    places = SignUp.objects.values_list("place", flat=True)
    assert sorted(places) == list(range(1, PEOPLE + 1))


def test_without_the_condition_of_the_seats_too_many_have_one(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_blindly(slot: Slot) -> bool:
        # Shown once: what was read before is no condition.
        is_free = slot.capacity is None or slot.taken < slot.capacity
        rows = Slot.objects.filter(pk=slot.pk)
        return is_free and bool(rows.update(capacity=1_000, taken=F("taken") + 1))

    monkeypatch.setattr(seats, "take", take_blindly)
    assert all_sign_up(by, 1, 20)[State.SEATED] > 1


def test_a_seat_that_is_cancelled_goes_to_one_of_those_who_wait(by: Staff) -> None:
    activity = builders.open_meetup(by, capacity=3)
    people = factories.members(by.community, *(f"m{n}" for n in range(24)))
    for account in people[:12]:
        say(activity.pk, account)
    tasks: list[Any] = [partial(say, activity.pk, pk, "cancel") for pk in people[:6]]
    threads.run(*tasks, *(partial(say, activity.pk, pk) for pk in people[12:]))
    states = Counter(SignUp.objects.values_list("state", flat=True))
    assert states == {State.SEATED: 3, State.WAITING: 15, State.CANCELLED: 6}
    seated = SignUp.objects.filter(state=State.SEATED).values_list("account_id")
    assert {pk for (pk,) in seated} == set(people[6:9])


def test_two_phones_at_the_entrance_check_one_person_in_once(by: Staff) -> None:
    activity = builders.open_meetup(by)
    (bob,) = factories.members(by.community, "bob")
    say(activity.pk, bob)
    at = builders.START

    def check_in() -> str:
        own = Activity.objects.select_related("community").get(pk=activity.pk)
        row = sign_ups.list_visible(activity=own, by=by, at=at)[0]
        try:
            attendance.record(sign_up=row, how=How.QR, by=by, at=at)
        except attendance.CannotCheckIn as error:
            return str(error)
        return ""

    refusals = [text for text in threads.run(*[check_in] * 8) if text]
    assert len(refusals) == 7
    assert all("by their QR code" in text for text in refusals)
    assert len(factories.recorded_facts(by.community, "meetup.attended")) == 1
