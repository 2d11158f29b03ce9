"""The tag library through the API: all that the console can do."""

from __future__ import annotations

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import person_tags
from tests import factories
from tests.clients import ApiClient, create_client


def test_groups_have_naming_rules_and_creators(shop: Community, api: ApiClient) -> None:
    """K3."""
    rule = {"prefix": "exam:", "guidance": "Write exam:2026-12."}
    values = {"key": "exam", "exclusive": True, "creator_roles": ["operator"], **rule}
    group = api.post("/tag-groups", values).body
    assert (group["prefix"], group["automatic"]) == ("exam:", False)
    refused = api.post("/tags", {"key": "december", "group_id": group["id"]})
    assert (refused.status, "Write exam:2026-12." in str(refused.body)) == (422, True)
    path = f"/tag-groups/{group['id']}"
    changed = api.patch(path, {"guidance": "Month first.", "exclusive": False}).body
    assert changed == {**group, "guidance": "Month first.", "exclusive": False}
    assert api.get(path).body == changed
    assert api.patch(path, {"pattern": "("}).status == 422
    operator = create_client(shop, role="operator")
    assert (
        operator.post("/tags", {"key": "exam:1", "group_id": group["id"]}).status == 201
    )
    assert operator.patch(path, {"name": "Mine"}).status == 403


def test_tag_is_moved_owned_described_and_deepened(
    shop: Community, by: Staff, api: ApiClient
) -> None:
    factories.apply_tag(shop, "koc", *factories.members(shop, "m1"))
    factories.recorded_facts(shop, "tag.added")
    group = api.post("/tag-groups", {"key": "roles"}).body["id"]
    tag = api.get("/tags?key=koc").body["items"][0]["id"]
    values = {"group_id": group, "owner_id": by.pk, "description": "talks a lot"}
    changed = api.patch(f"/tags/{tag}", values).body
    assert {name: changed[name] for name in values} == values
    assert api.patch(f"/tags/{tag}", {"owner_id": None}).body["owner_id"] is None
    assert api.patch(f"/tags/{tag}", {"owner_id": 99_999}).status == 404
    assert api.patch(f"/tags/{tag}", {"group_id": None}).body["group_id"] is None
    assert api.patch(f"/tags/{tag}", {"deepened_by": ["tag.added"]}).status == 422
    assert api.get(f"/tags/{tag}").body["deepened_by"] == []


def test_synonyms_are_listed_and_removed(shop: Community, api: ApiClient) -> None:
    tag = api.post("/tags", {"key": "fan"}).body["id"]
    path = f"/tags/{tag}/synonyms"
    api.post(path, {"key": "friend/1"})
    assert api.get(f"/tags/{tag}").body["synonyms"] == ["friend/1"]
    assert api.delete(f"{path}?key=friend/1").status == 200
    assert api.delete(f"{path}?key=friend/1").status == 404
    assert api.get(f"/tags/{tag}").body["synonyms"] == []


def test_merge_is_in_the_batches_and_is_undone(shop: Community, api: ApiClient) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    old = api.post("/tags", {"key": "old"}).body["id"]
    new = api.post("/tags", {"key": "new"}).body["id"]
    api.post(f"/tags/{old}/members", {"member_ids": [ann, bob]})
    api.post(f"/tags/{new}/members", {"member_ids": [bob]})
    merged = api.post(f"/tags/{old}/merge", {"into_id": new}).body
    listed = api.get("/tag-batches?limit=1").body
    assert (listed["items"][0]["id"], listed["items"][0]["source"]) == (
        merged["id"],
        "merge",
    )
    assert len(api.list_all("/tag-batches", 1)) == 3
    changes = api.get(f"/tag-batches/{merged['id']}").body["changes"]
    assert {row["tag_id"]: (row["added"], row["removed"]) for row in changes} == {
        old: (0, 2),
        new: (1, 0),
    }
    assert api.post(f"/tag-batches/{merged['id']}/undo").body["undone_at"]
    assert person_tags.depths_of_person([ann]) == {"old": 1}
    assert person_tags.depths_of_person([bob]) == {"old": 1, "new": 1}


def test_report_and_templates(shop: Community, api: ApiClient) -> None:
    for key in ("loyal customer", "Loyal Customers"):
        factories.tag(shop, key)
    report = api.get("/tag-report").body
    (pair,) = report["duplicates"]
    assert {pair["tag"]["key"], pair["other"]["key"]} == {
        "loyal customer",
        "Loyal Customers",
    }
    assert len(report["unused"]) == 2
    other = {"other_id": pair["other"]["id"]}
    api.post(f"/tags/{pair['tag']['id']}/dismiss-duplicate", other)
    assert api.get("/tag-report").body["duplicates"] == []
    names = [row["name"] for row in api.get("/tag-templates").body]
    assert names == ["education", "ecommerce"]
    assert len(api.post("/tag-templates/education/apply").body) > 5
    assert api.post("/tag-templates/education/apply").body == []
    assert api.post("/tag-templates/farming/apply").status == 404
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["ann"]}})
    assert scoped.get("/tag-report").status == 403


def test_remark_names_follow_the_pattern(shop: Community, api: ApiClient) -> None:
    """K14."""
    (ann,) = factories.named_members(shop, "ann")
    assert api.get("/remark-pattern").body == {"text": "{name}", "max_length": 20}
    api.request("PUT", "/remark-pattern", {"text": "{key}-{name}", "max_length": 6})
    assert api.get(f"/members/{ann}/remark-name").body == {"remark_name": "ann-An"}
    assert api.request("PUT", "/remark-pattern", {"text": "{nobody}"}).status == 422
    assert api.get("/members/99999/remark-name").status == 404
