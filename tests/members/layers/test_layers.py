from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.people import merges
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
LOYALTY: dict[str, Any] = {
    "by": "rules",
    "layers": [
        {"key": "vip", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "known", "rule": {"tag": {"any": ["vip", "known"]}}},
        {"key": "rest"},
    ],
}


def keys_by_layer(layering: layers.Layering) -> dict[str, list[str]]:
    """Layer → keys of its people in the newest run."""
    run = layers.latest_run(layering)
    assert run is not None
    sets = layers.load_sets(run)
    keys = account_queries.keys_by_id(
        layering.community, [account for ids in sets.values() for account in ids]
    )
    return {layer: [keys[account] for account in ids] for layer, ids in sets.items()}


def value(shop: Community, by: Staff, spec: Any = layer_specs.VALUE) -> layers.Layering:
    return layers.create(community=shop, key="value", spec=spec, by=by, at=AT)


def run(layering: layers.Layering, by: Staff, at: datetime = LATER) -> layers.LayerRun:
    deriver.catch_up()
    return layers.recompute(layering=layering, by=by, at=at)


def test_top_fifth_by_spending_is_high_value(shop: Community, by: Staff) -> None:
    keys = [f"k{n}" for n in range(10)]
    ids = factories.members(shop, *keys)
    for index, account in enumerate(ids[:6]):
        factories.order(shop, account, 1000 - index)
    factories.order(shop, ids[9], 10**6, AT - 400 * DAY)
    layering = value(shop, by)
    run(layering, by)
    assert keys_by_layer(layering) == {
        "high": ["k0", "k1"],
        "mid": ["k2", "k3", "k4"],
        "low": ["k5", "k6", "k7", "k8", "k9"],
    }
    assert factories.matching_keys(
        shop, {"layer": {"of": "value", "in": ["high"]}}
    ) == ["k0", "k1"]


@pytest.mark.both_databases
def test_people_with_equal_sums_share_a_layer(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, *(f"k{n}" for n in range(10)))
    for account in ids[:4]:
        factories.order(shop, account, 500)
    layering = value(shop, by)
    run(layering, by)
    assert len(keys_by_layer(layering)["high"]) == 4


def test_people_without_spending_are_never_high_value(
    shop: Community, by: Staff
) -> None:
    ann, bob, *_rest = factories.members(shop, "ann", "bob", "c", "d", "e", "f")
    factories.order(shop, ann, 500)
    factories.order(shop, bob, 300)
    factories.refund(shop, "o2", at=AT)
    layering = value(shop, by)
    run(layering, by)
    assert keys_by_layer(layering)["high"] == ["ann"]
    assert "bob" in keys_by_layer(layering)["low"]


def test_spending_of_merged_accounts_is_added_up(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, "ann", "too", "c", "d", "e", "f")
    for account, amount in zip(ids, (300, 300, 500, 0, 0, 0), strict=True):
        factories.order(shop, account, amount)
    layering = value(shop, by)
    run(layering, by)
    assert keys_by_layer(layering)["high"] == ["ann", "too", "c"]
    merges.merge(community=shop, pairs=[merges.Pair(ids[0], ids[1])], by=by, at=AT)
    run(layering, by)
    assert keys_by_layer(layering)["high"] == ["ann"]


def test_layers_can_have_fixed_thresholds(shop: Community, by: Staff) -> None:
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    factories.order(shop, ann, 5000)
    factories.order(shop, bob, 4999)
    spec = {**layer_specs.VALUE, "layers": [{"key": "a", "gte": 5000}, {"key": "b"}]}
    layering = value(shop, by, spec)
    run(layering, by)
    assert keys_by_layer(layering) == {"a": ["ann"], "b": ["bob", "eve"]}


def test_first_matching_rule_decides_and_last_layer_contains_the_rest(
    shop: Community, by: Staff
) -> None:
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    vip, known = factories.tag(shop, "vip"), factories.tag(shop, "known")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    assignments.apply(tag=known, accounts=[ann, bob], by=by, at=AT)
    layering = value(shop, by, LOYALTY)
    run(layering, by)
    assert keys_by_layer(layering) == {
        "vip": ["ann"],
        "known": ["bob"],
        "rest": ["eve"],
    }


