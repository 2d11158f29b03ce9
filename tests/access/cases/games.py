"""How the sweep calls verbs: quizzes and text games."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.games import rounds
from qunce.activities.games.models import GameAnswer, Round
from qunce.activities.kinds import base
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from tests.access.cases.base import both, case, just
from tests.access.world import World


def made(world: World) -> Activity:
    """A quiz of the group that is tried, with an answer of its member."""
    by, at = world.owner, world.at
    activity = activities.create(
        community=world.community,
        kind="quiz",
        name="Quiz",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        ends_at=at + timedelta(days=1),
        settings={
            "questions": [{"question": "1 + 1?", "answer": "2"}] * 2,
            "pace": "by_hand",
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
    rounds.open_next(activity=activity, by=by, at=at)
    base.take_part(
        activity=activity,
        account_id=world.ids["account"],
        way=Way.STAFF,
        said="3",
        key="k",
        by=by,
        at=at,
    )
    return activity


def a_game(world: World) -> dict[str, Any]:
    return {"activity": made(world)}


def a_closed_game(world: World) -> dict[str, Any]:
    activity = made(world)
    lifecycle.end(activity=activity, at=world.at)
    activity.refresh_from_db()
    return {"activity": activity}


def a_round(world: World) -> dict[str, Any]:
    return {"row": Round.objects.get(activity=made(world))}


def an_answer(world: World) -> dict[str, Any]:
    return {"answer": GameAnswer.objects.get(round__activity=made(world))}


def numbered(world: World) -> dict[str, Any]:
    row = GameAnswer.objects.get(round__activity=made(world))
    return {"activity": row.round.activity, "pk": row.pk}


case(
    "activities.games.rounds",
    open_next=a_game,
    close=a_round,
    get=both(a_game, just(number=1)),
)
case("activities.games.answer_list", list_visible=a_round, list_results=a_game)
case("activities.games.rulings", rule=both(an_answer, just(counts=True)), get=numbered)
case("activities.games.payouts", decide_now=a_closed_game)
