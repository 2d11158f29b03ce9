from __future__ import annotations

import pytest

from qunce.console.search import views


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("会员", "老会员"),
        ("hy", "老会员"),
        ("laohuiyuan", "老会员"),
        ("VIP", "vip-1"),
        ("VIP", "金牌vip"),
    ],
)
def test_a_piece_of_a_text_or_its_pinyin_finds_it(typed: str, text: str) -> None:
    assert views.matches(typed, text)


@pytest.mark.parametrize("typed", ["", "zz", "员会", "vip2"])
def test_what_is_not_in_it_does_not(typed: str) -> None:
    assert not views.matches(typed, "老会员", "vip-1")
