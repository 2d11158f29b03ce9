"""The page of a mall: redeeming and undoing need a sign-in, and work by forms alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.activities.activities.models import Activity, Answer
from qunce.activities.mall.models import Redemption
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.activities.mall.builders import item
from tests.activities.points import builders as points
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def phone(by: Staff) -> Phone:
    return Phone(by.community)


def open_mall(by: Staff, *items: dict[str, Any]) -> Activity:
    settings = {"items": list(items) or [item(prize(by))], "undo_minutes": 30}
    return running.open_now(by, kind="mall", name="Mall", settings=settings)


def rich(by: Staff, amount: int = 100) -> int:
    bob = factories.member(by.community, "bob", name="Bob").pk
    points.award(bob, amount, at=datetime.now(UTC) - timedelta(days=1))
    return bob


def test_everybody_reads_items_prices_and_what_is_left(by: Staff, phone: Phone) -> None:
    rich(by)
    tea = prize(by, "<i>Tea</i>", total=1_234)
    mall = open_mall(by, item(prize(by)), item(tea, 1_500, None))
    page = phone.open(f"a/{mall.public_id}")
    assert "30 points" in page and "10 left" in page and "at most 1 each" in page
    assert "1,500 points" in page and "1,234 left" in page
    assert "&lt;i&gt;Tea" in page and "<i>Tea" not in page
    assert "/join" not in page and "You have" not in page
    assert "This is paid with points. Sign in first." in page


def test_a_personal_link_shows_no_points_and_redeems_nothing(
    by: Staff, phone: Phone
) -> None:
    bob, mall = rich(by), open_mall(by)
    page = phone.bind(bob, purpose_of(mall.public_id))
    assert "You have 100 points." not in page and "/join" not in page
    token = page.partition('data-token="')[2].partition('"')[0]
    phone.client.post(
        f"{phone.root}a/{mall.public_id}/join",
        {"form_token": token, "said": "1", "key": "k"},
        headers={"origin": "http://testserver"},
    )
    assert not Redemption.objects.exists()
    assert points.usable(bob, datetime.now(UTC)) == 100


def test_a_member_redeems_and_undoes_it(by: Staff, phone: Phone) -> None:
    bob, mall = rich(by), open_mall(by)
    phone.sign_in(bob)
    page = phone.open(f"a/{mall.public_id}")
    assert "You have 100 points." in page
    page = phone.press("/join")
    assert "“杯子” is yours for 30 points. You have 70 points left." in page
    assert "You have 70 points." in page and "9 left" in page
    assert "杯子" in phone.open("me")
    phone.open(f"a/{mall.public_id}")
    page = phone.press("/undo")
    assert phone.status == 200
    assert "You have 100 points." in page and "10 left" in page
    assert "undone" in page and "/undo" not in page


def test_the_last_piece_is_gone_when_the_form_arrives(by: Staff, phone: Phone) -> None:
    bob, mall = rich(by), open_mall(by)
    phone.sign_in(bob)
    phone.open(f"a/{mall.public_id}")
    PrizeStock.objects.update(left=0)
    page = phone.press("/join")
    assert phone.status == 200
    assert "“杯子” is sold out." in page
    assert not Answer.objects.exists()


def test_a_held_item_says_why_and_has_no_button(by: Staff, phone: Phone) -> None:
    bob, mug = rich(by), prize(by)
    mall = open_mall(by, item(mug), item(prize(by, "Tea")))
    prizes.archive(prize=mug, by=by, at=datetime.now(UTC))
    phone.sign_in(bob)
    page = phone.open(f"a/{mall.public_id}")
    assert "“杯子” is not offered at the moment." in page
    assert page.count('name="said"') == 1


def test_nobody_undoes_what_somebody_else_redeemed(by: Staff, phone: Phone) -> None:
    bob, mall = rich(by), open_mall(by)
    phone.sign_in(bob)
    phone.open(f"a/{mall.public_id}")
    phone.press("/join")
    award = Redemption.objects.get().award
    assert award is not None
    cy = factories.member(by.community, "cy").pk
    other = Phone(by.community)
    page = other.sign_in(cy)
    token = page.partition('data-token="')[2].partition('"')[0]
    answer = other.client.post(
        f"{other.root}redeemed/{award.public_id}/undo",
        {"form_token": token, "key": "k"},
        headers={"origin": "http://testserver"},
    )
    assert answer.status_code == 404
    assert Redemption.objects.get().undone_at is None
