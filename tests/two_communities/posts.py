"""An activity for posts of the hidden group, with a post of its member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Way
from qunce.activities.kinds import base
from qunce.activities.posts.models import Post
from qunce.core.staff import models as staff_models

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    activity = activities.create(
        community=data.community,
        kind="post",
        name="Homely Hidden Posts",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        settings={"hashtag": "Homelypost"},
        starts_at=at,
        by=by,
        at=at,
    )
    lifecycle.submit(activity=activity, by=by, at=at)
    approver = staff_models.Staff.objects.get(
        community=data.community, login="approver"
    )
    lifecycle.approve(activity=activity, by=approver, at=at)
    base.take_part(
        activity=activity,
        account_id=data.ids["member"],
        way=Way.STAFF,
        said="Homely post",
        key="post",
        by=by,
        at=at,
    )
    post = Post.objects.get(activity=activity)
    data.ids |= {"post activity": activity.pk, "member post": post.pk}
