"""Posts of an activity: the list, one post, its pictures, and adding one for a member."""

from __future__ import annotations

import secrets

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply
from qunce.activities.posts import pictures, posts
from qunce.activities.posts.models import MAX_PICTURES, Post, PostPicture, PostState
from qunce.activities.posts.posts import Form
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.complaints.views import find_member
from qunce.console.posts import presenters
from qunce.console.posts.forms import PostForm
from qunce.core import errors


def get_activity(request: http.Request, pk: int) -> Activity:
    """An activity for posts. Raises ActivityNotFound."""
    activity = activities.get(by=request.staff, pk=pk)
    posts.check_post_activity(activity)
    return activity


def get_post(request: http.Request, pk: int, post: int) -> Post:
    activity = get_activity(request, pk)
    return posts.get(activity=activity, pk=post, by=request.staff, at=request.at)


@require_GET
@http.page(activities.RUN)
def post_list(request: http.Request, pk: int) -> HttpResponse:
    """The posts that wait, unless another state is asked for; "all" for all."""
    activity = get_activity(request, pk)
    asked = request.GET.get("state", PostState.WAITING)
    state = asked if asked in PostState.values else ""
    context = activity_presenters.heading(activity, request)
    context |= presenters.post_list(activity, request, state)
    return http.render(request, "console/posts/list.html", context)


@require_GET
@http.page(activities.RUN)
def detail(request: http.Request, pk: int, post: int) -> HttpResponse:
    activity = get_activity(request, pk)
    row = posts.get(activity=activity, pk=post, by=request.staff, at=request.at)
    context = activity_presenters.heading(activity, request)
    context |= presenters.detail(activity, row, request)
    return http.render(request, "console/posts/detail.html", context)


@require_GET
@http.page(activities.RUN)
def picture(request: http.Request, pk: int, post: int, picture: str) -> HttpResponse:
    """A picture of a post, only as it was encoded by us."""
    row = get_post(request, pk, post)
    found = PostPicture.objects.filter(post=row, code=picture[:40]).first()  # unique
    if found is None:
        raise posts.not_found()
    answer = HttpResponse(bytes(found.content), content_type="image/jpeg")
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_http_methods(["GET", "POST"])
@http.page(activities.RUN)
def add(request: http.Request, pk: int) -> HttpResponse:
    """Add a post that a member sent to staff, by the verb of the page."""
    activity = get_activity(request, pk)
    form = PostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reply = _write(request, activity, form)
        except errors.NotFound:
            raise
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            if reply.accepted:
                http.flash(request, _("Added. It waits with the posts of others."))
                url = reverse("posts:list", args=[pk])
                return http.redirect_back(request, url)
            form.add_error(None, reply.text)
    context = activity_presenters.heading(activity, request) | {
        "form": form,
        "form_key": request.POST.get("key", "")[:60] or secrets.token_urlsafe(12),
        "max_pictures": MAX_PICTURES,
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/posts/add.html", context, status=status)


def _write(request: http.Request, activity: Activity, form: PostForm) -> Reply:
    values = form.cleaned_data
    account = find_member(request, values["member"])
    if account is None:
        raise errors.Invalid(_("Name the member."))
    files = [file for file in request.FILES.getlist("pictures") if file.size]
    pictures.check_count(len(files))
    encoded = pictures.encode_all([file.read(pictures.MAX_BYTES + 1) for file in files])
    # A key of its own after a refusal, as the answer to the first one is stored.
    key = secrets.token_urlsafe(12)
    draft = posts.save_draft(
        activity=activity,
        account_id=account,
        key=key,
        form=Form(
            product=values["product"],
            rating=values["rating"],
            uses=values["uses"],
            pictures=encoded,
            received_at=values["received_at"] or request.at,
        ),
        at=request.at,
    )
    try:
        return base.take_part(
            activity=activity,
            account_id=account,
            way=Way.STAFF,
            said=values["text"].replace("\r\n", "\n"),
            key=key,
            by=request.staff,
            at=request.at,
        )
    finally:
        posts.discard(draft)
