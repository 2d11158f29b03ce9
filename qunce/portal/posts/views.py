"""Posts on member pages: written with pictures, read, and changed by their author.

Every step is a form that works without JavaScript.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qunce.activities.activities.models import Answer
from qunce.activities.posts import consents, pictures, posts, reading
from qunce.activities.posts.models import (
    MAX_PICTURES,
    MAX_PRODUCT,
    MAX_RATING,
    MAX_TEXT,
    MIN_RATING,
    Post,
    PostState,
    Use,
)
from qunce.activities.posts.posts import Form
from qunce.core import errors
from qunce.portal import http
from qunce.portal.activities import actions as activity_actions
from qunce.portal.activities import views as activity_views
from qunce.portal.posts import actions

MAX_BYTES = 60_000_000
"""Of a form with its pictures."""
MAX_KEY, MAX_QUERY = 60, 100


@require_POST
@http.page(max_bytes=MAX_BYTES)
def write(request: http.Request, public_id: str) -> HttpResponse:
    """Write a post, and go back to the page, or show the form again with what is wrong."""
    found, account = actions.require(request.visitor, public_id)
    key = request.POST.get("key", "")[:MAX_KEY]
    text = request.POST.get("text", "")
    status = 200
    try:
        reply = actions.write(
            visitor=request.visitor,
            public_id=public_id,
            text=text.replace("\r\n", "\n"),
            form=_read_form(request),
            key=key,
            served=request.POST.get("served", ""),
            at=request.at,
        )
        answer = Answer(is_accepted=reply.accepted, text=reply.text)
    except errors.Invalid as error:
        answer, status = Answer(is_accepted=False, text=str(error)), 422
    stored = activity_actions.find_answer(found, account, key)
    if answer.is_accepted and stored is not None:
        url = reverse("portal:activity", args=[request.place, public_id])
        return http.redirect(f"{url}?key={key}")
    # What was typed is not lost; browsers do not send pictures back to a form.
    response = activity_views.render_activity(
        request, found, answer, more={"typed": _typed(request)}
    )
    response.status_code = status
    return response


def _read_form(request: http.Request) -> Form:
    """What a form sends beside the text; pictures are encoded before anything is stored."""
    files = [file for file in request.FILES.getlist("pictures") if file.size]
    pictures.check_count(len(files))
    return Form(
        product=request.POST.get("product", ""),
        rating=request.POST.get("rating", ""),
        uses=request.POST.getlist("uses")[: len(Use) + 1],
        pictures=pictures.encode_all(
            [file.read(pictures.MAX_BYTES + 1) for file in files]
        ),
    )


def _typed(request: http.Request) -> dict[str, Any]:
    return {
        "text": request.POST.get("text", "")[: MAX_TEXT + 500],
        "product": request.POST.get("product", "")[: MAX_PRODUCT + 50],
        "rating": request.POST.get("rating", "")[:1],
        "uses": request.POST.getlist("uses")[: len(Use)],
    }


@require_safe
@http.page()
def list_posts(request: http.Request, public_id: str) -> HttpResponse:
    """The accepted posts of an activity, for those who may read them."""
    found = actions.get(request.visitor, public_id)
    if not reading.may_read(found, actions.list_accounts(request.visitor, found)):
        raise posts.not_found()
    page = reading.list_accepted(found, at=request.at, number=_number(request))
    context = {"activity": found, "page": page, "query": ""}
    return http.render(request, "portal/posts/list.html", context)


@require_safe
@http.page()
def best(request: http.Request) -> HttpResponse:
    """The best posts of all activities that the visitor may read, by words."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    page = reading.search_featured(
        request.community,
        accounts=actions.list_accounts(request.visitor),
        words=query,
        number=_number(request),
        at=request.at,
    )
    context = {"page": page, "query": query, "max_query": MAX_QUERY}
    return http.render(request, "portal/posts/best.html", context)


def _number(request: http.Request) -> int:
    text = request.GET.get("page", "1")[:5]
    return int(text) if text.isascii() and text.isdigit() else 1


@require_safe
@http.page()
def post(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """A post: what everybody reads and, for its author, what they can do with it."""
    found = actions.find_readable(request.visitor, public_id, code, request.at)
    return _render_post(request, found)


def _render_post(
    request: http.Request,
    found: Post,
    *,
    problem: str = "",
    typed: dict[str, Any] | None = None,
) -> HttpResponse:
    is_own = actions.is_own(request.visitor, found)
    (shown,) = reading.present([found])
    context = {
        "activity": found.activity,
        "shown": shown,
        "post": found,
        "is_own": is_own,
        "may_edit": is_own and found.state == PostState.WAITING,
        "active": consents.list_active(found) if is_own else (),
        "history": consents.list_history(found) if is_own else (),
        "uses": list(Use),
        "ratings": range(MAX_RATING, MIN_RATING - 1, -1),
        "asks_review": found.activity.settings["asks_review"],
        "max_text": MAX_TEXT,
        "max_product": MAX_PRODUCT,
        "max_pictures": MAX_PICTURES,
        "problem": problem,
        "typed": typed
        or {
            "text": found.text,
            "product": found.product,
            "rating": str(found.rating or ""),
        },
    }
    page = activity_actions.purpose_of(found.activity)
    return http.render(
        request,
        "portal/posts/post.html",
        context,
        page=page,
        status=422 if problem else 200,
    )


@require_safe
@http.page()
def picture(
    request: http.Request, public_id: str, code: str, picture: str
) -> HttpResponse:
    """A picture as we encoded it, for those who may read its post."""
    found = actions.get_picture(request.visitor, public_id, code, picture, request.at)
    response = HttpResponse(bytes(found.content), content_type="image/jpeg")
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@http.page(max_bytes=MAX_BYTES)
def edit(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """Replace the visitor's own post while it waits."""
    found = actions.get_own(request.visitor, public_id, code)
    try:
        actions.edit(
            visitor=request.visitor,
            public_id=public_id,
            code=code,
            text=request.POST.get("text", ""),
            form=_read_form(request),
            kept=request.POST.getlist("kept")[:MAX_PICTURES],
            at=request.at,
        )
    except (errors.Invalid, posts.PostDecided) as error:
        found.refresh_from_db()
        return _render_post(request, found, problem=str(error), typed=_typed(request))
    return _back(request, public_id, code)


@require_POST
@http.page()
def choose_uses(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """Consent to the uses that are ticked, and withdraw the others."""
    actions.choose_uses(
        visitor=request.visitor,
        public_id=public_id,
        code=code,
        uses=request.POST.getlist("uses")[: len(Use) + 1],
        at=request.at,
    )
    return _back(request, public_id, code, "#uses")


@require_POST
@http.page()
def delete(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """Delete the visitor's own post once they have ticked that they mean it."""
    # An unknown one first, so that it is answered like everywhere.
    actions.get_own(request.visitor, public_id, code)
    if request.POST.get("sure") != "yes":
        raise errors.Invalid(_("Tick the box to delete the post."))
    actions.delete(
        visitor=request.visitor, public_id=public_id, code=code, at=request.at
    )
    return http.redirect(reverse("portal:activity", args=[request.place, public_id]))


def _back(
    request: http.Request, public_id: str, code: str, place: str = ""
) -> HttpResponse:
    url = reverse("portal:post", args=[request.place, public_id, code])
    return http.redirect(url + place)
