"""Live sessions: reservations, coming by link, word or list, replay, points and settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.activities import (
    attendance_lists,
    chat,
    pasted_lines,
    results,
    time_texts,
)
from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Entry, State, Way
from qunce.activities.kinds import base
from qunce.activities.live_sessions import (
    attendance,
    people_counts,
    replays,
    reservations,
    sessions,
)
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    TypedAttendance,
)
from qunce.activities.points import balances
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.members.people import people
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities import running
from tests.activities.live_sessions import builders
from tests.activities.live_sessions.builders import (
    END,
    HOUR,
    LINK,
    START,
    WORD,
    enter,
    open_session,
    say,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def members(by: Staff, *keys: str) -> list[int]:
    return factories.named_members(by.community, *keys)


def react(at: Any = AT) -> None:
    while reactions.CONSUMER.catch_up(at=at):
        pass


def kinds_of(by: Staff, name: str) -> list[int | None]:
    rows = factories.recorded_facts(by.community, f"live_session.{name}")
    return [who for who, _payload in rows]


def numbers(activity: Activity, by: Staff, at: Any) -> dict[str, int | str]:
    found = results.collect(activity=activity, by=by, at=at)
    return {metric.key: metric.value for metric in found.metrics}


def heard(activity: Activity, account: int, group: int | None, at: Any) -> bool:
    message = ChatMessage(
        community=activity.community,
        account=account,
        group=group,
        text=f"{WORD}！",
        key=f"event:{account}:{at:%H%M%S}",
        happened_at=at,
    )
    return chat.read(message, at=at)


def test_a_reservation_can_be_cancelled_and_made_again(by: Staff) -> None:
    (ann,) = members(by, "ann")
    live = open_session(by)
    assert "You have reserved: 2026-" in say(live, ann).text
    again = say(live, ann, key="again")
    assert not again.accepted and "You have reserved" in again.text
    assert say(live, ann, "cancel").accepted
    assert "nothing to cancel" in say(live, ann, "cancel", key="c2").text
    assert say(live, ann, key="third").accepted
    row = LiveReservation.objects.get()
    assert row.state == "reserved" and row.cancelled_at is None
    assert kinds_of(by, "reserved") == [ann, ann]
    assert kinds_of(by, "cancelled") == [ann]


def test_nothing_is_reserved_or_cancelled_after_the_start(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    live = open_session(by)
    say(live, ann)
    assert not say(live, bob, at=START).accepted
    assert not Entry.objects.filter(account_id=bob).exists()
    assert not say(live, ann, "cancel", at=START).accepted
    assert say(live, bob, at=START, way=Way.STAFF, by=by, key="s").accepted


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (START - 15 * MINUTE - timedelta(seconds=1), False),
        (START - 15 * MINUTE, True),
        (END - timedelta(seconds=1), True),
        (END, False),
    ],
)
def test_the_link_counts_from_a_quarter_of_an_hour_before_until_the_end(
    at: Any, counts: bool, by: Staff
) -> None:
    (ann,) = members(by, "ann")
    live = open_session(by)
    assert enter(live, ann, at).accepted is counts
    assert LiveAttendance.objects.count() == Entry.objects.count() == counts


def test_coming_twice_counts_once_also_after_a_merge(by: Staff) -> None:
    ann, anna = members(by, "ann", "anna")
    live = open_session(by, points=5)
    assert enter(live, ann).accepted and enter(live, ann, START + HOUR).accepted
    factories.merge(by.community, "ann", "anna")
    assert enter(live, anna).accepted
    assert LiveAttendance.objects.count() == 1
    react()
    assert balances.balance(account_id=ann, at=AT).usable == 5


def test_the_word_counts_in_a_group_while_it_is_on(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    group = factories.group(by.community, "north", ann, bob)
    live = open_session(by)
    assert not heard(live, ann, group.pk, START - HOUR)
    assert not heard(live, ann, None, START)
    assert not say(live, ann, "here", START).accepted
    assert not LiveAttendance.objects.exists()
    assert heard(live, ann, group.pk, START - 10 * MINUTE)
    row = LiveAttendance.objects.get()
    assert (row.account_id, row.how, row.group_id) == (ann, "word", group.pk)
    assert not heard(live, bob, group.pk, END)


def test_pasted_lines_count_by_the_time_in_them(by: Staff) -> None:
    names = ("Ann", "Bob", "Cy")
    ann, bob, cy = (
        factories.member(by.community, name.lower(), name=name).pk for name in names
    )
    group = factories.group(by.community, "north", ann, bob, cy)
    live = open_session(by)
    on, before = (time_texts.moment_text(live, at) for at in (START, START - HOUR))
    text = f"Ann {on}\n{WORD}\nBob {before}\n{WORD}\nCy {before}\n预约"
    found = pasted_lines.paste(
        activity=live, group=group, text=text, by=by, at=END + HOUR
    )
    states = {row.name: row.state for row in found.rows}
    assert states["Ann"] == "taken" and states["Bob"] == "refused"
    assert list(LiveAttendance.objects.values_list("account_id", flat=True)) == [ann]


def test_names_are_taken_all_or_none(by: Staff) -> None:
    members(by, "ann", "bob")
    factories.member(by.community, "x1", name="Twin")
    factories.member(by.community, "x2", name="Twin")
    # One member is called as another one's key is.
    factories.member(by.community, "x3", name="x1")
    live = open_session(by)

    def record(text: str, at: Any = END + HOUR) -> attendance_lists.Taken:
        return attendance_lists.record(activity=live, text=text, by=by, at=at)

    with pytest.raises(attendance_lists.InvalidNames) as raised:
        record("ann\n\nnobody\nTwin\n=HYPERLINK(1)")
    assert "line 3: no member is called this" in str(raised.value)
    assert "line 4: 2 members" in str(raised.value) and "line 5" in str(raised.value)
    assert "nobody" not in str(raised.value)
    assert not LiveAttendance.objects.exists() and not Entry.objects.exists()
    with pytest.raises(attendance.CannotAttend):
        record("ann", AT)
    with pytest.raises(attendance_lists.InvalidNames, match="so write key:"):
        record("x1")
    taken = record("ann\nKey: x1\nann\n")
    assert (taken.new, taken.known) == (2, 0)
    assert record("ann\nbob", END + 2 * HOUR) == attendance_lists.Taken(new=1, known=1)
    row = LiveAttendance.objects.get(account_id=members_id(by, "ann"))
    assert (row.how, row.by) == ("list", by) and row.at < END
    assert not Entry.objects.filter(account_id=members_id(by, "x2")).exists()


def members_id(by: Staff, key: str) -> int:
    return factories.account_ids(by.community, (key,))[0]


def test_of_two_members_of_a_name_the_one_who_reserved_is_meant(by: Staff) -> None:
    one, two = (
        factories.member(by.community, key, name="Twin").pk for key in ("x1", "x2")
    )
    live = open_session(by)
    say(live, two)
    attendance_lists.record(activity=live, text="Twin", by=by, at=START)
    assert [row.account_id for row in LiveAttendance.objects.all()] == [two]
    assert one != two


def test_names_can_be_pasted_after_the_activity_is_closed(by: Staff) -> None:
    members(by, "ann", "bob")
    live = open_session(by)
    lifecycle.move_due(at=START + 7 * HOUR)
    live.refresh_from_db()
    assert live.state == State.CLOSED
    attendance_lists.record(activity=live, text="ann", by=by, at=END + DAY)
    assert LiveAttendance.objects.count() == 1
    lifecycle.settle(activity=live, by=by, at=END + DAY)
    with pytest.raises(attendance_lists.InvalidNames):
        attendance_lists.record(activity=live, text="bob", by=by, at=END + DAY)


def test_limited_staff_name_only_whom_they_see(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    narrow = factories.staff(
        by.community, "manager", "narrow", scope={"members": {"keys": ["bob"]}}
    )
    live = open_session(by)
    for account in (ann, bob):
        enter(live, account)
    with pytest.raises(attendance_lists.InvalidNames, match="no member is called"):
        attendance_lists.record(activity=live, text="ann", by=narrow, at=START)
    with pytest.raises(errors.NotFound):
        attendance.get(
            activity=live,
            pk=LiveAttendance.objects.get(account_id=ann).pk,
            by=narrow,
            at=START,
        )
    assert numbers(live, narrow, END)["came"] == 1
    assert numbers(live, by, END)["came"] == 2


def test_the_typed_number_is_kept_apart_with_who_typed_it(by: Staff) -> None:
    (ann,) = members(by, "ann")
    live = open_session(by)
    enter(live, ann)
    with pytest.raises(sessions.NotOver):
        sessions.type_number(activity=live, number=9, by=by, at=AT)
    for wrong in (-1, 100_000_001, True):
        with pytest.raises(sessions.InvalidNumber):
            sessions.type_number(activity=live, number=wrong, by=by, at=END)
    sessions.type_number(activity=live, number=900, by=by, at=END)
    sessions.type_number(activity=live, number=1_200, by=by, at=END + HOUR)
    found = numbers(live, by, END + HOUR)
    assert (found["came"], found["typed"]) == (1, 1_200)
    assert list(TypedAttendance.objects.values_list("number", "by")) == [
        (900, by.pk),
        (1_200, by.pk),
    ]


def test_who_reserved_came_and_did_not_come(by: Staff) -> None:
    ann, bob, cy, di = members(by, "ann", "bob", "cy", "di")
    live = open_session(by)
    for account in (ann, bob, di):
        say(live, account)
    say(live, di, "cancel")
    enter(live, ann)
    enter(live, cy)
    before = people_counts.find(live, None, END - MINUTE)
    assert before.missing == frozenset()
    found = people_counts.find(live, None, END)
    assert set(found.reserved) == {ann, bob} and set(found.came) == {ann, cy}
    assert set(found.unannounced) == {cy} and set(found.missing) == {bob}
    factories.leave(by.community, "bob")
    assert numbers(live, by, END)["missing"] == 0


def test_the_replay_is_counted_apart(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    live = open_session(by)
    say(live, ann)
    for at in (AT, END - MINUTE):
        with pytest.raises(sessions.NotOver):
            sessions.set_replay(activity=live, url=LINK, by=by, at=at)
    for url in ("javascript:alert(1)", "live.example", "https://a b", "x" * 501):
        with pytest.raises(sessions.InvalidReplay):
            sessions.set_replay(activity=live, url=url, by=by, at=END)
    with pytest.raises(replays.NoReplay):
        replays.watch(activity=live, account_id=ann, at=END)
    sessions.set_replay(activity=live, url=f" {LINK} ", by=by, at=END)
    lifecycle.move_due(at=START + 7 * HOUR)
    live.refresh_from_db()
    for account in (ann, ann, bob):
        assert replays.watch(activity=live, account_id=account, at=END + DAY) == LINK
    found = people_counts.find(live, None, END + DAY)
    assert set(found.watched) == {ann, bob} and not found.came
    assert kinds_of(by, "replay_watched") == [ann, bob]
    factories.leave(by.community, "bob")
    with pytest.raises(replays.NoReplay, match="for readers"):
        replays.watch(activity=live, account_id=bob, at=END + DAY)
    sessions.set_replay(activity=live, url="", by=by, at=END + DAY)
    with pytest.raises(replays.NoReplay):
        replays.watch(activity=live, account_id=ann, at=END + DAY)


def test_points_follow_strikes_and_undone_attendance(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    live = open_session(by, points=5)

    def balance(account: int) -> int:
        react(START)
        return balances.balance(account_id=account, at=START).usable

    enter(live, ann)
    enter(live, bob)
    assert balance(ann) == balance(bob) == 5
    entry = Entry.objects.get(account_id=ann)
    entries.strike_out(entry=entry, by=by, at=START)
    assert balance(ann) == 0
    entries.restore(entry=entry, by=by, at=START)
    assert balance(ann) == 5
    row = LiveAttendance.objects.get(account_id=bob)
    attendance.undo(attendance=row, by=by, at=START)
    assert balance(bob) == 0 and LiveAttendance.objects.count() == 1
    with pytest.raises(attendance.AttendanceNotFound):
        attendance.undo(attendance=row, by=by, at=START)
    enter(live, bob, START + MINUTE)
    assert balance(bob) == 5


def test_the_budget_limits_points(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    live = running.draft(
        by,
        "live_session",
        ends_at=END + HOUR,
        settings=builders.settings(points=5),
        points_limit=5,
    )
    running.publish(live, by)
    enter(live, ann)
    enter(live, bob)
    react(START)
    got = [balances.balance(account_id=pk, at=START).usable for pk in (ann, bob)]
    assert sorted(got) == [0, 5]
    assert LiveAttendance.objects.filter(is_unpaid=True).count() == 1


def test_those_who_reserved_read_that_it_is_called_off(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    live = open_session(by)
    say(live, ann)
    say(live, bob)
    say(live, bob, "cancel")
    lifecycle.cancel(activity=live, reason="Storm", by=by, at=AT)
    lifecycle.cancel(activity=live, reason="Storm", by=running.approver(by), at=AT)
    react()
    assert kinds_of(by, "called_off") == [ann]
    text = Message.objects.filter(target_id=ann).values_list("text", flat=True).get()
    assert "is called off: Storm" in text


def test_erased_members_are_not_reminded_and_hold_nothing(by: Staff) -> None:
    ann = factories.member(by.community, "ann")
    live = open_session(by)
    say(live, ann.pk)
    people.erase(account=ann, by=by, at=AT)
    react()
    assert LiveReservation.objects.get().state == "cancelled"
    assert numbers(live, by, END)["reserved"] == 0


def test_staff_cancel_for_a_member(by: Staff) -> None:
    (ann,) = members(by, "ann")
    live = open_session(by)
    say(live, ann)
    row = reservations.get(
        activity=live, pk=LiveReservation.objects.get().pk, by=by, at=AT
    )
    reservations.cancel(reservation=row, by=by, at=AT)
    with pytest.raises(reservations.NotReserved):
        reservations.cancel(reservation=row, by=by, at=AT)
    assert LiveReservation.objects.get().cancelled_by == by


# Settings


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"ends": START.isoformat()}, "ends before it starts"),
        ({"ends": (START + 3 * DAY).isoformat()}, "at most 48 hours"),
        ({"link": "javascript:alert(1)"}, "Link of the live room"),
        ({"link": "https://a@b.example"}, "Link of the live room"),
        ({"word": "打卡"}, "keyword of the kind “Check-in”"),
        ({"word": "two words"}, "without spaces"),
        ({"word": "！！"}, "needs a letter"),
        ({"reminders": [{"minutes": 5}] * 2}, "each time is there once"),
        ({"reminders": [{"minutes": 0}]}, "Minutes before the start"),
        ({"order_hours": 0}, "Orders count until"),
        ({"order_hours": 169}, "Orders count until"),
        ({"points": 0}, "Points for coming"),
        ({"guests": [{"name": "", "role": "Host"}]}, "Name” is required"),
    ],
)
def test_settings_are_refused_with_their_field(
    fields: dict[str, Any], text: str, by: Staff
) -> None:
    with pytest.raises(errors.Invalid, match=text.replace("(", r"\(")):
        running.draft(
            by,
            "live_session",
            ends_at=END + 9 * DAY,
            settings=builders.settings(**fields),
        )


@pytest.mark.parametrize(
    ("fields", "end", "text"),
    [
        ({"starts": ""}, END, "starts” is required"),
        ({"platform": ""}, END, "Platform” is required"),
        ({}, END - MINUTE, "when the live session is over"),
        ({}, None, "when the live session is over"),
    ],
)
def test_what_is_missing_is_named_before_publication(
    fields: dict[str, Any], end: Any, text: str, by: Staff
) -> None:
    made = running.draft(
        by, "live_session", ends_at=end, settings=builders.settings(**fields)
    )
    with pytest.raises(errors.Invalid, match=text):
        lifecycle.submit(activity=made, by=by, at=AT)


def test_it_cannot_start_before_its_activity(by: Staff) -> None:
    made = running.draft(
        by,
        "live_session",
        starts_at=START - 14 * MINUTE,
        ends_at=END,
        settings=builders.settings(),
    )
    with pytest.raises(errors.Invalid, match="so that members can enter"):
        lifecycle.submit(activity=made, by=by, at=AT)


def change(live: Activity, by: Staff, **fields: Any) -> None:
    activities.change(activity=live, settings={**live.settings, **fields}, by=by, at=AT)


def test_changes_after_publication_are_for_the_better(by: Staff) -> None:
    live = open_session(by, points=5)
    worse: list[dict[str, Any]] = [
        {"ends": (END + HOUR).isoformat()},
        {"points": 4},
        {"points": None},
        {"link": ""},
        {"word": ""},
    ]
    for fields in worse:
        with pytest.raises(base.NotBetter):
            change(live, by, **fields)
    change(live, by, points=6, link="https://other.example", reminders=[], guests=[])
    live.refresh_from_db()
    assert live.settings["link"] == "https://other.example"


def test_rules_name_guests_word_and_points(by: Staff) -> None:
    guests = [{"name": "Ms Lin", "role": "Tea master"}, {"name": "Bo", "role": ""}]
    live = open_session(by, guests=guests, points=5)
    text = "\n".join(base.get("live_session").describe(live))
    for part in ("Ms Lin, Tea master", "With Bo.", WORD, "5 points", "Douyin"):
        assert part in text
    bare = "\n".join(base.get("live_session").describe(live, has_page=False))
    assert "page" not in bare
