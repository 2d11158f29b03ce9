"""Live sessions through the API: the same numbers as the results, and what is typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities import results
from qunce.activities.live_sessions.models import LiveSession
from tests import factories
from tests.activities import running
from tests.activities.live_sessions import builders
from tests.clients import create_client

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_live_session_in_the_api() -> None:
    by = factories.staff(factories.community(language="en", currency="CNY"))
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="live_session",
        name="Tea live",
        ends_at=at + 9 * HOUR,
        settings=builders.settings(at + HOUR / 10),
    )
    ann, bob, cy = factories.named_members(by.community, "ann", "bob", "cy")
    for account in (ann, bob):
        assert running.join(made, account, at).accepted
    assert running.join(made, ann, at, said="enter", key="e").accepted
    api = create_client(by.community)
    root = f"/activities/{made.pk}/live-session"
    assert api.post(f"{root}/names", {"names": "cy\nann"}).body == {
        "new": 1,
        "known": 1,
    }
    refused = api.post(f"{root}/names", {"names": "nobody"})
    assert refused.status in (400, 422) and "line 1" in refused.body["detail"]
    assert api.post(f"{root}/number", {"number": 5}).status == 409
    LiveSession.objects.update(starts_at=at - 3 * HOUR, ends_at=at - HOUR)
    found = api.post(f"{root}/number", {"number": 1_500}).body
    assert [row["number"] for row in found["typed"]] == [1_500]
    assert api.post(f"{root}/replay", {"url": "ftp://x"}).status in (400, 422)
    found = api.post(f"{root}/replay", {"url": "https://live.example/r"}).body
    assert found["replay"] == "https://live.example/r"
    factories.order(by.community, "ann", 8_800, at - 2 * HOUR, key="a")
    factories.refund(by.community, "a", 800, at - HOUR)
    found = api.get(root).body
    assert found["orders"] == [
        {"currency": "CNY", "orders": 1, "paid": 8800, "refunded": 800, "net": 8000}
    ]
    same = {
        metric.key: metric.value
        for metric in results.collect(
            activity=made, by=by, at=datetime.now(UTC)
        ).metrics
    }
    for name in ("reserved", "came", "unannounced", "missing", "watched", "buyers"):
        assert found[name] == same[name]
    assert (found["came"], found["missing"], found["unannounced"]) == (2, 1, 1)
    assert same["net_CNY"] == "CNY 80.00"
    of_ann = next(row for row in found["attendances"] if row["member_id"] == ann)
    undone = api.post(f"{root}/attendances/{of_ann['id']}/undo", {}).body
    assert (undone["came"], undone["buyers"]) == (1, 0)
    of_bob = next(row for row in found["reservations"] if row["member_id"] == bob)
    cancelled = api.post(f"{root}/reservations/{of_bob['id']}/cancel", {}).body
    assert cancelled["reserved"] == 1
    assert cy in [row["member_id"] for row in cancelled["attendances"]]
    assert api.get(f"/activities/{made.pk + 1}/live-session").status == 404
