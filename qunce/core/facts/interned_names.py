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


Name = tuple[str, int, str]
"""Namespace, community and name."""


def find_all(names: Iterable[Name]) -> dict[Name, int]:
    """The ids of those names that are stored, by one statement."""
    groups: dict[tuple[str, int], list[str]] = {}
    for namespace, community_id, name in sorted(set(names)):
        groups.setdefault((namespace, community_id), []).append(name)
    if not groups:
        return {}
    conditions = [
        f"namespace = %s AND community_id = %s AND name IN ({db.placeholders(len(own))})"
        for own in groups.values()
    ]
    rows = db.rows(
        "SELECT namespace, community_id, name, id FROM core_interned_name"  # noqa: S608
        f" WHERE {' OR '.join(conditions)}",
        [value for group, own in groups.items() for value in (*group, *own)],
    )
    return {(namespace, community, name): pk for namespace, community, name, pk in rows}


def ensure_all(names: Iterable[Name]) -> dict[Name, int]:
    """The id of each name; names that are new are stored."""
    wanted = set(names)
    ids = find_all(wanted)
    if new := sorted(wanted - ids.keys()):
        for name in new:
            db.execute(INSERT_NAME, name)
        # Read again, because another transaction may have inserted them first.
        ids |= find_all(new)
    return ids


def ensure(namespace: str, community_id: int, names: Iterable[str]) -> dict[str, int]:
    """The id of each name of a namespace; names that are new are stored."""
    ids = ensure_all((namespace, community_id, name) for name in names)
    return {name: pk for (_namespace, _community, name), pk in ids.items()}


def names_by_id(namespace: str, community_id: int) -> dict[int, str]:
    rows = db.rows(
        "SELECT id, name FROM core_interned_name"
        " WHERE namespace = %s AND community_id = %s",
        [namespace, community_id],
    )
    return dict(rows)
