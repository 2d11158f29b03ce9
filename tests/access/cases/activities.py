"""How the sweep calls verbs: activities, their entries, check-ins and pasted lines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities import announcements
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import (
    Activity,
    Announcement,
    Entry,
    PastedLine,
    Way,
)
from qunce.activities.check_ins import card_sales
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.kinds import base
from qunce.activities.points import earning
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, Membership
from qunce.members.accounts.models import Account
from tests.access.cases.base import Case, both, case, ids, just
from tests.access.world import World


def made(world: World, until: str = "running") -> Activity:
    """An activity of the group that is tried, whose member checked in if it runs."""
    by, at = world.owner, world.at
    activity = activities.create(
        community=world.community,
        kind="check_in",
        name="Reading",
        text="Read",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        announcements={"start": (0, "It starts")},
        notified={"all": []},
        by=by,
        at=at,
    )
    if until == "draft":
        return activity
    lifecycle.submit(activity=activity, by=by, at=at)
    if until == "in_review":
        return activity
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
    steps = {"closed": ("close",), "settled": ("close", "settle")}.get(until, ())
    for step in steps:
        getattr(lifecycle, step)(activity=activity, by=by, at=at)
    if until == "paused":
        lifecycle.pause(activity=activity, reason="Rain", by=by, at=at)
    return activity


def an_activity(until: str = "running") -> Case:
    return lambda world: {"activity": made(world, until)}


def _announced(world: World) -> Announcement:
    text = Announcement.objects.get(activity=made(world))
    announcements.announce(announcement=text, by=world.owner, at=world.at)
    text.refresh_from_db()
    return text


def an_entry(world: World) -> dict[str, Any]:
    return {"entry": Entry.objects.get(activity=made(world))}


def a_check_in(world: World) -> dict[str, Any]:
    return {"check_in": CheckIn.objects.get(activity=made(world))}


def numbered(model: Any) -> Case:
    def arguments(world: World) -> dict[str, Any]:
        activity = made(world)
        return {"activity": activity, "pk": model.objects.get(activity=activity).pk}

    return arguments


def a_group(world: World) -> dict[str, Any]:
    return {"group": Group.objects.get(pk=world.ids["group"])}


def a_line(world: World) -> dict[str, Any]:
    return {"line": PastedLine.objects.get(pk=_line(world))}


def _line(world: World) -> int:
    line = PastedLine.objects.create(
        activity=made(world),
        group_id=world.ids["group"],
        paste="p",
        digest="d",
        state=PastedLine.State.UNSURE,
        name=Account.objects.get(pk=world.ids["account"]).name,
        said="",
        said_at=world.at,
        at=world.at,
        by=world.owner,
    )
    return line.pk


def a_numbered_line(world: World) -> dict[str, Any]:
    pk = _line(world)
    return {"activity": PastedLine.objects.get(pk=pk).activity, "pk": pk}


REASON = just(reason="Rain")
case(
    "activities.activities.activities",
    create=lambda w: {
        "kind": "check_in",
        "name": "Mine",
        "starts_at": w.at,
        "groups": [w.ids["group"]],
    },
    change=both(an_activity("draft"), just(name="Newer")),
    note_campaign=both(an_activity("draft"), just(campaign="notice")),
    get=lambda w: {"pk": made(w).pk},
    list_visible=just(),
    list_unreviewed=lambda w: {"closed_before": w.at},
    find_last_lesson=just(kind="check_in"),
)
case(
    "activities.activities.lifecycle",
    submit=an_activity("draft"),
    reject=both(an_activity("in_review"), REASON),
    approve=an_activity("in_review"),
    pause=both(an_activity(), REASON),
    resume=an_activity("paused"),
    close=an_activity(),
    settle=an_activity("closed"),
    review=both(an_activity("settled"), just(lesson="Start on Monday")),
    cancel=both(an_activity("draft"), REASON),
    keep=an_activity(),
)
case(
    "activities.activities.entries",
    strike_out=an_entry,
    restore=an_entry,
    get=numbered(Entry),
    list_visible=an_activity(),
)
case(
    "activities.check_ins.check_ins",
    strike_out=a_check_in,
    restore=a_check_in,
    get=numbered(CheckIn),
    list_of_day=lambda w: {
        "activity": made(w),
        "day": (w.at + timedelta(days=0)).date(),
    },
)
case(
    "activities.check_ins.make_up_cards",
    grant=both(ids("account_id"), just(source=MakeUpCard.Source.STAFF, key="thanks")),
)


def selling(world: World) -> Activity:
    """An activity that sells cards, and points for the member."""
    activity = made(world)
    activity.settings |= {"card_price": 5, "card_sales": 3}
    activity.save(update_fields=["settings"])
    earning.award(
        account_id=world.ids["account"], amount=9, key="cards", by=None, at=world.at
    )
    return activity


def a_card(world: World) -> MakeUpCard:
    account = world.ids["account"]
    return card_sales.buy(
        activity=selling(world), account_id=account, key="k", by=None, at=world.at
    )


case(
    "activities.check_ins.card_sales",
    buy=both(lambda w: {"activity": selling(w)}, ids("account_id"), just(key="again")),
    give_back=lambda w: {"card": a_card(w)},
    list_bought=lambda w: {"activity": a_card(w).activity},
    get=lambda w: {"pk": (card := a_card(w)).pk, "activity": card.activity},
)
case(
    "outreach.streak_reminders",
    draft=lambda w: {
        "activity": made(w).public_id,
        "name": "Reading",
        "address": "",
        "at_least": 7,
        "time": "20:00",
        "channel": "assisted",
    },
)
case(
    "activities.eligibility",
    count=an_activity(),
    list_people=both(an_activity(), just(limit=9)),
    count_rules=just(may_join={"all": []}, notified=None, groups=()),
)
case("activities.results", collect=an_activity())
case(
    "activities.announcements",
    announce=lambda w: {"announcement": Announcement.objects.get(activity=made(w))},
    announce_again=lambda w: {
        "announcement": _announced(w),
        "groups": [w.ids["group"]],
    },
)
case(
    "activities.pasted_lines",
    paste=both(an_activity(), a_group, just(text="Nobody: check in")),
    answer=both(a_line, just(account=None)),
    list_unsure=an_activity(),
    get=a_numbered_line,
)
case(
    "activities.kinds.base",
    take_part=both(an_activity(), ids("account_id"), just(way=Way.STAFF, key="again")),
    rehearse=an_activity("draft"),
)
case(
    "outreach.activity_messages",
    draft_campaign=just(name="Notice", text="Hi", rule={"all": []}),
    count_by_state=just(facts=[1]),
    list_groups_not_posted=just(posts=[([1], [1])]),
)
