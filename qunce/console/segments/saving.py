"""A rule gets a name, another rule, a list; or is put away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import entry
from qunce.console.segments import builder, drafts
from qunce.core import errors
from qunce.members import segments, tagnames
from qunce.members.segments import Segment

if TYPE_CHECKING:
    from qunce.console.segments.drafts import Draft


@require_POST
@entry.page(segments.MANAGE)
def create(request: entry.Request) -> HttpResponse:
    draft = _settled(request)
    if draft.open:
        return builder.show(request, draft, error=_unfinished())
    name = tagnames.clean(request.POST.get("name", ""))[:120]
    if not name:
        return builder.show(request, draft, error=_("Give it a name first."))
    try:
        segment = segments.create(
            community=request.community,
            key=_free_key(request, request.POST.get("key") or name),
            name=name,
            description=request.POST.get("note", "").strip(),
            rule=draft.rule,
            by=request.operator,
            at=request.at,
        )
    except errors.QunceError as error:
        return builder.show(request, draft, error=str(error))
    entry.say(request, _("The segment “%(name)s” is kept.") % {"name": segment.name})
    return entry.back(request, reverse("segments:page", args=[segment.pk]))


def _settled(request: entry.Request) -> Draft:
    """The draft with the clause that is still open, if that is complete."""
    return drafts.settle(drafts.read(request.POST, builder.desk(request)))


def _unfinished() -> str:
    return _("One condition is not complete yet: finish it or leave it out.")


def _free_key(request: entry.Request, wanted: str) -> str:
    """What rules and files will call it; a number behind it if that is taken."""
    wanted = tagnames.clean(wanted.replace(";", ","))[:72]
    rows = Segment.objects.filter(community=request.community)
    taken = set(rows.filter(key__startswith=wanted).values_list("key", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


@require_POST
@entry.page(segments.MANAGE)
def change(request: entry.Request, pk: int) -> HttpResponse:
    segment, draft = builder.find(request, pk), _settled(request)
    name = tagnames.clean(request.POST.get("name", ""))[:120]
    if draft.open or not name:
        error = _unfinished() if draft.open else _("Give it a name first.")
        return builder.show(request, draft, segment, error)
    same = drafts.begin(segment.rule).rule == draft.rule
    try:
        segments.change(
            segment=segment,
            rule=None if same else draft.rule,
            name=name,
            description=request.POST.get("note", "").strip(),
            by=request.operator,
            at=request.at,
        )
    except errors.QunceError as error:
        return builder.show(request, draft, segment, str(error))
    entry.say(request, _("The segment “%(name)s” is kept.") % {"name": name})
    return entry.back(request, reverse("segments:page", args=[pk]))


@require_POST
@entry.page(segments.MANAGE)
def freeze(request: entry.Request, pk: int) -> HttpResponse:
    """The people of the segment as they are now, as a list that stays."""
    segment = builder.find(request, pk)
    key = request.POST.get("key", "").strip()
    try:
        frozen = segments.freeze(
            community=request.community,
            key=key or f"{segment.key[:60]} {localtime(request.at):%Y-%m-%d %H:%M}",
            rule=segment.rule,
            segment=segment,
            by=request.operator,
            at=request.at,
        )
    except errors.Refused as error:
        entry.say(request, str(error), level="bad")
        return entry.back(request, reverse("segments:page", args=[pk]))
    entry.say(request, _("Kept as a list: %(n)s members.") % {"n": f"{frozen.size:,}"})
    return entry.back(request, reverse("segments:frozen", args=[frozen.pk]))


@require_POST
@entry.page(segments.MANAGE)
def archive(request: entry.Request, pk: int) -> HttpResponse:
    segment = builder.find(request, pk)
    try:
        segments.archive(segment=segment, by=request.operator, at=request.at)
    except errors.Refused as error:
        entry.say(request, str(error), level="bad")
        return entry.back(request, reverse("segments:page", args=[pk]))
    said: Any = _("The segment “%(name)s” is put away.") % {"name": segment.name}
    entry.say(request, said, undo=reverse("segments:restore", args=[pk]))
    return entry.back(request, reverse("segments:list"))


@require_POST
@entry.page(segments.MANAGE)
def restore(request: entry.Request, pk: int) -> HttpResponse:
    segment = builder.find(request, pk)
    try:
        segments.restore(segment=segment, by=request.operator, at=request.at)
    except errors.QunceError as error:
        entry.say(request, str(error), level="bad")
    else:
        said = _("The segment “%(name)s” is back.") % {"name": segment.name}
        entry.say(request, said)
    return entry.back(request, reverse("segments:page", args=[pk]))
