"""Texts and ids that are written and looked up many at a time, on both databases."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction

from qunce.core import column_inserts, db
from qunce.core.facts.interned_names import InternedName

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
TEXTS = ("", "NULL", 'a"b', "c\\d", '\\"', "{e,f}", "i'j", "中 文", "two\nlines", "%s")


def test_texts_are_found_whatever_is_in_them() -> None:
    condition, params = db.among(TEXTS)
    found = [
        text
        for text in (*TEXTS, "null", "a", "c")
        if db.rows(f"SELECT 1 WHERE %s {condition}", [text, *params])
    ]
    assert found == list(TEXTS)


@pytest.mark.parametrize("ids", [[], [7], [-1, 7, 2**63 - 1]])
def test_ids_are_found_however_many_there_are(ids: list[int]) -> None:
    for number in (-1, 7, 8, 2**63 - 1):
        known = number in ids
        condition = f"SELECT 1 WHERE {number} {db.among_ids(ids)}"
        assert bool(db.rows(condition)) == known
        InternedName.objects.create(pk=number, name=f"n{number}", community_id=1)
        rows = InternedName.objects.filter(pk=number, pk__in=db.id_list(ids))
        assert rows.exists() == known


def test_columns_are_stored_as_they_are() -> None:
    payloads = [*TEXTS, None]
    column_inserts.insert(
        "core_fact",
        {"happened_at": np.arange(len(payloads)), "payload": payloads},
        {"community_id": 1, "kind_id": 2, "recorded_at": 3, "actor_id": None},
    )
    rows = db.rows(
        "SELECT payload, kind_id, actor_id FROM core_fact ORDER BY happened_at"
    )
    assert rows == [(payload, 2, None) for payload in payloads]


def test_rows_inserted_at_the_end_keep_their_own_columns() -> None:
    common = {"community_id": 1, "recorded_at": 3}
    with transaction.atomic(), column_inserts.at_end():
        column_inserts.insert(
            "core_fact",
            {"happened_at": np.array([1, 2]), "payload": ["a", None]},
            {**common, "kind_id": 4},
        )
        column_inserts.insert(
            "core_fact",
            {"account_id": np.array([7]), "group_id": [8]},
            {**common, "kind_id": 5, "happened_at": 9},
        )
    assert db.rows(
        "SELECT happened_at, kind_id, payload, account_id, group_id FROM core_fact"
        " ORDER BY happened_at"
    ) == [(1, 4, "a", None, None), (2, 4, None, None, None), (9, 5, None, 7, 8)]


def test_nothing_is_inserted_at_the_end_of_a_block_that_fails() -> None:
    def insert(moment: int) -> None:
        column_inserts.insert(
            "core_fact",
            {"happened_at": np.array([moment])},
            {"community_id": 1, "kind_id": 2, "recorded_at": 3},
        )

    def insert_and_fail() -> None:
        with transaction.atomic(), column_inserts.at_end():
            insert(1)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        insert_and_fail()
    insert(2)
    assert db.rows("SELECT happened_at FROM core_fact") == [(2,)]
