"""K9: visible members who moved between layers since a day, and previewed sizes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import assignment as layer_assignment
from qunce.members.layers import layers
from qunce.members.layers import moves as layer_moves
from qunce.members.people import merges
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

DAY = timedelta(days=1)
SPEC: dict[str, Any] = {
    "by": "rules",
    "layers": [{"key": "high", "rule": {"tag": {"any": ["vip"]}}}, {"key": "rest"}],
}


@pytest.fixture
def worth(shop: Community, by: Staff) -> layers.Layering:
    """Ann, Bob and Eve in the rest; a day later Ann is high, Eve has left, Kim is new."""
    ann, _bob, _eve = factories.members(shop, "ann", "bob", "eve")
    vip = factories.tag(shop, "vip")
    layering = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    layers.recompute(layering=layering, by=by, at=AT)
    assignments.apply(tag=vip, accounts=[ann], by=by, at=LATER)
    accounts.leave(account=account_queries.get(shop, "eve"), by=by, at=LATER)
    factories.member(shop, "kim")
    layers.recompute(layering=layering, by=by, at=LATER)
    return layering


def test_moves_arrivals_and_departures_are_counted(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    about: dict[str, Any] = {"layering": worth, "by": by, "at": LATER}
    moves = layer_moves.moves_since(day=shop.day(AT), **about)
    assert moves is not None
    assert moves.sizes == {
        ("rest", "high"): 1,
        ("rest", "rest"): 1,
        ("rest", ""): 1,
        ("", "rest"): 1,
    }
    assert (moves.into("high"), moves.out_of("high")) == (1, 0)
    assert (moves.into("rest"), moves.out_of("rest")) == (1, 2)
    ann = account_queries.get(shop, "ann").pk
    params = about | {"day": shop.day(AT)}
    assert layer_moves.list_people(before="rest", after="high", **params) == [ann]
    assert layer_moves.list_people(before="high", after="rest", **params) == []
    assert layer_moves.list_people(before="ghost", after="", **params) == []


def test_there_are_no_moves_after_a_single_run(shop: Community, by: Staff) -> None:
    factories.tag(shop, "vip")
    layering = layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    about: dict[str, Any] = {"layering": layering, "by": by, "at": LATER}
    assert layer_moves.moves_since(day=shop.day(AT), **about) is None
    layers.recompute(layering=layering, by=by, at=AT)
    assert layers.latest_run(layering) is not None
    assert layer_moves.moves_since(day=shop.day(AT), **about) is None
    earlier = shop.day(AT - timedelta(days=9))
    assert (
        layer_moves.list_people(day=earlier, before="rest", after="high", **about) == []
    )


def test_people_outside_the_scope_are_not_counted(
    shop: Community, worth: layers.Layering
) -> None:
    scope = {"members": {"keys": ["bob"]}}
    olga = staff_models.create(community=shop, login="olga", scope=scope, at=AT)
    about: dict[str, Any] = {"by": olga, "at": LATER}
    moves = layer_moves.moves_since(layering=worth, day=shop.day(AT), **about)
    assert moves is not None
    assert moves.sizes == {("rest", "rest"): 1}
    preview = layer_assignment.preview_sizes(spec=SPEC, **about)
    assert preview.sizes == {"high": 0, "rest": 1}


@pytest.mark.both_databases
def test_previewed_sizes_equal_those_of_the_run(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    preview = layer_assignment.preview_sizes(spec=SPEC, by=by, at=LATER)
    run = layers.latest_run(worth)
    assert run is not None
    assert preview.sizes == layers.sizes(run)


def test_a_changed_layering_is_told_apart_from_members_who_moved(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    """K9: Ann moved by herself; Bob is elsewhere because koc now counts as high, too."""
    bob = account_queries.get(shop, "bob").pk
    koc = factories.tag(shop, "koc")
    assignments.apply(tag=koc, accounts=[bob], by=by, at=LATER)
    spec: Any = {
        "by": "rules",
        "layers": [
            {"key": "high", "name": "Top", "rule": {"tag": {"any": ["vip", "koc"]}}},
            {"key": "rest"},
        ],
    }
    layers.update(layering=worth, spec=spec, by=by, at=LATER)
    run = layers.recompute(layering=worth, by=by, at=LATER)
    assert run.is_redefinition
    assert run.moved == 1
    about: dict[str, Any] = {"layering": worth, "by": by, "at": LATER}
    moves = layer_moves.moves_since(day=shop.day(AT), **about)
    assert moves is not None
    assert moves.sizes["rest", "high"] == 2
    assert moves.redefined == {("rest", "high"): 1}
    assert (moves.into("high"), moves.moved) == (1, 1)
    ann = account_queries.get(shop, "ann").pk
    assert list(layers.moved_since(worth, shop.day(AT))) == [ann]
    recorded = factories.recorded_facts(shop, "member.layer_changed")
    assert recorded == [(ann, {"layering": "worth", "from": "rest", "to": "high"})]


def test_a_new_name_is_no_change_of_a_layering(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    high, rest = SPEC["layers"]
    renamed = SPEC | {"layers": [high | {"name": "Best"}, rest], "ladder": "x"}
    layers.update(layering=worth, spec=renamed, by=by, at=LATER)
    run = layers.recompute(layering=worth, by=by, at=LATER)
    assert not run.is_redefinition


@pytest.mark.both_databases
def test_any_two_days_are_compared(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    about: dict[str, Any] = {"layering": worth, "by": by, "at": LATER}
    first, second = shop.day(AT), shop.day(LATER)
    assert first < second
    whole = layer_moves.moves_since(day=first, until=second, **about)
    assert whole is not None
    assert whole.sizes["rest", "high"] == 1
    for since, until in ((first, first), (second, first), (second, second)):
        assert layer_moves.moves_since(day=since, until=until, **about) is None


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (1, 0, "must be after"),
        (-9, 1, "known from 2026-03-05 on"),
        (1, 5, "not computed between these days"),
    ],
)
def test_days_that_cannot_be_compared_are_refused_with_the_reason(
    shop: Community,
    by: Staff,
    worth: layers.Layering,
    since: int,
    until: int,
    reason: str,
) -> None:
    first = shop.day(AT)
    days: dict[str, Any] = {"day": first + since, "until": first + until}
    with pytest.raises(layer_moves.NotComparable, match=reason):
        layer_moves.compare(layering=worth, by=by, at=LATER, **days)
    found = layer_moves.compare(layering=worth, day=first, by=by, at=LATER)
    assert found.moved == 1


def test_the_members_of_each_cell_are_those_of_its_rule(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    """Identity 3: also of members who came, went, and of accounts merged since."""
    dan, dave = factories.members(shop, "dan", "dave")
    layers.recompute(layering=worth, by=by, at=LATER + DAY)
    merges.merge(community=shop, pairs=[merges.Pair(dan, dave)], by=by, at=LATER + DAY)
    factories.member(shop, "zoe")
    layers.recompute(layering=worth, by=by, at=LATER + 2 * DAY)
    now = LATER + 2 * DAY
    for back in (0, 1):
        day = shop.day(AT) + back
        moves = layer_moves.compare(layering=worth, day=day, by=by, at=now)
        for (old, new), size in moves.sizes.items():
            listed = audiences.people(
                community=shop, rule=moves.rule(old, new), by=by, at=now
            )
            assert len(listed) == size, (old, new)
            assert list(listed) == layer_moves.list_people(
                layering=worth, day=day, before=old, after=new, by=by, at=now
            )
    assert moves.sizes["rest", "rest"] == 2
    since = layer_moves.compare(
        layering=worth, day=shop.day(LATER + DAY), by=by, at=now
    )
    assert since.dropped_before == {"rest": 1}
    assert since.size_before("rest") == 4


def test_a_layer_in_use_is_not_removed_and_its_uses_are_named(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    rule = {"layer": {"of": "worth", "in": ["high"]}}
    common: dict[str, Any] = {"community": shop, "by": by, "at": LATER}
    segments.create(key="best", name="Best ones", rule=rule, **common)
    spec: Any = {
        "by": "rules",
        "layers": [{"key": "new", "rule": {"tag": {"any": ["vip"]}}}, {"key": "rest"}],
    }
    with pytest.raises(layers.LayerInUse, match="segment “Best ones”"):
        layers.update(layering=worth, spec=spec, by=by, at=LATER)
    with pytest.raises(layers.LayerInUse, match="Best ones"):
        layers.archive(layering=worth, by=by, at=LATER)
    segments.archive(segment=segments.get(shop, "best"), by=by, at=LATER)
    layers.update(layering=worth, spec=spec, by=by, at=LATER)
    layers.archive(layering=worth, by=by, at=LATER)


def test_members_who_fit_several_layers_are_counted(
    shop: Community, by: Staff, worth: layers.Layering
) -> None:
    spec: Any = {
        "by": "rules",
        "layers": [
            *SPEC["layers"][:1],
            {"key": "all", "rule": {"all": []}},
            {"key": "x"},
        ],
    }
    preview = layer_assignment.preview_sizes(spec=spec, by=by, at=LATER)
    assert preview.sizes == {"high": 1, "all": 2, "x": 0}
    assert preview.taken == {"high": 0, "all": 1}
