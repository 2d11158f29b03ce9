"""A kind of activity for the benchmarks: whoever taps gets a prize while there are any.

It is made of the verbs that instant draws and flash sales use, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Kind,
    Metric,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.kinds import base
from qunce.activities.prizes import awards, stock

KEY, STOCK = "bench_stock", "stock"


def take_part(attempt: Attempt) -> Reply:
    base.join(attempt)
    prize = stock.find(attempt.activity.settings[STOCK])
    assert prize
    award = awards.award(
        stock=prize,
        account_id=attempt.account_id,
        source="bench",
        source_key=f"{attempt.activity.pk}:{attempt.person_id}",
        at=attempt.at,
    )
    return Reply(text="yours" if award else "sold out", accepted=award is not None)


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    return []


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    return []


KIND = kind_contract.register(
    Kind(
        key=KEY,
        label="stock",
        description="For benchmarks.",
        keywords=("stock",),
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.CHANCE,
        portal_template="portal/activities/_draw.html",
        settings_form=(
            SettingField(name=STOCK, label="stock", type="number", most=2**31),
        ),
    )
)
