from __future__ import annotations

import pytest

from qunce.core import access, operators
from tests.core import made

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_an_operator_has_a_password_only_if_given_one() -> None:
    shop = made.community()
    assert made.operator(shop, "ann", password="s3cret").check_password("s3cret")
    assert not made.operator(shop, "bob").has_usable_password()


def test_an_operator_speaks_the_communitys_language() -> None:
    shop = made.community(language="en")
    assert made.operator(shop).language == "en"


def test_the_house_itself_is_one_owner_a_community() -> None:
    shop, other = made.community(), made.community("other")
    house = operators.system(shop)
    assert operators.system(shop).pk == house.pk
    assert operators.system(other).pk != house.pk
    assert house.role == access.Role.OWNER
    assert not house.check_password("!")
    assert operators.Operator.objects.get_by_natural_key(house.login) == house
