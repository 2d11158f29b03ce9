"""Text that was copied from a chat of WeChat or WeCom on a computer.

A message is a line with the name and the time, and its text below; or `name: text` below
a line with the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
from qunce.importing.files.rows import BrokenRow

DAY = r"(?P<date>\d{4}(?:-|/|\.|年)\d{1,2}(?:-|/|\.|月)\d{1,2}日?|\d{1,2}(?:-|/|月)\d{1,2}日?)"
CLOCK = r"(?P<hour>\d{1,2})[:：](?P<minute>\d\d)(?:[:：](?P<second>\d\d))?"
NAME = r"(?P<name>[^\t,;|]{1,60}?)"
HEAD = re.compile(rf"{NAME}[:：]?\s+{DAY}\s+{CLOCK}\s*$")
TIME = re.compile(rf"[-—\s]*{DAY}\s+{CLOCK}[-—\s]*$")
RELATIVE = re.compile(
    rf"(?:{NAME}[:：]?\s+)?(?P<word>今天|昨天|前天|星期[一二三四五六日天]|周[一二三四五六日])"
    rf"\s*(?:凌晨|早上|上午|中午|下午|晚上)?\s*{CLOCK}\s*$"
)
LINE = re.compile(r"(?P<name>[^:：\t]{1,40})[:：]\s*(?P<text>.*)$")
PART_OF_HEAD = re.compile(rf"{NAME}\s+\d{{4}}[-/.年][\d\s:/.-]*$")
QUOTE = re.compile(r"\s*「[^」]{1,2000}」\s*\n\s*(?:[-—]\s?){4,}\s*\n", re.DOTALL)
"""The message that another one answers, above it."""
NAMED = r"[\"“]?(?P<who>[^\"“”]{1,200}?)[\"”]?"
SOMEBODY = r"[\"“]?[^\"“”]{1,60}?[\"”]?"
JOINS = (
    re.compile(rf"{NAMED}\s?通过(?:扫描)?.{{1,80}}加入了?(?:群聊|群组|本群)"),
    re.compile(
        rf"{SOMEBODY}\s?邀请\s?(?P<who>.{{1,400}}?)\s?加入了?(?:群聊|群组|本群)"
    ),
    re.compile(rf"{NAMED}\s?加入了?(?:群聊|群组|本群)"),
)
LEAVES = (
    re.compile(
        rf"{SOMEBODY}\s?将\s?(?P<who>.{{1,400}}?)\s?(?:移出|踢出)了?(?:群聊|群组|本群)"
    ),
    re.compile(rf"{NAMED}\s?(?:已)?(?:退出|离开)了?(?:群聊|群组|本群|群)"),
)
IGNORED = re.compile(
    rf"{SOMEBODY}\s?(?:撤回了一条消息|拍了拍.{{1,60}}|与群里其他人都不是.*朋友关系.*"
    r"|修改群名为.*|.*群公告.*|以下是新消息.*)"
)
SELF = re.compile("你|您|我")
MEDIA = re.compile(
    r"\[(?:图片|视频|语音|文件|表情|动画表情|链接|小程序|位置|红包|名片)\]"
)


class WechatFormat(LineFormat):
    key = "wechat"
    label = gettext_lazy("text copied from WeChat or WeCom")
    platform = "wechat"

    def starts(self, line: str) -> bool:
        text = log_format.plain(line).strip()
        return any(pattern.fullmatch(text) for pattern in (HEAD, TIME, RELATIVE))

    def recognise(self, head: str) -> float:
        lines = filled = log_format.filled_lines(head)
        # Lines of the system may come before the first message.
        while lines and _moves(0, "", lines[0].strip()):
            lines = lines[1:]
        found = sum(map(self.starts, filled))
        is_log = bool(lines) and self.starts(lines[0]) and found < len(filled)
        return 0.9 if is_log else 0

    def needs_day(self, head: str) -> bool:
        found = (HEAD.fullmatch(t) or TIME.fullmatch(t) for t in _texts(head))
        days = [match["date"] for match in found if match]
        return any(not re.match(r"\d{4}", day) for day in days)

    def parse_lines(self, lines: Lines, day: date | None) -> Iterator[Parsed]:
        reader = _Reader(day)
        for number, raw in lines:
            yield from reader.read(number, log_format.plain(raw))
        yield from reader.finish()


class _Reader:
    """The message that is open, and the last time."""

    def __init__(self, day: date | None) -> None:
        self._years = _Years(day) if day else None
        self._time = ""
        self._is_block = False
        self._line, self._author = 0, ""
        self._texts: list[str] = []
        self._length = 0
        self._early: list[tuple[int, str]] = []
        self._has_reported = False

    def read(self, number: int, line: str) -> Iterator[Parsed]:
        text = line.strip()
        if relative := RELATIVE.fullmatch(text):
            yield from self._close()
            yield _no_date(number, text, relative["word"])
            self._time, self._has_reported = "", True
        elif head := HEAD.fullmatch(text) or TIME.fullmatch(text):
            yield from self._close()
            yield from self._begin(number, text, head)
        elif _moves(number, "", text):
            yield from self._close()
            if not self._time:
                self._early.append((number, text))
            yield from _moves(number, self._time, text) if self._time else ()
        elif not IGNORED.fullmatch(text):
            yield from self._continue(number, text)

    def _begin(self, number: int, text: str, head: re.Match[str]) -> Iterator[Parsed]:
        """Begin a message, or what was written at a time."""
        self._time = self._at(head)
        if not self._time:
            yield _no_date(number, text, head["date"])
            return
        for early, moved in self._early:
            yield from _moves(early, self._time, moved)
        self._early = []
        self._is_block = "name" in head.groupdict()
        if self._is_block:
            self._line, self._author = number, head["name"].strip()

    def _continue(self, number: int, text: str) -> Iterator[Parsed]:
        """Take a line of a message, or one that begins with a name."""
        named = None if self._is_block else LINE.match(text)
        if named and self._time:
            yield from self._close()
            self._line, self._author = number, named["name"].strip()
            self._add(named["text"])
        elif self._author:
            self._add(text)
        elif text and not self._has_reported:
            self._has_reported = True
            yield log_format.cut_begin(number, text)

    def finish(self) -> Iterator[Parsed]:
        last = self._texts[-1] if self._texts else ""
        if PART_OF_HEAD.fullmatch(last):
            self._texts.pop()
            yield log_format.cut_end(self._line + len(self._texts) + 1, last)
        yield from self._close()

    def _add(self, text: str) -> None:
        if self._length < log_format.MAX_TEXT_LENGTH:
            self._texts.append(text)
            self._length += len(text) + 1

    def _close(self) -> Iterator[Entry]:
        text = "\n".join(self._texts).strip()
        author, self._author = self._author, ""
        self._texts, self._length = [], 0
        if not author or not (text or self._is_block):
            return
        answer = QUOTE.match(text)
        if answer:
            text = text[answer.end() :]
        if MEDIA.fullmatch(text):
            text = ""
        text = log_format.shorten(text)
        reply_to = "quoted" if answer else ""
        yield Entry(self._line, MESSAGE, self._time, author, text, reply_to=reply_to)

    def _at(self, head: re.Match[str]) -> str:
        numbers = [int(part) for part in re.findall(r"\d+", head["date"])]
        if len(numbers) == 2:
            if self._years is None:
                return ""
            numbers.insert(0, self._years.of(*numbers))
        year, month, day = numbers
        clock = f"{int(head['hour']):02}:{head['minute']}:{head['second'] or '00'}"
        return f"{year:04}-{month:02}-{day:02} {clock}"


class _Years:
    """Gives days without a year the year that they are of; a new one begins in January."""

    def __init__(self, day: date) -> None:
        self._year, self._month = day.year, day.month

    def of(self, month: int, _day: int) -> int:
        if month < self._month - 6:
            self._year += 1
        self._month = month
        return self._year


def _texts(head: str) -> list[str]:
    return [line.strip() for line in log_format.filled_lines(head)]


def _moves(number: int, time: str, text: str) -> list[Entry]:
    """Return who joins or leaves by a line of the system."""
    for kind, patterns in ((JOINED, JOINS), (LEFT, LEAVES)):
        for pattern in patterns:
            if match := pattern.fullmatch(text.rstrip("。.")):
                names = log_format.split_names(match["who"])
                found = [name for name in names if not SELF.fullmatch(name)]
                return [Entry(number, kind, time, name) for name in found]
    return []


def _no_date(line: int, text: str, word: str) -> BrokenRow:
    return BrokenRow(
        line,
        text[:200],
        _(
            "“%(word)s” is no date that can be read later. Write the year, month and day"
            " in its place, as in 2026-03-01."
        )
        % {"word": word},
    )


FORMAT = WechatFormat()
