"""What follows from facts inside of groups: the verbs that each kind calls. One page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qunce.groups import blacklist_bans, groups, membership_erasure
from qunce.groups.complaints import complaints
from qunce.groups.entry import joins as entry_joins
from qunce.groups.lists import blocked_joins, list_facts
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
    list_facts.ListEntryAdded.kind: (blocked_joins.react_to_listed,),
    list_facts.ListEntryExtended.kind: (blocked_joins.react_to_listed,),
    list_facts.JoinBlocked.kind: (blacklist_bans.react_to_blocked,),
    list_facts.ListEntryRemoved.kind: (blacklist_bans.react_to_ended,),
    list_facts.ListEntryExpired.kind: (blacklist_bans.react_to_ended,),
}


def before(
    others: Mapping[str, Sequence[Reaction]],
) -> dict[str, tuple[Reaction, ...]]:
    """The reactions of groups, followed by those of the other domains."""
    kinds = [*REACTIONS, *(kind for kind in others if kind not in REACTIONS)]
    return {kind: (*REACTIONS.get(kind, ()), *others.get(kind, ())) for kind in kinds}
