"""Pages to merge two members, and to erase one."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http, paging
from qunce.console.http import Request
from qunce.console.members import presenters
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import merge_choices, people, person_export, visibility
from qunce.sets.rules import stored_rules

MAX_NOTE_LENGTH = 200
KEEP_PREFIX = "keep-"


@require_GET
@http.page()
def find_members(request: Request) -> HttpResponse:
    """Search results as radio buttons, for any form that selects a member."""
    excluded = paging.parse_number(request, "exclude")
    context = presenters.search_context(request, excluded=excluded)
    return http.render(request, "console/members/_search_results.html", context)


@require_http_methods(["GET", "POST"])
@http.page(people.MERGE)
def merge_members(request: Request, pk: int) -> HttpResponseBase:
    """Search the other member, compare both side by side, and merge them."""
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:merge", pk=member.id)
    data = request.POST if request.method == "POST" else request.GET
    other = _other_member(request, data.get("member", ""), pk)
    note, error = data.get("note", "")[:MAX_NOTE_LENGTH], ""
    if request.method == "POST":
        try:
            if other is not None:
                left, right = member.person.accounts[0], other.person.accounts[0]
                merge = people.merge(
                    left=left,
                    right=right,
                    note=note,
                    keep=_chosen(request),
                    by=request.staff,
                    at=request.at,
                )
                text = _("%(left)s and %(right)s have been merged.")
                undo = reverse("members:merge-undo", args=[merge.pk])
                http.flash(
                    request,
                    text % {"left": member.name, "right": other.name},
                    undo=undo,
                )
                person_id = account_queries.account_ids_of_person(left.pk)[0]
                return http.redirect_back(
                    request, reverse("members:detail", args=[person_id])
                )
            error = _("Choose the member to merge with.")
        except errors.QunceError as raised:
            error = str(raised)
    context = {
        "member": member,
        "other": other,
        "note": note,
        "error": error,
        "differences": _list_differences(request, member, other),
        **presenters.search_context(request, excluded=member.id),
    }
    status = 422 if error else 200
    return http.render(request, "console/members/merge.html", context, status=status)


def _chosen(request: Request) -> dict[str, str]:
    """The sides that stay, by the key of the difference."""
    return {
        name.removeprefix(KEEP_PREFIX): str(side)
        for name, side in request.POST.items()
        if name.startswith(KEEP_PREFIX)
    }


def _list_differences(
    request: Request, member: presenters.Member, other: presenters.Member | None
) -> list[tuple[merge_choices.Difference, str]]:
    """What the two have differently, each with the side that is chosen."""
    if other is None:
        return []
    found = merge_choices.list_differences(
        member.account_ids, other.account_ids, by=request.staff, at=request.at
    )
    chosen = _chosen(request)
    return [(each, chosen.get(each.key, each.kept)) for each in found]


def _other_member(request: Request, text: str, pk: int) -> presenters.Member | None:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    other = presenters.get_visible_member(request, int(text))
    return None if other.id == pk else other


@require_http_methods(["GET", "POST"])
@http.page(people.ERASE)
def erase_member(request: Request, pk: int) -> HttpResponseBase:
    """Erase a member after a confirmation, because this cannot be undone."""
    member = presenters.get_visible_member(request, pk)
    if member.id != pk:
        return redirect("members:erase", pk=member.id)
    error = ""
    if request.method == "POST":
        if request.POST.get("confirmed") == "1":
            account = visibility.get(by=request.staff, account=pk, at=request.at)
            people.erase(account=account, by=request.staff, at=request.at)
            http.flash(request, _("Erased. The member is no longer counted anywhere."))
            return http.redirect_back(request, reverse("members:list"))
        error = _("Tick the box to confirm that this cannot be undone.")
    rows = Account.objects.filter(pk__in=member.account_ids)
    keys = rows.values_list("key", flat=True)
    uses = stored_rules.list_naming_members(request.community, keys)
    context = {
        "member": member,
        "error": error,
        "uses": list(dict.fromkeys(map(str, uses))),
    }
    status = 422 if error else 200
    return http.render(request, "console/members/erase.html", context, status=status)


@require_POST
@http.page(person_export.EXPORT)
def export_person(request: Request, pk: int) -> HttpResponse:
    """Everything that is stored about the member, as an archive."""
    data = person_export.export(account=pk, by=request.staff, at=request.at)
    response = HttpResponse(data.to_zip(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{data.key}.zip"'
    return response
