"""Imports memberships of groups: `group_key, member_key, joined_at, left_at, role`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.groups import groups
from qunce.groups.groups import GroupJoined, GroupLeft, Membership
from qunce.importing import account_resolver, journal
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk
from qunce.importing.plan import ImportPlan
from qunce.importing.target_registry import Field, Target
from qunce.sets.bitmaps import marks

Row = tuple[int, int, str | None, int | None, int | None]
"""Group, account, role, and times of joining and leaving in microseconds."""
State = tuple[str, int, int | None]
"""Role, and times of joining and leaving in microseconds."""


class MembershipTarget(Target):
    key = "memberships"
    label = _("Group members")
    description = _("one group and one member per row")
    position = 3
    required = (("group_key",), ("member_key",))
    fields = (
        Field(
            "group_key",
            "key",
            _("Group"),
            "group group_id chat_id 群id 群名称 群名 群聊名称 群",
        ),
        Field(
            "member_key",
            "key",
            _("Member number"),
            "member key user_id 会员号 用户id 客户id 成员id 群成员id 群成员 用户 手机号",
        ),
        Field(
            "joined_at",
            "instant",
            _("When they joined"),
            "入群时间 加入时间 join_time joined",
        ),
        Field(
            "left_at",
            "instant",
            _("Left at"),
            "退群时间 离开时间 left",
        ),
        Field(
            "role",
            "key",
            _("Role in the group"),
            "角色 身份 群身份",
        ),
    )
    examples = {
        "en": [
            ["group", "member_key", "joined_at", "role"],
            ["Coffee 1", "M1001", "2026-03-05 10:00", "member"],
            ["Coffee 1", "M1002", "2026-03-06 11:30", "member"],
        ],
        "zh-hans": [
            ["群名称", "会员号", "入群时间"],
            ["咖啡一群", "M1001", "2026-03-05 10:00"],
            ["咖啡一群", "M1002", "2026-03-06 11:30"],
        ],
    }

    def writer(self, job: ImportJob, plan: ImportPlan) -> MembershipWriter:
        return MembershipWriter(job)


TARGET = MembershipTarget()


class MembershipWriter:
    """Writes rows sorted by group, so that a batch changes few revisions."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._resolver = account_resolver.AccountResolver(
            job.community, by=job.by, at=job.started_at, source=job.source
        )

    def load(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        joined_at = chunk.get("joined_at").cast(pa.int64())
        accounts = self._resolver.resolve(
            chunk.get("member_key"), np.asarray(pc.fill_null(joined_at, now))
        )
        encoded = pc.dictionary_encode(chunk.get("group_key"))
        keys = encoded.dictionary.to_pylist()
        ids_by_key = groups.ensure(
            community=job.community, keys=keys, by=job.by, at=job.started_at
        )
        ids_by_code = np.array([ids_by_key[key] for key in keys], dtype=np.int64)
        group_ids = ids_by_code[np.asarray(encoded.indices)]
        # The last row of a member wins, as exports list the current state at the end.
        order = chunk.order_last(group_ids, accounts)
        indexes = pa.array(order)
        self._columns = (
            group_ids[order].tolist(),
            accounts[order].tolist(),
            chunk.get("role").take(indexes).to_pylist(),
            joined_at.take(indexes).to_pylist(),
            chunk.get("left_at").cast(pa.int64()).take(indexes).to_pylist(),
        )
        return len(order)

    def batch(self, start: int, end: int) -> list[Row]:
        columns = [column[start:end] for column in self._columns]
        return list(zip(*columns, strict=True))

    def write(self, batch: list[Row]) -> Mapping[str, int]:
        by_group: dict[int, list[Row]] = {}
        for row in batch:
            by_group.setdefault(row[0], []).append(row)
        changed = 0
        for group_id, rows in sorted(by_group.items()):
            # By group id, as every writer locks groups in that order.
            changed += len(write_group(self._job, group_id, rows))
        return {
            "changed": changed,
            "known": len(batch) - changed,
            "members": self._resolver.pop_created(),
        }


def write_group(job: ImportJob, group_id: int, rows: list[Row]) -> set[int]:
    """Update the memberships of one group; returns the accounts that changed."""
    now = timestamps.to_micros(job.started_at)
    accounts = [row[1] for row in rows]
    existing = {
        # One query per group and batch rather than one per member.
        row.account_id: row
        for row in Membership.objects.filter(group_id=group_id, account_id__in=accounts)
    }
    old_states: dict[int, State] = {
        account: (
            row.role,
            timestamps.to_micros(row.joined_at),
            timestamps.to_micros(row.left_at) if row.left_at else None,
        )
        for account, row in existing.items()
    }
    accounts_by_state: dict[State, list[int]] = {}
    for _group_id, account, role, joined_at, left_at in rows:
        old = old_states.get(account)
        if old and left_at is None and not _is_news(old, joined_at, role):
            continue
        if joined_at is None:
            joined_at = old[1] if old else now
        # An empty cell keeps what is stored.
        new = (role or (old[0] if old else "member"), joined_at, left_at)
        if new != old:
            accounts_by_state.setdefault(new, []).append(account)
    # In a fixed order, so that a resumed import repeats the same steps.
    for state, changed in sorted(accounts_by_state.items(), key=str):
        replaced = [(group_id, a, old_states.get(a), state) for a in changed]
        journal.record(job, "memberships", replaced)
        _store(job, group_id, state, changed)
        _record(job, group_id, state, changed, existing)
    return {account for changed in accounts_by_state.values() for account in changed}


def _is_news(old: State, joined_at: int | None, role: str | None) -> bool:
    """Return whether a row without `left_at` changes an existing membership.

    A former member is back only if the row says that they joined after they left.
    """
    old_role, old_joined_at, old_left_at = old
    if old_left_at is not None:
        return joined_at is not None and joined_at > old_left_at
    is_other_time = joined_at is not None and joined_at != old_joined_at
    return is_other_time or role not in (None, old_role)


def _store(job: ImportJob, group_id: int, state: State, accounts: list[int]) -> None:
    role, joined_at, left_at = state
    fields = {"role": role, "joined_at": joined_at, "left_at": left_at}
    weights = dict.fromkeys(accounts, 1 if left_at is None else 0)
    # Through the marks, which also give the rows a revision and thereby reach the
    # bitmaps.
    marks.set_weights(groups.KIND, job.community_id, group_id, weights, fields)
    # set_weights skips rows whose weight stays, although their fields may change.
    rows = Membership.objects.filter(group_id=group_id, account_id__in=accounts)
    rows.update(**fields)
    stored = set(rows.values_list("account_id", flat=True))
    # It also creates no rows for members who have left already.
    former = {"weight": 1, "present": False, "rev": 0}
    Membership.objects.bulk_create(
        [
            Membership(group_id=group_id, account_id=account, **former, **fields)
            for account in accounts
            if account not in stored
        ]
    )


def _record(
    job: ImportJob,
    group_id: int,
    state: State,
    accounts: list[int],
    existing: Mapping[int, Membership],
) -> None:
    role, joined_at, left_at = state
    is_new = {account: account not in existing for account in accounts}
    # From the rows as they were before `_store`, which has changed only the database.
    was_inside = {a: not is_new[a] and existing[a].present for a in accounts}
    has_left = left_at is not None
    # A new row of a former member tells both facts.
    joined = [a for a in accounts if not was_inside[a] and (not has_left or is_new[a])]
    left = [a for a in accounts if has_left and (was_inside[a] or is_new[a])]
    for event, changed, moment in (
        (GroupJoined(group=group_id, role=role), joined, joined_at),
        (GroupLeft(group=group_id), left, left_at),
    ):
        if changed and moment is not None:
            facts.record_for_accounts(
                event,
                changed,
                community=job.community,
                by=job.by,
                at=job.started_at,
                happened_at=[timestamps.from_micros(moment)] * len(changed),
            )


def add_members(
    job: ImportJob, groups_by_account: Mapping[int, tuple[int, list[str]]]
) -> set[int]:
    """Add accounts to groups, for the `groups` column of members; returns who changed.

    The values are the time of joining and the keys of the groups.
    """
    keys = {key for _joined_at, keys in groups_by_account.values() for key in keys}
    ids = groups.ensure(
        community=job.community, keys=keys, by=job.by, at=job.started_at
    )
    by_group: dict[int, list[Row]] = {}
    for account, (joined_at, group_keys) in groups_by_account.items():
        for key in group_keys:
            row: Row = (ids[key], account, None, joined_at, None)
            by_group.setdefault(ids[key], []).append(row)
    changed: set[int] = set()
    for group_id, rows in sorted(by_group.items()):
        inside = set(
            Membership.objects.filter(
                group_id=group_id,
                present=True,
                account_id__in=[row[1] for row in rows],
            ).values_list("account_id", flat=True)
        )
        # Members who are inside stay as they are, whatever their row says.
        new = [row for row in rows if row[1] not in inside]
        changed |= write_group(job, group_id, new)
    return changed
