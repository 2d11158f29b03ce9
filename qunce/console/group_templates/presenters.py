"""The content of a template, and what differs from it, as the pages show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.outreach.group_templates import parts, previews, templates
from qunce.outreach.group_templates.comparison import Difference, Status
from qunce.outreach.group_templates.models import (
    Application,
    ApplicationResult,
    GroupTemplate,
)
from qunce.outreach.group_templates.parts.base import Snapshot
from qunce.outreach.group_templates.previews import GroupPreview, Preview

MAX_FIELDS_NAMED = 4


@dataclass(frozen=True)
class Line:
    """A field of a template, or what changes in a group."""

    field: str
    label: str
    now: str
    then: str
    status: str = ""
    note: str = ""


@dataclass(frozen=True)
class Section:
    label: StrOrPromise
    lines: list[Line]


@dataclass(frozen=True)
class GroupRow:
    group: Group
    lines: list[Line]
    other_template: str = ""

    @property
    def changes(self) -> list[Line]:
        return [line for line in self.lines if line.status == Status.CHANGE]

    @property
    def conflicts(self) -> list[Line]:
        return [line for line in self.lines if line.status == Status.CONFLICT]

    @property
    def pinned(self) -> list[Line]:
        return [line for line in self.lines if line.status == Status.PINNED]


def content_sections(
    content: dict[str, dict[str, Any]], by: Staff, at: datetime
) -> list[Section]:
    """The parts of a template with their fields in words."""
    sections = []
    for part in parts.list_all():
        fields = content.get(part.key)
        if fields and part.is_visible_to(by):
            snapshot = part.load([], fields, by, at)
            lines = [
                Line(field, snapshot.label(field), "", snapshot.text(field, value))
                for field, value in fields.items()
            ]
            sections.append(Section(part.label, lines))
    return sections


def own_choices(
    template: GroupTemplate, by: Staff, at: datetime
) -> list[tuple[StrOrPromise, list[tuple[str, str]]]]:
    """The fields that a group can keep, such as "card.rhythm", by part."""
    found: list[tuple[StrOrPromise, list[tuple[str, str]]]] = []
    content = templates.visible_content(template, by)
    for part in parts.list_all():
        fields = content.get(part.key)
        if fields:
            snapshot = part.load([], fields, by, at)
            labels = [(f"{part.key}.{name}", snapshot.label(name)) for name in fields]
            found.append((part.label, labels))
    return found


def group_rows(preview: Preview, rows: Iterable[GroupPreview]) -> list[GroupRow]:
    """Rows with the fields that are not the same."""
    return [
        GroupRow(
            row.group,
            [
                _line(preview, each)
                for each in row.differences
                if each.status != Status.SAME
            ],
            row.follows.template.name
            if row.follows and row.follows.template_id != preview.template.pk
            else "",
        )
        for row in rows
    ]


def count_by_field(preview: Preview) -> list[tuple[str, int]]:
    """The fields in which most groups differ, and in how many of them."""
    counts = Counter(
        each.field for row in preview.groups for each in (*row.changes, *row.conflicts)
    )
    return [
        (preview.label(field), count)
        for field, count in counts.most_common(MAX_FIELDS_NAMED)
    ]


def _line(preview: Preview, difference: Difference) -> Line:
    return Line(
        difference.field,
        preview.label(difference.field),
        preview.text(difference.field, difference.now),
        preview.text(difference.field, difference.then),
        difference.status.value,
        difference.reason or previews.cause_text(difference),
    )


@dataclass(frozen=True)
class ResultRow:
    result: ApplicationResult
    lines: list[Line]
    kept: list[str]


def result_rows(
    application: Application,
    results: Iterable[ApplicationResult],
    by: Staff,
    at: datetime,
) -> list[ResultRow]:
    """What became of each group, with the fields that changed."""
    rows = list(results)
    used = {each["field"]: None for row in rows for each in row.changes}
    snapshots = _load_names(used, by, at)

    def label(field: str) -> str:
        part, _dot, name = field.partition(".")
        return snapshots[part].label(name)

    def text(field: str, value: Any) -> str:
        part, _dot, name = field.partition(".")
        return snapshots[part].text(name, value)

    return [
        ResultRow(
            row,
            [
                Line(
                    field,
                    label(field),
                    text(field, each["before"]),
                    text(field, each["after"]),
                )
                for each in row.changes
                if (field := each["field"]).partition(".")[0] in snapshots
            ],
            [
                label(field)
                for field in row.kept
                if field.partition(".")[0] in snapshots
            ],
        )
        for row in rows
    ]


def _load_names(fields: Iterable[str], by: Staff, at: datetime) -> dict[str, Snapshot]:
    names: dict[str, dict[str, Any]] = {}
    for field in fields:
        part, _dot, name = field.partition(".")
        names.setdefault(part, {})[name] = None
    return {
        part.key: part.load([], names[part.key], by, at)
        for part in parts.list_all()
        if part.key in names and part.is_visible_to(by)
    }


def summary(template: GroupTemplate, by: Staff) -> str:
    """The names of the parts of a template."""
    content = templates.visible_content(template, by)
    labels = (str(part.label) for part in parts.list_all() if part.key in content)
    return _(", ").join(labels)
