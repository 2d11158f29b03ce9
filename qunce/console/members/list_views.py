"""Actions on the member list: its columns, saved views, and the staff in charge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import actions, list_page
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.members.columns import columns
from qunce.members.people import visibility
from qunce.members.saved_views import saved_views
from qunce.members.staff_in_charge import assignments, hand_overs
from qunce.members.staff_in_charge.models import HandOver
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_NUMBER_LENGTH = 9


def list_url(request: Request, **changes: str | None) -> str:
    """The list with this request's parameters and some changes; None removes one."""
    query = request.GET.copy()
    for name, value in {"before": None, **changes}.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return reverse("members:list") + (f"?{query.urlencode()}" if query else "")


@require_POST
@http.page()
def set_layout(request: Request) -> HttpResponse:
    """Choose columns, their order and the page size; a view's columns stay in the URL."""
    keys = [key[:120] for key in request.POST.getlist("column")]
    for step, name in ((-1, "earlier"), (1, "later")):
        key = request.POST.get(name, "")
        if key in keys:
            place = keys.index(key)
            keys.insert(max(place + step, 0), keys.pop(place))
    is_open = "open" if {"earlier", "later"} & set(request.POST) else None
    size = request.POST.get("size", "")
    page_size = int(size) if size.isascii() and size.isdigit() and len(size) < 9 else 0
    if "reset" in request.POST:
        keys = columns.default_keys(request.community)
    if "view" in request.GET:
        changes = {"columns": ",".join(keys), "size": str(page_size), "layout": is_open}
        return http.redirect_back(request, list_url(request, **changes))
    saved_views.set_layout(columns=keys, page_size=page_size, by=request.staff)
    url = list_url(request, columns=None, size=None, layout=is_open)
    return http.redirect_back(request, url)


@require_POST
@http.page()
def save_view(request: Request) -> HttpResponse:
    """Save the list of the URL under a name."""
    listed = list_page.ListPage(request)
    try:
        view = saved_views.save(
            name=request.POST.get("name", ""),
            columns=[column.key for column in listed.columns],
            filters=listed.selecting_parameters(),
            sort_by=listed.sort_by,
            is_shared=request.POST.get("shared") == "1",
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, list_url(request))
    http.flash(request, _("View “%(name)s” saved.") % {"name": view.name})
    return http.redirect_back(request, list_page.url_of(view))


@require_POST
@http.page()
def delete_view(request: Request, pk: int) -> HttpResponse:
    view = saved_views.get(by=request.staff, pk=pk)
    name = view.name
    saved_views.delete(view=view, by=request.staff, at=request.at)
    http.flash(request, _("View “%(name)s” deleted.") % {"name": name})
    return http.redirect_back(request, reverse("members:list"))


@require_POST
@http.page(assignments.ASSIGN)
def assign_staff(request: Request) -> HttpResponse:
    """Put somebody in charge of the chosen members, or of all that the filters match."""
    try:
        hand_over, total, staff = _assign(request)
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, list_url(request))
    url = reverse("members:staff-undo", args=[hand_over.pk])
    http.flash(
        request,
        describe(hand_over.changed, total, staff),
        undo=url if hand_over.changed else None,
    )
    return http.redirect_back(request, list_url(request))


@require_POST
@http.page(assignments.ASSIGN)
def undo_hand_over(request: Request, pk: int) -> HttpResponse:
    context: dict[str, Any] = {"by": request.staff, "at": request.at}
    try:
        undone = hand_overs.undo(hand_over=hand_overs.get(pk=pk, **context), **context)
    except errors.Refused as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, hand_overs.describe_undo(undone))
    return http.redirect_back(
        request, actions.return_url(request, reverse("members:list"))
    )


def describe(changed: int, total: int, staff: Staff | None) -> str:
    """What an assignment did: how many members, and how many had that staff before."""
    if staff is None:
        text = ngettext(
            "%(n)s member has nobody in charge now.",
            "%(n)s members have nobody in charge now.",
            total,
        )
    else:
        text = ngettext(
            "%(name)s is in charge of %(n)s member now.",
            "%(name)s is in charge of %(n)s members now.",
            total,
        )
    sentences = [text % {"n": f"{total:,}", "name": staff.name if staff else ""}]
    if changed < total:
        same = ngettext(
            "Nothing changed for %(n)s of them.",
            "Nothing changed for %(n)s of them.",
            total - changed,
        )
        sentences.append(same % {"n": f"{total - changed:,}"})
    return " ".join(sentences)


def _assign(request: Request) -> tuple[HandOver, int, Staff | None]:
    people = _chosen(request)
    if not people:
        raise errors.Invalid(_("Choose at least one member."))
    text = request.POST.get("staff", "")
    if not text:
        raise errors.Invalid(_("Choose who is in charge."))
    staff = None if text == "nobody" else _find_staff(request, text)
    hand_over = hand_overs.create(
        accounts=people, staff=staff, by=request.staff, at=request.at
    )
    return hand_over, len(people), staff


def _find_staff(request: Request, text: str) -> Staff:
    staff = {
        str(each.pk): each for each in assignments.list_assignable(request.community)
    }
    if text not in staff:
        raise assignments.StaffNotFound(_("There is no such staff member."))
    return staff[text]


def _chosen(request: Request) -> BitMap:
    """The checked members, or everyone in the list if they are as many as was shown."""
    if request.POST.get("everyone") == "1":
        people = list_page.ListPage(request).people
        shown = request.POST.get("count", "")
        is_number = shown.isascii() and shown.isdigit()
        expected = int(shown) if is_number and len(shown) <= MAX_NUMBER_LENGTH else -1
        assignments.check_count(people, expected)
        return people
    accounts = [
        int(text)
        for text in request.POST.getlist("member")
        if text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_LENGTH
    ]
    visible = visibility.filter_visible(
        by=request.staff, accounts=accounts, at=request.at
    )
    return bitmaps.of(visible)
