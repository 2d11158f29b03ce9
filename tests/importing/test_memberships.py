from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.groups.groups import Group, Membership, Stay
from qunce.importing.targets.memberships import writer
from tests import factories
from tests.importing import helpers

TEXT = """group_key,member_key,joined_at,left_at,role
一群,a,2026-01-01 09:00,,koc
一群,b,2026-01-02,2026-02-01,
二群,a,2026-01-03,,
"""


@pytest.mark.both_databases
def test_memberships_are_imported_once(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, TEXT)
    outcome = helpers.run(shop, path, "memberships")
    counts = outcome.job.counts
    assert (counts["changed"], counts["known"], counts["members"]) == (3, 0, 2)
    assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == ["a"]
    assert factories.matching_keys(shop, {"group": {"all": ["一群", "二群"]}}) == ["a"]
    assert len(factories.recorded_facts(shop, "group.joined")) == 3
    assert len(factories.recorded_facts(shop, "group.left")) == 1
    before = Fact.objects.count(), list(Membership.objects.order_by("pk").values())
    again = helpers.run(shop, path, "memberships")
    counts = again.job.counts
    assert (counts["changed"], counts["known"], counts["members"]) == (0, 3, 0)
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


STAYS = """group_key,member_key,joined_at,left_at
一群,a,2026-02-01,2026-02-10
一群,a,2025-12-01,2025-12-20
一群,a,2026-03-01,
一群,b,2026-03-01,
一群,b,2026-01-01,2026-01-05
"""


@pytest.mark.both_databases
def test_all_stays_of_a_member_are_kept_and_the_latest_decides(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, STAYS)
    counts = helpers.run(shop, path, "memberships").job.counts
    assert counts["changed"] == counts["stays"] == 5
    assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == ["a", "b"]
    assert Stay.objects.count() == 3
    assert len(factories.recorded_facts(shop, "group.joined")) == 5
    assert len(factories.recorded_facts(shop, "group.left")) == 3

    again = helpers.run(shop, path, "memberships").job
    assert (again.counts["changed"], again.counts["known"]) == (0, 5)
    text = "群名称,成员id,入群时间,退群时间\n一群,a,2026-03-01,2026-03-02\n一群,a,2026-01-10,2026-01-11\n"
    later = helpers.run(shop, helpers.write(tmp_path, text), "memberships").job
    assert (later.counts["changed"], later.counts["stays"]) == (2, 1)
    assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == ["b"]
    assert Stay.objects.count() == 4
    assert len(factories.recorded_facts(shop, "group.joined")) == 6
    assert len(factories.recorded_facts(shop, "group.left")) == 5


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("一群,a,2026-03-01,2026-02-01", "left before they joined"),
        ("一群,a,1999-12-01,", "2000"),
        ("一群,a,2099-12-01,", "future"),
        ("一群,a,2026-01-01,\n一群,a,2026-02-01,", "Say when that stay ended"),
        ("一群,a,2026-01-01,2026-03-01\n一群,a,2026-02-01,", "Say when"),
    ],
)
def test_contradicting_stays_are_refused(
    shop: Community, tmp_path: Path, rows: str, problem: str
) -> None:
    path = helpers.write(tmp_path, f"group_key,member_key,joined_at,left_at\n{rows}\n")
    outcome = helpers.run(shop, path, "memberships")
    assert [problem in each.remedy for each in outcome.problems] == [True]
    assert outcome.job.rows_broken == 1
    written = outcome.job.counts.get("changed", 0)
    assert outcome.job.rows_read == written + outcome.job.rows_broken


@pytest.mark.both_databases
def test_group_of_a_channel_is_found_by_its_name(
    shop: Community, tmp_path: Path
) -> None:
    factories.group(shop, "wr1", name="早茶群", platform="wecom")
    path = helpers.write(tmp_path, "群名称,会员号\n早茶群,a\n")
    helpers.run(shop, path, "memberships")
    assert factories.matching_keys(shop, {"group": {"any": ["wr1"]}}) == ["a"]
    assert Group.objects.count() == 1
    factories.group(shop, "wr2", name="早茶群", platform="wecom")
    outcome = helpers.run(shop, path, "memberships")
    assert "wr1, wr2" in outcome.problems[0].remedy


def test_member_who_left_a_group_stays_left_in_lists_without_times(
    shop: Community, tmp_path: Path
) -> None:
    text = "group_key,member_key,joined_at,left_at\n一群,a,2026-01-01,2026-02-01\n"
    helpers.run(shop, helpers.write(tmp_path, text), "memberships")
    for name, target in (
        ("group_key,member_key\n一群,a\n", "memberships"),
        ("group_key,member_key,joined_at\n一群,a,2026-01-01\n", "memberships"),
        ("key,groups\na,一群\n", "members"),
        ("key,joined_at,groups\na,2025-01-01,一群\n", "members"),
    ):
        helpers.run(shop, helpers.write(tmp_path, name), target)
        assert factories.matching_keys(shop, {"group": {"any": ["一群"]}}) == []


@pytest.mark.both_databases
def test_file_of_too_many_new_groups_is_refused(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_NEW_GROUPS", 3)
    lines = "".join(f"m,g{number}\n" for number in range(4))
    path = helpers.write(tmp_path, "member_key,group\n" + lines)
    with pytest.raises(writer.TooManyNewGroups, match="more than 3 groups"):
        helpers.run(shop, path, "memberships")
    assert not Group.objects.exists()
