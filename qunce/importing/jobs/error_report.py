"""The file with all broken rows of an import: CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
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
    audit.log(
        kind=REPORT_DOWNLOADED,
        community=job.community,
        by=by,
        at=at,
        count=job.rows_broken,
        detail={"job": job.pk},
    )


def append(job: ImportJob, problems: Sequence[Problem]) -> None:
    """Append the problems of a chunk.

    After a crash, the last chunk's problems may be in the file twice.
    """
    if not problems:
        return
    path = path_of(job)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Spreadsheets need the byte order mark to read Chinese.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerow([_("row"), _("field"), _("value"), _("remedy")])
    # Outside the transaction of the job's row: a problem that is listed twice is better
    # than one that is missing.
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for problem in problems:
            texts = (problem.field, problem.value, problem.remedy)
            writer.writerow([problem.row, *map(csv_safe, texts)])
