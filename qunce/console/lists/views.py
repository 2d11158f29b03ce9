"""Pages of the whitelist and the blacklist: the list, a new entry, one entry."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, paging
from qunce.console.lists import presenters
from qunce.console.lists.forms import ChangeForm, EntryForm
from qunce.core import errors, permissions
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListName
from qunce.members.accounts import masking
from qunce.members.people import named_members

PAGE_SIZE = 50


@require_GET
@http.page(lists.EDIT)
def entry_list(request: http.Request) -> HttpResponse:
    list_name = request.GET.get("list", "")
    if list_name not in ListName.values:
        list_name = ListName.BLACK
    searched = request.GET.get("q", "").strip()[:200]
    found = lists.list_visible(request.staff, request.at).filter(list_name=list_name)
    is_past = bool(request.GET.get("past"))
    found = found.filter(ended_at__isnull=not is_past)
    if searched:
        has_words = Q(name__icontains=searched) | Q(reason__icontains=searched)
        if permissions.may(request.staff, masking.VIEW_IDENTIFIERS):
            has_words |= Q(channel_key__icontains=searched)
        found = found.filter(has_words)
    start = paging.parse_number(request, "from", maximum=100_000)
    rows = found.select_related("by").prefetch_related("groups")
    shown = list(rows[start : start + PAGE_SIZE + 1])
    is_more = len(shown) > PAGE_SIZE
    counts = {
        name: lists.list_visible(request.staff, request.at)
        .filter(list_name=name, ended_at__isnull=True)
        .count()
        for name in ListName.values
    }
    context = {
        "rows": presenters.rows(request, shown[:PAGE_SIZE]),
        "first": paging.link(request, **{"from": None}) if start else "",
        "next": paging.link(request, **{"from": start + PAGE_SIZE}) if is_more else "",
        "list_name": list_name,
        "searched": searched,
        "is_past": is_past,
        "choices": [
            (name, presenters.heading_of(name), counts[name])
            for name in (ListName.BLACK, ListName.WHITE)
        ],
    }
    return http.render(request, "console/lists/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(lists.EDIT)
def entry_create(request: http.Request) -> HttpResponse:
    initial = {
        "member": request.GET.get("member", "")[:200],
        "list_name": request.GET.get("list", ListName.BLACK),
    }
    form = EntryForm(request, request.POST or None, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        try:
            account = None
            if values["member"]:
                account = named_members.get_by_key(
                    by=request.staff, key=values["member"], at=request.at
                ).pk
            entry = lists.add(
                community=request.community,
                list_name=values["list_name"],
                account=account,
                channel=values["channel"],
                channel_key=values["channel_key"],
                by=request.staff,
                at=request.at,
                **form.to_arguments(request.at),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("%(name)s is on the %(list)s now.") % {
                "name": presenters.name_of(entry, request),
                "list": entry.get_list_name_display(),
            }
            http.flash(request, text, undo=reverse("lists:remove", args=[entry.pk]))
            url = f"{reverse('lists:list')}?list={entry.list_name}"
            return http.redirect_back(request, url)
    status = 422 if form.errors else 200
    return http.render(
        request, "console/lists/form.html", {"form": form}, status=status
    )


@require_http_methods(["GET", "POST"])
@http.page(lists.EDIT)
def entry_detail(request: http.Request, pk: int) -> HttpResponse:
    entry = lists.get(pk=pk, by=request.staff, at=request.at)
    form = ChangeForm(request, entry, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            lists.extend(
                entry=entry,
                by=request.staff,
                at=request.at,
                **form.to_arguments(request.at),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("lists:detail", args=[pk]))
    (row,) = presenters.rows(request, [entry])
    context: dict[str, Any] = {
        "row": row,
        "entry": entry,
        "form": form,
        "may_edit": permissions.may(request.staff, lists.EDIT) and not row.is_over,
        "heading": presenters.heading_of(entry.list_name),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/lists/detail.html", context, status=status)
