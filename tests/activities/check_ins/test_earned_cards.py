"""Make-up cards: one for each multiple of days in a row, and none for a key used again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from qunce import reactions
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import check_ins, make_up_cards, streaks
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.check_ins.streaks import RestDays
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.running import DAY, join, open_now, running
from tests.clients import browser, create_client
from tests.factories import AT

pytestmark = pytest.mark.django_db
EARNED = "earned a make-up card"


@pytest.fixture
def shop(db: None) -> Community:
    """A community whose pages are in English."""
    return factories.community(language="en")


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.members(by.community, "bob")[0]


@pytest.fixture
def weekly(by: Staff) -> Activity:
    settings = {"card_every": 7, "cards_per_month": 9, "make_up_days": 20}
    return running(by, settings=settings)


def react() -> None:
    while reactions.CONSUMER.catch_up(at=AT):
        pass


def check_in_on(activity: Activity, account: int, *days: int) -> list[int]:
    """Check in on these days; returns those that earned a card."""
    return [
        day for day in days if EARNED in join(activity, account, AT + day * DAY).text
    ]


def make_up(activity: Activity, account: int, day: int, on: int) -> bool:
    """Fill a missed day; returns whether that earned a card."""
    date = f"{AT + timedelta(days=day):%m-%d}"
    said, key = f"make-up {date}", f"make-up-{day}"
    reply = join(activity, account, AT + on * DAY, said=said, key=key)
    assert reply.accepted
    return EARNED in reply.text


def count_earned() -> int:
    return MakeUpCard.objects.filter(source=MakeUpCard.Source.EARNED).count()


@pytest.mark.both_databases
def test_a_filled_gap_that_passes_a_multiple_earns_its_card(
    bob: int, weekly: Activity
) -> None:
    assert check_in_on(weekly, bob, 0, 1, 2, 3, 4, 5, 7) == []
    assert make_up(weekly, bob, 6, on=7)
    assert count_earned() == 1
    # The next one is that of 14 days.
    assert check_in_on(weekly, bob, *range(8, 15)) == [13]
    assert count_earned() == 2


def test_a_filled_gap_earns_no_card_that_its_parts_had(
    bob: int, weekly: Activity
) -> None:
    assert check_in_on(weekly, bob, 0, 1, 3, 4, 5, 6, 7, 8, 9) == [9]
    # 10 days in a row are one multiple, which had its card on another day.
    assert not make_up(weekly, bob, 2, on=9)
    assert check_in_on(weekly, bob, 10, 11, 12, 13) == [13]


def test_two_parts_of_six_and_seven_days_are_fourteen(
    bob: int, weekly: Activity
) -> None:
    assert check_in_on(weekly, bob, *range(6), *range(7, 14)) == [13]
    assert make_up(weekly, bob, 6, on=13)
    assert count_earned() == 2


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_struck_out_and_restored_day_earns_no_second_card(
    by: Staff, bob: int, weekly: Activity
) -> None:
    assert check_in_on(weekly, bob, *range(7)) == [6]
    for row in CheckIn.objects.order_by("day")[2:7:4]:
        check_ins.strike_out(check_in=row, by=by, at=AT + 7 * DAY)
        check_ins.restore(check_in=row, by=by, at=AT + 7 * DAY)
        react()
    assert count_earned() == 1
    assert check_in_on(weekly, bob, *range(7, 14)) == [13]
    assert count_earned() == 2


def test_a_streak_without_its_struck_out_day_earns_no_second_card(
    by: Staff, bob: int, weekly: Activity
) -> None:
    assert check_in_on(weekly, bob, *range(7)) == [6]
    row = CheckIn.objects.order_by("day")[2]
    check_ins.strike_out(check_in=row, by=by, at=AT + 7 * DAY)
    # Seven days in a row again on day 9, which share a day with the card of day 6.
    assert check_in_on(weekly, bob, *range(7, 10)) == []
    check_ins.restore(check_in=row, by=by, at=AT + 10 * DAY)
    react()
    assert count_earned() == 1
    assert check_in_on(weekly, bob, *range(10, 14)) == [13]


def test_a_day_that_counts_again_earns_the_card_it_held_back(
    by: Staff, bob: int, weekly: Activity
) -> None:
    check_in_on(weekly, bob, *range(3))
    row = CheckIn.objects.order_by("day")[2]
    check_ins.strike_out(check_in=row, by=by, at=AT + 3 * DAY)
    assert check_in_on(weekly, bob, *range(3, 8)) == []
    check_ins.restore(check_in=row, by=by, at=AT + 8 * DAY)
    react()
    react()
    assert count_earned() == 1


def test_a_second_account_of_the_person_earns_nothing_twice(
    by: Staff, bob: int, weekly: Activity
) -> None:
    (bobby,) = factories.members(by.community, "bobby")
    assert check_in_on(weekly, bob, *range(7)) == [6]
    factories.merge(by.community, "bob", "bobby")
    react()
    assert check_in_on(weekly, bobby, *range(7, 15)) == [13]
    assert check_in_on(weekly, bob, 15) == []
    assert count_earned() == 2


REST = st.builds(
    RestDays, st.frozensets(st.integers(0, 6), max_size=2), st.just(frozenset())
)


@given(st.sets(st.integers(0, 40), min_size=1), REST, st.data())
def test_a_run_is_what_the_streak_of_its_last_day_counts(
    days: set[int], rest: RestDays, data: st.DataObject
) -> None:
    day = data.draw(st.sampled_from(sorted(days)))
    run = streaks.find_run(day, days, rest)
    assert day in run
    until = {each for each in days if each <= run[-1]}
    assert streaks.compute(until, rest).length == len(run)
    later = min((each for each in days if each > run[-1]), default=None)
    if later is not None:
        assert streaks.compute(until | {later}, rest).length == 1


# Keys


def grant(by: Staff, account: int, count: int = 1, **other: Any) -> int:
    given = {"source": MakeUpCard.Source.STAFF, "key": "thanks", "at": AT, **other}
    return make_up_cards.grant(
        community=by.community, account_id=account, count=count, by=by, **given
    )


@pytest.mark.both_databases
def test_a_key_of_other_cards_is_refused(by: Staff, bob: int) -> None:
    (cy,) = factories.members(by.community, "cy")
    assert grant(by, bob, 2) == 2
    assert grant(by, bob, 2) == 0
    for account, count in ((cy, 2), (bob, 1), (bob, 3)):
        with pytest.raises(make_up_cards.KeyUsedAgain, match="thanks"):
            grant(by, account, count)
    assert set(MakeUpCard.objects.values_list("account_id", flat=True)) == {bob}
    assert MakeUpCard.objects.count() == 2
    assert grant(by, cy, 1, key="another") == 1
    # A key that begins like it is another key.
    assert grant(by, cy, 1, key="thanks:1") == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_key_in_two_processes_is_of_one_member(by: Staff, bob: int) -> None:
    (cy,) = factories.members(by.community, "cy")

    def attempt(account: int) -> tuple[int, int]:
        try:
            return account, grant(by, account, 3)
        except make_up_cards.KeyUsedAgain:
            return account, -1

    found = threads.run(*(partial(attempt, account) for account in (bob, cy) * 4))
    (winner,) = {account for account, new in found if new == 3}
    (other,) = {bob, cy} - {winner}
    assert sorted(new for account, new in found if account == winner) == [0, 0, 0, 3]
    assert [new for account, new in found if account == other] == [-1] * 4
    assert MakeUpCard.objects.filter(account_id=winner).count() == 3
    assert MakeUpCard.objects.count() == 3


def test_a_key_of_a_second_account_is_the_persons(by: Staff, bob: int) -> None:
    (bobby,) = factories.members(by.community, "bobby")
    assert grant(by, bob) == 1
    factories.merge(by.community, "bob", "bobby")
    assert grant(by, bobby) == 0
    assert MakeUpCard.objects.count() == 1


def test_the_api_refuses_a_key_of_other_cards(by: Staff, bob: int) -> None:
    client = create_client(by.community)
    cards = {"member_id": bob, "key": "thanks", "count": 2}
    assert client.post("/make-up-cards", cards).body == {"new": 2}
    assert client.post("/make-up-cards", cards).body == {"new": 0}
    refused = client.post("/make-up-cards", {**cards, "count": 3})
    assert refused.status == 409
    assert "thanks" in str(refused.body)


def test_a_form_that_is_sent_again_for_another_member_is_refused(
    by: Staff, bob: int
) -> None:
    factories.members(by.community, "cy")
    activity, client = open_now(by), browser(by)
    url = reverse("activities:give-card", args=[activity.pk])
    shown = [
        client.post(url, {"member": key, "key": "form"}, follow=True).content.decode()
        for key in ("bob", "bob", "cy")
    ]
    given = "The member has another make-up card."
    assert [given in page for page in shown] == [True, True, False]
    assert "was used for other cards" in shown[2]
    assert list(MakeUpCard.objects.values_list("account_id", flat=True)) == [bob]
