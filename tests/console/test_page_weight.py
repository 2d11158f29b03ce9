"""Size of the styles and scripts of a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from tests import clients

MAX_BYTES = 140_000
"""Uncompressed size of all styles and scripts, htmx included.

All pages share them, so that only the first page has to load them.
"""


@pytest.mark.django_db
def test_first_page_is_small() -> None:
    at = datetime(2026, 6, 29, tzinfo=UTC)
    shop = communities.create(key="shop", at=at)
    by = staff_models.create(community=shop, login="li", role="owner", at=at)
    accounts.create(community=shop, key="wang", by=by, at=at)
    page = clients.browser(by).get("/").content.decode()
    files = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page)
    assert len(files) > 5
    sizes = {name: len(Path(str(finders.find(name))).read_bytes()) for name in files}
    assert sum(sizes.values()) <= MAX_BYTES, sizes
