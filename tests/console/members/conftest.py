from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from qunce.console import http
from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from tests import clients, factories

AT = datetime(2026, 6, 29, 2, tzinfo=UTC)
PHONE = {"phone": "13800138001"}


def create_member(of: Community, key: str, **fields: Any) -> account_models.Account:
    return factories.member(of, key, **{"at": AT, **fields})


def browser_of(of: Community, role: str, **fields: Any) -> Client:
    """Return a browser of a new staff member with this role."""
    return clients.browser(factories.staff(of, role, f"{role}-{of.key}", **fields))


def text(response: Any) -> str:
    page: str = response.content.decode()
    return page


def post(client: Client, path: str, **data: Any) -> str:
    """Return the page after a successful POST."""
    response = client.post(f"/members/{path}", data)
    assert response.status_code == 303, text(response)[:3000]
    return text(client.get(response["Location"]))


@pytest.fixture
def shop(db: None, monkeypatch: pytest.MonkeyPatch) -> Community:
    monkeypatch.setattr(http, "now", lambda: AT)
    return communities.create(key="shop", at=AT, language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return staff_models.system(shop)


@pytest.fixture
def browser(shop: Community) -> Client:
    return browser_of(shop, "owner")


@pytest.fixture
def olga(shop: Community) -> Client:
    """An operator, who may tag and edit, but not export, erase or read identifiers."""
    return browser_of(shop, "operator")


@pytest.fixture
def ann(shop: Community) -> account_models.Account:
    return create_member(shop, "ann", name="Ann Lee", identifiers=PHONE, source="stall")
