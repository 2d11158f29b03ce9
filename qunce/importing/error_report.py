"""All broken rows of an import as a CSV file that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core.csv_safety import csv_safe
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import Problem


def path_of(job: ImportJob) -> Path:
    return Path(settings.HOME) / "imports" / f"{job.pk}-broken.csv"


def begin(job: ImportJob) -> None:
    path = path_of(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow([_("row"), _("field"), _("value"), _("remedy")])


def append(job: ImportJob, problems: Iterable[Problem]) -> None:
    """Append. A chunk that was cut off in between may stand there twice."""
    problems = list(problems)
    if not problems:
        return
    if not path_of(job).exists():
        begin(job)
    with path_of(job).open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for one in problems:
            writer.writerow(
                [one.row, *map(csv_safe, (one.field, one.value, one.remedy))]
            )
