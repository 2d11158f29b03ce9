"""What a wheel and nine squares show: sectors as large as the chances, and where it stops.

Numbers are texts with a point, as attributes of SVG need them in every language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from qunce.activities.instant_draws import odds

COLOURS, SQUARES = 5, 8
QUARTER, CIRCLE = 90, 360


@dataclass(frozen=True)
class Sector:
    """A part of a wheel in hundredths of it; `colour` is one of COLOURS."""

    start: str
    share: str
    colour: int


def sectors(parts: Sequence[int]) -> list[Sector]:
    """The sectors of the prizes; what is left of the wheel wins nothing."""
    starts = [0, *accumulate(parts)]
    return [
        Sector(_hundredths(start), _hundredths(share), n % COLOURS)
        for n, (start, share) in enumerate(zip(starts, parts, strict=False))
    ]


def _hundredths(parts: int) -> str:
    return f"{100 * parts / odds.WHOLE:.4f}"


def turn_of(roll: int) -> str:
    """The degrees by which a wheel is turned, so that its pointer is at a number."""
    return f"{-QUARTER - CIRCLE * roll / odds.WHOLE:.2f}"


def squares(prizes: int, drawn: int | None) -> list[int | None]:
    """The prize of each square around the middle, None for nothing.

    The one that was drawn is among them, also where there are more prizes than squares.
    """
    shown = list(range(min(prizes, SQUARES - 1)))
    if drawn is not None and drawn >= len(shown):
        shown[-1] = drawn
    spread: list[int | None] = [None] * SQUARES
    step = SQUARES // max(len(shown), 1)
    for n, prize in enumerate(shown):
        spread[n * step if step > 1 else n] = prize
    return spread
