from __future__ import annotations

from pathlib import Path

import pytest

from tests import home, postgres
from tests.cli.runner import Result, in_one_process, in_own_process

VIP = '{"tag": {"any": ["vip"]}}'


def check(result: Result) -> Result:
    assert result.code == 0, result.errors
    return result


@pytest.fixture
def members(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(
        "key,name,joined_at,tags\nann,安,2026-03-05,vip\nbob,Bob,2026-03-06,\n"
    )
    return path


def test_restored_data_equals_the_backup_and_leaves_the_home_alone(
    members: Path, tmp_path: Path
) -> None:
    source, target = home.migrated(tmp_path / "home"), tmp_path / "backups"
    target.mkdir()
    more = tmp_path / "more.csv"
    more.write_text("key,name,joined_at\ncyd,Cyd,2026-03-07\n")
    imported, saved, status, later = in_one_process(
        source,
        ["import", str(members), "--as", "members"],
        ["backup", str(target)],
        ["status", "--json"],
        ["import", str(more), "--as", "members"],
    )
    for result in (imported, saved, later):
        check(result)
    before = check(status).json
    assert before["members"] == 2
    (file,) = target.iterdir()

    # Any way of writing the option, also behind common ones.
    other = ("--json", "restore", "--force", f"--into={tmp_path / 'other'}", str(file))
    restored = check(in_own_process(source, *other))
    assert str(tmp_path / "other") in restored.errors
    answer = restored.json
    assert (answer["proven"], answer["differs"]) == (True, [])
    assert check(in_own_process(tmp_path / "other", "status", "--json")).json == before
    assert check(in_own_process(source, "status", "--json")).json["members"] == 3


def test_data_is_replaced_only_with_force(members: Path, tmp_path: Path) -> None:
    here, file = home.migrated(tmp_path / "home"), str(tmp_path / "backup.zip")
    *done, again = in_one_process(
        here,
        ["status"],
        ["backup", file],
        ["import", str(members), "--as", "members"],
        ["backup", file],
    )
    for result in done:
        check(result)
    assert again.code == 2
    assert in_own_process(here, "restore", file).code == 4
    check(in_own_process(here, "restore", file, "--force"))
    assert check(in_own_process(here, "status", "--json")).json["members"] == 0


@pytest.mark.postgres_only
def test_backup_is_restored_into_a_new_cluster(members: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.zip")
    with postgres.cluster() as other:
        first = {"DATABASE_URL": home.clone("qunce_backup")}
        second = {"DATABASE_URL": other.create("second")}
        source, target = tmp_path / "source", tmp_path / "target"
        for result in in_one_process(
            source,
            ["import", str(members), "--as", "members"],
            ["backup", file],
            **first,
        ):
            check(result)
        answer = check(in_own_process(target, "restore", file, "--json", **second)).json
        assert answer["proven"] is True
        found = in_own_process(target, "audience", "list", VIP, "--json", **second)
        assert check(found).json == {"keys": ["ann"]}
        more = tmp_path / "more.csv"
        more.write_text("key,name,joined_at,tags\ncyd,Cyd,2026-03-07,vip\n")
        imported, doctor, found = in_one_process(
            target,
            ["import", str(more), "--as", "members"],
            ["doctor"],
            ["audience", "list", VIP, "--json"],
            **second,
        )
        check(imported)
        check(doctor)
        assert check(found).json == {"keys": ["ann", "cyd"]}
        assert in_own_process(target, "restore", file, **second).code == 4
        check(in_own_process(target, "restore", file, "--force", **second))
        found = in_own_process(target, "audience", "list", VIP, "--json", **second)
        assert check(found).json == {"keys": ["ann"]}
