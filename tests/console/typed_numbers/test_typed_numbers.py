"""The grid of an evening, without a browser and without JavaScript."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.console.today import number_providers
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.insight.typed_numbers import reminders, typed_numbers
from qunce.insight.typed_numbers.typed_numbers import Entry
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.factories import LATER

pytestmark = pytest.mark.django_db
GRID = "/insight/typed-numbers/"
DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)


def page(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def north(shop: Community) -> Group:
    return factories.group(shop, "north", name="North <b>")


@pytest.fixture
def south(shop: Community) -> Group:
    return factories.group(shop, "south", name="South")


def type_in(by: Staff, group: Group, day: date = DAY, **numbers: int) -> None:
    entries = [
        Entry(group=group, day=day, field=name, value=value)
        for name, value in numbers.items()
    ]
    typed_numbers.save(community=by.community, entries=entries, by=by, at=LATER)


def cells(group: Group, *texts: str) -> dict[str, str]:
    names = ("members", "joins", "leaves", "speakers", "messages")
    return {
        f"n-{group.pk}-{name}": text for name, text in zip(names, texts, strict=False)
    }


def stored(by: Staff, group: Group, day: date = NEXT) -> dict[str, int]:
    found = typed_numbers.load(groups=[group], first=day, last=day, by=by)
    return dict(found[group.pk, day].numbers) if found else {}


def test_groups_counted_by_hand_have_no_measured_zeros(
    ann: Client, by: Staff, north: Group, south: Group
) -> None:
    """I1 I18"""
    type_in(by, north, members=300)
    compared = page(ann.get("/insight/groups/"))
    row_of_north, row_of_south = (
        compared.partition(f"/groups/{group.pk}/")[2].partition("</tr>")[0]
        for group in (north, south)
    )
    assert "not measured" in row_of_north
    assert "300" in row_of_north
    assert ">0<" not in row_of_north
    assert ">0<" in row_of_south
    table = page(ann.get("/insight/groups/", {"as": "csv"}))
    assert "North <b>,,,,,,,,,300," in table


def test_numbers_are_saved_with_a_warning_and_shown_with_it(
    ann: Client, by: Staff, north: Group, south: Group
) -> None:
    type_in(by, north, members=300)
    shown = page(ann.get(GRID, {"day": str(NEXT)}))
    assert "North &lt;b&gt;" in shown
    assert "0 of 2 groups filled on 2026-03-06" in shown
    form = {"day": str(NEXT), **cells(north, "302", "8", "3", "20", ""), **cells(south)}
    assert ann.post(GRID, form).status_code == 303
    assert stored(by, north) == {
        "members": 302,
        "joins": 8,
        "leaves": 3,
        "speakers": 20,
    }
    shown = page(ann.get(GRID, {"day": str(NEXT)}))
    assert "3 people short: a leave forgotten?" in shown
    assert "1 of 2 groups filled" in shown
    assert '302 <span class="chip">typed</span>' in shown
    group_page = page(ann.get(f"/groups/{north.pk}/"))
    assert "Numbers typed by hand" in group_page
    assert "3 people short: a leave forgotten?" in group_page
    assert "Numbers typed by hand" not in page(ann.get(f"/groups/{south.pk}/"))
    assert "2026-03-06" in page(ann.get(f"{GRID}groups/{north.pk}/"))
    assert "typed 03-06" in page(ann.get("/insight/groups/"))
    sheet = page(ann.get("/insight/groups/", {"as": "csv"}))
    assert '"302","2026-03-06"' in sheet or "302,2026-03-06" in sheet


def test_what_is_no_number_stays_marked_and_the_rest_is_saved(
    ann: Client, by: Staff, north: Group, south: Group
) -> None:
    form = {"day": str(NEXT), **cells(north, "many", "8"), **cells(south, "１２０")}
    response = ann.post(GRID, form)
    assert response.status_code == 422
    shown = page(response)
    assert "2 numbers saved. 1 was not: the marked cell says why." in shown
    assert "“many” is not a whole number" in shown
    assert 'value="many"' in shown
    assert 'aria-invalid="true"' in shown
    assert (stored(by, north), stored(by, south)) == ({"joins": 8}, {"members": 120})


def test_check_while_typing_saves_nothing(ann: Client, by: Staff, north: Group) -> None:
    type_in(by, north, members=300)
    form = {"day": str(NEXT), **cells(north, "310", "5", "0", "400", "x")}
    shown = page(ann.post(f"{GRID}check/", form))
    assert "5 people too many: a join forgotten?" in shown
    assert "More members wrote (400) than are in the group (310)." in shown
    assert 'data-invalid="messages"' in shown
    assert stored(by, north) == {}
    no_day_before = {
        "day": str(NEXT + timedelta(days=5)),
        **cells(north, "310", "5", "0"),
    }
    assert "no number of members of the day before" in page(
        ann.post(f"{GRID}check/", no_day_before)
    )


def test_what_somebody_else_typed_is_named(
    ann: Client, by: Staff, shop: Community, north: Group
) -> None:
    type_in(by, north, NEXT, members=300)
    form = {"day": str(NEXT), "seen": "1", **cells(north, "310")}
    response = ann.post(GRID, form)
    assert response.status_code == 422
    assert f"{by.name} typed 300 in the meantime." in page(response)
    assert stored(by, north) == {"members": 300}
    seen = page(response).split('name="seen" value="')[1].split('"')[0]
    assert ann.post(GRID, form | {"seen": seen}).status_code == 303
    assert stored(by, north) == {"members": 310}


def test_measured_groups_are_not_proposed(
    ann: Client, by: Staff, shop: Community, north: Group
) -> None:
    factories.group(shop, "wecom", *factories.members(shop, "a", "b"), name="Measured")
    deriver.catch_up()
    type_in(by, north, members=40, speakers=4)
    shown = page(ann.get(GRID, {"day": str(DAY)}))
    assert f'name="n-{north.pk}-members"' in shown
    assert "1 group is measured" in shown
    assert '42 <span class="chip">partly typed</span>' in shown
    assert "There is no ratio of typed and measured numbers" in shown
    assert shown.count('data-field="members"') == 1
    with_measured = page(ann.get(GRID, {"day": str(DAY), "measured": "1"}))
    assert with_measured.count('data-field="members"') == 2
    assert "measured 2" in with_measured


def test_staff_see_and_fill_only_their_groups(
    shop: Community, north: Group, south: Group
) -> None:
    limited = factories.staff(shop, "operator", "lim", groups=["north"])
    client = clients.browser(limited)
    shown = page(client.get(GRID, {"day": str(NEXT)}))
    assert f'name="n-{north.pk}-members"' in shown
    assert "South" not in shown
    form = {"day": str(NEXT), **cells(north, "1"), **cells(south, "1")}
    assert client.post(GRID, form).status_code == 404
    assert client.get(f"{GRID}groups/{south.pk}/").status_code == 404
    assert stored(limited, north) == {}
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    shown = page(viewer.get(GRID, {"day": str(NEXT)}))
    assert "North" in shown
    assert f'name="n-{north.pk}-members"' not in shown
    form = {"day": str(NEXT), **cells(north, "1")}
    assert viewer.post(GRID, form).status_code == 403


def test_days_to_come_are_refused(ann: Client, by: Staff, north: Group) -> None:
    for text, status in (("2099-01-01", 422), ("soon", 422)):
        response = ann.post(GRID, {"day": text, **cells(north, "1")})
        assert response.status_code == status
    assert stored(by, north, date(2099, 1, 1)) == {}


def test_today_names_the_groups_that_are_missing(
    ann: Client, by: Staff, shop: Community, north: Group, south: Group
) -> None:
    type_in(by, north, members=300)
    due = reminders.due_at(shop, NEXT)
    assert due is not None

    def texts(moment: datetime) -> list[str]:
        return [item.text for item in number_providers.missing_numbers(by, moment)]

    assert texts(due - timedelta(minutes=1)) == []
    assert texts(due) == ["Type the numbers of 03-06: 1 group is missing"]
    assert ann.post(f"{GRID}reminder/", {"hour": "never"}).status_code == 303
    assert texts(due) == []
    assert ann.post(f"{GRID}reminder/", {"hour": "99"}).status_code == 422
