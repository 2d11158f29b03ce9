"""Promises of staff, such as “明天给您答复” or “I will check”, and whether they were kept. Pure.

A promise is kept by a later message of staff before it is due that reports a result, or is
about the same as the promise or the question before it, and promises nothing again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from qunce.groups.digests import lines, questions
from qunce.groups.digests.lines import Line

CHINESE = re.compile(
    r"(?:我|我们|咱们|稍后|稍等|晚点|晚些|等下|一会|马上|尽快|今天|今晚|明天|明早|后天|下周|周[一二三四五六日])"
    r"[^。!?\n]{0,14}?(?:答复|回复|回您|回你|告诉|通知|确认|核实|查一下|查查|查下|问一下|问问|问下|反馈|处理|"
    r"联系|跟进|补发|补上|安排|发给|发到|发出来|发群里|解决)"
)
ENGLISH = re.compile(
    r"\b(?:i'll|i will|we'll|we will|let me|going to)\b[^.!?\n]{0,20}?\b(?:check|ask|get back|"
    r"look into|find out|send|confirm|let you know|follow up|call|update|arrange|sort)\b"
)
ASKED_OF_MEMBERS = re.compile(r"(?:请|麻烦|记得)(?:您|你|大家|各位)")
REPORT = re.compile(
    r"查到了|查过了|确认了|确认过|核实了|核实过|问过了|问到了|处理好了|处理完|已经|已为|已给|补发了|发出了|"
    r"安排好了|解决了|答复如下|结果是|checked|confirmed|found out|sorted|is done|have sent|has been|update:"
)
MINUTES = re.compile(r"(\d{1,3}) ?(?:分钟|min)")
HOURS = re.compile(r"(\d{1,2}) ?(?:个?小时|hours?\b)")
SOON = timedelta(hours=2)
QUESTION_WINDOW = timedelta(hours=2)


class State(StrEnum):
    KEPT = "kept"
    OPEN = "open"
    BROKEN = "broken"


@dataclass(frozen=True)
class Promise:
    """`question` is what it answers, if a member asked just before; `kept_by` the result."""

    line: Line
    due_at: datetime
    state: State
    question: Line | None = None
    kept_by: Line | None = None


def is_promise(text: str) -> bool:
    plain = lines.plain(text)
    if ASKED_OF_MEMBERS.search(plain):
        return False
    return bool(CHINESE.search(plain) or ENGLISH.search(plain)) and not REPORT.search(
        plain
    )


def find_due(
    text: str, at: datetime, end_of_day: Callable[[datetime], datetime]
) -> datetime:
    """Return by when a promise is due; one that names no time, by the end of the next day.

    `end_of_day` returns the end of the community day of a moment.
    """
    plain = lines.plain(text)
    for pattern, unit in ((MINUTES, 1), (HOURS, 60)):
        if match := pattern.search(plain):
            return at + timedelta(minutes=int(match[1]) * unit)
    if re.search(r"下周|next week", plain):
        return end_of_day(at + timedelta(days=7))
    if re.search(r"后天", plain):
        return end_of_day(at + timedelta(days=2))
    if re.search(r"明天|明早|tomorrow", plain):
        return end_of_day(at + timedelta(days=1))
    if re.search(r"马上|等下|一会|稍等|right away|in a moment|right now", plain):
        return at + SOON
    if re.search(r"今天|今晚|晚点|晚些|稍后|today|tonight|later", plain):
        return end_of_day(at)
    return end_of_day(at + timedelta(days=1))


def find(
    day: Sequence[Line],
    *,
    later: Sequence[Line],
    end_of_day: Callable[[datetime], datetime],
    now: datetime,
) -> list[Promise]:
    """Return the promises of a day. `later` are the messages after it; both are sorted."""
    every, found = [*day, *later], []
    for index, line in enumerate(day):
        if not line.is_staff or not is_promise(line.text):
            continue
        due_at = find_due(line.text, line.at, end_of_day)
        question = _question_before(day[:index], line)
        after = [each for each in every[index + 1 :] if each.at <= due_at]
        kept_by = next((each for each in after if _keeps(each, line, question)), None)
        state = State.OPEN if now < due_at else State.BROKEN
        if kept_by is not None:
            state = State.KEPT
        found.append(Promise(line, due_at, state, question, kept_by))
    return found


def _question_before(before: Sequence[Line], promise: Line) -> Line | None:
    for line in reversed(before):
        if promise.at - line.at > QUESTION_WINDOW:
            return None
        if not line.is_staff and questions.is_question(line.text):
            return line
    return None


def _keeps(line: Line, promise: Line, question: Line | None) -> bool:
    if not line.is_staff or is_promise(line.text):
        return False
    about = lines.features(promise.text)
    if question is not None:
        about |= lines.features(question.text)
    shares = bool(about & lines.features(line.text))
    is_report = bool(REPORT.search(lines.plain(line.text)))
    return shares or (is_report and line.account == promise.account)