def test_layers_are_disjoint_and_contain_everyone_including_new_members(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    vip = factories.tag(shop, "vip")
    factories.tag(shop, "known")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    layering = value(shop, by, LOYALTY)
    assert factories.matching_keys(
        shop, {"layer": {"of": "value", "in": ["rest"]}}
    ) == ["ann"]
    run(layering, by)
    factories.member(shop, "new")
    keys = ["vip", "known", "rest"]
    matching = [
        factories.matching_keys(shop, {"layer": {"of": "value", "in": [key]}})
        for key in keys
    ]
    assert matching == [["ann"], [], ["new"]]


@pytest.mark.both_databases
def test_moves_are_recorded_from_the_second_run_on(shop: Community, by: Staff) -> None:
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    vip, known = factories.tag(shop, "vip"), factories.tag(shop, "known")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    layering = value(shop, by, LOYALTY)
    first = run(layering, by, AT)
    assert factories.recorded_facts(shop, "member.layer_changed") == []
    assignments.remove(tag=vip, accounts=[ann], by=by, at=AT)
    assignments.apply(tag=known, accounts=[bob], by=by, at=AT)
    accounts.leave(account=account_queries.get(shop, "eve"), by=by, at=AT)
    factories.member(shop, "new")
    second = run(layering, by, LATER)
    assert second.moved == 2
    assert factories.recorded_facts(shop, "member.layer_changed") == [
        (ann, {"layering": "value", "from": "vip", "to": "rest"}),
        (bob, {"layering": "value", "from": "rest", "to": "known"}),
    ]
    assert not first.moved
    assert eve not in layers.load_sets(second)["rest"]


def test_lifecycle_uses_the_members_typical_gaps(shop: Community, by: Staff) -> None:
    regulars = factories.members(shop, *(f"k{n:02}" for n in range(20)))
    for index, account in enumerate(regulars):
        gap = 10 if index < 15 else 30
        silent = {0: 11, 1: 30, 2: 31, 3: 10}.get(index, 1)
        for number in range(6):
            factories.order(shop, account, 100, LATER - (silent + gap * number) * DAY)
    factories.member(shop, "new")
    factories.member(shop, "sleeper", joined_at=AT - 300 * DAY)
    layering = layers.create(
        community=shop,
        key="value",
        spec=layer_specs.LIFECYCLE,
        default="new",
        by=by,
        at=AT,
    )
    first = run(layering, by)
    assert first.bounds == {"median": 10, "long": 30}
    keys = keys_by_layer(layering)
    assert keys["cooling"] == ["k00", "k01"]
    assert keys["lost"] == ["k02", "sleeper"]
    assert keys["new"] == ["new"]
    assert len(keys["active"]) == 17


@pytest.mark.both_databases
def test_all_active_layerings_are_recomputed(shop: Community, by: Staff) -> None:
    factories.members(shop, "ann")
    layering = value(shop, by)
    assert layers.recompute_all(at=AT) == 1
    layers.archive(layering=layering, by=by, at=AT)
    assert layers.recompute_all(at=AT) == 0
    layers.restore(layering=layering, by=by, at=AT)
    assert layers.recompute_all(at=AT, community=shop) == 1
    assert layers.list_active(shop) == [layering]


@pytest.mark.parametrize(
    "change",
    [
        {"by": "magic"},
        {"layers": [{"key": "a"}]},
        {"layers": [{"key": "a", "top": "20%"}, {"key": "a"}]},
        {"layers": [{"key": "a", "top": "0%"}, {"key": "b"}]},
        {"layers": [{"key": "a", "top": "20"}, {"key": "b"}]},
        {"layers": [{"key": "a", "gte": "5"}, {"key": "b"}]},
        {"layers": [{"key": "a"}, {"key": "b"}]},
        {"layers": [{"key": "a", "top": "20%"}, {"key": "b", "top": "100%"}]},
        {"layers": [{"key": "a", "top": "20%", "gte": 1}, {"key": "b"}]},
        {"kinds": {}},
        {"kinds": {"order.paid": 2}},
        {"within": "soon"},
        {"extra": 1},
    ],
)
def test_invalid_specs_are_rejected(
    shop: Community, by: Staff, change: Mapping[str, Any]
) -> None:
    with pytest.raises(layer_specs.InvalidLayering):
        value(shop, by, {**layer_specs.VALUE, **change})


@pytest.mark.both_databases
def test_layering_of_another_community_is_not_found(shop: Community, by: Staff) -> None:
    value(shop, by)
    with pytest.raises(layers.LayeringNotFound):
        layers.get(factories.community("other"), "value")
    with pytest.raises(layers.LayeringAlreadyExists):
        value(shop, by)


@given(
    st.lists(st.integers(-5, 50), max_size=60),
    st.integers(0, 20),
    st.sampled_from(["1%", "20%", "33.3%", "100%"]),
)
def test_top_share_has_the_requested_size_except_for_ties_and_zeros(
    sums: list[int], silent: int, top: str
) -> None:
    everyone = len(sums) + silent
    threshold = layer_assignment.threshold_of(
        {"top": top}, np.array(sums, dtype=np.int64), everyone
    )
    chosen = [value for value in sums if value >= threshold]
    size = -(-layer_specs.parse_share(top) * everyone // 1)
    assert all(value > 0 for value in chosen)
    assert len([value for value in chosen if value > threshold]) < max(size, 1)
    if len(chosen) < size:
        assert len(chosen) == len([value for value in sums if value > 0])
