"""How the sweep calls verbs: posts of members, decided, rewarded and consented to."""

from __future__ import annotations

from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.posts import consents, decisions
from qunce.activities.posts.models import Post
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from tests.access.cases.base import both, case, just
from tests.access.world import World

USES = ("feature", "material")


def made(world: World) -> Activity:
    """An activity of the group that is tried, with a post of its member."""
    by, at = world.owner, world.at
    activity = activities.create(
        community=world.community,
        kind="post",
        name="Posts",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        settings={"points": 5},
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


def an_activity(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def a_post(world: World) -> dict[str, Any]:
    rows = Post.objects.select_related("activity__community")
    return {"post": rows.get(activity=made(world))}


def an_accepted_one(world: World) -> dict[str, Any]:
    post = a_post(world)["post"]
    consents.choose(post=post, uses=USES, at=world.at)
    return {"post": decisions.accept(post=post, by=world.owner, at=world.at)}


def a_featured_one(world: World) -> dict[str, Any]:
    post = an_accepted_one(world)["post"]
    return {"post": decisions.feature(post=post, by=world.owner, at=world.at)}


def numbered(world: World) -> dict[str, Any]:
    post = a_post(world)["post"]
    return {"activity": post.activity, "pk": post.pk}


def received(world: World) -> dict[str, Any]:
    return {"uses": USES, "received_at": world.at}


case("activities.posts.posts", get=numbered)
case("activities.posts.reading", list_visible=an_activity)
case(
    "activities.posts.decisions",
    accept=a_post,
    reject=both(a_post, just(reason="Off topic")),
    hide=both(an_accepted_one, just(reason="Outdated")),
    feature=an_accepted_one,
    unfeature=a_featured_one,
)
case(
    "activities.posts.rewards",
    reward=an_accepted_one,
    note=both(an_accepted_one, just(reward="A sample")),
)
case(
    "activities.posts.consents",
    confirm=both(a_post, received),
    withdraw=both(an_accepted_one, just(use="material")),
)
