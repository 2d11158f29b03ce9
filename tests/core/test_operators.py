from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.staff import models as staff_models
from tests.core import made

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_an_operator_has_a_password_only_if_given_one() -> None:
    shop = made.community()
    assert made.staff(shop, "ann", password="s3cret").check_password("s3cret")
    assert not made.staff(shop, "bob").has_usable_password()


def test_an_operator_speaks_the_communitys_language() -> None:
    shop = made.community(language="en")
    assert made.staff(shop).language == "en"


def test_the_house_itself_is_one_owner_a_community() -> None:
    shop, other = made.community(), made.community("other")
    house = staff_models.system(shop)
    assert staff_models.system(shop).pk == house.pk
    assert staff_models.system(other).pk != house.pk
    assert house.role == permissions.Role.OWNER
    assert not house.check_password("!")
    assert staff_models.Staff.objects.get_by_natural_key(house.login) == house
