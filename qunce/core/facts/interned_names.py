"""Names kept once and known by a small integer: kinds of facts, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from qunce.core import db

if TYPE_CHECKING:
    from collections.abc import Iterable


class InternedName(models.Model):
    """`space` tells what is named: `kind` for all communities (0), `source` for one."""

    space = models.CharField(max_length=12)
    community_id = models.BigIntegerField()
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "core_interned_name"
        constraints = [
            models.UniqueConstraint(
                fields=["space", "community_id", "name"], name="one_id_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


FIND = "SELECT id FROM core_interned_name WHERE space = %s AND community_id = %s AND name = %s"
MAKE = """
INSERT INTO core_interned_name (space, community_id, name) VALUES (%s, %s, %s)
ON CONFLICT (space, community_id, name) DO NOTHING
"""


def find(space: str, community_id: int, name: str) -> int | None:
    found = db.rows(FIND, [space, community_id, name])
    return found[0][0] if found else None


def ensure(space: str, community_id: int, names: Iterable[str]) -> dict[str, int]:
    """Ids of `names`, made where missing."""
    return {name: _ensure(space, community_id, name) for name in set(names)}


def _ensure(space: str, community_id: int, name: str) -> int:
    found = find(space, community_id, name)
    if found is None:
        db.execute(MAKE, [space, community_id, name])
        found = find(space, community_id, name)
    assert found is not None  # noqa: S101 - just made
    return found


def listed(space: str, community_id: int) -> dict[int, str]:
    rows = db.rows(
        "SELECT id, name FROM core_interned_name WHERE space = %s AND community_id = %s",
        [space, community_id],
    )
    return dict(rows)
