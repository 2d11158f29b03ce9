"""The audit log: files and programs are named in it, and it can be taken out."""

from __future__ import annotations

import csv

import pytest

from qunce.console.settings import audit_views
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.importing import background_imports
from qunce.members.segments import segments
from tests import clients, factories
from tests.clients import create_client
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/settings/audit-log/"
ORDERS = b"order_key,member_key,paid_at,amount\nA1,ann,2026-03-01 10:00,12.50\n"


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC")


def test_imported_orders_are_in_the_log(shop: Community, by: Staff) -> None:
    """V12"""
    job = factories.import_job(by, ORDERS, target="orders")
    background_imports.run(str(job.pk), at=AT)
    kinds = audit.list_kinds(shop)
    entries = {
        kinds[entry.kind_id]: entry for entry in audit.list_entries(community=shop)
    }
    assert {"import.started", "import.completed"} <= entries.keys()
    completed = entries["import.completed"]
    assert (completed.actor_id, completed.count) == (by.pk, 1)
    assert completed.detail
    assert completed.detail["file"] == "members.csv"
    assert (completed.detail["target"], completed.detail["orders"]) == ("orders", 1)
    page = clients.browser(by).get(PAGE).content.decode()
    assert "import completed" in page


def test_programs_are_named_by_their_keys(shop: Community, by: Staff) -> None:
    """V12"""
    api = create_client(shop)
    api.post("/groups", {"key": "g1"})
    (name,) = api_keys.names_by_id(shop).values()
    (entry,) = api.get("/audit-log?kind=group.created").body["items"]
    assert entry["api_key"] == name
    assert entry["group_id"]
    key = next(iter(api_keys.names_by_id(shop)))
    browser = clients.browser(by)
    page = browser.get(PAGE, {"api_key": key}).content.decode()
    assert "group created" in page
    assert f"<bdi>{name}</bdi></span>" in page
    others = browser.get(PAGE, {"kind": "staff.joined"}).content.decode()
    assert "group created" not in others.partition("<tbody>")[2]


def test_log_is_exported_as_it_is_filtered(shop: Community, by: Staff) -> None:
    """V12"""
    create_client(shop).post("/groups", {"key": "g1", "name": "=1+1"})
    browser = clients.browser(by)
    answer = browser.get(PAGE, {"as": "csv", "kind": "group.created"})
    assert answer["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    heading, *rows = csv.reader(answer.content.decode().lstrip("\ufeff").splitlines())
    assert heading[0] == "When"
    assert [row[3:6] for row in rows] == [["group created", "'=1+1", "1"]]
    assert audit.list_entries(community=shop, kind="audit_log.exported")
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    refused = viewer.get(PAGE, {"as": "csv"})
    assert refused.status_code == 403
    sentence = refused.content.decode()
    assert "Your role does not allow this: view the audit log." in sentence
    assert "audit_log.view" not in sentence
    assert create_client(shop, role="viewer").get("/audit-log").status == 403


def test_api_pages_through_the_log(shop: Community) -> None:
    api = create_client(shop)
    for number in range(3):
        api.post("/groups", {"key": f"g{number}"})
    entries = api.list_all("/audit-log?kind=group.created", 2)
    assert [entry["kind"] for entry in entries] == ["group.created"] * 3
    ids = [entry["id"] for entry in entries]
    assert ids == sorted(ids, reverse=True)


def test_things_and_reasons_are_named(shop: Community, by: Staff) -> None:
    segments.create(
        key="loyal", name="Loyal ones", rule={"all": []}, community=shop, by=by, at=AT
    )
    page = clients.browser(by).get(PAGE).content.decode()
    assert "<bdi>Loyal ones</bdi>" in page
    assert "<bdi>loyal</bdi>" not in page
    subject, _details = audit_views.split_detail({"reason": "not_found"})
    assert subject == (("reason", "not among my contacts"),)
