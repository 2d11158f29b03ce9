"""Finds the encoding of a text file that is not UTF-8.

Nearly every file is valid in several encodings, so the likeliest is the one in which its
characters are common ones. The likelihoods are by the tables of the encodings, which list
frequent characters apart from rare ones; charset-normalizer judges the others.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import charset_normalizer

CODECS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "cp1252": "cp1252",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1253": "cp1253",
    "cp1254": "cp1254",
    "koi8-r": "koi8_r",
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "mac-roman": "mac-roman",
}
"""Names of encodings by which people choose them, and Python's codecs."""
CANDIDATES = (
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "cp1252",
    "cp1251",
)
"""Those that are scored by their own tables."""
SINGLE_BYTE = {"cp1252", "cp1251"}
SAMPLE_BYTES = 1 << 16
MIN_MEAN = 0.5
MIN_MEAN_LEAD, MIN_LEAD = 0.1, 1.5
"""Of the best encoding over the next one: points per character, and points in all."""
PRIOR = {"gb18030": 1.0, "cp1252": 0.5}
"""Points of the encodings that most files have."""
HEADINGS = {
    "gb18030": "姓名 昵称 手机 会员 订单 电话 城市 标签 性别 时间 金额 日期 编号 地址 客户",
    "big5": "姓名 暱稱 手機 會員 訂單 電話 城市 標籤 性別 時間 金額 日期 編號 地址 客戶",
    "shift_jis": "氏名 名前 電話 会員 注文 都市 住所 性別 日時 金額 日付 番号 顧客",
    "euc-kr": "이름 성명 전화 회원 주문 도시 주소 성별 시간 금액 날짜 번호 고객",
}
HEADING_POINTS = 3


@dataclass(frozen=True)
class EncodingChoice:
    """`sample` is a line with other characters than ASCII, read in the encoding."""

    name: str
    sample: str
    score: float
    mean: float = 0.0
    """Points per character; at most about 1."""


def find_name(text: str) -> str:
    """Return the name of an encoding by any of its aliases, empty if it is unknown."""
    try:
        codec = codecs.lookup(text.strip()).name
    except LookupError:
        return ""
    aliases = {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}
    aliases |= {"big5": "big5", "cp950": "big5", "shift_jis": "shift_jis"}
    aliases |= {"iso8859-1": "cp1252", "euc_kr": "euc-kr", "ascii": "utf-8"}
    by_codec = {codecs.lookup(c).name: name for name, c in CODECS.items()}
    return aliases.get(codec, by_codec.get(codec, ""))


def rank(sample: bytes, possible: Sequence[str]) -> list[EncodingChoice]:
    """Return the encodings in which the lines of the sample are valid, likeliest first."""
    choices = []
    for name in possible:
        try:
            text = sample.decode(CODECS[name])
        except UnicodeDecodeError:
            continue
        total, mean = _score(name, text)
        choices.append(EncodingChoice(name, _sample_line(text), total, mean))
    choices.sort(key=lambda choice: -choice.score)
    if not choices or choices[0].mean < MIN_MEAN:
        others: dict[str, EncodingChoice] = {}
        known = {choice.name for choice in choices}
        for match in charset_normalizer.from_bytes(sample):
            name = find_name(match.encoding)
            # UTF-16 is known by its null bytes, and every text is valid in it by chance.
            is_chance = name.startswith("utf-16")
            if name and not is_chance and name not in known and len(others) < 3:
                mean = MIN_MEAN * (1 - match.chaos) - 0.01
                line = _sample_line(str(match))
                others.setdefault(name, EncodingChoice(name, line, 0, mean))
        choices += others.values()
        # Below what would be certain, whatever their texts look like.
        choices.sort(key=lambda choice: -choice.mean)
    return choices


def is_certain(choices: Sequence[EncodingChoice]) -> bool:
    """Return whether the first of the ranked encodings is plainly the one."""
    if not choices or choices[0].mean < MIN_MEAN:
        return False
    best, *others = choices
    return all(
        best.score - other.score >= MIN_LEAD and best.mean - other.mean >= MIN_MEAN_LEAD
        for other in others
    )


def _sample_line(text: str) -> str:
    for line in text.splitlines():
        if not line.isascii():
            first = next(i for i, character in enumerate(line) if ord(character) > 127)
            return line[max(first - 20, 0) :][:60].strip()
    return ""


# Points of characters


