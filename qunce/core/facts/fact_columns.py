"""Records facts of one kind about many accounts, given by columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import column_inserts, permissions, timestamps
from qunce.core.facts import audit, facts
from qunce.core.facts.facts import FactKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def record(
    each: Sequence[FactKind],
    codes: NDArray[np.int64],
    accounts: NDArray[np.int64],
    *,
    happened_at: NDArray[np.int64],
    community: Community,
    by: Staff,
    at: datetime,
) -> None:
    """Record `each[codes[i]]` about `accounts[i]` at `happened_at[i]`, in microseconds.

    All facts are of one kind. It does what `facts.record_occurrences` does, at a third
    of the cost.
    """
    permissions.check_community(by, community.pk)
    if not len(accounts):
        return
    # A few codes, which `np.unique` would put into a hash table.
    used = {code: each[code] for code in np.flatnonzero(np.bincount(codes)).tolist()}
    texts = {code: fact.payload() for code, fact in used.items()}
    payloads, groups = set(texts.values()), {fact.group for fact in used.values()}
    (kind,) = facts.ensure_kinds({fact.kind for fact in used.values()}).values()
    columns: dict[str, NDArray[np.int64] | list[str | None] | list[int | None]] = {
        "account_id": accounts,
        "happened_at": happened_at,
    }
    constants: dict[str, int | str | None] = {
        "community_id": community.pk,
        "kind_id": kind,
        "recorded_at": timestamps.to_micros(at),
        "actor_id": by.pk,
    }
    if len(groups) == 1:
        (constants["group_id"],) = groups
    else:
        columns["group_id"] = [each[code].group for code in codes.tolist()]
    if len(payloads) == 1:
        (constants["payload"],) = payloads
    else:
        columns["payload"] = [texts[code] for code in codes.tolist()]
    column_inserts.insert("core_fact", columns, constants)
    audit.insert(
        community_id=community.pk,
        by=by,
        kind_id=kind,
        account_id=int(accounts[0]) if len(accounts) == 1 else None,
        group_id=next(iter(groups)) if len(groups) == 1 else None,
        count=len(accounts),
        at=at,
        detail=facts.common_fields(list(used.values())),
    )
