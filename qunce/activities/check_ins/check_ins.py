"""Check-ins: one per person and community day, with streaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import check_in_facts, streak_tables, streaks
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.check_ins.models import Streak as StreakRow
from qunce.activities.check_ins.streaks import RestDays, Streak
from qunce.core import community_days, errors, revisions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility


class CheckInNotFound(errors.NotFound):
    """There is no such check-in, or it is of a member whom the staff do not see."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """`is_new` is false if the day was checked in already."""

    day: int
    streak: Streak
    is_new: bool
    check_in: CheckIn | None = None


# Verbs


def record(attempt: Attempt, *, said: str = "") -> Recorded:
    """Check a person in for the day of their attempt, in the transaction of `take_part`."""
    activity = attempt.activity
    days = list_days(activity, attempt.accounts)
    day = streaks.day_of(
        activity.community,
        at=attempt.at,
        served_at=attempt.served_at,
        said_at=attempt.said_at,
        taken=days,
    )
    return add(attempt, day=day, days=days, said=said, is_made_up=False)


def add(
    attempt: Attempt, *, day: int, days: set[int], said: str, is_made_up: bool
) -> Recorded:
    """Check a person in for a day; `days` are those that they have already."""
    activity, rest = attempt.activity, RestDays.of(attempt.activity.settings)
    if day in days:
        return Recorded(day=day, streak=streaks.compute(days, rest), is_new=False)
    try:
        with transaction.atomic():
            row = CheckIn.objects.create(
                activity=activity,
                account_id=attempt.account_id,
                person_id=attempt.person_id,
                day=community_days.to_date(day),
                at=attempt.at,
                source=attempt.way,
                is_made_up=is_made_up,
                said=said,
                by=attempt.by,
            )
    except IntegrityError:
        # Of two taps at the same time, one has checked them in. A struck-out day is one.
        return Recorded(day=day, streak=streaks.compute(days, rest), is_new=False)
    rev = lock_streaks(activity)
    # Read again, as two days may be checked in at the same time.
    streak = streaks.compute(list_days(activity, attempt.accounts), rest)
    _store_streak(activity, attempt.person_id, streak, rev)
    made = check_in_facts.CheckInMadeUp if is_made_up else None
    kind = made or check_in_facts.CheckInRecorded
    fact = kind(
        activity=activity.pk,
        check_in=row.pk,
        day=row.day.isoformat(),
        streak=streak.length,
        account=attempt.account_id,
        group=attempt.group_id,
    )
    facts.record(fact, community=activity.community, by=attempt.by, at=attempt.at)
    return Recorded(day=day, streak=streak, is_new=True, check_in=row)


@transaction.atomic
def strike_out(*, check_in: CheckIn, by: Staff, at: datetime) -> None:
    """Take a check-in out of the streak; the day stays taken."""
    _check_may_change(check_in, by, at)
    rows = CheckIn.objects.filter(pk=check_in.pk, struck_out_at__isnull=True)
    if rows.update(struck_out_at=at):
        _record_change(check_in_facts.CheckInStruckOut, check_in, by, at)


@transaction.atomic
def restore(*, check_in: CheckIn, by: Staff, at: datetime) -> None:
    """Undo `strike_out`."""
    _check_may_change(check_in, by, at)
    rows = CheckIn.objects.filter(pk=check_in.pk, struck_out_at__isnull=False)
    if rows.update(struck_out_at=None):
        _record_change(check_in_facts.CheckInRestored, check_in, by, at)


def _check_may_change(check_in: CheckIn, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, check_in.activity)
    visibility.check_visible(by=by, accounts=[check_in.account_id], at=at)


def _record_change(
    kind: type[check_in_facts.CheckInFact], check_in: CheckIn, by: Staff, at: datetime
) -> None:
    check_in.refresh_from_db()
    recompute(check_in.activity, [check_in.account_id])
    fact = kind(
        activity=check_in.activity_id,
        check_in=check_in.pk,
        day=check_in.day.isoformat(),
        account=check_in.account_id,
    )
    facts.record(fact, community=check_in.activity.community, by=by, at=at)


def recompute(activity: Activity, accounts: Iterable[int]) -> None:
    """Compute the streaks of the people behind these accounts again."""
    by_person = account_queries.accounts_by_person(accounts)
    rest = RestDays.of(activity.settings)
    rev = lock_streaks(activity)
    for person, own in by_person.items():
        former = [account for account in own if account != person]
        _end_streaks(activity, former, rev)
        days = list_days(activity, own)
        _store_streak(activity, person, streaks.compute(days, rest), rev)


def recompute_all(activity: Activity) -> None:
    """Compute all streaks again, when the rest days of the activity have changed."""
    rows = CheckIn.objects.filter(activity=activity).values_list(
        "account_id", flat=True
    )
    for chunk in account_queries.chunks(sorted(set(rows))):
        recompute(activity, chunk)


def lock_streaks(activity: Activity) -> int:
    """Lock the streaks until the commit; returns their next revision."""
    ref = activity.pk
    return revisions.bump(activity.community_id, streak_tables.REVISION, [ref])[ref]


def _end_streaks(activity: Activity, people: Sequence[int], rev: int) -> None:
    """Leave rows without a streak, as rules read which rows have changed."""
    rows = StreakRow.objects.filter(
        activity=activity, person_id__in=people, total__gt=0
    )
    rows.update(length=0, longest=0, total=0, rev=rev)


def _store_streak(activity: Activity, person: int, streak: Streak, rev: int) -> None:
    if streak.last_day is None:
        _end_streaks(activity, [person], rev)
        return
    StreakRow.objects.update_or_create(
        activity=activity,
        person_id=person,
        defaults={
            "last_day": community_days.to_date(streak.last_day),
            "length": streak.length,
            "longest": streak.longest,
            "total": streak.total,
            "rev": rev,
        },
    )


# Reactions


def react_to_merge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to members who were merged or separated: their streaks, not their rows."""
    accounts = {
        account
        for fact in facts
        for account in (fact.account, fact.payload["other"])
        if account is not None
    }
    every = {
        account
        for own in account_queries.accounts_by_person(accounts).values()
        for account in own
    }
    rows = CheckIn.objects.filter(
        activity__community=community, account_id__in=sorted(every)
    )
    for pk in sorted(set(rows.values_list("activity_id", flat=True))):
        recompute(Activity.objects.get(pk=pk), every)


