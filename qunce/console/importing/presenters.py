"""Rows and previews of imports as pages show them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.console.importing import forms, labels
from qunce.core.staff.models import Staff
from qunce.importing import background_imports, import_results, target_registry
from qunce.importing.accounts import unknown_members
from qunce.importing.columns import column_mapping
from qunce.importing.jobs import jobs, join_report, reports, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan import questions
from qunce.importing.plan.questions import Question
from qunce.importing.plan_review import PlanReview
from qunce.importing.rows.parsing import Problem
from qunce.importing.target_registry import Target
from qunce.importing.targets.orders import currencies
from qunce.importing.undo import undos
from qunce.importing.undo.undos import ImportUndo, UndoRemainder

MAX_COLUMN_SAMPLES = 3
MAX_JOINS_SHOWN = 200
MAX_REMAINDERS_SHOWN = 100
MAX_CARDS = 4
"""Choices of a question that are shown side by side."""
NUMBER_TYPES = ("amount", "number")
TYPE_QUESTION = "type"
"""Name of the questions that are shown next to their column."""


@dataclass(frozen=True)
class ImportRow:
    job: ImportJob
    target: str
    state: StrOrPromise
    tone: str

    @property
    def rows(self) -> int:
        """How many rows of the file are data."""
        return reports.count_rows(self.job)


def is_live(job: ImportJob) -> bool:
    """Return whether the page of the import has to be refreshed."""
    is_queued = job.state in jobs.ACTIVE_STATES and job.upload_id is not None
    return is_queued or job.state == "undoing"


def waits_for_others(job: ImportJob) -> bool:
    """Return whether imports that came before this one keep it waiting."""
    others = ImportJob.objects.filter(community=job.community, upload__isnull=False)
    is_before = Q(state="running") | Q(state="waiting", pk__lt=job.pk)
    return job.state == "waiting" and others.filter(is_before).exists()


def import_row(job: ImportJob) -> ImportRow:
    state, tone = labels.STATE_LABELS.get(job.state, (job.state, ""))
    return ImportRow(job, str(target_registry.get(job.target).label), state, tone)


@dataclass(frozen=True)
class QuestionRow:
    """A question with the field of the form that answers it."""

    question: Question

    @property
    def field(self) -> str:
        return f"{forms.ANSWER}{self.question.key}"

    @property
    def shown_field(self) -> str:
        return f"{forms.SHOWN}{self.question.key}"

    @property
    def is_about_members(self) -> bool:
        return self.question.name == unknown_members.KEY

    @property
    def is_kept(self) -> bool:
        """Whether the answer is remembered for the next file of the source."""
        return self.question.name not in questions.NOT_REMEMBERED

    @property
    def has_cards(self) -> bool:
        """Whether the readings are shown side by side; many of them are a list."""
        return 1 < len(self.question.choices) <= MAX_CARDS


@dataclass(frozen=True)
class ColumnChoice:
    """A column of the file, with the field it is mapped to and the other choices."""

    index: int
    heading: str
    samples: list[str]
    field: str
    options: list[tuple[str, str]]
    type: str
    type_question: QuestionRow | None
    """Present if the type can be chosen."""

    @property
    def name(self) -> str:
        return f"c{self.index}"


@dataclass(frozen=True)
class FilePreview:
    """How a file is read: its container, columns, questions and first rows.

    There is nothing but columns if `mistakes` says what is wrong with the options.
    """

    container: list[tuple[StrOrPromise, str]]
    columns: list[ColumnChoice]
    hidden_columns: int
    mistakes: list[str]
    notes: list[str]
    questions: list[QuestionRow]
    fields: list[tuple[str, bool]]
    """Labels of the preview's columns, and whether they are numbers."""
    rows: list[list[tuple[Any, bool]]]
    problems: list[Problem]
    row_count: int
    is_exact: bool
    """Whether the rows were counted, and not estimated."""
    checked_rows: int
    """Rows that the preview has checked; all others are checked by the import."""
    asks_currency: bool
    """Whether amounts of orders may be without a currency of their own."""

    @property
    def broken_rows(self) -> int:
        return len({problem.row for problem in self.problems})

    @property
    def good_rows(self) -> int | None:
        """Rows that are not broken; None if they were not counted."""
        return self.row_count - self.broken_rows if self.is_exact else None

    @property
    def is_empty(self) -> bool:
        """Whether the file has headings only."""
        return self.is_exact and not self.row_count

    @property
    def open_count(self) -> int:
        return sum(row.question.is_open for row in self.questions)


