"""What follows from facts inside of groups: the verbs that each kind calls. One page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qunce.groups import groups, membership_erasure
from qunce.groups.complaints import complaints
from qunce.groups.entry import blacklist_removals
from qunce.groups.entry import joins as entry_joins
from qunce.groups.lists import blocked_joins, lists
from qunce.groups.wishes import wishes
from qunce.members.accounts import accounts
from qunce.members.people import merges

if TYPE_CHECKING:
    from qunce.core.facts.fact_consumers import Reaction

CLEARING: tuple[Reaction, ...] = (
    membership_erasure.remove_erased,
    blocked_joins.delete_erased,
    complaints.clear_erased,
    wishes.clear_erased,
    entry_joins.delete_erased,
)
"""What groups hold about members, when they are gone."""
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    accounts.MemberJoined.kind: (blocked_joins.link_new,),
    merges.MemberMerged.kind: (blocked_joins.react_to_listed,),
    groups.GroupJoined.kind: (
        blocked_joins.react_to_joined,
        entry_joins.react_to_joined,
    ),
    lists.ListEntryAdded.kind: (blocked_joins.react_to_listed,),
    lists.ListEntryExtended.kind: (blocked_joins.react_to_listed,),
    lists.JoinBlocked.kind: (blacklist_removals.react_to_blocked,),
    lists.ListEntryRemoved.kind: (blacklist_removals.react_to_ended,),
    lists.ListEntryExpired.kind: (blacklist_removals.react_to_ended,),
}


def before(
    others: Mapping[str, Sequence[Reaction]],
) -> dict[str, tuple[Reaction, ...]]:
    """The reactions of groups, followed by those of the other domains."""
    kinds = [*REACTIONS, *(kind for kind in others if kind not in REACTIONS)]
    return {kind: (*REACTIONS.get(kind, ()), *others.get(kind, ())) for kind in kinds}
