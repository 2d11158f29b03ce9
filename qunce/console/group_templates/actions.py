"""Actions on group templates."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.group_templates import views
from qunce.groups import groups
from qunce.outreach.group_templates import applications, previews, templates


@require_POST
@http.page(templates.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    template = templates.get(by=request.staff, pk=pk)
    templates.archive(template=template, by=request.staff, at=request.at)
    http.flash(
        request,
        _("“%(name)s” is archived. Groups stay as they are.") % {"name": template},
        undo=reverse("group_templates:restore", args=[pk]),
    )
    return http.redirect_back(request, reverse("group_templates:list"))


@require_POST
@http.page(templates.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    template = templates.get(by=request.staff, pk=pk)
    templates.restore(template=template, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” can be used again.") % {"name": template})
    return http.redirect_back(request, reverse("group_templates:detail", args=[pk]))


@require_POST
@http.page(groups.MANAGE)
def apply(request: http.Request, pk: int) -> HttpResponse:
    """Apply the preview that was shown, or show it again if it is outdated."""
    by, at = request.staff, request.at
    template = templates.get(by=by, pk=pk)
    chosen = views.chosen_groups(request)
    try:
        application = applications.apply(
            template=template,
            groups=chosen,
            digest=request.POST.get("digest", ""),
            by=by,
            at=at,
        )
    except previews.PreviewOutdated as error:
        shown = previews.compute(template=template, groups=chosen, by=by, at=at)
        return views.render_preview(request, shown, str(error))
    return http.redirect_back(
        request, reverse("group_templates:application", args=[application.pk])
    )


@require_POST
@http.page(groups.MANAGE)
def undo(request: http.Request, pk: int) -> HttpResponse:
    application = applications.get(by=request.staff, pk=pk)
    count = applications.undo(application=application, by=request.staff, at=request.at)
    text = ngettext("Undone in %(n)s group.", "Undone in %(n)s groups.", count)
    http.flash(request, text % {"n": f"{count:,}"}, level="good" if count else "info")
    return http.redirect_back(
        request, reverse("group_templates:application", args=[pk])
    )
