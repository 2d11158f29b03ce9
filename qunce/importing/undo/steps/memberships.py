"""Takes back memberships of groups.

An entry is `[group, account, old, new]`; the states are `[role, joined_at, left_at]`,
and `old` is null for a membership that the import created.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.groups import groups
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import marks

State = tuple[str, int, int | None]


class MembershipStep(Step):
    kind = "memberships"
    position = 30
    label = gettext_lazy("memberships restored")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[1])

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        by_group: dict[int, list[Any]] = {}
        for group, account, old, new in entries:
            by_group.setdefault(group, []).append((account, old, new))
        rows = Group.objects.filter(pk__in=by_group).in_bulk()
        count = 0
        # By id, as every writer locks groups in that order.
        for group in sorted(rows.values(), key=lambda group: group.pk):
            accounts = [account for account, _old, _new in by_group[group.pk]]
            stored = Membership.objects.filter(group=group, account_id__in=accounts)
            current = {row.account_id: row for row in stored}
            restored: dict[int, State | None] = {}
            for account, old, new in reversed(by_group[group.pk]):
                row = current.get(account)
                known = restored.get(account)
                if row and not known:
                    left_at = timestamps.to_micros(row.left_at) if row.left_at else None
                    known = row.role, timestamps.to_micros(row.joined_at), left_at
                if known != tuple(new):
                    keys = account_queries.keys_by_id(undoing.community, [account])
                    reason = _("The membership in “%(group)s” has been changed since.")
                    undoing.keep(keys.get(account, ""), reason % {"group": group.name})
                    continue
                restored[account] = tuple(old) if old else None
            for state in sorted(set(restored.values()), key=str):
                same = [a for a, each in restored.items() if each == state]
                was_present = {a: current[a].present for a in same}
                _store(group, state, same, was_present, undoing)
            count += len(restored)
        return count


def _store(
    group: Group,
    state: State | None,
    accounts: list[int],
    was_present: dict[int, bool],
    undoing: Undoing,
) -> None:
    is_present = state is not None and state[2] is None
    marks.restore_weights(
        groups.KIND,
        group.community_id,
        group.pk,
        dict.fromkeys(accounts, int(is_present)),
    )
    rows = Membership.objects.filter(group=group, account_id__in=accounts)
    if state is None:
        # The log keeps that they joined, so it has to record that they left.
        rows.update(left_at=undoing.at)
    else:
        role, joined_at, left_at = state
        rows.update(role=role, joined_at=joined_at, left_at=left_at)
    event: facts.FactKind = GroupLeft(group=group.pk)
    if state is not None and is_present:
        event = GroupJoined(group=group.pk, role=state[0])
    facts.record_for_accounts(
        event,
        [account for account in accounts if was_present[account] != is_present],
        community=undoing.community,
        by=undoing.by,
        at=undoing.at,
    )


STEP = MembershipStep
