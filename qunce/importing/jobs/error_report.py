"""The file with all broken rows of an import: CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import csv_safety, errors
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access
from qunce.importing.jobs.jobs import ImportJob

if TYPE_CHECKING:
    from qunce.importing.row_masks import RowMask
    from qunce.importing.rows.parsing import Problem

REPORT_DOWNLOADED = audit.declare(
    "import.problems_taken", gettext_lazy("import report downloaded")
)


class ReportNotFound(errors.NotFound):
    """This import has no report."""


def path_of(job: ImportJob) -> Path:
    return Path(settings.HOME) / "imports" / f"{job.pk}-broken.csv"


def get_path(job: ImportJob) -> Path:
    """Return the path of the report; raises ReportNotFound."""
    path = path_of(job)
    if not path.exists():
        raise ReportNotFound(_("This import has no report."))
    return path


def log_download(job: ImportJob, *, by: Staff, at: datetime) -> None:
    """Record in the audit log that the broken rows were downloaded."""
    access.check_may_import(by, job)
    audit.log(
        kind=REPORT_DOWNLOADED,
        community=job.community,
        by=by,
        at=at,
        count=job.rows_broken,
        detail={"job": job.pk},
    )


def open_report(job: ImportJob, mask: RowMask | None) -> BinaryIO:
    """Open the report, or a copy with what `mask` leaves of it; raises ReportNotFound."""
    path = get_path(job)
    if mask is None:
        return path.open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = io.TextIOWrapper(copy, "utf-8-sig", newline="", write_through=True)
        rows = csv.reader(file)
        csv_safety.write_rows(text, [next(rows, [])])
        for row in rows:
            number, heading, value, remedy = map(csv_safety.unquoted, row)
            masked = mask.cell(heading, value)
            remedy = mask.remedy(remedy, value, masked)
            csv_safety.write_rows(text, [[number, heading, masked, remedy]])
        text.detach()
    copy.seek(0)
    return copy


def append(job: ImportJob, problems: Sequence[Problem]) -> int:
    """Append problems, and return the size of the report, which is stored with them."""
    path, size = path_of(job), job.report_bytes
    if not problems and not size:
        # Without problems there is no report, even after a check that a kill ended.
        path.unlink(missing_ok=True)
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        # What a killed process appended without storing it would be there twice.
        file.truncate(min(size, file.tell()))
        is_empty = not file.seek(0, os.SEEK_END)
        # Spreadsheets need the byte order mark to read Chinese.
        encoding = "utf-8-sig" if is_empty else "utf-8"
        text = io.TextIOWrapper(file, encoding, newline="", write_through=True)
        if is_empty:
            headings = [_("row"), _("field"), _("value"), _("remedy")]
            csv_safety.write_rows(text, [headings])
        csv_safety.write_rows(
            text, ([row.row, row.field, row.value, row.remedy] for row in problems)
        )
        text.detach()
        return file.tell()


def blank(job: ImportJob, is_personal: Callable[[str], bool], *, remedy: str) -> None:
    """Remove the values of rows with personal texts, and replace their remedies."""
    path = path_of(job)
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        personal = {cells[0] for cells in rows if any(map(is_personal, cells[2:]))}
    if not personal:
        return
    blanked = path.with_suffix(".part")
    with (
        path.open(encoding="utf-8-sig", newline="") as file,
        blanked.open("w", encoding="utf-8-sig", newline="") as target,
    ):
        kept = ([csv_safety.unquoted(cell) for cell in row] for row in csv.reader(file))
        csv_safety.write_rows(
            target,
            (
                [*cells[:2], "", remedy] if cells[0] in personal else cells
                for cells in kept
            ),
        )
    blanked.replace(path)
    # A resumed import appends at this size.
    ImportJob.objects.filter(pk=job.pk).update(report_bytes=path.stat().st_size)
