"""Columns of lists are read as single cells are."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.importing.values import list_columns, lists

CELLS = st.lists(
    st.none() | st.text(alphabet='ab;；,，、|/ #\u3000\t\n\x1c\x85["]é', max_size=12),
    max_size=6,
)


@given(CELLS, st.sampled_from([*lists.SIGNS, ";,", lists.NONE]))
def test_column_is_read_like_its_cells(cells: list[str | None], separator: str) -> None:
    parsed = list_columns.parse(pa.array(cells, pa.string()), separator)
    expected = [lists.join(lists.split(cell, separator)) or None for cell in cells]
    if parsed is None:
        is_odd = [
            c for c in cells if c and (set(c) & set('["\x1c\x85') or c.count("#") > 1)
        ]
        assert is_odd or separator == lists.NONE
        return
    assert parsed.to_pylist() == expected
    places, codes, texts = list_columns.split(parsed)
    assert list_columns.list_texts(parsed) == sorted(
        {entry for text in expected for entry in lists.parse_joined(text)}
    )
    entries = [(place, texts[code]) for place, code in zip(places, codes, strict=True)]
    assert sorted(entries) == sorted(
        (place, entry)
        for place, text in enumerate(expected)
        for entry in lists.parse_joined(text)
    )


def test_usual_column_needs_no_closer_look() -> None:
    cells = pa.array(["b; a ;;b", None, " ; ", "c"])
    parsed = list_columns.parse(cells, ";")
    assert parsed is not None
    assert [lists.parse_joined(text) for text in parsed.to_pylist()] == [
        ["b", "a"],
        [],
        [],
        ["c"],
    ]


@pytest.mark.parametrize(
    ("cell", "entries"),
    [
        ("#VIP #老客", ["#VIP", "#老客"]),
        ("#VIP#老客", ["#VIP", "#老客"]),
        ("#VIP; #老客", ["#VIP", "#老客"]),
        ("#VIP", ["#VIP"]),
        ("C# C++", ["C# C++"]),
        ("[VIP] [老客]", ["VIP", "老客"]),
        ("[VIP; 老客]", ["VIP", "老客"]),
        ("[VIP]", ["VIP"]),
        ('["VIP", "老客"]', ["VIP", "老客"]),
        ("【VIP】", ["【VIP】"]),
    ],
)
def test_notations_of_lists_are_read(cell: str, entries: list[str]) -> None:
    assert lists.split(cell, ";") == entries
