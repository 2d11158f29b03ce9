"""The tables of attribute values, current and replaced, and how they are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from django.db import models
from django.utils.translation import gettext as _

from qunce.core import column_inserts, db, errors, revisions, timestamps
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes.parsing import StoredValue
from qunce.sets.bitmaps import attribute_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.core.column_inserts import Constants
    from qunce.members.attributes.attributes import Attribute


class AttributeValue(attribute_columns.ColumnValue):
    """A current value.

    An attribute of type `multi` has one row per text, repeated in `item`, which is
    empty for other types.
    """

    attribute = models.ForeignKey(
        "members.Attribute",
        models.PROTECT,
        related_name="values",
        db_index=False,
        db_constraint=False,
    )
    item = models.TextField(default="")
    source = models.CharField(max_length=20)
    by_id = models.BigIntegerField(null=True)

    class Meta(attribute_columns.ColumnValue.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "attribute", "item"],
                name="one_value_per_account",
            )
        ]
        indexes = [
            models.Index(fields=["attribute", "rev"], name="value_by_rev"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute_id} of {self.account_id}"


class PastValue(models.Model):
    """A value that was replaced or removed at `ended_at`.

    `type` is what the attribute was then; it may have another type by now.
    """

    attribute_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    type = models.CharField(max_length=10)
    number = models.BigIntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001 - null if the value is a number
    set_at = timestamps.TimestampField()
    source = models.CharField(max_length=20)
    by_id = models.BigIntegerField(null=True)
    ended_at = timestamps.TimestampField()

    class Meta:
        indexes = [
            models.Index(
                fields=["account_id", "attribute_id"], name="past_value_by_account"
            )
        ]

    def __str__(self) -> str:
        return f"{self.attribute_id} of {self.account_id} until {self.ended_at}"


KIND = attribute_columns.ColumnKind(
    name=attribute_columns.KIND, model=AttributeValue, ref_column="attribute_id"
)


ROWS_PER_STATEMENT = 1_000
ATTRIBUTES_AT_A_TIME = column_inserts.MAX_COLUMNS - 1
INSERT = """
INSERT INTO members_attributevalue (attribute_id, account_id, item, number, text,
    set_at, source, by_id, present, rev) VALUES
"""
UPDATE_KNOWN = """
ON CONFLICT (attribute_id, account_id, item) DO UPDATE SET number = excluded.number,
    text = excluded.text, set_at = excluded.set_at, source = excluded.source,
    by_id = excluded.by_id, present = excluded.present, rev = excluded.rev
"""
ValueKey = tuple[int, str]
"""Account id and item."""


class ValueRow(NamedTuple):
    """A row as it is stored; `set_at` in microseconds."""

    account: int
    item: str
    number: int | None
    text: str | None
    set_at: int
    source: str
    by_id: int | None
    present: bool = True


class TypeWasChanged(errors.Refused):
    """The attribute has another type than when the values were read."""


@dataclass(frozen=True)
class ValueWriter:
    """Writes the values of one attribute, inside the caller's transaction."""

    attribute: Attribute
    by: Staff
    at: datetime
    source: str

    def write(self, values: Mapping[int, list[StoredValue]]) -> list[int]:
        """Set the values of accounts; returns the accounts whose values changed."""
        pk, community = self.attribute.pk, self.attribute.community_id
        rev = revisions.bump(community, attribute_columns.KIND, [pk])[pk]
        # After the bump, which locks the attribute: a change of its type may have been
        # committed since the values were parsed.
        check_types([self.attribute])
        is_multi = self.attribute.type == "multi"
        old: dict[ValueKey, StoredValue] = {
            (account, item): (number, text)
            for chunk in account_queries.chunks(list(values))
            for account, item, number, text in db.rows(
                "SELECT account_id, item, number, text FROM members_attributevalue"  # noqa: S608
                " WHERE attribute_id = %s AND present AND account_id IN"
                f" ({db.placeholders(len(chunk))})",
                [pk, *chunk],
            )
        }
        new = {
            (account, (text or "") if is_multi else ""): (number, text)
            for account, parsed in values.items()
            for number, text in parsed
        }
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        removed = {key: value for key, value in old.items() if key not in new}
        # Before the upsert, which overwrites what the history has to keep.
        archived = [key for key in {**changed, **removed} if key in old]
        archive(self.attribute, archived, ended_at=self.at)
        self._upsert(changed, rev, present=True)
        # Removed values stay as absent rows with a new revision, for cached columns.
        self._upsert(removed, rev, present=False)
        return sorted({account for account, _item in {**changed, **removed}})

    def _upsert(
        self, values: Mapping[ValueKey, StoredValue], rev: int, *, present: bool
    ) -> None:
        micros, source, by_id = timestamps.to_micros(self.at), self.source, self.by.pk
        rows = [
            ValueRow(account, item, number, text, micros, source, by_id, present)
            for (account, item), (number, text) in values.items()
        ]
        upsert(self.attribute, rows, rev)


