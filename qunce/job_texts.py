"""Queued jobs in the words of staff: what each does, and what keeps it from doing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from qunce import reactions, schedule
from qunce.channels.inbox import IncomingEvent
from qunce.core.jobs import job_failures
from qunce.core.jobs.job_queue import QueuedJob
from qunce.members.accounts import channel_labels

JOBS = {**schedule.SCHEDULE, **reactions.JOBS}
WAITING, RUNNING, FAILING, GIVEN_UP = "waiting", "running", "failing", "given_up"


@dataclass(frozen=True)
class JobText:
    """`reason` and `remedy` are empty unless the last attempt failed.

    `next_at` is None for a job that is running or was given up.
    """

    row: QueuedJob
    state: str
    state_label: str
    label: str
    subject: str
    reason: str
    remedy: str
    next_at: datetime | None

    @property
    def title(self) -> str:
        if not self.subject:
            return self.label
        return _("%(job)s: %(subject)s") % {"job": self.label, "subject": self.subject}


def describe(row: QueuedJob, *, at: datetime) -> JobText:
    job = JOBS.get(row.job)
    reason, remedy = job_failures.CAUSES.get(row.cause, ("", ""))
    state = _state(row, at)
    labels = {
        WAITING: _("waiting"),
        RUNNING: _("running"),
        FAILING: _("is tried again"),
        GIVEN_UP: _("given up"),
    }
    return JobText(
        row=row,
        state=state,
        state_label=labels[state],
        label=str(job.label) if job else row.job,
        subject=job.subject(row.key) if job and job.subject and row.key else "",
        reason=row.reason or str(reason),
        remedy=str(remedy),
        next_at=row.due_at if state in {WAITING, FAILING} else None,
    )


@dataclass(frozen=True)
class EventText:
    """An event of a channel that could not be handled, and what helps."""

    event: IncomingEvent
    title: str
    reason: str
    remedy: str


def describe_event(event: IncomingEvent) -> EventText:
    reason, remedy = job_failures.CAUSES[job_failures.INTERNAL]
    title = _("Event “%(kind)s” of %(channel)s") % {
        "kind": event.kind,
        "channel": channel_labels.label_of(event.channel),
    }
    return EventText(event, title, str(reason), str(remedy))


def _state(row: QueuedJob, at: datetime) -> str:
    if row.leased_until is not None and row.leased_until > at:
        return RUNNING
    if row.is_given_up:
        return GIVEN_UP
    return FAILING if row.error else WAITING
