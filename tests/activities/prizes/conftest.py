from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories


@pytest.fixture
def community() -> Community:
    return factories.community()


@pytest.fixture
def ann(community: Community) -> Staff:
    return factories.staff(community)
