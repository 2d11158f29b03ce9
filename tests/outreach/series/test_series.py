"""Series: posted once per occurrence and group, and counted as the ledger has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.people import staff_accounts
from qunce.outreach.campaigns import approvals
from qunce.outreach.playbooks.working_days import DayFilter
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Message, Origin
from qunce.outreach.series import episodes, occurrences, posting, results, rhythm
from qunce.outreach.series import series as store
from qunce.outreach.series.episodes import Place
from qunce.outreach.series.models import Episode, Occurrence, Series
from tests import factories

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 7, tzinfo=SHANGHAI).astimezone(UTC)
"""07:00 on a Monday."""
EIGHT = MONDAY + timedelta(hours=1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEKDAYS: dict[str, Any] = {
    "days": {"weekdays": [0, 1, 2, 3, 4]},
    "slots": [{"time": "08:00", "label": "light"}, {"time": "20:00"}],
}


def running(by: Staff, *texts: str, **fields: Any) -> Series:
    """A series in all groups, with these episodes."""
    defaults: dict[str, Any] = {"rhythm": WEEKDAYS, "group_filter": {}, "staff": by}
    series = store.create(
        community=by.community,
        name=fields.pop("name", "Morning column"),
        by=by,
        at=MONDAY,
        **{**defaults, **fields},
    )
    for text in texts:
        episodes.add(series=series, text=text, by=by, at=MONDAY)
    store.start(series=series, by=by, at=MONDAY)
    return series


def poll(series: Series, at: datetime) -> int:
    series.refresh_from_db()
    return posting.poll(series, at=at)


def texts(series: Series) -> list[str]:
    ids = Occurrence.objects.filter(series=series).values_list("pk", flat=True)
    rows = Message.objects.filter(origin=Origin.SERIES, origin_id__in=ids)
    return list(rows.order_by("pk").values_list("text", flat=True))


def week(series: Series, by: Staff, at: datetime) -> results.WeekNumbers:
    day = date(2026, 3, 2)
    (found,) = results.count_weeks(series=series, first=day, last=day, by=by, at=at)
    return found


@pytest.mark.both_databases
def test_each_occurrence_is_posted_once_to_each_group(
    shop: Community, by: Staff
) -> None:
    factories.group(shop, "north", name="North")
    factories.group(shop, "south", name="South")
    series = running(by, "Hello {group}", "Evening")
    stale = Series.objects.select_related("community", "staff").get(pk=series.pk)
    assert poll(series, EIGHT - HOUR / 60) == 0
    assert poll(series, EIGHT) == 1
    # A second worker that read the series before comes too late.
    assert posting.poll(stale, at=EIGHT + HOUR / 60) == 0
    assert poll(series, EIGHT + HOUR / 60) == 0
    assert texts(series) == ["Hello North", "Hello South"]
    assert poll(series, EIGHT + 12 * HOUR) == 1
    assert texts(series)[2:] == ["Evening", "Evening"]


def test_planned_is_what_the_ledger_has_plus_what_was_missed(
    shop: Community, by: Staff
) -> None:
    for key in ("east", "north", "south"):
        factories.group(shop, key)
    series = running(by, "One")
    poll(series, EIGHT)
    first, second, third = assisted_messages.list_open(by=by, at=EIGHT)
    assisted_messages.mark_sent(message=first, by=by, at=EIGHT + HOUR / 4)
    assisted_messages.mark_sent(message=second, by=by, at=EIGHT + HOUR)
    assisted_messages.skip_stale(at=EIGHT + 5 * HOUR)
    evening = EIGHT + 12 * HOUR
    poll(series, evening)
    assert week(series, by, evening).numbers.planned == 3, (
        "the evening may yet be filled"
    )
    poll(series, evening + 5 * HOUR)
    numbers = week(series, by, evening + 5 * HOUR).numbers
    assert (numbers.planned, numbers.sent, numbers.late) == (6, 1, 1)
    assert {reason.value: n for reason, n in numbers.reasons.items()} == {
        "not_done": 1,
        "no_content": 3,
    }
    assert numbers.planned == numbers.sent + numbers.late + numbers.missing
    assert week(series, by, evening + 5 * HOUR).upcoming == 8 * 3
    assert third.pk in Message.objects.filter(state="skipped").values_list(
        "pk", flat=True
    )


def test_content_that_comes_within_the_window_is_posted_late(
    shop: Community, by: Staff
) -> None:
    factories.group(shop, "north")
    series = running(by)
    assert poll(series, EIGHT) == 0
    (gap, *_others) = occurrences.list_gaps(by=by, until=EIGHT + HOUR, at=EIGHT)
    assert (gap.series, gap.reason) == (series, "No episode is left for it.")
    episodes.add(series=series, text="At last", by=by, at=EIGHT)
    assert poll(series, EIGHT + HOUR) == 1
    (message,) = assisted_messages.list_open(by=by, at=EIGHT + HOUR)
    assisted_messages.mark_sent(message=message, by=by, at=EIGHT + HOUR)
    assert week(series, by, EIGHT + HOUR).numbers.late == 1


def test_after_an_outage_only_what_is_within_the_window_is_posted(
    shop: Community, by: Staff
) -> None:
    factories.group(shop, "north")
    series = running(by, "One", "Two", "Three")
    # Down from Monday 07:00 until Tuesday 09:00.
    assert poll(series, EIGHT + DAY + HOUR) == 1
    assert texts(series) == ["One"]
    missed = list(
        Occurrence.objects.filter(state="missed")
        .order_by("slot_at")
        .values_list("slot_at", "reason")
    )
    assert missed == [(EIGHT, "too_late"), (EIGHT + 12 * HOUR, "too_late")]


def test_occurrence_is_moved_left_out_and_taken_in_again(
    shop: Community, by: Staff
) -> None:
    factories.group(shop, "north")
    series = running(by, "One", "Two")
    occurrences.move(series=series, slot_at=EIGHT, to=EIGHT + HOUR, by=by, at=MONDAY)
    evening = EIGHT + 12 * HOUR
    occurrences.skip(series=series, slot_at=evening, by=by, at=MONDAY)
    assert poll(series, EIGHT) == 0
    assert poll(series, EIGHT + HOUR) == 1
    with pytest.raises(occurrences.OccurrenceNotOpen, match="handed over"):
        occurrences.move(
            series=series, slot_at=EIGHT, to=evening, by=by, at=EIGHT + HOUR
        )
    occurrences.restore(series=series, slot_at=evening, by=by, at=EIGHT + HOUR)
    occurrences.skip(series=series, slot_at=evening, by=by, at=EIGHT + HOUR)
    assert poll(series, evening) == 0
    upcoming = occurrences.list_upcoming(
        series=series, until=evening + DAY, by=by, at=evening
    )
    assert [each.episode and each.episode.text for each in upcoming] == ["Two", None]
    later = EIGHT + DAY
    with pytest.raises(occurrences.InvalidTime):
        occurrences.move(series=series, slot_at=later, to=MONDAY, by=by, at=evening)
    with pytest.raises(occurrences.OccurrenceNotFound):
        occurrences.move(
            series=series, slot_at=later + HOUR, to=later, by=by, at=evening
        )


def test_who_posts_is_by_role_or_the_one_who_stands_in(
    shop: Community, by: Staff
) -> None:
    owner = factories.staff(shop, "operator", "olaf", name="Olaf")
    server = factories.staff(shop, "operator", "sam", name="Sam")
    account = factories.member(shop, "sam-wx").pk
    staff_accounts.mark(accounts=[account], staff=server, by=by, at=MONDAY)
    north = factories.group(shop, "north", owner=owner)
    south = factories.group(shop, "south")
    groups.add_members(
        group=south, accounts=[account], role="service", by=by, at=MONDAY
    )
    with pytest.raises(store.InvalidSeries, match="1 of the groups, such as “south”"):
        running(by, "x", staff=None)
    by_owner = running(by, "x", name="By owner")
    by_role = running(by, "x", name="By role", poster="service")
    for each in (by_owner, by_role):
        poll(each, EIGHT)
    posters = Message.objects.order_by("pk").values_list("target_id", "staff__login")
    assert list(posters) == [
        (north.pk, "olaf"),
        (south.pk, "ann"),
        (north.pk, "ann"),
        (south.pk, "sam"),
    ]


def test_new_rhythm_holds_from_now_on(shop: Community, by: Staff) -> None:
    factories.group(shop, "north")
    series = running(by, "One")
    tomorrow = EIGHT + DAY
    occurrences.skip(series=series, slot_at=tomorrow, by=by, at=MONDAY)
    (episode,) = episodes.list_waiting(series=series, by=by)
    episodes.update(episode=episode, slot_at=tomorrow, by=by, at=MONDAY)
    saturday = {"days": {"weekdays": [5]}, "slots": [{"time": "09:30"}]}
    store.update(series=series, rhythm=saturday, by=by, at=MONDAY)
    (only,) = occurrences.list_upcoming(
        series=series, until=MONDAY + 6 * DAY, by=by, at=MONDAY
    )
    assert only.slot_at.astimezone(SHANGHAI) == datetime(
        2026, 3, 7, 9, 30, tzinfo=SHANGHAI
    )
    assert only.episode == episode
    assert not Occurrence.objects.exists()


def test_series_in_hidden_groups_is_unknown_and_numbers_are_of_visible_ones(
    shop: Community, by: Staff
) -> None:
    north = factories.group(shop, "north")
    factories.group(shop, "south")
    ned = factories.staff(shop, "operator", "ned", groups=["north"])
    hidden = running(
        by, "x", groups=[factories.group(shop, "west").pk], group_filter=None
    )
    shared = running(by, "x")
    poll(shared, EIGHT)
    assert store.list_visible(ned) == [shared]
    with pytest.raises(store.SeriesNotFound):
        store.get(by=ned, pk=hidden.pk)
    assert week(shared, ned, EIGHT).numbers.planned == 1
    assert week(shared, by, EIGHT).numbers.planned == 3
    with pytest.raises(store.SeriesOfOthers):
        episodes.add(series=shared, text="x", by=ned, at=MONDAY)
    own = store.create(
        community=shop,
        name="Own",
        rhythm=WEEKDAYS,
        groups=[north.pk],
        by=ned,
        at=MONDAY,
    )
    assert episodes.add(series=own, text="x", by=ned, at=MONDAY).series == own


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"days": {"weekdays": [0]}, "slots": []}, "one to 6 times"),
        ({"days": {}, "slots": [{"time": "08:00"}]}, "Choose the days"),
        ({"days": {"weekdays": [0]}, "slots": [{"time": "8"}]}, "“8” is not a time"),
        (
            {"days": {"weekdays": [0]}, "slots": [{"time": "08:00"}] * 2},
            "only once",
        ),
        (
            {"days": {"weekdays": [0]}, "slots": [{"time": "08:00"}], "only": "never"},
            "“only” is one of: any, working, off",
        ),
        (
            {"days": {"weekdays": [0]}, "slots": [{"time": "08:00"}], "weeks": 2},
            "no field “weeks”",
        ),
    ],
)
def test_wrong_rhythm_is_refused_with_the_remedy(value: Any, sentence: str) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        rhythm.parse(value, region="CN")


def test_holidays_and_left_out_dates_are_no_occurrences() -> None:
    parsed = rhythm.parse(
        {
            "days": {"weekdays": list(range(7)), "festivals": ["lantern"]},
            "slots": [{"time": "08:00"}],
            "only": "working",
            "except": ["2026-02-27"],
        },
        region="CN",
    )
    begin = datetime(2026, 2, 13, tzinfo=SHANGHAI)
    found = rhythm.list_moments(parsed, begin, begin + 17 * DAY, SHANGHAI)
    days = [
        moment.astimezone(SHANGHAI).date().isoformat()[5:] for moment, _slot in found
    ]
    # The State Council's Spring Festival of 2026: off from the 15th to the 23rd.
    assert days == ["02-13", "02-14", "02-24", "02-25", "02-26", "02-28"]
    assert isinstance(parsed.allowed, DayFilter)


# Which occurrence gets which episode

SLOTS = st.sampled_from(["", "08:00", "20:00"])
WAITING = st.lists(st.tuples(SLOTS, st.none() | st.integers(0, 5)), max_size=6)
PLACES = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 9), st.sampled_from(["08:00", "20:00"])
    ),
    max_size=6,
    unique_by=lambda each: each[0],
)


@given(WAITING, PLACES)
def test_episodes_are_assigned_as_by_hand(
    waiting: Sequence[tuple[str, int | None]], places: Sequence[tuple[int, int, str]]
) -> None:
    rows = [
        Episode(pk=n, slot=slot, slot_at=None if pin is None else MONDAY + pin * HOUR)
        for n, (slot, pin) in enumerate(waiting, 1)
    ]
    wanted = [
        Place(MONDAY + slot_at * HOUR, MONDAY + at * HOUR, slot)
        for slot_at, at, slot in places
    ]
    found = {place: row.pk for place, row in episodes.assign(wanted, rows).items()}
    left, expected = list(rows), {}
    for place in sorted(wanted, key=lambda each: (each.planned_at, each.slot_at)):
        for row in rows:
            if row.slot_at == place.slot_at:
                expected[place.slot_at] = row.pk
                break
        else:
            for row in list(left):
                if row.slot_at is None and row.slot in ("", place.slot):
                    expected[place.slot_at] = row.pk
                    left.remove(row)
                    break
    assert found == expected


def test_where_campaigns_need_an_approval_series_are_no_way_around_it(
    shop: Community, by: Staff
) -> None:
    for key in ("north", "south"):
        factories.group(shop, key)
    operator = factories.staff(shop, "operator", "wang", name="Wang")
    approvals.set_from_size(community=shop, from_size=3, by=by, at=MONDAY)
    small = running(operator, "Two groups need no approval")
    approvals.set_from_size(community=shop, from_size=2, by=by, at=MONDAY)
    with pytest.raises(approvals.ApprovalNeeded):
        running(operator, "Buy now")
    large = running(by, "Approved")
    (waiting,) = episodes.list_waiting(series=large, by=by)
    do: Any = {"by": operator, "at": MONDAY}
    for refused in (
        lambda: episodes.add(series=large, text="Buy now", **do),
        lambda: episodes.update(episode=waiting, text="Buy now", **do),
        lambda: store.update(series=small, name="Other", **do),
    ):
        with pytest.raises(approvals.ApprovalNeeded):
            refused()
    store.pause(series=large, **do)
    episodes.add(series=large, text="For whoever starts it again", **do)
    with pytest.raises(approvals.ApprovalNeeded):
        store.start(series=large, **do)
