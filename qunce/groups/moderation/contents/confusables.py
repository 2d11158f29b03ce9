"""The plain form of a character: look-alikes, enclosed letters and digits in disguise.

Each character is folded without regard to its neighbours, so that a place in the folded
text can be found in the original again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MAX_REMEMBERED = 60_000
"""Characters whose fold is remembered; others are computed whenever they occur."""

LOOK_ALIKES = dict(
    zip(
        # Cyrillic, Greek, small capitals, Cherokee, Lisu and signs.
        "авеѕікмнорстухһԁԛԝјӏѵүґꙇ"
        "αβγεζηικνορτυχωϲϳ"
        "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ"
        "ᏙᏔᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏃ"
        "ꓦꓪꓫꓬꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓜ"
        "ɑɡıȷƖɩſ∨⋁⌵√ˇᐯ×╳✕∪∩曰",
        "abesikmhopctyxhdqwjlvyrı"
        "abyeznikvoptuxwcj"
        "abcdefghijklmnopqrstuvwyz"
        "vwabcdeghjklmprstz"
        "vwxyabcdefghijklmnoprstuz"
        "agijliſvvvvvvxxxun日",
        strict=True,
    )
) | {"ı": "i", "ꙇ": "i", "ſ": "s"}
ENCLOSED = (
    # First character, how many follow one another, and what the first one means.
    ("\u2776", 9, "1"),
    ("\u2780", 9, "1"),
    ("\u278a", 9, "1"),
    ("\u24f5", 9, "1"),
    ("\u2474", 9, "1"),
    ("\u2488", 9, "1"),
    ("\u249c", 26, "a"),
    ("\U0001f110", 26, "a"),
    ("\U0001f150", 26, "a"),
    ("\U0001f170", 26, "a"),
    ("\U0001f1e6", 26, "a"),
    ("\U000e0020", 95, " "),
    ("\u3220", 9, "一"),
)
SINGLE = {
    "\u24ff": "0",
    "\u277f": "10",
    "\u2789": "10",
    "\u2793": "10",
    "\U0001f10b": "0",
    "\U0001f10c": "0",
    "\U0001f51f": "10",
    "\u2795": "+",
    "\u3007": "〇",
}
CHINESE_DIGITS = "一二三四五六七八九"
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
MARKS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x180B, 0x180F),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
"""Combining marks that decorate or hide letters, and variation selectors."""


def _enclosed() -> Iterator[tuple[str, str]]:
    for first, count, meaning in ENCLOSED:
        for offset in range(count):
            if meaning == "一":
                plain = CHINESE_DIGITS[offset]
            else:
                plain = chr(ord(meaning) + offset).lower()
            yield chr(ord(first) + offset), plain


PLAIN = {**dict(_enclosed()), **SINGLE}


def is_invisible(char: str) -> bool:
    """Whether the character shows nothing, or only decorates its neighbour."""
    code = ord(char)
    if char in INVISIBLE or any(low <= code <= high for low, high in MARKS):
        return True
    return unicodedata.category(char) in ("Cf", "Cs") or (
        unicodedata.category(char) == "Cc" and not char.isspace()
    )


def fold(char: str) -> str:
    """The plain form of one character: "" if it shows nothing, perhaps several characters."""
    if char in PLAIN:
        return PLAIN[char]
    if is_invisible(char):
        return ""
    return "".join(_fold_part(part) for part in unicodedata.normalize("NFKC", char))


def _fold_part(char: str) -> str:
    if is_invisible(char):
        return ""
    if char.isspace():
        return "\n" if char in "\n\r\x0b\x0c\x85\u2028\u2029" else " "
    if char in LOOK_ALIKES:
        return LOOK_ALIKES[char]
    digit = unicodedata.digit(char, None)
    if digit is not None and unicodedata.category(char) == "Nd":
        return str(digit)
    return "".join(LOOK_ALIKES.get(each, each) for each in _base(char).casefold())


def _base(char: str) -> str:
    """A letter of Latin, Greek or Cyrillic without its accents; others as they are."""
    if not "\u00c0" <= char <= "\u052f" and not "\u1e00" <= char <= "\u1fff":
        return char
    first = unicodedata.normalize("NFD", char)[0]
    return LOOK_ALIKES.get(first, first)


class _Folds(dict[int, str]):
    """The folds of characters by their code, as `str.translate` asks for them."""

    def __missing__(self, code: int) -> str:
        plain = fold(chr(code))
        if len(self) < MAX_REMEMBERED:
            self[code] = plain
        return plain


FOLDS = _Folds()
