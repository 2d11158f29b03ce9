"""`qunce notes`, `consents`, `remark-names` and `saved-views`: staff's work with members."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import factories
from tests.cli.runner import Run, in_this_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def qunce(capsys: pytest.CaptureFixture[str], settings: object, tmp_path: Path) -> Run:
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    shop = factories.community()
    factories.staff(shop, "operator", login="wang")
    factories.staff(shop, "viewer", login="eve")
    factories.member(shop, "ann", name="Ann", identifiers={"phone": "13800138001"})
    return in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")


def test_notes_are_written_and_follow_ups_completed(qunce: Run) -> None:
    qunce("notes", "add", "13800138001", "Likes oolong", "--as", "wang")
    words = ("--next-step", "Call", "--due", "2026-03-06", "--staff", "wang")
    added = qunce("notes", "add", "ann", "Asked for a quote", *words, "--json").json
    pk = str(added["notes"][0]["id"])
    listed = qunce("notes", "list", "ann", "--json").json["notes"]
    assert [note["text"] for note in listed] == ["Asked for a quote", "Likes oolong"]
    assert (listed[0]["staff"], listed[1]["written_by"]) == ("wang", "wang")
    assert "done" in qunce("notes", "complete", pk).output
    assert qunce("notes", "complete", pk).code != 0
    assert "done" not in qunce("notes", "reopen", pk).output
    assert qunce("notes", "add", "ann", "No", "--as", "eve").code == 4


def test_consents_are_given_and_withdrawn(qunce: Run) -> None:
    qunce("consents", "give", "ann", "marketing", "--evidence", "form of 2 March")
    qunce("consents", "withdraw", "ann", "marketing", "--as", "wang")
    listed = qunce("consents", "list", "ann", "--json").json["consents"]
    assert (listed[0]["given"], listed[0]["recorded_by"]) == (False, "wang")
    assert "form of 2 March" in qunce("consents", "list", "ann").output


def test_remark_names_follow_the_pattern(qunce: Run) -> None:
    assert qunce("remark-names", "set", "VIP-{name}").code == 0
    assert qunce("remark-names", "show", "ann").output == "VIP-Ann\n"
    assert "{joined}" in qunce("remark-names", "pattern").output
    assert qunce("remark-names", "set", "{nothing}").code != 0


def test_views_are_saved_shared_and_deleted(qunce: Run) -> None:
    rule = ("--rule", '{"all": []}', "--column", "phone", "--shared")
    assert qunce("saved-views", "save", "All", *rule).code == 0
    (view,) = qunce("saved-views", "list", "--as", "eve", "--json").json["saved_views"]
    assert (view["name"], view["columns"], view["shared"]) == ("All", ["phone"], True)
    assert qunce("saved-views", "delete", str(view["id"]), "--as", "eve").code == 4
    assert "All" in qunce("saved-views", "delete", str(view["id"])).output
    assert qunce("saved-views", "list", "--json").json["saved_views"] == []
