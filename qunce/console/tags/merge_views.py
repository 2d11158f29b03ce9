"""Two tags become one: what happens is said before it does."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http, paging
from qunce.console.tags import list_views
from qunce.console.tags.forms import MergeForm
from qunce.core import errors
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report


@require_http_methods(["GET", "POST"])
@http.page(tag_models.MANAGE)
def merge(request: http.Request, pk: int) -> HttpResponse:
    tag = library.get_by_id(request.community, pk)
    into = paging.number(request, "into") or None
    form = MergeForm(tag, request.POST or None, into=into)
    if request.method == "POST" and form.is_valid():
        other = library.get_by_id(request.community, form.cleaned_data["into"].pk)
        try:
            assignments.merge(tag=tag, into=other, by=request.staff, at=request.at)
        except errors.QunceError as error:
            form.add_error("into", str(error))
        else:
            text = _("“%(tag)s” is now a synonym of “%(into)s”.")
            http.say(request, text % {"tag": tag.name, "into": other.name})
            return http.back(request, reverse("tags:detail", args=[other.pk]))
    twins = [
        one
        for one in tag_report.list_similar(request.community, tag.name)
        if one != tag
    ]
    chosen = library.get_by_id(request.community, into) if into else None
    several = [tag, *([chosen] if chosen else []), *twins]
    rows = list_views.rows_of(several, request.staff, request.at)
    context = {
        "form": form,
        "row": rows[0],
        "chosen": rows[1] if chosen else None,
        "twins": rows[2 if chosen else 1 :],
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/tags/merge.html", context, status=status)
