"""Segments, frozen segments and rules through the API."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from qunce.core import community_days
from qunce.core.communities import Community
from qunce.members.segments import segments, watches
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT

KOC = {"tag": {"any": ["koc"]}}
EVERYONE: dict[str, Any] = {"all": []}


def test_segment_is_counted_listed_explained_and_frozen(
    shop: Community, api: ApiClient
) -> None:
    members = factories.members(shop, "m1", "m2", "m3")
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    api.post(f"/tags/{tag}/members", {"member_ids": members[:2]})
    created = api.post("/segments", {"key": "kocs", "rule": KOC})
    assert created.status == 201
    path = f"/segments/{created.body['id']}"
    assert api.get(f"{path}/count").body == {"count": 2}
    assert [row["key"] for row in api.list_all(f"{path}/members", 1)] == ["m1", "m2"]
    explanation = api.get(f"{path}/explain?member_id={members[2]}").body
    assert explanation["matches"] is False
    assert [reason["path"] for reason in explanation["reasons"]] == ["", "tag"]
    frozen = api.post(f"{path}/frozen-segments", {"key": "march"}).body
    assert frozen["member_count"] == 2
    api.patch(path, {"rule": {"not": KOC}})
    assert api.get(f"{path}/count").body == {"count": 1}
    assert len(api.list_all(f"/frozen-segments/{frozen['id']}/members", 1)) == 2
    assert api.post(f"{path}/archive").body["state"] == "archived"
    assert api.get("/segments").body["items"] == []
    assert api.delete(f"{path}/archive").body["state"] == "active"
    assert api.get(path).body["rule"] == {"not": KOC}


def test_rule_is_counted_listed_explained_and_compared(
    shop: Community, api: ApiClient
) -> None:
    members = factories.members(shop, "m1", "m2", "m3")
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    api.post(f"/tags/{tag}/members", {"member_ids": members[:2]})
    assert api.post("/rules/count", {"rule": KOC}).body == {"count": 2}
    page = api.post("/rules/members", {"rule": KOC, "limit": 1}).body
    rest = api.post("/rules/members", {"rule": KOC, "after": page["next"]}).body
    assert [row["key"] for row in page["items"] + rest["items"]] == ["m1", "m2"]
    both = {"left": KOC, "right": EVERYONE}
    overlap = api.post("/rules/overlap", both).body
    assert overlap == {"left_only": 0, "both": 2, "right_only": 1}
    for member, matches in ((members[0], True), (members[2], False)):
        data = {"rule": KOC, "member_id": member}
        assert api.post("/rules/explain", data).body["matches"] is matches


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"nope": 1},
        {"all": {}},
        {"tag": {"any": ["nope"]}},
        {"segment": {"any": ["self"]}},
        {"all": [{"not": {"not": {"any": 7}}}]},
        {"did": {"kind": "x.y", "within": "-1d"}},
        {"members": {"keys": [1]}},
    ],
)
def test_invalid_rule_is_rejected(api: ApiClient, rule: Any) -> None:
    for path in ("/rules/count", "/rules/members"):
        assert api.post(path, {"rule": rule}).status in (404, 422), rule
    assert api.post("/segments", {"key": "self", "rule": rule}).status in (404, 422)


def test_read_scope_is_enough_to_count(shop: Community) -> None:
    reader = create_client(shop, role="viewer", scopes=["segments:read"])
    assert reader.post("/rules/count", {"rule": EVERYONE}).status == 200
    assert reader.post("/segments", {"key": "s", "rule": EVERYONE}).status == 403


def test_scoped_staff_count_and_list_visible_members_only(
    shop: Community, api: ApiClient
) -> None:
    factories.members(shop, "mine", "other")
    segment = api.post("/segments", {"key": "all", "rule": EVERYONE}).body["id"]
    path = f"/segments/{segment}"
    frozen = api.post(f"{path}/frozen-segments", {"key": "march"}).body["id"]
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    for client, count in ((api, 2), (scoped, 1)):
        assert client.get(f"{path}/count").body == {"count": count}
        assert len(client.list_all(f"{path}/members", 5)) == count
        assert len(client.list_all(f"/frozen-segments/{frozen}/members", 5)) == count
        rule_members = client.post("/rules/members", {"rule": EVERYONE}).body
        assert len(rule_members["items"]) == count
        both: dict[str, Any] = {"left": EVERYONE, "right": {"any": []}}
        overlap = client.post("/rules/overlap", both).body
        assert overlap == {"left_only": count, "both": 0, "right_only": 0}
    hidden = scoped.get(f"{path}/explain?member_id=2")
    assert (hidden.status, hidden.kind) == (404, "member-not-found")
    own = scoped.post(f"{path}/frozen-segments", {"key": "mine"})
    assert own.body["member_count"] == 1


def test_segments_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    (member,) = factories.members(shop, "m1")
    segment = api.post("/segments", {"key": "s", "rule": EVERYONE}).body["id"]
    path = f"/segments/{segment}"
    frozen = api.post(f"{path}/frozen-segments", {"key": "f"}).body["id"]
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/segments").body["items"] == []
    assert api.get(path).status == 200
    for method, operation, data in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/archive", {}),
        ("DELETE", f"{path}/archive", None),
        ("PUT", f"{path}/watch", None),
        ("DELETE", f"{path}/watch", None),
        ("GET", f"{path}/count", None),
        ("GET", f"{path}/members", None),
        ("GET", f"{path}/explain?member_id={member}", None),
        ("POST", f"{path}/frozen-segments", {"key": "x"}),
        ("GET", f"/frozen-segments/{frozen}/members", None),
    ):
        assert stranger.request(method, operation, data).status == 404, operation


def test_sizes_and_members_of_a_segment_are_exported(
    shop: Community, api: ApiClient
) -> None:
    """K8: the size over time, and a file that keeps the depth of tags."""
    factories.members(shop, "ann", "bob")
    for _time in range(2):
        factories.apply_tag(shop, "vip", "ann")
    segment = factories.segment(shop, "loyal", {"tag": {"any": ["vip"]}})
    segments.record_sizes(community=shop, at=AT)
    path = f"/segments/{segment.pk}"
    assert api.get(f"{path}/sizes").body == [
        {"day": f"{shop_date(shop)}", "member_count": 1, "entered": 0, "left": 0}
    ]
    assert api.get(f"{path}/sizes?since=2999-01-01").body == []
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["bob"]}})
    assert scoped.get(f"{path}/sizes").body == []
    rows = csv.DictReader(io.StringIO(api.text(f"{path}/export")))
    (row,) = list(rows)
    assert "vip" in "".join(map(str, row.values()))
    assert "ann" in "".join(map(str, row.values()))
    viewer = create_client(shop, role="viewer")
    assert viewer.get(f"{path}/export").status == 403
    assert len(list(csv.reader(io.StringIO(scoped.text(f"{path}/export"))))) == 1


def shop_date(shop: Community) -> date:
    return community_days.to_date(shop.day(AT))


def test_a_segment_is_watched_until_it_is_not(shop: Community, api: ApiClient) -> None:
    """K8: entries and exits by day."""
    factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "vip", "ann")
    segment = factories.segment(shop, "vips", {"tag": {"any": ["vip"]}})
    path = f"/segments/{segment.pk}"
    assert api.get(path).body["watched_since"] is None
    assert api.request("PUT", f"{path}/watch").body["watched_since"]
    factories.apply_tag(shop, "vip", "bob")
    watches.check_all(at=AT)
    (day,) = api.get(f"{path}/sizes").body
    assert (day["member_count"], day["entered"], day["left"]) == (2, 1, 0)
    viewer = create_client(shop, role="viewer")
    assert viewer.request("DELETE", f"{path}/watch").status == 403
    assert api.delete(f"{path}/watch").body["watched_since"] is None
