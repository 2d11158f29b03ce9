"""Timestamps, stored as microseconds since 1970 UTC on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC. Raises ValueError if `moment` is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


DIGITS_PER_UNIT = {
    9: 1_000_000,
    10: 1_000_000,
    12: 1_000,
    13: 1_000,
    15: 1,
    16: 1,
}
"""Microseconds per unit of an epoch, by its number of digits.

Seconds, milliseconds and microseconds of March 1973 to 2286 have these lengths. With 11
or 14 digits a number would be a time before 1973 or after 2286.
"""


class AmbiguousEpoch(ValueError):
    """A number with so many digits is not a time in a unit that can be recognised."""


def from_epoch(text: str) -> int:
    """Return microseconds for an epoch in seconds, milliseconds or microseconds.

    The magnitude decides; a fraction is allowed. Raises AmbiguousEpoch.
    """
    whole, _point, fraction = text.partition(".")
    unit = DIGITS_PER_UNIT.get(len(whole))
    if unit is None or whole.startswith("0"):
        raise AmbiguousEpoch(text)
    # What is smaller than a microsecond is cut off.
    digits = len(str(unit)) - 1
    return int(whole) * unit + int(fraction[:digits].ljust(digits, "0") or 0)


SetType = TypeVar("SetType")
GetType = TypeVar("GetType")

if TYPE_CHECKING:

    class TimestampField(models.Field[SetType, GetType]):
        _pyi_private_set_type: datetime | int
        _pyi_private_get_type: datetime

else:

    class TimestampField(models.BigIntegerField):
        """A datetime stored as a bigint: compact, exact, sortable in DuckDB and NumPy."""

        def from_db_value(self, value: int | None, *_: Any) -> datetime | None:
            return None if value is None else from_micros(value)

        def to_python(self, value: Any) -> Any:
            return from_micros(value) if isinstance(value, int) else value

        def get_prep_value(self, value: Any) -> Any:
            return to_micros(value) if isinstance(value, datetime) else value
