"""What a file says, as staff read it who may not see phone numbers and the like.

Whoever may import files may look at those of others, and at their broken rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qunce.core import permissions
from qunce.importing import target_registry
from qunce.importing.jobs import jobs
from qunce.members.accounts import masking
from qunce.members.attributes import contact_names
from qunce.members.attributes.attributes import Attribute

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob, ImportProblem
    from qunce.importing.plan.questions import Question
    from qunce.importing.rows.parsing import Problem
    from qunce.importing.target_registry import Target

IDENTIFIER_TYPES = ("phone", "email", "unionid")
PLAIN_TYPES = ("instant", "date", "amount", "number", "bool")
"""Types whose values are never contacts once they are parsed."""


@dataclass(frozen=True)
class RowMask:
    """Masks the cells of a file for `by`, by the field that their column fills."""

    by: Staff
    fields: Mapping[str, str]
    """The field of each heading, empty for a column that is not imported."""
    types: Mapping[str, str]
    """By field."""
    contacts: frozenset[str]
    """Fields and headings of columns by which a person can be reached."""

    def cell(self, heading: str, text: str) -> str:
        """A cell as it is in the file."""
        name = self.fields.get(heading, "")
        kind = self.types.get(name, "")
        if kind in IDENTIFIER_TYPES:
            return masking.identifier(kind=kind, value=text, by=self.by)
        if name in self.contacts or heading in self.contacts:
            return masking.contact(text, self.by)
        return masking.text(text, self.by)

    def value(self, name: str, value: Any) -> Any:
        """A value of a field as the preview has it."""
        if not isinstance(value, str) or self.types.get(name) in PLAIN_TYPES:
            return value
        headings = [heading for heading, field in self.fields.items() if field == name]
        return self.cell(headings[0], value) if headings else value

    def problem(self, problem: Problem) -> Problem:
        value = self.cell(problem.field, problem.value)
        remedy = self.remedy(problem.remedy, problem.value, value)
        return dataclasses.replace(problem, value=value, remedy=remedy)

    def stored(self, problem: ImportProblem) -> ImportProblem:
        """The same for a stored problem; the object is changed, and never saved."""
        value = self.cell(problem.field, problem.value)
        problem.remedy = self.remedy(problem.remedy, problem.value, value)
        problem.value = value
        return problem

    def remedy(self, remedy: str, value: str, masked: str) -> str:
        # A remedy repeats what it is about, such as a UnionID.
        return masking.text(remedy.replace(value, masked) if value else remedy, self.by)

    def question(self, question: Question) -> Question:
        heading = question.heading
        choices = tuple(
            dataclasses.replace(
                choice,
                label=masking.text(choice.label, self.by),
                sample=self.cell(heading, choice.sample) if choice.sample else "",
            )
            for choice in question.choices
        )
        text = masking.text(question.text, self.by)
        return dataclasses.replace(question, text=text, choices=choices)

    def json(self, value: Any) -> Any:
        """A JSON value with all its texts masked."""
        return masking.json(value, self.by)


def mask_for(by: Staff, target: Target, mapping: Mapping[str, str]) -> RowMask | None:
    """Return the mask of a file, None for staff who may see everything."""
    if permissions.may(by, masking.VIEW_IDENTIFIERS):
        return None
    attributes = Attribute.objects.filter(community_id=by.community_id)
    contacts = {
        target_registry.ATTRIBUTE_PREFIX + name
        for name in attributes.filter(is_contact=True).values_list("name", flat=True)
    }
    declared = {field.name: field.type for field in target.fields}
    contacts |= {
        heading
        for heading, field in mapping.items()
        if field not in declared and contact_names.is_contact(heading)
    }
    return RowMask(by, mapping, declared, frozenset(contacts))


def mask_of(job: ImportJob, *, by: Staff) -> RowMask | None:
    """Return the mask of an import's file, None for staff who may see everything."""
    target = target_registry.get(job.target)
    return mask_for(by, target, jobs.options_of(job).mapping)


def stored_problems(
    problems: Iterable[ImportProblem], job: ImportJob, *, by: Staff
) -> list[ImportProblem]:
    """Return the problems as `by` may read them."""
    mask = mask_of(job, by=by)
    return list(problems) if mask is None else list(map(mask.stored, problems))
