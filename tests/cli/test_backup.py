from __future__ import annotations

from pathlib import Path

import pytest

from tests import home, postgres
from tests.cli.asked import Answer, outside

VIP = '{"tag": {"any": ["vip"]}}'


def check(answer: Answer) -> Answer:
    assert answer.code == 0, answer.complained
    return answer


@pytest.fixture
def members(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(
        "key,name,joined_at,tags\nann,安,2026-03-05,vip\nbob,Bob,2026-03-06,\n"
    )
    return path


def test_what_is_restored_is_what_was_backed_up(members: Path, tmp_path: Path) -> None:
    source, target = home.migrated(tmp_path / "home"), tmp_path / "backups"
    target.mkdir()
    check(outside(source, "import", str(members), "--as", "members"))
    check(outside(source, "backup", str(target)))
    (file,) = target.iterdir()
    assert outside(source, "backup", str(file)).code == 2
    before = check(outside(source, "status", "--json")).json

    other = ("restore", str(file), "--into", str(tmp_path / "other"), "--json")
    told = check(outside(home, *other)).json
    assert (told["proven"], told["differs"]) == (True, [])
    assert check(outside(tmp_path / "other", "status", "--json")).json == before


def test_it_replaces_nothing_without_force(members: Path, tmp_path: Path) -> None:
    here, file = home.migrated(tmp_path / "home"), str(tmp_path / "backup.zip")
    check(outside(here, "status"))
    check(outside(here, "backup", file))
    check(outside(here, "import", str(members), "--as", "members"))
    assert outside(here, "restore", file).code == 4
    check(outside(here, "restore", file, "--force"))
    assert check(outside(here, "status", "--json")).json["members"] == 0


@pytest.mark.postgres_only
def test_a_backup_goes_into_a_fresh_cluster(members: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.zip")
    with postgres.cluster() as one, postgres.cluster() as two:
        first = {"DATABASE_URL": one.create("first")}
        second = {"DATABASE_URL": two.create("second")}
        source, target = tmp_path / "source", tmp_path / "target"
        check(outside(source, "import", str(members), "--as", "members", **first))
        check(outside(source, "backup", file, **first))
        told = check(outside(target, "restore", file, "--json", **second)).json
        assert told["proven"] is True
        found = outside(target, "audience", "list", VIP, "--json", **second)
        assert check(found).json == {"keys": ["ann"]}
        more = tmp_path / "more.csv"
        more.write_text("key,name,joined_at,tags\ncyd,Cyd,2026-03-07,vip\n")
        check(outside(target, "import", str(more), "--as", "members", **second))
        check(outside(target, "doctor", **second))
        found = outside(target, "audience", "list", VIP, "--json", **second)
        assert check(found).json == {"keys": ["ann", "cyd"]}
        assert outside(target, "restore", file, **second).code == 4
        check(outside(target, "restore", file, "--force", **second))
        found = outside(target, "audience", "list", VIP, "--json", **second)
        assert check(found).json == {"keys": ["ann"]}
