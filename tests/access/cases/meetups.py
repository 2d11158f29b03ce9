"""How the sweep calls verbs: sign-ups of meet-ups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.meetups import attendance
from qunce.activities.meetups.models import How, SignUp
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from tests.access.cases.base import both, case, just
from tests.access.world import World


def made(world: World) -> Activity:
    """A meet-up in the group that is tried, for which its member signed up."""
    by, at = world.owner, world.at
    start = at + timedelta(hours=1)
    activity = activities.create(
        community=world.community,
        kind="meetup",
        name="Tasting",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        ends_at=start + timedelta(days=1),
        settings={"place": "Tea house", "starts": start.isoformat()},
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
        key="k",
        by=by,
        at=at,
    )
    return activity


def a_meetup(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def a_sign_up(world: World) -> dict[str, Any]:
    return {"sign_up": SignUp.objects.get(activity=made(world))}


def an_attended_one(world: World) -> dict[str, Any]:
    row = SignUp.objects.get(activity=made(world))
    attendance.record(sign_up=row, how=How.LIST, by=world.owner, at=world.at)
    return {"sign_up": row}


def numbered(world: World) -> dict[str, Any]:
    row = SignUp.objects.get(activity=made(world))
    return {"activity": row.activity, "pk": row.pk}


def with_code(world: World) -> dict[str, Any]:
    row = SignUp.objects.get(activity=made(world))
    return {"activity": row.activity, "code": row.code}


case(
    "activities.meetups.sign_ups",
    list_visible=a_meetup,
    cancel=a_sign_up,
    get=numbered,
    get_by_code=with_code,
)
case("activities.meetups.sign_up_files", write=both(a_meetup, just(file_format="csv")))
case(
    "activities.meetups.attendance",
    record=both(a_sign_up, just(how=How.LIST)),
    undo_check_in=an_attended_one,
)
