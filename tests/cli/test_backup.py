from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests import postgres
from tests.cli.asked import Answer, outside

VIP = '{"tag": {"any": ["vip"]}}'


@pytest.fixture
def members(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(
        "key,name,joined_at,tags\nann,安,2026-03-05,vip\nbob,Bob,2026-03-06,\n"
    )
    return path


@pytest.fixture
def backup(tmp_path: Path, members: Path) -> Path:
    """Of a home with two members."""
    home, target = tmp_path / "home", tmp_path / "backups"
    target.mkdir()
    check(outside(home, "import", str(members), "--as", "members"))
    check(outside(home, "backup", str(target)))
    (file,) = target.iterdir()
    return file


def check(answer: Answer) -> Answer:
    assert answer.code == 0, answer.complained
    return answer


def test_what_is_restored_is_what_was_backed_up(backup: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    told = check(outside(other, "restore", str(backup), "--json")).json
    assert told["proven"] is True
    assert told["differs"] == []
    found = check(outside(other, "audience", "list", VIP, "--json"))
    assert found.json == {"keys": ["ann"]}
    before = check(outside(tmp_path / "home", "status", "--json")).json
    assert check(outside(other, "status", "--json")).json == before


def test_it_restores_into_the_home_that_is_named(backup: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    check(outside(tmp_path / "unused", "restore", str(backup), "--into", str(into)))
    assert (into / "truth.sqlite3").exists()
    assert not (tmp_path / "unused").exists()


def test_it_replaces_nothing_without_force(backup: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    more = tmp_path / "more.csv"
    more.write_text("key,name\ncyd,Cyd\n")
    check(outside(home, "import", str(more), "--as", "members"))
    assert outside(home, "restore", str(backup)).code == 4
    assert check(outside(home, "status", "--json")).json["members"] == 3
    check(outside(home, "restore", str(backup), "--force"))
    assert check(outside(home, "status", "--json")).json["members"] == 2
    check(outside(home, "doctor"))


def altered(backup: Path, name: str, **changed: object) -> Path:
    """The same backup with another manifest or with a byte turned."""
    other = backup.with_name(name)
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(other, "w") as new:
        for each in old.namelist():
            content = old.read(each)
            if each == "manifest.json":
                content = json.dumps(json.loads(content) | changed).encode()
            elif not changed:
                content = content[:-1] + bytes([content[-1] ^ 1])
            new.writestr(each, content)
    return other


def test_a_backup_that_is_not_whole_is_refused(backup: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        tables = json.loads(archive.read("manifest.json"))["tables"]
    half = backup.with_name("half.zip")
    half.write_bytes(backup.read_bytes()[:-2000])
    for broken, code in (
        (half, 2),
        (altered(backup, "turned.zip"), 2),
        (altered(backup, "newer.zip", schema=["core.9999_later"]), 2),
        (altered(backup, "format.zip", format=2), 2),
        (altered(backup, "other.zip", database="postgresql"), 2),
        (altered(backup, "count.zip", tables={**tables, "core_fact": [7, 0, 0]}), 1),
    ):
        home = tmp_path / broken.stem
        answer = outside(home, "restore", str(broken))
        assert answer.code == code, (broken, answer)
        assert not (home / "truth.sqlite3").exists()


def test_a_file_that_is_there_is_not_overwritten(backup: Path, tmp_path: Path) -> None:
    assert outside(tmp_path / "home", "backup", str(backup)).code == 2


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
