from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def segment(of: Community, key: str, rule: Any) -> segments.Segment:
    by = staff_models.system(of)
    return segments.create(community=of, key=key, rule=rule, by=by, at=AT)


def ask(*keys: str) -> dict[str, Any]:
    return {"segment": {"any": list(keys)}}


def test_a_segment_is_who_fits_its_rule_now(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    loyal = segment(shop, "loyal", {"tag": {"any": ["vip"]}})
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    assert segments.count(segment=loyal, by=by, at=AT) == 1
    assignments.apply(tag=vip, accounts=[bob], by=by, at=AT)
    assert factories.matching_keys(shop, ask("loyal")) == ["ann", "bob"]
    segments.update(segment=loyal, rule={"any": []}, by=by, at=AT)
    assert factories.matching_keys(shop, ask("loyal")) == []


def test_a_rule_that_cannot_be_understood_is_refused_with_its_place(
    shop: Community,
) -> None:
    with pytest.raises(RuleError, match=r"all\[0\]\.tag\.any\[0\].*ghost"):
        segment(shop, "s", {"all": [{"tag": {"any": ["ghost"]}}]})
    assert segments.list_active(shop) == []


def test_a_cycle_is_refused_with_its_path(shop: Community, by: Staff) -> None:
    a = segment(shop, "a", {"all": []})
    segment(shop, "b", {"not": ask("a")})
    with pytest.raises(RuleError, match="a → b → a"):
        segments.update(segment=a, rule={"any": [ask("b")]}, by=by, at=AT)
    with pytest.raises(RuleError, match="c → c"):
        segment(shop, "c", ask("c"))
    assert segments.get(shop, "a").rule == {"all": []}


def test_segments_come_after_those_they_ask_for(shop: Community) -> None:
    for key in ("z", "m"):
        segment(shop, key, {"all": []})
    segment(shop, "b", ask("z"))
    segment(shop, "a", {"not": {"any": [ask("b"), ask("m")]}})
    ordered = [
        one.key for one in segments.sort_by_dependency(segments.list_active(shop))
    ]
    assert ordered == ["z", "b", "m", "a"]


def test_a_frozen_list_stays_as_it_was(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    march = frozen_segments.freeze(community=shop, key="march", rule=rule, by=by, at=AT)
    assignments.apply(tag=vip, accounts=[bob], by=by, at=AT)
    assignments.remove(tag=vip, accounts=[ann], by=by, at=AT)
    assert march.size == 1
    assert factories.matching_keys(shop, {"segment": {"frozen": ["march"]}}) == ["ann"]
    with pytest.raises(segments.SegmentAlreadyExists):
        frozen_segments.freeze(community=shop, key="march", rule=rule, by=by, at=AT)


def test_a_list_holds_no_one_outside_the_operators_scope(
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


def test_its_size_is_kept_by_day(shop: Community, by: Staff) -> None:
    factories.members(shop, "ann", "bob")
    everyone = segment(shop, "everyone", {"all": []})
    for _twice in range(2):
        assert segments.record_sizes(community=shop, at=AT) == {"everyone": 2}
    factories.members(shop, "eve")
    segments.record_sizes(community=shop, at=LATER)
    sizes = everyone.sizes.order_by("day").values_list("size", flat=True)
    assert list(sizes) == [2, 3]


def test_what_is_used_is_not_archived(shop: Community, by: Staff) -> None:
    inner = segment(shop, "inner", {"all": []})
    outer = segment(shop, "outer", ask("inner"))
    with pytest.raises(segments.SegmentInUse, match="outer"):
        segments.archive(segment=inner, by=by, at=AT)
    segments.archive(segment=outer, by=by, at=AT)
    segments.archive(segment=inner, by=by, at=AT)
    assert segments.list_active(shop) == []
    segments.restore(segment=inner, by=by, at=AT)
    assert [one.key for one in segments.list_active(shop)] == ["inner"]


def test_another_communitys_segment_is_not_found(shop: Community) -> None:
    segment(factories.community("other"), "s", {"all": []})
    with pytest.raises(segments.SegmentNotFound):
        segments.get(shop, "s")
    with pytest.raises(RuleError):
        segment(shop, "t", ask("s"))
