"""Pages of styles of service: the list with who has which, and the form of a style."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.service_styles import presenters
from qunce.console.service_styles.forms import RulesForm, StyleForm, limit_forms
from qunce.core import errors
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.service_styles import explanations, rules, styles
from qunce.outreach.service_styles.models import ServiceStyle


@require_http_methods(["GET", "POST"])
@http.page(styles.MANAGE)
def style_list(request: http.Request) -> HttpResponse:
    """The styles; the form of who has which is saved as a whole."""
    listed = styles.list_all(request.staff)
    overview = explanations.overview(by=request.staff, at=request.at)
    form = RulesForm(request, listed, overview, request.POST or None)
    error = ""
    if request.method == "POST":
        try:
            if form.is_valid():
                rules.update(
                    community=request.community,
                    rules=form.drafts(),
                    default=form.styles[form.default.cleaned_data["default"]],
                    by=request.staff,
                    at=request.at,
                )
                http.flash(request, _("Saved. It holds for every message from now on."))
                url = reverse("service_styles:list")
                return http.redirect_back(request, url)
            error = _("Choose a style for each rule.")
        except errors.QunceError as refusal:
            error = str(refusal)
    names = dict(
        Playbook.objects.filter(community=request.community).values_list("pk", "name")
    )
    context = {
        "styles": [presenters.row(style, overview, names) for style in listed],
        "overview": overview,
        "form": form,
        "error": error,
    }
    status = 422 if error else 200
    template = "console/service_styles/list.html"
    return http.render(request, template, context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(styles.MANAGE)
def style_create(request: http.Request) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@http.page(styles.MANAGE)
def style_update(request: http.Request, pk: int) -> HttpResponse:
    return _edit(request, styles.get(by=request.staff, pk=pk))


def _edit(request: http.Request, style: ServiceStyle | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, rows = StyleForm(request, data, style=style), limit_forms(data, style)
    if data is not None and form.is_valid() and rows.is_valid():
        arguments = form.to_arguments(rows)
        try:
            if style is None:
                styles.create(
                    community=request.community,
                    by=request.staff,
                    at=request.at,
                    **arguments,
                )
            else:
                styles.update(style=style, by=request.staff, at=request.at, **arguments)
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds for every message from now on."))
            return http.redirect_back(request, reverse("service_styles:list"))
    is_first = style is None and not styles.list_all(request.staff)
    context = {"form": form, "rows": rows, "style": style, "is_first": is_first}
    status = 422 if data is not None else 200
    template = "console/service_styles/form.html"
    return http.render(request, template, context, status=status)
