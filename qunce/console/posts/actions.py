"""Actions on a post: accept, reject, hide, feature, reward, tag, and consents."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce import post_materials
from qunce.activities.activities import activities
from qunce.activities.posts import consents, decisions, rewards, terms
from qunce.activities.posts.models import Post
from qunce.console import http
from qunce.console.posts import views
from qunce.console.posts.forms import ConfirmForm
from qunce.members.tags import assignments, library


def _act(
    request: http.Request, pk: int, post: int, verb: Callable[[Post], str]
) -> HttpResponse:
    row = views.get_post(request, pk, post)
    http.flash_outcome(request, lambda: verb(row))
    return http.redirect_back(request, reverse("posts:detail", args=[pk, post]))


def _reason(request: http.Request) -> str:
    return request.POST.get("reason", "")


@require_POST
@http.page(activities.RUN)
def accept(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        decisions.accept(
            post=row,
            by=request.staff,
            at=request.at,
            version=request.POST.get("version"),
        )
        return _("Accepted. Members can read it.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def reject(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        decisions.reject(
            post=row, reason=_reason(request), by=request.staff, at=request.at
        )
        return _("Rejected. The author reads the reason.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def hide(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        decisions.hide(
            post=row, reason=_reason(request), by=request.staff, at=request.at
        )
        return _("Hidden. The author reads the reason.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def feature(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        decisions.feature(post=row, by=request.staff, at=request.at)
        return _("Featured. Members find it among the best posts.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def unfeature(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        decisions.unfeature(post=row, by=request.staff, at=request.at)
        return _("It is not among the best posts any more.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def reward(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        done = rewards.reward(post=row, by=request.staff, at=request.at)
        text = ngettext(
            "%(n)s point given. The post is marked as rewarded.",
            "%(n)s points given. The post is marked as rewarded.",
            done.points,
        )
        return text % {"n": f"{done.points:,}"}

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def note_reward(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        rewards.note(
            post=row,
            reward=request.POST.get("reward", ""),
            by=request.staff,
            at=request.at,
        )
        return _("The post is marked as rewarded.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def tag(request: http.Request, pk: int, post: int) -> HttpResponse:
    """Give the author a tag."""

    def verb(row: Post) -> str:
        key = request.POST.get("tag", "")[:100]
        found = library.find(request.community, [key]).get(key)
        if found is None:
            raise terms.InvalidPost(_("Choose a tag."))
        assignments.apply(
            tag=found, accounts=[row.account_id], by=request.staff, at=request.at
        )
        return _("The author has the tag “%(tag)s”.") % {"tag": found.name}

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def make_material(request: http.Request, pk: int, post: int) -> HttpResponse:
    def verb(row: Post) -> str:
        post_materials.make_material(post=row, by=request.staff, at=request.at)
        return _(
            "The material is in the library. It is sent while the author consents."
        )

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def confirm(request: http.Request, pk: int, post: int) -> HttpResponse:
    """Confirm consents that staff received elsewhere."""

    def verb(row: Post) -> str:
        form = ConfirmForm(request.POST)
        if not form.is_valid():
            raise terms.InvalidPost(
                _("Choose what the author consents to, and enter when they said it.")
            )
        consents.confirm(
            post=row,
            uses=form.cleaned_data["uses"],
            received_at=form.cleaned_data["received_at"],
            by=request.staff,
            at=request.at,
        )
        return _("Confirmed with your name.")

    return _act(request, pk, post, verb)


@require_POST
@http.page(activities.RUN)
def withdraw(request: http.Request, pk: int, post: int) -> HttpResponse:
    """Withdraw a consent for an author who asks for it."""

    def verb(row: Post) -> str:
        use = request.POST.get("use", "")
        consents.withdraw(post=row, use=use, by=request.staff, at=request.at)
        return _("Withdrawn. A material of it is not sent any more.")

    return _act(request, pk, post, verb)
