"""Numbers as people write them: 500, 1,200, 1.5万, 三十, 两千五百, two."""

from __future__ import annotations

from decimal import Decimal

from qunce.sets.rules.grammar.reader import is_inside_word
from qunce.sets.rules.grammar.values import scan_number

DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "俩": 2,
}
TENS = {"十": 10, "百": 100, "千": 1_000}
LARGE = {"万": 10_000, "亿": 100_000_000}
MULTIPLES = {**LARGE, "千": 1_000, "百": 100, "k": 1_000, "w": 10_000}
ENGLISH = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}
MAX_DIGITS = 15


def scan(text: str, at: int) -> tuple[Decimal, int] | None:
    """The number at this position of a text in lower case, and the position after it."""
    found = scan_number(text, at)
    if found is not None:
        number, end = found
        if end - at > MAX_DIGITS:
            return None
        multiple = MULTIPLES.get(text[end : end + 1])
        if multiple and not is_inside_word(text, end + 1):
            return number * multiple, end + 1
        return number, end
    for word, value in ENGLISH.items():
        end = at + len(word)
        if text.startswith(word, at) and not is_inside_word(text, end):
            return Decimal(value), end
    return _scan_chinese(text, at)


def _scan_chinese(text: str, at: int) -> tuple[Decimal, int] | None:
    end = at
    while end < len(text) and end - at < MAX_DIGITS and _is_chinese_digit(text[end]):
        end += 1
    number = _parse_chinese(text[at:end])
    return None if number is None else (Decimal(number), end)


def _is_chinese_digit(char: str) -> bool:
    return char in DIGITS or char in TENS or char in LARGE


def _parse_chinese(digits: str) -> int | None:
    """`两千五百` → 2500; None for what is not a number, such as `十` after `百百`."""
    total = section = 0
    digit: int | None = None
    unit_before = 10**12
    for char in digits:
        if char in DIGITS:
            if digit:
                return None
            digit = DIGITS[char]
        elif char in TENS:
            if TENS[char] >= unit_before:
                return None
            section += (1 if digit is None else digit) * TENS[char]
            unit_before, digit = TENS[char], None
        else:
            total += (section + (digit or 0)) * LARGE[char]
            section, digit, unit_before = 0, None, LARGE[char]
    if not digits or digits[0] in LARGE:
        return None
    return total + section + (digit or 0)
