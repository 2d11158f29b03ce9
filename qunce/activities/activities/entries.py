"""Entries: who joined an activity, each person once however many accounts they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, activity_facts
from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import (
    TYPED,
    Activity,
    Answer,
    Entry,
    PastedLine,
)
from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

ANSWERS_KEPT, MAX_PRUNED = timedelta(days=40), 5_000


class EntryNotFound(activities.ActivityNotFound):
    """There is no such entry, or it is of a member whom the staff do not see."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    entry: Entry
    is_new: bool


# Verbs


def join(attempt: Attempt) -> Joined:
    """Enter the person, or find their entry, also one of another account of theirs.

    Call it in the transaction of `take_part`.
    """
    activity, at = attempt.activity, attempt.at
    own = attempt.entries
    if own is None:
        own = list_of_person(activity, attempt.accounts)
    if own:
        return Joined(entry=own[0], is_new=False)
    entry = _insert(attempt)
    if entry is None:
        # Of two taps at the same time, one has entered them.
        entry = Entry.objects.get(activity=activity, person_id=attempt.person_id)
        return Joined(entry=entry, is_new=False)
    fact = activity_facts.ActivityJoined(
        activity=activity.pk,
        activity_kind=activity.kind,
        way=attempt.way,
        account=attempt.account_id,
        group=attempt.group_id,
    )
    activities.record(fact, activity, attempt.by, at)
    return Joined(entry=entry, is_new=True)


# Without a savepoint, as most requests of a crowd enter somebody.
INSERT = """
INSERT INTO activities_entry
    (activity_id, account_id, person_id, source, key, group_id, at, by_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""


def _insert(attempt: Attempt) -> Entry | None:
    """The new entry, None if the person has one."""
    values = {
        "activity_id": attempt.activity.pk,
        "account_id": attempt.account_id,
        "person_id": attempt.person_id,
        "source": attempt.way.value,
        "key": attempt.key,
        "group_id": attempt.group_id,
    }
    by = attempt.by.pk if attempt.by else None
    found = db.rows(INSERT, [*values.values(), timestamps.to_micros(attempt.at), by])
    for (pk,) in found:
        return Entry(pk=pk, **values, at=attempt.at, by=attempt.by)
    return None


@transaction.atomic
def strike_out(*, entry: Entry, by: Staff, at: datetime) -> None:
    """Take a person out of all counts, with all their entries; they cannot enter again."""
    _check_may_change(entry, by, at)
    rows = Entry.objects.filter(pk=entry.pk, struck_out_at__isnull=True)
    if not rows.update(struck_out_at=at, struck_out_by=by):
        return
    entry.refresh_from_db()
    fact = activity_facts.ActivityEntryStruckOut(
        activity=entry.activity_id, account=entry.account_id
    )
    activities.record(fact, entry.activity, by, at)


@transaction.atomic
def restore(*, entry: Entry, by: Staff, at: datetime) -> None:
    """Undo `strike_out`."""
    _check_may_change(entry, by, at)
    rows = Entry.objects.filter(pk=entry.pk, struck_out_at__isnull=False)
    if not rows.update(struck_out_at=None, struck_out_by=None):
        return
    entry.refresh_from_db()
    fact = activity_facts.ActivityEntryRestored(
        activity=entry.activity_id, account=entry.account_id
    )
    activities.record(fact, entry.activity, by, at)


def _check_may_change(entry: Entry, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, entry.activity)
    visibility.check_visible(by=by, accounts=[entry.account_id], at=at)


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: they stay counted, and nothing says who they were."""
    gone = {fact.account for fact in facts if fact.account is not None}
    # A program may have named them in the key.
    for pk in Entry.objects.filter(
        account_id__in=gone, activity__community=community
    ).values_list("pk", flat=True):
        Entry.objects.filter(pk=pk).update(key=f"erased:{pk}")
    Answer.objects.filter(account_id__in=gone, activity__community=community).delete()
    PastedLine.objects.filter(
        account_id__in=gone, activity__community=community
    ).update(name="", said="", answer="")


def prune_answers(*, at: datetime) -> int:
    """Delete the answers to attempts that nobody repeats any more; returns how many."""
    old = Answer.objects.filter(at__lt=at - ANSWERS_KEPT).order_by("pk")
    ids = list(old.values_list("pk", flat=True)[:MAX_PRUNED])
    return Answer.objects.filter(pk__in=ids).delete()[0]


# Reads


def find(activity: Activity, accounts: Sequence[int]) -> Entry | None:
    """The entry of a person, by all their accounts: the oldest, after a merge of two."""
    return next(iter(list_of_person(activity, accounts)), None)


def is_struck_out(activity: Activity, accounts: Sequence[int]) -> bool:
    """Whether any entry of a person is struck out: the person then does not count."""
    rows = list_of_person(activity, accounts)
    return any(row.struck_out_at is not None for row in rows)


def list_of_person(activity: Activity, accounts: Sequence[int]) -> tuple[Entry, ...]:
    """The entries of a person, by all their accounts, the oldest first."""
    return tuple(_OF_PERSON.all(activity=activity.pk, accounts=accounts))


def find_struck_out(activity: Activity, accounts: Iterable[int]) -> set[int]:
    """Those of these accounts whose person has an entry that is struck out."""
    struck = Entry.objects.filter(activity=activity, struck_out_at__isnull=False)
    out = account_queries.accounts_by_person(
        struck.values_list("account_id", flat=True)
    )
    return {account for own in out.values() for account in own}.intersection(accounts)


_OF_PERSON = PreparedQuery(
    lambda: Entry.objects.filter(
        # Either may be of a person whom they were merged with.
        models.Q(account_id__in=Ids("accounts"))
        | models.Q(person_id__in=Ids("accounts")),
        activity=Param("activity"),
    ).order_by("at", "pk")
)


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Entry:
    activities.check_may_run(by, activity)
    entry = Entry.objects.filter(activity=activity, pk=pk).first()
    if entry is None or not visibility.filter_visible(
        by=by, accounts=[entry.account_id], at=at
    ):
        raise EntryNotFound(_("There is no such entry."))
    return entry


def list_visible(*, activity: Activity, by: Staff, at: datetime) -> list[Entry]:
    """The entries of members whom `by` sees, newest first."""
    activities.check_may_run(by, activity)
    rows = Entry.objects.filter(activity=activity).order_by("-at", "-pk")
    found = list(rows.select_related("by"))
    if by.scope is None:
        return found
    people = account_queries.person_ids(entry.account_id for entry in found)
    seen = visibility.filter_visible(by=by, accounts=people, at=at)
    return [entry for entry in found if people[entry.account_id] in seen]


def is_typed(entry: Entry) -> bool:
    """Whether staff entered it by hand."""
    return entry.source in TYPED
