"""Actions on layerings."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.layers import layering_draft, presenters, views
from qunce.console.layers.layering_draft import LayeringDraft
from qunce.core import errors
from qunce.core.unique_keys import unused_key
from qunce.members.layers import ladders, layers
from qunce.members.layers.layers import Layering
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library, naming
from qunce.members.tags import models as tag_models


def _load(request: http.Request) -> tuple[LayeringDraft, str]:
    """The draft with its open rule in its layer, and why it cannot be saved."""
    draft = layering_draft.load(request.POST, views.choices_of(request))
    if draft.error:
        return draft, draft.error
    closed = layering_draft.close_rule(draft)
    if closed.is_open:
        return closed, _("One condition is incomplete. Complete or discard it.")
    return closed, "" if closed.name else _("Enter a name first.")


@require_POST
@http.page(layers.MANAGE)
def create(request: http.Request) -> HttpResponse:
    """Create the layering of the form, and put everyone into a layer immediately."""
    draft, error = _load(request)
    if error:
        return views.render_new(request, draft, error)
    used = Layering.objects.filter(community=request.community)
    base = str(draft.spec.get("ladder") or naming.normalise(draft.name))[:72]
    try:
        layering = layers.create(
            community=request.community,
            key=unused_key(
                base.replace(";", ","), set(used.values_list("key", flat=True))
            ),
            name=draft.name,
            spec=draft.spec,
            default=draft.default,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as refused:
        return views.render_new(request, draft, str(refused))
    layers.recompute(layering=layering, by=request.staff, at=request.at)
    text = _("“%(name)s” is created, and every member is in a layer.")
    http.flash(request, text % {"name": layering.name})
    return http.redirect_back(request, reverse("layers:detail", args=[layering.pk]))


@require_POST
@http.page(layers.MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    draft, error = _load(request)
    if error:
        return views.render_detail(request, layering, draft, error)
    try:
        layers.update(
            layering=layering,
            spec=draft.spec,
            default=draft.default,
            name=draft.name,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as refused:
        layering.refresh_from_db()
        return views.render_detail(request, layering, draft, str(refused))
    if request.POST.get("recompute"):
        return views.recompute_and_redirect(request, layering)
    http.flash(
        request,
        _("Saved. The change takes effect when the layering is next recomputed."),
    )
    return http.redirect_back(request, reverse("layers:detail", args=[pk]))


@require_POST
@http.page(tag_models.MANAGE)
def create_tags(request: http.Request) -> HttpResponse:
    """Create the tags that a ready-made layering needs, in a group of their own."""
    ladder = ladders.get(request.POST.get("ladder", ""))
    missing = ladder.missing_tags(request.community)
    if missing:
        existing = tag_models.TagGroup.objects.filter(
            community=request.community, key=ladder.key
        ).first()
        group = existing or tag_groups.create(
            community=request.community,
            key=ladder.key,
            name=str(ladder.name),
            by=request.staff,
            at=request.at,
        )
        for key in missing:
            library.create(
                community=request.community,
                key=key,
                name=str(ladder.tags[key]),
                group=group,
                by=request.staff,
                at=request.at,
            )
    return http.redirect_back(
        request, f"{reverse('layers:create')}?ladder={ladder.key}"
    )


@require_POST
@http.page(layers.MANAGE)
def recompute(request: http.Request, pk: int) -> HttpResponse:
    return views.recompute_and_redirect(request, presenters.get_layering(request, pk))


@require_POST
@http.page(layers.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    try:
        layers.archive(layering=layering, by=request.staff, at=request.at)
    except errors.Refused as refused:
        http.flash(request, str(refused), level="bad")
        return http.redirect_back(request, reverse("layers:detail", args=[pk]))
    text = _("“%(name)s” is archived and no longer recomputed.") % {
        "name": layering.name
    }
    http.flash(request, text, undo=reverse("layers:restore", args=[pk]))
    return http.redirect_back(request, reverse("layers:list"))


@require_POST
@http.page(layers.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    layers.restore(layering=layering, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is restored.") % {"name": layering.name})
    return http.redirect_back(request, reverse("layers:detail", args=[pk]))
