"""`qunce jobs`: background jobs of all communities, why some fail, and trying one again."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce import job_texts
from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, permissions
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.job_texts import JobText

JOB_HELP = N_("the job's number, as `qunce jobs list` shows it")

EVENT_HELP = N_("the event's number, as `qunce jobs list` shows it")
MAX_EVENTS_LISTED = 200

jobs = base.Group("jobs")


@jobs.command(
    "list", help=N_("List the jobs that failed; with --all, those that wait, too")
)
@base.option("--all", "with_waiting", is_flag=True, help=N_("also jobs that wait"))
@options.pass_invocation
def list_jobs(invocation: Invocation, with_waiting: bool) -> None:
    community = _community(invocation)
    rows = job_queue.list_all(community)
    if not with_waiting:
        rows = job_queue.list_failing(community)
    texts = [job_texts.describe(row, at=invocation.at) for row in rows]
    events = list(inbox.list_exhausted(community)[:MAX_EVENTS_LISTED])
    invocation.out.answer(
        {
            "jobs": [_record(text) for text in texts],
            "events": list(map(_event_record, events)),
        }
    )
    for text in texts:
        invocation.out.line(_format_row(text))
    if events:
        invocation.out.line(_("Events of channels that were given up:"))
    for event in events:
        invocation.out.line(_format_event(event))
    if not texts and not events:
        invocation.out.line(_("No job has failed."))


@jobs.command("show", help=N_("Show a job with its last error"))
@base.argument("job", type=int, help=JOB_HELP)
@options.pass_invocation
def show(invocation: Invocation, job: int) -> None:
    row = job_queue.get(job, community=_community(invocation))
    text = job_texts.describe(row, at=invocation.at)
    lines = [_format_row(text), *filter(None, [text.reason, text.remedy, row.error])]
    invocation.out.answer(_record(text), *lines)


@jobs.command("retry", help=N_("Run a job that failed again, with all its attempts"))
@base.argument("job", type=int, help=JOB_HELP)
@options.pass_invocation
def retry(invocation: Invocation, job: int) -> None:
    row = job_queue.get(job, community=_community(invocation))
    by = _staff(invocation, row)
    job_queue.retry(job=row, by=by, at=invocation.at)
    invocation.out.answer(
        {"job": row.pk, "due_at": invocation.at.isoformat()},
        _("The server or the worker runs it within a second."),
    )


@jobs.command(
    "retry-event", help=N_("Handle an event of a channel again that was given up")
)
@base.argument("event", type=int, help=EVENT_HELP)
@options.pass_invocation
def retry_event(invocation: Invocation, event: int) -> None:
    row = inbox.get_exhausted(event, community=_community(invocation))
    is_by_staff = invocation.is_by_staff
    by = invocation.by if is_by_staff else staff_models.system(row.community)
    inbox.retry(event=row, by=by, at=invocation.at)
    invocation.out.answer(
        {"event": row.pk}, _("The server or the worker handles it within seconds.")
    )


def _event_record(event: IncomingEvent) -> dict[str, Any]:
    text = job_texts.describe_event(event)
    return {
        "id": event.pk,
        "community": event.community.key,
        "channel": event.channel,
        "kind": event.kind,
        "received_at": event.received_at.isoformat(),
        "attempts": event.attempts,
        "reason": text.reason,
        "remedy": text.remedy,
        "error": event.error,
    }


def _format_event(event: IncomingEvent) -> str:
    title = job_texts.describe_event(event).title
    attempts = _("%(n)s attempts") % {"n": event.attempts}
    parts = [f"{event.pk:>6}", event.community.key, title, attempts, event.error]
    return "  ".join(parts)


def _community(invocation: Invocation) -> Community | None:
    """The chosen community, or that of `--as`; None for all of them."""
    if invocation.is_by_staff:
        permissions.check_may(invocation.by, job_queue.MANAGE)
        return invocation.community
    key = invocation.community_key
    return communities.get(key) if key else None


def _staff(invocation: Invocation, row: QueuedJob) -> Staff:
    if invocation.is_by_staff:
        return invocation.by
    # A job of the installation belongs to no community; any of them will do.
    community = row.community or Community.objects.order_by("pk")[0]
    return staff_models.system(community)


def _record(text: JobText) -> dict[str, Any]:
    row = text.row
    return {
        "id": row.pk,
        "job": row.job,
        "key": row.key,
        "community": row.community.key if row.community else None,
        "label": text.label,
        "subject": text.subject,
        "state": text.state,
        "attempts": row.attempts,
        "failing_since": row.failing_since and row.failing_since.isoformat(),
        "next_at": text.next_at and text.next_at.isoformat(),
        "reason": text.reason,
        "remedy": text.remedy,
        "error": row.error,
    }


def _format_row(text: JobText) -> str:
    row = text.row
    community = row.community.key if row.community else "-"
    attempts = _("%(n)s attempts") % {"n": row.attempts} if row.error else ""
    parts = [f"{row.pk:>6}", community, text.title, text.state_label, attempts]
    return "  ".join([*filter(None, parts), *filter(None, [text.reason])])
