"""The page of candidates: pasted, looked at, added."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.lists.forms import CandidatesForm
from qunce.core import errors
from qunce.groups.lists import candidates, lists
from qunce.members.accounts import masking

MAX_SHOWN = 200


@require_http_methods(["GET", "POST"])
@http.page(lists.EDIT)
def candidates_page(request: http.Request) -> HttpResponse:
    form = CandidatesForm(request, request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        values = form.cleaned_data
        try:
            read = form.read()
            if "add" in request.POST:
                return _add(request, form)
            shown = candidates.preview(
                read, list_name=values["list_name"], by=request.staff, at=request.at
            )
            context |= {
                "preview": shown,
                "rows": [
                    (
                        row,
                        row.name
                        or masking.key(row.candidate.channel_key, request.staff),
                    )
                    for row in shown.rows[:MAX_SHOWN]
                ],
                "more": max(len(shown.rows) - MAX_SHOWN, 0),
            }
        except errors.QunceError as error:
            form.add_error("text", str(error))
    status = 422 if form.errors else 200
    return http.render(request, "console/lists/candidates.html", context, status=status)


def _add(request: http.Request, form: CandidatesForm) -> HttpResponse:
    added, left_out = candidates.add_all(
        form.read(),
        list_name=form.cleaned_data["list_name"],
        by=request.staff,
        at=request.at,
        **form.to_arguments(request.at),
    )
    text = ngettext(
        "%(n)s person was added; %(left)s could not be.",
        "%(n)s people were added; %(left)s could not be.",
        len(added),
    )
    http.flash(request, text % {"n": f"{len(added):,}", "left": f"{left_out:,}"})
    url = f"{reverse('lists:list')}?list={form.cleaned_data['list_name']}"
    return http.redirect_back(request, url)
