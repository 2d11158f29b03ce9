"""Every table of Insight comes as CSV and as XLSX, with the same cells."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.insight.staff_performance import chats
from tests.insight.staff_performance.chats import MINUTE, World

pytestmark = pytest.mark.django_db(transaction=True)

FORMULA = "=1+1"
PAGES = ("groups", "hours", "staff", "retained", "touches", "completeness")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    now = datetime.now(UTC)
    monkeypatch.setattr(chats, "AT", now)
    monkeypatch.setattr(chats, "START", now - timedelta(days=20))
    world = chats.create()
    world.wang.name = FORMULA
    world.wang.save(update_fields=["name"])
    for number in range(8):
        opened = now - timedelta(days=9) + timedelta(hours=9 * number)
        world.say("bob", opened)
        world.say("wang-wx", opened + (2 + number) * MINUTE)
    people = factories.account_ids(world.shop, ("bob",))
    factories.order(world.shop, people[0], 1200, now - timedelta(days=2))
    chats.derive()
    return world


def files_of(client: Client, path: str) -> tuple[bytes, bytes]:
    """The CSV and the XLSX that the page links to."""
    page = client.get(path)
    assert page.status_code == 200, path
    hrefs = re.findall(r'<a href="([^"]*as=(?:csv|xlsx))"', page.content.decode())
    found = {}
    for href in hrefs:
        answer = client.get(urljoin(path, html.unescape(href)))
        assert answer.status_code == 200, href
        found[href.rpartition("=")[2]] = answer.content
    return found["csv"], found["xlsx"]


def cells_of_csv(text: bytes) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    # An apostrophe keeps spreadsheets from reading a formula.
    return [[re.sub(r"^'(?==)", "", cell) for cell in row] for row in rows]


def cells_of_xlsx(file: bytes) -> list[list[str]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: object) -> str:
    is_whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if is_whole else str(cell)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", PAGES)
def test_both_files_of_a_table_have_the_same_cells(world: World, name: str) -> None:
    text, sheet = files_of(clients.browser(world.by), f"/insight/{name}/")
    wanted = cells_of_csv(text)
    width = max(map(len, wanted))
    assert cells_of_xlsx(sheet) == [
        [*row, *[""] * (width - len(row))] for row in wanted
    ]
    assert len(wanted) > 1


def test_lists_behind_numbers_of_staff_come_as_files(world: World) -> None:
    """I9: what somebody is called is a text, never a formula."""
    client = clients.browser(world.by)
    path = f"/insight/staff/{world.wang.pk}/conversations/"
    text, sheet = files_of(client, path)
    assert cells_of_xlsx(sheet) == cells_of_csv(text)
    assert len(cells_of_csv(text)) == 9
    assert cells_of_csv(text)[1][-1] == FORMULA
    for name in ("tasks", "groups"):
        assert client.get(f"/insight/staff/{world.wang.pk}/{name}/?as=xlsx").content


def test_names_of_members_are_only_for_those_who_may_export(world: World) -> None:
    viewer: Staff = factories.staff(world.shop, role="viewer", login="viewer")
    path = f"/insight/staff/{world.wang.pk}/conversations/"
    client = clients.browser(viewer)
    assert client.get(f"{path}?as=csv").status_code == 403
    assert client.get("/insight/staff/?as=csv").status_code == 200


def test_other_formats_do_not_exist(world: World) -> None:
    client = clients.browser(world.by)
    for name in PAGES:
        assert client.get(f"/insight/{name}/?as=exe").status_code == 404, name
