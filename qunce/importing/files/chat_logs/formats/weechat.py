"""Logs of WeeChat: time, prefix and text, separated by tabs."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy

from qunce.importing.files.chat_logs.irc import NICK, IrcFormat


class WeechatFormat(IrcFormat):
    key = "weechat"
    label = gettext_lazy("a log of WeeChat")
    when = re.compile(
        r"(?P<date>\d{4}-\d\d-\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)\t"
    )
    message = re.compile(rf"[@+%&~]?(?!--|=!=|<--|-->)(?P<nick>{NICK})\t(?P<text>.*)$")
    action = re.compile(r" \*\t(?P<nick>\S{1,60}) (?P<text>.+)$")
    joined = re.compile(rf"-->\t(?P<nick>{NICK}) (?:\[.*\] )?(?:\(.*\) )?has joined ")
    left = re.compile(
        rf"<--\t(?:\S+ has kicked )?(?P<nick>{NICK})(?: \(.*\))?"
        r"(?: has (?:left|quit)\b.*)?$"
    )
    other = re.compile(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t(?:--|=!=|<--|-->|[^\t]{0,20})\t"
    )

    def recognise(self, head: str) -> float:
        # A table without headings may look alike; a log has joins or lines of the server.
        has_signs = any(f"\t{sign}\t" in head for sign in ("-->", "<--", "--", " *"))
        return super().recognise(head) if has_signs else 0


FORMAT = WeechatFormat()
