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
