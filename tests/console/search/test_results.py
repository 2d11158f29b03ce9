from __future__ import annotations

import pytest

from qunce.console.search import views


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("会员", "老会员"),
        ("hy", "老会员"),
        ("laohuiyuan", "老会员"),
        ("VIP", "vip-1"),
        ("VIP", "金牌vip"),
    ],
)
def test_part_of_a_text_or_its_pinyin_matches(query: str, text: str) -> None:
    assert views.matches(query, text)


@pytest.mark.parametrize("query", ["", "zz", "员会", "vip2"])
def test_other_text_does_not_match(query: str) -> None:
    assert not views.matches(query, "老会员", "vip-1")
