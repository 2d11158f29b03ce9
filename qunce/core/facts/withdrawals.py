"""Facts that were withdrawn, because what they recorded belongs elsewhere.

A fact is withdrawn when the member or the time of an order turns out to be wrong: its
counts cannot be made negative by further facts. The fact is deleted from the log, and
the row here makes the deriver remove it from all that is derived.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from qunce.core import db

IDS_PER_STATEMENT = 500


class WithdrawnFact(models.Model):
    """The id of a fact that is deleted; the row is removed once it is derived."""

    fact_id = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "core_withdrawn_fact"

    def __str__(self) -> str:
        return f"fact {self.fact_id}"


INSERT = "INSERT INTO core_withdrawn_fact (fact_id) VALUES"


def withdraw(ids: Sequence[int]) -> None:
    """Delete facts without a key of their own, in the transaction of the correction."""
    for start in range(0, len(ids), IDS_PER_STATEMENT):
        some = ids[start : start + IDS_PER_STATEMENT]
        db.execute(
            f"DELETE FROM core_fact WHERE id IN ({db.placeholders(len(some))})",  # noqa: S608
            some,
        )
        # An undo may come across a fact again that is withdrawn but not derived yet.
        db.insert(
            INSERT,
            [(fact_id,) for fact_id in some],
            on_conflict="ON CONFLICT DO NOTHING",
        )
