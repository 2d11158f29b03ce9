"""The pages of materials, products and message templates, without a browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content import files, message_templates
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import Material
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.factories import AT, EVERYONE
from tests.outreach.content.pictures import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def client(owner: Staff) -> Client:
    return clients.browser(owner)


def page(response: Any) -> str:
    return str(response.content.decode())


def upload(name: str, content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or picture())


FORM = {"title": "Poster", "content_type": "offer", "text": "Saturday ☀️\r\n\r\nTen"}


def test_picture_is_added_kept_while_another_field_is_wrong_and_replaced(
    client: Client,
) -> None:
    new = "/outreach/materials/new/?kind=image"
    wrong = client.post(new, FORM | {"title": "", "upload": upload("a.png")})
    assert wrong.status_code == 422
    (kept,) = StoredFile.objects.all()
    assert f'name="files" value="{kept.pk}" checked' in page(wrong)
    refused = client.post(new, FORM | {"files": [kept.pk], "upload": upload("b.jpg")})
    assert "not what its name says" in page(refused)
    saved = client.post(new, FORM | {"files": [kept.pk], "tags": "a，b"})
    material = Material.objects.get()
    assert saved["Location"] == f"/outreach/materials/{material.pk}/"
    version = library.list_versions(material)[0]
    assert (version.text, version.files) == ("Saturday ☀️\n\nTen", [kept])
    assert material.tags == ["a", "b"]
    edited = FORM | {"upload": [upload("c.png"), upload("d.png")]}
    client.post(f"/outreach/materials/{material.pk}/edit/", edited)
    newest, _oldest = library.list_versions(material)
    assert [file.name for file in newest.files] == ["c.png", "d.png"]
    shown = page(client.get(f"/outreach/materials/{material.pk}/?version=1"))
    assert "This is version 1." in shown and "a.png" in shown


def test_files_are_served_so_that_nothing_in_them_can_act(
    client: Client, owner: Staff
) -> None:
    stored = [
        files.store(content=upload(name, content).file, name=name, by=owner, at=AT)  # type: ignore[arg-type]
        for name, content in (("a.png", b""), ("b.txt", b"<script>alert(1)</script>"))
    ]
    for file, disposition, media_type in zip(
        stored, ("inline", "attachment"), ("image/png", "text/plain"), strict=True
    ):
        response = client.get(f"/outreach/materials/files/{file.pk}/")
        assert response["Content-Type"].startswith(media_type)
        assert response["Content-Disposition"].startswith(disposition)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert "script-src" not in response["Content-Security-Policy"]
    small = client.get(f"/outreach/materials/files/{stored[0].pk}/thumbnail/")
    assert small["Content-Type"] == "image/webp"
    none = client.get(f"/outreach/materials/files/{stored[1].pk}/thumbnail/")
    assert none.status_code == 404
    stranger = factories.staff(factories.community("other"), login="eve")
    hidden = clients.browser(stranger).get(f"/outreach/materials/files/{stored[0].pk}/")
    assert hidden.status_code == 404
    files.path_of(stored[0]).unlink()
    gone = client.get(f"/outreach/materials/files/{stored[0].pk}/")
    assert gone.status_code == 404
    assert "Restore it from a backup" in page(gone)


def test_upload_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    response = client.generic(
        "POST",
        "/outreach/materials/new/?kind=image",
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(10**12),
    )
    assert response.status_code == 422
    assert "larger than 200 MB" in page(response)


def test_product_that_is_sold_out_is_stopped_everywhere(
    client: Client, owner: Staff, shop: Community
) -> None:
    factories.members(shop, "ann", "bob")
    deriver.catch_up()
    product = library.create(
        community=shop,
        kind="product",
        title="Geisha",
        price=12_800,
        url="https://shop.example",
        content_type="offer",
        by=owner,
        at=AT,
    )
    versions: dict[str, Any] = {"materials": [product.current_id], "text": ""}
    campaign = factories.started_campaign(owner, **versions)
    task = factories.task(campaign, owner)
    draft = factories.campaign(owner, rule=EVERYONE, **versions)
    opened = client.post(f"/outreach/tasks/{task.pk}/next/", follow=True)
    assert "Copy link" in page(opened) and "Geisha\nhttps" in page(opened)
    album = "/outreach/materials/products/"
    assert "Use in a message" in page(client.get(album))
    client.post(f"/outreach/materials/{product.pk}/stock/", {"stock": "0"})
    shown = page(client.get(album))
    assert "sold out" in shown and "Use in a message" not in shown
    review = client.get(f"/outreach/{draft.pk}/review/")
    assert "“Geisha” is sold out and cannot be sent." in page(review)
    refused = client.post(f"/outreach/tasks/{task.pk}/next/")
    assert refused.status_code == 403
    uses = page(client.get(f"/outreach/materials/{product.pk}/"))
    assert "2 campaigns use it." in uses


def test_template_is_written_previewed_and_used_in_a_campaign(
    client: Client, owner: Staff, shop: Community
) -> None:
    factories.member(shop, "ann", name="Ann")
    deriver.catch_up()
    form = {
        "name": "Welcome",
        "purpose": "welcome",
        "target": "members",
        "text_A": "Hello {nmae}",
    }
    wrong = client.post("/outreach/templates/new/", form)
    assert "There is no variable {nmae}. Did you mean {name}?" in page(wrong)
    lines = form | {"text_A": "Hello\r\n{name|friend}", "name": ""}
    shown = page(client.post("/outreach/templates/new/", lines))
    assert "of 4,000 characters" in shown
    assert "cannot be sent" not in shown
    texts = {"text_A": "Hello {name|friend}", "text_B": "Good day {name|friend} 👋"}
    preview = client.post("/outreach/templates/preview/", form | texts | {"as": "ann"})
    assert "Good day Ann 👋" in page(preview)
    assert "14 of 4,000 characters" in page(preview)
    client.post("/outreach/templates/new/", form | texts)
    template = message_templates.MessageTemplate.objects.get()
    version = template.texts["B"]
    campaign_form = page(client.get(f"/outreach/new/?template={version.pk}"))
    assert f'name="template_version" value="{version.pk}"' in campaign_form
    chosen = {
        "name": "Hi",
        "target": "members",
        "audience": "all",
        "text": version.text,
        "template_version": str(version.pk),
        "staff": [str(owner.pk)],
        "save_draft": "1",
    }
    client.post("/outreach/new/", chosen)
    campaign = Campaign.objects.get()
    assert campaign.template_version == version
    # Without its text the variant goes out of use, and the campaign keeps it.
    client.post(f"/outreach/templates/{template.pk}/edit/", form | {"text_A": "Hi"})
    template.refresh_from_db()
    assert (template.variants, campaign.text) == ("A", version.text)
    found = page(client.get("/outreach/templates/?q=wel&purpose=welcome"))
    assert "Welcome" in found
    assert "Welcome" not in page(client.get("/outreach/templates/?purpose=rules"))
