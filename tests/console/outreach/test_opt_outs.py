"""The list of opt-outs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from qunce.core.communities import Community
from qunce.members.accounts import accounts
from qunce.outreach import opt_outs
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db
PHONE = "13800001234"


@pytest.mark.parametrize(("role", "shown"), [("manager", PHONE), ("operator", "1234")])
def test_phone_keys_are_masked_for_operators(
    shop: Community, role: str, shown: str
) -> None:
    at = datetime.now(UTC)
    boss = factories.staff(shop, "manager", "boss")
    nameless = accounts.create(community=shop, key=PHONE, by=boss, at=at)
    opt_outs.opt_out(community=shop, accounts=[nameless.pk], by=boss, at=at)
    page = browser(factories.staff(shop, role, "ann")).get(
        reverse("outreach:opt-out-list")
    )
    text = page.content.decode()
    assert shown in text
    assert (PHONE in text) == (role == "manager")


@pytest.mark.parametrize(
    ("source", "shown"),
    [("import", "from a file"), ("operator", "staff"), ("SMS gate", "SMS gate")],
)
def test_sources_have_readable_names(shop: Community, source: str, shown: str) -> None:
    at = datetime.now(UTC)
    boss = factories.staff(shop, "manager", "boss")
    ann = accounts.create(community=shop, key="ann", by=boss, at=at)
    opt_outs.opt_out(community=shop, accounts=[ann.pk], by=boss, at=at, source=source)
    page = browser(boss).get(reverse("outreach:opt-out-list")).content.decode()
    assert f">{shown}</td>" in page
    assert f'<li class="chip">{shown} · 1</li>' in page


def test_message_names_what_is_opted_out_of_and_keeps_earlier_opt_outs(
    shop: Community,
) -> None:
    at = datetime.now(UTC)
    boss = factories.staff(shop, "manager", "boss")
    accounts.create(community=shop, key="ann", name="Ann", by=boss, at=at)
    client = browser(boss)

    def record(purpose: str) -> str:
        path = reverse("outreach:opt-out-add")
        asked = {"key": "ann", "purpose": purpose}
        return client.post(path, asked, follow=True).content.decode()

    page = record("marketing")
    assert "Ann will no longer receive marketing." in page
    assert 'data-name="Opted out of">marketing</td>' in page
    page = record("marketing")
    assert "Ann had already opted out." in page
    page = record("service")
    assert "Ann will no longer receive marketing or service messages." in page
    assert 'data-name="Opted out of">service messages as well</td>' in page
