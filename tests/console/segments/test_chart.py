"""K8: the size of a segment over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.members.segments import segments
from tests import clients, factories

pytestmark = pytest.mark.django_db


def test_the_size_over_time_is_shown_and_downloaded() -> None:
    """I16"""
    shop, now = factories.community(language="en"), datetime.now(UTC)
    by = factories.staff(shop)
    factories.members(shop, "ann", "bob")
    all_ = segments.create(
        community=shop, key="all", name="All", rule={"all": []}, by=by, at=now
    )
    browser = clients.browser(by)
    chart = f"/members/segments/{all_.pk}/chart/?as="
    assert browser.get(f"{chart}csv").status_code == 404
    segments.record_sizes(community=shop, at=now - timedelta(days=3))
    page = browser.get(f"/members/segments/{all_.pk}/").content.decode()
    assert f'href="{chart}csv"' in page
    table = browser.get(f"{chart}csv").content.decode().splitlines()
    assert len(table) == 5
    assert table[1].endswith(",2")
