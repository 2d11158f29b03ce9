"""Finds the encoding of a text file that is not UTF-8.

Nearly every file is valid in several encodings, so the likeliest is the one in which its
characters are common ones. The likelihoods are by the tables of the encodings, which list
frequent characters apart from rare ones; charset-normalizer judges the others.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Sequence
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
        choices += _other_choices(sample, {choice.name for choice in choices})
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


def _other_choices(sample: bytes, known: set[str]) -> list[EncodingChoice]:
    """Return what charset-normalizer finds."""
    choices: list[EncodingChoice] = []
    for match in charset_normalizer.from_bytes(sample):
        name = find_name(match.encoding)
        # UTF-16 is known by its null bytes, and every text is valid in it by chance.
        is_chance = name.startswith("utf-16")
        if name and not is_chance and name not in known and len(choices) < 3:
            known.add(name)
            mean = MIN_MEAN * (1 - match.chaos) - 0.01
            choices.append(EncodingChoice(name, _sample_line(str(match)), 0, mean))
    return choices


def _sample_line(text: str) -> str:
    for line in text.splitlines():
        if not line.isascii():
            first = next(i for i, character in enumerate(line) if ord(character) > 127)
            return line[max(first - 20, 0) :][:60].strip()
    return ""


# Points of characters


def _score(name: str, text: str) -> tuple[float, float]:
    """Return the points of the characters that are not ASCII, and their mean."""
    points = SCORERS[name]
    total, weight = 0.0, 0.0
    # A character of two bytes counts like two of one byte.
    size = 0.5 if name in SINGLE_BYTE else 1.0
    for index, character in enumerate(text):
        if character.isascii():
            continue
        before = text[index - 1] if index else " "
        after = text[index + 1] if index + 1 < len(text) else " "
        total += size * points(character, before, after)
        weight += size
    mean = total / max(weight, 0.5)
    words = HEADINGS.get(name, "").split()
    total += HEADING_POINTS * sum(word in text for word in words)
    return total + PRIOR.get(name, 0), mean


def _is_lower(character: str) -> bool:
    return character.isascii() and character.islower()


def _common_points(character: str, before: str, after: str) -> float | None:
    """Return the points of characters that all East Asian encodings treat alike."""
    category = unicodedata.category(character)
    # Private-use and unassigned characters show that the encoding is wrong.
    if category in ("Co", "Cn", "Cc"):
        return -3
    # So does a Chinese character inside a Latin word.
    if _is_lower(before) or _is_lower(after):
        return -1.5 if category == "Lo" else -0.5
    return None


def _lead(character: str, codec: str) -> tuple[int, int]:
    try:
        encoded = character.encode(codec)
    except UnicodeEncodeError:
        return 0, 0
    return encoded[0], encoded[1] if len(encoded) > 1 else 0


def _gb18030(character: str, before: str, after: str) -> float:
    common = _common_points(character, before, after)
    if common is not None:
        return common
    first, second = _lead(character, "gb2312")
    if 0xB0 <= first <= 0xD7:
        return 1
    if 0xD8 <= first <= 0xF7:
        return 0.2
    if first in (0xA1, 0xA3):
        return 0.3
    return -0.5 if not second else -0.2


def _big5(character: str, before: str, after: str) -> float:
    common = _common_points(character, before, after)
    if common is not None:
        return common
    first, second = _lead(character, "big5")
    if 0xA4 <= first <= 0xC6:
        # Texts in other encodings hardly have second bytes of ASCII.
        return 1.1 if second < 0x80 else 0.8
    if 0xC9 <= first <= 0xF9:
        return 0.2
    return 0.3 if 0xA1 <= first <= 0xA3 else -1


def _shift_jis(character: str, before: str, after: str) -> float:
    common = _common_points(character, before, after)
    if common is not None:
        return common
    if "\uff61" <= character <= "\uff9f":
        return -0.3
    if "\u3041" <= character <= "\u30ff":
        return 1
    first, second = _lead(character, "shift_jis")
    if 0x88 <= first <= 0x97 or (first == 0x98 and second <= 0x72):
        return 0.9
    return 0.3 if first in (0x81, 0x82) else -0.2


def _euc_kr(character: str, before: str, after: str) -> float:
    common = _common_points(character, before, after)
    if common is not None:
        return common
    first, second = _lead(character, "euc_kr")
    if 0xB0 <= first <= 0xC8 and second:
        return 1.3
    # Chinese characters are rare in Korean texts, and half of GB18030 looks like them.
    return 0.3 if first in (0xA1, 0xA3) else -1


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


def _euc_jp(character: str, before: str, after: str) -> float:
    common = _common_points(character, before, after)
    if common is not None:
        return common
    if "\u3041" <= character <= "\u30ff":
        return 1
    first, second = _lead(character, "euc_jp")
    if 0xB0 <= first <= 0xCF and second:
        return 0.9
    return 0.3 if first in (0xA1, 0xA3) else -0.5


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


SCORERS: dict[str, Callable[[str, str, str], float]] = {
    "gb18030": _gb18030,
    "big5": _big5,
    "shift_jis": _shift_jis,
    "euc-kr": _euc_kr,
    "cp1252": _cp1252,
    "cp1251": _cp1251,
    "euc-jp": _euc_jp,
}