@dataclass(frozen=True)
class NewValues:
    """Values of one attribute, all numbers or all texts, of accounts that have none.

    `places` are those of the accounts, ascending; an account may have several values if
    the type is `multi`.
    """

    attribute: Attribute
    places: NDArray[np.int64]
    values: NDArray[np.int64] | NDArray[Any]

    @property
    def column(self) -> str:
        return "text" if self.values.dtype == object else "number"

    def to_arrow(self) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Return the numbers, texts and items of the rows."""
        # Loads Arrow, which most users of this module do not need.
        import pyarrow as pa

        count = len(self.values)
        numbers, texts = pa.nulls(count, pa.int64()), pa.nulls(count, pa.string())
        if self.column == "text":
            texts = pa.array(self.values, pa.string())
        else:
            numbers = pa.array(self.values, pa.int64())
        is_multi = self.attribute.type == "multi"
        return numbers, texts, texts if is_multi else pa.repeat(pa.scalar(""), count)


def insert_new(
    accounts: NDArray[np.int64],
    each: Sequence[NewValues],
    *,
    also_locked: Iterable[Attribute] = (),
    by: Staff,
    at: datetime,
    source: str,
) -> None:
    """Insert values of several attributes, inside the caller's transaction.

    `also_locked` are attributes that the caller writes afterwards: every writer locks
    attributes in the order of their ids.
    """
    if not each:
        return
    locked = {own.attribute.pk for own in each} | {own.pk for own in also_locked}
    revs = revisions.bump(each[0].attribute.community_id, KIND.name, locked)
    check_types([own.attribute for own in each])
    constants: Constants = {
        "set_at": timestamps.to_micros(at),
        "source": source,
        "by_id": by.pk,
        "present": True,
    }
    if db.is_postgresql():
        _copy_new(accounts, each, revs, constants)
        return
    single = [own for own in each if own.attribute.type != "multi"]
    for start in range(0, len(single), ATTRIBUTES_AT_A_TIME):
        _insert_columns(
            accounts, single[start : start + ATTRIBUTES_AT_A_TIME], revs, constants
        )
    for own in each:
        if own.attribute.type == "multi":
            pk = own.attribute.pk
            column_inserts.insert(
                KIND.table,
                {
                    "account_id": accounts[own.places],
                    "text": own.values,
                    "item": own.values,
                },
                {**constants, "attribute_id": pk, "rev": revs[pk]},
            )


def _copy_new(
    accounts: NDArray[np.int64],
    each: Sequence[NewValues],
    revs: Mapping[int, int],
    constants: Constants,
) -> None:
    """Copy all values at once, sorted by account, as the unique index is."""
    import pyarrow as pa

    sizes = [len(own.places) for own in each]
    places = np.concatenate([own.places for own in each])
    order = np.argsort(places, kind="stable")
    pks = [own.attribute.pk for own in each]
    parts = zip(*(own.to_arrow() for own in each), strict=True)
    numbers, texts, items = (
        pa.concat_arrays(list(part)).take(pa.array(order)) for part in parts
    )
    column_inserts.insert(
        KIND.table,
        {
            "account_id": accounts[places[order]],
            "attribute_id": np.repeat(pks, sizes)[order],
            "number": numbers,
            "text": texts,
            "item": items,
            "rev": np.repeat([revs[pk] for pk in pks], sizes)[order],
        },
        constants,
    )


def _insert_columns(
    accounts: NDArray[np.int64],
    each: Sequence[NewValues],
    revs: Mapping[int, int],
    constants: Constants,
) -> None:
    """Insert values of attributes with one value per account, on SQLite."""
    columns: dict[str, Sequence[Any] | NDArray[Any]] = {"account_id": accounts}
    for index, own in enumerate(each):
        column: Any = own.values
        if len(own.places) < len(accounts):
            column = np.full(len(accounts), None, dtype=object)
            column[own.places] = own.values
        columns[f"value_{index}"] = column
    rows = column_inserts.Rows(columns)
    for index, own in enumerate(each):
        pk = own.attribute.pk
        rows.insert_filled(
            KIND.table,
            {"account_id": "account_id", own.column: f"value_{index}"},
            {**constants, "item": "", "attribute_id": pk, "rev": revs[pk]},
            f"value_{index}",
        )


def prefer(attribute: Attribute, accounts: Sequence[int], *, at: datetime) -> None:
    """Make the values of these accounts the latest ones, so that they count after a merge.

    Call it in a transaction.
    """
    kind = attribute_columns.KIND
    rev = revisions.bump(attribute.community_id, kind, [attribute.pk])[attribute.pk]
    rows = AttributeValue.objects.filter(attribute=attribute, account_id__in=accounts)
    rows.filter(present=True).update(set_at=at, rev=rev)


def check_types(each: Collection[Attribute]) -> None:
    """Raises TypeWasChanged if the type in the database is another one."""
    stored = dict(
        db.rows(
            "SELECT id, type FROM members_attribute"  # noqa: S608 - placeholders only
            f" WHERE id IN ({db.placeholders(len(each))})",
            [attribute.pk for attribute in each],
        )
    )
    for attribute in each:
        if stored[attribute.pk] != attribute.type:
            raise TypeWasChanged(
                _("The type of “%(name)s” has just been changed. Try again.")
                % {"name": attribute.name}
            )


def archive(
    attribute: Attribute, keys: Collection[ValueKey], *, ended_at: datetime
) -> None:
    """Copy the current values with these keys to the history."""
    if not keys:
        return
    accounts = {account for account, _item in keys}
    replaced = set(keys)
    rows = AttributeValue.objects.filter(
        attribute=attribute, account_id__in=accounts, present=True
    )
    PastValue.objects.bulk_create(
        [
            PastValue(
                attribute_id=attribute.pk,
                account_id=row.account_id,
                type=attribute.type,
                number=row.number,
                text=row.text,
                set_at=row.set_at,
                source=row.source,
                by_id=row.by_id,
                ended_at=ended_at,
            )
            for row in rows
            if (row.account_id, row.item) in replaced
        ],
        batch_size=ROWS_PER_STATEMENT,
    )


def upsert(attribute: Attribute, rows: Sequence[ValueRow], rev: int) -> None:
    # Raw SQL spares a model instance per value.
    values = [(attribute.pk, *row, rev) for row in rows]
    db.insert(INSERT, values, on_conflict=UPDATE_KNOWN)
