"""The file with all broken rows of an import: CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core.csv_safety import csv_safe
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import Problem


def path_of(job: ImportJob) -> Path:
    return Path(settings.HOME) / "imports" / f"{job.pk}-broken.csv"


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
