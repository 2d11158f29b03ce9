from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, create_client


@pytest.fixture
def shop(db: None) -> Community:
    return factories.community(language="en")


@pytest.fixture
def api(shop: Community) -> ApiClient:
    return create_client(shop)
