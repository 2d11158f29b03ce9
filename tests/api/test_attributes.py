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


@pytest.mark.both_databases
def test_type_is_changed_after_a_dry_run(api: ApiClient, postcode: Attribute) -> None:
    path = f"/attributes/{postcode.pk}"
    seen = api.patch(path, {"type": "number", "dry_run": True})
    assert seen.status == 200, seen.body
    assert (seen.body["converted"], seen.body["unreadable"]) == (1, 1)
    assert any("“A-12” (bob)" in note for note in seen.body["notes"])
    refused = api.patch(path, {"type": "number"})
    assert (refused.status, refused.kind) == (409, "unreadable-values")
    (row,) = api.get("/attributes").body["items"]
    assert (row["name"], row["type"]) == ("postcode", "text")
    done = api.patch(path, {"type": "number", "drop_unreadable": True})
    assert done.body["attribute"]["type"] == "number"
    assert api.get("/attributes").body["items"][0]["type"] == "number"


def test_unknown_attribute_or_type_is_rejected(
    api: ApiClient, postcode: Attribute
) -> None:
    assert api.patch("/attributes/999", {"type": "number"}).status == 404
    path = f"/attributes/{postcode.pk}"
    assert api.patch(path, {"type": "poem"}).status == 422
    assert api.patch(path, {"type": "choice"}).status == 200
