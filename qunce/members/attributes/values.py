"""The tables of attribute values, current and replaced, and how they are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from qunce.core import db, revisions, timestamps
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes.parsing import StoredValue
from qunce.sets.bitmaps import attribute_columns

if TYPE_CHECKING:
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
                fields=["attribute", "account_id", "item"],
                name="one_value_per_account",
            )
        ]
        indexes = [
            models.Index(fields=["attribute", "rev"], name="value_by_rev"),
            models.Index(fields=["account_id"], name="value_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.attribute_id} of {self.account_id}"


class PastValue(models.Model):
    """A value that was replaced or removed at `ended_at`."""

    attribute_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
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


KIND = attribute_columns.ColumnKind(model=AttributeValue, ref_column="attribute_id")


ROWS_PER_STATEMENT = 1_000
UPSERT = """
INSERT INTO members_attributevalue (attribute_id, account_id, item, number, text,
    set_at, source, by_id, present, rev)
VALUES {rows}
ON CONFLICT (attribute_id, account_id, item) DO UPDATE SET number = excluded.number,
    text = excluded.text, set_at = excluded.set_at, source = excluded.source,
    by_id = excluded.by_id, present = excluded.present, rev = excluded.rev
"""
ValueKey = tuple[int, str]
"""Account id and item."""


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
        is_multi = self.attribute.type == "multi"
        rows = AttributeValue.objects.filter(
            attribute=self.attribute, account_id__in=list(values), present=True
        )
        old: dict[ValueKey, StoredValue] = {
            (account, item): (number, text)
            for account, item, number, text in rows.values_list(
                "account_id", "item", "number", "text"
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
        self._archive([key for key in {**changed, **removed} if key in old])
        self._upsert(changed, rev, present=True)
        # Removed values stay as absent rows with a new revision, for cached columns.
        self._upsert(removed, rev, present=False)
        return sorted({account for account, _item in {**changed, **removed}})

    def _archive(self, keys: Collection[ValueKey]) -> None:
        """Copy the current values with these keys to the history."""
        if not keys:
            return
        accounts = {account for account, _item in keys}
        replaced = set(keys)
        rows = AttributeValue.objects.filter(
            attribute=self.attribute, account_id__in=accounts, present=True
        )
        PastValue.objects.bulk_create(
            [
                PastValue(
                    attribute_id=self.attribute.pk,
                    account_id=row.account_id,
                    number=row.number,
                    text=row.text,
                    set_at=row.set_at,
                    source=row.source,
                    by_id=row.by_id,
                    ended_at=self.at,
                )
                for row in rows
                if (row.account_id, row.item) in replaced
            ],
            batch_size=ROWS_PER_STATEMENT,
        )

    def _upsert(
        self, values: Mapping[ValueKey, StoredValue], rev: int, *, present: bool
    ) -> None:
        micros = timestamps.to_micros(self.at)
        for chunk in account_queries.chunks(list(values.items()), ROWS_PER_STATEMENT):
            # Raw SQL spares a model instance per value.
            params: list[object] = []
            for (account, item), (number, text) in chunk:
                params += [self.attribute.pk, account, item, number, text]
                params += [micros, self.source, self.by.pk, present, rev]
            rows = ", ".join([f"({db.placeholders(10)})"] * len(chunk))
            db.execute(UPSERT.format(rows=rows), params)
