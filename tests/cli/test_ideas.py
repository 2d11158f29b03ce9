from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_ideas_are_added_moved_and_made_materials(run: Run, shop: Community) -> None:
    factories.staff(shop, "operator", "wang")
    words = ("ideas", "add", "Ice", "--url", "https://x.example/", "--tag", "夏")
    pk = str(run(*words, "--json").json["id"])
    assert "in the box already" in run(*words).errors
    pasted = run("ideas", "paste", "https://x.example https://y.example", "--json").json
    assert (len(pasted["added"]), pasted["known"]) == (1, [int(pk)])
    assert run("ideas", "change", pk, "--title", "Snow").code == 0
    assert run("ideas", "move", pk, "lost").code == 2
    assert "Snow" in run("ideas", "move", pk, "draft").output
    due = ("--due", "2099-01-01 10:00")
    assert run("ideas", "assign", pk, "wang", *due).code == 0
    assert run("ideas", "unassign", pk).code == 0
    assert run("ideas", "make-material", pk, "--json").json["material"]
    assert run("ideas", "read-again", pk).code == 0
    assert run("ideas", "list", "--state", "draft", "--json").json["ideas"][0][
        "id"
    ] == int(pk)
    assert run("ideas", "archive", pk).code == 0
    assert run("ideas", "restore", pk).code == 0
    assert "Snow" in run("ideas", "show", pk).output
    (first, *_others) = run("ideas", "festivals", "--json").json["festivals"]
    assert run("ideas", "add-festival", first["key"]).code == 0


def test_feeds_are_added_paused_and_removed(run: Run, shop: Community) -> None:
    added = run("idea-feeds", "add", "https://x.example/feed", "--json").json
    pk = str(added["id"])
    assert run("idea-feeds", "change", pk, "--title", "News").code == 0
    assert run("idea-feeds", "fetch", pk).code == 0
    assert run("idea-feeds", "pause", pk).code == 0
    assert "paused" in run("idea-feeds", "fetch", pk).errors
    assert run("idea-feeds", "resume", pk).code == 0
    assert "News" in run("idea-feeds", "list").output
    assert run("idea-feeds", "remove", pk).code == 0
    assert run("idea-feeds", "list", "--json").json == {"feeds": []}
