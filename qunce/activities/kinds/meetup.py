"""The kind `meetup`: sign-up for a time and a place, with seats, a waitlist and check-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities import time_texts
from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Aim,
    Attempt,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.kinds import base
from qunce.activities.meetups import (
    attendance,
    reminders,
    seats,
    sign_ups,
    terms,
    venue_codes,
)
from qunce.activities.meetups.models import MAX_PLACE, SignUp, State
from qunce.members.accounts import queries as account_queries

SIGN_UP = ("报名", "sign up")
CANCEL = ("取消报名", "cancel sign-up", "cancel sign up")
HERE = ("签到", "here")
MAX_SEATS, MAX_SLOTS, MAX_QUESTIONS, MAX_MINUTES = 100_000, 50, 4, 14 * 24 * 60
HOURS = 30 * 24
CAPACITY = SettingField(
    name="capacity",
    label=gettext_lazy("Seats"),
    type="number",
    default=20,
    least=1,
    most=MAX_SEATS,
    none_label=gettext_lazy("no limit"),
)
SETTINGS = (
    SettingField(
        name="place",
        label=pgettext_lazy("meet-up", "Place"),
        max_length=MAX_PLACE,
        help=gettext_lazy("With the address, as members find it."),
    ),
    SettingField(
        name="starts",
        label=gettext_lazy("The meet-up starts"),
        type="time",
        help=gettext_lazy("The end of the activity has to be after the meet-up."),
    ),
    SettingField(
        name="minutes",
        label=gettext_lazy("Length in minutes"),
        type="number",
        default=120,
        least=5,
        most=MAX_MINUTES,
    ),
    CAPACITY,
    SettingField(
        name="slots",
        label=gettext_lazy("Times to choose from"),
        type="rows",
        default=[],
        most_rows=MAX_SLOTS,
        columns=(
            SettingField(
                name="starts",
                label=pgettext_lazy("meet-up", "Starts"),
                type="time",
                is_required=True,
            ),
            SettingField(
                name="minutes",
                label=pgettext_lazy("meet-up", "Minutes"),
                type="number",
                default=30,
                least=5,
                most=MAX_MINUTES,
            ),
            SettingField(
                name="capacity",
                label=gettext_lazy("Seats"),
                type="number",
                default=1,
                least=1,
                most=MAX_SEATS,
                none_label=gettext_lazy("no limit"),
            ),
        ),
        help=gettext_lazy(
            "Empty for one time. With times, each has its own number of seats."
        ),
    ),
    SettingField(
        name="questions",
        label=pgettext_lazy("meet-up", "Questions"),
        type="rows",
        default=[],
        most_rows=MAX_QUESTIONS,
        columns=(
            SettingField(
                name="text",
                label=pgettext_lazy("meet-up", "Question"),
                max_length=80,
                is_required=True,
            ),
            SettingField(
                name="required",
                label=gettext_lazy("needs an answer"),
                type="yes_no",
                default=False,
            ),
        ),
    ),
    SettingField(
        name="sponsor",
        label=gettext_lazy("Sponsor"),
        max_length=80,
        help=gettext_lazy("Members read who pays for it. Empty for none."),
    ),
    SettingField(
        name="sign_up_hours",
        label=gettext_lazy("Sign-up ends, hours before the start"),
        type="number",
        default=0,
        most=HOURS,
    ),
    SettingField(
        name="cancel_hours",
        label=gettext_lazy("Members can cancel until, hours before the start"),
        type="number",
        default=24,
        most=HOURS,
        none_label=gettext_lazy("only our staff"),
    ),
    SettingField(
        name="remind_hours",
        label=gettext_lazy("Reminder, hours before the start"),
        type="number",
        default=24,
        least=1,
        most=reminders.MAX_HOURS,
        none_label=gettext_lazy("no reminder"),
    ),
)


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Sign up, cancel, or check in with the code of the place, as `said` asks."""
    if attempt.said.strip() == terms.CANCEL:
        return _cancel(attempt)
    if (asked := terms.CHECK_IN.fullmatch(attempt.said.strip())) is not None:
        return _check_in(attempt, asked[1].strip())
    if attempt.is_rehearsal:
        return Reply(text=_("You have a seat, or a place on the waitlist."))
    try:
        slot, rest = terms.choose_slot(seats.list_slots(attempt.activity), attempt.said)
        found = sign_ups.find_own(attempt.activity, attempt.accounts)
        if found is not None and found.state != State.CANCELLED:
            raise sign_ups.AlreadySignedUp(sign_ups.state_text(found))
        answers = terms.read_answers(attempt.activity.settings, rest)
        # Somebody who is too late leaves no trace.
        with transaction.atomic():
            base.join(attempt)
            row = sign_ups.sign_up(attempt, slot=slot, answers=answers)
    except terms.NoSuchSlot as error:
        return Reply(text=str(error), accepted=False, code="slot")
    except terms.AnswerMissing as error:
        return Reply(text=str(error), accepted=False, code="answers")
    except sign_ups.AlreadySignedUp as error:
        return Reply(text=str(error), accepted=False, code="repeated")
    except sign_ups.SignUpClosed as error:
        return Reply(text=str(error), accepted=False, code="closed")
    return Reply(text=sign_ups.state_text(row))


