"""A question is answered or refused within a second of CPU, whatever it asks."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.layers import assignment
from qunce.members.segments import segments
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules import base, fact_queries
from qunce.sets.rules.base import RuleError
from tests import cpu, factories
from tests.factories import AT

MANY = [f"no-{n}" for n in range(100_000)]
MAX_SECONDS = 1.0


def did_where(n: int) -> dict[str, Any]:
    where = {"amount": {"gte": n}}
    return {"did": {"kind": "order.paid", "where": where}}


HOSTILE: dict[str, Any] = {
    "unknown members": {"members": {"keys": MANY}},
    "unknown members of channels": {"members": {"keys": [f"{k}:x" for k in MANY]}},
    "unknown tags": {"tag": {"any": MANY}},
    "unknown groups": {"group": {"none": MANY}},
    "unknown groups of facts": {
        "did": {"kind": "order.paid", "where": {"group": MANY}}
    },
    "unknown segments": {"segment": {"any": MANY}},
    "unknown frozen segments": {"segment": {"frozen": MANY}},
    "unknown sources": {"source": {"any": MANY}},
    "unknown staff": {"staff": {"any": MANY}},
    "unknown layers": {"layer": {"of": "none", "in": MANY}},
    "more names than allowed": {"all": [{"tag": {"any": ["vip"] * 60_000}}] * 2},
    "a known tag again and again": {"tag": {"any": ["vip"] * 90_000}},
    "a known member again and again": {"members": {"keys": ["ann"] * 90_000}},
    "details of facts": {"any": [did_where(n) for n in range(1_900)]},
    "as many details of facts as are allowed": {
        "any": [did_where(n) for n in range(base.MAX_COST // fact_queries.COST)]
    },
    "times of day": {
        "any": [
            {"did": {"kind": "order.paid", "hours": [0, 1], "within": f"{n}d"}}
            for n in range(1, 1_900)
        ]
    },
    "sequences": {
        "any": [
            {
                "seq": {
                    "steps": [{"kind": "order.paid"}] * 9,
                    "within": f"{n}d",
                }
            }
            for n in range(1, 500)
        ]
    },
    "many clauses": {"any": [{"tag": {"any": ["vip"]}}] * 5_000},
    "segments that double each other": {"segment": {"any": ["s14"]}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_question_takes_no_longer_than_a_second(
    shop: Community, by: Staff, name: str
) -> None:
    """Security row 18."""
    (ann,) = factories.members(shop, "ann")
    factories.apply_tag(shop, "vip", ann)
    factories.order(shop, "ann", 1000)
    deriver.catch_up()
    common: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    if "double" in name:
        segments.create(key="s0", rule={"tag": {"any": ["vip"]}}, **common)
        for n in range(1, 15):
            pair = [{"segment": {"any": [f"s{n - 1}"]}}] * 2
            rule = {"all": pair}
            segments.Segment.objects.create(
                community=shop, key=f"s{n}", name="", rule=rule, by=by,
                created_at=AT, changed_at=AT,
            )  # fmt: skip
    with cpu.at_most(MAX_SECONDS), contextlib.suppress(RuleError):
        audiences.count(rule=HOSTILE[name], **common)


def test_the_layers_of_a_layering_share_one_budget(shop: Community, by: Staff) -> None:
    rules = [
        {"any": [did_where(100 * layer + n) for n in range(20)]} for layer in range(9)
    ]
    layers = [{"key": f"l{n}", "rule": rule} for n, rule in enumerate(rules)]
    spec = {"by": "rules", "layers": [*layers, {"key": "rest"}]}
    with pytest.raises(RuleError, match="takes too long"):
        assignment.preview_sizes(spec=spec, by=by, at=AT)
    fewer = {**spec, "layers": [layers[0], {"key": "rest"}]}
    assert assignment.preview_sizes(spec=fewer, by=by, at=AT).sizes["rest"] == 0


@pytest.mark.django_db(transaction=True)  # the deriver reads what is committed
def test_a_question_within_the_budget_is_answered(shop: Community, by: Staff) -> None:
    factories.members(shop, "ann")
    factories.order(shop, "ann", 1000)
    deriver.catch_up()
    rule = {"any": [did_where(n) for n in range(9)]}
    assert audiences.count(community=shop, rule=rule, by=by, at=AT) == 1
    # Equal clauses share their set, so that they cost once.
    many = {"any": [did_where(1)] * (base.MAX_NODES - 1)}
    assert audiences.count(community=shop, rule=many, by=by, at=AT) == 1
    too_many = {"any": [did_where(n) for n in range(base.MAX_COST)]}
    with pytest.raises(RuleError, match="takes too long"):
        audiences.count(community=shop, rule=too_many, by=by, at=AT)
    named = {"members": {"keys": [f"wecom:x{n}" for n in range(3)] + ["ann"]}}
    with pytest.raises(RuleError, match="wecom:x0"):
        audiences.count(community=shop, rule=named, by=by, at=AT)
