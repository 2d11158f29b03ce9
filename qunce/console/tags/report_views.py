"""What the library needs tidied, with something to do on every line."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.tags import presenters
from qunce.core import permissions
from qunce.members.tags import duplicates, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report


@http.page(tag_models.MANAGE)
def report(request: http.Request) -> HttpResponse:
    if request.staff.scope is not None:
        raise permissions.ScopeTooNarrow(
            _(
                "This report covers all members, but your scope includes only some of them."
            )
        )
    pairs = tag_report.list_duplicates(request.community)
    flat = [tag for pair in pairs for tag in pair]
    rows = presenters.tag_rows(flat, request.staff, request.at)
    lonely = tag_report.list_single_use(request.community, at=request.at)
    context = {
        "twins": list(zip(rows[::2], rows[1::2], strict=True)),
        "unused": tag_report.list_unused(request.community, at=request.at),
        "lonely": presenters.tag_rows(lonely, request.staff, request.at),
    }
    return http.render(request, "console/tags/report.html", context)


@require_POST
@http.page(tag_models.MANAGE)
def keep_apart(request: http.Request, pk: int, other: int) -> HttpResponse:
    one, two = (library.get_by_id(request.community, each) for each in (pk, other))
    duplicates.dismiss(tag=one, other=two, by=request.staff, at=request.at)
    text = _("“%(one)s” and “%(other)s” remain separate tags.")
    http.say(request, text % {"one": one.name, "other": two.name})
    return http.back(request, reverse("tags:report"))