def _cancel(attempt: Attempt) -> Reply:
    rows = sign_ups.list_active(attempt.activity, attempt.accounts)
    try:
        if not rows:
            text = _("You have not signed up, so there is nothing to cancel.")
            raise sign_ups.CannotCancel(text)
        with transaction.atomic():
            for row in rows:
                sign_ups.cancel(sign_up=row, by=None, at=attempt.at)
    except sign_ups.CannotCancel as error:
        return Reply(text=str(error), accepted=False, code="cancel")
    return Reply(text=_("Your sign-up is cancelled."))


def _check_in(attempt: Attempt, typed: str) -> Reply:
    try:
        row = attendance.check_in_with_code(
            activity=attempt.activity,
            accounts=attempt.accounts,
            typed=typed[:20],
            at=attempt.at,
        )
    except attendance.CannotCheckIn as error:
        return Reply(text=str(error), accepted=False, code="check_in")
    return Reply(text=sign_ups.state_text(row))


def parse_line(text: str) -> str | None:
    """What a line of a chat says: cancel, the code of the place, or a sign-up."""
    if kind_contract.find_after_keyword(text, CANCEL) is not None:
        return terms.CANCEL
    code = kind_contract.find_after_keyword(text, HERE)
    if code is not None:
        is_code = code.isascii() and code.isdigit() and len(code) == venue_codes.DIGITS
        return f"check-in {code}" if is_code else None
    return kind_contract.find_after_keyword(text, SIGN_UP)


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    times = terms.list_times(settings)
    lines = []
    if settings["place"]:
        lines.append(_("Place: %(place)s.") % {"place": settings["place"]})
    for each in times:
        values = {
            "number": each.number,
            "time": time_texts.span_text(activity, each.starts_at, each.ends_at),
            "seats": _seats_text(each.capacity),
        }
        text = _("%(number)s: %(time)s, %(seats)s.")
        if len(times) == 1:
            text = _("Time: %(time)s, %(seats)s.")
        lines.append(text % values)
    lines.append(_how_to(has_page=has_page, has_slots=len(times) > 1))
    for question in settings["questions"]:
        text = _("You are asked: %(question)s")
        lines.append(text % {"question": question["text"]})
    if settings["sponsor"]:
        lines.append(_("Sponsor: %(name)s.") % {"name": settings["sponsor"]})
    lines.append(_("When it is full, you are on a waitlist that moves up in order."))
    lines.append(_cancel_text(settings["cancel_hours"]))
    lines.append(
        _(
            "The time does not change; if it has to, the meet-up is called off. If the "
            "place changes, you are notified and can cancel until the start."
        )
    )
    return lines


def _how_to(*, has_page: bool, has_slots: bool) -> str:
    if has_slots and has_page:
        return _("Sign up on the page, or write “sign up” and the number of a time.")
    if has_slots:
        return _("Write “sign up” and the number of a time.")
    if has_page:
        return _("Sign up on the page, or write “sign up” in the chat.")
    return _("Write “sign up” in the chat.")


def _seats_text(capacity: int | None) -> str:
    if capacity is None:
        return _("seats without limit")
    text = ngettext("%(n)s seat", "%(n)s seats", capacity)
    return text % {"n": f"{capacity:,}"}


