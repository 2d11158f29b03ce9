"""What members do with homework on the page. Each verb checks the rung of the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.homework import comments, reviews, terms
from qunce.activities.homework.models import MAX_COMMENT, MAX_LINK, MAX_TEXT, PeerReview
from qunce.activities.kinds.base import Reply
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions as activity_actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published homework; another activity is answered like an unknown one."""
    activity = activity_actions.get(visitor, public_id)
    if activity.kind != terms.KIND:
        raise activities.not_found()
    return activity


def hand_in(
    *,
    visitor: Visitor,
    public_id: str,
    form: Mapping[str, str],
    key: str,
    served: str,
    at: datetime,
) -> Reply:
    """Hand in a text and a link, by the verb of all ways."""
    get(visitor, public_id)
    text = form.get("text", "")[: 2 * MAX_TEXT]
    try:
        said = terms.to_said(text, form.get("link", "")[: 2 * MAX_LINK])
    except terms.InvalidHomework as error:
        return Reply(text=str(error), accepted=False, is_stored=False)
    return activity_actions.take_part(
        visitor=visitor,
        public_id=public_id,
        said=said,
        key=key,
        served=served,
        at=at,
    )


def get_review(visitor: Visitor, public_id: str, code: str) -> PeerReview:
    """A review that the visitor has, with a link for the activity or signed in."""
    activity = get(visitor, public_id)
    account = _require(visitor, activity)
    accounts = account_queries.account_ids_of_person(account)
    return reviews.get_own(activity=activity, code=code[:20], accounts=accounts)


def write_review(
    *,
    visitor: Visitor,
    public_id: str,
    code: str,
    score: str,
    comment: str,
    at: datetime,
) -> PeerReview:
    """Score and comment the homework of somebody else."""
    row = get_review(visitor, public_id, code)
    account = _require(visitor, row.submission.activity)
    return reviews.write(
        review=row,
        account_id=account,
        score=_read_score(score),
        comment=comment[: 2 * MAX_COMMENT],
        at=at,
    )


def write_comment(*, visitor: Visitor, public_id: str, text: str, at: datetime) -> None:
    """Write to staff about one's own homework."""
    activity = get(visitor, public_id)
    account = _require(visitor, activity)
    comments.write_as_author(
        activity=activity,
        accounts=account_queries.account_ids_of_person(account),
        text=text[: 2 * MAX_COMMENT],
        at=at,
    )


def _require(visitor: Visitor, activity: Activity) -> int:
    purpose = activity_actions.purpose_of(activity)
    return rungs.require(visitor, Rung.LINK, purpose=purpose)


def _read_score(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
