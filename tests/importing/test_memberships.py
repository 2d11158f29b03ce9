from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.groups.groups import Membership
from tests import factories
from tests.importing import helpers

pytestmark = pytest.mark.both_databases


TEXT = """group_key,member_key,joined_at,left_at,role
一群,a,2026-01-01 09:00,,owner
一群,b,2026-01-02,2026-02-01,
二群,a,2026-01-03,,
"""


def test_memberships_are_imported_once(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, TEXT)
    outcome = helpers.run(shop, path, "memberships")
    assert outcome.job.counts == {"changed": 3, "known": 0, "members": 2}
    assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == ["a"]
    assert factories.matching_keys(shop, {"group": {"all": ["一群", "二群"]}}) == ["a"]
    assert len(factories.recorded_facts(shop, "group.joined")) == 3
    assert len(factories.recorded_facts(shop, "group.left")) == 1
    before = Fact.objects.count(), list(Membership.objects.order_by("pk").values())
    again = helpers.run(shop, path, "memberships")
    assert again.job.counts == {"changed": 0, "known": 3, "members": 0}
    after = Fact.objects.count(), list(Membership.objects.order_by("pk").values())
    assert after == before


def test_later_file_records_departures_and_returns(
    shop: Community, tmp_path: Path
) -> None:
    helpers.run(shop, helpers.write(tmp_path, TEXT), "memberships")
    text = (
        "群名称,成员id,入群时间,退群时间\n"
        "一群,a,2026-01-01 09:00,2026-03-01\n一群,b,2026-02-15,\n"
    )
    outcome = helpers.run(shop, helpers.write(tmp_path, text), "memberships")
    assert outcome.job.counts["changed"] == 2
    assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == ["b"]
    assert len(factories.recorded_facts(shop, "group.left")) == 2
    assert len(factories.recorded_facts(shop, "group.joined")) == 4
