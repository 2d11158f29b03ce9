"""Stored values of one attribute type as those of another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import timestamps
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes.parsing import InvalidValue, StoredValue

MINUTE = timedelta(minutes=1)


def convert(
    rows: Sequence[StoredValue], old: str, new: str, zone: ZoneInfo
) -> list[StoredValue]:
    """The rows of one account as those of another type.

    Values are written as text and read like any other input. Raises InvalidValue.
    """
    if new == old:
        return list(rows)
    texts = [to_text(old, new, row, zone) for row in rows]
    if old == "multi" and new == "text":
        texts = ["; ".join(texts)]
    if len(texts) > 1:
        raise InvalidValue(
            _("“%(v)s” are several values.") % {"v": "; ".join(sorted(texts))}
        )
    converted = value_parsing.parse(new, texts[0], zone)
    converted = [row for row in converted if row != (None, "")]
    if not converted:
        raise InvalidValue(_("“%(v)s” has no values.") % {"v": texts[0]})
    return converted


def to_text(old: str, new: str, row: StoredValue, zone: ZoneInfo) -> str:
    """A stored value as a text that `new` reads, without losing digits."""
    number, _text = row
    if number is not None and old == "bool" and new == "number":
        return str(number)
    if number is not None and old == "instant":
        moment = timestamps.from_micros(number).astimezone(zone)
        if new == "date":
            return moment.date().isoformat()
        # Offsets of the nineteenth century have seconds, which no reader knows.
        offset = moment.utcoffset() or timedelta()
        exact = moment if offset % MINUTE == timedelta() else moment.astimezone(UTC)
        return exact.isoformat(" ")
    return value_parsing.format_value(old, *row, zone)


def is_lossless(
    rows: Sequence[StoredValue],
    converted: Sequence[StoredValue],
    old: str,
    new: str,
    zone: ZoneInfo,
) -> bool:
    """Whether converting back gives the same rows."""
    try:
        back = convert(converted, new, old, zone)
    except InvalidValue:
        return False
    return set(back) == set(rows)