def file_preview(upload: Upload, review: PlanReview) -> FilePreview:
    attribute_labels = labels.attribute_labels(upload.community, review.mapping)
    field_names = [name for name in review.mapping.values() if name]
    headings = upload.inspection["headings"]
    is_whole = background_imports.is_planned_whole(upload)
    row_count = count_rows(upload)
    # Of a file with very many problems, the preview has read only the first rows.
    is_counted = is_whole and len(review.preview.problems) <= jobs.MAX_PROBLEM_ROWS
    is_counted = is_counted and review.plan is not None
    if is_counted:
        row_count = review.preview.rows_of_data
    return FilePreview(
        container=container_facts(upload),
        columns=_column_choices(upload, review, attribute_labels),
        hidden_columns=max(len(headings) - forms.MAX_COLUMNS, 0),
        mistakes=review.mistakes,
        notes=review.notes,
        # Those that the file does not decide first, as nothing starts without them. They
        # keep their places when they are answered.
        questions=sorted(
            (QuestionRow(q) for q in review.questions if q.name != TYPE_QUESTION),
            key=lambda row: (bool(row.question.suggestion), not row.has_cards),
        ),
        fields=[
            (
                labels.field_label(review.target, name, attribute_labels),
                review.types.get(name) in NUMBER_TYPES,
            )
            for name in field_names
        ],
        rows=_preview_rows(upload, review, field_names),
        problems=review.preview.problems,
        row_count=row_count,
        is_exact=is_counted,
        checked_rows=row_count if is_whole else uploads.SAMPLE_ROWS,
        asks_currency=_asks_currency(upload, review, is_counted=is_counted),
    )


def _asks_currency(upload: Upload, review: PlanReview, *, is_counted: bool) -> bool:
    if review.target.key != "orders" or review.plan is None:
        return False
    # Rows that were not read may lack one, and what was chosen can be changed again.
    if not is_counted or uploads.options_of(upload).currency:
        return True
    default = currencies.describe_default(review.plan.options.currency)
    return default in review.plan.row_notes


def _preview_rows(
    upload: Upload, review: PlanReview, field_names: Sequence[str]
) -> list[list[tuple[Any, bool]]]:
    """Return the values of each row, and whether they are numbers."""
    money_names = {field.name for field in review.target.fields if field.is_money}
    default = uploads.options_of(upload).currency or upload.community.currency
    rows = []
    for row, signs in zip(review.preview.rows, review.preview.signs, strict=True):
        cells = []
        for name in field_names:
            value, kind = row.get(name), review.types.get(name, "")
            if name in money_names and value is not None:
                currency = str(row.get("currency") or default)
                text: Any = labels.format_amount(value, signs.get(name, ""), currency)
            else:
                text = labels.format_value(name, value, kind)
            cells.append((text, kind in NUMBER_TYPES))
        rows.append(cells)
    return rows


def count_rows(upload: Upload) -> int:
    """Return about how many rows the file has."""
    is_csv = upload.inspection["format"] == "csv"
    lines: int = upload.inspection["lines"]
    return max(lines - int(is_csv), 0)


def container_facts(upload: Upload) -> list[tuple[StrOrPromise, str]]:
    """Return labels and values of what the file was found to be."""
    found = upload.inspection
    facts: list[tuple[StrOrPromise, str]] = [
        (_("Format"), str(labels.FORMAT_LABELS.get(found["format"], found["format"])))
    ]
    if found["format"] == "csv":
        sign = labels.DELIMITER_LABELS.get(found["delimiter"], found["delimiter"])
        facts.append((_("Encoding"), found["info"]["encoding"].upper()))
        facts.append((_("Columns separated by"), str(sign)))
    if found["sheet"] or found["sheets"]:
        sheet = found["sheet"] or found["sheets"][0]
        facts.append((_("Sheet"), sheet))
    return facts


