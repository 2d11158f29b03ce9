from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """A folder of the test's own for uploads, reports and sorted rows."""
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community()


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)
