from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff import models as staff_models
from qunce.members.segments import segments
from qunce.sales import orders
from tests import factories
from tests.cli.runner import Run, in_this_process
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


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


def test_status_shows_what_there_is(run: Run, shop: Community) -> None:
    by = staff_models.system(shop)
    pay(shop, "1", 459_603_958)
    pay(shop, "2", 1_000)
    orders.refund(community=shop, key="2", refunded_at=AT, by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    segments.create(community=shop, key="vips", rule=rule, by=by, at=AT)
    status = run("status", "--json").json
    facts = status.pop("facts")
    assert facts > 7
    assert status == {
        "community": "shop",
        "members": 4,
        "accounts": 4,
        "groups": 1,
        "orders": 2,
        "paid": "4596049.58",
        "refunded": "10.00",
        "net_sales": "4596039.58",
        "sales": "4596039.58",
        "currency": "CNY",
        "lag": 0,
        "layers": {},
        "segments": {"vips": 2},
        "failed_work": 0,
    }
    assert "4596039.58" in run("status").output


def test_segment_whose_rule_names_what_is_gone_is_listed_apart(
    run: Run, shop: Community
) -> None:
    by = staff_models.system(shop)
    for key, rule in (("vips", {"tag": {"any": ["vip"]}}), ("all", {"all": []})):
        segments.create(community=shop, key=key, rule=rule, by=by, at=AT)
    # As a version before did it, which did not check uses.
    segments.Segment.objects.filter(key="vips").update(rule={"tag": {"any": ["x"]}})
    status = run("status", "--json").json
    assert status["segments"] == {"all": 4}
    assert "There is no tag “x”." in status["broken_segments"]["vips"]
    assert "There is no tag “x”." in run("status").output


def test_facts_are_those_of_the_community(
    capsys: pytest.CaptureFixture[str], shop: Community
) -> None:
    other = factories.community("other")
    factories.member(other, "eve", joined_at=AT)

    def count_facts(key: str) -> int:
        run = in_this_process(
            capsys, "--at", AT.isoformat(), "--lang", "en", "--community", key
        )
        return int(run("status", "--json").json["facts"])

    recorded = Fact.objects.filter
    for community in (shop, other):
        count = recorded(community_id=community.pk).count()
        assert count_facts(community.key) == count
    # Facts that are not derived yet are counted, too.
    factories.member(other, "fay", joined_at=AT)
    assert count_facts("other") == recorded(community_id=other.pk).count()
    assert count_facts("other") < count_facts("shop")


def test_sales_of_two_currencies_are_never_added(run: Run, shop: Community) -> None:
    pay(shop, "1", 1_000)
    pay(shop, "2", 2_000)
    pay(shop, "3", 500, "JPY")
    status = run("status", "--json").json
    assert (status["sales"], status["currency"]) == ("30.00", "CNY")
    assert status["other_sales"] == {"JPY": "500"}
    assert status["orders"] == 3


def test_doctor_finds_nothing_after_a_rebuild(run: Run, shop: Community) -> None:
    rebuilt = run("rebuild", "--json").json
    assert rebuilt["facts"] > 0
    healthy = run("doctor", "--json")
    assert (healthy.code, healthy.json) == (0, {"found": [], "left": []})


def test_doctor_finds_and_repairs_damage(run: Run, shop: Community) -> None:
    from qunce.sets.derived_models import DayCount

    run("audience", "count", '{"all": []}')
    DayCount.objects.order_by("pk")[:1].get().delete()
    broken = run("doctor", "--json")
    assert broken.code == 1
    assert broken.json["left"] == broken.json["found"] != []
    repaired = run("doctor", "--repair", "--json")
    assert (repaired.code, repaired.json["left"]) == (0, [])
    assert run("doctor").code == 0
