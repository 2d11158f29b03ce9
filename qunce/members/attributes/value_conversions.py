"""The stored values of one attribute, converted to another type, and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from qunce.core import timestamps
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import conversion
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.attributes.parsing import StoredValue
from qunce.members.attributes.values import AttributeValue, PastValue, ValueRow

ACCOUNTS_PER_CHUNK = 1_000


@dataclass(frozen=True)
class Conversion:
    """The rows of one account, and those that replace them; none if unreadable.

    `is_restored` if the replacement is from the history. `is_lossless` if converting it
    back gives the same rows.
    """

    account: int
    rows: list[ValueRow]
    before: str
    replacement: list[ValueRow]
    after: str = ""
    is_restored: bool = False
    is_lossless: bool = False


def read(attribute: Attribute, new: str) -> Iterator[list[Conversion]]:
    """Every value of the attribute, some accounts at a time."""
    present = AttributeValue.objects.filter(attribute=attribute, present=True)
    accounts = sorted(set(present.values_list("account_id", flat=True)))
    zone = ZoneInfo(attribute.community.timezone)
    fields = ("account_id", "item", "number", "text", "set_at", "source", "by_id")
    for chunk in account_queries.chunks(accounts, ACCOUNTS_PER_CHUNK):
        stored = present.filter(account_id__in=chunk).order_by("account_id", "item")
        rows: dict[int, list[ValueRow]] = {}
        for account, item, number, text, set_at, *origin in stored.values_list(*fields):
            micros = timestamps.to_micros(set_at)
            row = ValueRow(account, item, number, text, micros, *origin)
            rows.setdefault(account, []).append(row)
        past = _read_past(attribute, new, chunk)
        yield [
            _convert(own, past.get(account, []), attribute.type, new, zone)
            for account, own in rows.items()
        ]


def _read_past(
    attribute: Attribute, new: str, accounts: Sequence[int]
) -> dict[int, list[ValueRow]]:
    """The newest of each account's past values that were of the new type."""
    rows = PastValue.objects.filter(
        attribute_id=attribute.pk, account_id__in=accounts, type=new
    )
    newest: dict[int, tuple[datetime, list[ValueRow]]] = {}
    for row in rows.order_by("account_id", "-ended_at", "pk"):
        ended_at, own = newest.setdefault(row.account_id, (row.ended_at, []))
        if row.ended_at == ended_at:
            item = (row.text or "") if new == AttributeType.MULTI else ""
            micros = timestamps.to_micros(row.set_at)
            own.append(
                ValueRow(
                    *(row.account_id, item, row.number, row.text),
                    *(micros, row.source, row.by_id),
                )
            )
    return {account: own for account, (_ended_at, own) in newest.items()}


def _convert(
    rows: list[ValueRow], past: list[ValueRow], old: str, new: str, zone: ZoneInfo
) -> Conversion:
    account, values = rows[0].account, _values(rows)
    before = _format(old, values, zone)
    newest = max(rows, key=lambda row: row.set_at)
    if past and _is_same_value(rows, past, old, new, zone):
        after = _format(new, _values(past), zone)
        return Conversion(
            account, rows, before, past, after, is_restored=True, is_lossless=True
        )
    try:
        converted = conversion.convert(values, old, new, zone)
    except value_parsing.InvalidValue:
        return Conversion(account, rows, before, [])
    replacement = [
        newest._replace(
            item=(text or "") if new == AttributeType.MULTI else "",
            number=number,
            text=text,
        )
        for number, text in converted
    ]
    return Conversion(
        account,
        rows,
        before,
        replacement,
        _format(new, converted, zone),
        is_lossless=conversion.is_lossless(values, converted, old, new, zone),
    )


def _is_same_value(
    rows: list[ValueRow], past: list[ValueRow], old: str, new: str, zone: ZoneInfo
) -> bool:
    """Whether `rows` are what an earlier change of type made of `past`."""
    # A conversion keeps the time at which a value was set.
    if max(row.set_at for row in rows) != max(row.set_at for row in past):
        return False
    try:
        converted = conversion.convert(_values(past), new, old, zone)
    except value_parsing.InvalidValue:
        return False
    return set(converted) == set(_values(rows))


def _values(rows: Sequence[ValueRow]) -> list[StoredValue]:
    return [(row.number, row.text) for row in rows]


def _format(kind: str, values: Sequence[StoredValue], zone: ZoneInfo) -> str:
    return "; ".join(value_parsing.format_value(kind, *row, zone) for row in values)


def write(
    attribute: Attribute, conversions: Sequence[Conversion], rev: int, at: datetime
) -> None:
    archived: list[tuple[int, str]] = []
    written: list[ValueRow] = []
    for one in conversions:
        if not one.is_lossless:
            archived += [(row.account, row.item) for row in one.rows]
        kept = {row.item for row in one.replacement}
        # Absent rows stay with the new revision, for cached columns.
        removed = [
            row._replace(present=False) for row in one.rows if row.item not in kept
        ]
        if not one.replacement:
            # A dropped value changed now, while converted ones keep their time.
            removed = [row._replace(set_at=timestamps.to_micros(at)) for row in removed]
        written += [*removed, *one.replacement]
    attribute_values.archive(attribute, archived, ended_at=at)
    attribute_values.upsert(attribute, written, rev)
