from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests.api.client import ApiClient, create_client
from tests.members import made


@pytest.fixture
def shop(db: None) -> Community:
    return made.shop(language="en")


@pytest.fixture
def api(shop: Community) -> ApiClient:
    return create_client(shop)
