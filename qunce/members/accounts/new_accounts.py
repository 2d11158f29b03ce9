"""Creates many accounts at once that nobody has yet, for files.

Whether an account is new is looked up before the transaction, because that takes most of
the time; inside it only what may have changed since is looked up again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import column_inserts, db, revisions
from qunce.core.communities import Community
from qunce.core.facts import fact_columns, interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, identifiers, suppression
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import MemberJoined, MemberLeft

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAYS = np.iinfo(np.int64).max
Identifiers = Mapping[str, tuple["NDArray[np.int64]", "NDArray[Any]"]]
"""By kind: places of accounts, ascending, and the value of each, texts as objects."""


@dataclass(frozen=True)
class NewAccounts:
    """Accounts by columns. Texts are objects; `sources` are codes of `source_names`."""

    keys: NDArray[Any]
    names: NDArray[Any]
    joined_at: NDArray[np.int64]
    left_at: NDArray[np.int64]
    """`STAYS` of those who have not left."""
    sources: NDArray[np.int64]
    source_names: Sequence[str]
    identifiers: Identifiers

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Moment:
    """What shows whether accounts or identifiers were created, or members erased, since.

    `identifier` is None on PostgreSQL, where the order of ids is not that of commits.
    """

    presence: int
    suppression: int
    identifier: int | None

    @classmethod
    def read(cls, community: Community) -> Moment:
        presence = account_models.PRESENCE_REVISION, 0
        ((suppression_id, identifier_id),) = db.rows(
            "SELECT (SELECT MAX(id) FROM members_suppression),"
            " (SELECT MAX(id) FROM members_identifier)"
        )
        return cls(
            revisions.read(community.pk, [presence])[presence],
            suppression_id or 0,
            None if db.is_postgresql() else identifier_id or 0,
        )


def are_new(community: Community, new: NewAccounts, since: Moment | None) -> bool:
    """Return whether nobody has these keys and identifiers, and no erased person had them.

    `since` is the moment at which this was looked up, if only the caller has written
    accounts and identifiers after it. Call it after `lock`.
    """
    values = [(kind, each.tolist()) for kind, (_p, each) in new.identifiers.items()]
    if since is None:
        keys = new.keys.tolist()
        if find_keys(community, keys):
            return False
        if find_suppressed(community, [keys, *(each for _kind, each in values)]):
            return False
    elif since.identifier is not None:
        return True
    return not any(find_owners(community, kind, each) for kind, each in values)


def find_keys(community: Community, keys: Collection[str]) -> dict[str, int]:
    """Return the first account of each key that is in use, in any channel."""
    found: dict[str, int] = {}
    for chunk in account_queries.chunks(sorted(keys)):
        condition, params = db.among(chunk)
        found.update(
            db.rows(
                "SELECT key, id FROM members_account"  # noqa: S608 - placeholders only
                f" WHERE community_id = %s AND key {condition} ORDER BY id DESC",
                [community.pk, *params],
            )
        )
    return found


def find_owners(
    community: Community, kind: str, values: Collection[str]
) -> list[tuple[str, int]]:
    """Return the values that are in use, each with an account that has it."""
    owners: list[tuple[str, int]] = []
    for chunk in account_queries.chunks(sorted(values)):
        condition, params = db.among(chunk)
        owners += db.rows(
            "SELECT value, account_id FROM members_identifier"  # noqa: S608
            f" WHERE community_id = %s AND kind = %s AND value {condition}",
            [community.pk, kind, *params],
        )
    return owners


def find_suppressed(
    community: Community, columns: Iterable[Sequence[str | None]]
) -> set[str]:
    """Return which texts of these columns belonged to somebody who was erased."""
    if not suppression.count(community):
        return set()
    texts = {text for column in columns for text in column if text}
    pairs = ((identifiers.KEY, text) for text in texts)
    return {text for _kind, text in suppression.find(community, pairs)}


def lock(community: Community) -> int:
    """Keep others from creating accounts until the commit; returns the revision."""
    return revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]


def create(
    community: Community,
    new: NewAccounts,
    *,
    rev: int,
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> NDArray[np.int64]:
    """Create accounts that `are_new`; returns their ids, ascending.

    `rev` is what `lock` returned. Nobody is merged, as nobody shares an identifier.
    """
    ids = _next_ids(len(new))
    common: dict[str, Any] = {"community": community, "by": by, "at": at}
    described = fact_columns.describe(
        [
            MemberJoined(channel=accounts.DEFAULT_CHANNEL, source=name)
            for name in new.source_names
        ],
        new.sources,
    )
    rows = _insert_accounts(community, new, ids, rev, described.columns)
    fact_columns.record_rows(described, rows, ids, time_column="joined_at", **common)
    for kind, (places, values) in new.identifiers.items():
        column_inserts.insert(
            "members_identifier",
            {"account_id": ids[places], "value": values},
            {"community_id": community.pk, "kind": kind, "job_id": job_id},
        )
    has_left = new.left_at != STAYS
    fact_columns.record(
        [MemberLeft()],
        np.zeros(int(has_left.sum()), dtype=np.int64),
        ids[has_left],
        happened_at=new.left_at[has_left],
        **common,
    )
    return ids


def _insert_accounts(
    community: Community,
    new: NewAccounts,
    ids: NDArray[np.int64],
    rev: int,
    further: Mapping[str, Sequence[Any]],
) -> column_inserts.Rows:
    """Insert accounts; returns their rows with further columns of their facts."""
    used = np.flatnonzero(np.bincount(new.sources)).tolist()
    names = [name for code in used if (name := new.source_names[code])]
    by_name = interned_names.ensure(accounts.SOURCE_NAMESPACE, community.pk, names)
    source_ids = [by_name.get(name) for name in new.source_names]
    columns: dict[str, Any] = {
        "account_id": ids,
        "key": new.keys,
        "name": new.names,
        "joined_at": new.joined_at,
    }
    constants: dict[str, int | str | bool | None] = {
        "community_id": community.pk,
        "channel": accounts.DEFAULT_CHANNEL,
        "rev": rev,
    }
    if len(used) == 1:
        constants["source_id"] = source_ids[used[0]]
    else:
        columns["source_id"] = [source_ids[code] for code in new.sources.tolist()]
    if (new.left_at == STAYS).all():
        constants["present"] = True
    else:
        columns["present"] = new.left_at == STAYS
        columns["left_at"] = [
            None if moment == STAYS else moment for moment in new.left_at.tolist()
        ]
    rows = column_inserts.Rows({**columns, **further})
    chosen = {name: name for name in columns if name != "account_id"}
    rows.insert("members_account", {"id": "account_id", **chosen}, constants)
    return rows


NEXT_IDS = """
WITH owned AS MATERIALIZED (
    SELECT pg_get_serial_sequence('members_account', 'id')::regclass AS sequence
)
SELECT nextval(owned.sequence) FROM owned CROSS JOIN generate_series(1, %s)
"""
"""The sequence is looked up once, which would take longer than the numbers."""


def _next_ids(count: int) -> NDArray[np.int64]:
    if db.is_postgresql():
        rows = db.rows(NEXT_IDS, [count])
        return np.sort(np.array([row[0] for row in rows], dtype=np.int64))
    # The transaction has the only write lock, and inserting the ids moves the sequence.
    rows = db.rows("SELECT seq FROM sqlite_sequence WHERE name = 'members_account'")
    first = 1 + (rows[0][0] if rows else 0)
    return np.arange(first, first + count, dtype=np.int64)
