"""Files that came in through the console: kept until they are imported, then a week.

What a look at the whole file told stands in the row, and its first rows lie beside it,
so that choosing what each column means never reads the file again.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing import jobs

if TYPE_CHECKING:
    from qunce.importing.files.sources import Source

RETENTION = timedelta(days=7)
PART_SUFFIX = ".part"
SAMPLE_SUFFIX = ".head"
SAMPLE_ROWS = 2_000
"""Rows looked at before an import starts; it checks them all."""
MIN_FREE_BYTES = 1 << 30
"""Bytes that stay free on the disk: the databases need room."""


class Upload(models.Model):
    """`found` is what examining told, `chosen` how the file is to be read: the target,
    what columns mean, the sheet, and so on. `gone_at` is when the file was removed."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    file = models.CharField(max_length=80)
    size = models.BigIntegerField()
    found: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    chosen: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    created_at = timestamps.TimestampField()
    gone_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "importing_upload"
        indexes = [models.Index(fields=["community", "-id"], name="upload_newest")]

    def __str__(self) -> str:
        return self.name


class UploadNotFound(errors.NotFound):
    """There is no such file, or it is somebody else's community's."""


class FileTooLarge(errors.Invalid):
    """A file is larger than this installation takes."""


class FileGone(errors.Refused):
    """The file was removed a week after it came."""


# Checks


def check_size(size: int) -> None:
    """Before anything of the file is written."""
    if size > settings.MOST_UPLOAD:
        raise FileTooLarge(
            _("The file is larger than %(most)s MB. Import it from the command line.")
            % {"most": f"{settings.MOST_UPLOAD // 10**6:,}"}
        )
    if size + MIN_FREE_BYTES > shutil.disk_usage(settings.HOME).free:
        raise FileTooLarge(_("There is not enough disk space for this file."))


def check_exists(upload: Upload) -> None:
    if upload.gone_at is not None or not path_of(upload).exists():
        raise FileGone(_("The file is no longer available. Upload it again."))


def exists(upload: Upload) -> bool:
    return upload.gone_at is None and path_of(upload).exists()


# Verbs


def new_upload_path(community: Community) -> Path:
    """Where a file is written while it comes in; `keep` takes it from there."""
    folder = Path(settings.HOME) / "uploads" / str(community.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{secrets.token_hex(16)}{PART_SUFFIX}"


def accept(*, path: Path, name: str, by: Staff, at: datetime) -> Upload:
    """Examine a file that came to `place`; one that cannot be read is removed at once."""
    jobs.check_may_import(by)
    kept = path.with_name(path.name.removesuffix(PART_SUFFIX) + _suffix(path))
    path.rename(kept)
    try:
        upload = Upload(
            community=by.community,
            name=_shown(name),
            file=kept.relative_to(settings.HOME).as_posix(),
            size=kept.stat().st_size,
            created_at=at,
            by=by,
        )
        examine(upload)
        upload.save()
    except BaseException:
        _remove(kept)
        raise
    return upload


def _suffix(path: Path) -> str:
    """A spreadsheet is opened as nothing else: the reader goes by the name."""
    with path.open("rb") as file:
        return ".xlsx" if file.read(4) == b"PK\x03\x04" else ""


def _shown(name: str) -> str:
    """The last part of what the browser calls it, without what does not print."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs"))
    return plain[:200] or "file"


def examine(upload: Upload, *, sheet: str = "", encoding: str = "") -> None:
    """Read the whole file once; what that tells goes into the row, unsaved."""
    from qunce.importing import column_mapping, file_samples

    path = path_of(upload)
    source, sheets = file_samples.inspect(
        path, _head_of(path), most=SAMPLE_ROWS, sheet=sheet, encoding=encoding
    )
    upload.found = file_samples.to_json(source) | {"sheets": sheets}
    target = column_mapping.guess_target(source.headings)
    upload.chosen = {"target": target, "sheet": sheet, "encoding": encoding}


@transaction.atomic
def choose(*, upload: Upload, by: Staff, **chosen: Any) -> None:
    """How the file is to be read: target, given, mode, dates, currency, source."""
    jobs.check_may_import(by)
    check_exists(upload)
    upload.chosen = {**upload.chosen, **chosen}
    upload.save(update_fields=["found", "chosen"])


def select_sheet(*, upload: Upload, by: Staff, sheet: str, encoding: str) -> None:
    """Another sheet or encoding is another table: all else is guessed anew."""
    jobs.check_may_import(by)
    check_exists(upload)
    examine(upload, sheet=sheet, encoding=encoding)
    upload.save(update_fields=["found", "chosen"])


@transaction.atomic
def discard(*, upload: Upload, by: Staff, at: datetime) -> None:
    """Without an import the row goes too; else it stays, to say what was read."""
    jobs.check_may_import(by)
    jobs.check_not_active(upload.jobs.all())
    _remove(path_of(upload))
    if upload.jobs.exists():
        upload.gone_at = at
        upload.save(update_fields=["gone_at"])
    else:
        upload.delete()


def prune(*, at: datetime) -> int:
    """Remove files a week after they came, and what broken connections left behind."""
    old = Upload.objects.filter(
        gone_at__isnull=True, created_at__lt=timestamps.to_micros(at - RETENTION)
    )
    gone = 0
    for upload in old.order_by("pk"):
        if upload.jobs.filter(state__in=jobs.ACTIVE_STATES).exists():
            continue
        _remove(path_of(upload))
        Upload.objects.filter(pk=upload.pk).update(gone_at=at)
        gone += 1
    for path in _left_behind(at):
        path.unlink(missing_ok=True)
    return gone


def _left_behind(at: datetime) -> Iterator[Path]:
    before = (at - timedelta(days=1)).timestamp()
    for path in (Path(settings.HOME) / "uploads").glob(f"*/*{PART_SUFFIX}"):
        if path.stat().st_mtime < before:
            yield path


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _head_of(path).unlink(missing_ok=True)


# Reads


def path_of(upload: Upload) -> Path:
    return Path(settings.HOME) / upload.file


def _head_of(path: Path) -> Path:
    return path.with_name(path.name + SAMPLE_SUFFIX)


def get(community: Community, pk: int) -> Upload:
    try:
        return Upload.objects.select_related("community", "by").get(
            community=community, pk=pk
        )
    except Upload.DoesNotExist:
        raise UploadNotFound(_("There is no such file.")) from None


def list_unused(community: Community) -> models.QuerySet[Upload]:
    """Files that nobody has imported yet, the newest first."""
    fresh = Upload.objects.filter(community=community, gone_at__isnull=True)
    return fresh.filter(jobs__isnull=True).select_related("by").order_by("-pk")


def get_source(upload: Upload) -> Source:
    from qunce.importing import file_samples

    check_exists(upload)
    return file_samples.from_json(path_of(upload), upload.found)


def get_sample(upload: Upload) -> Source:
    """The source with its first rows at hand, instead of the file."""
    from qunce.importing import file_samples

    check_exists(upload)
    source = get_source(upload)
    return dataclasses.replace(
        source, piece=file_samples.load(_head_of(path_of(upload)))
    )


def chosen_of(upload: Upload, names: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, with a default for each name that was not."""
    return {name: upload.chosen.get(name, value) for name, value in names.items()}
