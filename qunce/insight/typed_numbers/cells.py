"""What somebody types or pastes into a cell, as a number."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.insight.typed_numbers.models import MAX_VALUE

MAX_LENGTH = 40
"""Characters of a cell that a sentence repeats."""
NUMBER = re.compile(r"(\d+|\d{1,3}(?:[,'’ ]\d{3})+)(?:\.0+)?")
"""Thousands have one of the signs of spreadsheets; a point is followed by zeros only."""


class InvalidCell(errors.Invalid):
    """The text of a cell is no whole number within the limits."""


def parse(text: str) -> int | None:
    """Return the number in a cell; None for an empty one, which is never a zero.

    Digits may be full-width, thousands may be separated. Raises InvalidCell.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        return None
    shown = plain if len(plain) <= MAX_LENGTH else f"{plain[:MAX_LENGTH]}…"
    if re.fullmatch(r"[-−]\s?[\d,.]+", plain):
        raise InvalidCell(_("“%(text)s” is below 0.") % {"text": shown})
    match = NUMBER.fullmatch(plain)
    if match is None:
        raise InvalidCell(
            _("“%(text)s” is not a whole number. Write it in digits, such as 1280.")
            % {"text": shown}
        )
    digits = re.sub(r"\D", "", match[1]).lstrip("0") or "0"
    # Python refuses to read very long numbers.
    if len(digits) > len(str(MAX_VALUE)) or int(digits) > MAX_VALUE:
        raise InvalidCell(
            _("“%(text)s” is above the limit of %(most)s.")
            % {"text": shown, "most": f"{MAX_VALUE:,}"}
        )
    return int(digits)
