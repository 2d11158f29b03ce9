"""The pages of activities: public for everybody, and joined with a link or signed in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Answer, Entry
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.draws import public_values
from qunce.activities.prizes.models import Award
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.portal.activities import actions
from qunce.portal.visitors.rungs import RungTooLow
from qunce.portal.visitors.visitors import Visitor
from tests import factories
from tests.activities.draws import builders
from tests.activities.running import draft, open_now
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


def test_everybody_reads_the_page_and_its_rules(by: Staff, phone: Phone) -> None:
    activity = open_now(by, name="<b>Read</b>", settings={"themes": ["Poems"]})
    page = phone.open(f"a/{activity.public_id}")
    assert phone.status == 200
    assert "&lt;b&gt;Read&lt;/b&gt;" in page
    assert "<b>Read" not in page
    assert "Poems" in page
    assert "A make-up card fills one missed day" in page
    assert "/join" not in page
    assert "&lt;b&gt;Read&lt;/b&gt;" in phone.open("")
    assert not Entry.objects.exists()


def test_a_personal_link_checks_in_once(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    activity = open_now(by)
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert phone.url.endswith(f"/a/{activity.public_id}")
    assert CheckIn.objects.count() == 0
    form = phone.page
    page = phone.press("/join")
    assert "Checked in. 1 day in a row." in page
    assert "You have checked in for today." in page
    # The same form again, as Back and a queue send it.
    phone.page = form
    page = phone.press("/join")
    assert "Checked in. 1 day in a row." in page
    assert CheckIn.objects.count() == 1
    assert Entry.objects.get().account_id == bob
    assert Answer.objects.count() == 1


def test_a_link_for_something_else_is_not_enough(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob").pk
    activity = open_now(by)
    phone.bind(bob)
    page = phone.open(f"a/{activity.public_id}")
    assert "open your personal link" in page
    assert "/join" not in page
    with pytest.raises(RungTooLow):
        actions.take_part(
            visitor=Visitor(community=by.community, device=b"", links={"home": bob}),
            public_id=activity.public_id,
            said="",
            key="k",
            served="",
            at=datetime.now(UTC),
        )
    phone.sign_in(bob)
    phone.open(f"a/{activity.public_id}")
    assert "1 day in a row" in phone.press("/join")
    assert "1 day in a row" in phone.open("me")


def test_unknown_unpublished_and_foreign_activities_are_the_same(
    by: Staff, phone: Phone
) -> None:
    other = factories.staff(factories.community("other"), login="zoe")
    hidden, foreign = draft(by), open_now(other)
    pages = {
        phone.open(f"a/{public_id}")
        for public_id in ("nothing", hidden.public_id, foreign.public_id, "%00")
    }
    assert len(pages) == 1
    assert phone.status == 404


def test_home_shows_what_is_open_to_the_visitor(by: Staff, phone: Phone) -> None:
    shop = by.community
    bob = factories.member(shop, "bob").pk
    north = factories.group(shop, "north", bob)
    open_now(by, name="For the north", groups=[north.pk])
    open_now(by, name="For all")
    assert "For the north" not in phone.open("")
    assert "For all" in phone.page
    phone.bind(bob)
    assert "For the north" in phone.open("")


def test_a_forged_time_of_the_page_is_ignored(by: Staff) -> None:
    activity, other = open_now(by), open_now(by)
    at = datetime.now(UTC)
    signed = actions.sign_served(activity, at)
    assert actions.read_served(signed, activity) == at
    assert actions.read_served(signed, other) is None
    for text in ("", "x", signed[:-1], f"{signed}x"):
        assert actions.read_served(text, activity) is None


def test_a_closed_page_says_why_and_offers_nothing(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob").pk
    activity = open_now(by)
    phone.bind(bob, purpose_of(activity.public_id))
    form = phone.page
    at = datetime.now(UTC)
    lifecycle.pause(activity=activity, reason="Back at 18:00", by=by, at=at)
    page = phone.open(f"a/{activity.public_id}")
    assert "Back at 18:00" in page
    assert "/join" not in page
    phone.page = form
    assert "It is paused." in phone.press("/join")
    assert not Entry.objects.exists()


def test_the_page_of_a_drawn_draw_says_whether_the_visitor_has_won(
    by: Staff,
) -> None:
    shop = by.community
    accounts = factories.members(shop, *"abcd")
    draw = builders.open_draw(by)
    builders.join(draw, *accounts)
    purpose = purpose_of(draw.activity.public_id)
    phones = {account: Phone(shop) for account in accounts}
    for account, phone in phones.items():
        assert "You have" not in phone.bind(account, purpose)
    builders.close(draw)
    for staff in (by, builders.second(shop)):
        public_values.type_figure(
            draw=draw, figure="123456", by=staff, at=builders.AFTER
        )
    won = set(Award.objects.values_list("account_id", flat=True))
    assert len(won) == 2
    for account, phone in phones.items():
        page = phone.open(f"a/{draw.activity.public_id}")
        assert ("You have won: 杯子." in page) is (account in won)
        assert ("You have not won this time." in page) is (account not in won)
    assert "You have" not in Phone(shop).open(f"a/{draw.activity.public_id}")
