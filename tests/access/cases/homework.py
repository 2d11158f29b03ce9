"""How the sweep calls verbs: homework that was handed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.homework.models import Homework, Submission
from qunce.activities.kinds import base
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from tests.access.cases.base import both, case, just
from tests.access.world import World


def made(world: World) -> Activity:
    """Homework in the group that is tried, which its member handed in."""
    by, at = world.owner, world.at
    due = at + timedelta(hours=1)
    activity = activities.create(
        community=world.community,
        kind="homework",
        name="Tea",
        text="Describe it",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        ends_at=due + timedelta(days=1),
        settings={"due": due.isoformat(), "reviewers": 0},
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
        said="Grass and rain",
        key="k",
        by=by,
        at=at,
    )
    return activity


def homework(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def decided(world: World) -> dict[str, Any]:
    """Homework that is due, and has a score."""
    activity = made(world)
    Homework.objects.filter(activity=activity).update(due_at=world.at)
    Submission.objects.filter(activity=activity).update(
        doubled=16, reason="Good", decided_by=world.owner, decided_at=world.at
    )
    return {"activity": activity}


def submission(world: World) -> dict[str, Any]:
    return {"submission": Submission.objects.get(activity=made(world))}


def numbered(world: World) -> dict[str, Any]:
    row = Submission.objects.get(activity=made(world))
    return {"activity": row.activity, "pk": row.pk}


case("activities.homework.hand_ins", list_visible=homework, get=numbered)
case("activities.homework.submission_files", write=homework)
case(
    "activities.homework.results",
    decide=both(submission, just(score=8, reason="Good")),
    publish=decided,
)
case(
    "activities.homework.comments",
    write_as_staff=both(submission, just(text="Which tea?")),
)
