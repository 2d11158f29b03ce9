"""K9: every ready-made layering works in any community and in every language."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment, ladders, layering_specs, layers
from qunce.members.layers.ladders.base import Ladder
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

ALL = ladders.list_all()


@pytest.mark.parametrize("ladder", ALL, ids=lambda ladder: ladder.key)
def test_a_ladder_is_complete(ladder: Ladder) -> None:
    spec = ladder.build()
    layering_specs.check(spec)
    rules = [layer.get("rule") for layer in spec["layers"]]
    named = layering_specs.list_placeholders(rules)
    assert named == set(ladder.numbers) | (set(spec.get("gaps", {})) & named)
    assert ladder.default in ladder.names
    assert all(kind in facts.declared() for kind in ladder.list_kinds())
    with translation.override("zh-hans"):
        texts = [*layering_specs.names_of(ladder.build()).values(), str(ladder.name)]
    english = [*layering_specs.names_of(spec).values(), str(ladder.name)]
    assert len(texts) == len(english)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_every_ladder_puts_everyone_into_one_layer(shop: Community, by: Staff) -> None:
    """Members who asked, invited, complained and bought; the tags of circles are made."""
    ann, bob, eve, kim = factories.members(shop, "ann", "bob", "eve", "kim")
    for kind, account in (
        ("price.asked", ann), ("friend.invited", bob), ("complaint.made", eve),
    ):  # fmt: skip
        declared: Any = facts.declared()[kind]
        facts.record(declared(account=account), community=shop, by=by, at=AT)
    deriver.catch_up()
    circles = ladders.get("circles")
    assert circles.missing_tags(shop) == list(circles.tags)
    for key, name in circles.tags.items():
        tag = factories.tag(shop, key, name=str(name))
    assignments.apply(tag=tag, accounts=[kim], by=by, at=AT)
    found = {}
    for ladder in ALL:
        layering = layers.create(
            community=shop,
            key=ladder.key,
            spec=ladder.build(),
            default=ladder.default,
            by=by,
            at=AT,
        )
        run = layers.recompute(layering=layering, by=by, at=AT)
        sizes = layers.sizes(run)
        assert sum(sizes.values()) == 4
        preview = assignment.preview_sizes(spec=layering.spec, by=by, at=AT)
        assert preview.sizes == sizes
        found[ladder.key] = {key: size for key, size in sizes.items() if size}
    assert found["intent"] == {"high": 1, "low": 3}
    assert found["affection"] == {"advocates": 1, "passers-by": 3}
    assert found["fan-types"] == {"critics": 1, "spreaders": 1, "others": 2}
    assert found["phases"] == {"ripening": 4}
    assert found["circles"] == {"partners": 1, "mass": 3}
    assert circles.missing_tags(shop) == []
    assert "product.clicked" in ladders.get("intent").missing_kinds(shop)
    assert "price.asked" not in ladders.get("intent").missing_kinds(shop)


def test_sizes_follow_the_numbers_of_a_ladder(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    for _click in range(2):
        declared: Any = facts.declared()["product.clicked"]
        facts.record(declared(account=ann), community=shop, by=by, at=AT)
    deriver.catch_up()
    spec = ladders.get("intent").build()
    sizes = {
        clicks: assignment.preview_sizes(
            spec={**spec, "numbers": {**spec["numbers"], "clicks": clicks}},
            by=by,
            at=AT,
        ).sizes["high"]
        for clicks in (2, 3)
    }
    assert sizes == {2: 1, 3: 0}


BAD: list[Any] = [
    {"numbers": {"n": -1}},
    {"numbers": {"n": True}},
    {"numbers": {"n": "many"}},
    {"numbers": {"median": 3}},
    {"numbers": {f"n{i}": 1 for i in range(99)}},
    {"gaps": {"kind": "order.paid"}},
    {"gaps": []},
    {"layers": [{"key": "k" * 81, "rule": {"all": []}}, {"key": "rest"}]},
    {"layers": [{"key": "k", "name": ["x"], "rule": {"all": []}}, {"key": "rest"}]},
    {"layers": [{"key": f"k{i}", "rule": {"all": []}} for i in range(40)]},
    {"layers": [{"key": ["k"], "rule": {"all": []}}, {"key": "rest"}]},
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_a_hostile_spec_is_refused(change: Any) -> None:
    spec = {
        "by": "rules",
        "layers": [{"key": "k", "rule": {"all": []}}, {"key": "rest"}],
    }
    layering_specs.check(spec)
    with pytest.raises(layering_specs.InvalidLayering):
        layering_specs.check(spec | change)
