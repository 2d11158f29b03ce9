"""The results of a poll: votes per option, of the people who count.

Staff, blacklisted, erased and departed members do not count, nor does anybody whose entry
was struck out.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities import eligibility
from qunce.activities.activities import entries
from qunce.activities.activities.models import OVER, Activity, State
from qunce.activities.polls import ballots, options
from qunce.activities.polls.models import Ballot
from qunce.activities.polls.options import Option
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

ALWAYS, AFTER_VOTE, AFTER_END = "always", "after_vote", "after_end"
MAX_COUNTED_EACH_TIME = 1_000
"""With more votes, the page of members counts them once per minute."""


@dataclass(frozen=True)
class Share:
    """`votes` for an option, and how many per cent of the voters chose it, rounded."""

    option: Option
    votes: int
    percent: int
    is_leading: bool


@dataclass(frozen=True)
class PollResults:
    """`voters` are people; with several choices the votes are more than these."""

    shares: list[Share]
    voters: int
    counted_at: datetime


def collect(
    activity: Activity, at: datetime, *, by: Staff | None = None
) -> PollResults:
    """The results now, of the members whom `by` sees, or of all."""
    return tally(activity, find_counted(activity, at, by=by), at)


def collect_for_page(activity: Activity, at: datetime) -> PollResults:
    """The results as members read them, of a moment in the last minute."""
    if Ballot.objects.filter(activity=activity).count() <= MAX_COUNTED_EACH_TIME:
        return collect(activity, at)
    minute = at.replace(second=0, microsecond=0)
    return _collect_of_minute(activity.public_id, is_over(activity, at), minute)


@functools.lru_cache(maxsize=64)
def _collect_of_minute(public_id: str, is_over: bool, minute: datetime) -> PollResults:
    rows = Activity.objects.select_related("community")
    return collect(rows.get(public_id=public_id), minute)


def find_counted(
    activity: Activity, at: datetime, *, by: Staff | None = None
) -> set[int]:
    """The people whose votes count, of those whom `by` sees."""
    votes = ballots.by_person(activity)
    community = activity.community
    left_out = set(eligibility.find_uncounted(community, votes, at=at))
    left_out |= entries.find_struck_out(activity, votes)
    people = votes.keys() - left_out
    if by is not None and by.is_scoped:
        return people & set(
            visibility.filter_visible(by=by, accounts=sorted(people), at=at)
        )
    return set(people)


def tally(activity: Activity, people: Collection[int], at: datetime) -> PollResults:
    """The votes of these people."""
    counted = set(people)
    votes = Counter[int]()
    voters = 0
    for person, ballot in ballots.by_person(activity).items():
        if person in counted:
            voters += 1
            votes.update(ballot.choices)
    most = max(votes.values(), default=0)
    return PollResults(
        [
            Share(
                option,
                votes[option.number],
                _percent(votes[option.number], voters),
                bool(most) and votes[option.number] == most,
            )
            for option in options.list_options(activity.settings)
        ],
        voters,
        at,
    )


def count_may_vote(activity: Activity, *, by: Staff, at: datetime) -> int:
    """How many members may vote or have voted, of those whom `by` sees."""
    people = eligibility.find_people(activity=activity, by=by, at=at)
    people.update(find_counted(activity, at, by=by))
    return len(people)


def _percent(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole) if whole else 0


def is_over(activity: Activity, at: datetime) -> bool:
    return State(activity.state) in OVER or (
        activity.ends_at is not None and activity.ends_at <= at
    )


def are_visible(activity: Activity, *, has_voted: bool, at: datetime) -> bool:
    """Whether a member reads the results now."""
    shown = activity.settings["results"]
    return (
        shown == ALWAYS or is_over(activity, at) or (shown == AFTER_VOTE and has_voted)
    )
