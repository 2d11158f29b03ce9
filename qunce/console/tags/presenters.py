"""Rows of the tag library as its pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.staff.models import Staff
from qunce.members.tag_rules import tag_rules
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.members.tags import templates as tag_templates
from qunce.members.tags.models import Tag, TagBatch, TagGroup
from qunce.sets import set_sizes


@dataclass(frozen=True)
class TagRow:
    tag: Tag
    member_count: int
    url: str
    """The list of members with the tag."""


@dataclass(frozen=True)
class TagSection:
    group: TagGroup | None
    rows: list[TagRow]

    @property
    def is_plain(self) -> bool:
        """Whether its tags have neither description nor owner and fit in one line."""
        return not any(row.tag.description or row.tag.owner_id for row in self.rows)


def tag_rows(tags: Sequence[Tag], by: Staff, at: datetime) -> list[TagRow]:
    counts = set_sizes.count_by_ref(
        community=by.community,
        kind=tag_models.KIND.name,
        refs=[tag.pk for tag in tags],
        by=by,
        at=at,
    )
    return [TagRow(tag, counts[tag.pk], members_url(tag)) for tag in tags]


def members_url(tag: Tag) -> str:
    return f"{reverse('members:list')}?tag={tag.pk}"


def group_into_sections(rows: Iterable[TagRow]) -> Iterable[TagSection]:
    """Yield one section per group of the rows, which are ordered by group."""
    section: TagSection | None = None
    for row in rows:
        if section is None or section.group != row.tag.group:
            if section is not None:
                yield section
            section = TagSection(row.tag.group, [])
        section.rows.append(row)
    if section is not None:
        yield section


AUTOMATIC_SOURCES = (*assignments.AUTOMATIC_SOURCES, assignments.EXPIRED)
"""Sources of batches made by the system, which would make them again after an undo."""


SOURCE_LABELS: dict[str, StrOrPromise] = {
    "operator": gettext_lazy("by hand"),
    "import": gettext_lazy("import"),
    "merge": gettext_lazy("tag merge"),
    "expiry": gettext_lazy("expired"),
    "purchases": gettext_lazy("updated from orders"),
    "base": gettext_lazy("updated from the profile"),
}


@dataclass(frozen=True)
class BatchRow:
    batch: TagBatch
    tags: list[Tag]
    source: StrOrPromise
    may_undo: bool


def batch_rows(batches: Sequence[TagBatch], by: Staff) -> list[BatchRow]:
    tag_ids = {pk for batch in batches for pk in batch.tags}
    tags = Tag.objects.filter(community=by.community, pk__in=tag_ids).in_bulk()
    rules = tag_rules.names_by_source([batch.source for batch in batches])
    return [
        BatchRow(
            batch,
            [tags[pk] for pk in batch.tags if pk in tags],
            _source_label(batch.source, rules),
            batch.source not in AUTOMATIC_SOURCES and assignments.may_undo(batch, by),
        )
        for batch in batches
    ]


def _source_label(source: str, rules: Mapping[str, str]) -> StrOrPromise:
    if source in rules:
        return _("by rule “%(name)s”") % {"name": rules[source]}
    return SOURCE_LABELS.get(source, source)


@dataclass(frozen=True)
class TemplatePreview:
    """A template. `missing` counts its tags that are not in the library yet."""

    name: str
    label: StrOrPromise
    description: StrOrPromise
    groups: Sequence[tag_templates.TemplateGroup]
    missing: int


def detail_url(tag: Tag) -> str:
    return reverse("tags:detail", args=[tag.pk])
