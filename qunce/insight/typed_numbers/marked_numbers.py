"""Numbers with the mark that says whether they were typed or measured.

Adding both keeps the mark; dividing one by the other is refused, since a typed number
and a measured one do not count the same people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from qunce.core import errors


class Origin(TextChoices):
    MEASURED = "measured", pgettext_lazy("number", "measured")
    TYPED = "typed", pgettext_lazy("number", "typed")
    MIXED = "mixed", pgettext_lazy("number", "partly typed")


class MixedOrigins(errors.Refused):
    """A typed number and a measured one have no ratio."""


@dataclass(frozen=True)
class MarkedNumber:
    value: int
    origin: Origin

    @property
    def mark(self) -> str:
        """The word that is shown beside the number; "" for a measured one."""
        return "" if self.origin is Origin.MEASURED else str(self.origin.label)


def add(numbers: Iterable[MarkedNumber]) -> MarkedNumber | None:
    """The sum, marked by where its parts come from; None without any part."""
    parts = list(numbers)
    if not parts:
        return None
    origins = {part.origin for part in parts}
    origin = origins.pop() if len(origins) == 1 else Origin.MIXED
    return MarkedNumber(sum(part.value for part in parts), origin)


def divide(part: MarkedNumber, whole: MarkedNumber) -> Fraction | None:
    """The ratio of two numbers of one origin; None if the whole is 0."""
    if part.origin is not whole.origin or part.origin is Origin.MIXED:
        raise MixedOrigins(
            _(
                "There is no ratio of typed and measured numbers: they count differently."
            )
        )
    return Fraction(part.value, whole.value) if whole.value else None
