"""`qunce import --dry-run` leaves nothing behind: no row, no name, no job, no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from qunce.core.communities import Community
from qunce.importing import target_registry
from tests.cli.runner import Run, in_own_process

FILES = {
    "members": "key,name,phone,tags,birthday\nx1,An,13800138001,new-tag,1990-01-02\n",
    "memberships": "group_key,member_key,joined_at\nnew-group,x1,2026-01-02\n",
    "tags": "member_key,tags\nx1,new-tag\n",
    "orders": "order_key,member_key,paid_at,amount\no1,x1,2026-01-02,12.50\n",
    "facts": "kind,member_key,happened_at,key\npage.new,x1,2026-01-02 10:00,f1\n",
    "messages": "group_key,member_key,happened_at,text\ng,x1,2026-01-02 10:00,hi\n",
    "opt_outs": "member_key\nx1\n",
    "points": "member_key,points\nx1,120\n",
}
BROKEN = "order_key,member_key,paid_at,amount\no1,x1,not a date,12.50\n"


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def read_all_rows() -> dict[tuple[str, str], list[str]]:
    """Every row of every table of every database."""
    rows = {}
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            for table in sorted(connections[alias].introspection.table_names(cursor)):
                cursor.execute(f'SELECT * FROM "{table}"')
                rows[alias, table] = sorted(map(repr, cursor.fetchall()))
    return rows


def read_files(home: Path) -> dict[str, bytes]:
    """Every file and folder, but not the databases, whose rows are compared instead."""
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else b""
        for path in home.rglob("*")
        if ".sqlite3" not in path.name
    }


def test_every_target_has_a_file_here() -> None:
    assert set(FILES) == set(target_registry.list_keys())


@pytest.mark.parametrize("target", sorted(FILES))
def test_nothing_is_left_in_a_home_with_a_community(
    run: Run, shop: Community, tmp_path: Path, target: str
) -> None:
    file = write(tmp_path, f"{target}.csv", FILES[target])
    before = read_all_rows(), read_files(settings.HOME)
    result = run("import", file, "--as", target, "--dry-run", "--source", "never-seen")
    assert result.code == 0, result.errors
    assert "x1" in result.output
    assert (read_all_rows(), read_files(settings.HOME)) == before


def test_nothing_is_left_after_broken_rows(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    file = write(tmp_path, "orders.csv", BROKEN)
    before = read_all_rows(), read_files(settings.HOME)
    result = run("--json", "import", file, "--as", "orders", "--dry-run")
    assert [problem["row"] for problem in result.json["broken"]] == [2]
    assert (read_all_rows(), read_files(settings.HOME)) == before


@pytest.mark.both_databases
def test_no_community_is_created(
    run: Run, transactional_db: None, tmp_path: Path
) -> None:
    file = write(tmp_path, "members.csv", FILES["members"])
    before = read_all_rows(), read_files(settings.HOME)
    result = run("import", file, "--as", "members", "--dry-run")
    assert result.code == 0, result.errors
    assert not Community.objects.exists()
    assert (read_all_rows(), read_files(settings.HOME)) == before


# Each starts a process of its own, so these stand for the others.
@pytest.mark.both_databases
@pytest.mark.parametrize("target", ["members", "orders", "facts"])
def test_an_empty_home_stays_empty(tmp_path: Path, target: str) -> None:
    home, file = tmp_path / "home", write(tmp_path, "file.csv", FILES[target])
    words = ("import", file, "--as", target, "--dry-run")
    result = in_own_process(home, *words, DATABASE_URL="")
    assert result.code == 0, result.errors
    assert "x1" in result.output
    assert not home.exists()
