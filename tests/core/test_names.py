from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import pytest
from django.utils.translation import override

from qunce.core import names

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("张\u200b三", "张三"),
        ("\ufeff李四\u200f", "李四"),
        ("王\u00a0\u3000五", "王 五"),
        ("\u3164\u2800", ""),
        ("e\u0301", "é"),
        (f" {FAMILY}\u200d", FAMILY),
        # Without the joiner the word is spelled wrongly.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db", "ab"),
    ],
)
def test_names_have_nothing_invisible(written: str, stored: str) -> None:
    assert names.clean(written) == stored


@hypothesis.given(st.text())
def test_cleaned_name_stays_as_it_is(text: str) -> None:
    once = names.clean(text)
    assert names.clean(once) == once
    assert not {"\u200b", "\ufeff", "\u202e", "\n"} & set(once)


@pytest.mark.parametrize(
    ("name", "copied"),
    [("Sale", "Copy of Sale"), ("a" * 80, f"Copy of {'a' * 71}…")],
)
def test_copy_is_named_as_one_and_fits(name: str, copied: str) -> None:
    assert names.copy_of(name) == copied
    assert len(copied) <= 80


def test_copy_is_named_in_the_language_of_staff() -> None:
    with override("zh-hans"):
        assert names.copy_of("促销") == "促销（副本）"
