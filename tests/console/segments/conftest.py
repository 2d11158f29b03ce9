from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments
from tests import factories
from tests.factories import AT


@pytest.fixture
def shop(db: None) -> Community:
    """Ann and Bob carry a tag, Bob another; Eve carries none."""
    shop = factories.community(language="en")
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    by = factories.staff(shop, login="house")
    vip, koc = factories.tag(shop, "vip"), factories.tag(shop, "koc")
    assignments.apply(tag=vip, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=koc, accounts=[bob], by=by, at=AT)
    return shop


@pytest.fixture
def boss(shop: Community) -> Staff:
    return factories.staff(shop, login="boss")
