"""Memberships from files: `group_key, member_key, joined_at, left_at`, and `role`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import batch_writes, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_groups
from qunce.groups.groups import GroupJoined, GroupLeft, Membership
from qunce.importing import account_resolver
from qunce.importing import registry as importing_registry
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading
from qunce.sets.bitmaps import marks

Row = tuple[int, int, str | None, int | None, int | None]
"""Group, account, role, joined and left in microseconds."""


class MembershipTarget:
    key = "memberships"
    extras = ""
    required = (("group_key",), ("member_key",))
    fields = (
        importing_registry.Field(
            "group_key",
            "key",
            "group group_id chat_id 群id 群名称 群名 群聊名称 群",
        ),
        importing_registry.Field(
            "member_key",
            "key",
            "member key user_id 会员号 用户id 客户id 成员id 群成员id 群成员 用户 手机号",
        ),
        importing_registry.Field(
            "joined_at",
            "moment",
            "入群时间 加入时间 join_time joined",
        ),
        importing_registry.Field(
            "left_at",
            "moment",
            "退群时间 离开时间 left",
        ),
        importing_registry.Field(
            "role",
            "key",
            "角色 身份 群身份",
        ),
    )

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        return reading.chunks()

    def writer(self, job: ImportJob, reading: Reading) -> importing_registry.Writer:
        return MembershipWriter(job)

    def kinds(self, reading: Reading) -> dict[str, str]:
        return {}


class MembershipWriter:
    """Rows sorted by group, so that a batch raises few revisions."""

    def __init__(self, job: ImportJob) -> None:
        self._job, self._pace = job, batch_writes.BatchSizer()
        self._accounts = account_resolver.AccountResolver(
            job.community, by=job.by, at=job.started_at, source=job.source
        )
        self._made = 0

    def ready(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        joined = chunk.get("joined_at").cast(pa.int64())
        seen = np.asarray(pc.fill_null(joined, now))
        ids, made = self._accounts.resolve(chunk.get("member_key"), seen, self._pace)
        self._made += made
        coded = pc.dictionary_encode(chunk.get("group_key"))
        keys = coded.dictionary.to_pylist()
        groups = group_groups.ensure(
            community=job.community, keys=keys, by=job.by, at=job.started_at
        )
        places = np.array([groups[key] for key in keys], dtype=np.int64)
        group_ids = places[np.asarray(coded.indices)]
        order = np.lexsort((chunk.rows, ids, group_ids))
        last = np.ones(len(order), dtype=bool)  # of rows that say it twice, the later
        last[:-1] = (np.diff(group_ids[order]) != 0) | (np.diff(ids[order]) != 0)
        order = order[last]
        take = pa.array(order)
        self._columns = (
            group_ids[order].tolist(),
            ids[order].tolist(),
            chunk.get("role").take(take).to_pylist(),
            joined.take(take).to_pylist(),
            chunk.get("left_at").cast(pa.int64()).take(take).to_pylist(),
        )
        return len(order)

    def batch(self, begin: int, end: int) -> list[Row]:
        columns = [column[begin:end] for column in self._columns]
        return list(zip(*columns, strict=True))

    def write(self, batch: list[Row]) -> Mapping[str, int]:
        changed = 0
        by_group: dict[int, list[Row]] = {}
        for row in batch:
            by_group.setdefault(row[0], []).append(row)
        for group, rows in sorted(by_group.items()):
            changed += len(write(self._job, group, rows))
        made, self._made = self._made, 0
        return {"changed": changed, "known": len(batch) - changed, "members": made}


def write(job: ImportJob, group: int, rows: list[Row]) -> set[int]:
    """Bring memberships of one group to what the rows tell; returns who changed."""
    now = timestamps.to_micros(job.started_at)
    found = Membership.objects.filter(
        group_id=group, account_id__in=[r[1] for r in rows]
    )
    held = {row.account_id: row for row in found}
    sorted_: dict[tuple[str, int, int | None], list[int]] = {}
    for _group, account, role, joined, left in rows:
        old = held.get(account)
        was = _as_row(old)
        new = (
            role or (was[0] if was else "member"),
            joined if joined is not None else (was[1] if was else now),
            left,
        )
        if new != was and not (
            was and left is None and not _came_back(was, joined, role)
        ):
            sorted_.setdefault(new, []).append(account)
    for (role, joined, left), accounts in sorted(sorted_.items(), key=str):
        _put(job, group, role, joined, left, accounts)
        _record(job, group, role, joined, left, accounts, held)
    return {account for accounts in sorted_.values() for account in accounts}


def _as_row(old: Membership | None) -> tuple[str, int, int | None] | None:
    if old is None:
        return None
    left = timestamps.to_micros(old.left_at) if old.left_at else None
    return old.role, timestamps.to_micros(old.joined_at), left


def _came_back(
    was: tuple[str, int, int | None], joined: int | None, role: str | None
) -> bool:
    """Whether a row without a leaving says anything new of somebody known."""
    if was[2] is None:
        return (joined is not None and joined != was[1]) or role not in (None, was[0])
    return joined is not None and joined > was[2]


def _put(
    job: ImportJob,
    group: int,
    role: str,
    joined: int,
    left: int | None,
    some: list[int],
) -> None:
    extra = {"role": role, "joined_at": joined, "left_at": left}
    weights = dict.fromkeys(some, 1 if left is None else 0)
    marks.set_weights(group_groups.KIND, job.community_id, group, weights, extra)
    # A row whose weight stays is left alone there; its words may be new all the same.
    rows = Membership.objects.filter(group_id=group, account_id__in=some)
    rows.update(**extra)
    known = set(rows.values_list("account_id", flat=True))
    gone = {"weight": 1, "present": False, "rev": 0}
    Membership.objects.bulk_create(
        [
            Membership(group_id=group, account_id=account, **gone, **extra)
            for account in some
            if account not in known
        ]
    )


def _record(
    job: ImportJob,
    group: int,
    role: str,
    joined: int,
    left: int | None,
    some: list[int],
    held: Mapping[int, Membership],
) -> None:
    here = {account for account in some if account in held and held[account].present}
    known = {account for account in some if account in held}
    came = [a for a in some if a not in here and (left is None or a not in known)]
    gone = [a for a in some if left is not None and (a in here or a not in known)]
    for event, accounts, at in (
        (GroupJoined(group=group, role=role), came, joined),
        (GroupLeft(group=group), gone, left),
    ):
        if accounts and at is not None:
            facts.record_for_accounts(
                event,
                accounts,
                community=job.community,
                by=job.by,
                at=job.started_at,
                happened_at=[timestamps.from_micros(at)] * len(accounts),
            )


def add_members(
    job: ImportJob, wanted: Mapping[int, tuple[int, list[str]]]
) -> set[int]:
    """The `groups` column of members' files: put in, never taken out."""
    keys = {key for _joined, names in wanted.values() for key in names}
    groups = group_groups.ensure(
        community=job.community, keys=keys, by=job.by, at=job.started_at
    )
    by_group: dict[int, list[Row]] = {}
    for account, (joined, names) in wanted.items():
        for key in names:
            row: Row = (groups[key], account, None, joined, None)
            by_group.setdefault(groups[key], []).append(row)
    changed: set[int] = set()
    for group, rows in sorted(by_group.items()):
        here = set(
            Membership.objects.filter(
                group_id=group, present=True, account_id__in=[row[1] for row in rows]
            ).values_list("account_id", flat=True)
        )
        changed |= write(job, group, [row for row in rows if row[1] not in here])
    return changed
