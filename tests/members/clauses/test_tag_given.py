"""K8: since when members have had a tag."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments, library, merges
from qunce.sets import audiences
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.both_databases
DAY = timedelta(days=1)
LATER = AT + 40 * DAY


def had_for(days: int) -> dict[str, object]:
    return {"tag": {"any": ["vip"], "given": {"before": f"{days}d"}}}


def matches(shop: Community, rule: Any, at: datetime = LATER) -> bool:
    by = staff_models.system(shop)
    return bool(audiences.count(community=shop, rule=rule, by=by, at=at))


def test_a_deeper_tag_is_there_since_it_was_first_given(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    factories.apply_tag(shop, "vip", ann, at=AT)
    tag = library.get(shop, "vip")
    depths = {ann: 3}
    assignments.set_depths(tag=tag, depths=depths, by=by, at=AT + 35 * DAY)
    assert matches(shop, had_for(40))
    assert not matches(shop, had_for(41))


def test_a_tag_given_again_begins_again_and_an_undo_brings_the_old_time_back(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    factories.apply_tag(shop, "vip", ann, at=AT)
    tag = library.get(shop, "vip")
    removed = assignments.remove(tag=tag, accounts=[ann], by=by, at=AT + 10 * DAY)
    again = assignments.apply(tag=tag, accounts=[ann], by=by, at=AT + 20 * DAY)
    assert matches(shop, had_for(20))
    assert not matches(shop, had_for(21))
    assignments.undo(batch=again, by=by, at=LATER)
    assert not matches(shop, had_for(1))
    assignments.undo(batch=removed, by=by, at=LATER)
    assert matches(shop, had_for(40))


def test_of_merged_members_and_of_merged_tags_the_earlier_time_counts(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "vip", bob, at=AT)
    factories.apply_tag(shop, "vip", ann, at=AT + 30 * DAY)
    factories.merge(shop, "ann", "bob", at=LATER)
    assert matches(shop, had_for(40))
    factories.apply_tag(shop, "gold", ann, at=AT + 5 * DAY)
    gold, vip = library.get(shop, "gold"), library.get(shop, "vip")
    merges.merge(tag=vip, into=gold, by=by, at=LATER)
    rule = {"tag": {"any": ["gold"], "given": {"before": "40d"}}}
    assert matches(shop, rule)
