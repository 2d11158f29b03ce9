from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories as people
from tests.outreach import made


@pytest.fixture
def shop(db: None) -> Community:
    return people.community()


@pytest.fixture
def by(shop: Community) -> Staff:
    return made.staff(shop, "ann", "manager", name="Ann")
