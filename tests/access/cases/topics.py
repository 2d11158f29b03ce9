"""How the sweep calls verbs: topics and their replies."""

from __future__ import annotations

from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from tests.access.cases.base import case
from tests.access.world import World


def made(world: World) -> Activity:
    """A topic of the group that is tried, with a reply of its member."""
    by, at = world.owner, world.at
    activity = activities.create(
        community=world.community,
        kind="topic",
        name="Topic",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        settings={"hashtag": "tea"},
        starts_at=at,
        by=by,
        at=at,
    )
    lifecycle.submit(activity=activity, by=by, at=at)
    second = Staff.objects.get(community=world.community, login="manager")
    lifecycle.approve(activity=activity, by=second, at=at)
    Membership.objects.get_or_create(
        group_id=world.ids["group"],
        account_id=world.ids["account"],
        defaults={"joined_at": at, "present": True, "rev": 1},
    )
    base.take_part(
        activity=activity,
        account_id=world.ids["account"],
        way=Way.STAFF,
        said="Green tea",
        key="k",
        by=by,
        at=at,
    )
    return activity


def a_topic(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def to_hide(world: World) -> dict[str, Any]:
    row = TopicReply.objects.select_related("activity").get(activity=made(world))
    return {"reply": row, "reason": "Off topic"}


def to_show(world: World) -> dict[str, Any]:
    row = to_hide(world)["reply"]
    TopicReply.objects.filter(pk=row.pk).update(state=ReplyState.HIDDEN)
    row.refresh_from_db()
    return {"reply": row}


def numbered(world: World) -> dict[str, Any]:
    row = to_hide(world)["reply"]
    return {"activity": row.activity, "pk": row.pk}


case("activities.topics.replies", hide=to_hide, show=to_show, get=numbered)
case("activities.topics.reply_list", list_visible=a_topic)
case("activities.topics.reply_files", write=a_topic)
