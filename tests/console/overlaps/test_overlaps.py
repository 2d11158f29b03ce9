"""Pages of people in several groups."""

from __future__ import annotations

import pytest

from qunce.core.staff.models import Staff
from qunce.groups.overlaps.models import CleanUp, GroupSet
from tests import clients, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Staff:
    return factories.staff(factories.community(language="en"))


def test_set_board_clean_up_and_undo(owner: Staff) -> None:
    browser = clients.browser(owner)
    kim = factories.member(owner.community, "kim", name="Kim").pk
    north = factories.group(owner.community, "north", kim, name="North")
    south = factories.group(owner.community, "south", kim, name="South")
    east = factories.group(owner.community, "east", name="East")
    values = {
        "name": "City",
        "groups": [north.pk, south.pk, east.pk],
        "keep": "earliest",
        "door": "ask",
        "may_overlap": "North + East",
    }
    page = browser.post("/groups/overlaps/new/", {**values, "may_overlap": "North"})
    assert "with a + between them" in page.content.decode()
    assert browser.post("/groups/overlaps/new/", values).status_code == 303
    city = GroupSet.objects.get()
    assert city.may_overlap == [sorted([north.pk, east.pk])]
    url = f"/groups/overlaps/{city.pk}/"
    board = browser.get(url).content.decode()
    assert "1 person in several groups" in board
    assert "Kim" in board
    plan = browser.get(f"{url}clean-up/").content.decode()
    assert "Remove 1 person" in plan
    page = browser.post(f"{url}clean-up/start/", {"expected": "7"}, follow=True)
    assert "1 departures now" in page.content.decode()
    browser.post(f"{url}clean-up/start/", {"expected": "1"})
    run = CleanUp.objects.get()
    own = f"/groups/overlaps/runs/{run.pk}/"
    assert "0 of 1 removed" in browser.get(own).content.decode()
    text = browser.post(f"{own}undo/", follow=True).content.decode()
    assert "0 people are invited back" in text
    assert browser.get(f"{url}likely/").status_code == 200
    assert "None in the last four weeks" in (
        browser.get("/groups/overlaps/exposed/").content.decode()
    )
    browser.post(f"{url}edit/", {**values, "name": "Town"})
    assert "Town" in browser.get("/groups/overlaps/").content.decode()
    browser.post(f"{url}archive/")
    assert browser.get(url).status_code == 404
