"""Tags through the API."""

from __future__ import annotations

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, create_client


def test_tag_is_created_applied_undone_archived_and_merged(
    shop: Community, api: ApiClient
) -> None:
    members = factories.members(shop, "m1", "m2", "m3")
    group = api.post("/tag-groups", {"key": "roles", "exclusive": True}).body["id"]
    koc = api.post("/tags", {"key": "koc", "name": "KOC", "group_id": group}).body["id"]
    fan = api.post("/tags", {"key": "fan"}).body["id"]
    path = f"/tags/{koc}/members"
    applied = api.post(path, {"member_ids": members[:2], "note": "fair"})
    assert applied.body["members_changed"] == 2
    assert api.get(f"/tags/{koc}").body["member_count"] == 2
    assert [row["key"] for row in api.list_all(path, 1)] == ["m1", "m2"]
    removed = api.post(f"{path}/remove", {"member_ids": members[:1]})
    assert removed.body["members_changed"] == 1
    batch = f"/tag-batches/{removed.body['id']}"
    assert api.post(f"{batch}/undo").body["undone_at"]
    assert api.post(f"{batch}/undo").status == 409
    assert api.patch(f"/tags/{koc}", {"name": "Key"}).body["name"] == "Key"
    assert api.post(f"/tags/{koc}/archive").body["state"] == "archived"
    assert [tag["key"] for tag in api.list_all("/tags", 5)] == ["fan"]
    assert [tag["key"] for tag in api.list_all("/tags?archived=true", 5)] == ["koc"]
    assert api.delete(f"/tags/{koc}/archive").body["state"] == "active"
    api.post(f"/tags/{fan}/synonyms", {"key": "friend"})
    assert api.get("/tags?key=friend").body["items"][0]["id"] == fan
    assert api.post(f"/tags/{fan}/merge", {"into_id": koc}).status == 200
    assert api.get(f"/tags/{fan}").status == 404
    in_group = api.list_all(f"/tags?group_id={group}", 1)
    assert [tag["key"] for tag in in_group] == ["koc"]
    assert len(api.list_all("/tag-groups", 1)) == 1


def test_scoped_staff_tag_visible_members_only(shop: Community, api: ApiClient) -> None:
    mine, other = factories.members(shop, "mine", "other")
    path = f"/tags/{api.post('/tags', {'key': 'koc'}).body['id']}"
    batch = api.post(f"{path}/members", {"member_ids": [mine, other]}).body["id"]
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert scoped.get(path).body["member_count"] == 1
    assert len(scoped.get(f"{path}/members").body["items"]) == 1
    for operation in (f"{path}/members", f"{path}/members/remove"):
        response = scoped.post(operation, {"member_ids": [mine, other]})
        assert (response.status, response.kind) == (404, "member-not-found")
    assert scoped.post(f"/tag-batches/{batch}/undo").status == 404
    own = scoped.post(f"{path}/members/remove", {"member_ids": [mine]}).body["id"]
    assert scoped.post(f"/tag-batches/{own}/undo").status == 200


def test_tags_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    (member,) = factories.members(shop, "m1")
    path = f"/tags/{api.post('/tags', {'key': 'koc'}).body['id']}"
    api.post("/tag-groups", {"key": "roles"})
    batch = api.post(f"{path}/members", {"member_ids": [member]}).body["id"]
    stranger = create_client(factories.community("elsewhere"))
    for resource in ("/tags", "/tag-groups"):
        assert stranger.get(resource).body["items"] == []
        assert api.get(resource).body["items"] != []
    for method, operation, data in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/archive", {}),
        ("DELETE", f"{path}/archive", None),
        ("POST", f"{path}/synonyms", {"key": "x"}),
        ("POST", f"{path}/merge", {"into_id": 1}),
        ("GET", f"{path}/members", None),
        ("POST", f"{path}/members", {"member_ids": [member]}),
        ("POST", f"{path}/members/remove", {"member_ids": [member]}),
        ("POST", f"/tag-batches/{batch}/undo", {}),
    ):
        assert stranger.request(method, operation, data).status == 404, operation


def test_depths_and_levels_are_changed_and_a_merge_is_undone(
    shop: Community, api: ApiClient
) -> None:
    """K6, K3."""
    (ann,) = factories.members(shop, "ann")
    helped = api.post("/tags", {"key": "helped"}).body["id"]
    path = f"/tags/{helped}/members"
    levels = [{"depth": 1, "name": "helper"}, {"depth": 3, "name": "pillar"}]
    assert api.patch(f"/tags/{helped}", {"levels": levels}).body["levels"] == levels
    assert api.get(f"/tags/{helped}").body["levels"] == levels
    for change, depth in (
        ({"add_depth": 2}, 2),
        ({"add_depth": 1}, 3),
        ({"depth": 5}, 5),
        ({}, 5),
        ({"depth": 0}, None),
        ({"add_depth": 1}, 1),
    ):
        assert api.post(path, {"member_ids": [ann], **change}).status == 200
        assert api.get(f"/members/{ann}").body["tags"].get("helped") == depth
    both = {"member_ids": [ann], "depth": 1, "add_depth": 1}
    assert api.post(path, both).status == 422
    assert api.patch(f"/tags/{helped}", {"levels": levels[::-1]}).status == 422

    other = api.post("/tags", {"key": "aided"}).body["id"]
    merge = api.post(f"/tags/{helped}/merge", {"into_id": other}).body["id"]
    assert api.get(f"/members/{ann}").body["tags"] == {"aided": 1}
    assert api.post(f"/tag-batches/{merge}/undo").status == 200
    assert api.get(f"/members/{ann}").body["tags"] == {"helped": 1}
    assert api.get("/tags?key=helped").body["items"][0]["id"] == helped
