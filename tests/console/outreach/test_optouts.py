"""Who wants no messages: the list, and whose keys may be read in it (S3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from qunce.core.communities import Community
from qunce.members.accounts import accounts
from qunce.outreach import opt_outs
from tests import factories
from tests.console.world import browser

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PHONE = "13800001234"


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.mark.parametrize(("role", "reads"), [("manager", PHONE), ("operator", "1234")])
def test_a_key_that_is_a_phone_is_masked_by_role(
    shop: Community, role: str, reads: str
) -> None:
    at = datetime.now(UTC)
    boss = factories.staff(shop, "manager", "boss")
    nameless = accounts.create(community=shop, key=PHONE, by=boss, at=at)
    opt_outs.opt_out(community=shop, accounts=[nameless.pk], by=boss, at=at)
    page = browser(factories.staff(shop, role, "ann")).get(
        reverse("outreach:opt-out-list")
    )
    text = page.content.decode()
    assert reads in text
    assert (PHONE in text) == (role == "manager")
