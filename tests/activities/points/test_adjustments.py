"""Points that staff give and take by hand."""

from __future__ import annotations

import pytest

from qunce.activities.points import adjustments
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.points.builders import usable
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_above_the_limit_a_second_person_approves(
    shop: Community, by: Staff, ann: int
) -> None:
    other = factories.staff(shop, login="bob")
    small = adjustments.adjust(
        account_id=ann, points=1_000, reason="thanks", key="a", by=by, at=AT
    )
    assert small.entry is not None
    large = adjustments.adjust(
        account_id=ann, points=1_001, reason="thanks", key="b", by=by, at=AT
    )
    assert large.entry is None
    assert large.waiting is not None
    with pytest.raises(adjustments.OwnAdjustment):
        adjustments.approve(adjustment=large.waiting, by=by, at=AT)
    assert usable(ann) == 1_000
    adjustments.approve(adjustment=large.waiting, by=other, at=AT)
    assert usable(ann) == 2_001
    with pytest.raises(adjustments.AlreadyDecided):
        adjustments.approve(adjustment=large.waiting, by=other, at=AT)
    taken = adjustments.adjust(
        account_id=ann, points=-1, reason="too many", key="c", by=by, at=AT
    )
    assert taken.entry is not None
    assert usable(ann) == 2_000
