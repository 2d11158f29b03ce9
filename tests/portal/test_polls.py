"""Polls on member pages: vote, change the vote, and see the result."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.polls.models import Ballot
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.running import open_now
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


def open_poll(by: Staff, **settings: object) -> Activity:
    rows = [{"text": "Oolong"}, {"text": "<i>Green</i>"}]
    return open_now(by, kind="poll", settings={"options": rows, **settings})


def test_a_member_votes_and_changes_the_vote(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_poll(by)
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert 'type="radio"' in page
    assert 'id="results"' not in page
    page = phone.press("/join", said="B")
    assert "Your vote: B &lt;i&gt;Green&lt;/i&gt;" in page
    assert "1 member voted." in page
    assert "100%" in page
    page = phone.press("/join", said="A")
    assert "Your vote is changed: A Oolong." in page
    assert [row.choices for row in Ballot.objects.all()] == [[1]]


def test_several_boxes_are_one_vote(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob").pk
    activity = open_poll(by, most=2)
    phone.bind(bob, purpose_of(activity.public_id))
    assert 'type="checkbox"' in phone.page
    phone.press("/join", said=["A", "B"])
    assert [row.choices for row in Ballot.objects.all()] == [[1, 2]]
    assert "at most" not in phone.page


def test_visitors_see_options_and_no_results(by: Staff, phone: Phone) -> None:
    activity = open_poll(by)
    page = phone.open(f"a/{activity.public_id}")
    assert "Oolong" in page
    assert 'name="said"' not in page
    assert 'id="results"' not in page
    always = open_poll(by, results="always")
    assert 'id="results"' in phone.open(f"a/{always.public_id}")


def test_the_own_page_has_the_vote(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob").pk
    activity = open_poll(by)
    phone.bind(bob, purpose_of(activity.public_id))
    phone.press("/join", said="A")
    page = phone.sign_in(bob)
    assert "My votes and tasks" in page
    assert "A Oolong" in page
