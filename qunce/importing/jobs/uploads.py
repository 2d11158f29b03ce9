"""Uploaded files, kept until they are imported and for a week at most.

The result of inspecting the file is in the row, and its first rows are stored beside the
file, so that choosing what each column means does not read the file again.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import disk_space, errors, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access, jobs
from qunce.importing.plan.options import ImportOptions

if TYPE_CHECKING:
    from qunce.importing.files.sources import Source

RETENTION = timedelta(days=7)
PART_SUFFIX = ".part"
PART_RETENTION = timedelta(days=1)
SAMPLE_SUFFIX = ".head"
SAMPLE_ROWS = 2_000
"""Rows that a preview checks; the import checks all."""
CONTAINER_OPTIONS = ("sheet", "encoding", "first_row")
"""Options with which the file itself is read."""
ANSWERED_OPTIONS = (*CONTAINER_OPTIONS, "unknown_members", "identifiers")
"""Options that an answer of the same name sets."""
MIN_FREE_BYTES = 1 << 30
"""Disk space that is left to the databases."""


@personal_texts.erased_in("name", "inspection", "options")
class Upload(models.Model):
    """`inspection` is what the file was found to be, `options` how it is to be imported.

    `removed_at` is when the file was deleted; the row stays if it was imported.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    file = models.CharField(max_length=80)
    size = models.BigIntegerField()
    inspection: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    options: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    created_at = timestamps.TimestampField()
    removed_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "importing_upload"
        indexes = [models.Index(fields=["community", "-id"], name="upload_newest")]

    def __str__(self) -> str:
        return self.name


class UploadNotFound(errors.NotFound):
    """There is no such file in this community."""


class FileTooLarge(errors.Invalid):
    """The file is larger than this installation accepts."""


class FileGone(errors.Refused):
    """The file was removed; upload it again."""


# Checks


def check_size(size: int) -> None:
    """Raise FileTooLarge if a file of this size cannot be stored."""
    if size > settings.MAX_UPLOAD_BYTES:
        raise FileTooLarge(
            _("The file is larger than %(most)s MB. Import it from the command line.")
            % {"most": f"{settings.MAX_UPLOAD_BYTES // 10**6:,}"}
        )
    # A full disk would stop the databases, too.
    if size + MIN_FREE_BYTES > shutil.disk_usage(settings.HOME).free:
        raise FileTooLarge(_("There is not enough disk space for this file."))


def check_exists(upload: Upload) -> None:
    if not exists(upload):
        raise FileGone(_("The file is no longer available. Upload it again."))


def exists(upload: Upload) -> bool:
    return upload.removed_at is None and path_of(upload).exists()


# Verbs


