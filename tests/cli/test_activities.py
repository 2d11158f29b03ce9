"""`qunce activities`."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.activities.activities.models import Activity
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.running import draft, running
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_activity_is_entered_moved_on_and_reviewed(
    run: Run, shop: Community, by: Staff, tmp_path: Path
) -> None:
    account = factories.member(shop, "zhang", name="张三").pk
    factories.group(shop, "north", account)
    number = str(running(by).pk)
    when = ("--json", "--at", AT.isoformat())
    assert run("activities", "enter", number, "zhang", *when).json["accepted"]
    assert run("activities", "enter", number, "nobody", *when).code != 0
    chat = tmp_path / "chat.txt"
    chat.write_text("张三：打卡\n李四：打卡\n张三：你好", encoding="utf-8")
    pasted = run("activities", "paste", number, "north", str(chat), *when).json
    assert (pasted["unsure"], pasted["refused"], pasted["others"]) == (1, 1, 1)
    shown = run("activities", "show", number, *when).json
    assert (shown["people"], shown["typed"]) == (1, 1)
    for step in ("pause", "resume", "close", "settle"):
        reason = ("Lunch",) if step == "pause" else ()
        assert run("activities", step, number, *reason, *when).code == 0
    row = run("activities", "review", number, "Start on Monday", *when).json
    assert (row["state"], row["lesson"]) == ("reviewed", "Start on Monday")
    draft(by)
    rows = run("activities", "list", "--state", "draft", *when).json["activities"]
    assert [each["id"] for each in rows] == [Activity.objects.get(state="draft").pk]
