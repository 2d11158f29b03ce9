from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.staff import models as staff_models
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_staff_without_a_password_cannot_sign_in() -> None:
    shop = factories.community()
    assert factories.staff(
        shop, login="ann", password="s3cret", role="operator"
    ).check_password("s3cret")
    assert not factories.staff(shop, login="bob", role="operator").has_usable_password()


def test_language_of_new_staff_is_that_of_the_community() -> None:
    shop = factories.community(language="en")
    assert factories.staff(shop, role="operator").language == "en"


def test_system_account_is_one_owner_per_community() -> None:
    shop, other = factories.community(), factories.community("other")
    system = staff_models.system(shop)
    assert staff_models.system(shop).pk == system.pk
    assert staff_models.system(other).pk != system.pk
    assert system.role == permissions.Role.OWNER
    assert not system.check_password("!")
    assert staff_models.Staff.objects.get_by_natural_key(system.login) == system
