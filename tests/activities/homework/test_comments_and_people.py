"""Comments, messages, people erased, struck out or not visible, and refused settings."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry
from qunce.activities.homework import comments, hand_ins, results
from qunce.activities.homework.comment_checks import InvalidComment
from qunce.activities.homework.models import Comment, PeerReview
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities.homework import builders
from tests.activities.homework.builders import (
    COMMENT,
    DAY,
    DUE,
    HOUR,
    REVIEW_DUE,
    hand_in,
    handed_in,
    members,
    open_homework,
    pairs,
    react,
    submission,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db


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
