"""Materials and message templates of the API, in one walk."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, Response, create_client
from tests.outreach.content.pictures import picture

pytestmark = pytest.mark.django_db


def send_file(api: ApiClient, name: str, content: bytes) -> Response:
    boundary = "qunce-boundary"
    head = (
        f"--{boundary}\r\nContent-Disposition: form-data; "
        f'name="file"; filename="{name}"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return api.send_form("/materials/files", body, boundary)


def test_product_is_added_changed_used_and_archived(api: ApiClient) -> None:
    refused = send_file(api, "photo.jpg", picture())
    assert refused.status == 422
    assert "not what its name says" in refused.body["detail"]
    file = send_file(api, "photo.png", picture())
    assert (file.status, file.body["width"]) == (201, 60)
    given = {
        "kind": "product",
        "title": "Geisha",
        "price": 12_800,
        "url": "https://shop.example/geisha",
        "content_type": "offer",
        "stock": 3,
        "file_ids": [file.body["id"]],
    }
    incomplete = api.post("/materials", given | {"url": ""})
    assert incomplete.status == 422
    product = api.post("/materials", given)
    assert product.status == 201, product.body
    path = f"/materials/{product.body['id']}"
    first = product.body["version"]
    assert (first["currency"], first["files"][0]["name"]) == ("CNY", "photo.png")
    assert api.patch(path, {"title": "Geisha 200 g"}).body["version"]["number"] == 2
    assert [v["number"] for v in api.get(f"{path}/versions").body["items"]] == [2, 1]
    download = api.client.get(
        f"/api/v1/materials/files/{file.body['id']}",
        HTTP_AUTHORIZATION=f"Bearer {api.token}",
    )
    assert download.getvalue() == picture()
    assert download["X-Content-Type-Options"] == "nosniff"
    listed = api.list_all("/materials?search=geisha&kind=product", 1)
    assert [row["id"] for row in listed] == [product.body["id"]]
    draft = api.post(
        "/campaigns", {"name": "Offer", "material_version_ids": [first["id"]]}
    )
    assert draft.body["material_version_ids"] == [first["id"]]
    (use,) = api.get(f"{path}/uses").body["items"]
    assert (use["campaign_id"], use["version"]) == (draft.body["id"], 1)
    sold_out = api.patch(path, {"stock": 0}).body
    assert "is sold out" in sold_out["not_sendable"]
    assert api.post(f"{path}/archive").body["archived_at"]
    assert api.get("/materials").body["items"] == []
    assert api.delete(f"{path}/archive").body["archived_at"] is None
    unknown = {"name": "Offer 2", "material_version_ids": [999]}
    assert api.post("/campaigns", unknown).status == 404


def test_template_is_written_in_variants(shop: Community, api: ApiClient) -> None:
    factories.member(shop, "ann", name="Ann")
    given: dict[str, Any] = {"name": "Hello", "purpose": "welcome"}
    wrong = api.post("/message-templates", {**given, "texts": {"A": "Hi {nmae}"}})
    assert wrong.status == 422
    assert "Did you mean {name}?" in wrong.body["detail"]
    texts = {"A": "Hi {name|friend}", "B": "Hello {name|friend}"}
    created = api.post("/message-templates", {**given, "texts": texts})
    assert created.status == 201, created.body
    path = f"/message-templates/{created.body['id']}"
    changed = api.patch(path, {"texts": {"A": "Good day {name|friend}"}}).body
    ((text),) = changed["texts"]
    assert (text["variant"], text["number"]) == ("A", 2)
    draft = api.post(
        "/campaigns",
        {"name": "Hi", "text": text["text"], "template_version_id": text["id"]},
    ).body
    assert draft["template_version_id"] == text["id"]
    # Another text is not that of the template.
    edited = api.patch(f"/campaigns/{draft['id']}", {"text": "Hi"}).body
    assert edited["template_version_id"] is None
    assert api.get(f"{path}/results").body["items"] == []
    assert api.post(f"{path}/archive").body["archived_at"]
    assert api.get("/message-templates").body["items"] == []
    assert api.delete(f"{path}/archive").status == 200
    assert len(api.list_all("/message-templates?purpose=welcome", 1)) == 1


def test_nothing_of_a_file_is_read_from_who_may_not_add_it(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def receive(_self: object, data: bytes, _start: int) -> bytes:
        read.append(len(data))
        return data

    monkeypatch.setattr(MemoryFileUploadHandler, "receive_data_chunk", receive)
    viewer = create_client(shop, "viewer")
    assert send_file(viewer, "photo.png", picture()).status == 403
    assert not read
