"""A locked database or a full disk: reads go on, writes are told to come again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings

from qunce.console import http
from qunce.core import db
from qunce.core.communities import Community
from qunce.core.staff import sessions
from qunce.core.staff.api_keys import ApiKey
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from tests import clients, factories
from tests.clients import ApiClient, create_client
from tests.factories import AT

DAY = timedelta(days=1)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Another process is writing, and does not end."""
    name = connection.settings_dict["NAME"]
    with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            with connection.waiting_at_most(0.05):  # type: ignore[attr-defined]
                yield
        finally:
            other.execute("ROLLBACK")


@pytest.fixture
def old_shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.mark.django_db(transaction=True)
def test_program_reads_and_is_told_to_write_later_while_another_process_writes() -> (
    None
):
    api = create_client(factories.community(language="en"))
    # So that its use would be recorded with the next request.
    ApiKey.objects.update(last_used_at=AT)
    with locked():
        assert api.get("/members").status == 200
        refused = api.post("/members", {"key": "m1"})
    assert (refused.status, refused.kind) == (503, "unavailable")
    assert refused.headers["Retry-After"] == "5"
    assert "try again in a few seconds" in refused.body["detail"]
    assert ApiKey.objects.get().last_used_at == AT
    assert api.post("/members", {"key": "m1"}).status == 201
    assert ApiKey.objects.get().last_used_at != AT


@pytest.mark.django_db(transaction=True)
def test_staff_read_and_are_told_to_write_later_while_another_process_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = factories.community(language="en")
    factories.member(shop, "m1")
    browser = clients.browser(factories.staff(shop))
    later = http.now() + sessions.TOUCH_INTERVAL
    monkeypatch.setattr(http, "now", lambda: later)
    account = account_queries.get(shop, "m1")
    with locked():
        assert browser.get("/members/").status_code == 200
        data = {"text": "Asked the price", "next_step": ""}
        refused = browser.post(f"/members/{account.pk}/notes/", data)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "The database is busy" in refused.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/", 404),
        ("POST", "/api/v2/members", 404),
        ("POST", "/api/v1/nothing", 404),
        ("PATCH", "/api/v1/nothing", 404),
        ("DELETE", "/api", 404),
        ("PUT", "/api/v1/members", 401),
    ],
)
def test_programs_get_problem_documents_and_never_a_page(
    method: str, path: str, status: int
) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.generic(method, path)
    # Without its slash, it is no path of the API.
    if path != "/api":
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == status
    assert response.status_code == status


@pytest.mark.django_db
def test_unknown_host_is_a_problem() -> None:
    with override_settings(ALLOWED_HOSTS=["example.com"]):
        response = Client().get("/api/v1/members", headers={"host": "evil.com"})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_bug_is_a_problem_that_says_nothing(
    old_shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = create_client(old_shop)
    assert api.get("/members").status == 200

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(db, "rows", fail)
    # Before any view is called.
    failed = api.get("/members")
    assert (failed.status, failed.kind) == (500, "internal-error")
    assert "secret" not in str(failed.body)


@pytest.mark.django_db
def test_full_disk_is_an_outage(
    old_shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    api: ApiClient = create_client(old_shop)

    def fail(**_args: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(accounts, "create", fail)
    refused = api.post("/members", {"key": "m1"})
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert "disk of the server is full" in refused.body["detail"]
