"""Rows and previews of imports as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django_stubs_ext import StrOrPromise

from qunce.console.importing import labels
from qunce.importing import target_registry
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import Problem


@dataclass(frozen=True)
class ImportRow:
    job: ImportJob
    target: str
    state: StrOrPromise
    tone: str


def import_row(job: ImportJob) -> ImportRow:
    state, tone = labels.STATE_LABELS.get(job.state, (job.state, ""))
    return ImportRow(job, str(target_registry.get(job.target).label), state, tone)


@dataclass(frozen=True)
class ColumnChoice:
    """A column of the file, with the field it is mapped to and the other choices."""

    index: int
    heading: str
    samples: list[str]
    field: str
    options: list[tuple[str, str]]
    type: str

    @property
    def name(self) -> str:
        return f"c{self.index}"


@dataclass(frozen=True)
class MappingPreview:
    """The mapping of all columns, and the first rows unless it has `errors`."""

    columns: list[ColumnChoice]
    errors: list[str]
    notes: list[str]
    fields: list[tuple[str, str]]
    """Field and label of the preview's columns."""
    rows: list[list[Any]]
    problems: list[Problem]

    @property
    def broken_rows(self) -> int:
        return len({problem.row for problem in self.problems})


def job_url(job: ImportJob) -> str:
    return reverse("importing:job-detail", args=[job.pk])
