"""Handing in homework, and replacing it until it is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities import eligibility, time_texts
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import TYPED, Activity
from qunce.activities.homework import homework_facts, terms
from qunce.activities.homework.models import (
    Comment,
    Homework,
    PeerReview,
    Submission,
    new_code,
)
from qunce.core import errors
from qunce.core.facts import facts as fact_log
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

MAX_DELAY = timedelta(minutes=10)
"""A message that a chat delivers later than this counts when it arrives."""


class SubmissionNotFound(errors.NotFound):
    """There is no such submission, or it is of a member whom the staff do not see."""


class CannotReplace(errors.Refused):
    """It is too late to replace what was handed in."""


class CannotHandIn(errors.Refused):
    """The results are published, or the step before is not passed."""


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    submission: Submission
    is_new: bool


# Checks


def check_homework(activity: Activity) -> None:
    """Raise ActivityNotFound for another kind of activity, and for one not published."""
    if activity.kind != terms.KIND or activity.published_at is None:
        raise activities.not_found()


def check_step(activity: Activity, accounts: Sequence[int]) -> None:
    """Raise CannotHandIn before the step that comes first is passed, if that is needed."""
    before = terms.find_before(activity)
    if before is None or not activity.settings["must_pass"]:
        return
    if not has_passed(before, accounts):
        raise CannotHandIn(
            _("First pass “%(name)s”, the step before.") % {"name": before.name}
        )


def has_passed(activity: Activity, accounts: Sequence[int]) -> bool:
    rows = Submission.objects.filter(activity=activity, account_id__in=accounts)
    return rows.filter(passed=True).exists()


def _check_may_replace(homework: Homework, row: Submission, moment: datetime) -> None:
    activity = homework.activity
    if homework.results_at is not None:
        raise CannotReplace(_("The results are published; nothing can be handed in."))
    if row.is_late:
        raise CannotReplace(
            _("You handed it in after it was due. Ask our staff to change it.")
        )
    if moment >= homework.due_at:
        raise CannotReplace(
            _("Your homework is in. You could replace it until %(time)s.")
            % {"time": time_texts.moment_text(activity, homework.due_at)}
        )
    if PeerReview.objects.filter(submission=row).exists():
        raise CannotReplace(
            _("Others review your homework already; it stays as it is.")
        )


# Verbs


def publish(activity: Activity, at: datetime) -> None:
    """Keep the times that members read, and the seed of who reviews whom."""
    due_at, review_due_at = terms.read_times(activity.settings)
    Homework.objects.create(
        activity=activity, due_at=due_at, review_due_at=review_due_at
    )


def lock(activity: Activity) -> Homework:
    """The homework; nobody else changes what was handed in until the transaction ends."""
    rows = Homework.objects.select_for_update(of=("self",), no_key=True)
    homework = rows.get(activity=activity)
    homework.activity = activity
    return homework


def moment_of(attempt: Attempt) -> datetime:
    """When it was handed in: what was said in time and arrives a little later is on time.

    Staff say themselves when it was.
    """
    said_at = attempt.said_at
    if said_at is None or said_at > attempt.at:
        return attempt.at
    is_typed = attempt.way in TYPED
    return said_at if is_typed or attempt.at - said_at <= MAX_DELAY else attempt.at


def hand_in(attempt: Attempt, *, text: str, link: str) -> HandedIn:
    """Store what the person handed in, in the transaction in which they were judged.

    Whether it is late is decided while the homework is locked. Raises CannotReplace or
    CannotHandIn.
    """
    activity, moment = attempt.activity, moment_of(attempt)
    homework = lock(activity)
    row = find_own(activity, attempt.accounts)
    if row is not None:
        _check_may_replace(homework, row, moment)
        row.text, row.link, row.version = text, link, row.version + 1
        row.at, row.source, row.by = moment, attempt.way, attempt.by
        # What staff decided was about the text before.
        row.doubled = row.decided_by = row.decided_at = None
        row.reason = ""
        decision = ["doubled", "decided_by", "decided_at", "reason"]
        names = ["text", "link", "version", "at", "source", "by"]
        row.save(update_fields=[*names, *decision])
        return HandedIn(submission=row, is_new=False)
    if homework.results_at is not None:
        raise CannotHandIn(_("The results are published; nothing can be handed in."))
    row = Submission.objects.create(
        activity=activity,
        account_id=attempt.account_id,
        person_id=_person_for(attempt),
        text=text,
        link=link,
        source=attempt.way,
        at=moment,
        by=attempt.by,
        is_late=moment >= homework.due_at,
    )
    record(
        homework_facts.HomeworkSubmitted(
            activity=activity.pk,
            submission=row.pk,
            is_late=row.is_late,
            account=row.account_id,
            group=attempt.group_id,
        ),
        activity,
        by=attempt.by,
        at=attempt.at,
    )
    return HandedIn(submission=row, is_new=True)


def _person_for(attempt: Attempt) -> int:
    """The person, whose number may stand on a row of somebody separated from them since.

    That row is given the person whom its account belongs to now.
    """
    person = attempt.person_id
    row = Submission.objects.filter(
        activity=attempt.activity, person_id=person
    ).first()  # unique
    if row is not None:
        now = account_queries.person_ids([row.account_id])[row.account_id]
        Submission.objects.filter(pk=row.pk).update(person_id=now)
    return person


def follow_settings(activity: Activity, at: datetime) -> None:
    """Take over times that became later; what was handed in before them is on time."""
    homework = lock(activity)
    due, review_due = terms.read_times(activity.settings)
    if homework.results_at is not None:
        return
    if (homework.due_at, homework.review_due_at) == (due, review_due):
        return
    homework.due_at, homework.review_due_at = due, review_due
    homework.save(update_fields=["due_at", "review_due_at"])
    Submission.objects.filter(activity=activity, is_late=True, at__lt=due).update(
        is_late=False
    )


def record(
    fact: homework_facts.HomeworkFact,
    activity: Activity,
    *,
    by: Staff | None,
    at: datetime,
) -> None:
    """Record a fact about homework, unless the member was erased."""
    if fact.account is not None and not account_queries.find_erased([fact.account]):
        fact_log.record(fact, community=activity.community, by=by, at=at)


# Reads


def rows_of(activity: Activity) -> list[Submission]:
    """All that was handed in, what is on time first."""
    rows = Submission.objects.filter(activity=activity)
    return list(rows.select_related("by", "decided_by").order_by("is_late", "pk"))


def find_own(activity: Activity, accounts: Sequence[int]) -> Submission | None:
    """What a person handed in, by all their accounts: of several the one that counts."""
    rows = Submission.objects.filter(activity=activity, account_id__in=accounts)
    return rows.order_by("is_late", "pk").first()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A submission, the person now, and whether it counts.

    Of two submissions of one person the first one that is on time counts. `reason` says
    why the member does not count, "" if they do.
    """

    submission: Submission
    person: int
    is_second: bool
    reason: str

    @property
    def counts(self) -> bool:
        return not self.is_second and not self.reason


