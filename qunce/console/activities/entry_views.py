"""Entries of an activity: the list, typing a member, pasting the lines of a chat."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from qunce.activities import pasted_lines
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import Way
from qunce.activities.kinds import base
from qunce.console import http, member_names
from qunce.console.activities import presenters
from qunce.console.activities.forms import PasteForm
from qunce.console.complaints.views import find_member
from qunce.core import errors
from qunce.groups import visibility as group_visibility

PAGE_SIZE = 200


@require_GET
@http.page(activities.RUN)
def entry_list(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    rows = entries.list_visible(activity=activity, by=request.staff, at=request.at)
    names = member_names.find(row.account_id for row in rows[:PAGE_SIZE])
    context = presenters.heading(activity, request) | {
        "rows": [(row, names.get(row.account_id, "")) for row in rows[:PAGE_SIZE]],
        "count": len(rows),
        "form_key": secrets.token_urlsafe(12),
    }
    return http.render(request, "console/activities/entries.html", context)


@require_POST
@http.page(activities.RUN)
def enter(request: http.Request, pk: int) -> HttpResponse:
    """Type a member who takes part by word of mouth."""
    activity = activities.get(by=request.staff, pk=pk)
    url = reverse("activities:entries", args=[pk])
    try:
        account = find_member(request, request.POST.get("member", "")[:200])
        if account is None:
            raise errors.Invalid(_("Name the member."))
        reply = base.take_part(
            activity=activity,
            account_id=account,
            way=Way.STAFF,
            said=request.POST.get("said", ""),
            key=request.POST.get("key", "")[:60],
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, url)
    http.flash(request, reply.text, level="good" if reply.accepted else "bad")
    return http.redirect_back(request, url)


@require_POST
@http.page(activities.RUN)
def strike_out(request: http.Request, pk: int, entry: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    row = entries.get(activity=activity, pk=entry, by=request.staff, at=request.at)
    entries.strike_out(entry=row, by=request.staff, at=request.at)
    undo = reverse("activities:restore", args=[pk, entry])
    http.flash(request, _("Struck out. The entry does not count."), undo=undo)
    return http.redirect_back(request, reverse("activities:entries", args=[pk]))


@require_POST
@http.page(activities.RUN)
def restore(request: http.Request, pk: int, entry: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    row = entries.get(activity=activity, pk=entry, by=request.staff, at=request.at)
    entries.restore(entry=row, by=request.staff, at=request.at)
    http.flash(request, _("The entry counts again."))
    return http.redirect_back(request, reverse("activities:entries", args=[pk]))


@require_http_methods(["GET", "POST"])
@http.page(activities.RUN)
def paste(request: http.Request, pk: int) -> HttpResponse:
    """Paste the lines of a chat, and answer for those that are not sure."""
    by, at = request.staff, request.at
    activity = activities.get(by=by, pk=pk)
    form = PasteForm(request, activity, request.POST or None)
    result: Any = None
    if request.method == "POST" and form.is_valid():
        group = group_visibility.get(by=by, pk=form.cleaned_data["group"])
        try:
            result = pasted_lines.paste(
                activity=activity,
                group=group,
                text=form.cleaned_data["text"],
                by=by,
                at=at,
            )
        except errors.QunceError as error:
            form.add_error("text", str(error))
    context = presenters.heading(activity, request) | {
        "form": form,
        "result": result,
        "unsure": presenters.line_rows(activity, by=by, at=at),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/activities/paste.html", context, status=status)


@require_POST
@http.page(activities.RUN)
def answer_line(request: http.Request, pk: int, line: int) -> HttpResponse:
    """Say who a line is of: a candidate, another member, or nobody."""
    activity = activities.get(by=request.staff, pk=pk)
    row = pasted_lines.get(activity=activity, pk=line, by=request.staff, at=request.at)
    chosen = request.POST.get("account", "")
    other = request.POST.get("member", "")[:200]
    try:
        account: int | None = None
        if other:
            account = find_member(request, other)
        elif chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
            account = int(chosen)
        pasted_lines.answer(line=row, account=account, by=request.staff, at=request.at)
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, row.answer or _("Left out."))
    return http.redirect_back(request, reverse("activities:paste", args=[pk]))
