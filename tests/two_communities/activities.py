"""An activity of the hidden group with what is in it, and a prize with its award."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import (
    Activity,
    Announcement,
    Entry,
    PastedLine,
    Way,
)
from qunce.activities.auctions.models import Auction, Bid
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.draws import draws
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.activities.games import rounds
from qunce.activities.games.models import GameAnswer
from qunce.activities.kinds import base
from qunce.activities.live_sessions.models import LiveAttendance, LiveReservation
from qunce.activities.mall.models import Redemption
from qunce.activities.meetups.models import SignUp, Slot
from qunce.activities.prizes import awards, prizes
from qunce.activities.topics.models import TopicReply
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Membership
from tests.two_communities import homework, posts

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add_activities(data: TwoCommunities) -> None:
    activity = _add_check_ins(data)
    entry = Entry.objects.get(activity=activity)
    line = PastedLine.objects.create(
        activity=activity,
        group_id=data.ids["group"],
        paste="homely",
        digest="homely",
        state=PastedLine.State.UNSURE,
        name="Homely Nobody",
        said="",
        said_at=data.at,
        at=data.at,
        by=data.owner,
    )
    data.ids |= {
        "activity": activity.pk,
        "announcement": Announcement.objects.get(activity=activity).pk,
        "activity entry": entry.pk,
        "check-in": CheckIn.objects.get(activity=activity).pk,
        "bought card": MakeUpCard.objects.create(
            community=data.community,
            activity=activity,
            account_id=data.ids["member"],
            source=MakeUpCard.Source.BOUGHT,
            key="homely",
            granted_at=data.at,
            used_at=data.at,
        ).pk,
        "pasted line": line.pk,
    }
    _add_prizes(data)
    _add_mall(data)
    _add_instant_draws(data)
    _add_poll_and_task(data)
    _add_topic(data)
    homework.add(data)
    posts.add(data)
    _add_meetup(data)
    _add_live_session(data)
    _add_game(data)


def _add_check_ins(data: TwoCommunities) -> Activity:
    by, at, member = data.owner, data.at, data.ids["member"]
    activity = activities.create(
        community=data.community,
        kind="check_in",
        name="Homely Hidden Mornings",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        announcements={"start": (0, "Homely start")},
        notified={"all": []},
        by=by,
        at=at,
    )
    lifecycle.submit(activity=activity, by=by, at=at)
    second = staff_models.create(
        community=data.community, login="approver", role="manager", at=at, name="Homely"
    )
    lifecycle.approve(activity=activity, by=second, at=at)
    Membership.objects.get_or_create(
        group_id=data.ids["group"],
        account_id=member,
        defaults={"joined_at": at, "present": True, "rev": 1},
    )
    base.take_part(
        activity=activity, account_id=member, way=Way.STAFF, key="k", by=by, at=at
    )
    return activity


def _add_prizes(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    prize = prizes.create(
        community=data.community, name="Homely Cup", kind="goods", total=9, by=by, at=at
    )
    award = awards.award(
        stock=prize,
        account_id=data.ids["member"],
        source="hand",
        source_key="homely",
        at=at,
    )
    assert award is not None
    drawing = activities.create(
        community=data.community,
        kind="draw",
        name="Homely Hidden Draw",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        by=by,
        at=at,
    )
    draw = draws.prepare(activity=drawing, by=by, at=at)
    draws.set_prizes(draw=draw, prizes=[(prize, 1)], by=by, at=at)
    data.ids |= {"prize": prize.pk, "award": award.pk, "draw": drawing.pk}


def _add_game(data: TwoCommunities) -> None:
    """A quiz whose question is open, with an answer of the member."""
    by, at, member = data.owner, data.at, data.ids["member"]
    row = {"question": "Homely question", "answer": "Homely answer"}
    game = activities.create(
        community=data.community,
        kind="quiz",
        name="Homely Hidden Quiz",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        settings={"questions": [row], "pace": "by_hand"},
        starts_at=at,
        by=by,
        at=at,
    )
    lifecycle.submit(activity=game, by=by, at=at)
    approver = staff_models.Staff.objects.get(
        community=data.community, login="approver"
    )
    lifecycle.approve(activity=game, by=approver, at=at)
    rounds.open_next(activity=game, by=by, at=at)
    base.take_part(
        activity=game,
        account_id=member,
        way=Way.STAFF,
        said="Homely guess",
        key="quiz",
        by=by,
        at=at,
    )
    answer = GameAnswer.objects.get(round__activity=game)
    data.ids |= {"game": game.pk, "game answer": answer.pk, "first": 1}


def _add_poll_and_task(data: TwoCommunities) -> None:
    poll = activities.create(
        community=data.community,
        kind="poll",
        name="Homely Hidden Poll",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        settings={"options": [{"text": "Homely tea"}, {"text": "Homely cake"}]},
        starts_at=data.at,
        by=data.owner,
        at=data.at,
    )
    task = activities.create(
        community=data.community,
        kind="tiered_task",
        name="Homely Hidden Task",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=data.at,
        by=data.owner,
        at=data.at,
    )
    data.ids |= {"poll": poll.pk, "tiered_task": task.pk}


def _add_topic(data: TwoCommunities) -> None:
    """A topic with a reply of the member."""
    by, at = data.owner, data.at
    topic = activities.create(
        community=data.community,
        kind="topic",
        name="Homely Hidden Topic",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        settings={"hashtag": "Homely"},
        starts_at=at,
        by=by,
        at=at,
    )
    lifecycle.submit(activity=topic, by=by, at=at)
    approver = staff_models.Staff.objects.get(
        community=data.community, login="approver"
    )
    lifecycle.approve(activity=topic, by=approver, at=at)
    base.take_part(
        activity=topic,
        account_id=data.ids["member"],
        way=Way.STAFF,
        said="Homely reply",
        key="topic",
        by=by,
        at=at,
    )
    reply = TopicReply.objects.get(activity=topic)
    data.ids |= {"topic": topic.pk, "topic reply": reply.pk}


def _add_instant_draws(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    prize = prizes.create(
        community=data.community,
        name="Homely Mug",
        kind="service",
        total=2,
        instructions="Homely shop",
        by=by,
        at=at,
    )
    row = {"prize": str(prize.pk), "odds": "100", "count": 2, "per_hour": None}
    settings: dict[str, dict[str, Any]] = {
        "instant_draw": {"prizes": [row]},
        "red_packet": {},
    }
    for kind, values in settings.items():
        activity = activities.create(
            community=data.community,
            kind=kind,
            name="Homely Hidden Luck",
            text="Homely text",
            refusal="Homely refusal",
            groups=[data.ids["group"]],
            settings=values,
            starts_at=at,
            ends_at=at + timedelta(days=1),
            by=by,
            at=at,
        )
        base.get(kind).publish(activity, at)
        data.ids[kind.replace("_", " ")] = activity.pk


def _add_live_session(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    start = at + timedelta(days=3)
    activity = activities.create(
        community=data.community,
        kind="live_session",
        name="Homely Hidden Live",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        ends_at=start + timedelta(days=1),
        settings={
            "starts": start.isoformat(),
            "ends": (start + timedelta(hours=2)).isoformat(),
            "platform": "Homely Platform",
            "guests": [{"name": "Homely Guest", "role": "Homely Host"}],
        },
        by=by,
        at=at,
    )
    Activity.objects.filter(pk=activity.pk).update(
        state="running", published_at=at, started_at=at
    )
    activity.refresh_from_db()
    base.get("live_session").publish(activity, at)
    own = {
        "activity": activity,
        "account_id": data.ids["member"],
        "person_id": data.ids["member"],
        "at": at,
    }
    reservation = LiveReservation.objects.create(
        **own, state="reserved", source=Way.STAFF
    )
    data.ids |= {
        "live session": activity.pk,
        "live reservation": reservation.pk,
        "live attendance": LiveAttendance.objects.create(**own, how="list").pk,
    }


def _add_meetup(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    start = at + timedelta(days=3)
    activity = activities.create(
        community=data.community,
        kind="meetup",
        name="Homely Hidden Meet-up",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        ends_at=start + timedelta(days=1),
        settings={"place": "Homely Hall", "starts": start.isoformat()},
        by=by,
        at=at,
    )
    Activity.objects.filter(pk=activity.pk).update(
        state="running", published_at=at, started_at=at
    )
    activity.refresh_from_db()
    base.get("meetup").publish(activity, at)
    slot = Slot.objects.get(activity=activity)
    Slot.objects.filter(pk=slot.pk).update(taken=1)
    data.ids |= {
        "meet-up": activity.pk,
        "sign-up": SignUp.objects.create(
            activity=activity,
            slot=slot,
            account_id=data.ids["member"],
            person_id=data.ids["member"],
            state="seated",
            place=1,
            answers=[["Homely question", "Homely answer"]],
            source=Way.STAFF,
            at=at,
            seat_at=at,
        ).pk,
    }


def _add_mall(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    mall = activities.create(
        community=data.community,
        kind="mall",
        name="Homely Hidden Mall",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        by=by,
        at=at,
    )
    sale = activities.create(
        community=data.community,
        kind="flash_sale",
        name="Homely Hidden Sale",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        by=by,
        at=at,
    )
    pieces = FlashSale.objects.create(
        activity=sale, stock_id=data.ids["prize"], total=0, left=0
    )
    selling = activities.create(
        community=data.community,
        kind="auction",
        name="Homely Hidden Auction",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        by=by,
        at=at,
    )
    auction = Auction.objects.create(
        activity=selling,
        stock_id=data.ids["prize"],
        start=1,
        step=1,
        ends_at=at,
        last_at=at,
        state="void",
    )
    data.ids |= {
        "auction": selling.pk,
        "bid": Bid.objects.create(
            auction=auction,
            amount=5,
            account_id=data.ids["member"],
            person_id=data.ids["member"],
            source=Way.STAFF,
            state="void",
            at=at,
        ).pk,
        "flash sale": sale.pk,
        "reservation": Reservation.objects.create(
            sale=pieces,
            n=1,
            account_id=data.ids["member"],
            person_id=data.ids["member"],
            source=Way.STAFF,
            state="lapsed",
            at=at,
            held_until=at,
        ).pk,
        "mall": mall.pk,
        "redemption": Redemption.objects.create(
            activity=mall,
            stock_id=data.ids["prize"],
            award_id=data.ids["award"],
            item=1,
            points=5,
            account_id=data.ids["member"],
            person_id=data.ids["member"],
            source=Way.STAFF,
            at=at,
        ).pk,
    }
