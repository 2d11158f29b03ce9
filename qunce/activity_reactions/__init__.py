"""What follows from facts inside of activities: the verbs that each kind calls. One page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities import announcements
from qunce.activities.activities import activity_facts, entries
from qunce.activities.activities.models import Announcement
from qunce.activities.check_ins import (
    check_in_facts,
    check_in_points,
    check_ins,
    make_up_cards,
)
from qunce.activities.instant_draws import tickets as instant_tickets
from qunce.activities.points import erasure as point_erasure
from qunce.activities.points import point_reactions
from qunce.activities.polls import poll_facts, voter_tags
from qunce.activities.red_packets import red_packets
from qunce.activities.topics import erasure as topic_erasure
from qunce.activity_reactions import (
    answers,
    expiry,
    games,
    homework,
    levels,
    live_sessions,
    meetups,
    posts,
    prizes,
    sales,
)
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.people import merges
from qunce.outreach import activity_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def announce(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Post a text of an activity in its groups, by hand where the channel cannot."""
    rows = Announcement.objects.select_related("activity__by")
    found = rows.in_bulk([fact.payload["announcement"] for fact in facts])
    for fact in facts:
        row = found.get(fact.payload["announcement"])
        if row is not None:
            announcements.note_fact(row, fact.id)
            activity_messages.post(
                community=community,
                fact=fact.id,
                groups=announcements.list_groups(row.activity),
                text=row.text,
                fallback=row.activity.by,
                at=at,
            )


def announce_again(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Post a text again where it was not; the staff who ask for it post it by hand."""
    rows = Announcement.objects.select_related("activity__by")
    found = rows.in_bulk([fact.payload["announcement"] for fact in facts])
    for fact in facts:
        row = found.get(fact.payload["announcement"])
        if row is None or fact.id in row.fact_ids:
            continue
        left = activity_messages.withdraw(
            facts=row.fact_ids,
            groups=fact.payload["groups"],
            community=community,
            at=at,
        )
        announcements.note_fact(row, fact.id)
        activity_messages.post(
            community=community,
            fact=fact.id,
            groups=Group.objects.filter(pk__in=left).select_related("owner"),
            text=row.text,
            fallback=Staff.objects.filter(pk=fact.actor or 0).first()
            or row.activity.by,
            takes_over=True,
            at=at,
        )


CLEARING: tuple[Reaction, ...] = (
    entries.delete_erased,
    *prizes.CLEARING,
    check_ins.clear_erased,
    *games.CLEARING,
    voter_tags.delete_erased,
    point_erasure.clear_erased,
    instant_tickets.clear_erased,
    red_packets.clear_erased,
    topic_erasure.clear_erased,
    *levels.CLEARING,
    *meetups.CLEARING,
    *live_sessions.CLEARING,
    *homework.CLEARING,
    *posts.CLEARING,
)
"""What activities hold about members, when they are gone."""
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    **point_reactions.REACTIONS,
    **expiry.REACTIONS,
    **prizes.REACTIONS,
    **answers.REACTIONS,
    **games.REACTIONS,
    activity_facts.ActivityAnnounced.kind: (announce,),
    activity_facts.ActivityAnnouncedAgain.kind: (announce_again,),
    check_in_facts.CheckInRecorded.kind: (check_in_points.earn,),
    check_in_facts.CheckInStruckOut.kind: (check_in_points.take_back,),
    check_in_facts.CheckInRestored.kind: (
        check_in_points.earn_again,
        make_up_cards.react_to_restored,
    ),
    activity_facts.ActivityChanged.kind: (check_ins.react_to_changed,),
    poll_facts.PollVoted.kind: (voter_tags.react,),
    activity_facts.ActivityEntryStruckOut.kind: (voter_tags.react,),
    activity_facts.ActivityEntryRestored.kind: (voter_tags.react,),
    merges.MemberMerged.kind: (check_ins.react_to_merge, voter_tags.react_to_merge),
    merges.MemberUnmerged.kind: (check_ins.react_to_merge, voter_tags.react_to_merge),
}


def after(
    others: Mapping[str, Sequence[Reaction]],
) -> dict[str, tuple[Reaction, ...]]:
    """The reactions of other domains, followed by those of activities.

    Levels come last, as they follow from points.
    """
    tables = (
        others,
        REACTIONS,
        meetups.REACTIONS,
        live_sessions.REACTIONS,
        homework.REACTIONS,
        posts.REACTIONS,
        sales.REACTIONS,
        levels.REACTIONS,
    )
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {
        kind: tuple(reaction for table in tables for reaction in table.get(kind, ()))
        for kind in kinds
    }
