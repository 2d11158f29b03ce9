"""What becomes of an activity: review, publication, its hours, and its end.

Two people publish it, and two cancel it afterwards. Start and end follow the clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, activity_facts, kind_contract
from qunce.activities.activities.activities import InvalidActivity
from qunce.activities.activities.activity_facts import ActivityFact
from qunce.activities.activities.models import (
    MAX_SENTENCE,
    MAX_TEXT,
    STATES,
    UNPUBLISHED,
    Activity,
    State,
)
from qunce.core import errors, names, text_validation
from qunce.core.staff.models import Staff

MAX_PER_RUN = 200
"""Activities that start or close in one run of the clock's job."""


def _lock(activity: Activity) -> None:
    """Read the activity as it is now; nobody else changes it until the transaction ends.

    Of two forms that are sent at the same time, the second one sees what the first one did.
    Without the key, as an entry of it, which is checked at its commit, would wait for what
    its kind holds then.
    """
    rows = Activity.objects.select_for_update(of=("self",), no_key=True)
    activity.refresh_from_db(from_queryset=rows)


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise with what is missing before members may read it."""
    if not activity.text:
        raise InvalidActivity(_("Write what members read about the activity."))
    if not activity.refusal:
        raise InvalidActivity(_("Write a sentence for members who may not join."))
    if activity.ends_at is not None and activity.ends_at <= at:
        raise InvalidActivity(_("The end is in the past. Choose a later one."))
    kind_contract.get(activity.kind).check_publishable(activity, at)


@transaction.atomic
def submit(*, activity: Activity, by: Staff, at: datetime) -> None:
    """Ask a second person for approval; until they decide it cannot change."""
    _lock(activity)
    activities.check_may_manage(by, activity)
    check_publishable(activity, at)
    _move(activity, "submit", by, at, submitted_by=by, reason="")


@transaction.atomic
def reject(*, activity: Activity, reason: str, by: Staff, at: datetime) -> None:
    """Make it a draft again, with the reason; also by whoever submitted it."""
    activities.check_may_manage(by, activity)
    _move(activity, "reject", by, at, reason=_clean_reason(reason))


def check_may_approve(activity: Activity, by: Staff) -> None:
    """Raise unless it waits for an approval and `by` is a second person, or alone."""
    activities.check_may_manage(by, activity)
    STATES.check("approve", activity.state)
    activities.check_second_person(by, activity.submitted_by_id, activity.by_id)


def may_approve(activity: Activity, by: Staff) -> bool:
    try:
        check_may_approve(activity, by)
    except errors.QunceError:
        return False
    return True


@transaction.atomic
def approve(*, activity: Activity, by: Staff, at: datetime) -> None:
    """Publish it as a second person; it starts at its time, or now if that is over."""
    _lock(activity)
    check_may_approve(activity, by)
    check_publishable(activity, at)
    _move(activity, "approve", by, at, approved_by=by, published_at=at)
    kind_contract.get(activity.kind).publish(activity, at)
    if activity.starts_at <= at:
        _move(activity, "start", by, at, started_at=at)


@transaction.atomic
def pause(*, activity: Activity, reason: str, by: Staff, at: datetime) -> None:
    """Let nobody join for a while; the page says why."""
    activities.check_may_run(by, activity)
    _move(activity, "pause", by, at, reason=_clean_reason(reason))


@transaction.atomic
def resume(*, activity: Activity, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, activity)
    _move(activity, "resume", by, at, reason="")


@transaction.atomic
def close(*, activity: Activity, by: Staff, at: datetime) -> None:
    """End an activity without an end, or before its end where the kind allows that."""
    activities.check_may_run(by, activity)
    kind = kind_contract.get(activity.kind)
    is_early = activity.ends_at is not None and at < activity.ends_at
    if is_early and not kind.may_close_early:
        raise InvalidActivity(
            _("It ends at the time that members have read. To stop it, cancel it.")
        )
    _close(activity, by, at)


@transaction.atomic
def end(*, activity: Activity, at: datetime) -> bool:
    """End an activity that is complete before its end; False if it does not run any more."""
    _lock(activity)
    if activity.state != State.RUNNING:
        return False
    _close(activity, None, at)
    return True


def _close(activity: Activity, by: Staff | None, at: datetime) -> None:
    _move(activity, "close", by, at, closed_at=at)
    kind_contract.get(activity.kind).close(activity, at)


@transaction.atomic
def settle(*, activity: Activity, by: Staff, at: datetime) -> None:
    """Note that all that was promised is done; raises with what is not."""
    activities.check_may_run(by, activity)
    STATES.check("settle", activity.state)
    kind_contract.get(activity.kind).check_settleable(activity, at)
    _move(activity, "settle", by, at, settled_at=at)
    if activity.lesson:
        _move(activity, "review", by, at, reviewed_at=at)


def check_may_review(activity: Activity, by: Staff) -> None:
    """Raise unless the activity is over and has no lesson."""
    activities.check_may_manage(by, activity)
    if activity.state != State.CLOSED or activity.lesson:
        STATES.check("review", activity.state)


def may_review(activity: Activity, by: Staff) -> bool:
    try:
        check_may_review(activity, by)
    except errors.QunceError:
        return False
    return True


@transaction.atomic
def review(*, activity: Activity, lesson: str, by: Staff, at: datetime) -> None:
    """Store the lesson, which is shown when the next activity of the kind is drafted.

    Prizes may take weeks to be handed over, so a closed one has its lesson before it is
    settled, and is reviewed when it is.
    """
    check_may_review(activity, by)
    text = lesson.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidActivity(_("Write one line: what did you learn?"))
    if len(text) > MAX_TEXT or not text_validation.is_valid(text):
        raise InvalidActivity(
            _("A lesson can have at most %(n)s characters.") % {"n": f"{MAX_TEXT:,}"}
        )
    if activity.state == State.SETTLED:
        _move(activity, "review", by, at, lesson=text, reviewed_at=at)
        return
    rows = Activity.objects.filter(pk=activity.pk, state=State.CLOSED, lesson="")
    if not rows.update(lesson=text):
        # Somebody else has written it, or settled it, since it was read.
        activity.refresh_from_db()
        STATES.check("review", activity.state)
    activity.lesson = text
    fact = activity_facts.ActivityChanged(activity=activity.pk, fields=["lesson"])
    activities.record(fact, activity, by, at)


@transaction.atomic
def cancel(*, activity: Activity, reason: str, by: Staff, at: datetime) -> bool:
    """Cancel it with a reason that members read; returns whether it is cancelled now.

    A draft is discarded immediately. Of a published one the first call asks, and a second
    person cancels with the same verb.
    """
    _lock(activity)
    activities.check_may_manage(by, activity)
    text = _clean_reason(reason)
    if activity.state in UNPUBLISHED:
        _move(activity, "discard", by, at, reason=text, cancelled_at=at)
        return True
    STATES.check("cancel", activity.state)
    if activity.cancel_asked_by_id is None:
        # Apart from `reason`, as members of a paused activity read why it is paused.
        activity.cancel_asked_by, activity.cancel_reason = by, text
        activity.save(update_fields=["cancel_asked_by", "cancel_reason"])
        fact = activity_facts.ActivityCancelAsked(activity=activity.pk)
        activities.record(fact, activity, by, at)
    try:
        activities.check_second_person(by, activity.cancel_asked_by_id)
    except activities.SecondPersonNeeded:
        return False
    _move(activity, "cancel", by, at, reason=text, cancel_reason="", cancelled_at=at)
    kind_contract.get(activity.kind).cancel(activity, at)
    return True


@transaction.atomic
def keep(*, activity: Activity, by: Staff, at: datetime) -> None:
    """Refuse a cancellation that was asked for."""
    _lock(activity)
    activities.check_may_manage(by, activity)
    if activity.cancelled_at is not None or activity.cancel_asked_by_id is None:
        return
    activity.cancel_asked_by, activity.cancel_reason = None, ""
    activity.save(update_fields=["cancel_asked_by", "cancel_reason"])
    fact = activity_facts.ActivityChanged(activity=activity.pk, fields=["cancelled"])
    activities.record(fact, activity, by, at)


# The clock


def move_due(*, at: datetime) -> int:
    """Start and close the activities whose time has come; returns how many."""
    to_start = Activity.objects.filter(state=State.SCHEDULED, starts_at__lte=at)
    to_close = Activity.objects.filter(
        state__in=[State.RUNNING, State.PAUSED], ends_at__lte=at
    )
    moved = _move_all(to_start, at, _start)
    return moved + _move_all(to_close, at, lambda row, at: _close(row, None, at))


def _start(activity: Activity, at: datetime) -> None:
    _move(activity, "start", None, at, started_at=at)


def _move_all(rows: models.QuerySet[Activity], at: datetime, move: Any) -> int:
    """Move each in a transaction of its own; one that cannot holds up no other."""
    moved, failed = 0, None
    for activity in rows.select_related("community").order_by("pk")[:MAX_PER_RUN]:
        try:
            with transaction.atomic():
                # Staff may have moved it since it was read.
                locked = rows.select_for_update(of=("self",), no_key=True)
                locked = locked.filter(pk=activity.pk)
                if locked.exists():
                    move(activity, at)
                    moved += 1
        except Exception as error:
            failed = error
    if failed is not None:
        raise failed
    return moved


FACTS: dict[str, type[ActivityFact]] = {
    "submit": activity_facts.ActivitySubmitted,
    "reject": activity_facts.ActivityRejected,
    "approve": activity_facts.ActivityPublished,
    "start": activity_facts.ActivityStarted,
    "pause": activity_facts.ActivityPaused,
    "resume": activity_facts.ActivityResumed,
    "close": activity_facts.ActivityClosed,
    "settle": activity_facts.ActivitySettled,
    "review": activity_facts.ActivityReviewed,
    "discard": activity_facts.ActivityCancelled,
    "cancel": activity_facts.ActivityCancelled,
}


def _move(
    activity: Activity, step: str, by: Staff | None, at: datetime, **changes: Any
) -> None:
    STATES.transition(activity, step, **changes)
    activities.record(FACTS[step](activity=activity.pk), activity, by, at)


def _clean_reason(reason: str) -> str:
    text = names.clean(reason)
    if not text:
        raise InvalidActivity(_("Write the reason; members read it."))
    if len(text) > MAX_SENTENCE or not text_validation.is_valid(text):
        raise InvalidActivity(
            _("A reason can have at most %(n)s characters.") % {"n": MAX_SENTENCE}
        )
    return text
