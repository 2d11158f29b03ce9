from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.outreach import helpers


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community()


@pytest.fixture
def by(shop: Community) -> Staff:
    return helpers.staff(shop, "ann", "manager", name="Ann")
