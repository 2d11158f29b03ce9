"""Imports that there were, and files that wait to be imported."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.console.importing import labels
from qunce.importing import jobs, registry, uploads
from qunce.importing.jobs import ImportJob

PAGE = 30


@dataclass(frozen=True)
class Row:
    job: ImportJob
    target: str
    state: StrOrPromise
    tone: str


@http.page(jobs.IMPORT)
def listed(request: http.Request) -> HttpResponse:
    before = paging.number(request, "before")
    found = jobs.list_all(request.community)
    found = found.filter(pk__lt=before) if before else found
    some = list(found[: PAGE + 1])
    context = {
        "rows": [row(job) for job in some[:PAGE]],
        "unused": [] if before else list(uploads.list_unused(request.community)[:PAGE]),
        "may_import": jobs.may_import(request.staff),
        "next": paging.link(request, before=some[PAGE - 1].pk)
        if len(some) > PAGE
        else "",
        "first": paging.link(request, before=None) if before else "",
    }
    return http.render(request, "console/importing/list.html", context)


def row(job: ImportJob) -> Row:
    state, tone = labels.STATES.get(job.state, (job.state, ""))
    return Row(job, str(registry.get(job.target).label), state, tone)
