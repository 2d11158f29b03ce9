"""What applying a template would change in each of many groups, read in bulk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.groups.groups import Group
from qunce.outreach.group_templates import comparison, parts, templates
from qunce.outreach.group_templates.comparison import Cause, Difference, Status
from qunce.outreach.group_templates.models import FollowedTemplate, GroupTemplate
from qunce.outreach.group_templates.parts.base import Part, Snapshot

MAX_GROUPS = 300


class TooManyGroups(errors.Invalid):
    """A template is applied to a limited number of groups at a time."""


class PreviewOutdated(errors.Refused):
    """Something has changed since the preview that was shown."""


@dataclass(frozen=True)
class GroupPreview:
    group: Group
    follows: FollowedTemplate | None
    differences: tuple[Difference, ...]

    def having(self, status: Status) -> list[Difference]:
        return [each for each in self.differences if each.status == status]

    @property
    def changes(self) -> list[Difference]:
        return self.having(Status.CHANGE)

    @property
    def conflicts(self) -> list[Difference]:
        return self.having(Status.CONFLICT)

    @property
    def pinned(self) -> list[Difference]:
        return self.having(Status.PINNED)

    @property
    def is_same(self) -> bool:
        return all(each.status == Status.SAME for each in self.differences)

    @property
    def differs(self) -> bool:
        """Whether it has other values than the template, and they are not its own."""
        return bool(self.changes or self.conflicts)


@dataclass(frozen=True)
class Preview:
    """`hidden` are parts of the template that the staff member may not see or apply."""

    template: GroupTemplate
    version: int
    groups: tuple[GroupPreview, ...]
    snapshots: Mapping[str, Snapshot]
    hidden: tuple[Part, ...]

    @cached_property
    def digest(self) -> str:
        """The same for two previews exactly if they show the same."""
        shown = [
            [
                row.group.pk,
                [row.follows.template_id, row.follows.version] if row.follows else None,
                [
                    [each.field, each.now, each.then, each.status.value, each.reason]
                    for each in row.differences
                ],
            ]
            for row in self.groups
        ]
        text = json.dumps([self.template.pk, self.version, shown], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def label(self, field: str) -> str:
        part, _dot, name = field.partition(".")
        return self.snapshots[part].label(name)

    def text(self, field: str, value: Any) -> str:
        part, _dot, name = field.partition(".")
        return self.snapshots[part].text(name, value)


CAUSES: dict[Cause, StrOrPromise] = {
    Cause.NONE: "",
    Cause.TEMPLATE: gettext_lazy("The template has changed."),
    Cause.GROUP: gettext_lazy("It was changed in the group."),
    Cause.BOTH: gettext_lazy("Both the template and the group have changed."),
}


def cause_text(difference: Difference) -> str:
    """Why a group that follows the template differs from it, as a sentence."""
    return str(CAUSES[difference.cause])


def compute(
    *, template: GroupTemplate, groups: Iterable[int], by: Staff, at: datetime
) -> Preview:
    """Compare groups with the newest version; a hidden group is one that does not exist."""
    templates.check_may_view(template, by)
    wanted = set(groups)
    if len(wanted) > MAX_GROUPS:
        raise TooManyGroups(
            _("Choose at most %(n)s groups at a time.") % {"n": MAX_GROUPS}
        )
    visibility.check(by=by, groups=wanted)
    rows = list(
        visibility.list_visible(by).filter(pk__in=wanted).order_by("name", "pk")
    )
    for row in rows:
        row.community = by.community
    return load(template, rows, by, at)


def load(
    template: GroupTemplate, groups: Sequence[Group], by: Staff, at: datetime
) -> Preview:
    """Compare visible groups with the template."""
    content = templates.visible_content(template, by)
    hidden = [
        part
        for part in parts.list_all()
        if part.key in template.content and part.key not in content
    ]
    snapshots = {
        part.key: part.load(groups, content[part.key], by, at)
        for part in parts.list_all()
        if part.key in content
    }
    follows = FollowedTemplate.objects.filter(group__in=[group.pk for group in groups])
    by_group = {row.group_id: row for row in follows.select_related("template")}
    versions = templates.contents_by_version([template.pk])
    wanted = comparison.flatten(content)
    return Preview(
        template,
        template.version,
        tuple(
            GroupPreview(
                group,
                by_group.get(group.pk),
                tuple(
                    _compare(
                        group.pk,
                        wanted,
                        snapshots,
                        _followed_fields(template, by_group.get(group.pk), versions),
                        by_group.get(group.pk),
                    )
                ),
            )
            for group in groups
        ),
        snapshots,
        tuple(hidden),
    )


def _followed_fields(
    template: GroupTemplate,
    follows: FollowedTemplate | None,
    versions: Mapping[tuple[int, int], Any],
) -> dict[str, Any] | None:
    if follows is None or follows.template_id != template.pk:
        return None
    content = versions.get((template.pk, follows.version))
    return None if content is None else comparison.flatten(content)


def _compare(
    group: int,
    wanted: Mapping[str, Any],
    snapshots: Mapping[str, Snapshot],
    followed: Mapping[str, Any] | None,
    follows: FollowedTemplate | None,
) -> list[Difference]:
    def conflict(field: str, value: Any) -> str:
        part, _dot, name = field.partition(".")
        return snapshots[part].conflict(group, name, value)

    return comparison.compare(
        wanted=wanted,
        now=comparison.flatten(
            {part: snapshot.now(group) for part, snapshot in snapshots.items()}
        ),
        followed=followed,
        pinned=follows.pinned if follows else (),
        conflict=conflict,
    )
