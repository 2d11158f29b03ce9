"""Counts what became of rows, so that the report of an import adds up.

Every row that is not refused was written (`changed`), said nothing new (`known`), was
left out as its member is unknown or replaced by a later row (`skipped`), or is about an
erased person (`suppressed`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from qunce.importing.accounts import account_resolver
from qunce.importing.accounts.account_resolver import Resolution

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def take(found: Resolution, order: NDArray[np.int64]) -> Resolution:
    """Return the resolution of the rows in this order."""
    columns = {
        field.name: getattr(found, field.name)[order]
        for field in dataclasses.fields(found)
        if field.name != "created"
    }
    return dataclasses.replace(found, **columns)


def count_without_member(found: Resolution, start: int, end: int) -> dict[str, int]:
    """Return how many of these rows have no member, and how the others were found."""
    rows = slice(start, end)
    is_suppressed = found.states[rows] == account_resolver.SUPPRESSED
    is_skipped = (found.ids[rows] == 0) & ~is_suppressed
    return {
        "skipped": int(is_skipped.sum()),
        "suppressed": int(is_suppressed.sum()),
        **found.counts(start, end),
    }
