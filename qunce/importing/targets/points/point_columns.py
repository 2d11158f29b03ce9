"""Reads numbers of points as other systems write them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.activities.points.models import MAX_POINTS
from qunce.core import decimals, errors


class InvalidBalance(errors.Invalid):
    """The cell is no number of points."""


def normalise_points(text: str) -> str:
    """The digits of a whole number of points; raises InvalidBalance."""
    try:
        number = decimals.parse(text.strip().replace(",", "").replace("，", ""))
    except decimals.NotADecimal:
        number = None
    if number is None or number != number.to_integral_value() or number < 0:
        raise InvalidBalance(
            _("Points must be a whole number that is not below zero, such as 120.")
        )
    if number > MAX_POINTS:
        raise InvalidBalance(
            _("A balance has at most %(most)s points.") % {"most": f"{MAX_POINTS:,}"}
        )
    return str(int(number))
