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

from qunce.console import entry
from qunce.console.entry import Request
from qunce.console.members import deeds, filters, forms, listing
from qunce.core import access, errors
from qunce.members import (
    exporting,
    search,
    sight,
    tagging,
    tagjobs,
    tagreports,
    tagrows,
    tags,
)
from qunce.members import listing as members
from qunce.sets import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def chosen(request: Request, *, otherwise_all: bool = False) -> BitMap:
    """Those ticked, or everybody whom the address leaves."""
    by, at = request.operator, request.at
    nobody = otherwise_all and not request.POST.getlist("member")
    if nobody or request.POST.get("everyone") == "1":
        found = filters.read(request.GET, by)
        words = request.GET.get("q", "")[: search.LONGEST]
        return members.people(by=by, at=at, rule=found.rule, words=words)
    ticked = _numbers(request.POST.getlist("member"))
    return bitmaps.of(sight.only(by=by, accounts=ticked, at=at))


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 10]


# Tags


@require_POST
@entry.page(tagging.TEND)
def tag(request: Request) -> HttpResponse:
    people, text = chosen(request), request.POST.get("tag", "").strip()[:80]
    does = tagjobs.TAKE if request.POST.get("does") == "take" else tagjobs.PUT
    if not people:
        return listing.again(request, _("Choose at least one member."))
    found = forms.find_tag(request.community, text) if text else None
    if found is None:
        return listing.again(request, _no_tag(request, text))
    try:
        return _done(request, found, does, people)
    except errors.QunceError as error:
        return listing.again(request, str(error))


def _no_tag(request: Request, text: str) -> str:
    if not text:
        return _("Say which tag.")
    near = tagreports.near(request.community, text)
    said = _("There is no tag “%(tag)s”.") % {"tag": text}
    if near:
        names = _(", ").join(each.name for each in near)
        said += " " + _("Do you mean: %(names)s?") % {"names": names}
    return said


def _done(request: Request, found: tags.Tag, does: str, people: BitMap) -> HttpResponse:
    about: dict[str, Any] = {"by": request.operator, "at": request.at}
    if len(people) > tagjobs.AT_ONCE:
        job = tagjobs.start(tag=found, does=does, people=people, **about)
        return entry.back(request, reverse("members:tag_job", args=[job.pk]))
    verb = tagging.put if does == tagjobs.PUT else tagging.take_off
    batch = verb(tag=found, accounts=people, **about)
    undo = reverse("members:undo_tagging", args=[batch.pk]) if batch.changed else None
    entry.say(request, said(found, does, batch.changed), undo=undo)
    return entry.back(request, listing.address(request))


def said(found: tags.Tag, does: str, number: int) -> str:
    if does == tagjobs.PUT:
        text = ngettext(
            "%(n)s member carries “%(tag)s” anew.",
            "%(n)s members carry “%(tag)s” anew.",
            number,
        )
    else:
        text = ngettext(
            "“%(tag)s” taken off %(n)s member.",
            "“%(tag)s” taken off %(n)s members.",
            number,
        )
    return text % {"n": f"{number:,}", "tag": found.name}


@require_GET
@entry.page(tagging.TEND)
def job(request: Request, pk: int) -> HttpResponse:
    found = tagjobs.get(by=request.operator, pk=pk)
    context = {"job": found, "said": said(found.tag, found.does, found.batch.changed)}
    part = "console/members/_job.html"
    return entry.render(request, "console/members/job.html", context, part=part)


@require_POST
@entry.page(tagging.TEND)
def undo(request: Request, batch: int) -> HttpResponse:
    """One's own batch; others' are undone by managers who see everybody."""
    rows = tagrows.TagBatch.objects.filter(community=request.community, pk=batch)
    by = request.operator
    if by.scope is not None or not access.may(by, tags.MANAGE):
        rows = rows.filter(by=by)
    found = rows.first()
    if found is None:
        raise tags.UnknownTag(_("There is no such tagging."))
    back = tagging.undo(batch=found, by=request.operator, at=request.at)
    entry.say(
        request,
        ngettext(
            "Undone: %(n)s tag is as it was.",
            "Undone: %(n)s tags are as they were.",
            back,
        )
        % {"n": f"{back:,}"},
    )
    where = reverse("members:list")
    return entry.back(request, deeds.came_from(request, where))


# Out of the house


@require_POST
@entry.page(exporting.EXPORT)
def export(request: Request) -> HttpResponseBase:
    form = request.POST.get("form", "csv")
    people = bitmaps.freeze(chosen(request, otherwise_all=True))
    out = exporting.start(by=request.operator, at=request.at, blob=people, form=form)
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
