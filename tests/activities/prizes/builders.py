"""Builds prizes and awards through the verbs."""

from __future__ import annotations

from typing import Any

from qunce.activities.prizes import awards, prizes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.staff.models import Staff
from tests.factories import AT

HOME = Address(recipient="李雷", phone="13800138000", address="上海市静安区南京西路1号")


def prize(by: Staff, kind: str = "pick_up", **fields: Any) -> PrizeStock:
    return prizes.create(
        **{
            "community": by.community,
            "name": "杯子",
            "kind": kind,
            "total": 10,
            "by": by,
            "at": AT,
            **fields,
        }
    )


def award(of: PrizeStock, account: int, key: str = "1", **fields: Any) -> Award:
    created = awards.award(
        **{
            "stock": of,
            "account_id": account,
            "source": "hand",
            "source_key": key,
            "at": AT,
            **fields,
        }
    )
    if created is None:
        raise AssertionError("the prize is sold out")
    return created
