"""Texts that WhatsApp exports, in the notations of Android and iPhone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from django.utils.translation import gettext_lazy

from qunce.importing.files.chat_logs import log_format
from qunce.importing.files.chat_logs.log_format import (
    EDITED,
    JOINED,
    LEFT,
    MESSAGE,
    Entry,
    LineFormat,
    Lines,
    Parsed,
)
from qunce.importing.values import dates

HEAD = re.compile(
    r"(?P<open>\[)?(?P<date>\d{1,4}([./-])\d{1,2}\3\d{1,4}\.?),?\s+"
    rf"(?P<before>{dates.PERIODS})?\s?(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)"
    rf"(?:[:.](?P<second>\d\d))?\s?(?P<after>{dates.PERIODS}|[ap]\.\s?m\.)?"
    r"(?(open)\]|\s[-–])\s(?P<rest>.*)$",
    re.IGNORECASE,
)
PART_OF_HEAD = re.compile(
    r"\[?\d{1,4}[./-][\d./-]{0,12},?[\s\d:.,]{0,20}(?:[AP]\.?M?\.?)?\]?\s?-?\s?"
)
AUTHOR = re.compile(r"(?P<author>[^:\n]{1,100}?):(?: (?P<text>.*))?$")
SELF = re.compile("you|you're|du|tú|usted|你|您|我", re.IGNORECASE)
MEDIA = re.compile(
    r"<[^<>:]{3,40}(omitted|weggelassen|omitidos?|已省略|已忽略|省略)>"
    r"|(image|video|audio|sticker|gif|document|contact card|图片|视频|音频|表情|文档)"
    r"\s?(omitted|weggelassen|omitid[oa]|已忽略|已省略)"
    r"|.{1,120}\.\w{2,5} \((file attached|Datei angehängt|文件附件|文件已附加)\)"
    r"|<(attached|Anhang|adjunto|附件)[:：] ?[^<>]{1,200}>",
    re.IGNORECASE,
)
DELETED = re.compile(
    r"(this message was deleted|you deleted this message|diese nachricht wurde gelöscht"
    r"|du hast diese nachricht gelöscht|此消息已(被)?删除|(你|您)已删除(此|这条)消息)\.?",
    re.IGNORECASE,
)
NOTICE = re.compile(
    r"(messages and calls are end-to-end encrypted|nachrichten und anrufe sind ende-zu-ende"
    r"|los mensajes y las llamadas est|消息和通话.{0,20}加密).*",
    re.IGNORECASE,
)
"""What the program writes in the name of the group."""
EDIT_MARK = re.compile(
    r"\s*<(this message was edited|diese nachricht wurde bearbeitet\.?|此?消息?已编辑)>$",
    re.IGNORECASE,
)
JOINS = [
    re.compile(text, re.IGNORECASE)
    for text in (
        r"(?P<who>.+) joined (using|from|via|the group).*",
        r".+ added (?P<who>.+)",
        r"(?P<who>.+) (was|were) added",
        r"(?P<who>.+?)(已)?(使用|通过).{0,20}链接加入.*",
        r".+?(已)?(添加|新增)了?(?P<who>.+)",
        r".+ hat (?P<who>.+) hinzugefügt",
        r"(?P<who>.+) ist .{0,80}link.{0,80} beigetreten",
        r".+ añadió a (?P<who>.+)",
    )
]
LEAVES = [
    re.compile(text, re.IGNORECASE)
    for text in (
        r"(?P<who>.+) left( the group)?",
        r".+ removed (?P<who>.+)",
        r"(?P<who>.+) (was|were) removed",
        r"(?P<who>.+?)(已)?(退出|离开)(了)?(本|此|该)?(群组|群聊|群)?",
        r".+?(已)?(移除|移出)了?(?P<who>.+)",
        r"(?P<who>.+) hat die gruppe verlassen",
        r".+ hat (?P<who>.+) entfernt",
        r"(?P<who>.+) salió del grupo",
        r".+ eliminó a (?P<who>.+)",
    )
]
MAX_MOVE = 1_000
"""Characters of a line that says who came or left; to look for it in more takes long."""
SYSTEM = re.compile(
    r"(created|changed|erstellt|geändert|更改|创建|encrypted|verschlüsselt|加密|pinned)",
    re.IGNORECASE,
)
"""Words of lines without an author that may have a colon."""
TITLE = re.compile(
    r"(?:created group|创建了?(?:群组|群聊)?|hat die gruppe|creó el grupo)\s*"
    r"[“”\"„«「](?P<title>[^“”\"»」\n]{1,100})[“”\"»」]",
    re.IGNORECASE,
)


@dataclass
class _Open:
    """A message of which more lines may come."""

    line: int
    time: str
    author: str
    lines: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        # Of a message without an end, only the beginning is kept in memory.
        if self.length < log_format.MAX_TEXT_LENGTH:
            self.lines.append(text)
            self.length += len(text) + 1

    def entry(self) -> Entry | None:
        """The message; None for one that was deleted or is the program's own."""
        written = "\n".join(self.lines)
        text = EDIT_MARK.sub("", written).strip()
        kind = MESSAGE if text == written.strip() else EDITED
        if DELETED.fullmatch(text) or NOTICE.match(text):
            return None
        if MEDIA.fullmatch(text):
            text = ""
        return Entry(self.line, kind, self.time, self.author, log_format.shorten(text))


