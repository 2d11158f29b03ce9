"""Texts that are written and looked up many at a time, on both databases."""

from __future__ import annotations

import numpy as np
import pytest

from qunce.core import column_inserts, db

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
