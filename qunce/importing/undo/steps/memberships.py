"""Takes back memberships of groups, as if the members had neither joined nor left.

An entry is `[group, account, old, new]`; the states are `[role, joined_at, left_at]`,
and `old` is null for a membership that the import created.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.groups import groups, staff_roles
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership
from qunce.importing.jobs import journal
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.sets import fact_withdrawals
from qunce.sets.bitmaps import marks

State = tuple[str, int, int | None]
KEPT = "kept_memberships"
"""Kind of the changes that name memberships changed since, whose stays are kept too."""


class MembershipStep(Step):
    kind = "memberships"
    position = 30
    label = gettext_lazy("memberships restored")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[1])

    def look_up(self, undoing: Undoing, entries: Sequence[Any]) -> None:
        self._facts = fact_withdrawals.find_recorded(
            undoing.community,
            (GroupJoined.kind, GroupLeft.kind),
            [account for _group, account, _old, _new in entries],
            undoing.job.started_at,
        )

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        by_group: dict[int, list[Any]] = {}
        for group, account, old, new in entries:
            by_group.setdefault(group, []).append((account, old, new))
        rows = Group.objects.filter(pk__in=by_group).in_bulk()
        count = 0
        withdrawn: set[int] = set()
        # By id, as every writer locks groups in that order.
        for group in sorted(rows.values(), key=lambda group: group.pk):
            restored = _decide(group, by_group[group.pk], undoing)
            for state in sorted(set(restored.values()), key=str):
                same = [a for a, each in restored.items() if each == state]
                _store(group, state, same)
            for account in restored:
                withdrawn |= self._facts.get((account, group.pk), set())
            count += len(restored)
        fact_withdrawals.withdraw(sorted(withdrawn))
        states = (state for _group, _account, *pair in entries for state in pair)
        roles = {state[0] for state in states if state}
        staff_roles.note_change(undoing.community.pk, roles)
        return count


def _decide(
    group: Group, entries: Sequence[Any], undoing: Undoing
) -> dict[int, State | None]:
    """Return the states to restore, and keep the memberships changed since."""
    stored = Membership.objects.filter(
        group=group, account_id__in=[account for account, _old, _new in entries]
    )
    current = {row.account_id: row for row in stored}
    restored: dict[int, State | None] = {}
    kept: list[tuple[int, int]] = []
    # The newest first, as the same member may be in the file twice.
    for account, old, new in reversed(entries):
        known = (
            restored[account]
            if account in restored
            else _state_of(current.get(account))
        )
        if known == tuple(new):
            restored[account] = tuple(old) if old else None
            continue
        keys = account_queries.keys_by_id(undoing.community, [account])
        reason = _("The membership in “%(group)s” has been changed since.")
        undoing.keep(keys.get(account, ""), reason % {"group": group.name})
        kept.append((group.pk, account))
    journal.record(undoing.job, KEPT, kept)
    return restored


def _state_of(row: Membership | None) -> State | None:
    if row is None or row.is_void:
        return None
    left_at = timestamps.to_micros(row.left_at) if row.left_at else None
    return row.role, timestamps.to_micros(row.joined_at), left_at


def _store(group: Group, state: State | None, accounts: list[int]) -> None:
    is_present = state is not None and state[2] is None
    marks.restore_weights(
        groups.KIND,
        group.community_id,
        group.pk,
        dict.fromkeys(accounts, int(is_present)),
    )
    rows = Membership.objects.filter(group=group, account_id__in=accounts)
    if state is None:
        # The rows stay for the revisions of the group, but describe no stay.
        rows.update(left_at=None)
    else:
        role, joined_at, left_at = state
        rows.update(role=role, joined_at=joined_at, left_at=left_at)


STEP = MembershipStep
