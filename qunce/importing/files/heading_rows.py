"""Finds the headings among the first rows of a table, below its title."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from qunce.importing.files import inspection, rows

MAX_ROWS = 50
"""Rows that are looked at."""
MAX_HEADING_LENGTH = 40
GENERATED = re.compile(r"column \d+")
"""Headings of columns that have none, as `rows.unique_headings` writes them."""
REPEATED = re.compile(r"(.+) \(\d+\)", re.DOTALL)
"""Headings that occur again."""
SEPARATORS = re.compile(r"[\s_\-./·:：()（）\[\]【】*#\"'“”]+")
DATA = re.compile(
    r"\+?\d[\d \-]{6,20}|[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}"
    r"|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?([ T].*)?"
)
"""A phone or another long number, an e-mail address, or a date."""
SHAPES = {
    "number": re.compile(r"\d{1,12}(\.\d{1,4})?"),
    "Chinese name": re.compile(r"[\u3400-\u9fff]{2,4}([·•][\u3400-\u9fff]{1,8})?"),
    # Capitals distinguish names from the words of a heading such as favourite_drink.
    "name": re.compile(r"[A-ZÀ-Þ][\w'’.-]{0,30}(\s[A-ZÀ-Þ][\w'’.-]{0,30}){1,3}"),
}
"""What the values of a column that is not named may be."""
HEADING = re.compile(
    r"(名|称|号|码|间|期|类|型|别|态|注|签|群|址|级|源|道|额|量|数|价|费|率|角色|顾客|顾问|成员|内容|方式)$"
    r"|\b(name|id|no|number|date|time|type|status|tags?|group|count|total|amount|level|"
    r"city|phone|mobile|e-?mail|source|channel|note|score|price|code|key|value)\b",
    re.IGNORECASE,
)
"""How headings end in Chinese, and the words of English ones."""
HINT = re.compile(
    r"[(\[【]\s{0,9}(必填|选填|非必填|可选|可为空|元|单位.{0,80}?|格式.{0,80}?|如.{0,80}?|例.{0,80}?|示例.{0,80}?|yyyy.{0,80}?|"
    r"required|optional|e\.g\..{0,80}?)\s{0,9}[)\]】]"
)
"""What templates add to a heading to help those who fill them in."""


@dataclass(frozen=True)
class Headings:
    """`rows` is the number of rows up to the headings, including them."""

    texts: list[str]
    rows: int
    are_like_data: bool = False
    """Whether they may be the first row of a table without headings."""


def normalise(heading: str) -> str:
    """Return the heading without case, width, spaces, punctuation and hints."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    return SEPARATORS.sub("", HINT.sub("", plain) or plain)


def find(table: Sequence[Sequence[str]]) -> Headings:
    """Return the headings; a table without any has none.

    Rows with less than half of the usual cells are a title, remarks, or blank. Two rows
    of headings, of which the first names groups of columns, become one.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in table]
    usual = statistics.median_high([number for number in filled if number] or [0])
    least = max(usual / 2, 2) if usual > 1 else 1
    index = next((i for i, number in enumerate(filled) if number >= least), None)
    if index is None:
        return Headings([], 0)
    width = max(len(row) for row in table)
    first = _padded(table[index], width)
    below = _padded(table[index + 1], width) if index + 1 < len(table) else []
    if below and _are_groups(first, below):
        return Headings(_trimmed(_combine(first, below)), index + 2)
    texts = _trimmed(first)
    return Headings(texts, index + 1, _are_like_data(texts, table[index + 1 :]))


def name_columns(found: Headings) -> Headings:
    """Return the headings with a name for every column; raises if there is none."""
    if not found.texts:
        raise inspection.UnreadableFile(_("The first row must hold the headings."))
    return replace(found, texts=rows.unique_headings(found.texts))


def as_data(found: Headings) -> Headings:
    """Return letters as headings, above the row of those that were found."""
    letters = [_letters(number) for number in range(1, len(found.texts) + 1)]
    return replace(found, texts=letters, rows=found.rows - 1)


def _letters(number: int) -> str:
    """Return what spreadsheets call the column."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _are_like_data(texts: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether one is a phone, date or address, or a value of its column."""
    if any(DATA.fullmatch(text) for text in texts):
        return True
    repeated = [
        any(len(row) > index and row[index].strip() == text for row in below)
        for index, text in enumerate(texts)
        if text
    ]
    # All of them are the headings again, on another page.
    return any(repeated) and not all(repeated)


def are_like_values(texts: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether headings that nobody knows look like the values below them.

    Such as names of people, or of cities, in a file without headings.
    """
    if any(HEADING.search(text) for text in texts):
        return False
    is_alike = False
    for index, text in enumerate(texts):
        values = [row[index].strip() for row in below if len(row) > index]
        values = [value for value in values if value]
        if not text or not values:
            continue
        shapes = {_shape(value) for value in values}
        if shapes != {_shape(text)} or "" in shapes:
            return False
        is_alike = True
    return is_alike


def _shape(text: str) -> str:
    """Return what a short text consists of, empty for anything else."""
    names = [name for name, shape in SHAPES.items() if shape.fullmatch(text)]
    return "".join(names[:1])


def _padded(row: Sequence[str], width: int) -> list[str]:
    return [cell.strip() for cell in row] + [""] * (width - len(row))


def _trimmed(texts: list[str]) -> list[str]:
    used = [index for index, text in enumerate(texts) if text]
    return texts[: max(used, default=-1) + 1]


def _are_groups(first: list[str], below: list[str]) -> bool:
    """Return whether `first` names groups of the columns that `below` names."""
    used = [i for i in range(len(first)) if first[i] or below[i]]
    names = [below[i] for i in used if below[i]]
    combined = [text for text in _combine(first, below) if text]
    if len(used) < 3 or len(names) < 2 or len(set(combined)) < len(combined):
        return False
    # A row of data nearly always has a digit somewhere, or a long text.
    if any(re.search(r"\d", n) or len(n) > MAX_HEADING_LENGTH for n in names):
        return False
    starts = 0
    for i in used:
        if first[i] and below[i]:
            # Only a group has no heading next to it.
            if i + 1 >= len(first) or first[i + 1]:
                return False
            starts += 1
    has_gap = any(not first[i] for i in used)
    # Headings over both rows show that they belong together, and so do several groups.
    return has_gap and starts > 0 and (starts > 1 or any(not below[i] for i in used))


def _combine(first: list[str], below: list[str]) -> list[str]:
    headings, group = [], ""
    for upper, lower in zip(first, below, strict=True):
        group = upper or group
        if not lower:
            headings.append(upper)
        else:
            # The group distinguishes columns of one name.
            is_repeated = below.count(lower) > 1 or lower in first
            headings.append(f"{group} {lower}" if is_repeated else lower)
    return headings
