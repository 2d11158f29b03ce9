"""The page of background jobs: what waits, what fails and why, and a button to try again."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce import job_texts
from qunce.channels import inbox
from qunce.console import http
from qunce.console.http import Request
from qunce.core.jobs import clock_watch, job_queue

MAX_SHOWN = 200


@require_GET
@http.page(job_queue.MANAGE)
def job_list(request: Request) -> HttpResponse:
    rows = job_queue.list_all(request.community)[: MAX_SHOWN + 1]
    texts = [job_texts.describe(row, at=request.at) for row in rows[:MAX_SHOWN]]
    failing = [text for text in texts if text.reason]
    events = inbox.list_exhausted(request.community)[: MAX_SHOWN + 1]
    context = {
        "failing": failing,
        "events": [job_texts.describe_event(event) for event in events[:MAX_SHOWN]],
        "has_more_events": len(events) > MAX_SHOWN,
        "others": [text for text in texts if not text.reason],
        "has_more": len(rows) > MAX_SHOWN,
        "set_back": clock_watch.find_set_back(),
    }
    return http.render(request, "console/settings/job_list.html", context)


@require_POST
@http.page(job_queue.MANAGE)
def retry(request: Request, pk: int) -> HttpResponse:
    job = job_queue.get(pk, community=request.community)
    job_queue.retry(job=job, by=request.staff, at=request.at)
    http.flash(request, _("The job runs within a second."))
    return http.redirect_back(request, reverse("settings:job-list"))


@require_POST
@http.page(job_queue.MANAGE)
def retry_event(request: Request, pk: int) -> HttpResponse:
    event = inbox.get_exhausted(pk, community=request.community)
    inbox.retry(event=event, by=request.staff, at=request.at)
    http.flash(request, _("The event is handled within a few seconds."))
    return http.redirect_back(request, reverse("settings:job-list"))
