"""Scores through the API: the same numbers as on pages, and refusals with reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.core.communities import Community
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import ApiClient

PART: dict[str, Any] = {
    "name": "Orders",
    "area": "service",
    "kind": "order.paid",
    "within": "90d",
    "weight": 2.5,
    "cap": 4,
}
NOW = datetime.now(UTC)


def test_scores_are_written_previewed_and_read(shop: Community, api: ApiClient) -> None:
    (ann, _bob) = factories.members(
        shop, "ann", "bob", joined_at=NOW - timedelta(days=99)
    )
    factories.order(shop, "ann", 100, paid_at=NOW)
    deriver.catch_up()
    keys = [each["key"] for each in api.get("/scores").body]
    assert keys == ["activity", "loyalty"]
    spec = {"parts": [PART]}
    made = api.post("/scores", {"key": "fans", "name": "Fans", "spec": spec})
    assert (made.status, made.body["is_ready_made"]) == (201, False)
    assert made.body["formula"][0].startswith("Orders: 2.5 points for each time")
    found = api.get("/scores/fans/distribution?by=source").body
    assert (found["member_count"], found["median"]) == (2, None)
    counts = {each["least"]: each["member_count"] for each in found["bins"]}
    assert (counts["0.0"], counts["20.0"]) == (1, 1)
    assert sum(each["member_count"] for each in found["parts"]) == 2
    wider = {"parts": [PART | {"cap": 1}]}
    preview = api.post("/scores/preview", {"key": "fans", "spec": wider}).body
    assert (preview["higher"], preview["lower"]) == (1, 0)
    assert preview["after"]["bins"][-1]["member_count"] == 1
    mine = api.get(f"/members/{ann}/scores").body
    (own,) = (each for each in mine if each["key"] == "fans")
    assert (own["score"], own["score_before"]) == ("25.0", "0.0")
    assert own["parts"][0]["points"] == "2.5"
    api.patch("/scores/fans", {"spec": wider})
    detail = api.get("/scores/fans").body
    assert [each["spec"]["parts"][0]["cap"] for each in detail["versions"]] == [1, 4]
    rule = {"score": {"name": "fans", "eq": 100}}
    assert api.post("/rules/count", {"rule": rule}).body["count"] == 1
    assert api.delete("/scores/fans").status == 204
    assert api.get("/scores/fans").status == 404


def test_what_cannot_be_is_refused(shop: Community, api: ApiClient) -> None:
    body = {"key": "a/b", "name": "x", "spec": {"parts": [PART]}}
    assert api.post("/scores", body).status == 422
    bad = {**body, "key": "x", "spec": {"parts": [PART | {"cap": 0}]}}
    refused = api.post("/scores", bad)
    assert refused.status == 422
    assert "Part 1, “cap”" in refused.body["detail"]
    assert api.delete("/scores/activity").status == 409
    assert api.get("/scores/activity/distribution?day=2999-01-01").status == 422
    assert api.get("/scores/activity/distribution?day=2026-01-01").status == 200
