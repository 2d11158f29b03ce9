"""Questions of members that nobody has answered. Pure.

A question is answered by the first message of staff within half an hour, or by any later
message of somebody else about the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from qunce.groups.digests import lines
from qunce.groups.digests.lines import Line

STAFF_WINDOW, SAME_WINDOW = timedelta(minutes=30), timedelta(minutes=10)
MIN_LENGTH = 3
CHINESE = re.compile(
    r"[吗么呢嘛][。!~～… ]*$|怎么|怎样|咋|什么时候|多少|几点|几号|几天|哪里|哪儿|哪个|哪款|谁知道|有没有|"
    r"能不能|可不可以|是不是|会不会|请问|求问|如何|为什么|为啥|多久"
)
ENGLISH = re.compile(
    r"^(?:hi[, ]+|hello[, ]+|hey[, ]+)?(?:how|what|when|where|which|who|why|can|could|"
    r"do|does|did|is|are|will|would|should|may|has|have|any ?one|any ?body)\b \S+ \S+"
)
NO_QUESTION = re.compile(
    r"怎么可能|怎么会这么好|什么都|多少有点|不知道为什么|没什么|no idea how"
)


@dataclass(frozen=True)
class Question:
    """`repeats` are later messages of the same person about the same."""

    line: Line
    repeats: tuple[Line, ...] = ()


def is_question(text: str) -> bool:
    """Whether a text asks something, in Chinese or English."""
    plain = lines.plain(text)
    if len(plain) < MIN_LENGTH:
        return False
    if "?" in plain:
        return any(char.isalnum() for char in plain)
    if NO_QUESTION.search(plain):
        return False
    return bool(CHINESE.search(plain) or ENGLISH.match(plain))


def find_unanswered(day: Sequence[Line]) -> list[Question]:
    """Return the questions without an answer, by time. `day` is sorted by time."""
    found: list[Question] = []
    for index, line in enumerate(day):
        if line.is_staff or not is_question(line.text):
            continue
        later = day[index + 1 :]
        if any(is_answer(each, line) for each in later):
            continue
        earlier = found[-1] if found else None
        if earlier is not None and _is_same(earlier, line):
            found[-1] = Question(earlier.line, (*earlier.repeats, line))
        else:
            found.append(Question(line))
    return found


def _is_same(earlier: Question, line: Line) -> bool:
    last = earlier.repeats[-1] if earlier.repeats else earlier.line
    return last.account == line.account and line.at - last.at <= SAME_WINDOW


def is_answer(line: Line, question: Line) -> bool:
    """Whether a later message answers a question."""
    if line.account == question.account or line.at < question.at:
        return False
    if line.is_staff and line.at - question.at <= STAFF_WINDOW:
        return True
    if not line.is_staff and is_question(line.text):
        return False
    shared = lines.features(line.text) & lines.features(question.text)
    return bool(shared)
