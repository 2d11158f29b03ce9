"""The pages of activities: what it is, the rules, and taking part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qunce.activities import eligibility
from qunce.activities.activities.models import Activity, Answer
from qunce.activities.kinds import base
from qunce.core.pictures.pictures import Picture
from qunce.members.personal_links import tokens
from qunce.portal import http, member_pictures
from qunce.portal.activities import actions, presenters
from qunce.portal.me import presenters as me

MAX_KEY, MAX_BOXES = 60, 50


@require_safe
@http.page()
def activity(request: http.Request, public_id: str) -> HttpResponse:
    """The page of an activity, the same for everybody but for what is the visitor's own."""
    found = actions.get(request.visitor, public_id)
    account = actions.account_of(request.visitor, found)
    key = request.GET.get("key", "")[:MAX_KEY]
    return render_activity(request, found, actions.find_answer(found, account, key))


def render_activity(
    request: http.Request,
    found: Activity,
    answer: Answer | None,
    *,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The page with an answer; `more` is what a form of its kind shows again."""
    public_id = found.public_id
    kind = base.get(found.kind)
    account = actions.account_of(request.visitor, found)
    closed = eligibility.judge_time(found, request.at)
    context = {
        "activity": found,
        "kind": kind,
        "rules": kind.describe(found),
        "closed": closed,
        "is_known": account is not None,
        "needs_sign_in": kind.spends_points,
        "answer": answer,
        "served": actions.sign_served(found, request.at),
        "card_url": reverse("portal:buy-card", args=[request.place, public_id]),
        "join_url": reverse("portal:activity-join", args=[request.place, public_id]),
        **kind.portal_context(found, account, request.at),
        **(more or {}),
    }
    page = actions.purpose_of(found)
    return http.render(request, "portal/activities/activity.html", context, page=page)


@require_POST
@http.page()
def join(request: http.Request, public_id: str) -> HttpResponse:
    """Take part, and go back to the page, which shows the answer."""
    key = request.POST.get("key", "")[:MAX_KEY]
    reply = actions.take_part(
        visitor=request.visitor,
        public_id=public_id,
        # Several boxes of one name, where several options can be chosen.
        said=", ".join(request.POST.getlist("said")[:MAX_BOXES]),
        key=key,
        served=request.POST.get("served", ""),
        at=request.at,
    )
    if not reply.is_stored:
        # Nothing was written, as after the last piece: the page itself is the answer.
        turned_away = Answer(is_accepted=reply.accepted, text=reply.text)
        found = actions.get(request.visitor, public_id)
        return render_activity(request, found, turned_away)
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}?key={key}")


@require_POST
@http.page()
def buy_card(request: http.Request, public_id: str) -> HttpResponse:
    """Buy a make-up card, and go back to the page, which shows it."""
    actions.buy_card(
        visitor=request.visitor,
        public_id=public_id,
        key=request.POST.get("key", "")[:MAX_KEY],
        at=request.at,
    )
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}#cards")


@require_safe
@http.page()
def streak_page(request: http.Request, public_id: str) -> HttpResponse:
    """The visitor's own streak as a picture, with a personal link or signed in."""
    args = [request.place, public_id]
    return member_pictures.render_page(
        request,
        title=_("My streak"),
        hint=_("Press and hold to save it or pass it on. Your name is shortened."),
        file=reverse("portal:streak-picture", args=args),
        shown=[(_streak(request, public_id), {})],
        back=reverse("portal:activity", args=args),
    )


@require_safe
@http.page()
def streak(request: http.Request, public_id: str) -> HttpResponse:
    return member_pictures.respond(_streak(request, public_id))


def _streak(request: http.Request, public_id: str) -> Picture:
    found, account = actions.require_check_ins(request.visitor, public_id)
    path = f"a/{public_id}?from={tokens.reference_of(account)}"
    picture = presenters.streak(
        found,
        account,
        name=me.masked_name_of(account),
        address=member_pictures.address(request, path),
        at=request.at,
    )
    if picture is None:
        raise http.PageNotFound
    return picture
