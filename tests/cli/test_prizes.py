"""`qunce prizes` and `qunce draws`: a whole draw and its prizes from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.draws import draws, tickets
from qunce.activities.draws.models import Draw
from qunce.activities.prizes.models import Award
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
NOW = ("--json", "--at", AT.isoformat())
LATER = ("--json", "--at", AFTER.isoformat())


def drawn(run: Run, shop: Community, by: Staff, prize: str, people: int) -> str:
    """The number of an activity whose draw was prepared, published and drawn."""
    activity = builders.activity(by, settings={tickets.MOST: 3})
    number = str(activity.pk)
    assert run("draws", "prizes", number, f"{prize}:2", *NOW).code == 0
    figure = ("--name", "双色球", "--digits", "2", "--published", AFTER.isoformat())
    shown = run("draws", "public-value", number, "figure", *figure, *NOW).json
    assert (shown["source"], shown["prizes"]) == (
        "figure",
        [{"prize": int(prize), "count": 2}],
    )
    builders.publish(Activity.objects.get(pk=activity.pk), by)
    draw = Draw.objects.select_related("activity__community").get(activity=activity)
    names = [f"m{n}" for n in range(people)]
    builders.join(draw, *factories.members(shop, *names))
    assert len(give(run, number, "2")["tickets"]) == 3
    assert run("draws", "give-tickets", number, "m0", "1", "x", *NOW).code != 0
    builders.close(draw)
    for login in (by.login, builders.second(shop).login):
        typed = run("draws", "figure", number, "42", "--as", login, *LATER)
        assert typed.code == 0, typed.errors
    return number


def give(run: Run, number: str, count: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = run(
        "draws", "give-tickets", number, "m0", count, "helped", *NOW
    ).json
    return found


def test_goods_from_the_stock_to_the_winner(
    run: Run, shop: Community, by: Staff, tmp_path: Path
) -> None:
    added = run("prizes", "add", "杯子", "goods", "3", "--cost", "4.50", *NOW).json
    assert (added["left"], added["cost"]) == (3, 4_50)
    prize = str(added["id"])
    number = drawn(run, shop, by, prize, 4)
    shown = run("draws", "show", number, *LATER).json
    assert (shown["state"], shown["tickets"], shown["people"]) == ("drawn", 6, 4)
    first, second = (str(row["award_id"]) for row in shown["winners"])
    home = (
        *("--recipient", "李雷", "--phone", "13800138000"),
        *("--address", "上海市静安区南京西路1号"),
    )
    assert run("prizes", "claim", first, *LATER).code != 0
    assert run("prizes", "claim", first, *home, *LATER).json["state"] == "claimed"
    file = tmp_path / "addresses.csv"
    assert run("prizes", "addresses", str(file), *LATER).code == 0
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert rows[1][2:4] == ["李雷", "13800138000"]
    rows[1][5:7] = ["SF", "SF123456"]
    with file.open("w", encoding="utf-8", newline="") as filled:
        csv.writer(filled).writerows([*rows, ["x"]])
    sent = run("prizes", "parcels", str(file), *LATER).json
    assert (sent["sent"], len(sent["problems"])) == (1, 1)
    assert run("prizes", "hand-over", first, *LATER).json["state"] == "delivered"
    k = str(shown["winners"][1]["k"])
    again = run("draws", "next-winner", number, k, "not wanted", *LATER).json
    assert len(again["winners"]) == 3
    assert Award.objects.get(pk=second).state == "returned"
    assert run("draws", "void", number, "fault", *LATER).json["state"] == "void"
    listed = run("prizes", "list", *LATER).json["prizes"]
    assert [row["left"] for row in listed] == [2]
    assert draws.KIND in run("activities", "list").output


def test_codes_are_added_and_given(
    run: Run, shop: Community, by: Staff, tmp_path: Path
) -> None:
    prize = str(run("prizes", "add", "拿铁", "code", "2", *NOW).json["id"])
    lines = tmp_path / "codes.txt"
    lines.write_text("A-1\nA-2\nA-1\n")
    added = run("prizes", "add-codes", prize, str(lines), *NOW).json
    assert (added["added"], added["duplicates"]) == (2, [3])
    drawn(run, shop, by, prize, 3)
    waiting = run("prizes", "awards", "--state", "to_claim", *LATER).json["awards"]
    number = str(waiting[0]["id"])
    claimed = run("prizes", "claim", number, *LATER)
    # A code is shown to the winner only.
    assert claimed.json["state"] == "delivered" and "A-1" not in claimed.output
    other = str(waiting[1]["id"])
    returned = run("prizes", "return", other, "left", *LATER).json
    assert returned["state"] == "returned"
    assert run("prizes", "add-stock", prize, "5", *LATER).json["total"] == 7
    assert run("prizes", "archive", prize, *LATER).json["is_archived"]
