"""Stored files and thumbnails that are deleted, cut short or garbled on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.backup import backups, file_folders
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content import file_checks, files
from qunce.outreach.content.materials import checks
from qunce.outreach.content.materials.models import MaterialNotSendable
from qunce.outreach.sending import channel_sending
from tests import factories
from tests.clients import browser
from tests.factories import AT
from tests.outreach.content.pictures import picture
from tests.outreach.content.test_materials import create, stored

pytestmark = pytest.mark.django_db


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def garble(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes(9) + content[29:])


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (Path.unlink, "file_missing"),
        (cut_short, "file_damaged"),
        (garble, "file_damaged"),
    ],
)
def test_damaged_file_is_found_and_not_sent_until_it_is_uploaded_again(
    by: Staff, damage: Callable[[Path], object], code: str
) -> None:
    channel_contract.register(fake := FakeChannel())
    factories.member(by.community, "ann", channel="fake")
    file = stored(by)
    material = create(by, "image", files=[file])
    sent = factories.started_campaign(
        by, channel="fake", staff=[], materials=[material.current_id]
    )
    assert list(file_checks.check_files()) == []
    assert checks.why_version_not_sendable(material.version, AT) == ""
    damage(files.path_of(file))
    word = code.removeprefix("file_")
    (finding,) = file_checks.check_files()
    assert (finding.code, f"“a.png” is {word} on the disk" in finding.text) == (
        code,
        True,
    )
    assert channel_sending.send_due(at=AT) == 0
    sent.refresh_from_db()
    assert (sent.state, "“a.png”" in sent.note) == ("paused", True)
    with pytest.raises(MaterialNotSendable, match=word):
        campaigns.resume(campaign=sent, by=by, at=AT)
    page = browser(by).get(f"/outreach/materials/files/{file.pk}/")
    assert page.status_code == 404
    assert "文件“a.png”在磁盘上" in page.content.decode()
    stored(by)
    campaigns.resume(campaign=sent, by=by, at=AT)
    assert channel_sending.send_due(at=AT) == 1
    assert len(fake.delivered[0].attachments) == 1
    channel_contract.unregister(fake.name)


@pytest.mark.parametrize("content", [b"", b"RIFF", picture()[:40]])
def test_thumbnail_that_cannot_be_read_is_made_again(by: Staff, content: bytes) -> None:
    file = stored(by)
    thumbnail = files.thumbnail_of(file)
    assert thumbnail is not None
    thumbnail.write_bytes(content)
    assert files.thumbnail_of(file) == thumbnail
    with Image.open(thumbnail) as small:
        small.load()
        assert (small.format, small.size) == ("WEBP", (60, 40))


@pytest.mark.django_db(transaction=True)
def test_backup_leaves_out_a_file_that_goes_meanwhile(
    by: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, gone = files.path_of(stored(by)), tmp_path / "gone"
    name = path.relative_to(settings.HOME).as_posix()
    listed = [("materials/1/00/gone", gone), (name, path)]
    monkeypatch.setattr(file_folders, "list_files", lambda: iter(listed))
    manifest = backups.create(tmp_path / "backup.zip", at=AT)
    assert list(manifest.files) == [name]


@pytest.mark.django_db(transaction=True)
def test_damaged_file_of_a_backup_does_not_replace_a_sound_one(
    by: Staff, tmp_path: Path
) -> None:
    path, target = files.path_of(stored(by)), tmp_path / "backup.zip"
    cut_short(path)
    manifest = backups.create(target, at=AT)
    stored(by)
    backups.unpack_files(target, manifest, Path(settings.HOME))
    assert path.read_bytes() == picture()
    # Without a sound one it is what there is, and the doctor finds it.
    path.unlink()
    backups.unpack_files(target, manifest, Path(settings.HOME))
    assert path.read_bytes() == picture()[:-20]
