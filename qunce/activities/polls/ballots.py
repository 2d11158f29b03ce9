"""Votes: one per person, which may change until the end where the poll allows that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qunce.activities.activities import entries
from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.polls import options, poll_facts
from qunce.activities.polls.models import Ballot
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """`before` is the earlier vote, empty if there was none; `is_stored` if it counts now."""

    choices: list[int]
    before: list[int]
    is_stored: bool


# Verbs


def record(attempt: Attempt, choices: list[int], *, may_change: bool) -> Recorded:
    """Store the vote of a person, in the transaction of `take_part`.

    What was said before a vote that is stored already changes nothing.
    """
    entry = entries.join(attempt).entry
    # Of two votes of a person at the same time, the second one sees the first here.
    Entry.objects.select_for_update().get(pk=entry.pk)
    said_at = min(attempt.said_at or attempt.at, attempt.at)
    found = find(attempt.activity, attempt.accounts)
    before = found.choices if found is not None else []
    if found is None:
        Ballot.objects.create(
            activity=attempt.activity,
            account_id=attempt.account_id,
            person_id=attempt.person_id,
            choices=choices,
            said_at=said_at,
            source=attempt.way,
            by=attempt.by,
        )
    elif before == choices or not may_change or said_at < found.said_at:
        return Recorded(choices=before, before=before, is_stored=False)
    else:
        Ballot.objects.filter(pk=found.pk).update(
            choices=choices, said_at=said_at, source=attempt.way, by=attempt.by
        )
    fact = poll_facts.PollVoted(
        activity=attempt.activity.pk,
        choices=[options.letter_of(number) for number in choices],
        is_change=found is not None,
        account=attempt.account_id,
        group=attempt.group_id,
    )
    facts.record(
        fact, community=attempt.activity.community, by=attempt.by, at=attempt.at
    )
    return Recorded(choices=choices, before=before, is_stored=True)


# Reads


def newest(rows: Sequence[Ballot]) -> Ballot:
    """The vote of a person that counts, of those of all their accounts."""
    return max(rows, key=lambda row: (row.said_at, row.pk))


def find(activity: Activity, accounts: Sequence[int]) -> Ballot | None:
    """The vote of a person, by all their accounts."""
    rows = list(Ballot.objects.filter(activity=activity, account_id__in=accounts))
    return newest(rows) if rows else None


def by_person(activity: Activity) -> dict[int, Ballot]:
    """Person id → the vote that counts, of everybody who voted."""
    rows = list(Ballot.objects.filter(activity=activity).order_by("said_at", "pk"))
    people = account_queries.person_ids(row.account_id for row in rows)
    return {people[row.account_id]: row for row in rows}
