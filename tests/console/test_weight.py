"""What a browser has to fetch before it shows a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts

MOST = 120_000
"""Bytes of style and script of the first page, uncompressed, htmx among them."""


@pytest.mark.django_db
def test_the_first_page_is_light() -> None:
    at = datetime(2026, 6, 29, tzinfo=UTC)
    shop = communities.create(key="shop", at=at)
    by = staff_models.create(community=shop, login="li", role="owner", at=at)
    accounts.create(community=shop, key="wang", by=by, at=at)
    browser = Client()
    browser.force_login(by, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get("/").content.decode()
    found = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page)
    assert len(found) > 5
    sizes = {name: len(Path(str(finders.find(name))).read_bytes()) for name in found}
    assert sum(sizes.values()) <= MOST, sizes