def _column_choices(
    upload: Upload, review: PlanReview, attribute_labels: dict[str, str]
) -> list[ColumnChoice]:
    type_questions = {
        question.heading: QuestionRow(question)
        for question in review.questions
        if question.name == TYPE_QUESTION
    }
    columns = itertools.islice(review.mapping.items(), forms.MAX_COLUMNS)
    return [
        ColumnChoice(
            index,
            heading,
            review.sample_values(upload, heading, MAX_COLUMN_SAMPLES),
            field,
            _field_options(review.target, heading, field, attribute_labels),
            str(labels.TYPE_LABELS.get(review.types.get(field, ""), "")),
            type_questions.get(heading) if field else None,
        )
        for index, (heading, field) in enumerate(columns)
    ]


def _field_options(
    target: Target, heading: str, field: str, attribute_labels: dict[str, str]
) -> list[tuple[str, str]]:
    options = [("", _("skip this column"))]
    options += [
        (target_field.name, str(target_field.label)) for target_field in target.fields
    ]
    names = {text for text, _label in options}
    for name in dict.fromkeys([column_mapping.default_field(target, heading), field]):
        if name and name not in names:
            text = labels.field_label(target, name, {name: heading} | attribute_labels)
            if target.extras == "attributes":
                label = _("attribute: %(name)s") % {"name": text}
            else:
                label = _("save with the order: %(name)s") % {"name": text}
            options.append((name, label))
    return options


@dataclass(frozen=True)
class JobReport:
    """What became of the rows, the money, the joins, and all other counts."""

    rows_read: int
    rows: list[tuple[StrOrPromise, int]]
    money: list[reports.Money]
    others: list[tuple[str, str]]
    joins: list[str]

    @property
    def has_rows(self) -> bool:
        return self.rows_read > 0

    @property
    def has_changes(self) -> bool:
        return any(count for _label, count in self.rows[:2]) or bool(self.others)


def job_report(job: ImportJob, *, by: Staff) -> JobReport:
    target = target_registry.get(job.target)
    sentences = join_report.sentences(join_report.load(job, by=by))
    return JobReport(
        rows_read=reports.count_rows(job),
        rows=reports.list_row_counts(job, target),
        money=reports.list_money(job.counts),
        others=reports.list_other_counts(job, target),
        joins=list(itertools.islice(sentences, MAX_JOINS_SHOWN)),
    )


@dataclass(frozen=True)
class UndoReport:
    row: ImportUndo
    counts: list[tuple[StrOrPromise, int]]
    remainders: list[UndoRemainder]
    more: str
    """The sentence about stays beyond `remainders`."""
    sentence: str


def undo_report(job: ImportJob, *, by: Staff) -> UndoReport | None:
    undo = undos.find(job)
    if undo is None:
        return None
    rows = undos.list_remainders(job)[:MAX_REMAINDERS_SHOWN]
    masked = [undos.masked(each, by) for each in rows]
    return UndoReport(
        row=undo,
        counts=undos.result_counts(undo),
        remainders=masked,
        more=undos.describe_more(undo, len(masked)),
        sentence=undos.describe_remainders(undo),
    )


def result_links(job: ImportJob) -> list[tuple[str, str]]:
    """Return labels and URLs of pages with what the import wrote, the main one first."""
    members = reverse("members:list")
    orders = reverse("sales:order-list")
    links: dict[str, list[tuple[str, str]]] = {
        "orders": [(_("View orders"), orders)],
        "memberships": [(_("View groups"), reverse("groups:list"))],
        "opt_outs": [(_("View opt-outs"), reverse("outreach:opt-out-list"))],
        "facts": [(_("View the numbers"), reverse("insight:metrics"))],
        "messages": [(_("View groups"), reverse("groups:list"))],
    }
    general = links.get(job.target, [(_("View members"), members)])
    if import_results.is_too_large(job):
        return general
    if job.target == "orders" and import_results.list_orders(job):
        return [(_("View the orders of this import"), f"{orders}?import={job.pk}")]
    if job.target in ("memberships", "messages"):
        groups = import_results.list_groups(job)
        if len(groups) == 1:
            general = [(_("View the group"), reverse("groups:detail", args=groups))]
    if import_results.list_accounts(job):
        own = (_("View the members of this import"), f"{members}?import={job.pk}")
        return [own] if job.target in ("members", "tags") else [*general, own]
    return general


def job_url(job: ImportJob) -> str:
    return reverse("importing:job-detail", args=[job.pk])
