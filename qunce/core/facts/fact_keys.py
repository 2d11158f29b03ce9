"""Finds and withdraws facts by the keys that their sources gave them."""

from __future__ import annotations

from collections.abc import Sequence

from qunce.core import db
from qunce.core.facts import key_hashes, withdrawals
from qunce.core.facts.facts import FactKey, FactKeyOverflow

KEYS_PER_STATEMENT = 500
SELECT_BY_HASH = """
SELECT fact.key, fact.id FROM core_factkey stored
JOIN core_fact fact ON fact.id = stored.fact_id
WHERE fact.source_id = %s AND stored.hash IN ({hashes})
"""
SELECT_OVERFLOWED = """
SELECT key, fact_id FROM core_factkeyoverflow WHERE source_id = %s AND key IN ({keys})
"""
SELECT_BY_KEY = """
SELECT wanted.key, existing.id FROM unnest(%s::text[]) AS wanted(key)
CROSS JOIN LATERAL (
    SELECT f.id FROM core_fact f WHERE f.source_id = %s AND f.key = wanted.key LIMIT 1
) AS existing
"""


def find(source_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of the facts of this source with these keys, by key."""
    wanted, found = sorted(set(keys)), dict[str, int]()
    for start in range(0, len(wanted), KEYS_PER_STATEMENT):
        some = wanted[start : start + KEYS_PER_STATEMENT]
        if db.is_postgresql():
            found.update(db.rows(SELECT_BY_KEY, [db.text_array(some), source_id]))
            continue
        hashes = key_hashes.hashes_of(source_id, [key.encode() for key in some])
        marks = db.placeholders(len(some))
        rows = db.rows(
            SELECT_BY_HASH.format(hashes=marks), [source_id, *hashes.tolist()]
        )
        rows += db.rows(SELECT_OVERFLOWED.format(keys=marks), [source_id, *some])
        # Another key of the source may have the hash of one of these.
        found.update((key, fact) for key, fact in rows if key in set(some))
    return found


def withdraw(source_id: int, keys: Sequence[str]) -> list[int]:
    """Withdraw the facts with these keys, in a transaction; returns their ids.

    The keys are free again, so that the same facts can be imported once more.
    """
    found = find(source_id, keys)
    ids = sorted(found.values())
    for start in range(0, len(ids), KEYS_PER_STATEMENT):
        some = ids[start : start + KEYS_PER_STATEMENT]
        FactKey.objects.filter(fact_id__in=some).delete()
        FactKeyOverflow.objects.filter(fact_id__in=some).delete()
    withdrawals.withdraw(ids)
    return ids
