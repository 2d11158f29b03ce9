"""Negative words in messages, by topic: what raises a case, and the sentence as evidence.

Everything is pure. A word is found in the text in NFKC and lower case; a word of ASCII
must be whole. A negation just before it, such as in “没有坏了” or “not broken”, makes it
none. The machine of all words is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Topic:
    """`key` is stored with cases; `name` is empty for those we begin with."""

    key: str
    words: tuple[str, ...]
    name: str = ""

    @property
    def label(self) -> StrOrPromise:
        return self.name or LABELS.get(self.key, self.key)


@dataclass(frozen=True)
class Match:
    """`evidence` are the sentences that contain one of the words."""

    topic: str
    words: tuple[str, ...]
    evidence: str


OTHER = "other"
LABELS: dict[str, StrOrPromise] = {
    "quality": gettext_lazy("Quality"),
    "delivery": gettext_lazy("Delivery"),
    "refund": gettext_lazy("Refund"),
    "service": gettext_lazy("Service"),
    OTHER: gettext_lazy("Other"),
}
WORDS = {
    "quality": """
        质量差 质量太差 质量不好 质量问题 坏了 坏的 坏掉 变质 发霉 过期 臭了 馊了 假货 假的 破损 破了
        漏了 碎了 裂了 不能用 用不了 有异味 拉肚子 吃坏 过敏了
        broken|defective|damaged|mouldy|moldy|rotten|expired|spoiled|stale|counterfeit
        doesn't work|does not work|stopped working|poor quality|bad quality|made me sick
    """,
    "delivery": """
        没收到 还没到 没到货 没发货 还不发货 不发货 少发 漏发 发错 寄错 少了一 物流太慢 快递丢 丢件
        haven't received|have not received|hasn't arrived|has not arrived|never arrived
        haven't arrived|have not arrived
        still waiting for my order|wrong item|missing item|item missing|late delivery
    """,
    "refund": """
        退款 退货 退钱 不退 要求退 申请退 退换 赔偿 多扣 乱扣费 重复扣款
        refund|money back|charged twice|overcharged|compensation
    """,
    "service": """
        投诉 差评 没人理 没人管 没人回 不回复 不理人 态度差 态度恶劣 敷衍 骗子 骗人 坑人 忽悠 欺骗
        垃圾 太差 太失望 太让人失望 失望透 再也不买 再也不来 12315 曝光 举报你
        complain|complaint|terrible|awful|rude|scam|rip-off|ripped off|nobody answers|no one answers
        ignored me|disappointed|worst|never again|never buying
    """,
}
NEGATIONS = ("没有", "没", "不会", "不是", "不算", "不要", "别", "并不", "并非", "未")
ENGLISH_NEGATION = re.compile(
    r"(?:^|[^a-z])(?:not|no|never|isn't|wasn't|without|aren't|weren't)(?: an?| any| the)? ?$"
)
SENTENCE_END = re.compile(r"[。！？!?;；\n\r]+|\.(?=\s|$)")
MAX_EVIDENCE = 200


def default_topics() -> tuple[Topic, ...]:
    """Return the words we begin with: Chinese words by spaces, English ones by bars."""
    topics = [Topic(key, tuple(_split(text))) for key, text in WORDS.items()]
    return (*topics, Topic(OTHER, ()))


def _split(text: str) -> Iterable[str]:
    for line in text.strip().splitlines():
        is_english = line.strip().isascii() and "|" in line
        yield from (line.strip().split("|") if is_english else line.split())


def normalise(text: str) -> str:
    """Return the text in which words are looked up."""
    return (
        unicodedata.normalize("NFKC", text)
        .casefold()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )


def find(text: str, topics: Sequence[Topic]) -> list[Match]:
    """Return one match per topic whose words are in the text, in the order of topics."""
    plain = normalise(text)
    machine, topic_of = _machine(tuple(topics))
    found: dict[str, dict[str, int]] = {}
    for index, start, end in machine.find_matches_as_indexes(plain, overlapping=True):
        word, topic = topic_of[index]
        if _is_whole(plain, start, end) and not _is_negated(plain, start):
            found.setdefault(topic, {}).setdefault(word, start)
    return [
        Match(
            topic.key,
            tuple(sorted(found[topic.key])),
            _evidence(plain, found[topic.key].values()),
        )
        for topic in topics
        if topic.key in found
    ]


@lru_cache(maxsize=64)
def _machine(topics: tuple[Topic, ...]) -> tuple[AhoCorasick, list[tuple[str, str]]]:
    from ahocorasick_rs import AhoCorasick

    words = [(normalise(word), topic.key) for topic in topics for word in topic.words]
    return AhoCorasick([word for word, _topic in words]), words


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit of ASCII goes on beside a word that has one there."""

    def is_letter(char: str) -> bool:
        return char.isascii() and char.isalnum()

    before, after = text[start - 1 : start], text[end : end + 1]
    return not (
        (before and is_letter(before) and is_letter(text[start]))
        or (after and is_letter(after) and is_letter(text[end - 1]))
    )


def _is_negated(text: str, start: int) -> bool:
    before = text[max(0, start - 16) : start]
    return before.endswith(NEGATIONS) or bool(ENGLISH_NEGATION.search(before))


def _evidence(text: str, starts: Iterable[int]) -> str:
    """Return the sentences at these places, the first first."""
    bounds = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    wanted = sorted(starts)
    parts = [
        text[begin:end].strip()
        for begin, end in pairwise(bounds)
        if any(begin <= start < end for start in wanted)
    ]
    return " ".join(parts)[:MAX_EVIDENCE]
