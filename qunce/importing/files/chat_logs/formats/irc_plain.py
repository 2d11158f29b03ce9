"""IRC as `[20:15] <ann> hello`, with the date in the name of the file."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy

from qunce.importing.files.chat_logs.irc import NICK, IrcFormat


class PlainIrcFormat(IrcFormat):
    key = "irc_plain"
    label = gettext_lazy("a plain IRC log")
    when = re.compile(
        r"\[(?:(?P<date>\d{4}-\d\d-\d\d)[ T])?(?P<hour>\d\d):(?P<minute>\d\d)"
        r"(?::(?P<second>\d\d))?\]\s*"
    )
    message = re.compile(rf"<[ @+%&~]?(?P<nick>{NICK}) ?> ?(?P<text>.*)$")
    action = re.compile(r"\* (?P<nick>\S{1,60}) (?P<text>.+)$")
    joined = re.compile(
        rf"(?:===|\*\*\*) (?P<nick>{NICK})(?:\s+\[.*\]|\s+\(.*\))?\s+(?:has )?joined (?=[#&\w])"
    )
    left = re.compile(
        rf"(?:===|\*\*\*) (?P<nick>{NICK})(?:\s+\[.*\]|\s+\(.*\))?\s+"
        r"(?:(?:has )?(?:left|quit|parted)\b|was kicked )"
    )
    other = re.compile(r"(?:\[[\d :T-]+\] ?)?(?:(?:===|\*\*\*)(?: |$)|-\S{1,100}- )")

    def needs_day(self, head: str) -> bool:
        return re.search(r"^\[\d{4}-", head, re.MULTILINE) is None


FORMAT = PlainIrcFormat()
