"""Quizzes in chats and on the page: who is first, what is heard, and who is answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.activities import pasted_lines
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import Activity, Answer, Entry, State
from qunce.activities.games import group_texts, pages, payouts, rounds, rulings
from qunce.activities.games.models import Closed, GameAnswer, GameResult, Round
from qunce.activities.games.rules import Pace
from qunce.activities.points import balances
from qunce.activities.prizes.models import Award
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.people import staff_accounts
from tests import factories
from tests.activities import running
from tests.activities.games import builders
from tests.activities.games.builders import CAPITALS, END, SECOND
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def ids(by: Staff) -> list[int]:
    return factories.named_members(by.community, "ann", "bob", "cy")


@pytest.fixture
def room(by: Staff, ids: list[int]) -> Group:
    group: Group = factories.group(by.community, "room", *ids)
    return group


def opened(by: Staff, *questions: dict[str, Any], **settings: Any) -> Activity:
    activity = builders.quiz(by, *questions, **settings)
    rounds.open_next(activity=activity, by=by, at=AT)
    return activity


def answered(by: Staff) -> list[dict[str, Any]]:
    rows = factories.recorded_facts(by.community, "activity.answered")
    return [payload for _account, payload in rows]


def test_the_first_right_line_of_a_group_wins_the_question(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = opened(by)
    ann, bob, cy = ids
    assert builders.say(activity, ann, "上海", AT + SECOND, group=room.pk)
    assert builders.say(activity, bob, "ＰＥＫＩＮＧ!", AT + 2 * SECOND, group=room.pk)
    # It reached us later, and was said before.
    assert builders.say(activity, cy, "北京", AT + SECOND, group=room.pk)
    row = Round.objects.get()
    assert (row.closed_by, row.winner and row.winner.account_id) == (Closed.WON, bob)
    outcomes = GameAnswer.objects.order_by("pk").values_list("account_id", "outcome")
    assert list(outcomes) == [(ann, "wrong"), (bob, "right"), (cy, "beaten")]
    # A wrong line is answered nobody; nothing of it is said in the group.
    assert [(each["is_direct"], each["in_group"]) for each in answered(by)] == [
        (True, "nothing"),
        (True, "nothing"),
    ]
    text = group_texts.closing(row)
    assert "北京" in text
    assert "bob" not in text
    assert "10 points" in text


def test_ordinary_lines_are_left_to_staff(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = opened(by, CAPITALS[1])
    ann, bob, _cy = ids
    for text in ("When does my parcel come?", "hello", "https://a.example", "1\n2"):
        assert not builders.say(activity, ann, text, group=room.pk)
    assert not Answer.objects.exists()
    # With choices the letter is an answer, once.
    assert builders.say(activity, ann, "a", group=room.pk)
    assert builders.say(activity, ann, "B. Paris", AT + SECOND, group=room.pk)
    assert GameAnswer.objects.get().outcome == "wrong"
    # In a direct chat only those who joined are listened to.
    assert not builders.say(activity, bob, "b")
    assert builders.say(activity, bob, "quiz", AT + SECOND)
    assert builders.say(activity, bob, "b", AT + 2 * SECOND)
    assert Round.objects.get().winner is not None


def test_what_staff_write_in_the_group_is_no_answer(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = opened(by)
    staff_accounts.mark(accounts=[ids[0]], by=by, at=AT)
    assert not builders.say(activity, ids[0], "北京", group=room.pk)
    assert not Answer.objects.exists()
    assert not GameAnswer.objects.exists()


def test_nothing_counts_after_the_time_or_after_it_was_closed(
    by: Staff, ids: list[int], room: Group
) -> None:
    quick = builders.question("1 + 1?", "2", seconds=30)
    activity = opened(by, quick, CAPITALS[0])
    late = AT + timedelta(seconds=30)
    assert not builders.say(activity, ids[0], "2", late, group=room.pk)
    reply = running.join(activity, ids[0], late, said="#1, 2")
    assert (reply.accepted, reply.text) == (False, "This question is over.")
    rounds.move_due(at=late)
    assert Round.objects.get().closed_by == Closed.TIME
    rounds.open_next(activity=activity, by=by, at=late)
    rounds.close(row=Round.objects.get(number=2), by=by, at=late + SECOND)
    assert not builders.say(activity, ids[0], "北京", late + SECOND, group=room.pk)
    assert not GameAnswer.objects.exists()


def test_points_by_speed_fall_to_half(by: Staff, ids: list[int]) -> None:
    row = builders.question("1 + 1?", "2", seconds=10, points=100)
    activity = opened(by, row, mode="speed")
    for n, account in enumerate(ids):
        running.join(activity, account, AT + n * 4 * SECOND, said="2")
    points = GameAnswer.objects.order_by("pk").values_list("points", flat=True)
    assert list(points) == [100, 80, 60]


def test_all_questions_at_once_in_ones_own_order(by: Staff, ids: list[int]) -> None:
    activity = builders.quiz(by, pace="all", mode="all")
    ann = ids[0]
    assert builders.say(activity, ann, "quiz")
    assert "Capital of China?" in Answer.objects.get().text
    # Without the keyword nothing is heard, as several questions are open.
    assert not builders.say(activity, ann, "北京")
    assert builders.say(activity, ann, "quiz 北京", AT + SECOND)
    assert "Question 2 of 3" in Answer.objects.latest("pk").text
    assert running.join(activity, ann, said="#3, ３４").accepted
    assert running.join(activity, ann, said="2. a", key="x").text.startswith(
        "Not right"
    )
    done = running.join(activity, ann, said="", key="y")
    assert done.text == "You have answered all questions."
    context = pages.portal_context(activity, ann, AT)
    assert [line.may_answer for line in context["questions"]] == [False] * 3
    assert [line.answer for line in context["questions"]] == [""] * 3
    assert context["own_place"].points == 20


def test_a_question_that_is_not_asked_yet_is_on_no_page(
    by: Staff, ids: list[int]
) -> None:
    activity = builders.quiz(by)
    assert pages.portal_context(activity, ids[0], AT)["questions"] == []
    rounds.open_next(activity=activity, by=by, at=AT)
    (line,) = pages.portal_context(activity, ids[0], AT)["questions"]
    assert (line.text, line.answer) == ("Capital of China?", "")
    assert running.join(activity, ids[0], said="#2, b").code == "no_question"


def test_automatic_questions_follow_each_other_and_the_game_ends(
    by: Staff, ids: list[int]
) -> None:
    rows = [builders.question(f"{n} + 1?", str(n + 1), seconds=20) for n in (1, 2)]
    activity = builders.quiz(by, *rows, pace="automatic", mode="all")
    at = AT
    seen = []
    for _second in range(200):
        rounds.move_due(at=at)
        activity.refresh_from_db()
        opened = Round.objects.filter(closed_at__isnull=True)
        seen.append((activity.state, *opened.values_list("number", flat=True)))
        at += SECOND
    assert seen[0] == ("running", 1)
    assert list(dict.fromkeys(seen)) == [
        ("running", 1),
        ("running",),
        ("running", 2),
        ("closed",),
    ]
    assert seen.count(("running", 1)) == seen.count(("running", 2)) == 20


def test_a_ruling_changes_the_winner_and_opens_the_question_again(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = opened(by)
    ann, bob, cy = ids
    builders.say(activity, ann, "the north city", group=room.pk)
    assert running.join(activity, ann, said="#1, 京城").text == "Not right. Try again."
    builders.say(activity, bob, "北京", AT + SECOND, group=room.pk)
    builders.say(activity, cy, "peking", AT + SECOND, group=room.pk)
    by_account = {row.account_id: row for row in GameAnswer.objects.order_by("pk")}

    def winner() -> int | None:
        row = Round.objects.select_related("winner").get()
        return row.winner.account_id if row.winner is not None else None

    rulings.rule(answer=by_account[ann], counts=True, by=by, at=AT)
    assert winner() == ann
    rulings.rule(answer=by_account[ann], counts=False, by=by, at=AT)
    assert winner() == bob
    rulings.rule(answer=by_account[bob], counts=False, by=by, at=AT)
    assert winner() == cy
    rulings.rule(answer=by_account[cy], counts=False, by=by, at=AT)
    assert winner() is None
    assert Round.objects.get().closed_at is None
    ruled = factories.recorded_facts(by.community, "game.ruled")
    assert [payload["counts"] for _who, payload in ruled] == [True, False, False, False]


def test_scoped_staff_rule_about_members_whom_they_see(
    by: Staff, ids: list[int]
) -> None:
    activity = opened(by)
    running.join(activity, ids[0], said="x")
    answer = GameAnswer.objects.get()
    south = factories.group(by.community, "south", ids[1])
    scope: dict[str, Any] = {"group": {"any": ["south"]}}
    cat = factories.staff(
        by.community, "operator", "cat", groups=[south.key], scope=scope
    )
    with pytest.raises(rulings.AnswerNotFound):
        rulings.get(activity=activity, pk=answer.pk, by=cat, at=AT)
    with pytest.raises(errors.NotFound):
        rulings.rule(answer=answer, counts=True, by=cat, at=AT)
    assert rulings.get(activity=activity, pk=answer.pk, by=by, at=AT) == answer


def test_pasted_lines_of_a_group_without_an_api(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = builders.quiz(by)
    start = AT.replace(second=20)
    rounds.open_next(activity=activity, by=by, at=start)
    at = AT + timedelta(minutes=3)
    rounds.close(row=Round.objects.get(), by=by, at=at)
    # The clock of the community is 8 hours ahead.
    text = "ann 20:00\n上海\nbob 20:00\n北京\ncy 20:01\npeking\nann 20:01\nhow nice"
    pasted_lines.paste(activity=activity, group=room, text=text, by=by, at=at)
    outcomes = GameAnswer.objects.order_by("pk").values_list("account_id", "outcome")
    assert list(outcomes) == [(ids[1], "right"), (ids[2], "beaten")]
    # The same paste adds nothing.
    pasted_lines.paste(activity=activity, group=room, text=text, by=by, at=at)
    assert GameAnswer.objects.count() == 2


def test_the_best_get_the_prize_and_all_their_points_once(
    by: Staff, ids: list[int]
) -> None:
    mug = builders.prize(by)
    activity = builders.quiz(
        by, pace="all", mode="all", prize=str(mug.pk), winners=2, pays=True
    )
    mug.refresh_from_db()
    assert (mug.left, payouts.highest_cost(activity).points) == (3, None)
    ann, bob, cy = ids
    for account, said in ((ann, "#1, 北京"), (bob, "#1, peking"), (bob, "#3, 34")):
        running.join(activity, account, said=said, key=said)
    running.join(activity, cy, said="#1, x")
    builders.close(activity)
    assert activity.state == State.CLOSED
    assert payouts.pay_due(at=END + payouts.DELAY - SECOND) == 0
    with pytest.raises(payouts.NotSettled):
        lifecycle.settle(activity=activity, by=by, at=END)
    for _twice in range(2):
        payouts.pay_due(at=END + payouts.DELAY)
    results = GameResult.objects.order_by("place")
    assert [(row.account_id, row.points) for row in results] == [(bob, 20), (ann, 10)]
    assert {award.account_id for award in Award.objects.all()} == {ann, bob}
    for account, points in ((ann, 10), (bob, 20), (cy, 0)):
        held = balances.balance(account_id=account, at=END + payouts.DELAY)
        assert held.usable == points
    won = factories.recorded_facts(by.community, "game.won")
    assert [(who, payload["place"]) for who, payload in won] == [(bob, 1), (ann, 2)]
    mug.refresh_from_db()
    assert mug.left == 3
    answer = GameAnswer.objects.get(account_id=cy)
    with pytest.raises(rulings.AlreadyDecided):
        rulings.rule(answer=answer, counts=True, by=by, at=END + payouts.DELAY)


def test_what_nobody_wins_returns_and_a_cancelled_game_gives_nothing(
    by: Staff, ids: list[int]
) -> None:
    mug = builders.prize(by)
    played = builders.quiz(by, pace="all", mode="all", prize=str(mug.pk), winners=2)
    running.join(played, ids[0], said="#1, 北京")
    builders.close(played)
    payouts.decide_now(activity=played, by=by, at=END)
    mug.refresh_from_db()
    assert mug.left == 4
    cancelled = builders.quiz(by, pace="all", mode="all", prize=str(mug.pk), winners=2)
    running.join(cancelled, ids[0], said="#1, 北京")
    mug.refresh_from_db()
    assert mug.left == 2
    second = running.approver(by)
    for each in (by, second):
        lifecycle.cancel(activity=cancelled, reason="Rain", by=each, at=AT)
    mug.refresh_from_db()
    assert mug.left == 4
    payouts.pay_due(at=END + payouts.DELAY)
    assert GameResult.objects.filter(activity=cancelled).count() == 0


def test_the_budget_is_not_exceeded(by: Staff, ids: list[int]) -> None:
    settings = {
        "questions": [{**CAPITALS[0], "choices": ""}],
        "mode": "all",
        "pace": "all",
    }
    activity = running.running(
        by, "quiz", settings=settings, ends_at=END, points_limit=15
    )
    for account in ids[:2]:
        running.join(activity, account, said="北京")
    builders.close(activity)
    payouts.pay_due(at=END + payouts.DELAY)
    held = [balances.balance(account_id=each, at=END).usable for each in ids[:2]]
    assert held == [10, 0]


def test_two_accounts_of_one_person_score_once(by: Staff, ids: list[int]) -> None:
    activity = builders.quiz(by, pace="all", mode="all")
    ann, bob, _cy = ids
    running.join(activity, ann, said="#1, 北京")
    running.join(activity, bob, said="#1, 北京")
    running.join(activity, bob, said="#3, 34", key="3")
    factories.merge(by.community, "ann", "bob")
    assert running.join(activity, ann, said="#3, 34", key="4").code == "answered"
    builders.close(activity)
    payouts.pay_due(at=END + payouts.DELAY)
    assert GameResult.objects.get().points == 20
    assert Entry.objects.count() == 2


def test_who_has_left_is_not_among_the_best(by: Staff, ids: list[int]) -> None:
    activity = builders.quiz(by, pace="all", mode="all")
    for account in ids[:2]:
        running.join(activity, account, said="#1, 北京")
    factories.leave(by.community, "ann")
    assert running.join(activity, ids[0], said="#3, 34", key="2").code == "left"
    builders.close(activity)
    payouts.pay_due(at=END + payouts.DELAY)
    assert [row.account_id for row in GameResult.objects.all()] == [ids[1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"choices": "Rome"}, "give 2 to 8 different choices"),
        ({"choices": "Rome / rome"}, "give 2 to 8 different choices"),
        ({"choices": "Rome / Bonn"}, "is not among the choices"),
        ({"answer": "  "}, "is required"),
        ({"points": -1}, "whole number"),
        ({"seconds": 1}, "whole number"),
    ],
)
def test_questions_that_nobody_could_answer_are_refused(
    by: Staff, change: dict[str, Any], message: str
) -> None:
    row = {**CAPITALS[0], "choices": "", **change}
    with pytest.raises(InvalidSetting, match=message):
        running.draft(by, "quiz", settings={"questions": [row]})


def test_what_was_published_changes_for_the_better_only(by: Staff) -> None:
    activity = builders.quiz(by, CAPITALS[0])
    (row,) = activity.settings["questions"]

    def change(**fields: Any) -> None:
        settings = {**activity.settings, "questions": [{**row, **fields}]}
        activities.change(activity=activity, by=by, at=AT, settings=settings)

    for fields in ({"answer": "x"}, {"others": "Peking"}, {"points": 9}):
        with pytest.raises(NotBetter):
            change(**fields)
    change(others="Peking / 北平 / Beiping", points=20)
    assert activity.settings["questions"][0]["points"] == 20


def test_a_quiz_needs_questions_and_enough_prizes(by: Staff) -> None:
    empty = running.draft(by, "quiz", ends_at=END)
    with pytest.raises(payouts.NotPublishable, match="at least one question"):
        lifecycle.submit(activity=empty, by=by, at=AT)
    mug = builders.prize(by, total=1)
    with pytest.raises(payouts.NotPublishable, match="only 1 are left"):
        builders.quiz(by, prize=str(mug.pk), winners=2)
    assert Pace.ALL in set(Pace)
