"""Names the members whom an import of orders has created, by the column that staff chose.

Columns of names are often those of receivers, who may be anybody, so that none is used
unless staff map it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from qunce.core import batch_writes, revisions
from qunce.core.communities import Community
from qunce.importing.accounts import account_resolver
from qunce.importing.accounts.account_resolver import Resolution
from qunce.members.accounts import models as account_models

# Only names that are missing: an interrupted import comes here again.
UPDATE = """
UPDATE members_account SET name = %s, rev = %s
WHERE id = %s AND name = '' AND erased_at IS NULL
"""
Named = Sequence[tuple[str, int]]


def give(
    community: Community, found: Resolution, names: pa.Array, rows: np.ndarray
) -> None:
    """Give new members the name in the first of their rows, in short transactions."""
    is_named = np.asarray(pc.is_valid(names), dtype=bool)
    chosen = np.flatnonzero((found.states == account_resolver.CREATED) & is_named)
    chosen = chosen[np.argsort(rows[chosen], kind="stable")]
    accounts, first = np.unique(found.ids[chosen], return_index=True)
    texts = names.take(pa.array(chosen[first])).to_pylist()
    named = list(zip(texts, accounts.tolist(), strict=True))

    def prepare(start: int, end: int) -> Named:
        return named[start:end]

    def commit(batch: Named, _end: int) -> None:
        kind = account_models.PRESENCE_REVISION
        rev = revisions.bump(community.pk, kind, [0])[0]
        with connection.cursor() as cursor:
            cursor.executemany(UPDATE, [(name, rev, pk) for name, pk in batch])

    batch_writes.write(
        len(named), prepare=prepare, commit=commit, sizer=batch_writes.BatchSizer()
    )
