"""Messages of a day as the extraction reads them. Everything is pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

LINK = re.compile(r"(?:https?://|www\.)\S+")
CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
RUN = re.compile(rf"[{CHINESE}]+|[a-z0-9']+")
COMMON = frozenset(
    "什么 怎么 可以 有没 没有 请问 我们 你们 大家 这个 那个 一下 今天 明天 时候 知道 不知 现在 多少 是不 不是 "
    "能不 不能 还有 就是 谢谢 好的 您好 你好 this that with what when where have does will would your there they "
    "from just about please thanks hello know like how can you the are for and".split()
)
"""Pairs of characters and words that two messages may share by chance."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A message. `id` is the number of its text; volunteers answer as staff do."""

    id: int
    account: int
    is_staff: bool
    at: datetime
    text: str


def plain(text: str) -> str:
    """Return the text in lower case, without width, addresses and spaces at its ends."""
    return LINK.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def features(text: str) -> frozenset[str]:
    """Return what says what a text is about: pairs of Chinese characters, long words."""
    found: set[str] = set()
    for run in RUN.findall(plain(text)):
        if "\u3400" <= run[0] <= "\u9fff":
            found.update(run[start : start + 2] for start in range(len(run) - 1))
        elif len(run) >= 3:
            found.add(run)
    return frozenset(found - COMMON)
