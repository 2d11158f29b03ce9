from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.sales import orders
from tests.cli.runner import Ask
from tests.core.made import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

SPEC = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "low"},
    ],
}


def pay(shop: Community, key: str, amount: int, currency: str = "CNY") -> None:
    orders.record_payment(
        community=shop,
        key=key,
        account=None,
        amount=amount,
        currency=currency,
        paid_at=AT,
        by=staff_models.system(shop),
        at=AT,
    )


def test_it_tells_what_is_here(ask: Ask, shop: Community) -> None:
    by = staff_models.system(shop)
    pay(shop, "1", 459_603_958)
    pay(shop, "2", 1_000)
    orders.refund(community=shop, key="2", refunded_at=AT, by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    segments.create(community=shop, key="vips", rule=rule, by=by, at=AT)
    told = ask("status", "--json").json
    facts = told.pop("facts")
    assert facts > 7
    assert told == {
        "community": "shop",
        "members": 4,
        "accounts": 4,
        "groups": 1,
        "orders": 2,
        "sales": "4596039.58",
        "currency": "CNY",
        "lag": 0,
        "layers": {},
        "segments": {"vips": 2},
        "failed_work": 0,
    }
    assert "4596039.58" in ask("status").said


def test_money_of_two_currencies_is_never_added(ask: Ask, shop: Community) -> None:
    pay(shop, "1", 1_000)
    pay(shop, "2", 2_000)
    pay(shop, "3", 500, "JPY")
    told = ask("status", "--json").json
    assert (told["sales"], told["currency"]) == ("30.00", "CNY")
    assert told["other_sales"] == {"JPY": "500"}
    assert told["orders"] == 3


def test_layers_are_computed_and_moves_told(ask: Ask, shop: Community) -> None:
    by = staff_models.system(shop)
    layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    assert ask("layers", "--json").json["layerings"]["worth"]["sizes"] == {}
    told = ask("layers", "--recompute", "--json").json["layerings"]["worth"]
    assert told["sizes"] == {"high": 2, "low": 2}
    assert (told["day"], told["moved"]) == ("2026-03-05", 0)
    ask("tag", "vip", "--members", "cyd")
    later = ("--recompute", "--json", "--at", "2026-03-06T12:00:00Z")
    told = ask("layers", "worth", *later).json["layerings"]["worth"]
    assert told["sizes"] == {"high": 3, "low": 1}
    assert told["moved"] == 1
    assert {"from": "low", "to": "high", "count": 1} in told["matrix"]
    assert ask("status", "--json").json["layers"] == {"worth": {"high": 3, "low": 1}}
    assert ask("layers", "nowhere").code == 3


def test_the_doctor_finds_nothing_after_a_rebuild(ask: Ask, shop: Community) -> None:
    made_anew = ask("rebuild", "--json").json
    assert made_anew["facts"] > 0
    told = ask("doctor", "--json")
    assert (told.code, told.json) == (0, {"found": [], "left": []})


def test_the_doctor_finds_and_mends_what_was_broken(ask: Ask, shop: Community) -> None:
    from qunce.sets.derived_models import DayCount

    ask("audience", "count", '{"all": []}')
    DayCount.objects.order_by("pk")[:1].get().delete()
    broken = ask("doctor", "--json")
    assert broken.code == 1
    assert broken.json["left"] == broken.json["found"] != []
    mended = ask("doctor", "--repair", "--json")
    assert (mended.code, mended.json["left"]) == (0, [])
    assert ask("doctor").code == 0
