"""Materials: versions that never change, licences, stock, search; what is sent of them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qunce.channels import channel_contract
from qunce.channels.assisted import AssistedChannel
from qunce.channels.channel_contract import AttachmentKind, Capabilities, LengthUnit
from qunce.channels.testing import FakeChannel
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content import compose, file_checks, files
from qunce.outreach.content.materials import checks, library, search
from qunce.outreach.content.materials.models import (
    InvalidMaterial,
    Material,
    MaterialNotFound,
    MaterialNotSendable,
)
from qunce.outreach.content.materials.search import Filters
from tests import factories
from tests.factories import AT
from tests.outreach.content.pictures import picture

pytestmark = pytest.mark.django_db


def create(by: Staff, kind: str = "text", **fields: Any) -> Material:
    defaults = {"title": "Morning", "text": "Hello", "content_type": "care"}
    return library.create(
        community=by.community, kind=kind, by=by, at=AT, **{**defaults, **fields}
    )


def stored(by: Staff, name: str = "a.png") -> files.StoredFile:
    return files.store(content=io.BytesIO(picture()), name=name, by=by, at=AT)


PRODUCT = {
    "title": "Geisha 200 g",
    "price": 12_800,
    "url": "https://shop.example/geisha",
    "points": "Washed\nPanama",
    "text": "Roasted on Mondays.",
}


def test_new_content_is_a_new_version_and_the_old_one_stays(by: Staff) -> None:
    text = "早安 👩‍👩‍👧\r\n\r\n  两个空格 \n"
    material = create(by, text=text, tags=["早安", " 早安 ", ""], folder=" 日常 ")
    first = material.version
    assert first.text == "早安 👩‍👩‍👧\n\n  两个空格 \n"
    assert (material.tags, material.folder) == (["早安"], "日常")
    assert library.update(material=material, text="Good day", by=by, at=AT) == ["text"]
    assert library.update(material=material, text="Good day", by=by, at=AT) == []
    # What is no content makes no version.
    assert library.update(material=material, folder="x", by=by, at=AT) == ["folder"]
    assert [v.number for v in library.list_versions(material)] == [2, 1]
    (kept,) = library.get_versions(by.community, [first.pk])
    assert kept.text == first.text


INCOMPLETE: list[tuple[str, dict[str, Any], str]] = [
    ("text", {"text": ""}, "needs the text"),
    ("text", {"title": " "}, "Give the material a name"),
    ("text", {"text": "x" * 10_001}, "at most 10,000 characters; it has 10,001"),
    ("text", {"text": "a\0b"}, "character that cannot be sent"),
    ("text", {"content_type": "poem"}, "Choose a content type"),
    ("text", {"stock": 3}, "Only products have a stock"),
    ("poem", {}, "no kind of material “poem”"),
    ("image", {}, "needs a file"),
    ("link", {"url": "javascript:alert(1)"}, "is not a complete link"),
    ("link", {"url": "https://"}, "is not a complete link"),
    ("link", {"url": "http://[half"}, "is not a complete link"),
    ("video", {}, "needs a file or a link"),
    ("mini_program", {"app_id": "wx1"}, "needs the page of a mini-program"),
    ("mini_program", {"app_id": "w x", "app_path": "p"}, "letters and digits only"),
    ("mini_program", {"app_id": "w", "app_path": "https://x"}, "is a path"),
    ("product", {"url": "https://x.example"}, "needs a price"),
    ("product", PRODUCT | {"price": -1}, "A price must be 0 or more"),
    ("product", PRODUCT | {"stock": -1}, "A stock must be 0 or more"),
]


def test_incomplete_material_is_refused_with_a_sentence(by: Staff) -> None:
    for kind, fields, sentence in INCOMPLETE:
        with pytest.raises(errors.Invalid, match=sentence):
            create(by, kind, **fields)
    assert not Material.objects.exists()


def test_files_must_fit_the_kind(by: Staff) -> None:
    ten = [stored(by, f"{n}.png") for n in range(10)]
    with pytest.raises(InvalidMaterial, match="can have 9 files"):
        create(by, "image", files=ten)
    with pytest.raises(InvalidMaterial, match="is not a file of the kind “video”"):
        create(by, "video", files=ten[:1])
    material = create(by, "image", files=[ten[2], ten[1]])
    assert [file.name for file in library.get(by=by, pk=material.pk).version.files] == [
        "2.png",
        "1.png",
    ]
    # A file in use is not deleted.
    files.prune(at=AT + timedelta(days=9))
    assert files.StoredFile.objects.count() == 2


def test_doctor_finds_files_of_materials_that_are_not_on_the_disk(by: Staff) -> None:
    unused, used = stored(by, "unused.png"), stored(by, "used.png")
    create(by, "image", files=[used])
    assert list(file_checks.check_files()) == []
    # Both have the same content, and only one of them is needed.
    files.path_of(unused).unlink()
    (finding,) = file_checks.check_files()
    assert "“used.png” is missing on the disk" in finding.text


def test_archived_expired_and_sold_out_materials_cannot_be_sent(
    by: Staff, shop: Community
) -> None:
    shop.timezone = "Asia/Shanghai"
    shop.save()
    material = create(by, licence_until=date(2026, 3, 5))
    # The last day ends at midnight of the community.
    last = datetime(2026, 3, 5, 15, 59, tzinfo=UTC)
    checks.check_sendable(material.version, last)
    with pytest.raises(MaterialNotSendable, match="ended on 2026-03-05"):
        checks.check_sendable(material.version, last + timedelta(minutes=1))
    assert search.licence_state(material, AT) == "ending"
    library.archive(material=material, by=by, at=AT)
    with pytest.raises(MaterialNotSendable, match="is archived"):
        checks.check_sendable(material.version, AT)
    library.restore(material=material, by=by, at=AT)
    checks.check_sendable(material.version, AT)
    product = create(by, "product", **PRODUCT, stock=1)
    checks.check_sendable(product.version, AT)
    library.update(material=product, stock=0, by=by, at=AT)
    assert product.version.number == 1
    with pytest.raises(MaterialNotSendable, match="is sold out"):
        checks.check_sendable(product.version, AT)


def test_materials_belong_to_a_community_and_need_a_permission(by: Staff) -> None:
    material = create(by)
    stranger = factories.staff(factories.community("other"), login="eve")
    with pytest.raises(MaterialNotFound):
        library.get(by=stranger, pk=material.pk)
    with pytest.raises(MaterialNotFound):
        library.update(material=material, title="x", by=stranger, at=AT)
    viewer = factories.staff(by.community, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        library.archive(material=material, by=viewer, at=AT)
    assert search.find(viewer, Filters(), at=AT) == [material]


SEARCHES = [
    ("", ["Geisha 200 g", "咖啡知识"]),
    ("kafei", ["咖啡知识"]),
    ("kfzs", ["咖啡知识"]),
    ("rumen", ["咖啡知识"]),
    ("手冲 水温", ["咖啡知识"]),
    ("手冲 pan", []),
    ("PANAMA", ["Geisha 200 g"]),
    ("shop.example", ["Geisha 200 g"]),
    ("photo.png", ["Geisha 200 g"]),
]


def test_search_finds_words_of_any_text_and_pinyin_of_names(by: Staff) -> None:
    create(
        by, title="咖啡知识", text="手冲的水温", tags=["入门"], content_type="knowledge"
    )
    create(by, "product", **PRODUCT, files=[stored(by, "photo.png")], folder="Beans")
    for query, found in SEARCHES:
        named = search.find(by, Filters(query=query), at=AT)
        assert [material.version.title for material in named] == found, query


def test_filters_are_joined(by: Staff) -> None:
    offer = create(by, title="a", content_type="offer", folder="F", tags=["t"])
    create(by, title="b", content_type="offer", folder="G", tags=["t"])
    gone = create(by, title="c", content_type="offer", folder="F", tags=["t"])
    library.archive(material=gone, by=by, at=AT)
    chosen = Filters(kind="text", content_type="offer", folder="F", tag="t")
    assert search.find(by, chosen, at=AT) == [offer]
    assert search.find(by, Filters(state="archived"), at=AT) == [gone]
    assert search.find(by, Filters(licence="expired"), at=AT) == []


def parts(*materials: Material, text: str = "Hi") -> list[tuple[str | None, str]]:
    versions = [material.version for material in materials]
    composed = compose.compose(text, versions, channel=AssistedChannel())
    assert composed.problems == ()
    return [(part.kind, part.text) for part in composed.parts]


def test_staff_get_the_parts_one_after_the_other(by: Staff) -> None:
    picture_set = create(by, "image", files=[stored(by)], text="By the window")
    product = create(by, "product", **PRODUCT)
    card = create(by, "mini_program", app_id="wx1", app_path="pages/a?b=1", text="")
    assert parts(create(by), picture_set, product, card) == [
        (None, "Hi"),
        (None, "Hello"),
        ("image", "a.png"),
        (None, "By the window"),
        (
            None,
            "Geisha 200 g\nCNY 128.00\n· Washed\n· Panama\nRoasted on Mondays.",
        ),
        ("link", "Geisha 200 g\nhttps://shop.example/geisha"),
        ("mini_program", "pages/a?b=1"),
    ]


def test_channels_get_attachments_and_links_as_text_where_they_have_no_cards(
    by: Staff,
) -> None:
    versions = [
        create(by, "image", files=[stored(by)], text="").version,
        create(by, "link", url="https://a.example", text="").version,
    ]
    plain = FakeChannel(capabilities=Capabilities(to_member=True), label="plain")
    composed = compose.compose("Hi", versions, channel=plain)
    assert composed.problems == ("“plain” cannot send pictures.",)
    composed = compose.compose("Hi", versions[1:], channel=plain)
    assert composed.problems == ()
    assert composed.to_message(plain) == ("Hi\n\nMorning\nhttps://a.example", ())
    text, (image, link) = compose.compose(
        "Hi", versions, channel=FakeChannel()
    ).to_message(FakeChannel())
    assert (text, image.kind, link.url) == (
        "Hi",
        AttachmentKind.IMAGE,
        "https://a.example",
    )
    assert image.path is not None
    assert image.path.read_bytes() == picture()


@pytest.mark.parametrize(
    ("unit", "length"),
    [(LengthUnit.CHARACTERS, 3), (LengthUnit.UTF16, 4), (LengthUnit.BYTES, 8)],
)
def test_lengths_are_measured_in_the_unit_of_the_channel(
    unit: LengthUnit, length: int
) -> None:
    assert channel_contract.measure("a早👍", unit) == length
    fits = Capabilities(to_member=True, length_unit=unit, max_length=length)
    short = Capabilities(to_member=True, length_unit=unit, max_length=length - 1)
    assert not compose.why_too_long("a早👍", FakeChannel(capabilities=fits))
    sentence = compose.why_too_long("a早👍", FakeChannel(capabilities=short))
    assert f"{length} of {length - 1}" in sentence
