"""What every format of chat logs is: how it is recognised, and how its lines are read.

Each format is one module in the folder `formats`, which exposes it as `FORMAT`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import IO, ClassVar

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.importing.files.rows import BrokenRow

MESSAGE, EDITED, JOINED, LEFT = "message", "edited", "joined", "left"
KINDS = (MESSAGE, EDITED, JOINED, LEFT)
HEADINGS = ["kind", "happened_at", "author", "name", "text", "key", "reply_to"]
"""The columns of a log that is read as a table."""
MAX_TEXT_LENGTH = 10_000
"""Characters of one message that are read; a message may be a whole book."""
MAX_HEAD_LINES = 400
HALF_A_DAY = 12 * 3_600
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9990, 1, 1)
"""Days between which a log is counted on; there are none before or after."""
MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of direction, which programs put before names and media."""
SPACES = re.compile("[\u00a0\u2007\u202f\u3000]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A message, a join or a leave in line `line`.

    `time` is as the log has it, or as ISO writes it. `author` is what the log calls the
    person, `name` their name if that is an id. `key` is the number of the message and
    `reply_to` the one that it answers, where the log has them.
    """

    line: int
    kind: str
    time: str
    author: str
    text: str = ""
    name: str = ""
    key: str = ""
    reply_to: str = ""


Parsed = Entry | BrokenRow
Lines = Iterable[tuple[int, str]]
"""Lines without their ends, each with its number."""


class LogFormat(ABC):
    key: ClassVar[str]
    label: ClassVar[StrOrPromise]
    """What follows "Read as"."""
    platform: ClassVar[str] = ""
    """Of a group that the log creates."""
    has_ids: ClassVar[bool] = False
    """Whether people have ids or nicknames that are theirs beyond one group."""
    is_json: ClassVar[bool] = False

    @abstractmethod
    def recognise(self, head: str) -> float:
        """Return how much of the beginning of a file is in this format, from 0 to 1."""

    @abstractmethod
    def parse(self, stream: IO[bytes], day: date | None) -> Iterator[Parsed]:
        """Yield what the log has; `day` is that of the first line."""

    def find_title(self, head: str) -> str:
        """Return the name of the group if the beginning of the log has it."""
        return ""

    def needs_day(self, head: str) -> bool:
        """Return whether lines have no date, so that the day of the first is asked."""
        return False


class LineFormat(LogFormat):
    """A format whose entries begin with a line that `starts` recognises."""

    @abstractmethod
    def starts(self, line: str) -> bool: ...

    @abstractmethod
    def parse_lines(self, lines: Lines, day: date | None) -> Iterator[Parsed]: ...

    def recognise(self, head: str) -> float:
        lines = filled_lines(head)
        # The first line is what tells a log from a letter that quotes one.
        if not lines or not self.starts(lines[0]):
            return 0
        return sum(map(self.starts, lines)) / len(lines)

    def parse(self, stream: IO[bytes], day: date | None) -> Iterator[Parsed]:
        return self.parse_lines(number_lines(stream), day)


# Lines


def number_lines(stream: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text in UTF-8 with their numbers."""
    for number, line in enumerate(stream, start=1):
        yield number, line.decode().rstrip("\r\n")


def filled_lines(head: str) -> list[str]:
    """Return the first lines of a file, which are enough to recognise it."""
    lines = head.splitlines()[:MAX_HEAD_LINES]
    return [plain(line) for line in lines if plain(line).strip()]


def plain(line: str) -> str:
    """Return a line without marks of direction, and with plain spaces."""
    if line.isascii():
        return line
    return SPACES.sub(" ", MARKS.sub("", line))


def shorten(text: str) -> str:
    return text.strip()[:MAX_TEXT_LENGTH]


def split_names(text: str) -> list[str]:
    """Return the people of a list such as `Ann, Bob and Cem`."""
    parts = re.split(r",\s+|、|，| and | und | y | et |和", text)
    return [name for part in parts if (name := part.strip(" \"'“”「」"))]


class DayClock:
    """Gives times without a date the day that they are of.

    A clock that runs back by more than half a day has passed midnight.
    """

    def __init__(self, day: date) -> None:
        self.day = day
        self._last = 0

    def at(self, hour: str, minute: str, second: str | None) -> str:
        """Return the time in ISO format."""
        seconds = int(hour) * 3_600 + int(minute) * 60 + int(second or 0)
        if self._last - seconds > HALF_A_DAY:
            self.day = min(self.day, LAST_DAY) + timedelta(days=1)
        elif seconds - self._last > HALF_A_DAY and self._last and seconds > 85_000:
            # A line of before midnight that came late; the day stays.
            before = max(self.day, FIRST_DAY) - timedelta(days=1)
            return self._format(before, hour, minute, second)
        self._last = seconds
        return self._format(self.day, hour, minute, second)

    def restart(self, day: date) -> None:
        self.day, self._last = day, 0

    @staticmethod
    def _format(day: date, hour: str, minute: str, second: str | None) -> str:
        return f"{day.isoformat()} {int(hour):02}:{minute}:{second or '00'}"


# Sentences


def unknown_line(line: int, text: str, label: StrOrPromise) -> BrokenRow:
    return BrokenRow(
        line,
        text[:200],
        _(
            "This line is not one of %(format)s. Delete it if it is no part of the log, or"
            " export the log again."
        )
        % {"format": label},
    )


def cut_begin(line: int, text: str) -> BrokenRow:
    return BrokenRow(
        line,
        text[:200],
        _(
            "The log begins in the middle of a message. Delete the lines before the first"
            " one with a name and a time, or export the log again."
        ),
    )


def cut_end(line: int, text: str) -> BrokenRow:
    return BrokenRow(
        line,
        text[:200],
        _(
            "The log ends in the middle of a line. Export it again, or delete this line."
        ),
    )


# Registry


def list_all() -> Sequence[LogFormat]:
    folder = Path(__file__).parent / "formats"
    return [
        import_module(f"qunce.importing.files.chat_logs.formats.{module.name}").FORMAT
        for module in sorted(iter_modules([str(folder)]), key=lambda each: each.name)
    ]


def get(key: str) -> LogFormat:
    return next(each for each in list_all() if each.key == key)
