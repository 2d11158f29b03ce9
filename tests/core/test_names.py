from __future__ import annotations

import pytest

from qunce.core.facts import interned_names
from tests.core import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_name_keeps_its_number() -> None:
    made = interned_names.ensure("source", 1, ["柜台", "web"])
    assert interned_names.ensure("source", 1, ["web"]) == {"web": made["web"]}
    assert interned_names.find("source", 1, "柜台") == made["柜台"]
    assert interned_names.names_by_id("source", 1) == {
        made["柜台"]: "柜台",
        made["web"]: "web",
    }


def test_spaces_and_communities_are_apart() -> None:
    interned_names.ensure("source", 1, ["web"])
    assert interned_names.find("source", 2, "web") is None
    assert interned_names.find("kind", 1, "web") is None


def test_many_who_make_a_name_at_once_get_one_number() -> None:
    made = together.run(*[lambda: interned_names.ensure("kind", 0, ["order.paid"])] * 6)
    assert len({each["order.paid"] for each in made}) == 1
