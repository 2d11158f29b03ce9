from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_tables_are_saved_whole_or_not_at_all(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    factories.group(shop, "north", name="北群")
    file = tmp_path / "evening.csv"
    file.write_text("群名,日期,群人数,进群\n北群,2026-03-05,300,many\n", "utf-8")
    refused = run("typed-numbers", "import", str(file))
    assert refused.code == 2
    assert "“many” is not a whole number" in refused.errors
    on_day = ("typed-numbers", "list", "--day", "2026-03-05")
    assert run(*on_day, "--json").json["groups"] == []
    file.write_text("群名,日期,群人数,进群\n北群,2026-03-05,1280,\n", "gb18030")
    assert run("typed-numbers", "import", str(file), "--json").json == {
        "numbers_saved": 1
    }
    (row,) = run(*on_day, "--json").json["groups"]
    assert (row["group"], row["typed"]["members"]) == ("north", 1280)
    assert row["typed"]["joins"] is None
    assert "north  members 1,280  [typed]" in run(*on_day).output
    missing = ("typed-numbers", "missing", "--json", "--at", "2026-03-06T12:00:00Z")
    assert run(*missing).json["groups"] == ["north"]
    assert run("typed-numbers", "reminder", "21").output == "21:00\n"
    assert run("typed-numbers", "reminder", "never").output == "never\n"
    assert run("typed-numbers", "reminder", "late").code == 2


def test_notebook_entries_are_added_listed_and_archived(
    run: Run, shop: Community
) -> None:
    made = run("notebook", "add", "competitor", "--who", "Rival", "--title", "Sale",
               "--tag", "spring", "--json")  # fmt: skip
    assert made.code == 0, made.errors
    assert run("notebook", "add", "benchmark", "--metric", "x").code == 2
    assert "Rival · Sale" in run("notebook", "list", "--tag", "spring").output
    entry = str(made.json["id"])
    assert run("notebook", "update", entry, "--effect", "9 orders").code == 0
    assert "Rival" in run("notebook", "list", "--search", "9 orders").output
    assert run("notebook", "archive", entry).code == 0
    assert run("notebook", "list", "--json").json["entries"] == []
    assert run("notebook", "restore", entry).code == 0
    assert len(run("notebook", "list", "--json").json["entries"]) == 1
