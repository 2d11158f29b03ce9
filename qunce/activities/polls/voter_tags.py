"""Tags of voters: each has the tags of the options that they chose, and no others.

The present vote decides, and not the fact that is reacted to, so that facts may arrive in
any order and again. A tag that somebody had before, or from staff, is never taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.activities.activities import entries
from qunce.activities.activities.models import Activity
from qunce.activities.polls import ballots, options
from qunce.activities.polls.models import Ballot, BallotTag
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.members.tags.models import Tag, TagBatch, Tagging
from qunce.members.tags.writer import TagWriter

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact

SOURCE = "activity"


# Verbs


def sync(activity: Activity, accounts: Iterable[int], *, at: datetime) -> None:
    """Give the people behind these accounts the tags of their votes, and take others back."""
    tags = _find_tags(activity)
    people = account_queries.accounts_by_person(accounts)
    for chunk in account_queries.chunks(sorted(people)):
        with transaction.atomic():
            _sync(activity, {person: people[person] for person in chunk}, tags, at)


def _find_tags(activity: Activity) -> dict[int, Tag]:
    """The number of each option with a tag → the tag; archived ones are not given."""
    own = options.list_options(activity.settings)
    found = library.find(activity.community, {each.tag for each in own if each.tag})
    return {each.number: found[each.tag] for each in own if each.tag in found}


def _sync(
    activity: Activity,
    people: Mapping[int, Sequence[int]],
    tags: Mapping[int, Tag],
    at: datetime,
) -> None:
    every = [account for own in people.values() for account in own]
    # Locked, so that of two runs the second one sees what the first one gave.
    rows = list(
        Ballot.objects.select_for_update()
        .filter(activity=activity, account_id__in=every)
        .order_by("pk")
    )
    if not rows:
        return
    person_of = account_queries.invert(people)
    held = set(
        BallotTag.objects.filter(ballot__in=rows).values_list("ballot_id", "tag_id")
    )
    wanted = _wanted(activity, rows, person_of, tags)
    # A tag that was changed in the library since keeps its taggings.
    active = {tag.pk: tag for tag in tags.values() if tag.state == "active"}
    lost, gained = held - wanted, {pair for pair in wanted - held if pair[1] in active}
    if not lost and not gained:
        return
    community = activity.community
    by = staff_models.system(community)
    batch = assignments.create_batch(
        community=community, by=by, at=at, source=SOURCE, note=activity.name
    )
    account_of = {row.pk: row.account_id for row in rows}
    _remove(lost, account_of, TagWriter(batch, by, at))
    for tag in sorted({tag for _ballot, tag in gained}):
        voters = [account_of[ballot] for ballot, each in gained if each == tag]
        _give(active[tag], voters, batch)
    BallotTag.objects.bulk_create(
        BallotTag(ballot_id=ballot, tag_id=tag) for ballot, tag in sorted(gained)
    )


def _wanted(
    activity: Activity,
    rows: Sequence[Ballot],
    person_of: Mapping[int, int],
    tags: Mapping[int, Tag],
) -> set[tuple[int, int]]:
    """(ballot, tag) for each option with a tag, of the votes that count."""
    by_person: dict[int, list[Ballot]] = {}
    for row in rows:
        by_person.setdefault(person_of[row.account_id], []).append(row)
    struck = entries.find_struck_out(activity, person_of)
    return {
        (ballot.pk, tags[number].pk)
        for person, own in by_person.items()
        if person not in struck
        for ballot in [ballots.newest(own)]
        for number in ballot.choices
        if number in tags
    }


def _give(tag: Tag, accounts: Sequence[int], batch: TagBatch) -> None:
    assignments.apply(tag=tag, accounts=accounts, by=batch.by, at=batch.at, batch=batch)


def _remove(
    lost: set[tuple[int, int]], account_of: Mapping[int, int], writer: TagWriter
) -> None:
    """Take back what these votes gave, but not what another vote of the person gives."""
    tags = Tag.objects.select_related("community", "group").in_bulk(
        [tag for _ballot, tag in lost]
    )
    for pk in sorted(tags):
        ids = [ballot for ballot, tag in lost if tag == pk]
        BallotTag.objects.filter(ballot__in=ids, tag_id=pk).delete()
        people = account_queries.accounts_by_person(account_of[each] for each in ids)
        every = [account for own in people.values() for account in own]
        kept = account_queries.accounts_by_person(
            BallotTag.objects.filter(
                tag_id=pk, ballot__account_id__in=every
            ).values_list("ballot__account_id", flat=True)
        )
        given = Tagging.objects.filter(
            tag=pk,
            source=SOURCE,
            present=True,
            account_id__in=[
                account
                for person, own in people.items()
                if person not in kept
                for account in own
            ],
        )
        writer.write(
            tags[pk], dict.fromkeys(given.values_list("account_id", flat=True), 0)
        )


# Reactions


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to votes, and to entries that are struck out or restored."""
    by_activity: dict[int, set[int]] = {}
    for fact in facts:
        if fact.account is not None:
            by_activity.setdefault(fact.payload["activity"], set()).add(fact.account)
    rows = Activity.objects.filter(kind="poll", community=community)
    for activity in rows.select_related("community").filter(pk__in=by_activity):
        sync(activity, _existing(by_activity[activity.pk]), at=at)


def react_to_merge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to members who were merged or separated: of two votes one counts."""
    sides = {side for fact in facts for side in (fact.account, fact.payload["other"])}
    accounts = _existing(side for side in sides if side is not None)
    people = account_queries.accounts_by_person(accounts)
    every = [account for own in people.values() for account in own]
    votes = Ballot.objects.filter(
        activity__community=community, account_id__in=every
    ).values("activity")
    for activity in Activity.objects.filter(pk__in=votes).select_related("community"):
        sync(activity, every, at=at)


def _existing(accounts: Iterable[int]) -> list[int]:
    chosen = set(accounts)
    return sorted(chosen - account_queries.find_erased(chosen))


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: what they chose is deleted."""
    gone = [fact.account for fact in facts if fact.account is not None]
    Ballot.objects.filter(activity__community=community, account_id__in=gone).delete()
