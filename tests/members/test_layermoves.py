"""K9: who moved between layers since a day, in sight of an operator; sizes beforehand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import operators
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import accounts, layermoves, layers, layouts, roster, tagging
from tests.members import made
from tests.members.made import AT, LATER

pytestmark = pytest.mark.both_databases
SPEC: dict[str, Any] = {
    "by": "rules",
    "layers": [{"key": "high", "rule": {"tag": {"any": ["vip"]}}}, {"key": "rest"}],
}


@pytest.fixture
def worth(shop: Community, by: Operator) -> layers.Layering:
    """Ann, Bob and Eve in the rest; a day later Ann is high, Eve is gone, Kim is new."""
    ann, _bob, _eve = made.members(shop, "ann", "bob", "eve")
    vip = made.tag(shop, "vip")
    found = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    layers.recompute(layering=found, by=by, at=AT)
    tagging.put(tag=vip, accounts=[ann], by=by, at=LATER)
    accounts.leave(account=roster.get(shop, "eve"), by=by, at=LATER)
    made.member(shop, "kim")
    layers.recompute(layering=found, by=by, at=LATER)
    return found


def test_everyone_who_moved_came_or_went_is_told(
    shop: Community, by: Operator, worth: layers.Layering
) -> None:
    about: dict[str, Any] = {"layering": worth, "by": by, "at": LATER}
    moves = layermoves.since(day=shop.day(AT), **about)
    assert moves is not None
    assert moves.sizes == {
        ("rest", "high"): 1,
        ("rest", "rest"): 1,
        ("rest", ""): 1,
        ("", "rest"): 1,
    }
    assert (moves.into("high"), moves.out_of("high")) == (1, 0)
    assert (moves.into("rest"), moves.out_of("rest")) == (1, 2)
    ann = roster.get(shop, "ann").pk
    asked = about | {"day": shop.day(AT)}
    assert layermoves.people(before="rest", after="high", **asked) == [ann]
    assert layermoves.people(before="high", after="rest", **asked) == []
    assert layermoves.people(before="ghost", after="", **asked) == []


def test_nobody_moved_since_the_only_run(shop: Community, by: Operator) -> None:
    made.tag(shop, "vip")
    found = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    about: dict[str, Any] = {"layering": found, "by": by, "at": LATER}
    assert layermoves.since(day=shop.day(AT), **about) is None
    layers.recompute(layering=found, by=by, at=AT)
    assert layermoves.since(day=shop.day(AT), **about) is None
    earlier = shop.day(AT - timedelta(days=9))
    assert layermoves.people(day=earlier, before="rest", after="high", **about) == []


def test_who_is_out_of_scope_is_in_no_number(
    shop: Community, worth: layers.Layering
) -> None:
    scope = {"members": {"keys": ["bob"]}}
    olga = operators.create(community=shop, login="olga", scope=scope, at=AT)
    about: dict[str, Any] = {"by": olga, "at": LATER}
    moves = layermoves.since(layering=worth, day=shop.day(AT), **about)
    assert moves is not None
    assert moves.sizes == {("rest", "rest"): 1}
    assert layouts.sizes(spec=SPEC, **about) == ({"high": 0, "rest": 1}, {})


def test_sizes_beforehand_are_those_of_the_run_after(
    shop: Community, by: Operator, worth: layers.Layering
) -> None:
    sizes, _found = layouts.sizes(spec=SPEC, by=by, at=LATER)
    run = layers.newest(worth)
    assert run is not None
    assert sizes == layers.sizes(run)
