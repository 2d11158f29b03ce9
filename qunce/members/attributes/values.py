"""The rows of attributes: every value now, and those that were replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """The value now. `item` is empty, or the text of one of several values (`multi`)."""

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
    """A value that was replaced or taken away, and when."""

    attribute_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    number = models.BigIntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001 - null where `number` speaks
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


UPSERT = """
INSERT INTO members_attributevalue (attribute_id, account_id, item, number, text,
    set_at, source, by_id, present, rev)
VALUES {rows}
ON CONFLICT (attribute_id, account_id, item) DO UPDATE SET number = excluded.number,
    text = excluded.text, set_at = excluded.set_at, source = excluded.source,
    by_id = excluded.by_id, present = excluded.present, rev = excluded.rev
"""
ROWS_PER_STATEMENT = 1_000
ValueKey = tuple[int, str]
"""Account and item."""


@dataclass(frozen=True)
class Writer:
    """Writes the values of one attribute, inside the caller's transaction."""

    attribute: Attribute
    by: Staff
    at: datetime
    source: str

    def write(self, stored: Mapping[int, list[StoredValue]]) -> list[int]:
        """Write these accounts' values; returns the accounts that changed."""
        pk, community = self.attribute.pk, self.attribute.community_id
        rev = revisions.bump(community, attribute_columns.KIND, [pk])[pk]
        old = self._present(stored)
        new = {
            (account, self._item(text)): (number, text)
            for account, rows in stored.items()
            for number, text in rows
        }
        put = {place: row for place, row in new.items() if old.get(place) != row}
        gone = {place: row for place, row in old.items() if place not in new}
        self._keep([place for place in {**put, **gone} if place in old])
        self._upsert(put, rev, present=True)
        self._upsert(gone, rev, present=False)
        return sorted({account for account, _item in {**put, **gone}})

    def _item(self, text: str | None) -> str:
        return text or "" if self.attribute.type == "multi" else ""

    def _present(self, accounts: Iterable[int]) -> dict[ValueKey, StoredValue]:
        rows = AttributeValue.objects.filter(attribute=self.attribute, present=True)
        found = rows.filter(account_id__in=list(accounts))
        return {
            (account, item): (number, text)
            for account, item, number, text in found.values_list(
                "account_id", "item", "number", "text"
            )
        }

    def _keep(self, places: Sequence[ValueKey]) -> None:
        """Move what is replaced to the history."""
        if not places:
            return
        accounts = {account for account, _item in places}
        wanted = set(places)
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
                if (row.account_id, row.item) in wanted
            ],
            batch_size=ROWS_PER_STATEMENT,
        )

    def _upsert(
        self, rows: Mapping[ValueKey, StoredValue], rev: int, *, present: bool
    ) -> None:
        micros = timestamps.to_micros(self.at)
        for chunk in account_queries.chunks(list(rows.items()), ROWS_PER_STATEMENT):
            flat: list[object] = []
            for (account, item), (number, text) in chunk:
                flat += [self.attribute.pk, account, item, number, text]
                flat += [micros, self.source, self.by.pk, present, rev]
            marks = ", ".join([f"({db.placeholders(10)})"] * len(chunk))
            db.execute(UPSERT.format(rows=marks), flat)
