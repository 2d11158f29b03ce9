"""Many members at once: tagged, undone, taken out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import actions, filters, forms, list_views
from qunce.core import errors, permissions
from qunce.members.people import visibility
from qunce.members.search import export as member_export
from qunce.members.search import member_list as members
from qunce.members.search import search
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def chosen(request: Request, *, otherwise_all: bool = False) -> BitMap:
    """Those ticked, or everybody whom the address leaves."""
    by, at = request.staff, request.at
    nobody = otherwise_all and not request.POST.getlist("member")
    if nobody or request.POST.get("everyone") == "1":
        found = filters.read(request.GET, by)
        words = request.GET.get("q", "")[: search.MAX_QUERY_LENGTH]
        return members.find_people(by=by, at=at, rule=found.rule, query=words)
    ticked = _numbers(request.POST.getlist("member"))
    return bitmaps.of(visibility.filter_visible(by=by, accounts=ticked, at=at))


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 10]


# Tags


@require_POST
@http.page(assignments.APPLY)
def tag(request: Request) -> HttpResponse:
    people, text = chosen(request), request.POST.get("tag", "").strip()[:80]
    action = (
        bulk_tagging.REMOVE
        if request.POST.get("action") == "remove"
        else bulk_tagging.APPLY
    )
    if not people:
        return list_views.again(request, _("Choose at least one member."))
    found = forms.find_tag(request.community, text) if text else None
    if found is None:
        return list_views.again(request, _no_tag(request, text))
    try:
        return _done(request, found, action, people)
    except errors.QunceError as error:
        return list_views.again(request, str(error))


def _no_tag(request: Request, text: str) -> str:
    if not text:
        return _("Enter a tag.")
    near = tag_report.list_similar(request.community, text)
    said = _("There is no tag “%(tag)s”.") % {"tag": text}
    if near:
        names = _(", ").join(each.name for each in near)
        said += " " + _("Did you mean: %(names)s?") % {"names": names}
    return said


def _done(
    request: Request, found: tag_models.Tag, action: str, people: BitMap
) -> HttpResponse:
    about: dict[str, Any] = {"by": request.staff, "at": request.at}
    if len(people) > bulk_tagging.MAX_IMMEDIATE:
        job = bulk_tagging.start(tag=found, action=action, people=people, **about)
        return http.back(request, reverse("members:tag-job", args=[job.pk]))
    verb = assignments.apply if action == bulk_tagging.APPLY else assignments.remove
    batch = verb(tag=found, accounts=people, **about)
    undo = reverse("members:tag-undo", args=[batch.pk]) if batch.changed else None
    http.say(request, said(found, action, batch.changed), undo=undo)
    return http.back(request, list_views.address(request))


def said(found: tag_models.Tag, action: str, number: int) -> str:
    if action == bulk_tagging.APPLY:
        text = ngettext(
            "“%(tag)s” was added to %(n)s member.",
            "“%(tag)s” was added to %(n)s members.",
            number,
        )
    else:
        text = ngettext(
            "“%(tag)s” was removed from %(n)s member.",
            "“%(tag)s” was removed from %(n)s members.",
            number,
        )
    return text % {"n": f"{number:,}", "tag": found.name}


@require_GET
@http.page(assignments.APPLY)
def job(request: Request, pk: int) -> HttpResponse:
    found = bulk_tagging.get(by=request.staff, pk=pk)
    context = {"job": found, "said": said(found.tag, found.action, found.batch.changed)}
    part = "console/members/_job.html"
    return http.render(request, "console/members/job.html", context, part=part)


@require_POST
@http.page(assignments.APPLY)
def undo(request: Request, batch: int) -> HttpResponse:
    """One's own batch; others' are undone by managers who see everybody."""
    rows = tag_models.TagBatch.objects.filter(community=request.community, pk=batch)
    by = request.staff
    if by.scope is not None or not permissions.may(by, tag_models.MANAGE):
        rows = rows.filter(by=by)
    found = rows.first()
    if found is None:
        raise library.TagNotFound(_("There is no such tag batch."))
    back = assignments.undo(batch=found, by=request.staff, at=request.at)
    http.say(
        request,
        ngettext(
            "Undone. %(n)s tag was restored.",
            "Undone. %(n)s tags were restored.",
            back,
        )
        % {"n": f"{back:,}"},
    )
    where = reverse("members:list")
    return http.back(request, actions.came_from(request, where))


# Out of the house


@require_POST
@http.page(member_export.EXPORT)
def export(request: Request) -> HttpResponseBase:
    form = request.POST.get("form", "csv")
    people = chosen(request, otherwise_all=True)
    out = member_export.start(
        by=request.staff, at=request.at, people=people, file_format=form
    )
    name = f"members-{request.at:%Y%m%d-%H%M}.{form}"
    if form == "csv":
        answer = StreamingHttpResponse(
            out.csv(), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    out.xlsx(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
