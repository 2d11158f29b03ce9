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
    """A column of the file: its first values, what it is taken as, and what else it
    can be."""

    place: int
    heading: str
    values: list[str]
    field: str
    options: list[tuple[str, str]]
    kind: str

    @property
    def name(self) -> str:
        return f"c{self.place}"


@dataclass(frozen=True)
class MappingPreview:
    """`wrong` says what is not chosen well yet; then there is no preview."""

    columns: list[ColumnChoice]
    wrong: list[str]
    notes: list[str]
    shown: list[tuple[str, str]]
    """Field and its words, of the preview's columns."""
    rows: list[list[Any]]
    problems: list[Problem]

    @property
    def broken(self) -> int:
        return len({one.row for one in self.problems})


def job_url(job: ImportJob) -> str:
    return reverse("importing:job-detail", args=[job.pk])
