"""The page that creates numbered groups from a template."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.group_templates import presenters
from qunce.console.group_templates.forms import NewGroupsForm
from qunce.core import errors
from qunce.groups import groups
from qunce.outreach.group_templates import new_groups as verbs
from qunce.outreach.group_templates import templates


@require_http_methods(["GET", "POST"])
@http.page(groups.MANAGE)
def new_groups(request: http.Request, pk: int) -> HttpResponse:
    """A form, then its preview, then the groups: each POST is one step further."""
    by, at = request.staff, request.at
    template = templates.get(by=by, pk=pk)
    verbs.check_may_create(template, by)
    form = NewGroupsForm(template, by, request.POST or None)
    context: dict[str, Any] = {"template": template, "form": form}
    if request.method == "POST" and form.is_valid():
        asked: dict[str, Any] = {"template": template, "numbering": form.to_numbering()}
        try:
            if request.POST.get("digest"):
                application = verbs.create(
                    **asked,
                    digest=request.POST["digest"],
                    staff=[staff.pk for staff in form.cleaned_data["staff"]],
                    by=by,
                    at=at,
                )
                return http.redirect_back(
                    request,
                    reverse("group_templates:application", args=[application.pk]),
                )
            context["plan"] = verbs.plan(**asked, by=by)
        except errors.QunceError as error:
            form.add_error(None, str(error))
    context["sections"] = presenters.content_sections(
        templates.visible_content(template, by), by, at
    )
    status = 422 if form.errors else 200
    return http.render(
        request, "console/group_templates/new_groups.html", context, status=status
    )
