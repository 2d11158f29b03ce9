"""What the settings of a meet-up say: place, times, questions, and the moments that follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities import time_texts
from qunce.activities.activities.models import Activity
from qunce.activities.meetups.models import Slot
from qunce.core import errors

CHECK_IN_AHEAD = timedelta(hours=2)
"""How long before a slot members can be checked in."""
CANCEL = "cancel"
CHECK_IN = re.compile(r"check-in[\s,，:：]*(.*)", re.DOTALL)
"""What `said` is for a check-in with the code of the place."""
MAX_ANSWER = 100
PART = re.compile(r"[/／]")
"""What is between answers in a chat; a form has a line for each."""
NAMED = re.compile(r"(\d{1,2})\s*[:：]\s*(.*)", re.DOTALL)


class AnswerMissing(errors.Invalid):
    """A question is not answered, or its answer is too long."""


class NoSuchSlot(errors.NotFound):
    """The meet-up has no such time."""


@dataclass(frozen=True, kw_only=True)
class Times:
    number: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None


def list_times(settings: Mapping[str, Any]) -> list[Times]:
    """The slots, or the meet-up itself as the only one; none without a start."""
    if not settings["starts"]:
        return []
    rows = settings["slots"] or [
        {name: settings[name] for name in ("starts", "minutes", "capacity")}
    ]
    found = []
    for number, row in enumerate(rows, start=1):
        start = datetime.fromisoformat(row["starts"] or settings["starts"])
        end = start + timedelta(minutes=row["minutes"])
        found.append(
            Times(number=number, starts_at=start, ends_at=end, capacity=row["capacity"])
        )
    return found


def start_of(settings: Mapping[str, Any]) -> datetime:
    """When the meet-up starts; the settings have a start once it is published."""
    return min(each.starts_at for each in list_times(settings))


def end_of(settings: Mapping[str, Any]) -> datetime:
    times = [each.ends_at for each in list_times(settings)]
    start = datetime.fromisoformat(settings["starts"])
    return max(*times, start + timedelta(minutes=settings["minutes"]))


def sign_up_until(activity: Activity, slot: Slot) -> datetime:
    """Until when members can sign up for a slot."""
    return slot.starts_at - timedelta(hours=activity.settings["sign_up_hours"])


def cancel_until(activity: Activity, slot: Slot) -> datetime | None:
    """Until when a member can cancel a seat, None if only staff can."""
    hours: int | None = activity.settings["cancel_hours"]
    return None if hours is None else slot.starts_at - timedelta(hours=hours)


def remind_at(activity: Activity, slot: Slot) -> datetime | None:
    hours: int | None = activity.settings["remind_hours"]
    return None if hours is None else slot.starts_at - timedelta(hours=hours)


def slot_text(activity: Activity, slot: Slot) -> str:
    return time_texts.span_text(activity, slot.starts_at, slot.ends_at)


# What members say


def choose_slot(slots: Sequence[Slot], said: str) -> tuple[Slot, str]:
    """The slot that a text begins with, and what follows it; raises NoSuchSlot."""
    if len(slots) == 1:
        return slots[0], said
    found = re.match(
        r"\s*[#＃第]?\s*(\d{1,3})(?:[\s:：,，、.。]+|$)(.*)", said, re.DOTALL
    )
    by_number = {slot.number: slot for slot in slots}
    # As a number, since phones write full-width digits, too.
    slot = by_number.get(int(found[1])) if found is not None else None
    if slot is None or found is None:
        text = _("Which time? Write “sign up” and its number: %(times)s.")
        raise NoSuchSlot(text % {"times": list_slots(slots)})
    return slot, found[2]


def list_slots(slots: Sequence[Slot]) -> str:
    """Number and time of each, in one line."""
    return _(", ").join(
        f"{slot.number} {slot_text(slot.activity, slot)}" for slot in slots
    )


def read_answers(settings: Mapping[str, Any], said: str) -> list[list[str]]:
    """Pairs of question and answer, from parts in order or named by number.

    Raises AnswerMissing with the questions that need an answer.
    """
    questions = settings["questions"]
    answers: dict[int, str] = {}
    parts = [said]
    if len(questions) > 1:
        parts = said.split("\n") if "\n" in said else PART.split(said)
    number = 0
    for part in parts:
        named = NAMED.fullmatch(part.strip()) if len(questions) > 1 else None
        number = int(named[1]) if named else number + 1
        text = (named[2] if named else part).strip()
        if text and number <= len(questions):
            answers[number] = text
    for number, question in enumerate(questions, start=1):
        if question["required"] and not answers.get(number):
            raise AnswerMissing(_ask_text(questions))
        if len(answers.get(number, "")) > MAX_ANSWER:
            raise AnswerMissing(
                _("“%(question)s”: write at most %(n)s characters.")
                % {"question": question["text"], "n": MAX_ANSWER}
            )
    return [
        [question["text"], answers[number]]
        for number, question in enumerate(questions, start=1)
        if number in answers
    ]


def _ask_text(questions: Sequence[Mapping[str, Any]]) -> str:
    if len(questions) == 1:
        text = _("Write the answer with it: sign up, and “%(question)s”")
        return text % {"question": questions[0]["text"]}
    listed = " / ".join(
        f"{number}: {question['text']}"
        for number, question in enumerate(questions, start=1)
    )
    text = _("Write the answers with it, with / between them: %(questions)s")
    return text % {"questions": listed}
