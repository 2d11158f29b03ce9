"""The file with all broken rows of an import: CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.csv_safety import csv_safe
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access
from qunce.importing.jobs.jobs import ImportJob

if TYPE_CHECKING:
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
        writer = csv.writer(text)
        if is_empty:
            writer.writerow([_("row"), _("field"), _("value"), _("remedy")])
        for problem in problems:
            texts = (problem.field, problem.value, problem.remedy)
            writer.writerow([problem.row, *map(csv_safe, texts)])
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
        writer = csv.writer(target)
        for cells in csv.reader(file):
            is_blanked = cells[0] in personal
            writer.writerow([*cells[:2], "", remedy] if is_blanked else cells)
    blanked.replace(path)
    # A resumed import appends at this size.
    ImportJob.objects.filter(pk=job.pk).update(report_bytes=path.stat().st_size)