def load_standings(activity: Activity, at: datetime) -> list[Standing]:
    """All submissions with what they count as now, those on time first."""
    rows = rows_of(activity)
    accounts = [row.account_id for row in rows]
    persons = account_queries.person_ids(accounts)
    uncounted = eligibility.find_uncounted(activity.community, accounts, at=at)
    struck_out = entries.find_struck_out(activity, accounts)
    seen: set[int] = set()
    found = []
    for row in rows:
        person = persons[row.account_id]
        reason = (
            str(uncounted[row.account_id].label) if row.account_id in uncounted else ""
        )
        if row.account_id in struck_out:
            reason = reason or _("struck out")
        found.append(
            Standing(
                submission=row, person=person, is_second=person in seen, reason=reason
            )
        )
        seen.add(person)
    return found


def list_visible(*, activity: Activity, by: Staff, at: datetime) -> list[Standing]:
    """The submissions of members whom `by` sees, those on time first."""
    activities.check_may_run(by, activity)
    found = load_standings(activity, at)
    if by.scope is None:
        return found
    seen = visibility.filter_visible(
        by=by, accounts=[each.person for each in found], at=at
    )
    return [each for each in found if each.person in seen]


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Standing:
    """The submission with this number, of a member whom `by` sees."""
    check_homework(activity)
    for each in list_visible(activity=activity, by=by, at=at):
        if each.submission.pk == pk:
            return each
    raise SubmissionNotFound(_("There is no such homework."))


# Reactions


def react_to_changed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to changed settings of published homework."""
    for fact in facts:
        if "settings" not in fact.payload.get("fields", ()):
            continue
        rows = Activity.objects.filter(
            pk=fact.payload["activity"], kind=terms.KIND, homework__isnull=False
        )
        for activity in rows.select_related("community"):
            follow_settings(activity, at)


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: what they wrote is gone; scores that they gave stay."""
    gone: Iterable[int] = {fact.account for fact in facts if fact.account is not None}
    own = Submission.objects.filter(activity__community=community, account_id__in=gone)
    for pk in own.values_list("pk", flat=True):
        Submission.objects.filter(pk=pk).update(
            text="", link="", reason="", code=new_code()
        )
        # Others wrote about their work, which is gone.
        PeerReview.objects.filter(submission=pk).update(comment="")
        Comment.objects.filter(submission=pk).update(text="")
    PeerReview.objects.filter(
        submission__activity__community=community, account_id__in=gone
    ).update(comment="")
    Comment.objects.filter(
        submission__activity__community=community, account_id__in=gone
    ).update(text="")
