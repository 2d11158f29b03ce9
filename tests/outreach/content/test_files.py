"""Files of materials: checked by content, limited, stored by hash, in backups."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from qunce.core.backup import backups
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content import file_types, files
from qunce.outreach.content.file_types import InvalidFile
from qunce.outreach.content.files import StoredFile
from tests import factories
from tests.factories import AT
from tests.outreach.content.pictures import MP4, archive, picture


def check(folder: Path, name: str, content: bytes) -> str:
    """The sentence about a file that is refused, or its media type."""
    path = folder / "file"
    path.write_bytes(content)
    try:
        return file_types.inspect(path, name).type.media_type
    except InvalidFile as error:
        return str(error)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", picture()),
        ("a.JPG", picture(kind="JPEG")),
        ("a.webp", picture(kind="WEBP")),
        ("a.gif", picture(kind="GIF")),
        ("a.mp4", MP4),
        ("a.pdf", b"%PDF-1.7\n" + b"x" * 200),
        ("a.docx", archive("[Content_Types].xml", "word/document.xml")),
        ("a.xlsx", archive("a.txt", "xl/workbook.xml")),
        ("a.zip", archive("a.txt")),
        ("a.txt", "你好 👩‍👩‍👧\n".encode()),
        ("a.csv", "姓名,电话".encode("gb18030")),
    ],
)
def test_file_that_is_what_its_name_says_is_accepted(
    tmp_path: Path, name: str, content: bytes
) -> None:
    suffix = name.rpartition(".")[2].lower()
    assert check(tmp_path, name, content) == file_types.FILE_TYPES[suffix].media_type


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "a.jpg",
            picture(),
            "not what its name says: its content is that of a .png file",
        ),
        ("a.png", b"<html><script>alert(1)</script>", "not what its name says"),
        ("a.pdf", picture(), "not what its name says"),
        ("a.docx", archive("a.txt"), "not what its name says"),
        ("a.txt", b"MZ\x90\0" + b"\0" * 300, "not what its name says"),
        ("a.svg", b"<svg/>", "has a type that cannot be stored"),
        ("a.html", b"<html>", "has a type that cannot be stored"),
        ("photo", picture(), "has a type that cannot be stored"),
        ("a.png", b"", "is empty"),
        ("a.png", picture((400, 400))[:200], "cannot be read"),
        ("a.png", picture() + b"\0" * file_types.PICTURE, "MB; the limit"),
        ("a.png", picture((8_000, 5_001)), "has 40 megapixels; the limit is 40."),
    ],
)
def test_other_files_are_refused_with_a_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    assert sentence in check(tmp_path, name, content)


def test_names_lose_folders_and_control_characters() -> None:
    assert files.clean_name("C:\\photos\\a\n\u202eb.png") == "ab.png"
    assert files.clean_name("../../" + "x" * 300 + ".jpeg") == "x" * 115 + ".jpeg"


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def store(by: Staff, name: str = "a.png", content: bytes = b"") -> StoredFile:
    return files.store(
        content=io.BytesIO(content or picture()), name=name, by=by, at=AT
    )


@pytest.mark.django_db
def test_same_content_is_stored_once_and_goes_with_its_last_name(owner: Staff) -> None:
    first, second = store(owner), store(owner, "b.png")
    path = files.path_of(first)
    assert path == files.path_of(second)
    assert path.is_relative_to(settings.HOME)
    assert (first.width, first.height, second.name) == (60, 40, "b.png")
    thumbnail = files.thumbnail_of(first)
    assert thumbnail is not None
    with Image.open(thumbnail) as small:
        assert (small.format, small.size) == ("WEBP", (60, 40))
    assert files.prune(at=AT + timedelta(hours=1)) == 0
    first.delete()
    assert path.exists()
    assert files.prune(at=AT + timedelta(days=2)) == 1
    assert not path.exists()
    assert not thumbnail.exists()


@pytest.mark.django_db
def test_refused_file_leaves_nothing_behind(owner: Staff) -> None:
    folder = Path(settings.HOME) / files.FOLDER / str(owner.community_id)
    # Other tests of this process have left files of their own.
    before = set(folder.rglob("*"))
    with pytest.raises(InvalidFile):
        store(owner, "a.jpg")
    assert not StoredFile.objects.exists()
    assert {path for path in folder.rglob("*") if path.is_file()} <= before


@pytest.mark.django_db(transaction=True)
def test_backup_holds_the_files_and_puts_them_back(
    owner: Staff, tmp_path: Path
) -> None:
    path, target = files.path_of(store(owner)), tmp_path / "backup.zip"
    manifest = backups.create(target, at=AT)
    assert path.relative_to(settings.HOME).as_posix() in manifest.files
    path.unlink()
    backups.unpack_files(target, backups.read_manifest(target), Path(settings.HOME))
    assert path.read_bytes() == picture()
