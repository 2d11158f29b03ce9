"""V9: members say how content they are with the end of their case, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_settings, complaints, ratings
from qunce.groups.complaints.models import Complaint
from qunce.groups.complaints.ratings import InvalidRating, RatingNotPossible
from qunce.insight import metrics
from qunce.outreach.replies.models import Conversation
from qunce.outreach.sending.ledger import Message, Origin
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT
from tests.outreach.replies import chats as chat_events
from tests.outreach.replies.chats import HOUR, MINUTE, Chats

pytestmark = pytest.mark.django_db


@pytest.fixture
def chats(shop: Community, by: Staff) -> Iterator[Chats]:
    yield from chat_events.opened(shop)


def close(chats: Chats, by: Staff, member: str, outcome: str = "solved") -> Complaint:
    """A case of a member, closed; returns it after all that follows."""
    account = chats.members(member)[member]
    case = complaints.create(
        community=by.community,
        topic="quality",
        title="Cup",
        account=account,
        by=by,
        at=AT,
    )
    complaints.close(complaint=case, outcome=outcome, by=by, at=AT)
    chats.react(AT)
    return case


def asked() -> list[int | None]:
    rows = Message.objects.filter(origin=Origin.COMPLAINT).order_by("pk")
    return list(rows.values_list("target_id", flat=True))


def test_a_member_is_asked_once_and_answers_by_a_number(
    chats: Chats, by: Staff
) -> None:
    case = close(chats, by, "bob")
    (message,) = Message.objects.filter(origin=Origin.COMPLAINT)
    assert (message.target_id, message.purpose) == (case.account_id, "service")
    assert str(case.pk) in message.text
    chats.react(AT + MINUTE)
    assert len(asked()) == 1
    chats.write("bob", "5 分！", at=AT + HOUR)
    (rating,) = ratings.list_of(case)
    assert (rating.rating, rating.by) == (5, None)
    assert not Conversation.objects.exists()
    # The next number is a message like any other.
    chats.write("bob", "4", at=AT + 2 * HOUR)
    assert [each.rating for each in ratings.list_of(case)] == [5]
    assert Conversation.objects.count() == 1
    facts = factories.recorded_facts(by.community, "complaint.rated")
    assert [payload["rating"] for _account, payload in facts] == [5]


def test_who_is_not_asked(chats: Chats, by: Staff) -> None:
    close(chats, by, "ann", "no_complaint")
    complaint_settings.change(community=by.community, asks_ratings=False, by=by, at=AT)
    close(chats, by, "bob")
    complaint_settings.change(community=by.community, asks_ratings=True, by=by, at=AT)
    other = factories.member(by.community, "offline", channel="shop")
    case = complaints.create(
        community=by.community,
        topic="quality",
        title="Lid",
        account=other.pk,
        by=by,
        at=AT,
    )
    complaints.close(complaint=case, outcome="solved", by=by, at=AT)
    chats.react(AT)
    assert asked() == []
    asked_case = close(chats, by, "cat")
    assert asked() == [asked_case.account_id]


def test_an_end_after_a_new_start_is_asked_about_again(chats: Chats, by: Staff) -> None:
    case = close(chats, by, "bob")
    chats.write("bob", "不满意", at=AT + HOUR)
    later = AT + timedelta(days=1)
    complaints.reopen(complaint=case, by=by, at=later)
    complaints.close(complaint=case, outcome="refunded", by=by, at=later + HOUR)
    chats.react(later + HOUR)
    assert len(asked()) == 2
    chats.write("bob", "⭐⭐⭐⭐", at=later + 2 * HOUR)
    assert [each.rating for each in ratings.list_of(case)] == [4, 1]


def test_a_late_number_is_no_rating(chats: Chats, by: Staff) -> None:
    case = close(chats, by, "bob")
    chats.write("bob", "5", at=AT + ratings.ANSWERED_WITHIN)
    assert ratings.list_of(case) == []
    assert Conversation.objects.count() == 1


def test_staff_type_what_a_member_said(chats: Chats, by: Staff) -> None:
    case = close(chats, by, "bob")
    for wrong in (0, 6, True):
        with pytest.raises(InvalidRating):
            ratings.rate(complaint=case, rating=wrong, by=by, at=AT)
    ratings.rate(complaint=case, rating=2, by=by, at=AT)
    with pytest.raises(RatingNotPossible, match="rated already"):
        ratings.rate(complaint=case, rating=5, by=by, at=AT)
    assert [(each.rating, each.by) for each in ratings.list_of(case)] == [(2, by)]
    complaints.reopen(complaint=case, by=by, at=AT + HOUR)
    with pytest.raises(RatingNotPossible, match="Close the case first"):
        ratings.rate(complaint=case, rating=5, by=by, at=AT + HOUR)


def test_ratings_are_counted_in_the_report(chats: Chats, by: Staff) -> None:
    for number, text in enumerate(("5", "4", "3", "1", "满意")):
        close(chats, by, f"m{number}")
        chats.write(f"m{number}", text, at=AT + HOUR)
    deriver.catch_up()
    query = metrics.create_query(
        community=by.community,
        first=AT.date(),
        last=AT.date(),
        by=by,
        at=AT + 2 * HOUR,
    )
    names = ["complaints_raised", "complaints_closed", "complaint_ratings"]
    found = metrics.count_span_of(query, [*names, "good_complaint_ratings"])
    assert [found.numbers[name] for name in names] == [5, 5, 5]
    assert found.numbers["good_complaint_ratings"] == 3


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("5", 5),
        ("３", 3),
        ("4/5", 4),
        ("2 星", 2),
        ("★★★", 3),
        ("Very satisfied!", 5),
        ("satisfied", 5),
        ("not satisfied", 1),
        ("一般", 3),
        ("6", None),
        ("0", None),
        ("55", None),
        ("very", None),
        ("I want 5 cups", None),
        ("", None),
    ],
)
def test_ratings_are_whole_messages(text: str, rating: int | None) -> None:
    assert ratings.parse(text) == rating
