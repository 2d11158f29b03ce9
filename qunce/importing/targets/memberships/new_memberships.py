"""Writes memberships of accounts that the same transaction has created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import column_inserts, revisions
from qunce.core.facts import fact_columns
from qunce.groups import groups, stays
from qunce.groups.groups import GroupJoined
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class NewMemberships:
    """Memberships by columns, each of another pair of group and account."""

    groups: NDArray[np.int64]
    accounts: NDArray[np.int64]
    joined_at: NDArray[np.int64]


def add(job: ImportJob, new: NewMemberships) -> None:
    """Add accounts without any membership to groups, like `writer.write_entries`."""
    if not len(new.accounts):
        return
    chosen, codes = np.unique(new.groups, return_inverse=True)
    bumped = revisions.bump(job.community_id, groups.KIND.name, chosen.tolist())
    revs = np.array([bumped[pk] for pk in chosen.tolist()], dtype=np.int64)
    columns = (new.groups.tolist(), new.accounts.tolist(), new.joined_at.tolist())
    journal.record_encoded(
        job,
        "memberships",
        # The role and the missing end are the same in all of them.
        [
            f'[{group},{account},null,["{stays.MEMBER}",{moment},null]]'
            for group, account, moment in zip(*columns, strict=True)
        ],
    )
    described = fact_columns.describe(
        [GroupJoined(group=pk, role=stays.MEMBER) for pk in chosen.tolist()], codes
    )
    own = {
        "group_id": new.groups,
        "account_id": new.accounts,
        "joined_at": new.joined_at,
        "rev": revs[codes],
    }
    rows = column_inserts.Rows({**own, **described.columns})
    rows.insert(
        groups.KIND.table,
        {name: name for name in own},
        {"weight": 1, "present": True, "role": stays.MEMBER},
    )
    fact_columns.record_rows(
        described,
        rows,
        new.accounts,
        time_column="joined_at",
        community=job.community,
        by=job.by,
        at=job.started_at,
    )
