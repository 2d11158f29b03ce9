from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann").pk
