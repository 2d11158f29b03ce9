from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments
from tests.members import made
from tests.members.made import AT


@pytest.fixture
def shop(db: None) -> Community:
    """Ann and Bob carry a tag, Bob another; Eve carries none."""
    shop = made.shop(language="en")
    ann, bob, _eve = made.members(shop, "ann", "bob", "eve")
    by = made.staff(shop, login="house")
    vip, koc = made.tag(shop, "vip"), made.tag(shop, "koc")
    assignments.apply(tag=vip, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=koc, accounts=[bob], by=by, at=AT)
    return shop


@pytest.fixture
def boss(shop: Community) -> Staff:
    return made.staff(shop, login="boss")
