"""Groups and their members through the API."""

from __future__ import annotations

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, create_client


def test_group_is_created_filled_and_changes_its_stage(
    shop: Community, api: ApiClient
) -> None:
    members = factories.members(shop, "m1", "m2", "m3")
    data = {"key": "g1", "name": "一群", "capacity": 2, "platform": "wecom"}
    path = f"/groups/{api.post('/groups', data).body['id']}"
    added = api.post(f"{path}/members", {"member_ids": members[:2], "role": "koc"})
    assert added.body == {"members_changed": 2}
    full = api.post(f"{path}/members", {"member_ids": members[2:]})
    assert (full.status, full.kind) == (409, "group-full")
    listed = api.list_all(f"{path}/members", 1)
    assert [row["member_id"] for row in listed] == members[:2]
    removed = api.post(f"{path}/members/remove", {"member_ids": members[:1]})
    assert removed.body == {"members_changed": 1}
    assert api.get(path).body["member_count"] == 1
    updated = api.patch(path, {"capacity": None, "name": "老客群"})
    assert (updated.body["capacity"], updated.body["name"]) == (None, "老客群")
    stage = api.post(f"{path}/stage", {"transition": "stabilize"}).body["stage"]
    assert api.post(f"{path}/stage", {"transition": "stabilize"}).status == 409
    assert [g["key"] for g in api.list_all(f"/groups?stage={stage}", 1)] == ["g1"]
    assert api.get("/groups?stage=growing").body["items"] == []
    assert api.get("/groups?stage=nonsense").status == 422


def test_staff_of_some_groups_see_no_others(shop: Community, api: ApiClient) -> None:
    one, two = (api.post("/groups", {"key": key}).body["id"] for key in ("g1", "g2"))
    scoped = create_client(shop, role="manager", groups=["g1"])
    assert [group["id"] for group in scoped.list_all("/groups", 5)] == [one]
    for method, path, data in (
        ("GET", f"/groups/{two}", None),
        ("PATCH", f"/groups/{two}", {"name": "x"}),
        ("POST", f"/groups/{two}/stage", {"transition": "stabilize"}),
        ("GET", f"/groups/{two}/members", None),
        ("POST", f"/groups/{two}/members", {"member_ids": [1]}),
        ("POST", f"/groups/{two}/members/remove", {"member_ids": [1]}),
    ):
        response = scoped.request(method, path, data)
        assert (response.status, response.kind) == (404, "group-not-found"), path


def test_scoped_staff_see_visible_members_of_a_group(
    shop: Community, api: ApiClient
) -> None:
    mine, other = factories.members(shop, "mine", "other")
    path = f"/groups/{api.post('/groups', {'key': 'g1'}).body['id']}"
    api.post(f"{path}/members", {"member_ids": [mine, other]})
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert scoped.get(path).body["member_count"] == 1
    listed = scoped.list_all(f"{path}/members", 1)
    assert [row["account_id"] for row in listed] == [mine]
    for operation in (f"{path}/members", f"{path}/members/remove"):
        response = scoped.post(operation, {"member_ids": [other]})
        assert response.kind == "member-not-found"


def test_groups_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    (member,) = factories.members(shop, "m1")
    path = f"/groups/{api.post('/groups', {'key': 'g1'}).body['id']}"
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/groups").body["items"] == []
    assert api.get(path).status == 200
    for method, operation, data in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/stage", {"transition": "stabilize"}),
        ("GET", f"{path}/members", None),
        ("POST", f"{path}/members", {"member_ids": [member]}),
        ("POST", f"{path}/members/remove", {"member_ids": [member]}),
    ):
        assert stranger.request(method, operation, data).status == 404, operation


def test_card_and_owner_are_set_and_read(shop: Community, api: ApiClient) -> None:
    """V1"""
    factories.staff(shop, login="lin")
    data = {"key": "g1", "card": {"whom": "parents"}, "owner_login": "lin"}
    created = api.post("/groups", data).body
    assert (created["card"]["whom"], created["owner_login"]) == ("parents", "lin")
    path = f"/groups/{created['id']}"
    updated = api.patch(path, {"card": {"value": "recipes"}, "owner_login": None}).body
    assert updated["card"] == {"whom": "parents", "value": "recipes", "rhythm": ""}
    assert updated["owner_login"] is None
    assert api.patch(path, {"owner_login": "nobody"}).kind == "staff-not-found"
    assert api.patch(path, {"card": {"colour": "red"}}).status == 422


def test_people_who_work_here_are_listed_but_not_counted(
    shop: Community, api: ApiClient
) -> None:
    """V2"""
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    path = f"/groups/{api.post('/groups', {'key': 'g1'}).body['id']}"
    api.post(f"{path}/members", {"member_ids": [ann], "role": "atmosphere"})
    api.post(f"{path}/members", {"member_ids": [bob, eve]})
    api.request("PUT", f"/members/{bob}/staff-account", {})
    group = api.get(path).body
    assert (group["member_count"], group["staff_count"]) == (1, 2)
    rows = api.list_all(f"{path}/members", 5)
    assert [row["works_here"] for row in rows] == [True, True, False]
    listed = api.get("/staff-accounts").body["items"]
    assert [(row["member_id"], row["is_marked"]) for row in listed] == [
        (ann, False),
        (bob, True),
    ]
    assert api.delete(f"/members/{bob}/staff-account").status == 204
    assert api.get(path).body["member_count"] == 2
    viewer = create_client(shop, role="viewer")
    assert viewer.request("PUT", f"/members/{bob}/staff-account", {}).status == 403
