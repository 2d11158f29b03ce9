from __future__ import annotations

import json
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)
VIP = '{"tag": {"any": ["vip"]}}'
EVERYONE = '{"all": []}'


def test_members_are_counted(run: Run, shop: Community) -> None:
    assert run("audience", "count", EVERYONE).output == "4\n"
    answer = run("audience", "count", VIP, "--json").json
    assert answer["count"] == 2
    assert answer["took_ms"] >= 0


def test_keys_are_listed_in_order_of_joining(run: Run, shop: Community) -> None:
    assert run("audience", "list", EVERYONE, "--json").json == {
        "keys": ["ann", "bob", "cyd", "dee"]
    }
    assert run("audience", "list", VIP).output == "ann\nbob\n"


def test_list_can_be_limited_and_continued(run: Run, shop: Community) -> None:
    first = run("audience", "list", EVERYONE, "--limit", "2", "--json").json
    assert first == {"keys": ["ann", "bob"]}
    rest = run("audience", "list", EVERYONE, "--after", "bob", "--json").json
    assert rest == {"keys": ["cyd", "dee"]}
    assert run("audience", "list", EVERYONE, "--limit", "0", "--json").json == {
        "keys": []
    }


def test_explanation_is_in_the_language_of_the_user(run: Run, shop: Community) -> None:
    included = run("audience", "explain", VIP, "--member", "ann", "--json").json
    assert included["in"] is True
    assert all(
        reason["text"] and reason["holds"] and reason["wanted"]
        for reason in included["because"]
    )
    excluded = run("audience", "explain", VIP, "--member", "cyd")
    assert excluded.output.startswith("cyd is not in the audience.\n")
    chinese = run("audience", "explain", VIP, "--member", "cyd", "--lang", "zh")
    assert chinese.output.startswith("cyd 不在")


def test_two_audiences_are_compared(run: Run, shop: Community) -> None:
    answer = run("audience", "overlap", VIP, EVERYONE, "--json").json
    assert answer == {"left": 0, "both": 2, "right": 2}


def test_rule_is_read_from_a_file(run: Run, shop: Community, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(VIP, encoding="utf-8-sig")
    assert run("audience", "count", f"@{path}").output == "2\n"
    assert run("audience", "count", f"@{path}.gone").code == 2


def test_rule_error_names_its_path(run: Run, shop: Community) -> None:
    rule = '{"all": [{"tag": {"any": ["vpi"]}}]}'
    refused = run("audience", "count", rule, "--json")
    assert refused.code == 2
    assert refused.output == ""
    assert refused.error["where"] == "all[0].tag.any[0]"
    assert "vpi" in refused.error["error"]
    assert run("audience", "list", rule, "--json").output == ""
    assert run("audience", "count", "{").code == 2


def test_staff_see_only_their_scope(run: Run, shop: Community) -> None:
    factories.staff(shop, login="zoe", scope=json.loads(VIP), role="operator")
    as_zoe = ("--as", "zoe", "--json")
    either = json.dumps({"any": [{"all": []}, {"not": json.loads(VIP)}]})
    assert run("audience", "count", either, *as_zoe).json["count"] == 2
    visible = run("audience", "explain", VIP, "--member", "ann", *as_zoe)
    assert visible.json["in"] is True
    hidden = run("audience", "explain", VIP, "--member", "cyd", *as_zoe)
    unknown = run("audience", "explain", VIP, "--member", "nobody", *as_zoe)
    assert (hidden.code, unknown.code) == (3, 3)
    assert hidden.errors.replace("cyd", "nobody") == unknown.errors


def test_unknown_login_is_not_found(run: Run, shop: Community) -> None:
    assert run("audience", "count", VIP, "--as", "nobody").code == 3
    system = staff_models.system(shop).login
    assert run("audience", "count", VIP, "--as", system).output == "2\n"


def test_amounts_of_a_rule_are_explained_as_money(run: Run, shop: Community) -> None:
    factories.order(shop, "ann", amount=12_050)
    wanted = {"field": "amount", "gte": 20_000}
    did = {"kind": "order.paid", "where": {"amount": {"gt": 100}}, "sum": wanted}
    rule = json.dumps({"did": did})
    text = run("audience", "explain", rule, "--member", "ann").output
    assert "[amount: > CNY 1.00]" in text
    assert "total amount is CNY 120.50 (required: ≥ CNY 200.00)" in text
