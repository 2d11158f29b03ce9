"""The pages of the notebook."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.notebook import notebook
from qunce.insight.notebook.models import NotebookEntry
from qunce.insight.notebook.notebook import Filters
from tests import clients, factories

pytestmark = pytest.mark.django_db
BOOK = "/insight/notebook/"
POST = {
    "who": "Rival <b>",
    "day": "2026-03-05",
    "title": "Buy one, get one",
    "effect": "200 orders",
    "url": "https://rival.example/a",
    "tags": "spring，offer",
}


def page(response: Any) -> str:
    return str(response.content.decode())


def titles(by: Staff, **filters: Any) -> list[str]:
    return [str(e) for e in notebook.find(by=by, filters=Filters(**filters))]


def test_entries_are_written_found_changed_and_archived(ann: Client, by: Staff) -> None:
    assert "Nothing noted yet" in page(ann.get(BOOK))
    wrong = ann.post(f"{BOOK}new/competitor/", POST | {"url": "javascript:alert(1)"})
    assert wrong.status_code == 422
    assert "is not a complete link" in page(wrong)
    assert ann.post(f"{BOOK}new/competitor/", POST).status_code == 303
    change = {"day": "2026-06-01", "title": "Links are blocked", "source": "Notice"}
    assert ann.post(f"{BOOK}new/platform_change/", change).status_code == 303
    shown = page(ann.get(BOOK))
    assert "Rival &lt;b&gt;" in shown
    assert shown.index("Links are blocked") < shown.index("Buy one, get one")
    found = page(ann.get(BOOK, {"q": "rival orders", "tag": "offer"}))
    assert "Buy one, get one" in found
    assert "Links are blocked" not in found
    (entry,) = notebook.find(by=by, filters=Filters(kind="competitor"))
    changed = POST | {"effect": "210 orders"}
    assert ann.post(f"{BOOK}{entry.pk}/", changed).status_code == 303
    assert "210 orders" in page(ann.get(BOOK))
    assert ann.post(f"{BOOK}{entry.pk}/archive/").status_code == 303
    assert titles(by) == ["Links are blocked"]
    assert "Buy one, get one" in page(ann.get(BOOK, {"archived": "1"}))
    assert "This entry is archived." in page(ann.get(f"{BOOK}{entry.pk}/"))
    assert ann.post(f"{BOOK}{entry.pk}/restore/").status_code == 303
    assert titles(by) == ["Links are blocked", "Buy one, get one"]


def test_a_benchmark_is_shown_beside_our_number(ann: Client, by: Staff) -> None:
    form = {"metric": "Messages", "value": "12.50", "unit": "%", "day": "2026-03-05"}
    without = ann.post(f"{BOOK}new/benchmark/", form)
    assert without.status_code == 422
    form["source"] = "Industry report 2026"
    assert ann.post(f"{BOOK}new/benchmark/", form).status_code == 303
    (entry,) = notebook.load_benchmarks(by=by)["messages"]
    assert notebook.format_value(entry) == "12.5 %"
    assert "Industry report 2026" in page(ann.get(BOOK))
    form = form | {"metric": "Speaking share", "value": "8", "source": "Survey"}
    assert ann.post(f"{BOOK}new/benchmark/", form).status_code == 303
    shown = page(ann.get("/insight/"))
    assert "Industry: 8 % (Survey, 2026-03-05)" in shown


def test_viewers_read_only(shop: Community, ann: Client) -> None:
    assert ann.post(f"{BOOK}new/competitor/", POST).status_code == 303
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    shown = page(viewer.get(BOOK))
    assert "Buy one, get one" in shown
    assert "new/competitor/" not in shown
    assert viewer.post(f"{BOOK}new/competitor/", POST).status_code == 403
    pk = NotebookEntry.objects.get().pk
    assert "Buy one, get one" in page(viewer.get(f"{BOOK}{pk}/"))
    assert viewer.post(f"{BOOK}{pk}/", POST | {"title": "x"}).status_code == 403
    assert viewer.post(f"{BOOK}{pk}/archive/").status_code == 403
