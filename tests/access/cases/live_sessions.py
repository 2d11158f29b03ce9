"""How the sweep calls verbs: live sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    LiveSession,
)
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from qunce.members.accounts.models import Account
from tests.access.cases.base import both, case, just
from tests.access.world import World


def made(world: World) -> Activity:
    """A live session in the group that is tried, to which its member came; it is over."""
    by, at = world.owner, world.at
    start = at + timedelta(hours=1)
    activity = activities.create(
        community=world.community,
        kind="live_session",
        name="Tea live",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        ends_at=start + timedelta(days=1),
        settings={
            "starts": start.isoformat(),
            "ends": (start + timedelta(hours=1)).isoformat(),
            "platform": "Douyin",
        },
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
    for said in ("", "attended"):
        LiveSession.objects.filter(activity=activity).update(
            starts_at=at + (timedelta(0) if said else timedelta(hours=1))
        )
        base.take_part(
            activity=activity,
            account_id=world.ids["account"],
            way=Way.STAFF,
            said=said,
            key=f"k{said}",
            by=by,
            at=at,
        )
    LiveSession.objects.filter(activity=activity).update(
        starts_at=at - timedelta(hours=2), ends_at=at - timedelta(hours=1)
    )
    return activity


def a_session(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def a_list(world: World) -> dict[str, Any]:
    """The key of the member, while the live session is on."""
    activity = made(world)
    rows = LiveSession.objects.filter(activity=activity)
    rows.update(starts_at=world.at, ends_at=world.at + timedelta(hours=1))
    key = Account.objects.values_list("key", flat=True).get(pk=world.ids["account"])
    return {"activity": activity, "text": key}


def a_reservation(world: World) -> dict[str, Any]:
    return {"reservation": LiveReservation.objects.get(activity=made(world))}


def an_attendance(world: World) -> dict[str, Any]:
    return {"attendance": LiveAttendance.objects.get(activity=made(world))}


def a_numbered_reservation(world: World) -> dict[str, Any]:
    row = LiveReservation.objects.get(activity=made(world))
    return {"activity": row.activity, "pk": row.pk}


def a_numbered_attendance(world: World) -> dict[str, Any]:
    row = LiveAttendance.objects.get(activity=made(world))
    return {"activity": row.activity, "pk": row.pk}


case(
    "activities.live_sessions.reservations",
    list_visible=a_session,
    cancel=a_reservation,
    get=a_numbered_reservation,
)
case(
    "activities.live_sessions.attendance",
    list_visible=a_session,
    undo=an_attendance,
    get=a_numbered_attendance,
)
case("activities.attendance_lists", record=a_list)
case(
    "activities.live_sessions.sessions",
    set_replay=both(a_session, just(url="https://live.example/r")),
    type_number=both(a_session, just(number=5)),
)
