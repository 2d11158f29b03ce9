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
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models

AT = datetime(2026, 6, 29, 2, tzinfo=UTC)
BACKEND = "django.contrib.auth.backends.ModelBackend"
PHONE = {"phone": "13800138001"}


def add(of: Community, key: str, **given: Any) -> account_models.Account:
    by = staff_models.system(of)
    return accounts.create(**{"community": of, "key": key, "by": by, "at": AT, **given})


def signed_in(of: Community, role: str, **given: Any) -> Client:
    staff = staff_models.create(
        community=of, login=f"{role}-{of.key}", role=role, at=AT, **given
    )
    client = Client()
    client.force_login(staff, backend=BACKEND)
    return client


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def posted(client: Client, where: str, **given: Any) -> str:
    """The page after a POST that went through."""
    answer = client.post(f"/members/{where}", given)
    assert answer.status_code == 303, text(answer)[:3000]
    return text(client.get(answer["Location"]))


@pytest.fixture
def shop(db: None, monkeypatch: pytest.MonkeyPatch) -> Community:
    monkeypatch.setattr(http, "now", lambda: AT)
    return communities.create(key="shop", at=AT, language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return staff_models.system(shop)


@pytest.fixture
def browser(shop: Community) -> Client:
    return signed_in(shop, "owner")


@pytest.fixture
def olga(shop: Community) -> Client:
    """An operator who may tag and tend, but not export, erase or read identifiers."""
    return signed_in(shop, "operator")


@pytest.fixture
def ann(shop: Community) -> account_models.Account:
    return add(shop, "ann", name="Ann Lee", identifiers=PHONE, source="stall")
