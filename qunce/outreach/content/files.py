"""Files of materials, stored by the hash of their content in the home.

A file that no version of a material uses, and one without a row, is deleted after a day.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageOps

from qunce.core import disk_space, errors, permissions, personal_texts, timestamps
from qunce.core.backup import file_folders
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content import file_types
from qunce.outreach.content.file_types import FileType

FOLDER = file_folders.register("materials")
MANAGE = permissions.declare(
    "materials.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("add and change materials and message templates"),
)
RETENTION_UNUSED = timedelta(days=1)
CHUNK_BYTES = 1 << 20
PART_SUFFIX, THUMBNAIL_SUFFIX = ".part", ".thumb.webp"
THUMBNAIL_SIZE = (480, 480)
MAX_NAME_LENGTH = 120


@personal_texts.erased_in("name")
class StoredFile(models.Model):
    """A file under one name. Files with the same content share what is on the disk."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    media_type = models.CharField(max_length=80)
    size = models.BigIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_file"
        indexes = [
            models.Index(fields=["community", "digest"], name="files_by_content")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def type(self) -> FileType:
        found = [t for t in file_types.FILE_TYPES.values() if self._is_of(t)]
        return found[0]

    def _is_of(self, file_type: FileType) -> bool:
        return file_type.media_type == self.media_type

    @property
    def family(self) -> str:
        return self.type.family


class FileNotFound(errors.NotFound):
    """There is no such file in this community."""


# Verbs


def store(*, content: IO[bytes], name: str, by: Staff, at: datetime) -> StoredFile:
    """Check a file by its content and store it; raises InvalidFile."""
    permissions.check_may(by, MANAGE)
    name = clean_name(name)
    # Before anything is written.
    file_types.type_of_name(name)
    folder = _folder(by.community)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{secrets.token_hex(16)}{PART_SUFFIX}"
    try:
        with disk_space.explained():
            digest = _write(content, part)
        inspection = file_types.inspect(part, name)
        row = StoredFile(
            community=by.community,
            digest=digest,
            name=name,
            media_type=inspection.type.media_type,
            size=part.stat().st_size,
            width=inspection.width,
            height=inspection.height,
            created_at=at,
            by=by,
        )
        path = path_of(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        with transaction.atomic():
            _lock(by.community)
            row.save()
            # A process that is killed here leaves a file without a row, see `prune`.
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return row


def _write(content: IO[bytes], part: Path) -> str:
    """Write a file that is being received; returns its digest."""
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as out:
        while chunk := content.read(CHUNK_BYTES):
            size += len(chunk)
            check_size(size)
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        # The name of the file promises its content, also after a power cut.
        os.fsync(out.fileno())
    return digest.hexdigest()


def check_size(size: int) -> None:
    """Raise InvalidFile if the size is more than any type of file may have."""
    if size > file_types.MAX_BYTES:
        raise file_types.InvalidFile(
            _("The file is larger than %(most)s MB.")
            % {"most": file_types.MAX_BYTES // file_types.MEGABYTE}
        )


def _lock(community: Community) -> None:
    """Keep others from storing and deleting files until the end of the transaction."""
    Community.objects.select_for_update().get(pk=community.pk)


def prune(*, at: datetime) -> int:
    """Delete files that no material uses, and what killed processes left, after a day."""
    before = at - RETENTION_UNUSED
    old = _unused().filter(created_at__lt=timestamps.to_micros(before))
    deleted = sum(discard(row) for row in list(old.order_by("pk")))
    for community in Community.objects.order_by("pk"):
        _prune_folder(community, before)
    return deleted


def _prune_folder(community: Community, before: datetime) -> None:
    old = [
        path
        for path in _folder(community).rglob("*")
        if path.is_file() and path.stat().st_mtime < before.timestamp()
    ]
    if not old:
        return
    with transaction.atomic():
        _lock(community)
        rows = StoredFile.objects.filter(community=community)
        stored = set(rows.values_list("digest", flat=True))
        for path in old:
            is_part = path.name.endswith(PART_SUFFIX)
            if is_part or path.name.removesuffix(THUMBNAIL_SUFFIX) not in stored:
                path.unlink(missing_ok=True)


@transaction.atomic
def discard(file: StoredFile) -> bool:
    """Delete a file unless something uses it; returns whether nothing did."""
    _lock(file.community)
    # Asked in the DELETE, as somebody may be saving a material with it.
    done, _by_model = _unused().filter(pk=file.pk).delete()
    same = StoredFile.objects.filter(community=file.community, digest=file.digest)
    if done and not same.exists():
        path_of(file).unlink(missing_ok=True)
        _thumbnail_path(file).unlink(missing_ok=True)
    return bool(done)


def _unused() -> models.QuerySet[StoredFile]:
    return StoredFile.objects.filter(uses__isnull=True, proofs__isnull=True)


# Reads


def clean_name(name: str) -> str:
    """The name without folders and control characters; the suffix is kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        return plain[:MAX_NAME_LENGTH] or "file"
    return f"{stem[: MAX_NAME_LENGTH - len(suffix) - 1] or 'file'}.{suffix}"


def get(community: Community, pk: int) -> StoredFile:
    try:
        return _list_readable(community).get(pk=pk)
    except StoredFile.DoesNotExist:
        raise FileNotFound(_("There is no such file.")) from None


def get_all(community: Community, pks: Iterable[int]) -> list[StoredFile]:
    """The files with these ids, in this order."""
    return [get(community, pk) for pk in pks]


def find_all(community: Community, pks: Iterable[int]) -> list[StoredFile]:
    """Those of the files with these ids that there are, in this order."""
    wanted = list(pks)
    found = _list_readable(community).in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found]


def _list_readable(community: Community) -> models.QuerySet[StoredFile]:
    # A proof of a staff task may show a chat, so it is only seen with the task.
    rows = StoredFile.objects.filter(community=community, proofs__isnull=True)
    return rows.select_related("community")


def list_used() -> models.QuerySet[StoredFile]:
    """Files of materials and proofs of staff tasks, in all communities."""
    return StoredFile.objects.exclude(pk__in=_unused().values("pk"))


def path_of(file: StoredFile) -> Path:
    return _folder(file.community) / file.digest[:2] / file.digest


def check_on_disk(file: StoredFile) -> None:
    """Raise FileNotFound if the file on the disk is not what was stored."""
    if damage := find_damage(file):
        raise FileNotFound(damage.text)


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file on the disk; `text` is a sentence for staff."""

    code: str
    text: str


class Depth(Enum):
    """How closely a file is looked at; a list of materials looks at sizes only.

    The content is read once per process and change of the file. What the disk itself
    garbles changes no time, so the doctor reads it again.
    """

    SIZE = 1
    CONTENT = 2
    CONTENT_AGAIN = 3


def find_damage(file: StoredFile, depth: Depth = Depth.CONTENT) -> Damage | None:
    """What is wrong with a file on the disk, if anything."""
    name = {"name": file.name}
    try:
        if _is_as_stored(file, depth):
            return None
    except FileNotFoundError:
        text = _(
            "The file “%(name)s” is missing on the disk. Restore it from a backup, or "
            "upload it again."
        )
        return Damage("file_missing", text % name)
    except OSError:
        # It cannot be read, which the sentence below says as well.
        pass
    text = _(
        "The file “%(name)s” is damaged on the disk. Restore it from a backup, or upload "
        "it again."
    )
    return Damage("file_damaged", text % name)


def _is_as_stored(file: StoredFile, depth: Depth) -> bool:
    path = path_of(file)
    state = path.stat()
    if state.st_size != file.size:
        return False
    if depth == Depth.SIZE:
        return True
    if depth == Depth.CONTENT_AGAIN:
        return _digest(path) == file.digest
    return _digest_once(path, state.st_ino, state.st_mtime_ns) == file.digest


@functools.lru_cache(maxsize=10_000)
def _digest_once(path: Path, _inode: int, _changed_at: int) -> str:
    return _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _folder(community: Community) -> Path:
    return Path(settings.HOME) / FOLDER / str(community.pk)


def _thumbnail_path(file: StoredFile) -> Path:
    path = path_of(file)
    return path.with_name(path.name + THUMBNAIL_SUFFIX)


def thumbnail_of(file: StoredFile) -> Path | None:
    """The thumbnail of a picture, made if it is missing or incomplete; None for other files."""
    if file.family != "image":
        return None
    target = _thumbnail_path(file)
    if not _is_whole(target):
        part = target.with_name(f"{secrets.token_hex(8)}{PART_SUFFIX}")
        try:
            with disk_space.explained(), Image.open(path_of(file)) as picture:
                # JPEGs are unpacked at the smallest size that is large enough.
                picture.draft("RGB", THUMBNAIL_SIZE)
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail(THUMBNAIL_SIZE)
                has_alpha = "A" in upright.getbands() or "transparency" in upright.info
                upright.convert("RGBA" if has_alpha else "RGB").save(part, "WEBP")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return target


def _is_whole(thumbnail: Path) -> bool:
    # Written without waiting for the disk, so that a power cut may leave it empty.
    try:
        with Image.open(thumbnail) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
