"""What the logs of IRC programs have in common: one line per message, join and leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import ClassVar

from qunce.importing.files.chat_logs import log_format
from qunce.importing.files.chat_logs.log_format import (
    JOINED,
    LEFT,
    MESSAGE,
    Entry,
    LineFormat,
    Lines,
    Parsed,
)

NICK = r"[^\s<>](?:[^<>\t]{0,58}?[^\s<>])?"
"""Some servers and programs put spaces into them."""
CHANNEL = re.compile(r"(?:joined|left|part(?:ed)?)(?: channel)? ([#&][^\s:,]{1,60})")
COLOURS = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]")
"""Codes of colour, bold and the like."""


class IrcFormat(LineFormat):
    """A line is one of these patterns, else it is unknown.

    `when` matches the beginning of a line, and the others what follows it. Their group
    `nick` is the person, `text` what they wrote.
    """

    platform = "irc"
    has_ids = True
    when: ClassVar[re.Pattern[str]]
    message: ClassVar[re.Pattern[str]]
    action: ClassVar[re.Pattern[str]]
    joined: ClassVar[re.Pattern[str]]
    left: ClassVar[re.Pattern[str]]
    other: ClassVar[re.Pattern[str]]
    """Lines that say nothing about members, such as a new topic."""

    def clock(self, day: date | None) -> LineClock:
        return LineClock(day)

    def starts(self, line: str) -> bool:
        clean = COLOURS.sub("", line)
        return self.other.match(clean) is not None or (
            self._match(*self._rest(clean)) is not None
        )

    def recognise(self, head: str) -> float:
        lines = log_format.filled_lines(head)
        return super().recognise(head) if any(map(self.when.match, lines)) else 0

    def find_title(self, head: str) -> str:
        found = CHANNEL.search(head)
        return found[1] if found else ""

    def parse_lines(self, lines: Lines, day: date | None) -> Iterator[Parsed]:
        clock = self.clock(day)
        last: tuple[int, str] | None = None
        early: list[Entry] = []
        for number, raw in lines:
            if last is not None:
                yield log_format.unknown_line(*last, self.label)
                last = None
            line = COLOURS.sub("", raw)
            if not line.strip() or clock.reads_day(line):
                continue
            when, rest = self._rest(line)
            if when is not None:
                clock.read(when)
            found = self._match(when, rest)
            if found is None:
                # The last line of a log may be cut, which has a sentence of its own.
                last = None if self.other.match(line) else (number, line)
                continue
            kind, match = found
            text = log_format.shorten(match["text"]) if kind == MESSAGE else ""
            entry = Entry(number, kind, clock.time, match["nick"].strip(), text)
            if not clock.time:
                # Joins above the first line with a time.
                early.append(entry)
                continue
            yield from (replace(each, time=clock.time) for each in early)
            early.clear()
            yield entry
        if last is not None:
            yield log_format.cut_end(*last)
        for entry in early:
            yield log_format.unknown_line(entry.line, entry.author, self.label)

    def _rest(self, line: str) -> tuple[re.Match[str] | None, str]:
        when = self.when.match(line)
        return when, line[when.end() :] if when else line

    def _match(
        self, when: re.Match[str] | None, rest: str
    ) -> tuple[str, re.Match[str]] | None:
        patterns = [(JOINED, self.joined), (LEFT, self.left)]
        if when is not None:
            # Other texts begin with a word in brackets, too.
            patterns += [(MESSAGE, self.message), (MESSAGE, self.action)]
        for kind, pattern in patterns:
            if match := pattern.match(rest):
                return kind, match
        return None


class LineClock:
    """The time of the last line that had one."""

    def __init__(self, day: date | None) -> None:
        self._days = log_format.DayClock(day) if day else None
        self.time = ""

    def reads_day(self, line: str) -> bool:
        """Whether the line is one that says which day begins."""
        return False

    def restart(self, day: date) -> None:
        self._days = log_format.DayClock(day)

    def read(self, when: re.Match[str]) -> None:
        named = when.groupdict()
        if named.get("date"):
            self.time = f"{named['date']} {named['hour']}:{named['minute']}:"
            self.time += named["second"] or "00"
        elif self._days is not None:
            self.time = self._days.at(
                named["hour"], named["minute"], named.get("second")
            )
