from __future__ import annotations

import json
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from tests.cli.asked import Ask
from tests.core import made

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
VIP = '{"tag": {"any": ["vip"]}}'
EVERYONE = '{"all": []}'


def test_it_counts(ask: Ask, shop: Community) -> None:
    assert ask("audience", "count", EVERYONE).said == "4\n"
    found = ask("audience", "count", VIP, "--json").json
    assert found["count"] == 2
    assert found["took_ms"] >= 0


def test_it_lists_keys_in_order_of_joining(ask: Ask, shop: Community) -> None:
    assert ask("audience", "list", EVERYONE, "--json").json == {
        "keys": ["ann", "bob", "cyd", "dee"]
    }
    assert ask("audience", "list", VIP).said == "ann\nbob\n"


def test_a_list_can_be_limited_and_gone_on_with(ask: Ask, shop: Community) -> None:
    first = ask("audience", "list", EVERYONE, "--limit", "2", "--json").json
    assert first == {"keys": ["ann", "bob"]}
    rest = ask("audience", "list", EVERYONE, "--after", "bob", "--json").json
    assert rest == {"keys": ["cyd", "dee"]}
    assert ask("audience", "list", EVERYONE, "--limit", "0", "--json").json == {
        "keys": []
    }


def test_it_says_why_in_the_readers_language(ask: Ask, shop: Community) -> None:
    inside = ask("audience", "explain", VIP, "--member", "ann", "--json").json
    assert inside["in"] is True
    assert all(reason["text"] and reason["holds"] for reason in inside["because"])
    outside = ask("audience", "explain", VIP, "--member", "cyd")
    assert outside.said.startswith("cyd is not in.\n")
    chinese = ask("audience", "explain", VIP, "--member", "cyd", "--lang", "zh")
    assert chinese.said.startswith("cyd 不在其中")


def test_it_compares_two(ask: Ask, shop: Community) -> None:
    found = ask("audience", "overlap", VIP, EVERYONE, "--json").json
    assert found == {"left": 0, "both": 2, "right": 2}


def test_a_rule_may_stand_in_a_file(ask: Ask, shop: Community, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(VIP, encoding="utf-8-sig")
    assert ask("audience", "count", f"@{path}").said == "2\n"
    assert ask("audience", "count", f"@{path}.gone").code == 2


def test_what_is_wrong_with_a_rule_is_named_with_its_place(
    ask: Ask, shop: Community
) -> None:
    rule = '{"all": [{"tag": {"any": ["vpi"]}}]}'
    said = ask("audience", "count", rule, "--json")
    assert said.code == 2
    assert said.said == ""
    assert said.error["where"] == "all[0].tag.any[0]"
    assert "vpi" in said.error["error"]
    assert ask("audience", "list", rule, "--json").said == ""
    assert ask("audience", "count", "{").code == 2


def test_an_operator_sees_only_their_scope(ask: Ask, shop: Community) -> None:
    made.staff(shop, "zoe", scope=json.loads(VIP))
    as_zoe = ("--as", "zoe", "--json")
    either = json.dumps({"any": [{"all": []}, {"not": json.loads(VIP)}]})
    assert ask("audience", "count", either, *as_zoe).json["count"] == 2
    seen = ask("audience", "explain", VIP, "--member", "ann", *as_zoe)
    assert seen.json["in"] is True
    hidden = ask("audience", "explain", VIP, "--member", "cyd", *as_zoe)
    unknown = ask("audience", "explain", VIP, "--member", "nobody", *as_zoe)
    assert (hidden.code, unknown.code) == (3, 3)
    assert hidden.complained.replace("cyd", "nobody") == unknown.complained


def test_an_unknown_operator_is_not_found(ask: Ask, shop: Community) -> None:
    assert ask("audience", "count", VIP, "--as", "nobody").code == 3
    house = staff_models.system(shop).login
    assert ask("audience", "count", VIP, "--as", house).said == "2\n"