def _score(name: str, text: str) -> tuple[float, float]:
    """Return the points of the characters that are not ASCII, and their mean."""
    total, weight = 0.0, 0.0
    # A character of two bytes counts like two of one byte.
    size = 0.5 if name in SINGLE_BYTE else 1.0
    for index, character in enumerate(text):
        if character.isascii():
            continue
        before = text[index - 1] if index else " "
        after = text[index + 1] if index + 1 < len(text) else " "
        if name == "cp1252":
            points = _cp1252(character, before, after)
        elif name == "cp1251":
            points = _cp1251(character, before, after)
        else:
            points = _east_asian(EAST_ASIAN[name], character, before, after)
        total += size * points
        weight += size
    mean = total / max(weight, 0.5)
    words = HEADINGS.get(name, "").split()
    total += HEADING_POINTS * sum(word in text for word in words)
    return total + PRIOR.get(name, 0), mean


@dataclass(frozen=True)
class EastAsian:
    """The points of the characters of an encoding, by the two bytes of each.

    `codec` has fewer characters than the encoding, but lists frequent ones apart.
    """

    codec: str
    points: tuple[tuple[range, range, float], ...]
    """By ranges of the first and the second byte; the first that fits counts."""
    others: float
    kana: bool = False
    """Kana are as common as Chinese characters."""


ANY, NOT_ASCII = range(0x100), range(0x80, 0x100)
ROW_1, ROW_3 = range(0xA1, 0xA2), range(0xA3, 0xA4)
"""Punctuation, and full-width letters and digits."""
EAST_ASIAN = {
    "gb18030": EastAsian(
        "gb2312",
        (
            (range(0xB0, 0xD8), ANY, 1),
            (range(0xD8, 0xF8), ANY, 0.2),
            (ROW_1, ANY, 0.3),
            (ROW_3, ANY, 0.3),
            (ANY, range(1, 0x100), -0.2),
        ),
        -0.5,
    ),
    "big5": EastAsian(
        "big5",
        (
            # Texts in other encodings hardly have second bytes of ASCII.
            (range(0xA4, 0xC7), range(0x80), 1.1),
            (range(0xA4, 0xC7), NOT_ASCII, 0.8),
            (range(0xC9, 0xFA), ANY, 0.2),
            (range(0xA1, 0xA4), ANY, 0.3),
        ),
        -1,
    ),
    "shift_jis": EastAsian(
        "shift_jis",
        (
            (range(0x88, 0x98), ANY, 0.9),
            (range(0x98, 0x99), range(0x73), 0.9),
            (range(0x81, 0x83), ANY, 0.3),
            # Half-width kana.
            (range(0xA1, 0xE0), range(1), -0.3),
        ),
        -0.2,
        kana=True,
    ),
    "euc-kr": EastAsian(
        "euc_kr",
        (
            (range(0xB0, 0xC9), NOT_ASCII, 1.3),
            (ROW_1, ANY, 0.3),
            (ROW_3, ANY, 0.3),
        ),
        # Chinese characters are rare in Korean texts, and half of GB18030 looks like
        # them.
        -1,
    ),
    "euc-jp": EastAsian(
        "euc_jp",
        (
            (range(0xB0, 0xD0), NOT_ASCII, 0.9),
            (ROW_1, ANY, 0.3),
            (ROW_3, ANY, 0.3),
        ),
        -0.5,
        kana=True,
    ),
}


def _east_asian(encoding: EastAsian, character: str, before: str, after: str) -> float:
    category = unicodedata.category(character)
    # Private-use and unassigned characters show that the encoding is wrong.
    if category in ("Co", "Cn", "Cc"):
        return -3
    # So does a Chinese character inside a Latin word.
    if any(each.isascii() and each.islower() for each in (before, after)):
        return -1.5 if category == "Lo" else -0.5
    if encoding.kana and "\u3041" <= character <= "\u30ff":
        return 1
    encoded = character.encode(encoding.codec, "ignore") or b"\0"
    first, second = encoded[0], encoded[1] if len(encoded) > 1 else 0
    for firsts, seconds, points in encoding.points:
        if first in firsts and second in seconds:
            return points
    return encoding.others


def _cp1252(character: str, before: str, after: str) -> float:
    if unicodedata.category(character) in ("Lu", "Ll"):
        # In words of Western languages, letters with accents are between other letters.
        if not before.isascii() or not after.isascii():
            return -1
        is_in_word = before.isalpha() or after.isalpha()
        return 1 if is_in_word else -0.5
    if character in "€£°–—‘’“”…®©™ª º\u00a0«»¿¡´":
        return 0.5
    return -1


def _cp1251(character: str, before: str, after: str) -> float:
    if not "\u0400" <= character <= "\u04ff":
        return 0.3 if character in "«»–—№\u00a0" else -1
    # Capitals or Latin letters inside words show that the bytes are of another script.
    if character.isupper() and before.islower():
        return -1
    if any(neighbour.isascii() and neighbour.isalpha() for neighbour in before + after):
        return -1.5
    is_in_word = before.isalpha() or after.isalpha()
    is_russian = "\u0410" <= character <= "\u044f" or character in "Ёё"
    return (1 if is_russian else 0.3) if is_in_word else -1
