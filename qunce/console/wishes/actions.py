"""Actions on a wish."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.complaints.views import find_member
from qunce.core import errors
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import Wish
from qunce.outreach import wish_answers


def _act(
    request: http.Request, pk: int, verb: Callable[[Wish], str], *, undo: str = ""
) -> HttpResponse:
    wish = wishes.get(by=request.staff, pk=pk)
    try:
        text = verb(wish)
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, text, undo=undo or None)
    return http.redirect_back(request, reverse("wishes:detail", args=[pk]))


def _number(request: http.Request, name: str) -> int:
    text = request.POST.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else 0


@require_POST
@http.page(wishes.EDIT)
def change_state(request: http.Request, pk: int) -> HttpResponse:
    def verb(wish: Wish) -> str:
        state = request.POST.get("state", "")
        wishes.change_state(wish=wish, state=state, by=request.staff, at=request.at)
        return _("Saved.")

    return _act(request, pk, verb)


@require_POST
@http.page(wishes.EDIT)
def add_voice(request: http.Request, pk: int) -> HttpResponse:
    """Add the author of `message`, or the `member` who is named."""

    def verb(wish: Wish) -> str:
        message = _number(request, "message") or None
        account = None
        if message is None:
            account = find_member(request, request.POST.get("member", "")[:200])
        wishes.add_voice(
            wish=wish, message=message, account=account, by=request.staff, at=request.at
        )
        return _("The voice is noted.")

    return _act(request, pk, verb)


@require_POST
@http.page(wishes.EDIT)
def remove_voice(request: http.Request, pk: int, voice: int) -> HttpResponse:
    def verb(wish: Wish) -> str:
        wishes.remove_voice(wish=wish, voice=voice, by=request.staff, at=request.at)
        return _("The voice is removed.")

    return _act(request, pk, verb)


@require_POST
@http.page(wishes.EDIT)
def merge(request: http.Request, pk: int) -> HttpResponse:
    def verb(wish: Wish) -> str:
        into = wishes.get(by=request.staff, pk=_number(request, "into"))
        wishes.merge(wish=wish, into=into, by=request.staff, at=request.at)
        return _("Merged with “%(wish)s”.") % {"wish": into.title}

    return _act(request, pk, verb, undo=reverse("wishes:separate", args=[pk]))


@require_POST
@http.page(wishes.EDIT)
def separate(request: http.Request, pk: int) -> HttpResponse:
    def verb(wish: Wish) -> str:
        wishes.separate(wish=wish, by=request.staff, at=request.at)
        return _("The wish is on the board again.")

    return _act(request, pk, verb)


@require_POST
@http.page(wishes.EDIT)
def draft_answer(request: http.Request, pk: int) -> HttpResponse:
    """Draft a campaign with the answer, and go to it; a person reviews and sends it."""
    wish = wishes.get(by=request.staff, pk=pk)
    try:
        campaign = wish_answers.draft(wish=wish, by=request.staff, at=request.at)
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("wishes:detail", args=[pk]))
    http.flash(request, _("A draft to those who asked. Nothing is sent yet."))
    url = reverse("outreach:campaign-detail", args=[campaign.pk])
    return http.redirect_back(request, url)
