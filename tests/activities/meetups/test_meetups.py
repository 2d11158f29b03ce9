"""Meet-ups: seats, questions, deadlines, reminders, check-in and who did not come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.activities import chat
from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.meetups import attendance, reminders, sign_ups, venue_codes
from qunce.activities.meetups.models import How, Meetup, SignUp, Slot, State
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.outreach.sending.ledger import Message
from qunce.sets.doctor import doctor
from tests import factories
from tests.activities import running
from tests.activities.meetups import builders
from tests.activities.meetups.builders import START, cancel, open_meetup, say, states
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR, DAY = running.HOUR, running.DAY


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def members(by: Staff, *keys: str) -> list[int]:
    return factories.members(by.community, *keys)


def react(at: datetime = AT) -> None:
    while reactions.CONSUMER.catch_up(at=at):
        pass


def facts_of(by: Staff, kind: str) -> list[int | None]:
    rows = factories.recorded_facts(by.community, f"meetup.{kind}")
    return [who for who, _payload in rows]


def test_seats_then_a_waitlist_that_moves_up_in_order(by: Staff) -> None:
    ann, bob, cy, di = members(by, "ann", "bob", "cy", "di")
    meetup = open_meetup(by, capacity=1)
    assert "You have a seat: 2026-" in say(meetup, ann).text
    assert "number 1 on the waitlist" in say(meetup, bob).text
    assert "number 2 on the waitlist" in say(meetup, cy).text
    assert "number 3 on the waitlist" in say(meetup, di).text
    assert cancel(meetup, bob).accepted
    assert cancel(meetup, ann).text == "Your sign-up is cancelled."
    assert states(meetup) == {
        ann: State.CANCELLED,
        bob: State.CANCELLED,
        cy: State.SEATED,
        di: State.WAITING,
    }
    # Who signs up again is behind those who waited.
    assert "number 2 on the waitlist" in say(meetup, ann, at=AT + HOUR).text
    assert facts_of(by, "moved_up") == [cy]
    assert facts_of(by, "cancelled") == [bob, ann]
    assert facts_of(by, "signed_up") == [ann, bob, cy, di, ann]


def test_the_same_person_signs_up_once(by: Staff) -> None:
    (ann,) = members(by, "ann")
    meetup = open_meetup(by)
    assert say(meetup, ann).accepted
    again = say(meetup, ann, key="again")
    assert not again.accepted and "You have a seat" in again.text
    assert Slot.objects.get().taken == 1


def test_merged_persons_keep_the_earlier_place(by: Staff) -> None:
    ann, bob, cy = members(by, "ann", "bob", "cy")
    meetup = open_meetup(by, capacity=2)
    for account in (ann, bob, cy):
        say(meetup, account)
    factories.merge(by.community, "ann", "bob")
    react()
    assert states(meetup) == {ann: "seated", bob: "waiting", cy: "seated"}
    factories.unmerge(by.community, "ann", "bob")
    react()
    assert states(meetup) == {ann: "seated", bob: "waiting", cy: "seated"}
    cancel(meetup, cy)
    assert states(meetup)[bob] == "seated"


def test_raised_seats_go_to_those_who_wait(by: Staff) -> None:
    ids = members(by, *"abcd")
    meetup = open_meetup(by, capacity=1)
    for account in ids:
        say(meetup, account)
    change(meetup, by, capacity=3)
    react()
    assert list(states(meetup).values()) == ["seated"] * 3 + ["waiting"]
    change(meetup, by, capacity=None)
    react()
    assert set(states(meetup).values()) == {"seated"}
    texts = Message.objects.filter(target_id=ids[1]).values_list("text", flat=True)
    assert "A seat became free for you" in texts.get()


def change(meetup: Activity, by: Staff, at: datetime = AT, **fields: Any) -> None:
    meetup.refresh_from_db()
    settings = {**meetup.settings, **fields}
    activities.change(activity=meetup, by=by, at=at, settings=settings)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"capacity": 19}, "number of seats cannot decrease"),
        ({"starts": (START + HOUR).isoformat()}, "cancel the meet-up"),
        ({"minutes": 60}, "cancel the meet-up"),
        ({"cancel_hours": 48}, "cannot become shorter"),
        ({"cancel_hours": None}, "cannot become shorter"),
        ({"sign_up_hours": 1}, "cannot end earlier"),
        ({"slots": [builders.slot(START)]}, "Times stay"),
        ({"place": ""}, "is required"),
    ],
)
def test_only_changes_in_the_members_favour(
    by: Staff, fields: dict[str, Any], sentence: str
) -> None:
    meetup = open_meetup(by)
    with pytest.raises(base.NotBetter, match=sentence):
        change(meetup, by, **fields)
    change(meetup, by, capacity=21, cancel_hours=1)


def test_another_place_is_a_notice_and_lets_members_cancel(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    meetup = open_meetup(by)
    say(meetup, ann)
    say(meetup, bob)
    late = START - HOUR
    assert "You could cancel until" in cancel(meetup, ann, late - HOUR).text
    change(meetup, by, late - HOUR, place="Garden, 9 Bund Road")
    react(late)
    assert facts_of(by, "place_changed") == [ann, bob]
    text = Message.objects.filter(target_id=ann).values_list("text", flat=True).get()
    assert "at another place now: Garden, 9 Bund Road" in text
    assert cancel(meetup, ann, late).accepted
    assert not cancel(meetup, bob, START).accepted


def test_answers_are_asked_for_and_kept(by: Staff) -> None:
    ann, bob, cy = members(by, "ann", "bob", "cy")
    questions = [builders.question("Tea?"), builders.question("Guests", required=False)]
    meetup = open_meetup(by, questions=questions)
    refused = say(meetup, ann)
    assert not refused.accepted and "1: Tea? / 2: Guests" in refused.text
    assert not Entry.objects.exists()
    assert say(meetup, ann, "green / 2").accepted
    assert say(meetup, bob, "2: none\n1: a/b").accepted
    assert "at most 100 characters" in say(meetup, cy, "x" * 101).text
    answers = dict(SignUp.objects.values_list("account_id", "answers"))
    assert answers[ann] == [["Tea?", "green"], ["Guests", "2"]]
    assert answers[bob] == [["Tea?", "a/b"], ["Guests", "none"]]


def test_slots_have_their_own_seats(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    rows = [builders.slot(START), builders.slot(START + HOUR)]
    meetup = open_meetup(by, slots=rows)
    assert "Which time?" in say(meetup, ann).text
    assert "Which time?" in say(meetup, ann, "3").text
    assert "You have a seat" in say(meetup, ann, "2").text
    assert "waitlist" in say(meetup, bob, "第２").text
    assert cancel(meetup, bob).accepted
    assert "You have a seat" in say(meetup, bob, "1", key="x").text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("报名", ""),
        ("报名 2", "2"),
        ("报名2", "2"),
        ("sign up 2 tea", "2 tea"),
        ("取消报名", "cancel"),
        ("Cancel sign-up!", "cancel"),
        ("签到 123456", "check-in 123456"),
        ("签到 12", None),
        ("here we go", None),
        ("报名吗？", None),
        ("报名表在哪", None),
    ],
)
def test_what_a_line_says(text: str, said: str | None) -> None:
    assert base.get("meetup").read_line(text) == said


def test_a_member_who_opens_no_page_does_all_in_the_chat(by: Staff) -> None:
    meetup = open_meetup(by, start=AT + HOUR, cancel_hours=0)
    (ann,) = members(by, "ann")
    factories.group(by.community, "north", ann)

    def write(text: str) -> str:
        message = ChatMessage(
            community=by.community,
            account=ann,
            group=None,
            text=text,
            key=f"event:{text}",
            happened_at=AT,
        )
        assert chat.read(message, at=AT)
        own = meetup.answers.filter(account_id=ann, source=Way.CHAT)
        return own.order_by("-pk").values_list("text", flat=True)[0]

    assert "You have a seat" in write("sign up")
    assert "cancelled" in write("cancel sign-up")
    assert "You have a seat" in write("报名")
    code = venue_codes.code_at(Meetup.objects.get().secret, AT)
    assert "You are checked in" in write(f"here {code}")


def test_deadlines_are_exact(by: Staff) -> None:
    ids = members(by, *"abcd")
    meetup = open_meetup(by, sign_up_hours=2, cancel_hours=24)
    second = timedelta(seconds=1)
    assert say(meetup, ids[0], at=START - 2 * HOUR - second).accepted
    late = say(meetup, ids[1], at=START - 2 * HOUR)
    assert not late.accepted and "You could sign up until" in late.text
    assert Entry.objects.count() == 1
    typed = say(meetup, ids[1], at=START, way=Way.STAFF, by=by, key="typed")
    assert typed.accepted
    assert say(meetup, ids[2], at=AT).accepted
    assert cancel(meetup, ids[2], START - DAY - second).accepted
    assert say(meetup, ids[3], at=AT).accepted
    assert not cancel(meetup, ids[3], START - DAY).accepted


def test_a_seat_that_came_late_can_be_given_back(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    meetup = open_meetup(by, capacity=1)
    say(meetup, ann)
    say(meetup, bob)
    row = sign_ups.find_own(meetup, [ann])
    assert row is not None
    sign_ups.cancel(sign_up=row, by=by, at=START - HOUR)
    assert states(meetup)[bob] == "seated"
    assert cancel(meetup, bob, START - HOUR / 2).accepted


def test_nobody_moves_up_after_the_start(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    meetup = open_meetup(by, capacity=1)
    say(meetup, ann)
    say(meetup, bob)
    row = sign_ups.find_own(meetup, [ann])
    assert row is not None
    sign_ups.cancel(sign_up=row, by=by, at=START)
    assert states(meetup)[bob] == "waiting"


def test_who_was_struck_out_or_erased_frees_the_seat(by: Staff) -> None:
    ann, bob, cy, di = members(by, "ann", "bob", "cy", "di")
    meetup = open_meetup(by, capacity=1, questions=[builders.question("Phone?")])
    for account in (ann, bob, cy, di):
        say(meetup, account, "138 0013 8000")
    entry = Entry.objects.get(account_id=ann)
    entries.strike_out(entry=entry, by=by, at=AT)
    react()
    assert (states(meetup)[ann], states(meetup)[bob]) == ("cancelled", "seated")
    code = SignUp.objects.get(account_id=bob).code
    erased = Account.objects.select_related("community").get(pk=bob)
    people.erase(account=erased, by=by, at=AT)
    react()
    row = SignUp.objects.get(account_id=bob)
    assert (row.state, row.answers) == ("cancelled", []) and row.code != code
    assert states(meetup)[cy] == "seated"
    # Somebody who has left is passed over.
    factories.leave(by.community, "di")
    cancel(meetup, cy)
    assert states(meetup)[di] == "waiting"


def test_a_second_check_in_is_refused_with_time_and_place(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    meetup = open_meetup(by, capacity=1)
    say(meetup, ann)
    say(meetup, bob)
    rows = {row.account_id: row for row in SignUp.objects.all()}
    with pytest.raises(attendance.CannotCheckIn, match="Check-in begins at"):
        attendance.record(sign_up=rows[ann], how=How.QR, by=by, at=AT)
    attendance.record(sign_up=rows[ann], how=How.QR, by=by, at=START)
    with pytest.raises(attendance.CannotCheckIn) as refused:
        attendance.record(sign_up=rows[ann], how=How.LIST, by=by, at=START + HOUR)
    assert "by their QR code" in str(refused.value)
    assert builders.PLACE in str(refused.value)
    with pytest.raises(attendance.CannotCheckIn, match="without a seat"):
        attendance.record(sign_up=rows[bob], how=How.QR, by=by, at=START)
    attendance.undo_check_in(sign_up=rows[ann], by=by, at=START + HOUR)
    attendance.record(sign_up=rows[ann], how=How.LIST, by=by, at=START + HOUR)
    assert facts_of(by, "attended") == [ann, ann]


def test_codes_of_the_place_are_taken_for_one_step_around() -> None:
    secret, at = "00" * 32, datetime(2026, 3, 7, 14, 0, 15, tzinfo=UTC)
    step = venue_codes.STEP
    code = venue_codes.code_at(secret, at)
    assert len(code) == 6 and venue_codes.seconds_left(at) == 15
    assert [
        venue_codes.is_right(secret, code, at + n * step) for n in range(-2, 3)
    ] == [False, True, True, True, False]
    assert not venue_codes.is_right("11" * 32, code, at)
    assert not venue_codes.is_right(secret, "１２３４５６", at)
    full_width = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    assert venue_codes.is_right(secret, f" {full_width}", at)


def test_wrong_codes_are_counted(by: Staff) -> None:
    (ann,) = members(by, "ann")
    meetup = open_meetup(by)
    assert "Sign up first" in say(meetup, ann, "check-in 123456").text
    say(meetup, ann)
    right = venue_codes.code_at(Meetup.objects.get().secret, START)
    wrong = "1" if right[0] != "1" else "2"
    for number in range(attendance.MAX_TRIES):
        said = f"check-in {wrong}{right[1:]}"
        assert not say(meetup, ann, said, START, key=f"{number}").accepted
    refused = say(meetup, ann, f"check-in {right}", START, key="right")
    assert "Too many wrong codes" in refused.text


def test_reminders_are_sent_once_and_only_to_seats(by: Staff) -> None:
    ids = members(by, *"abcd")
    meetup = open_meetup(by, capacity=2)
    for account in ids[:3]:
        say(meetup, account)
    assert reminders.remind_due(at=START - DAY - timedelta(seconds=1)) == 0
    cancel(meetup, ids[0], START - DAY - timedelta(seconds=1))
    assert reminders.remind_due(at=START - DAY) == 2
    assert reminders.remind_due(at=START - DAY) == 0
    react(START - DAY)
    rows = Message.objects.filter(text__contains="See you soon")
    assert set(rows.values_list("target_id", flat=True)) == {ids[1], ids[2]}
    # Who signs up later has just read the time.
    change(meetup, by, START - DAY, capacity=5)
    say(meetup, ids[3], at=START - HOUR)
    assert reminders.remind_due(at=START - HOUR / 2) == 0


def test_who_did_not_come_is_noted_once_after_the_list_could_be_typed(
    by: Staff,
) -> None:
    ann, bob, cy = members(by, "ann", "bob", "cy")
    meetup = open_meetup(by, capacity=2)
    for account in (ann, bob, cy):
        say(meetup, account)
    attendance.record(
        sign_up=SignUp.objects.get(account_id=ann), how=How.LIST, by=by, at=START
    )
    end = START + 6 * HOUR
    lifecycle.move_due(at=end)
    assert attendance.note_missed_due(at=end + attendance.GRACE - HOUR) == 0
    assert attendance.note_missed_due(at=end + attendance.GRACE) == 1
    assert attendance.note_missed_due(at=end + attendance.GRACE) == 0
    assert states(meetup) == {ann: "attended", bob: "missed", cy: "waiting"}
    assert facts_of(by, "missed") == [bob]
    row = SignUp.objects.get(account_id=bob)
    attendance.record(sign_up=row, how=How.LIST, by=by, at=end + DAY)
    assert Slot.objects.get().taken == 2
    numbers = base.get("meetup").metrics(meetup, [ann, bob, cy], end + DAY)
    assert {m.key: m.value for m in numbers} == {
        "signed_up": 2,
        "waiting": 1,
        "attended": 2,
        "missed": 0,
    }


def test_a_meetup_that_is_called_off_is_a_message(by: Staff) -> None:
    ann, bob = members(by, "ann", "bob")
    meetup = open_meetup(by, capacity=1)
    say(meetup, ann)
    say(meetup, bob)
    lifecycle.cancel(activity=meetup, reason="Typhoon", by=by, at=AT)
    second = running.approver(by)
    lifecycle.cancel(activity=meetup, reason="Typhoon", by=second, at=AT)
    react()
    assert facts_of(by, "called_off") == [ann, bob]
    texts = Message.objects.values_list("text", flat=True)
    assert all("is called off: Typhoon" in text for text in texts) and len(texts) == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"place": ""}, "“Place” is required"),
        ({"starts": ""}, "“The meet-up starts” is required"),
        ({"starts": (AT - HOUR).isoformat()}, "starts in the past"),
        ({"minutes": 24 * 60}, "has to end when the meet-up is over"),
    ],
)
def test_what_is_missing_before_publication(
    by: Staff, fields: dict[str, Any], sentence: str
) -> None:
    draft = running.draft(
        by,
        "meetup",
        settings=builders.settings() | fields,
        ends_at=START + 6 * HOUR,
    )
    with pytest.raises(errors.QunceError, match=sentence):
        lifecycle.submit(activity=draft, by=by, at=AT)


def test_a_start_that_the_clock_skips_is_refused() -> None:
    by = factories.staff(
        factories.community(language="en", timezone="America/Los_Angeles")
    )
    for text, sentence in (
        ("2026-03-08T02:30", "does not exist in America/Los_Angeles"),
        ("2026-11-01T01:30", "is there twice"),
        ("soon", "a time such as"),
    ):
        with pytest.raises(base.InvalidSetting, match=sentence):
            running.draft(by, "meetup", settings={"place": "x", "starts": text})
    made = running.draft(
        by, "meetup", settings={"place": "x", "starts": "2026-03-08T03:30"}
    )
    assert made.settings["starts"] == "2026-03-08T10:30:00+00:00"


def test_the_doctor_finds_seats_that_nobody_has(by: Staff) -> None:
    (ann,) = members(by, "ann")
    say(open_meetup(by), ann)
    assert "meet_ups" not in {each.code for each in doctor.run_checks(only="meet_ups")}
    Slot.objects.update(taken=3)
    assert "meet_ups" in {each.code for each in doctor.run_checks(only="meet_ups")}
