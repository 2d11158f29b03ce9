from __future__ import annotations

import pytest

from qunce.core.facts import interned_names
from tests import threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_name_keeps_its_id() -> None:
    ids = interned_names.ensure("source", 1, ["柜台", "web"])
    assert interned_names.ensure("source", 1, ["web"]) == {"web": ids["web"]}
    assert interned_names.find("source", 1, "柜台") == ids["柜台"]
    assert interned_names.names_by_id("source", 1) == {
        ids["柜台"]: "柜台",
        ids["web"]: "web",
    }


def test_same_name_has_an_id_per_namespace_and_community() -> None:
    ids = interned_names.ensure("source", 1, ["web"])
    assert interned_names.find("source", 1, "web") == ids["web"]
    assert interned_names.find("source", 2, "web") is None
    assert interned_names.find("kind", 1, "web") is None


def test_concurrent_writers_of_a_name_get_one_id() -> None:
    ids = threads.run(*[lambda: interned_names.ensure("kind", 0, ["order.paid"])] * 6)
    assert len({result["order.paid"] for result in ids}) == 1