class WhatsappFormat(LineFormat):
    key: ClassVar[str] = "whatsapp"
    label = gettext_lazy("a chat that WhatsApp exported")
    platform = "whatsapp"

    def starts(self, line: str) -> bool:
        return HEAD.match(log_format.plain(line)) is not None

    def recognise(self, head: str) -> float:
        # Lines without a head go on with the message before them.
        return float(super().recognise(head) > 0)

    def find_title(self, head: str) -> str:
        found = TITLE.search(log_format.plain(head))
        return found["title"].strip() if found else ""

    def parse_lines(self, lines: Lines, day: date | None) -> Iterator[Parsed]:
        is_started, last = False, (0, "")
        message: _Open | None = None
        for number, raw in lines:
            line = log_format.plain(raw)
            head = HEAD.match(line)
            if head is None:
                if not is_started and line.strip():
                    yield log_format.cut_begin(number, line)
                    is_started = True
                elif message is not None:
                    message.add(line)
                last = number, line
                continue
            is_started, last = True, (0, "")
            if message is not None and (entry := message.entry()):
                yield entry
            message = None
            time, rest = _time(head), head["rest"]
            author = AUTHOR.match(rest)
            moves = list(_moves(number, time, rest))
            if moves and (author is None or SYSTEM.search(author["author"])):
                yield from moves
            elif author is not None and not SYSTEM.search(author["author"]):
                name = author["author"].strip("~ ")
                message = _Open(number, time, name)
                message.add(author["text"] or "")
        if message is not None and last[0] and PART_OF_HEAD.fullmatch(last[1]):
            message.lines.pop()
            yield log_format.cut_end(*last)
        if message is not None and (entry := message.entry()):
            yield entry


def _time(head: re.Match[str]) -> str:
    day = head["date"].rstrip(".")
    clock = f"{int(head['hour']):02}:{head['minute']}:{head['second'] or '00'}"
    before = head["before"] or ""
    after = (head["after"] or "").replace(" ", "").replace(".", "")
    if before or after:
        return f"{day} {before}{clock} {after}".strip()
    parts = re.split("[./-]", day)
    if len(parts[0]) == 4:
        # As ISO, which needs no further look.
        day = f"{parts[0]}-{int(parts[1]):02}-{int(parts[2]):02}"
    return f"{day} {clock}"


def _moves(number: int, time: str, rest: str) -> Iterator[Entry]:
    """Yield who joins or leaves by a line without an author."""
    text = rest.strip().rstrip(".。") if len(rest) <= MAX_MOVE else ""
    for kind, patterns in ((JOINED, JOINS), (LEFT, LEAVES)):
        for pattern in patterns:
            if match := pattern.fullmatch(text):
                for name in log_format.split_names(match["who"]):
                    if not SELF.fullmatch(name):
                        yield Entry(number, kind, time, name.strip("~ "))
                return


FORMAT = WhatsappFormat()
