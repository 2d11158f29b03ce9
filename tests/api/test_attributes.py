"""Attributes through the API."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from tests import factories
from tests.clients import ApiClient
from tests.factories import AT


@pytest.fixture
def postcode(shop: Community, api: ApiClient) -> Attribute:
    about: dict[str, Any] = {"by": factories.staff(shop, login="eve"), "at": AT}
    created = attributes.define(community=shop, name="postcode", type="text", **about)
    ids = factories.members(shop, "ann", "bob")
    values = dict(zip(ids, ("730000", "A-12"), strict=True))
    attributes.set_values(attribute=created, values=values, **about)
    return created


def test_type_is_changed_after_a_dry_run(api: ApiClient, postcode: Attribute) -> None:
    path = f"/attributes/{postcode.pk}/type"
    seen = api.post(path, {"type": "number", "dry_run": True})
    assert seen.status == 200, seen.body
    assert (seen.body["converted"], seen.body["unreadable"]) == (1, 1)
    assert any("“A-12” (bob)" in note for note in seen.body["notes"])
    refused = api.post(path, {"type": "number"})
    assert (refused.status, refused.kind) == (409, "unreadable-values")
    (row,) = api.get("/attributes").body["items"]
    assert (row["name"], row["type"]) == ("postcode", "text")
    done = api.post(path, {"type": "number", "drop_unreadable": True})
    assert done.body["attribute"]["type"] == "number"
    assert api.get("/attributes").body["items"][0]["type"] == "number"


def test_unknown_attribute_or_type_is_rejected(
    api: ApiClient, postcode: Attribute
) -> None:
    assert api.post("/attributes/999/type", {"type": "number"}).status == 404
    path = f"/attributes/{postcode.pk}/type"
    assert api.post(path, {"type": "poem"}).status == 422
    assert api.post(path, {"type": "choice"}).status == 200


def test_attribute_is_created_changed_and_has_a_history(
    shop: Community, api: ApiClient
) -> None:
    member = factories.member(shop, "cy")
    created = api.post("/attributes", {"name": "size", "type": "choice"})
    assert created.status == 201, created.body
    path = f"/attributes/{created.body['id']}"
    changes = {"label": "Shoe size", "section": "product", "choices": ["40", "41"]}
    assert api.patch(path, changes).body["choices"] == ["40", "41"]
    assert api.get(path).body["label"] == "Shoe size"
    assert api.post("/attributes", {"name": "size", "type": "text"}).status == 409
    for value in ("40", "41"):
        api.patch(f"/members/{member.pk}", {"attributes": {"size": value}})
    (past,) = api.get(f"/members/{member.pk}{path}/history").body
    assert (past["value"], past["source"]) == ("40", "api")
