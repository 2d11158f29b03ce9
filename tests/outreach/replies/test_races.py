"""Two people, or two processes, act on one conversation or one case at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.state_machine import WrongState
from qunce.groups.complaints import complaint_list, complaints, escalation, ratings
from qunce.groups.complaints.models import Complaint, ComplaintRating
from qunce.outreach.replies import answers, conversations
from qunce.outreach.replies.models import Answer, Conversation
from qunce.outreach.sending.ledger import Message, Origin
from tests import factories, threads
from tests.factories import AT
from tests.outreach.replies.chats import HOUR, Chats

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
REFUSED = "refused"


def attempt(verb: Callable[[], Any]) -> Callable[[], Any]:
    """The verb, whose refusal is a result."""

    def run() -> Any:
        try:
            return verb()
        except (errors.Refused, WrongState):
            return REFUSED

    return run


def test_one_of_two_answers_is_sent(chats: Chats, shop: Community) -> None:
    """E15"""
    staff = [factories.staff(shop, "manager", login) for login in ("lin", "mei")]
    chats.write("bob", "hello?")
    (row,) = chats.conversations()

    def answer(number: int) -> Any:
        mine = Conversation.objects.select_related("community").get(pk=row.pk)
        return answers.send(
            conversation=mine, text=f"Hi {number}", by=staff[number], at=AT
        ).pk

    done = threads.run(
        attempt(lambda: answer(0)),
        attempt(lambda: answer(1)),
    )
    assert done.count(REFUSED) == 1
    assert Answer.objects.count() == 1
    assert Message.objects.filter(origin=Origin.REPLY).count() == 1


def test_of_two_who_assign_the_last_one_holds(chats: Chats, shop: Community) -> None:
    """E15: the state and the history agree, whoever was faster."""
    staff = [factories.staff(shop, "manager", login) for login in ("lin", "mei")]
    chats.write("bob", "hello?")
    (row,) = chats.conversations()
    conversations.assign(conversation=row, staff=None, by=staff[0], at=AT)
    known = len(factories.recorded_facts(shop, "conversation.assigned"))

    def assign(number: int) -> None:
        mine = Conversation.objects.select_related("community").get(pk=row.pk)
        conversations.assign(
            conversation=mine, staff=staff[number], by=staff[number], at=AT
        )

    threads.run(lambda: assign(0), lambda: assign(1))
    row.refresh_from_db()
    logins = [
        payload["staff"]
        for _account, payload in factories.recorded_facts(shop, "conversation.assigned")
    ]
    assert sorted(logins[known:]) == ["lin", "mei"]
    assert row.staff is not None
    assert row.staff.login == logins[-1]


def test_what_is_late_is_noted_once(chats: Chats, shop: Community) -> None:
    chats.write("bob", "hello?")
    later = AT + 100 * HOUR
    noted = threads.run(
        lambda: conversations.note_late(at=later),
        lambda: conversations.note_late(at=later),
    )
    assert sum(noted) == 1
    assert len(factories.recorded_facts(shop, "conversation.late")) == 1


def raise_case(shop: Community, account: int) -> Complaint:
    by = factories.staff(shop, "manager", f"by{Complaint.objects.count()}")
    return complaints.create(
        community=shop, topic="quality", title="Cup", account=account, by=by, at=AT
    )


def test_two_cases_about_the_same_are_one(shop: Community) -> None:
    """V9"""
    (bob,) = factories.members(shop, "bob")
    staff = [factories.staff(shop, "manager", login) for login in ("lin", "mei")]

    def create(number: int) -> Any:
        return complaints.create(
            community=shop,
            topic="quality",
            title=f"Cup {number}",
            account=bob,
            by=staff[number],
            at=AT,
        ).pk

    done = threads.run(
        attempt(lambda: create(0)),
        attempt(lambda: create(1)),
    )
    assert done.count(REFUSED) == 1
    assert Complaint.objects.count() == 1
    assert len(factories.recorded_facts(shop, "complaint.opened")) == 1


def test_a_case_is_closed_and_rated_once(shop: Community) -> None:
    """V9"""
    (bob,) = factories.members(shop, "bob")
    case = raise_case(shop, bob)
    by = case.by

    def mine() -> Complaint:
        return complaint_list.get(by=by, pk=case.pk, at=AT)

    def close(outcome: str) -> None:
        complaints.close(complaint=mine(), outcome=outcome, by=by, at=AT)

    done = threads.run(
        attempt(lambda: close("solved")),
        attempt(lambda: close("refunded")),
    )
    assert done.count(REFUSED) == 1
    assert len(factories.recorded_facts(shop, "complaint.closed")) == 1

    def rate(rating: int) -> None:
        ratings.rate(complaint=mine(), rating=rating, by=by, at=AT)

    done = threads.run(attempt(lambda: rate(1)), attempt(lambda: rate(5)))
    assert done.count(REFUSED) == 1
    (row,) = ComplaintRating.objects.all()
    facts = factories.recorded_facts(shop, "complaint.rated")
    assert [payload["rating"] for _account, payload in facts] == [row.rating]


def test_a_late_case_is_noted_once(shop: Community) -> None:
    (bob,) = factories.members(shop, "bob")
    raise_case(shop, bob)
    later = AT + 100 * HOUR
    noted = threads.run(
        lambda: escalation.note_late(at=later),
        lambda: escalation.note_late(at=later),
    )
    assert sum(noted) == 1
    assert len(factories.recorded_facts(shop, "complaint.late")) == 1
