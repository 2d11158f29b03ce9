"""Typed numbers and the notebook for programs."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, create_client

pytestmark = pytest.mark.django_db
DAY = "/typed-numbers/2026-03-06"


def put(api: ApiClient, path: str, *numbers: dict[str, Any]) -> Any:
    return api.request("PUT", path, {"numbers": list(numbers)})


def test_blocks_of_numbers_are_saved_listed_and_withdrawn(
    shop: Community, api: ApiClient
) -> None:
    north, south = factories.group(shop, "north").pk, factories.group(shop, "south").pk
    before = {"group_id": north, "members": 300}
    assert put(api, "/typed-numbers/2026-03-05", before).status == 200
    saved = put(
        api,
        DAY,
        {"group_id": north, "members": 302, "joins": 8, "leaves": 3},
        {"group_id": south, "members": 40, "messages": 0},
    )
    assert saved.status == 200, saved.body
    first, second = saved.body["groups"]
    assert first["typed"]["members"] == 302
    assert first["warnings"] == ["3 people short: a leave forgotten?"]
    assert second["typed"] == {
        "members": 40,
        "joins": None,
        "leaves": None,
        "speakers": None,
        "messages": 0,
    }
    assert second["measured"] is None
    assert second["unchecked"].startswith("Not checked: no number of members")
    assert saved.body["sums"][0] == {
        "field": "members",
        "value": 342,
        "origin": "typed",
    }
    put(api, DAY, {"group_id": north, "joins": None})
    path = f"/groups/{north}/typed-numbers"
    days = api.get(path).body["days"]
    assert [day["day"] for day in days] == ["2026-03-06", "2026-03-05"]
    assert days[0]["typed"]["joins"] is None
    history = api.get(f"{path}/history?day=2026-03-06").body["items"]
    assert [(row["field"], row["value"]) for row in history[:1]] == [("joins", None)]
    assert len(history) == 4


def test_missing_groups_and_the_hour_of_the_reminder(
    shop: Community, api: ApiClient
) -> None:
    north = factories.group(shop, "north").pk
    factories.group(shop, "south")
    put(api, "/typed-numbers/2026-03-05", {"group_id": north, "members": 300})
    missing = api.get("/typed-numbers/missing?day=2026-03-06").body
    assert missing == {"day": "2026-03-06", "group_ids": [north]}
    latest = api.get("/typed-numbers").body["days"]
    assert [(day["group_id"], day["day"]) for day in latest] == [(north, "2026-03-05")]
    hour = "/typed-numbers/reminder"
    assert api.request("PUT", hour, {"hour": 21}).body == {"hour": 21}
    assert api.request("PUT", hour, {"hour": 24}).status == 422
    assert (
        create_client(shop, "operator").request("PUT", hour, {"hour": 1}).status == 403
    )


def test_blocks_that_cannot_be_saved_save_nothing(
    shop: Community, api: ApiClient
) -> None:
    north = factories.group(shop, "north").pk
    good = {"group_id": north, "members": 5}
    for path, block, status in (
        (DAY, [good, {"group_id": 9_999, "members": 5}], 404),
        (DAY, [good, {"group_id": north, "joins": -1}], 422),
        (DAY, [good, {"group_id": north, "joins": 1_000_001}], 422),
        (DAY, [], 422),
        ("/typed-numbers/2099-01-01", [good], 422),
        ("/typed-numbers/2026-01-01", [good], 422),
    ):
        assert put(api, path, *block).status == status, path
    assert api.get(DAY).body["groups"][0]["typed"]["members"] is None
    viewer = create_client(shop, "viewer")
    assert viewer.get(DAY).status == 200
    assert put(viewer, DAY, good).status == 403


def test_notebook_entries_are_written_and_found(
    shop: Community, api: ApiClient
) -> None:
    benchmark = {"kind": "benchmark", "metric": "messages", "value": "12.50"}
    assert api.post("/notebook", benchmark).status == 422
    made = api.post("/notebook", benchmark | {"source": "Report", "day": "2026-03-05"})
    assert made.status == 201, made.body
    assert made.body["value"] == "12.5"
    rival = {"kind": "competitor", "who": "Rival", "title": "Sale", "tags": ["spring"]}
    api.post("/notebook", rival)
    found = api.get("/notebook?search=rival&tag=spring").body["items"]
    assert [entry["title"] for entry in found] == ["Sale"]
    path = f"/notebook/{made.body['id']}"
    assert api.request("PATCH", path, {"value": "13"}).body["value"] == "13"
    assert api.post(f"{path}/archive").body["state"] == "archived"
    assert len(api.get("/notebook").body["items"]) == 1
    assert api.delete(f"{path}/archive").body["state"] == "active"
