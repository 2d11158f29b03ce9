"""Revisions: a counter for each thing whose set people ask for.

Whoever changes the rows of such a thing raises its counter first, in the same
transaction, and stamps the rows with the new number. The counter's row is locked until
the commit, so for one thing revisions become visible in order and without gaps, and a
reader who knows revision n asks only for `rev > n`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from qunce.core import db

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[str, int]
"""A revision kind, such as `tag`, and the id of the one thing, such as a tag's."""


class Revision(models.Model):
    community_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    ref = models.BigIntegerField()
    rev = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind", "ref"], name="one_revision_a_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}: {self.rev}"


BUMP = """
INSERT INTO core_revision (community_id, kind, ref, rev) VALUES (%s, %s, %s, 1)
ON CONFLICT (community_id, kind, ref) DO UPDATE SET rev = core_revision.rev + 1
RETURNING rev
"""


def bump(community_id: int, kind: str, refs: Iterable[int]) -> dict[int, int]:
    """Raise the counter of each ref; returns the new numbers.

    Call it inside the transaction of the change. Locks are taken in order of ref, so
    two writers of the same kind cannot wait for each other.
    """
    return {
        ref: db.rows(BUMP, [community_id, kind, ref])[0][0] for ref in sorted(set(refs))
    }


def read(community_id: int, keys: Iterable[Key]) -> dict[Key, int]:
    """Current numbers in one statement; a thing never changed has 0."""
    wanted = set(keys)
    if not wanted:
        return {}
    refs: dict[str, list[int]] = {}
    for kind, ref in wanted:
        refs.setdefault(kind, []).append(ref)
    clauses = [
        f"(kind = %s AND ref IN ({db.placeholders(len(several))}))"
        for several in refs.values()
    ]
    found = db.rows(
        "SELECT kind, ref, rev FROM core_revision"  # noqa: S608 - marks only
        f" WHERE community_id = %s AND ({' OR '.join(clauses)})",
        [community_id, *(part for kind in refs for part in (kind, *refs[kind]))],
    )
    numbers = dict.fromkeys(wanted, 0)
    numbers.update({(kind, ref): rev for kind, ref, rev in found})
    return numbers