def _cancel_text(hours: int | None) -> str:
    if hours is None:
        return _("If you cannot come, ask our staff to cancel your seat.")
    if not hours:
        return _("You can cancel until the start: write “cancel sign-up”.")
    text = ngettext(
        "You can cancel until %(n)s hour before the start: write “cancel sign-up”.",
        "You can cancel until %(n)s hours before the start: write “cancel sign-up”.",
        hours,
    )
    return text % {"n": f"{hours:,}"}


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The times with their free seats and, for somebody who is known, their sign-up."""
    slots = seats.list_slots(activity)
    context: dict[str, Any] = {
        "place": activity.settings["place"],
        "sponsor": activity.settings["sponsor"],
        "questions": list(enumerate(activity.settings["questions"], start=1)),
        "max_answer": terms.MAX_ANSWER,
        "slots": [
            (
                slot,
                terms.slot_text(activity, slot),
                at < terms.sign_up_until(activity, slot),
            )
            for slot in slots
        ],
        "is_open": any(at < terms.sign_up_until(activity, slot) for slot in slots),
        "own": None,
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    own = sign_ups.find_own(activity, accounts)
    if own is None:
        return context
    return context | {
        "own": own,
        "own_text": sign_ups.state_text(own),
        "has_sign_up": own.state != State.CANCELLED,
        "may_cancel": sign_ups.may_cancel(own, at),
        "may_check_in": attendance.may_check_in(own, at),
        "cancel_until": terms.cancel_until(activity, own.slot),
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    if settings["slots"] and not settings["starts"]:
        settings["starts"] = min(row["starts"] for row in settings["slots"])
    texts = [row["text"] for row in settings["questions"]]
    if len(set(texts)) < len(texts):
        raise InvalidSetting(
            _("“%(field)s”: each question is there once.")
            % {"field": SETTINGS[5].label}
        )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Seats and times can be added; the place can change, with a notice to everybody."""
    for name in ("starts", "minutes", "questions"):
        if before[name] != after[name]:
            raise NotBetter(
                _(
                    "Times and questions cannot change after publication. For another "
                    "time, cancel the meet-up with the reason, and create another."
                )
            )
    old, new = before["slots"], after["slots"]
    if bool(old) != bool(new) or len(new) < len(old):
        raise NotBetter(_("Times stay after publication; add others at the end."))
    pairs = [(before, after), *zip(old, new, strict=False)]
    for was, now in pairs:
        if (was["starts"], was["minutes"]) != (now["starts"], now["minutes"]):
            raise NotBetter(_("Times stay after publication; add others at the end."))
        if kind_contract.is_stricter(was["capacity"], now["capacity"]):
            raise NotBetter(_("The number of seats cannot decrease after publication."))
    if after["sign_up_hours"] > before["sign_up_hours"]:
        raise NotBetter(_("Sign-up cannot end earlier after publication."))
    if _is_more(before["cancel_hours"], after["cancel_hours"]):
        raise NotBetter(_("The time for cancelling cannot become shorter."))
    if not after["place"]:
        raise NotBetter(_("“%(field)s” is required.") % {"field": SETTINGS[0].label})


def _is_more(before: int | None, after: int | None) -> bool:
    """Whether cancelling ends earlier; None is never."""
    return before is not None and (after is None or after > before)


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise without a place, a time to come, or an end after the meet-up."""
    settings = activity.settings
    for field in SETTINGS[:2]:
        if not settings[field.name]:
            raise InvalidSetting(_("“%(field)s” is required.") % {"field": field.label})
    if terms.start_of(settings) <= at:
        raise InvalidSetting(_("The meet-up starts in the past. Choose a later time."))
    end = terms.end_of(settings)
    if activity.ends_at is None or activity.ends_at < end:
        raise InvalidSetting(
            _("The activity has to end when the meet-up is over, at %(time)s or later.")
            % {"time": time_texts.moment_text(activity, end)}
        )


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Seats, waitlist and attendance of the people who count."""
    counted = set(people)
    rows = list(
        SignUp.objects.filter(activity=activity).values_list("account_id", "state")
    )
    persons = account_queries.person_ids(account for account, _state in rows)
    states: dict[int, set[str]] = {}
    for account, state in rows:
        if persons[account] in counted:
            states.setdefault(persons[account], set()).add(state)

    def count(*among: State) -> int:
        return sum(not own.isdisjoint(among) for own in states.values())

    return [
        Metric(
            key="signed_up",
            label=gettext_lazy("Have a seat"),
            value=count(State.SEATED, State.ATTENDED, State.MISSED),
        ),
        Metric(
            key="waiting",
            label=gettext_lazy("On the waitlist"),
            value=sum(
                State.WAITING in own and own.isdisjoint({State.SEATED, State.ATTENDED})
                for own in states.values()
            ),
        ),
        Metric(
            key="attended", label=gettext_lazy("Attended"), value=count(State.ATTENDED)
        ),
        Metric(
            key="missed", label=gettext_lazy("Did not come"), value=count(State.MISSED)
        ),
    ]


MEETUP = kind_contract.register(
    Kind(
        key=seats.KIND,
        label=pgettext_lazy("kind of activity", "Meet-up"),
        description=gettext_lazy(
            "Members sign up for a time and a place, with a waitlist, reminders and "
            "check-in at the entrance."
        ),
        aim=Aim.MEET,
        keywords=(*SIGN_UP, *CANCEL),
        parse_line=parse_line,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        portal_template="portal/activities/_meetup.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        publish=seats.publish,
        cancel=seats.call_off,
    )
)
