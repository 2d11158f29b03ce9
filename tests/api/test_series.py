"""Series and the content calendar for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient

RHYTHM = {
    "days": {"weekdays": [0, 1, 2, 3, 4, 5, 6]},
    "slots": [{"time": "08:00", "label": "light"}],
}


def test_program_fills_a_series_and_moves_what_the_calendar_shows(
    shop: Community, api: ApiClient
) -> None:
    by = factories.staff(shop, "manager", "mo")
    group = factories.group(shop, "north")
    body = {"name": "Column", "rhythm": RHYTHM, "group_filter": {}, "staff_id": by.pk}
    wrong = api.post("/series", {**body, "rhythm": {"days": {}}})
    assert wrong.status == 422
    series = api.post("/series", body).body
    path = f"/series/{series['id']}"
    episode = api.post(f"{path}/episodes", {"text": "Hello"}).body
    assert api.post(f"{path}/start", {}).body["state"] == "running"
    upcoming = api.get(f"{path}/upcoming?days=2").body
    assert [each["episode_id"] for each in upcoming] == [episode["id"], None]
    today = datetime.now(UTC).date()
    shown = api.get(f"/content-calendar?first={today}&days=3").body
    entry = next(each for each in shown["entries"] if each["status"] == "planned")
    assert entry["group_ids"] == [group.pk]
    to = datetime.fromisoformat(entry["at"]) + timedelta(hours=1)
    moved = api.post(
        f"/content-calendar/entries/{entry['move_key']}/move", {"to": to.isoformat()}
    )
    assert moved.body["before"] == entry["at"]
    again = api.get(f"{path}/upcoming?days=2").body[0]
    assert (again["slot_at"], again["planned_at"]) != (again["planned_at"],) * 2
    slot = {"slot_at": again["slot_at"]}
    assert api.post(f"{path}/skip", slot).status == 204
    assert api.post(f"{path}/restore", slot).status == 204
    weeks = api.get(f"{path}/weeks?first={today}&last={today}").body
    assert weeks[0]["numbers"]["planned"] == 0
    limits = {"max_per_day": 2, "silent_days": 4, "target_mix": {"care": 100}}
    assert api.request("PUT", "/content-calendar/limits", limits).body == limits
    assert api.get("/content-calendar/best-hours").body["overall"]["hours"] == []
