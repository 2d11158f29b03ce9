"""Actions on entries of the lists."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.lists import presenters
from qunce.groups.lists import lists


@require_POST
@http.page(lists.EDIT)
def remove(request: http.Request, pk: int) -> HttpResponse:
    entry = lists.get(pk=pk, by=request.staff, at=request.at)
    lists.remove(entry=entry, by=request.staff, at=request.at)
    text = _("%(name)s was taken off the %(list)s.") % {
        "name": presenters.name_of(entry, request),
        "list": entry.get_list_name_display(),
    }
    http.flash(request, text)
    return http.redirect_back(
        request, f"{reverse('lists:list')}?list={entry.list_name}"
    )
