"""A quiz and a chain of idioms in a room on a real homeserver (E3)."""

from __future__ import annotations

from collections.abc import Callable

from qunce.activities.activities import lifecycle
from qunce.activities.games import payouts, rounds
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.activities.points import balances
from qunce.outreach.replies.models import Conversation
from tests.factories import HOUR
from tests.matrix.members import SECONDS, Member
from tests.matrix.site import Site, now
from tests.matrix.test_activities import account, approve, play, publish
from tests.matrix.test_moderation import direct_texts

Register = Callable[..., list[Member]]


def test_a_quiz_in_a_room(site: Site, register: Register) -> None:
    """Questions are posted, the first right line wins, edits and late lines do not count."""
    owner, ann, bob, cy = everybody = register("owner", "ann", "bob", "cy")
    room = site.open_room(owner, *everybody[1:], name="Tea")
    questions = [
        {"question": "Capital of China?", "answer": "北京", "others": "Peking"},
        {"question": "2 + 2?", "answer": "4", "choices": "3 / 4 / 5"},
    ]
    settings = {"questions": questions, "pace": "by_hand", "mode": "first"}
    end = now() + HOUR
    activity = publish(site, room, "quiz", "Capitals", settings=settings, ends_at=end)
    approve(site, activity)
    activity.refresh_from_db()
    rounds.open_next(activity=activity, by=site.by, at=now())
    play(site)
    (asked,) = owner.texts(room, by=site.bot.id)
    assert asked.startswith("Question 1 of 2: Capital of China?")

    wrong = ann.say(room, "上海")
    ann.edit(room, wrong, "北京")
    cy.say(room, "when does my parcel come?")
    site.receive()
    assert not GameAnswer.objects.filter(outcome="right").exists()
    bob.say(room, "peking!")
    ann.say(room, "北京")
    play(site)
    assert Round.objects.get().winner_id == GameAnswer.objects.get(outcome="right").pk
    assert direct_texts(site, bob) == ["Right, and you were the first: 10 points."]
    assert direct_texts(site, cy) == []
    # Only what was no answer is a question for staff.
    waiting = Conversation.objects.values_list("account_id", flat=True)
    assert set(waiting) <= {account(cy)}
    result = owner.texts(room, by=site.bot.id)[-1]
    assert "the answer is “北京”" in result
    assert "bob" not in result

    rounds.open_next(activity=activity, by=site.by, at=now())
    play(site)
    said = [who.start_say(room, "B") for who in (ann, cy)]
    for each in said:
        each.result(SECONDS)
    play(site)
    # The one whose letter reached the room later is too late.
    assert GameAnswer.objects.filter(round__number=2, outcome="right").count() == 1

    lifecycle.move_due(at=end)
    payouts.pay_due(at=end + payouts.DELAY)
    results = GameResult.objects.order_by("place")
    assert [row.points for row in results] == [10, 10]
    held = balances.balance(account_id=account(bob), at=end + payouts.DELAY)
    assert held.usable == 10


def test_a_chain_of_idioms_in_a_room(site: Site, register: Register) -> None:
    """Each idiom follows the one before; the room reads how far it is, once."""
    owner, ann, bob = everybody = register("owner", "ann", "bob")
    room = site.open_room(owner, *everybody[1:], name="Tea")
    activity = publish(
        site,
        room,
        "idiom_chain",
        "Chain",
        settings={"start": "一心一意"},
        ends_at=now() + HOUR,
    )
    approve(site, activity)
    rounds.move_due(at=now())
    play(site)
    start = "The chain is at “一心一意”. Go on with “意”."
    assert owner.texts(room, by=site.bot.id) == [start]
    said = [
        (ann, "意气风发"),
        (ann, "大家好"),
        (bob, "发扬光大！"),
        (ann, "画蛇添足"),
        (ann, "大公无私"),
        (bob, "丝丝入扣"),
    ]
    for who, text in said:
        who.say(room, text)
    play(site)
    links = GameAnswer.objects.filter(outcome="right").order_by("pk")
    assert list(links.values_list("word", flat=True)) == [
        "意气风发",
        "发扬光大",
        "大公无私",
        "丝丝入扣",
    ]
    state = "The chain is at “丝丝入扣”. Go on with “扣”."
    assert owner.texts(room, by=site.bot.id) == [start, state]
    assert direct_texts(site, ann) == direct_texts(site, bob) == []
