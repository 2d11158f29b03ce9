"""Actions on segments: create, update, freeze, archive, restore, watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.segments import rule_draft as segment_draft
from qunce.console.segments import views
from qunce.core import errors
from qunce.core.unique_keys import unused_key
from qunce.members.rule_text import contact_masks
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments, watches
from qunce.members.segments.segments import Segment
from qunce.members.tags import naming

if TYPE_CHECKING:
    from qunce.console.segments.rule_draft import Draft


@require_POST
@http.page(segments.MANAGE)
def create(request: http.Request) -> HttpResponse:
    draft, name = _load(request)
    error = _find_error(draft, name)
    if error:
        return views.render_builder(request, draft, error=error)
    try:
        # The key for rules and files.
        key = naming.normalise((request.POST.get("key") or name).replace(";", ","))[:72]
        rows = Segment.objects.filter(community=request.community)
        used = set(rows.filter(key__startswith=key).values_list("key", flat=True))
        segment = segments.create(
            community=request.community,
            key=unused_key(key, used),
            name=name,
            description=request.POST.get("note", "").strip(),
            rule=draft.rule,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as refused:
        return views.render_builder(request, draft, error=str(refused))
    http.flash(request, _("Segment “%(name)s” saved.") % {"name": segment.name})
    return http.redirect_back(request, reverse("segments:detail", args=[segment.pk]))


def _load(request: http.Request) -> tuple[Draft, str]:
    """The draft, with the clause of the open form if it is complete, and the name."""
    draft = segment_draft.load(request.POST, views.choices_of(request))
    name = naming.normalise(request.POST.get("name", ""))[:120]
    return segment_draft.close_form(draft), name


def _find_error(draft: Draft, name: str) -> str:
    if draft.open:
        return _("One condition is incomplete. Complete or discard it.")
    return "" if name else _("Enter a name first.")


@require_POST
@http.page(segments.MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    segment = views.get_segment(request, pk)
    draft, name = _load(request)
    error = _find_error(draft, name)
    if error:
        return views.render_builder(request, draft, segment, error)
    # The draft wraps a rule in an `all`; that alone is no change of the rule.
    is_same = segment_draft.start(segment.rule).rule == draft.rule
    try:
        segments.update(
            segment=segment,
            rule=None if is_same else draft.rule,
            name=name,
            description=request.POST.get("note", "").strip(),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as refused:
        return views.render_builder(request, draft, segment, str(refused))
    http.flash(request, _("Segment “%(name)s” saved.") % {"name": name})
    return http.redirect_back(request, reverse("segments:detail", args=[pk]))


@require_POST
@http.page(segments.MANAGE)
def freeze(request: http.Request, pk: int) -> HttpResponse:
    """Save the current members of the segment as a frozen segment."""
    segment = views.get_segment(request, pk)
    key = request.POST.get("key", "").strip()
    try:
        frozen = frozen_segments.freeze(
            community=request.community,
            key=key or f"{segment.key[:60]} {localtime(request.at):%Y-%m-%d %H:%M}",
            rule=segment.rule
            if contact_masks.is_readable(segment.rule, request.staff)
            else segments.reference(segment),
            segment=segment,
            by=request.staff,
            at=request.at,
        )
    except errors.Refused as refused:
        http.flash(request, str(refused), level="bad")
        return http.redirect_back(request, reverse("segments:detail", args=[pk]))
    http.flash(
        request,
        _("Saved as a frozen segment. Members: %(n)s.") % {"n": f"{frozen.size:,}"},
    )
    return http.redirect_back(
        request, reverse("segments:frozen-detail", args=[frozen.pk])
    )


@require_POST
@http.page(segments.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    segment = views.get_segment(request, pk)
    try:
        segments.archive(segment=segment, by=request.staff, at=request.at)
    except errors.Refused as refused:
        http.flash(request, str(refused), level="bad")
        return http.redirect_back(request, reverse("segments:detail", args=[pk]))
    message: Any = _("Segment “%(name)s” archived.") % {"name": segment.name}
    http.flash(request, message, undo=reverse("segments:restore", args=[pk]))
    return http.redirect_back(request, reverse("segments:list"))


@require_POST
@http.page(segments.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    segment = views.get_segment(request, pk)
    try:
        segments.restore(segment=segment, by=request.staff, at=request.at)
    except errors.QunceError as refused:
        http.flash(request, str(refused), level="bad")
    else:
        message = _("Segment “%(name)s” restored.") % {"name": segment.name}
        http.flash(request, message)
    return http.redirect_back(request, reverse("segments:detail", args=[pk]))


@require_POST
@http.page(segments.MANAGE)
def watch(request: http.Request, pk: int) -> HttpResponse:
    """Record from now on who enters and leaves the segment."""
    segment = views.get_segment(request, pk)
    try:
        watches.start(segment=segment, by=request.staff, at=request.at)
    except errors.QunceError as refused:
        http.flash(request, str(refused), level="bad")
    else:
        message = _("Watching “%(name)s”.") % {"name": segment.name}
        http.flash(request, message)
    return http.redirect_back(request, reverse("segments:detail", args=[pk]))


@require_POST
@http.page(segments.MANAGE)
def unwatch(request: http.Request, pk: int) -> HttpResponse:
    segment = views.get_segment(request, pk)
    watches.stop(segment=segment, by=request.staff, at=request.at)
    message = _("“%(name)s” is no longer watched.") % {"name": segment.name}
    http.flash(request, message)
    return http.redirect_back(request, reverse("segments:detail", args=[pk]))