def new_upload_path(community: Community) -> Path:
    """Return a path for a file that is being received; `accept` moves it from there."""
    folder = Path(settings.HOME) / "uploads" / str(community.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{secrets.token_hex(16)}{PART_SUFFIX}"


def accept(*, path: Path, name: str, by: Staff, at: datetime) -> Upload:
    """Inspect a received file and create its row; an unreadable file is deleted."""
    access.check_may_import(by)
    with path.open("rb") as file:
        # The suffix keeps other readers from opening a spreadsheet.
        suffix = ".xlsx" if file.read(4) == b"PK\x03\x04" else ""
    # Browsers may send a whole path, and names may hold control codes.
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs"))
    accepted = path.with_name(path.name.removesuffix(PART_SUFFIX) + suffix)
    # Renamed before the row exists, so that the cleaning of old parts cannot delete it
    # meanwhile.
    path.rename(accepted)
    try:
        with disk_space.explained():
            upload = Upload(
                community=by.community,
                name=plain[:200] or "file",
                file=accepted.relative_to(settings.HOME).as_posix(),
                size=accepted.stat().st_size,
                created_at=at,
                by=by,
            )
            _inspect(upload)
            upload.save()
    # Even when the process is stopped: without a row, nobody would find the file.
    except BaseException:
        _delete_files(accepted)
        raise
    return upload


def _inspect(upload: Upload, **container: str) -> None:
    """Read the whole file once, and set the row's inspection and default options."""
    from qunce.importing.columns import column_mapping
    from qunce.importing.jobs import file_samples

    path = path_of(upload)
    source, sheets = file_samples.inspect(
        path, _sample_path(path), limit=SAMPLE_ROWS, **container
    )
    upload.inspection = file_samples.to_json(source) | {
        "sheets": sheets,
        "sample_digest": file_samples.digest(_sample_path(path)),
    }
    # A guess is stored at once, so that the first page already shows a preview.
    target = column_mapping.guess_target(source.headings)
    options = ImportOptions(target=target, **container)  # type: ignore[arg-type]
    upload.options = options.to_json()


@transaction.atomic
def set_options(*, upload: Upload, options: ImportOptions, by: Staff) -> None:
    access.check_may_import(by, upload)
    check_exists(upload)
    upload.options = options.to_json()
    upload.save(update_fields=["inspection", "options"])


def change_options(*, upload: Upload, by: Staff, **changes: Any) -> None:
    """Change some fields of the file's ImportOptions.

    Another sheet or encoding reads the file again. If that gives other headings, the
    target and the mapping are guessed again.
    """
    old = options_of(upload)
    options = dataclasses.replace(old, **changes)
    # An answer to the question of that name is the same choice.
    named = {
        name: options.answers[name]
        for name in ANSWERED_OPTIONS
        if options.answers.get(name)
    }
    options = dataclasses.replace(options, **named)  # type: ignore[arg-type]
    if any(getattr(old, name) != getattr(options, name) for name in CONTAINER_OPTIONS):
        access.check_may_import(by, upload)
        check_exists(upload)
        headings = upload.inspection["headings"]
        container = {name: getattr(options, name) for name in CONTAINER_OPTIONS}
        _inspect(upload, **container)
        if upload.inspection["headings"] != headings:
            # Letters say nothing about what the file contains.
            is_lettered = options.first_row == "data"
            target = options.target if is_lettered else options_of(upload).target
            options = dataclasses.replace(options, target=target, mapping={})
    set_options(upload=upload, options=options, by=by)


def select_sheet(*, upload: Upload, by: Staff, sheet: str, encoding: str) -> None:
    """Read the file with another sheet or encoding."""
    answers = {
        key: answer
        for key, answer in options_of(upload).answers.items()
        if key not in CONTAINER_OPTIONS
    }
    change_options(
        upload=upload, by=by, sheet=sheet, encoding=encoding, answers=answers
    )


@transaction.atomic
def discard(*, upload: Upload, by: Staff, at: datetime) -> None:
    """Delete the file, and its row unless it was imported."""
    access.check_may_import(by, upload)
    jobs.check_not_active(upload.jobs.all())
    _delete_files(path_of(upload))
    # The row of an imported file is kept, as its jobs show what was read.
    if upload.jobs.exists():
        upload.removed_at = at
        upload.save(update_fields=["removed_at"])
    else:
        upload.delete()


def prune(*, at: datetime) -> int:
    """Delete files after a week, and parts of files after a day; returns how many."""
    old = Upload.objects.filter(
        removed_at__isnull=True, created_at__lt=timestamps.to_micros(at - RETENTION)
    )
    deleted = 0
    for upload in old.order_by("pk"):
        # An import that is queued or running still needs it.
        if upload.jobs.filter(state__in=jobs.ACTIVE_STATES).exists():
            continue
        remove(upload, at=at)
        deleted += 1
    # Broken connections leave parts behind.
    before = (at - PART_RETENTION).timestamp()
    for path in (Path(settings.HOME) / "uploads").glob(f"*/*{PART_SUFFIX}"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
    return deleted


def remove(upload: Upload, *, at: datetime) -> None:
    """Delete the file; its row stays."""
    _delete_files(path_of(upload))
    Upload.objects.filter(pk=upload.pk).update(removed_at=at)


def _delete_files(path: Path) -> None:
    path.unlink(missing_ok=True)
    _sample_path(path).unlink(missing_ok=True)


# Reads


def path_of(upload: Upload) -> Path:
    return Path(settings.HOME) / upload.file


def _sample_path(path: Path) -> Path:
    return path.with_name(path.name + SAMPLE_SUFFIX)


def get(community: Community, pk: int) -> Upload:
    try:
        return Upload.objects.select_related("community", "by").get(
            community=community, pk=pk
        )
    except Upload.DoesNotExist:
        raise UploadNotFound(_("There is no such file.")) from None


def list_unused(community: Community) -> models.QuerySet[Upload]:
    """Return the files that have not been imported yet, newest first."""
    available = Upload.objects.filter(community=community, removed_at__isnull=True)
    return available.filter(jobs__isnull=True).select_related("by").order_by("-pk")


def options_of(upload: Upload) -> ImportOptions:
    return ImportOptions.from_json(upload.options)


def get_source(upload: Upload) -> Source:
    from qunce.importing.jobs import file_samples

    check_exists(upload)
    return file_samples.from_json(path_of(upload), upload.inspection)


def get_sample(upload: Upload) -> Source:
    """Return the source with its first rows, which are read instead of the file."""
    from qunce.importing.jobs import file_samples

    source, path = get_source(upload), _sample_path(path_of(upload))
    expected = upload.inspection.get("sample_digest")
    if file_samples.digest(path) != expected:
        # Damaged or removed. It is made of the file, whose own digest an import checks.
        with disk_space.explained():
            file_samples.save(source, path, limit=SAMPLE_ROWS)
    return dataclasses.replace(source, sample=file_samples.load(path))


def sample_values(upload: Upload, heading: str, limit: int) -> list[str]:
    """Return the first distinct values of a column, shortened."""
    source = get_sample(upload)
    if source.sample is None:
        return []
    column = source.sample.columns[source.headings.index(heading)]
    values = (value.as_py() for value in column[:200] if value.is_valid)
    return list(dict.fromkeys(value[:60] for value in values))[:limit]
