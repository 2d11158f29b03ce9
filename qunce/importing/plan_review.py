"""What people see before an import starts: the plan of a file, or why there is none.

The console, the API and the command line show the same review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing import background_imports, pipeline, row_masks, target_registry
from qunce.importing.accounts import unknown_members
from qunce.importing.columns import column_mapping, source_questions
from qunce.importing.jobs import access
from qunce.importing.jobs import uploads as uploaded_files
from qunce.importing.plan import questions
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.plan.questions import Question
from qunce.importing.row_masks import RowMask
from qunce.importing.target_registry import Target
from qunce.members.accounts import masking

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.uploads import Upload

MAX_ROWS = 20


@dataclass(frozen=True)
class PlanReview:
    """`plan` is None if `mistakes` describes what is wrong with the options.

    `error` is a fault of the options other than of the mapping, such as an answer that
    is none of the choices.
    """

    target: Target
    mapping: Mapping[str, str]
    mistakes: list[str] = field(default_factory=list)
    error: errors.Invalid | None = None
    plan: ImportPlan | None = None
    preview: pipeline.Preview = field(default_factory=lambda: pipeline.Preview([], []))
    types: Mapping[str, str] = field(default_factory=dict)
    """Types of the mapped fields."""
    asked: list[Question] = field(default_factory=list)
    """Questions about the file itself, where there is no plan."""
    mask: RowMask | None = None
    """Of the file's cells, None if the reader may see them in full."""

    @property
    def notes(self) -> list[str]:
        """What the user should know, besides the questions."""
        if self.plan is None:
            return []
        repeated = questions.list_notes(self.plan.questions, self.plan.remembered)
        notes = [note for note in self.plan.notes if note not in repeated]
        if (sample := self.plan.source.sample) is not None:
            text = _(
                "The file is large: these notes and the questions are about its first "
                "%(rows)s rows. All rows are checked before anything is written."
            )
            notes.insert(0, text % {"rows": f"{len(sample.row_numbers):,}"})
        return notes

    @property
    def questions(self) -> list[Question]:
        return self.plan.questions if self.plan else self.asked

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if question.is_open]

    def sample_values(self, upload: Upload, heading: str, limit: int) -> list[str]:
        """The first distinct values of a column, shortened, as the reader may see them."""
        texts = uploaded_files.sample_values(upload, heading, limit)
        if self.mask is None:
            return texts
        return list(dict.fromkeys(self.mask.cell(heading, text) for text in texts))


def review(
    upload: Upload, *, by: Staff, at: datetime, max_rows: int = MAX_ROWS
) -> PlanReview:
    """Return the plan of an uploaded file with its first rows and problems."""
    access.check_may_import(by, upload)
    options = uploaded_files.options_of(upload)
    target = target_registry.get(options.target)
    headings = upload.inspection["headings"]
    mapping = column_mapping.complete(target, headings, options.mapping)
    mask = row_masks.mask_for(by, target, mapping)
    mistakes = list_mistakes(target, mapping)
    if mistakes:
        source = uploaded_files.get_source(upload)
        _source, asked = source_questions.apply_answers(
            source, options, {}, upload.name
        )
        asked = [question for question in asked if question.name == "first_row"]
        asked = list(map(mask.question, asked)) if mask else asked
        return PlanReview(target, mapping, mistakes, asked=asked, mask=mask)
    try:
        plan = background_imports.plan_upload(upload, by=by, at=at)
        if not any(question.is_open for question in plan.questions):
            unknown_members.ask(plan)
        preview = pipeline.preview(plan, max_rows)
    except errors.Invalid as error:
        mistakes = [masking.text(str(error), by)]
        return PlanReview(target, mapping, mistakes, error, mask=mask)
    types = {name: traits.type for name, traits in plan.traits.items()}
    types |= {each.name: each.type for each in plan.target.fields}
    return PlanReview(
        target, plan.mapping, plan=plan, preview=preview, types=types, mask=mask
    )


def list_mistakes(target: Target, mapping: Mapping[str, str]) -> list[str]:
    """Return a sentence for every field that has two columns or lacks one."""
    mistakes = [
        _("“%(one)s” and “%(other)s” cannot both be mapped to: %(name)s.")
        % {"one": first, "other": second, "name": target.field_label(name)}
        for name, (first, second) in column_mapping.duplicates(mapping).items()
    ]
    for group in column_mapping.missing_required(target, mapping):
        names = _(" or ").join(map(target.field_label, group))
        mistakes.append(_("Choose a column for: %(names)s.") % {"names": names})
    return mistakes
