from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests.api.caller import Caller, caller
from tests.members import made


@pytest.fixture
def shop(db: None) -> Community:
    return made.shop(language="en")


@pytest.fixture
def api(shop: Community) -> Caller:
    return caller(shop)
