"""A rule gets a name, another rule, a list; or is put away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.segments import draft as segment_draft
from qunce.console.segments import views
from qunce.core import errors
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.members.tags import naming

if TYPE_CHECKING:
    from qunce.console.segments.draft import Draft


@require_POST
@http.page(segments.MANAGE)
def create(request: http.Request) -> HttpResponse:
    draft = _settled(request)
    if draft.open:
        return views.show(request, draft, error=_unfinished())
    name = naming.normalise(request.POST.get("name", ""))[:120]
    if not name:
        return views.show(request, draft, error=_("Enter a name first."))
    try:
        segment = segments.create(
            community=request.community,
            key=_free_key(request, request.POST.get("key") or name),
            name=name,
            description=request.POST.get("note", "").strip(),
            rule=draft.rule,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        return views.show(request, draft, error=str(error))
    http.say(request, _("Segment “%(name)s” saved.") % {"name": segment.name})
    return http.back(request, reverse("segments:page", args=[segment.pk]))


def _settled(request: http.Request) -> Draft:
    """The draft with the clause that is still open, if that is complete."""
    return segment_draft.settle(segment_draft.read(request.POST, views.desk(request)))


def _unfinished() -> str:
    return _("One condition is incomplete. Complete or discard it.")


def _free_key(request: http.Request, wanted: str) -> str:
    """What rules and files will call it; a number behind it if that is taken."""
    wanted = naming.normalise(wanted.replace(";", ","))[:72]
    rows = Segment.objects.filter(community=request.community)
    taken = set(rows.filter(key__startswith=wanted).values_list("key", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


@require_POST
@http.page(segments.MANAGE)
def change(request: http.Request, pk: int) -> HttpResponse:
    segment, draft = views.find(request, pk), _settled(request)
    name = naming.normalise(request.POST.get("name", ""))[:120]
    if draft.open or not name:
        error = _unfinished() if draft.open else _("Enter a name first.")
        return views.show(request, draft, segment, error)
    same = segment_draft.begin(segment.rule).rule == draft.rule
    try:
        segments.update(
            segment=segment,
            rule=None if same else draft.rule,
            name=name,
            description=request.POST.get("note", "").strip(),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        return views.show(request, draft, segment, str(error))
    http.say(request, _("Segment “%(name)s” saved.") % {"name": name})
    return http.back(request, reverse("segments:page", args=[pk]))


@require_POST
@http.page(segments.MANAGE)
def freeze(request: http.Request, pk: int) -> HttpResponse:
    """The people of the segment as they are now, as a list that stays."""
    segment = views.find(request, pk)
    key = request.POST.get("key", "").strip()
    try:
        frozen = frozen_segments.freeze(
            community=request.community,
            key=key or f"{segment.key[:60]} {localtime(request.at):%Y-%m-%d %H:%M}",
            rule=segment.rule,
            segment=segment,
            by=request.staff,
            at=request.at,
        )
    except errors.Refused as error:
        http.say(request, str(error), level="bad")
        return http.back(request, reverse("segments:page", args=[pk]))
    http.say(
        request,
        _("Saved as a frozen segment. Members: %(n)s.") % {"n": f"{frozen.size:,}"},
    )
    return http.back(request, reverse("segments:frozen", args=[frozen.pk]))


@require_POST
@http.page(segments.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    segment = views.find(request, pk)
    try:
        segments.archive(segment=segment, by=request.staff, at=request.at)
    except errors.Refused as error:
        http.say(request, str(error), level="bad")
        return http.back(request, reverse("segments:page", args=[pk]))
    said: Any = _("Segment “%(name)s” archived.") % {"name": segment.name}
    http.say(request, said, undo=reverse("segments:restore", args=[pk]))
    return http.back(request, reverse("segments:list"))


@require_POST
@http.page(segments.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    segment = views.find(request, pk)
    try:
        segments.restore(segment=segment, by=request.staff, at=request.at)
    except errors.QunceError as error:
        http.say(request, str(error), level="bad")
    else:
        said = _("Segment “%(name)s” restored.") % {"name": segment.name}
        http.say(request, said)
    return http.back(request, reverse("segments:page", args=[pk]))
