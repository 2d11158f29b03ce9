"""Logs of irssi: `--- Log opened …`, then `20:15 <@ann> hello`."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.utils.translation import gettext_lazy

from qunce.importing.files.chat_logs.irc import NICK, IrcFormat, LineClock

DAY = re.compile(
    r"--- (?:Log opened|Day changed) \w{3} (?P<month>\w{3}) (?P<day>\d\d)"
    r"(?: [\d:]{8})? (?P<year>\d{4})"
)


class IrssiClock(LineClock):
    def reads_day(self, line: str) -> bool:
        found = DAY.match(line)
        if found is None:
            return line.startswith("--- Log closed")
        text = f"{found['day']} {found['month']} {found['year']}"
        try:
            self.restart(datetime.strptime(text, "%d %b %Y").date())  # noqa: DTZ007
        except ValueError:
            return False
        return True


class IrssiFormat(IrcFormat):
    key = "irssi"
    label = gettext_lazy("a log of irssi")
    when = re.compile(r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))? ")
    message = re.compile(rf"<[ @+%&~]?(?P<nick>{NICK})> ?(?P<text>.*)$")
    action = re.compile(r" \* (?P<nick>\S{1,60}) (?P<text>.+)$")
    joined = re.compile(rf"-!- (?P<nick>{NICK}) \[.*\] has joined ")
    left = re.compile(
        rf"-!- (?P<nick>{NICK}) (?:\[.*\] has (?:left|quit)\b|was kicked from )"
    )
    other = re.compile(
        r"--- (?:Log |Day )|\d\d:\d\d(?::\d\d)? (?:-!-|\[|!|-[^ ]+-|<-|->|>>)"
    )

    def clock(self, day: date | None) -> LineClock:
        return IrssiClock(day)

    def recognise(self, head: str) -> float:
        # Without it, no line has a date.
        return super().recognise(head) if DAY.match(head.lstrip("\ufeff\r\n")) else 0


FORMAT = IrssiFormat()
