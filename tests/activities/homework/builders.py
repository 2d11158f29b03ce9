"""Builds homework through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce import reactions
from qunce.activities.activities.models import Activity
from qunce.activities.homework import hand_ins, results, reviews
from qunce.activities.homework.models import PeerReview, ReviewState, Submission
from qunce.activities.kinds.base import Reply
from qunce.activities.points import balances
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.activities import running
from tests.factories import AT

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DUE, REVIEW_DUE, END = AT + 3 * DAY, AT + 6 * DAY, AT + 10 * DAY
COMMENT = "Clear and short."


def settings(due_at: datetime = DUE, **fields: Any) -> dict[str, Any]:
    """Three days to hand in, three to review, by two others."""
    given = {
        "due": due_at.isoformat(),
        "review_due": (due_at + 3 * DAY).isoformat(),
        "reviewers": 2,
        "criteria": ["Is it clear?", "Is it true?"],
    }
    return {**given, **fields}


def open_homework(by: Staff, due_at: datetime = DUE, **fields: Any) -> Activity:
    return running.running(
        by,
        "homework",
        name=fields.pop("name", "Describe your tea"),
        ends_at=due_at + 7 * DAY,
        settings=settings(due_at, **fields),
    )


def hand_in(
    activity: Activity,
    account: int,
    said: str = "It tastes of grass and rain.",
    at: datetime = AT,
    **fields: Any,
) -> Reply:
    key = fields.pop("key", f"{said[:20]}/{at:%m%d%H%M%S}")
    return running.join(activity, account, at, said=said, key=key, **fields)


def submission(activity: Activity, account: int) -> Submission:
    accounts = account_queries.account_ids_of_person(account)
    found = hand_ins.find_own(activity, accounts)
    assert found is not None
    return found


def write_all(
    activity: Activity, score: int = 8, at: datetime = DUE + HOUR, but: int = 0
) -> None:
    """Everybody but one writes the reviews that they have."""
    rows = PeerReview.objects.filter(
        submission__activity=activity, state=ReviewState.OPEN
    ).exclude(account_id=but)
    for row in rows.select_related("submission__activity__community"):
        write(row, score, at=at)


def write(
    row: PeerReview, score: int = 8, comment: str = COMMENT, at: datetime = DUE + HOUR
) -> PeerReview:
    return reviews.write(
        review=row, account_id=row.account_id, score=score, comment=comment, at=at
    )


def pairs(activity: Activity) -> set[tuple[int, int]]:
    """The reviewer and the author of each review that is to do or done."""
    rows = PeerReview.objects.filter(submission__activity=activity)
    rows = rows.exclude(state=ReviewState.WITHDRAWN)
    return set(rows.values_list("account_id", "submission__account_id"))


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


def points_of(by: Staff, account: int) -> int:
    return balances.balance(account_id=account, at=REVIEW_DUE).usable
