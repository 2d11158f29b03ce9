"""Games on the page of an activity: a link is enough to answer, and nothing is given away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.games.models import GameAnswer
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.games import builders
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


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def test_an_answer_on_the_page_is_shown_with_what_it_is(
    by: Staff, phone: Phone
) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    rows = [
        builders.question("<b>Capital</b> of China?", "Beijing", choices=""),
        builders.question("Of France?", "Paris", choices="Paris / Rome"),
    ]
    settings = {"questions": rows, "pace": "all", "mode": "all"}
    activity = open_now(by, kind="quiz", settings=settings, ends_at=tomorrow())
    public = phone.open(f"a/{activity.public_id}")
    assert "&lt;b&gt;Capital&lt;/b&gt; of China?" in public
    for hidden in ("Beijing", "/join", "<b>Capital"):
        assert hidden not in public
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert page.count("/join") == 2
    assert "Beijing" not in page
    for said in ("<img src=x>", "ＢＥＩＪＩＮＧ"):
        page = phone.press("/join", said=["#1", said])
    assert "&lt;img src=x&gt;" in page
    assert "Right: 10 points." in page
    outcomes = GameAnswer.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["wrong", "right"]
    assert page.count("/join") == 1
    assert "you" in page


def test_a_chain_is_continued_on_the_page(by: Staff, phone: Phone) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    settings = {"start": "一心一意"}
    activity = open_now(by, kind="idiom_chain", settings=settings, ends_at=tomorrow())
    page = phone.bind(bob, purpose_of(activity.public_id))
    assert "Go on with “意”" in page
    page = phone.press("/join", said="意气风发")
    assert "“意气风发” follows." in page
    assert "Go on with “发”" in page
