"""`qunce imports`: reports of imports, and their undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import factories
from tests.cli.runner import Run, in_this_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def qunce(capsys: pytest.CaptureFixture[str], settings: object, tmp_path: Path) -> Run:
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    factories.community()
    return in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")


def import_members(qunce: Run, folder: Path) -> int:
    path = folder / "members.csv"
    path.write_text("key,name\na,Ann\nb,Bob\n", encoding="utf-8")
    return int(qunce("import", str(path), "--as", "members", "--json").json["job"])


def test_imports_are_listed_shown_and_undone(qunce: Run, tmp_path: Path) -> None:
    job = import_members(qunce, tmp_path)
    (listed,) = qunce("imports", "list", "--json").json["imports"]
    assert (listed["id"], listed["state"], listed["rows_read"]) == (job, "done", 2)
    shown = qunce("imports", "show", str(job)).output
    assert "members.csv" in shown
    assert "new members  2" in shown
    undone = qunce("imports", "undo", str(job), "--json").json
    assert undone["state"] == "undone"
    assert undone["undo"] == {"counts": {"accounts": 2}, "remainders": []}
    assert qunce("status", "--json").json["members"] == 0
    again = qunce("imports", "undo", str(job))
    assert again.code != 0
    assert "undone" in again.errors


def test_undo_of_facts_says_why_it_is_refused(qunce: Run, tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    path.write_text("kind,member_key,happened_at\npage.viewed,a,2026-03-01\n")
    job = qunce("import", str(path), "--as", "facts", "--json").json["job"]
    refused = qunce("imports", "undo", str(job))
    assert refused.code != 0
    assert "only grows" in refused.errors


def test_unknown_import_is_not_found(qunce: Run) -> None:
    assert "no such import" in qunce("imports", "show", "7").errors
