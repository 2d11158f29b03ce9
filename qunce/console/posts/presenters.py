"""What the pages of posts show to staff, of the members whom they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from qunce import post_materials
from qunce.activities.activities.models import Activity
from qunce.activities.posts import consents, decisions, reading, rewards
from qunce.activities.posts.models import Post, PostPicture, PostState, Use
from qunce.console import http, member_names
from qunce.console.posts.forms import ConfirmForm
from qunce.core import permissions
from qunce.members.tags import assignments, library
from qunce.outreach.content.files import MANAGE

MAX_SHOWN = 100
CHIPS = {
    PostState.WAITING: "warn",
    PostState.ACCEPTED: "good",
    PostState.REJECTED: "bad",
    PostState.HIDDEN: "bad",
    PostState.DELETED: "",
}


@dataclass(frozen=True, kw_only=True)
class PostLine:
    """A post of the list; `uses` are those that its author consents to now.

    `version` goes with the form that accepts it.
    """

    post: Post
    name: str
    css: str
    pictures: Sequence[str]
    uses: Sequence[str]
    version: str


def post_list(activity: Activity, request: http.Request, state: str) -> dict[str, Any]:
    """The posts, the newest first; all, or those in one state."""
    by, at = request.staff, request.at
    everything = reading.list_visible(activity=activity, by=by, at=at)
    counts = dict(
        everything.order_by().values_list("state").annotate(count=Count("pk"))
    )
    rows = list(
        reading.list_visible(activity=activity, by=by, at=at, state=state)[
            : MAX_SHOWN + 1
        ]
    )
    return {
        "lines": _lines(rows[:MAX_SHOWN]),
        "is_cut": len(rows) > MAX_SHOWN,
        "max_shown": MAX_SHOWN,
        "state": state,
        "states": [
            (each.value, each.label, counts.get(each.value, 0))
            for each in PostState
            if counts.get(each.value) or each == PostState.WAITING
        ],
        "left": rewards.count_left(activity) if activity.settings["points"] else None,
    }


def _lines(rows: Sequence[Post]) -> list[PostLine]:
    names = member_names.find([row.account_id for row in rows])
    pictures: dict[int, list[str]] = {}
    found = PostPicture.objects.filter(post__in=[row.pk for row in rows])
    for post, code in found.order_by("number").values_list("post_id", "code"):
        pictures.setdefault(post or 0, []).append(code)
    active = consents.find_active(rows)
    labels = consents.labels()
    return [
        PostLine(
            post=row,
            name=names.get(row.account_id, ""),
            css=CHIPS[PostState(row.state)],
            pictures=pictures.get(row.pk, ()),
            uses=[labels[use] for use in active.get(row.pk, ())],
            version=decisions.version_of(row, pictures.get(row.pk, ())),
        )
        for row in rows
    ]


def detail(activity: Activity, post: Post, request: http.Request) -> dict[str, Any]:
    """One post with its consents, and what the staff may do with it."""
    by = request.staff
    (line,) = _lines([post])
    active = consents.list_active(post)
    state = PostState(post.state)
    is_accepted = state == PostState.ACCEPTED
    material = post_materials.find_material(post)
    return {
        "post": post,
        "line": line,
        "history": consents.list_history(post),
        "active": active,
        "may_accept": state
        in (PostState.WAITING, PostState.REJECTED, PostState.HIDDEN),
        "may_reject": state == PostState.WAITING,
        "may_hide": is_accepted,
        "may_feature": is_accepted and not post.is_featured and Use.FEATURE in active,
        "may_reward": is_accepted
        and not post.is_rewarded
        and bool(activity.settings["points"]),
        "may_note": not post.is_rewarded
        and state not in (PostState.REJECTED, PostState.DELETED),
        "points": activity.settings["points"],
        "material": material,
        "not_usable": consents.why_not_usable(material.pk) if material else "",
        "may_make_material": is_accepted
        and material is None
        and Use.MATERIAL in active
        and permissions.may(by, MANAGE),
        "tags": library.list_tags(request.community)
        if permissions.may(by, assignments.APPLY)
        else (),
        "is_deleted": state == PostState.DELETED,
        "confirm_form": ConfirmForm(),
    }
