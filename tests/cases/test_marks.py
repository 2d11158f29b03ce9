from __future__ import annotations

import pytest

from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)


def test_09_tag_separators(shop: Terminal) -> None:
    # Each row has another sign, so the operator has to say that all of them separate.
    shop.refuses("members.csv", "members", naming=("tags", "--separator"))
    shop.imports("members.csv", "members", "--separator", ";,、|")
    everyone = ["t1", "t2", "t3", "t4", "t5", "t6"]
    assert shop.tagged("vip") == everyone
    assert shop.tagged("新客") == everyone
    assert {each["key"] for each in shop.ask("tags", "list")["tags"]} == {"vip", "新客"}


def test_10_unsubscribed_arrive_as_reachable(shop: Terminal) -> None:
    def opted_out() -> list[str]:
        return shop.audience({"opted_out": {"of": "messages"}})

    shop.imports("audience.csv", "members")
    assert opted_out() == ["ann@example.com"]
    # As a fact it takes effect as well, or the file is refused.
    result = shop.import_file("optouts.ndjson", "facts")
    assert result.code == 0 or "member.opted_out" in result.errors
    assert opted_out() == ["ann@example.com"]


def test_42_exclusive_tags_toggle(shop: Terminal) -> None:
    shop.imports("m.csv", "members")
    for words in (
        ("tag-groups", "add", "level", "--exclusive"),
        ("tags", "apply", "lv1", "--new-in", "level", "--members", "m1"),
        ("tags", "apply", "lv2", "--new-in", "level", "--members", "m1"),
    ):
        assert shop.run(*words).code == 0
    for _night in range(2):
        shop.refuses("tags.csv", "members", naming=("row 2", "lv1", "lv2"))
        assert shop.tagged("lv2") == ["m1"]
        assert shop.tagged("lv1") == []


def test_52_merged_tag_under_its_old_name(shop: Terminal) -> None:
    shop.imports("members.csv", "members")
    assert shop.run("tags", "merge", "老客", "忠实").code == 0
    again = shop.imports("members.csv", "members")
    assert (again["changed"], again["known"]) == (0, 3)
    shop.imports("later.csv", "members")
    assert shop.tagged("忠实") == ["m1", "m2", "m3"]
    assert "老客" not in {each["key"] for each in shop.ask("tags", "list")["tags"]}
