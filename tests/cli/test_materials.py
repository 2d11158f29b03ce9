from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from tests.cli.runner import Run
from tests.outreach.content.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)


def test_materials_are_added_listed_and_archived(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    words = ("materials", "add", "product", "Geisha", "--type", "offer")
    refused = run(*words, "--price", "128")
    assert refused.code == 2
    assert "needs a link or the page of a mini-program" in refused.errors
    shown = ("--url", "https://shop.example", "--file", str(photo), "--stock", "2")
    added = run(*words, "--price", "128", *shown, "--json").json
    pk = str(added["id"])
    shown_now = run("materials", "show", pk, "--json").json
    assert (shown_now["files"], shown_now["stock"]) == (["photo.png"], 2)
    assert run("materials", "set-stock", pk, "0").code == 0
    assert "is sold out" in run("materials", "list", "--search", "geisha").output
    assert run("materials", "archive", pk, "--json").json["campaigns"] == []
    assert run("materials", "list", "--json").json == {"materials": []}
    assert run("materials", "restore", pk).code == 0
    photo.rename(tmp_path / "photo.jpg")
    wrong = run(*words, "--price", "1", "--file", str(tmp_path / "photo.jpg"))
    assert "not what its name says" in wrong.errors


def test_message_templates_are_added_and_archived(run: Run, shop: Community) -> None:
    words = ("message-templates", "add", "welcome", "Hello", "--text", "Hi {name|you}")
    added = run(*words, "--text", "Hello {name|you}", "--json").json
    pk = str(added["id"])
    (listed,) = run("message-templates", "list", "--json").json["message_templates"]
    assert list(listed["texts"]) == ["A", "B"]
    assert "Hello {name|you}" in run("message-templates", "show", pk).output
    assert run("message-templates", "archive", pk).code == 0
    assert run("message-templates", "list", "--json").json == {"message_templates": []}
    assert run("message-templates", "restore", pk).code == 0
    assert run("message-templates", "add", "poem", "P", "--text", "x").code == 2
