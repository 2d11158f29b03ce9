from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")
