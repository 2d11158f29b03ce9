"""Names that are stored once and referred to by a small integer: fact kinds, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from qunce.core import db

if TYPE_CHECKING:
    from collections.abc import Iterable


class InternedName(models.Model):
    """`namespace` is `kind`, shared by all communities (id 0), or `source`, of one."""

    namespace = models.CharField(max_length=12)
    community_id = models.BigIntegerField()
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "core_interned_name"
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "community_id", "name"], name="one_id_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


SELECT_ID = """
SELECT id FROM core_interned_name
WHERE namespace = %s AND community_id = %s AND name = %s
"""
INSERT_NAME = """
INSERT INTO core_interned_name (namespace, community_id, name) VALUES (%s, %s, %s)
ON CONFLICT (namespace, community_id, name) DO NOTHING
"""


def find(namespace: str, community_id: int, name: str) -> int | None:
    rows = db.rows(SELECT_ID, [namespace, community_id, name])
    return rows[0][0] if rows else None


def ensure(namespace: str, community_id: int, names: Iterable[str]) -> dict[str, int]:
    """The id of each name; names that are new are stored."""
    ids: dict[str, int] = {}
    for name in set(names):
        id_ = find(namespace, community_id, name)
        if id_ is None:
            db.execute(INSERT_NAME, [namespace, community_id, name])
            # Read again, because another transaction may have inserted it first.
            id_ = find(namespace, community_id, name)
        assert id_ is not None  # noqa: S101 - just stored
        ids[name] = id_
    return ids


def names_by_id(namespace: str, community_id: int) -> dict[int, str]:
    rows = db.rows(
        "SELECT id, name FROM core_interned_name"
        " WHERE namespace = %s AND community_id = %s",
        [namespace, community_id],
    )
    return dict(rows)
