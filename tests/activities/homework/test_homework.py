"""Homework: handing in, reviews by others, medians, decisions, points and comments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qunce import reactions
from qunce.activities import chat
from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.homework import comments, hand_ins, results, reviews
from qunce.activities.homework.comment_checks import InvalidComment
from qunce.activities.homework.models import (
    Comment,
    Homework,
    PeerReview,
    ReviewState,
    Submission,
    Why,
)
from qunce.activities.homework.results import How
from qunce.activities.kinds import base
from qunce.activities.points import balances
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.activities.homework.builders import (
    COMMENT,
    DAY,
    DUE,
    HOUR,
    REVIEW_DUE,
    hand_in,
    open_homework,
    pairs,
    submission,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def members(by: Staff, *keys: str) -> list[int]:
    return factories.members(by.community, *keys)


def react(at: datetime = AT) -> None:
    while reactions.CONSUMER.catch_up(at=at):
        pass


def handed_in(by: Staff, *keys: str, **fields: Any) -> tuple[Activity, list[int]]:
    """Homework that these members handed in, and the reviewers chosen."""
    activity, accounts = open_homework(by, **fields), members(by, *keys)
    for account in accounts:
        assert hand_in(activity, account).accepted
    reviews.plan_due(at=DUE)
    return activity, accounts


def outcomes(
    activity: Activity, at: datetime = REVIEW_DUE
) -> dict[int, tuple[str, Any]]:
    standings = hand_ins.load_standings(activity, at)
    found = results.load(activity, standings, at)
    return {each.submission.account_id: (each.how, each.doubled) for each in found}


# Handing in


def test_a_member_hands_in_and_replaces_it_until_it_is_due(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    assert "is handed in on time" in hand_in(activity, ann, "Grass").text
    link = "https://example.org/tea?cup=1"
    assert (
        "“Describe your tea” is replaced"
        in hand_in(activity, ann, f"Rain\n{link}", DUE - HOUR).text
    )
    row = submission(activity, ann)
    assert (row.text, row.link, row.version) == ("Rain", link, 2)
    late = hand_in(activity, ann, "Snow", DUE)
    assert not late.accepted
    assert "You could replace it until 2026-" in late.text
    assert submission(activity, ann).text == "Rain"
    facts = factories.recorded_facts(by.community, "homework.submitted")
    assert [(who, fact["is_late"]) for who, fact in facts] == [(ann, False)]


def test_late_homework_is_marked_and_staff_review_it(by: Staff) -> None:
    activity, (ann, bob, cy, di) = (
        open_homework(by),
        members(by, "ann", "bob", "cy", "di"),
    )
    for account in (ann, bob, cy):
        hand_in(activity, account)
    reply = hand_in(activity, di, at=DUE)
    assert reply.accepted
    assert reply.text == "“Describe your tea” is handed in, late. Our staff review it."
    reviews.plan_due(at=DUE)
    assert di not in {who for pair in pairs(activity) for who in pair}
    assert len(pairs(activity)) == 6
    assert outcomes(activity)[di] == (How.TO_DECIDE, None)
    again = hand_in(activity, di, "Better", DUE + HOUR)
    assert "after it was due" in again.text


def test_nothing_and_too_much_are_not_handed_in(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    assert "Write “homework”" in hand_in(activity, ann, "").text
    assert "at most 4,000" in hand_in(activity, ann, "x" * 4_001).text
    assert "at most 500" in hand_in(activity, ann, f"x\nhttps://a.b/{'c' * 500}").text
    assert "at most 4,501" in hand_in(activity, ann, "y" * 5_000).text
    assert not Entry.objects.exists()
    assert hand_in(activity, ann, "z" * 4_000).accepted
    assert "Handed in on time" in hand_in(activity, ann, "", DUE - HOUR).text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("作业 三种茶的味道", "三种茶的味道"),
        ("交作业：三种茶的味道", "三种茶的味道"),
        ("homework", ""),
        ("作业是什么", None),
        ("作业 什么时候交？", None),
        (
            "作业 我们为什么要先闻干茶再闻湿茶而不是反过来呢？大家怎么看？",
            "我们为什么要先闻干茶再闻湿茶而不是反过来呢？大家怎么看？",
        ),
        ("homeworks are hard", None),
    ],
)
def test_a_keyword_hands_in_and_a_question_does_not(
    line: str, said: str | None
) -> None:
    assert base.get("homework").read_line(line) == said


def test_long_homework_is_handed_in_by_chat(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    text = "Grass and rain. " * 60
    message = ChatMessage(
        community=by.community,
        account=ann,
        group=None,
        text=f"homework {text}",
        key="event:1",
        # Said in time, and delivered a little later.
        happened_at=DUE - timedelta(seconds=10),
    )
    assert chat.read(message, at=DUE + timedelta(minutes=2))
    row = submission(activity, ann)
    assert row.text == text.strip(" .")
    assert not row.is_late


def test_of_several_the_named_one_is_handed_in_by_chat(by: Staff) -> None:
    names = ("Step one", "Step two")
    first, second = (open_homework(by, name=name) for name in names)
    (ann,) = members(by, "ann")

    def say(text: str, key: str) -> None:
        message = ChatMessage(
            community=by.community,
            account=ann,
            group=None,
            text=text,
            key=key,
            happened_at=AT,
        )
        assert chat.read(message, at=AT)

    say("homework: Grass", "1")
    assert not Submission.objects.filter(activity=first).exists()
    assert submission(second, ann).text == "Grass"
    say("homework step one: Rain", "2")
    assert submission(first, ann).text == "Rain"
    assert submission(second, ann).text == "Grass"


def test_what_staff_type_counts_when_it_was_said(by: Staff) -> None:
    activity, (ann, bob) = open_homework(by), members(by, "ann", "bob")
    fields: dict[str, Any] = {"way": Way.STAFF, "by": by}
    hand_in(activity, ann, at=DUE + DAY, said_at=DUE - HOUR, **fields)
    hand_in(activity, bob, at=DUE + DAY, **fields)
    assert not submission(activity, ann).is_late
    assert submission(activity, bob).is_late


def test_a_later_due_time_makes_late_homework_be_in_time(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy")
    (di,) = members(by, "di")
    hand_in(activity, di, at=DUE + HOUR)
    changed = builders.settings(due=(DUE + DAY).isoformat())
    activity.refresh_from_db()
    activities.change(activity=activity, by=by, at=DUE + 2 * HOUR, settings=changed)
    react(DUE + 2 * HOUR)
    assert not submission(activity, di).is_late
    assert (
        "Others review your homework already"
        in hand_in(activity, ann, "New", DUE + 3 * HOUR).text
    )
    reviews.plan_due(at=DUE + DAY)
    reviewed = [author for _reviewer, author in pairs(activity)]
    assert sorted(reviewed) == sorted([ann, bob, cy, di] * 2)
    earlier = builders.settings(due=DUE.isoformat())
    with pytest.raises(base.NotBetter):
        activities.change(activity=activity, by=by, at=DUE + DAY, settings=earlier)


# Who reviews whom


def test_everybody_reviews_as_many_as_they_are_reviewed_by(by: Staff) -> None:
    activity, accounts = handed_in(by, *(f"m{n}" for n in range(7)), reviewers=3)
    found = pairs(activity)
    assert len(found) == 21
    for account in accounts:
        assert sum(reviewer == account for reviewer, _author in found) == 3
        assert sum(author == account for _reviewer, author in found) == 3
    assert all(reviewer != author for reviewer, author in found)
    reviews.plan_due(at=DUE)
    assert pairs(activity) == found
    facts = factories.recorded_facts(by.community, "homework.reviews_assigned")
    assert sorted(who or 0 for who, _fact in facts) == sorted(accounts)
    assert Homework.objects.get().without_reviewers == 0


def test_with_too_few_members_each_gets_as_many_as_there_are(by: Staff) -> None:
    activity, (ann, bob) = handed_in(by, "ann", "bob", reviewers=3)
    assert pairs(activity) == {(ann, bob), (bob, ann)}
    assert Homework.objects.get().without_reviewers == 4


def test_the_database_refuses_a_review_of_ones_own(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    hand_in(activity, ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        PeerReview.objects.create(
            submission=submission(activity, ann),
            account_id=ann,
            person_id=ann,
            author_person_id=ann,
            assigned_at=AT,
            due_at=DUE,
        )


def test_reviews_of_somebody_who_leaves_are_given_to_others(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di")
    ann, rest = accounts[0], accounts[1:]
    factories.leave(by.community, "ann")
    reviews.plan_due(at=DUE + HOUR)
    found = pairs(activity)
    assert ann not in {who for pair in found for who in pair}
    assert found == {(one, other) for one in rest for other in rest if one != other}


def test_a_missed_review_is_given_to_somebody_with_less_to_do(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di", review_hours=24)
    ann = accounts[0]
    builders.write_all(activity, but=ann)
    mine = set(PeerReview.objects.filter(account_id=ann).values_list("pk", flat=True))
    reviews.plan_due(at=DUE + DAY - timedelta(minutes=1))
    assert not PeerReview.objects.filter(state=ReviewState.WITHDRAWN).exists()
    reviews.plan_due(at=DUE + DAY)
    missed = PeerReview.objects.filter(state=ReviewState.WITHDRAWN, why=Why.MISSED)
    assert set(missed.values_list("pk", flat=True)) == mine
    row = missed.select_related("submission__activity__community")[0]
    with pytest.raises(reviews.CannotReview, match="somebody else"):
        builders.write(row, at=DUE + DAY)
    reviewed = [author for _reviewer, author in pairs(activity)]
    assert sorted(reviewed) == sorted(accounts * 2)


def test_a_merged_pair_reviews_nothing_of_its_own_and_counts_once(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di")
    ann, bob, *_rest = accounts
    before = pairs(activity)
    factories.merge(by.community, "ann", "bob")
    react(DUE)
    found = pairs(activity)
    assert not found & {(ann, bob), (bob, ann)}
    assert bob not in [author for _reviewer, author in found]
    persons = [(min(one, ann) if one == bob else one, two) for one, two in found]
    assert len(set(persons)) == len(persons) == 6
    assert outcomes(activity)[bob] == (How.UNCOUNTED, None)
    factories.unmerge(by.community, "ann", "bob")
    react(DUE)
    after = pairs(activity)
    assert sorted(author for _one, author in after) == sorted(
        author for _one, author in before
    )


# Scores


def test_the_median_of_an_even_number_is_between_the_middles(by: Staff) -> None:
    activity, (ann, *_others) = handed_in(by, "ann", "bob", "cy")
    first, second = PeerReview.objects.filter(
        submission__account_id=ann
    ).select_related("submission__activity__community")
    builders.write(first, 7)
    assert outcomes(activity)[ann] == (How.REVIEWED, 14)
    builders.write(second, 10)
    assert outcomes(activity)[ann] == (How.REVIEWED, 17)
    builders.write(second, 8)
    assert outcomes(activity)[ann] == (How.REVIEWED, 15)
    assert outcomes(activity, DUE + HOUR)[ann] == (How.WAITING, 15)
    facts = factories.recorded_facts(by.community, "homework.reviewed")
    assert sorted(who or 0 for who, _fact in facts) == sorted(
        [first.account_id, second.account_id]
    )


def test_too_few_reviews_leave_the_decision_to_staff(by: Staff) -> None:
    activity, (ann, *_others) = handed_in(by, "a", "b", "c", "d", reviewers=3)
    rows = PeerReview.objects.filter(submission__account_id=ann)
    first, second, _third = rows.select_related("submission__activity__community")
    builders.write(first, 9)
    assert outcomes(activity)[ann] == (How.TO_DECIDE, None)
    builders.write(second, 8)
    assert outcomes(activity)[ann] == (How.REVIEWED, 17)


@pytest.mark.parametrize(
    ("score", "comment", "message"),
    [
        (0, COMMENT, "from 1 to 10"),
        (11, COMMENT, "from 1 to 10"),
        (None, COMMENT, "from 1 to 10"),
        (8, "", "Write a comment"),
        (8, "good", "at least 5"),
        (8, "x" * 1_001, "at most 1,000"),
        (8, "nul \0 is here", "cannot be stored"),
    ],
)
def test_a_review_outside_the_limits_is_refused(
    by: Staff, score: int | None, comment: str, message: str
) -> None:
    _activity, _accounts = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.select_related("submission__activity__community")[0]
    with pytest.raises(errors.QunceError, match=message):
        reviews.write(
            review=row,
            account_id=row.account_id,
            score=score,
            comment=comment,
            at=DUE + HOUR,
        )
    assert not PeerReview.objects.filter(state=ReviewState.DONE).exists()


def test_reviews_end_when_they_are_due(by: Staff) -> None:
    _activity, _accounts = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.select_related("submission__activity__community")[0]
    with pytest.raises(reviews.CannotReview, match="Reviews were due at 2026-"):
        builders.write(row, at=REVIEW_DUE)
    builders.write(row, at=REVIEW_DUE - timedelta(seconds=1))
    row.refresh_from_db()
    assert row.state == ReviewState.DONE


def test_nobody_reads_the_review_of_somebody_else(by: Staff) -> None:
    activity, (ann, bob, _cy) = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.filter(account_id=ann)[0]
    assert (
        reviews.get_own(activity=activity, code=row.code, accounts=[ann]).pk == row.pk
    )
    with pytest.raises(reviews.ReviewNotFound):
        reviews.get_own(activity=activity, code=row.code, accounts=[bob])


def test_staff_overrule_with_a_reason_until_results_are_published(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy", points=20)
    builders.write_all(activity, 4)
    row = submission(activity, ann)
    with pytest.raises(results.InvalidDecision, match="reason"):
        results.decide(submission=row, score=9, reason=" ", by=by, at=DUE + HOUR)
    with pytest.raises(results.InvalidDecision, match="from 1 to 10"):
        results.decide(submission=row, score=11, reason="x", by=by, at=DUE + HOUR)
    results.decide(submission=row, score=9, reason="Very true.", by=by, at=DUE + HOUR)
    with pytest.raises(results.NotReady, match="from 2026-"):
        results.publish(activity=activity, by=by, at=REVIEW_DUE - HOUR)
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 3
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 0
    rows = Submission.objects.order_by("pk").values_list("doubled", "passed")
    assert list(rows) == [(18, True), (8, False), (8, False)]
    with pytest.raises(results.CannotDecide):
        results.decide(submission=row, score=1, reason="x", by=by, at=REVIEW_DUE)
    for _again in range(2):
        results.pay_due(at=REVIEW_DUE)
    assert [points_of(by, who) for who in (ann, bob, cy)] == [20, 0, 0]
    assert "9 of 10: passed." in hand_in(activity, ann, "", REVIEW_DUE).text
    di = members(by, "di")[0]
    assert "results are published" in hand_in(activity, di, at=REVIEW_DUE).text
    assert not Entry.objects.filter(account_id=di).exists()


def points_of(by: Staff, account: int) -> int:
    return balances.balance(account_id=account, at=REVIEW_DUE).usable


def test_points_that_the_budget_lacks_stay_owed(by: Staff) -> None:
    activity = running.running(
        by,
        "homework",
        ends_at=builders.END,
        points_limit=30,
        settings=builders.settings(points=20, reviewers=0),
    )
    for account in members(by, "ann", "bob"):
        hand_in(activity, account)
        row = submission(activity, account)
        results.decide(submission=row, score=8, reason="Good.", by=by, at=DUE)
    results.publish(activity=activity, by=by, at=DUE)
    lifecycle.move_due(at=builders.END)
    activity.refresh_from_db()
    with pytest.raises(errors.Refused, match="2 members get their points"):
        lifecycle.settle(activity=activity, by=by, at=builders.END)
    results.pay_due(at=builders.END)
    # The second one does not fit into the budget; staff see that.
    assert results.count_owed(activity) == 1
    lifecycle.settle(activity=activity, by=by, at=builders.END)
    assert activity.state == "settled"


def test_results_wait_for_decisions(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy")
    with pytest.raises(results.NotReady, match="Decide about 3 submissions"):
        results.publish(activity=activity, by=by, at=REVIEW_DUE)
    for account in (ann, bob):
        results.decide(
            submission=submission(activity, account),
            score=6,
            reason="Alone.",
            by=by,
            at=REVIEW_DUE,
        )
    # Somebody who left needs no decision.
    factories.leave(by.community, "cy")
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 2
    assert submission(activity, cy).graded_at is None


# The learning path


def test_a_step_is_open_to_those_who_passed_the_one_before(by: Staff) -> None:
    first = open_homework(by, name="Step one", reviewers=0)
    second = open_homework(by, name="Step two", reviewers=0, after=str(first.pk))
    free = open_homework(
        by, name="Free", reviewers=0, after=str(second.pk), must_pass=False
    )
    (ann,) = members(by, "ann")
    reply = hand_in(second, ann)
    assert reply.text == "First pass “Step one”, the step before."
    assert not Entry.objects.exists()
    assert hand_in(free, ann).accepted
    hand_in(first, ann)
    row = submission(first, ann)
    results.decide(submission=row, score=8, reason="Good.", by=by, at=DUE)
    results.publish(activity=first, by=by, at=DUE)
    assert hand_in(second, ann, at=DUE - HOUR).accepted
    kind = base.get("homework")
    path = kind.portal_context(second, ann, DUE)["path"]
    assert [
        (step.activity.name, step.is_passed, step.is_handed_in, step.is_next)
        for step in path
    ] == [
        ("Step one", True, True, False),
        ("Step two", False, True, True),
        ("Free", False, True, False),
    ]
    assert any("Step one" in line for line in kind.describe(second))


# Comments, moderation, messages


def test_staff_and_the_author_write_to_each_other(by: Staff) -> None:
    activity, (ann, bob) = open_homework(by), members(by, "ann", "bob")
    hand_in(activity, ann)
    row = submission(activity, ann)
    comments.write_as_staff(submission=row, text="Which tea?", by=by, at=AT)
    comments.write_as_author(activity=activity, accounts=[ann], text="Oolong.", at=AT)
    assert [each.text for each in comments.list_of(row)] == ["Which tea?", "Oolong."]
    with pytest.raises(hand_ins.SubmissionNotFound):
        comments.write_as_author(activity=activity, accounts=[bob], text="x", at=AT)
    with pytest.raises(InvalidComment):
        comments.write_as_staff(submission=row, text="", by=by, at=AT)
    react()
    (message,) = Message.objects.filter(target_id=ann)
    assert "Our staff wrote to you" in message.text


def test_members_are_notified_of_reviews_and_results(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy")
    react(DUE)
    texts = Message.objects.values_list("target_id", "text")
    assert {who for who, _text in texts} == set(accounts)
    assert all("the homework of 2 members waits" in text for _who, text in texts)
    builders.write_all(activity, 8)
    results.publish(activity=activity, by=by, at=REVIEW_DUE)
    react(REVIEW_DUE)
    results_read = Message.objects.filter(text__contains="8 of 10, passed")
    assert results_read.count() == 3


def test_erasing_a_member_erases_what_they_wrote(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy")
    builders.write_all(activity)
    row = submission(activity, ann)
    comments.write_as_author(activity=activity, accounts=[ann], text="Oolong.", at=AT)
    people.erase(account=Account.objects.get(pk=ann), by=by, at=DUE + 2 * HOUR)
    react(DUE + 2 * HOUR)
    row.refresh_from_db()
    assert (row.text, row.link) == ("", "")
    assert not Comment.objects.exclude(text="").exists()
    written = PeerReview.objects.filter(account_id=ann)
    assert set(written.values_list("comment", "score")) == {("", 8)}
    kept = PeerReview.objects.filter(account_id=bob, submission__account_id=cy)
    assert kept.get().comment == COMMENT


def test_struck_out_members_neither_review_nor_are_reviewed(by: Staff) -> None:
    activity, (ann, *_others) = handed_in(by, "ann", "bob", "cy", "di")
    entry = Entry.objects.get(account_id=ann)
    entries.strike_out(entry=entry, by=by, at=DUE)
    react(DUE)
    assert ann not in {who for pair in pairs(activity) for who in pair}
    entries.restore(entry=entry, by=by, at=DUE)
    react(DUE)
    assert ann in {author for _reviewer, author in pairs(activity)}


def test_scoped_staff_see_only_their_members(by: Staff) -> None:
    shop = by.community
    activity, (ann, bob, _cy) = handed_in(by, "ann", "bob", "cy")
    factories.group(shop, "south", bob)
    scope: dict[str, Any] = {"group": {"any": ["south"]}}
    cat = factories.staff(shop, "operator", "cat", groups=["south"], scope=scope)
    seen = hand_ins.list_visible(activity=activity, by=cat, at=DUE)
    assert [each.submission.account_id for each in seen] == [bob]
    with pytest.raises(hand_ins.SubmissionNotFound):
        hand_ins.get(activity=activity, pk=submission(activity, ann).pk, by=cat, at=DUE)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"due": ""}, "“Due” is required"),
        ({"review_due": ""}, "“Reviews due” is required"),
        ({"due": (AT - HOUR).isoformat()}, "in the future"),
        ({"review_due": (AT + 20 * DAY).isoformat()}, "has to end when all is due"),
        ({"review_due": DUE.isoformat()}, "has to be after it is due"),
        ({"lowest": 10}, "above the lowest"),
        ({"pass_mark": 11}, "within the scores"),
    ],
)
def test_homework_that_cannot_work_is_not_published(
    by: Staff, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.QunceError, match=message):
        open_homework(by, **fields)
