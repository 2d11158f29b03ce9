from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.layers import layers
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def segment_rule(*keys: str) -> dict[str, Any]:
    return {"segment": {"any": list(keys)}}


def test_segment_contains_the_members_who_match_now(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    loyal = factories.segment(shop, "loyal", {"tag": {"any": ["vip"]}})
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    assert segments.count(segment=loyal, by=by, at=AT) == 1
    assignments.apply(tag=vip, accounts=[bob], by=by, at=AT)
    assert factories.matching_keys(shop, segment_rule("loyal")) == ["ann", "bob"]
    segments.update(segment=loyal, rule={"any": []}, by=by, at=AT)
    assert factories.matching_keys(shop, segment_rule("loyal")) == []


def test_invalid_rule_is_rejected_with_its_path(
    shop: Community,
) -> None:
    with pytest.raises(RuleError, match=r"all\[0\]\.tag\.any\[0\].*ghost"):
        factories.segment(shop, "s", {"all": [{"tag": {"any": ["ghost"]}}]})
    assert segments.list_active(shop) == []


def test_cycle_is_rejected_with_its_path(shop: Community, by: Staff) -> None:
    a = factories.segment(shop, "a", {"all": []})
    factories.segment(shop, "b", {"not": segment_rule("a")})
    with pytest.raises(RuleError, match="a → b → a"):
        segments.update(segment=a, rule={"any": [segment_rule("b")]}, by=by, at=AT)
    with pytest.raises(RuleError, match="c → c"):
        factories.segment(shop, "c", segment_rule("c"))
    assert segments.get(shop, "a").rule == {"all": []}


def test_segments_are_sorted_after_those_they_use(shop: Community) -> None:
    for key in ("z", "m"):
        factories.segment(shop, key, {"all": []})
    factories.segment(shop, "b", segment_rule("z"))
    factories.segment(
        shop, "a", {"not": {"any": [segment_rule("b"), segment_rule("m")]}}
    )
    ordered = [
        segment.key
        for segment in segments.sort_by_dependency(segments.list_active(shop))
    ]
    assert ordered == ["z", "b", "m", "a"]


def test_frozen_segment_does_not_change(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    march = frozen_segments.freeze(community=shop, key="march", rule=rule, by=by, at=AT)
    assignments.apply(tag=vip, accounts=[bob], by=by, at=AT)
    assignments.remove(tag=vip, accounts=[ann], by=by, at=AT)
    assert march.size == 1
    assert factories.matching_keys(shop, {"segment": {"frozen": ["march"]}}) == ["ann"]
    with pytest.raises(frozen_segments.FrozenSegmentAlreadyExists):
        frozen_segments.freeze(community=shop, key="march", rule=rule, by=by, at=AT)


def test_frozen_segment_contains_nobody_outside_the_scope(
    shop: Community, by: Staff
) -> None:
    (ann, _bob) = factories.members(shop, "ann", "bob")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    scoped = staff_models.create(
        community=shop,
        login="olga",
        scope={"tag": {"any": ["mine"]}},
        at=AT,
    )
    frozen = frozen_segments.freeze(
        community=shop, key="all", rule={"all": []}, by=scoped, at=AT
    )
    assert frozen.size == 1


def test_size_is_recorded_per_day(shop: Community, by: Staff) -> None:
    factories.members(shop, "ann", "bob")
    everyone = factories.segment(shop, "everyone", {"all": []})
    for _time in range(2):
        assert segments.record_sizes(community=shop, at=AT) == {"everyone": 2}
    factories.members(shop, "eve")
    segments.record_sizes(community=shop, at=LATER)
    sizes = everyone.sizes.order_by("day").values_list("size", flat=True)
    assert list(sizes) == [2, 3]


def test_used_segment_cannot_be_archived(shop: Community, by: Staff) -> None:
    inner = factories.segment(shop, "inner", {"all": []})
    outer = factories.segment(shop, "outer", segment_rule("inner"))
    with pytest.raises(segments.SegmentInUse, match="outer"):
        segments.archive(segment=inner, by=by, at=AT)
    segments.archive(segment=outer, by=by, at=AT)
    segments.archive(segment=inner, by=by, at=AT)
    assert segments.list_active(shop) == []
    segments.restore(segment=inner, by=by, at=AT)
    assert [segment.key for segment in segments.list_active(shop)] == ["inner"]


def test_segment_that_a_layering_uses_cannot_be_archived(
    shop: Community, by: Staff
) -> None:
    inner = factories.segment(shop, "inner", {"all": []})
    spec = {
        "by": "rules",
        "layers": [{"key": "a", "rule": segment_rule("inner")}, {"key": "b"}],
    }
    layers.create(community=shop, key="value", name="Value", spec=spec, by=by, at=AT)
    with pytest.raises(segments.SegmentInUse, match="Value"):
        segments.archive(segment=inner, by=by, at=AT)


def test_segment_of_another_community_is_not_found(shop: Community) -> None:
    factories.segment(factories.community("other"), "s", {"all": []})
    with pytest.raises(segments.SegmentNotFound):
        segments.get(shop, "s")
    with pytest.raises(RuleError):
        factories.segment(shop, "t", segment_rule("s"))
