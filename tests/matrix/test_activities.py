"""Activities in a room on a real homeserver: 打卡, 抽奖, 领奖 and 积分 (E1, E2, E8, E19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.draws import draws, public_values
from qunce.activities.draws.models import Draw, Ticket
from qunce.activities.points import earning
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import Award
from qunce.channels.channel_contract import ActionKind
from qunce.channels.matrix import sync
from qunce.groups.lists import lists
from qunce.members.accounts.models import Account
from qunce.members.people import staff_accounts
from qunce.outreach.replies.models import Conversation
from tests import factories
from tests.factories import EVERYONE, HOUR
from tests.matrix.members import SECONDS, Member
from tests.matrix.site import Site, now
from tests.matrix.test_moderation import direct_texts

Register = Callable[..., list[Member]]
LINE = "“Thirty pages a day”: received. You are answered directly."
FIRST = "Checked in. 1 day in a row."
AGAIN = "You have checked in for today. 1 day in a row."


def publish(site: Site, room: str, kind: str, name: str, **fields: Any) -> Activity:
    """A running activity of the room, approved by a second person."""
    site.community.language = "en"
    site.community.save(update_fields=["language"])
    return activities.create(
        community=site.community,
        kind=kind,
        name=name,
        text="Read, and check in.",
        refusal="This is for readers.",
        may_join=EVERYONE,
        groups=[site.group(room).pk],
        starts_at=now(),
        by=site.by,
        at=now(),
        **fields,
    )


def approve(site: Site, activity: Activity) -> None:
    second = site.community.staff.filter(login="ben").first() or factories.staff(
        site.community, "manager", "ben"
    )
    lifecycle.submit(activity=activity, by=site.by, at=now())
    lifecycle.approve(activity=activity, by=second, at=now())
    lifecycle.move_due(at=now())


def play(site: Site) -> None:
    """What a worker does until nothing is left to send."""
    site.receive()
    site.react()
    site.send()


def account(member: Member) -> int:
    return Account.objects.get(key=member.id).pk


def test_members_check_in_by_a_word_and_are_answered_directly(
    site: Site, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """打卡 in a room: entered once, answered directly, one line in the room; 积分, too."""
    names = ("owner", "ann", "bob", "anna", "eve", "dan")
    owner, ann, bob, anna, eve, dan = everybody = register(*names)
    room = site.open_room(owner, *everybody[1:], name="Tea")
    staff_accounts.mark(accounts=[account(anna)], by=site.by, at=now())
    lists.add(
        community=site.community,
        list_name="black",
        account=account(eve),
        by=site.by,
        at=now(),
    )
    approve(site, publish(site, room, "check_in", "Thirty pages a day"))
    earning.award(account_id=account(bob), amount=1_234, key="gift", by=None, at=now())

    first = ann.say(room, "打卡")
    play(site)
    assert direct_texts(site, ann) == [FIRST]
    assert owner.texts(room, by=site.bot.id) == [LINE]

    # The same again, an edit of it, and its deletion do not count.
    ann.say(room, "打卡")
    ann.edit(room, first, "打卡 and twice")
    ann.do("redact", room=room, event=first)
    bob.say(room, "积分")
    # Staff and who is on the blacklist do not take part.
    anna.say(room, "打卡")
    eve.say(room, "打卡")
    play(site)
    assert direct_texts(site, ann) == [FIRST, AGAIN]
    assert direct_texts(site, bob) == ["You have 1,234 usable points."]
    assert direct_texts(site, anna) == ["People who work here do not take part."]
    assert direct_texts(site, eve) == []

    # Who was banned writes directly; a stranger does, too.
    site.act(ActionKind.BAN, room, dan.id)
    (stranger,) = register("stranger")
    for who in (dan, stranger):
        direct = who.create_room(is_public=False, is_direct=True, invite=[site.bot.id])
        site.receive()
        who.say(direct, "打卡")
    play(site)
    assert direct_texts(site, dan) == direct_texts(site, stranger) == []
    waiting = Conversation.objects.values_list("account_id", flat=True)
    assert set(waiting) == {account(dan), account(stranger)}

    # What is read after a gap has happened before, and enters nobody.
    monkeypatch.setitem(sync.FILTER["room"]["timeline"], "limit", 2)
    bob.say(room, "打卡")
    for number in range(4):
        owner.say(room, f"line {number}")
    play(site)
    assert "line 0" in site.texts()
    assert direct_texts(site, bob) == ["You have 1,234 usable points."]
    rows = CheckIn.objects.values_list("account_id", flat=True)
    assert list(rows) == [account(ann)]
    received = "Received. You are answered directly."
    assert owner.texts(room, by=site.bot.id) == [LINE, received]


def test_draw_from_the_word_to_the_prize(site: Site, register: Register) -> None:
    """抽奖 in a room: a number each, drawn with a public figure; the winner writes 领奖."""
    owner, ann, bob, eve = everybody = register("owner", "ann", "bob", "eve")
    room = site.open_room(owner, *everybody[1:], name="Tea")
    end = now() + HOUR
    activity = publish(site, room, "draw", "Anniversary", ends_at=end)
    draw = draws.prepare(activity=activity, by=site.by, at=now())
    mug = prizes.create(
        community=site.community,
        name="Blue mug",
        kind="pick_up",
        instructions="At the counter",
        total=1,
        by=site.by,
        at=now(),
    )
    draws.set_prizes(draw=draw, prizes=[(mug, 1)], by=site.by, at=now())
    draws.set_public_value(
        draw=draw,
        source="figure",
        figure_name="Lottery of the day",
        figure_digits=6,
        figure_at=end + timedelta(minutes=10),
        by=site.by,
        at=now(),
    )
    approve(site, activity)

    said = [who.start_say(room, "抽奖") for who in (ann, bob) for _twice in range(2)]
    for each in said:
        each.result(SECONDS)
    play(site)
    tickets = {row.account_id: row.number for row in Ticket.objects.all()}
    assert tickets.keys() == {account(ann), account(bob)}
    for who in (ann, bob):
        first, again = direct_texts(site, who)
        number = tickets[account(who)]
        assert first == f"You are in the draw. Your ticket is {number}."
        assert again == f"You are in the draw already. Your ticket is {number}."

    # An hour later it is over; two people type the figure.
    lifecycle.move_due(at=end)
    after = end + HOUR
    draw = Draw.objects.get()
    ben = site.community.staff.get(login="ben")
    for by in (site.by, ben):
        public_values.type_figure(draw=draw, figure="123456", by=by, at=after)
    play(site)
    winner, loser = (
        (ann, bob) if Award.objects.get().account_id == account(ann) else (bob, ann)
    )
    assert direct_texts(site, winner)[-1].startswith("You have won: Blue mug.")
    assert len(direct_texts(site, loser)) == 2

    winner.say(room, "领奖")
    loser.say(room, "领奖")
    eve.say(room, "抽奖")
    play(site)
    assert Award.objects.get().state == "claimed"
    assert direct_texts(site, winner)[-1] == "Claimed: Blue mug."
    no_prize = "There is no prize that you could claim now."
    assert direct_texts(site, loser)[-1] == no_prize
    # It is closed, so that the word is for staff.
    assert Entry.objects.count() == 2
    in_room = owner.texts(room, by=site.bot.id)
    assert len(in_room) == 2
    for secret in ("Blue mug", *tickets.values()):
        assert not any(secret in text for text in in_room)
