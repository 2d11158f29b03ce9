"""E1: check-ins once a day, streaks, rest days, make-up cards, strikes and merges."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.check_ins import check_ins, make_up_cards
from qunce.activities.check_ins.models import CheckIn, MakeUpCard, Streak
from qunce.activities.kinds import check_in
from qunce.core import community_days
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people, person_export
from tests import factories, threads
from tests.activities.running import DAY, join, running
from tests.clients import create_client
from tests.factories import AT

pytestmark = pytest.mark.django_db


def react() -> None:
    while reactions.CONSUMER.catch_up(at=AT):
        pass


def check_in_on(activity: Activity, account: int, *days: int) -> list[str]:
    return [join(activity, account, AT + day * DAY).text for day in days]


def current(activity: Activity, account: int, day: int) -> int:
    found = check_in.portal_context(activity, account, AT + day * DAY)
    return int(found["current"])


def days_to_remind(activity: Activity, day: int, at_least: int = 2) -> list[int]:
    today = activity.community.day(AT + day * DAY)
    return sorted(check_ins.people_to_remind(activity, at_least=at_least, today=today))


def test_one_check_in_a_day_makes_a_streak(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    texts = check_in_on(activity, bob, 0, 1, 2)
    assert "3 days in a row" in texts[-1]
    again = join(activity, bob, AT + 2 * DAY, key="again")
    assert not again.accepted
    assert "3 days in a row" in again.text
    assert CheckIn.objects.count() == 3
    facts = factories.recorded_facts(by.community, "check_in.recorded")
    assert [payload["streak"] for _account, payload in facts] == [1, 2, 3]
    assert days_to_remind(activity, 3) == [bob]
    assert days_to_remind(activity, 2) == []
    assert days_to_remind(activity, 4) == []
    assert current(activity, bob, 4) == 0


def test_rest_days_break_nothing(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    # 2026-03-05 is a Thursday.
    activity = running(by, settings={"rest_weekdays": ["sat", "sun"]})
    texts = check_in_on(activity, bob, 0, 1, 4)
    assert "3 days in a row" in texts[-1]
    assert days_to_remind(activity, 5) == [bob]
    # A day of rest more makes an old gap whole.
    check_in_on(activity, bob, 6)
    assert current(activity, bob, 6) == 1
    activities.change(
        activity=activity,
        settings={"rest_weekdays": ["sat", "sun", "tue"]},
        by=by,
        at=AT,
    )
    react()
    assert Streak.objects.get().length == 4


def test_a_card_fills_a_missed_day_of_the_last_ones(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by, settings={"make_up_days": 2, "cards_per_month": 1})
    check_in_on(activity, bob, 0, 3)
    reply = join(activity, bob, AT + 3 * DAY, key="a", said="make-up 03-05")
    assert (reply.accepted, reply.code) == (False, "make_up")
    reply = join(activity, bob, AT + 3 * DAY, key="b", said="make-up")
    assert reply.accepted
    assert "2 days in a row" in reply.text
    reply = join(activity, bob, AT + 3 * DAY, key="c", said="make-up 2026-03-06")
    assert not reply.accepted
    assert CheckIn.objects.filter(is_made_up=True).count() == 1
    made = factories.recorded_facts(by.community, "check_in.made_up")
    assert [payload["day"] for _account, payload in made] == ["2026-03-07"]
    # The next month has another one.
    assert make_up_cards.count_left(activity, [bob], AT + 3 * DAY) == 0
    assert make_up_cards.count_left(activity, [bob], AT + 30 * DAY) == 1


def test_cards_are_earned_by_streaks_and_given_once(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    settings = {"card_every": 2, "cards_per_month": 0}
    activity = running(by, settings=settings)
    texts = check_in_on(activity, bob, 0, 1, 2, 3)
    assert ["earned a make-up card" in text for text in texts] == [
        False,
        True,
        False,
        True,
    ]
    given: dict[str, Any] = {
        "community": by.community,
        "account_id": bob,
        "source": MakeUpCard.Source.STAFF,
        "key": "thanks",
        "count": 3,
        "by": by,
        "at": AT,
    }
    assert make_up_cards.grant(**given) == 3
    assert make_up_cards.grant(**given) == 0
    assert make_up_cards.count_left(activity, [bob], AT) == 5
    with pytest.raises(make_up_cards.InvalidCards):
        make_up_cards.grant(**{**given, "count": 0})


def test_texts_and_numbers_are_asked_for(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by, settings={"proof": "number"})
    assert not join(activity, bob, key="a").accepted
    assert not Entry.objects.exists()
    assert join(activity, bob, key="b", said="跑了 5,5 公里").accepted
    assert CheckIn.objects.get().said == "5.5"


def test_what_is_too_long_is_refused_and_nothing_is_cut(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by, settings={"proof": "text"})
    reply = join(activity, bob, key="a", said="x" * 501)
    assert (reply.accepted, reply.code) == (False, "too_long")
    assert "500" in reply.text
    assert not Entry.objects.exists()
    assert join(activity, bob, key="b", said="x" * 500).accepted
    assert len(CheckIn.objects.get().said) == 500
    # An answer that is longer than that is stored whole, and given again.
    Answer.objects.filter(key=f"{bob}:a").update(text="y" * 2_000)
    assert len(join(activity, bob, key="a", said="x").text) == 2_000


def test_themes_follow_the_days(by: Staff) -> None:
    activity = running(by, settings={"themes": ["Read", "Run"]})
    today = by.community.day(AT)
    themes = [check_in.theme_of(activity, today + day) for day in (-1, 0, 1, 2)]
    assert themes == ["", "Read", "Run", "Read"]


def test_a_struck_out_check_in_leaves_the_streak(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    check_in_on(activity, bob, 0, 1, 2)
    row = CheckIn.objects.order_by("day")[1]
    check_ins.strike_out(check_in=row, by=by, at=AT + 2 * DAY)
    assert current(activity, bob, 2) == 1
    assert Streak.objects.get().total == 2
    assert not join(activity, bob, AT + DAY, key="again").accepted
    check_ins.restore(check_in=row, by=by, at=AT + 2 * DAY)
    assert current(activity, bob, 2) == 3
    kinds = ("check_in.struck_out", "check_in.restored")
    assert [len(factories.recorded_facts(by.community, kind)) for kind in kinds] == [
        1,
        1,
    ]


def test_a_struck_out_entry_counts_nothing_more(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    join(activity, bob)
    entry = Entry.objects.get()
    entries.strike_out(entry=entry, by=by, at=AT)
    assert join(activity, bob, AT + DAY).code == "struck_out"
    entries.restore(entry=entry, by=by, at=AT)
    assert join(activity, bob, AT + DAY, key="c").accepted


def test_merged_members_have_one_streak_and_their_own_rows(by: Staff) -> None:
    bob, bobby = factories.members(by.community, "bob", "bobby")
    activity = running(by)
    check_in_on(activity, bob, 0, 1)
    check_in_on(activity, bobby, 1, 2)
    rows = list(CheckIn.objects.order_by("pk").values())
    factories.merge(by.community, "bob", "bobby", AT + 2 * DAY)
    react()
    assert list(CheckIn.objects.order_by("pk").values()) == rows
    assert current(activity, bobby, 2) == 3
    kept = Streak.objects.filter(total__gt=0)
    assert list(kept.values_list("person_id", "length", "total")) == [(bob, 3, 3)]
    assert days_to_remind(activity, 3, at_least=3) == [bob]
    factories.unmerge(by.community, "bob", "bobby", AT + 2 * DAY)
    react()
    assert [current(activity, account, 2) for account in (bob, bobby)] == [2, 2]
    kept = Streak.objects.filter(length__gt=0).order_by("person_id")
    lengths = kept.values_list("person_id", "length")
    assert list(lengths) == [(bob, 2), (bobby, 2)]


def test_an_erased_member_is_counted_without_words(by: Staff) -> None:
    bob, cy = factories.members(by.community, "bob", "cy")
    activity = running(by, settings={"proof": "text"})
    for account in (bob, cy):
        join(activity, account, said="I am at home, 13912345678")
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    react()
    said = dict(CheckIn.objects.values_list("account_id", "said"))
    assert said == {bob: "", cy: "I am at home, 13912345678"}
    assert {row.account_id for row in Answer.objects.all()} == {cy}


def test_the_export_has_what_a_member_said(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by, settings={"proof": "text"})
    join(activity, bob, said="20 pages")
    found = str(person_export.export(account=bob, by=by, at=AT))
    assert "20 pages" in found
    assert "Thirty pages a day" in found


def test_old_answers_are_deleted(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    check_in_on(activity, bob, 0, 30)
    assert entries.prune_answers(at=AT + 45 * DAY) == 1
    assert CheckIn.objects.count() == 2


@pytest.mark.parametrize("kind", ["check_in.recorded", "activity.joined"])
def test_files_and_programs_report_no_check_ins(by: Staff, kind: str) -> None:
    factories.members(by.community, "bob")
    row = {"kind": kind, "happened_at": AT.isoformat(), "member_key": "bob"}
    response = create_client(by.community).request(
        "POST", "/facts/stream", json.dumps(row).encode(), accept_language="en"
    )
    assert "Activities" in response.body["errors"][0]["detail"]
    assert not factories.recorded_facts(by.community, kind)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_simultaneous_taps_count_once(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    replies = threads.run(
        *(
            lambda key=key: join(Activity.objects.get(), bob, key=key)
            for key in ["same"] * 4 + ["a", "b", "c", "d"]
        )
    )
    assert CheckIn.objects.count() == 1
    assert Entry.objects.count() == 1
    assert Streak.objects.get().length == 1
    assert any(reply.accepted for reply in replies)
    assert all(reply.text for reply in replies)
    assert len(factories.recorded_facts(by.community, "activity.joined")) == 1
    assert activity.state == "running"


def test_a_queued_tap_counts_for_the_day_of_its_page(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = running(by)
    # Midnight in Shanghai is 16:00 UTC.
    served = datetime(2026, 3, 5, 15, 58, tzinfo=UTC)
    at = served + timedelta(minutes=11)
    join(activity, bob, at, served_at=served)
    assert CheckIn.objects.get().day.isoformat() == "2026-03-05"
    assert join(activity, bob, at, key="b", served_at=served).accepted
    days = sorted(CheckIn.objects.values_list("day", flat=True))
    assert [community_days.from_date(day) for day in days] == [20517, 20518]
    assert Entry.objects.get().source == Way.PORTAL
