"""Tiered tasks on member pages: join, and read the progress."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.activities.tiered_tasks import judging
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
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


def test_a_member_joins_and_reads_the_progress(by: Staff) -> None:
    bob = factories.member(by.community, "bob", name="Bob").pk
    tier = {"text": "<b>Two</b> orders", "rule": "付款至少 2 次", "points": 50}
    activity = open_now(by, kind="tiered_task", settings={"tiers": [tier]})
    phone = Phone(by.community)
    page = phone.open(f"a/{activity.public_id}")
    assert "&lt;b&gt;Two&lt;/b&gt; orders" in page
    assert "付款" not in page
    assert "/join" not in page
    phone.bind(bob, purpose_of(activity.public_id))
    page = phone.press("/join")
    assert "You are in." in page
    assert "0 of 2" in page
    now = datetime.now(UTC)
    factories.order(by.community, "bob", paid_at=now)
    deriver.catch_up()
    page = phone.open(f"a/{activity.public_id}")
    assert "1 of 2" in page
    assert '<progress max="2" value="1"' in page
    factories.order(by.community, "bob", paid_at=now)
    deriver.catch_up()
    assert "noted within a few minutes" in phone.open(f"a/{activity.public_id}")
    judging.judge_due(at=datetime.now(UTC))
    page = phone.open(f"a/{activity.public_id}")
    assert "✓ reached" in page
    assert "50 points" in page
