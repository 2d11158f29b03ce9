"""Pages of the board: the wishes by how many members asked, one wish, its form."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http, member_names, paging
from qunce.console.wishes.forms import WishForm
from qunce.core import errors, permissions
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import Kind, State, Wish

MAX_QUERY, MAX_MESSAGE = 80, 2**63 - 1


@require_GET
@http.page(wishes.VIEW)
def wish_list(request: http.Request) -> HttpResponse:
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    query = request.GET.get("q", "")[:MAX_QUERY]
    found = wishes.list_counted(
        by=request.staff,
        at=request.at,
        state=state if state in State.values else "",
        kind=kind if kind in Kind.values else "",
        query=query,
    )
    context = {
        "found": found,
        "states": State.choices,
        "state": state,
        "kinds": Kind.choices,
        "kind": kind,
        "query": query,
        "are_any": Wish.objects.filter(community=request.community).exists(),
        "may_edit": permissions.may(request.staff, wishes.EDIT),
    }
    return http.render(
        request, "console/wishes/list.html", context, part="console/wishes/_rows.html"
    )


@require_http_methods(["GET", "POST"])
@http.page(wishes.EDIT)
def wish_create(request: http.Request) -> HttpResponse:
    """The form of a new wish; `message` is the text in which somebody asked for it.

    With a message, the wishes that exist are offered as well: one tap adds the voice.
    """
    message = paging.parse_number(request, "message", maximum=MAX_MESSAGE)
    quote = None
    if message:
        quote = message_quotes.get(by=request.staff, pk=message, at=request.at)
    form = WishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            wish = wishes.create(
                community=request.community,
                message=message or None,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            url = reverse("wishes:detail", args=[wish.pk])
            return http.redirect_back(request, url)
    context = {
        "form": form,
        "wish": None,
        "quote": quote,
        "existing": wishes.list_counted(by=request.staff, at=request.at)[:20]
        if quote
        else (),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/wishes/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@http.page(wishes.EDIT)
def wish_update(request: http.Request, pk: int) -> HttpResponse:
    wish = wishes.get(by=request.staff, pk=pk)
    form = WishForm(request.POST or None, wish=wish)
    if request.method == "POST" and form.is_valid():
        try:
            wishes.update(
                wish=wish, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("wishes:detail", args=[pk]))
    context = {"form": form, "wish": wish, "quote": None, "existing": ()}
    status = 422 if form.errors else 200
    return http.render(request, "console/wishes/form.html", context, status=status)


@require_GET
@http.page(wishes.VIEW)
def wish_detail(request: http.Request, pk: int) -> HttpResponse:
    by, at = request.staff, request.at
    wish = wishes.get(by=by, pk=pk)
    voices = wishes.list_voices(wish=wish, by=by, at=at)
    names = member_names.find(voice.row.account_id for voice in voices)
    others = wishes.list_counted(by=by, at=at)
    context = {
        "wish": wish,
        "members": len(wishes.list_people(wish=wish, by=by, at=at)),
        "voices": [(voice, names.get(voice.row.account_id, "")) for voice in voices],
        "groups": dict(group_visibility.list_visible(by).values_list("pk", "name")),
        "states": State.choices,
        "others": [each.wish for each in others if each.wish.pk != pk],
        "may_edit": permissions.may(by, wishes.EDIT),
    }
    return http.render(request, "console/wishes/detail.html", context)