def react_to_changed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to changed settings: rest days may be others."""
    for fact in facts:
        if "settings" in fact.payload.get("fields", ()):
            recompute_all(Activity.objects.get(pk=fact.payload["activity"]))


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: what they said is deleted, the days stay counted."""
    gone = [fact.account for fact in facts if fact.account is not None]
    CheckIn.objects.filter(activity__community=community, account_id__in=gone).update(
        said=""
    )
    cards = MakeUpCard.objects.filter(community=community, account_id__in=gone)
    for pk in cards.values_list("pk", flat=True):
        MakeUpCard.objects.filter(pk=pk).update(key=f"erased:{pk}")


# Reads


def list_days(activity: Activity, accounts: Sequence[int]) -> set[int]:
    """The days on which a person checked in with any of their accounts."""
    rows = CheckIn.objects.filter(
        activity=activity, account_id__in=accounts, struck_out_at__isnull=True
    )
    return {community_days.from_date(day) for day in rows.values_list("day", flat=True)}


def find_streak(activity: Activity, accounts: Sequence[int]) -> Streak:
    """The streak of a person, from their check-ins."""
    return streaks.compute(
        list_days(activity, accounts), RestDays.of(activity.settings)
    )


def people_to_remind(
    activity: Activity, *, at_least: int, today: int
) -> models.QuerySet[StreakRow, int]:
    """People with an unbroken streak of `at_least` days who have not checked in today.

    Nobody on a day of rest.
    """
    rest = RestDays.of(activity.settings)
    if today in rest:
        return StreakRow.objects.none().values_list("person_id", flat=True)
    first = community_days.to_date(streaks.last_required(today, rest))
    rows = StreakRow.objects.filter(
        activity=activity,
        last_day__gte=first,
        last_day__lt=community_days.to_date(today),
        length__gte=at_least,
    )
    return rows.order_by().values_list("person_id", flat=True)


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> CheckIn:
    activities.check_may_run(by, activity)
    row = CheckIn.objects.filter(activity=activity, pk=pk).first()
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise CheckInNotFound(_("There is no such check-in."))
    return row


def list_of_day(
    *, activity: Activity, day: date, by: Staff, at: datetime
) -> list[CheckIn]:
    """The check-ins of a day of members whom `by` sees, newest first."""
    activities.check_may_run(by, activity)
    rows = list(
        CheckIn.objects.filter(activity=activity, day=day).order_by("-at", "-pk")
    )
    seen = visibility.filter_visible(
        by=by, accounts=[r.account_id for r in rows], at=at
    )
    people = account_queries.person_ids(row.account_id for row in rows)
    return [row for row in rows if people[row.account_id] in seen]
