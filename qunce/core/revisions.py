"""Revisions: a counter for each thing, such as a tag, that rules read as a set.

A transaction that changes rows of such a thing raises its counter first and stores the
new number in the rows. The counter's row is locked until the commit, so the revisions of
one thing become visible in order and without gaps, and a reader that knows revision n
reads only rows with `rev > n`.
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
                fields=["community_id", "kind", "ref"], name="one_revision_per_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}: {self.rev}"


BUMP = """
INSERT INTO core_revision (community_id, kind, ref, rev) VALUES {rows}
ON CONFLICT (community_id, kind, ref) DO UPDATE SET rev = core_revision.rev + 1
RETURNING ref, rev
"""
BUMP_ON_POSTGRESQL = BUMP.replace(
    "VALUES {rows}", "SELECT %s, %s, ref, 1 FROM unnest(%s::bigint[]) AS ref"
)
"""A parameter of its own for each number would take longer than the change."""
REFS_PER_STATEMENT = 500


def bump(community_id: int, kind: str, refs: Iterable[int]) -> dict[int, int]:
    """Raise the counter of each ref; returns the new numbers.

    Call it in the transaction of the change. Counters are locked in order of ref, so
    that two writers of the same kind do not deadlock.
    """
    ordered = sorted(set(refs))
    if db.is_postgresql():
        refs_in_order = "{" + ",".join(map(str, ordered)) + "}"
        return dict(db.rows(BUMP_ON_POSTGRESQL, [community_id, kind, refs_in_order]))
    numbers: dict[int, int] = {}
    for start in range(0, len(ordered), REFS_PER_STATEMENT):
        chunk = ordered[start : start + REFS_PER_STATEMENT]
        rows = ", ".join(["(%s, %s, %s, 1)"] * len(chunk))
        params = [part for ref in chunk for part in (community_id, kind, ref)]
        numbers.update(db.rows(BUMP.format(rows=rows), params))
    return numbers


def read(community_id: int, keys: Iterable[Key]) -> dict[Key, int]:
    """The current number of each key, read in one statement; 0 if it never changed."""
    numbers = dict.fromkeys(keys, 0)
    if not numbers:
        return {}
    refs: dict[str, list[int]] = {}
    for kind, ref in numbers:
        refs.setdefault(kind, []).append(ref)
    clauses = [
        f"(kind = %s AND ref IN ({db.placeholders(len(refs_of_kind))}))"
        for refs_of_kind in refs.values()
    ]
    rows = db.rows(
        "SELECT kind, ref, rev FROM core_revision"  # noqa: S608 - placeholders only
        f" WHERE community_id = %s AND ({' OR '.join(clauses)})",
        [community_id, *(part for kind in refs for part in (kind, *refs[kind]))],
    )
    numbers.update({(kind, ref): rev for kind, ref, rev in rows})
    return numbers
