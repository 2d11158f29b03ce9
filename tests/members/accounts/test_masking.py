"""S3 · masking by role."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.members.accounts import masking
from tests import factories

HIDDEN = [
    ("phone", "13800138001", "138****8001"),
    ("phone", "+4915112345678", "+49****5678"),
    ("phone", "12345", "****45"),
    ("email", "ann@shop.cn", "a****@shop.cn"),
    ("unionid", "oX1234567890", "oX****90"),
    ("unionid", "short", "****"),
]


@pytest.mark.parametrize(("kind", "value", "shown"), HIDDEN)
def test_identifiers_are_masked_for_operators(
    shop: Community, kind: str, value: str, shown: str
) -> None:
    staff = factories.staff(shop, "operator")
    assert masking.identifier(kind=kind, value=value, by=staff) == shown


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_managers_read_identifiers_in_full(shop: Community, role: str) -> None:
    boss = factories.staff(shop, role)
    assert masking.phone("13800138001", boss) == "13800138001"
    assert masking.email("ann@shop.cn", boss) == "ann@shop.cn"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("13800138001", "138****8001"),
        ("ann@shop.cn", "a****@shop.cn"),
        ("c-1024", "c-1024"),
        ("123", "123"),
    ],
)
def test_key_that_is_a_phone_is_masked(shop: Community, key: str, shown: str) -> None:
    assert masking.key(key, factories.staff(shop, "viewer")) == shown
