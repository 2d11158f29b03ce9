from __future__ import annotations

import pytest

from qunce.core import names
from tests.core import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_name_keeps_its_number() -> None:
    made = names.ensure("source", 1, ["柜台", "web"])
    assert names.ensure("source", 1, ["web"]) == {"web": made["web"]}
    assert names.find("source", 1, "柜台") == made["柜台"]
    assert names.listed("source", 1) == {made["柜台"]: "柜台", made["web"]: "web"}


def test_spaces_and_communities_are_apart() -> None:
    names.ensure("source", 1, ["web"])
    assert names.find("source", 2, "web") is None
    assert names.find("kind", 1, "web") is None


def test_many_who_make_a_name_at_once_get_one_number() -> None:
    made = together.run(*[lambda: names.ensure("kind", 0, ["order.paid"])] * 6)
    assert len({each["order.paid"] for each in made}) == 1
