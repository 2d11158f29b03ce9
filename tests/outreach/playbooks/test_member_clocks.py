"""Waits until a time of day follow the clock of each member."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from qunce.members.attributes import attributes
from qunce.outreach.contact_budget import policies
from qunce.outreach.playbooks.models import Run
from tests.factories import AT
from tests.outreach.playbooks.worker import MINUTE, Worker, send

NINE_TOMORROW = {"id": "w", "kind": "wait", "delay": {"days": 1, "time": "09:00"}}


@pytest.mark.both_databases
def test_wait_until_a_time_of_day_uses_the_attribute_chosen_for_time_zones(
    worker: Worker,
) -> None:
    """`AT` is 20:00 in Shanghai, 04:00 in Los Angeles and 02:00 in Honolulu."""
    shop, by = worker.shop, worker.by
    ids = worker.members("bob", "cat", "eve")
    for name, zones in (
        ("zone", ["America/Los_Angeles", "Pacific/Honolulu"]),
        ("timezone", ["Asia/Tokyo", "Asia/Tokyo"]),
    ):
        attribute = attributes.define(
            community=shop, name=name, label=name, type="text", by=by, at=AT
        )
        values = dict(zip(ids, zones, strict=False))
        attributes.set_values(attribute=attribute, values=values, by=by, at=AT)
    policies.set_zone_attribute(community=shop, attribute="zone", by=by, at=AT)
    worker.playbook(NINE_TOMORROW, send("a"))
    for key in ("bob", "cat", "eve"):
        worker.order(key, AT + MINUTE)
    worker.tick(AT + MINUTE)

    due = dict(Run.objects.values_list("target_id", "due_at"))
    clocks = ["America/Los_Angeles", "Pacific/Honolulu", shop.timezone]
    assert due == {
        pk: datetime(2026, 3, 6, 9, tzinfo=ZoneInfo(clock))
        for pk, clock in zip(ids, clocks, strict=True)
    }
