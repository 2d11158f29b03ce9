"""Which groups follow a template, which of them differ from it, and their own values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups, visibility
from qunce.groups.groups import Group
from qunce.outreach.group_templates import comparison, previews, templates
from qunce.outreach.group_templates.models import FollowedTemplate, GroupTemplate
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate
from qunce.outreach.group_templates.previews import Preview
from qunce.outreach.group_templates.templates import GroupTemplateFact


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplatePinned(GroupTemplateFact):
    """`fields` are all that the group keeps from now on."""

    kind = "group_template.pinned"
    label = gettext_lazy("own values of a group kept")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateUnfollowed(GroupTemplateFact):
    kind = "group_template.unfollowed"
    label = gettext_lazy("group no longer follows its template")


class NoTemplateFollowed(errors.NotFound):
    """The group follows no template."""


# Verbs


@transaction.atomic
def pin(*, group: Group, fields: Iterable[str], by: Staff, at: datetime) -> list[str]:
    """Keep the group's own values of exactly these fields, such as "card.rhythm".

    Applying a template leaves them as they are. Without fields, it may change all of them.
    """
    followed = _get_for_change(group, by)
    wanted = sorted(set(fields))
    known = comparison.flatten(followed.template.content)
    for field in wanted:
        if field not in known and field not in followed.pinned:
            raise InvalidGroupTemplate(
                _("The template “%(name)s” has no field “%(field)s”.")
                % {"name": followed.template, "field": field[:80]}
            )
    if wanted != followed.pinned:
        followed.pinned = wanted
        followed.save(update_fields=["pinned"])
        fact = GroupTemplatePinned(
            template=followed.template.name, group=group.pk, fields=wanted
        )
        facts.record(fact, community=group.community, by=by, at=at)
    return wanted


@transaction.atomic
def unfollow(*, group: Group, by: Staff, at: datetime) -> None:
    """The group keeps its values, and is not compared with the template any more."""
    followed = _get_for_change(group, by)
    followed.delete()
    fact = GroupTemplateUnfollowed(template=followed.template.name, group=group.pk)
    facts.record(fact, community=group.community, by=by, at=at)


def _get_for_change(group: Group, by: Staff) -> FollowedTemplate:
    permissions.check_may(by, groups.MANAGE)
    groups.check_visible(group, by)
    found = find(group=group, by=by, lock=True)
    if found is None:
        raise NoTemplateFollowed(_("The group follows no template."))
    return found


# Reads


def find(*, group: Group, by: Staff, lock: bool = False) -> FollowedTemplate | None:
    """What a group follows, None if it follows nothing or `by` sees no templates."""
    groups.check_visible(group, by)
    if not permissions.may(by, templates.VIEW):
        return None
    rows = FollowedTemplate.objects.filter(group=group)
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.select_related("template__community").first()  # one row per group


def compare_followers(*, template: GroupTemplate, by: Staff, at: datetime) -> Preview:
    """Compare the visible groups that follow a template with its newest version."""
    templates.check_may_view(template, by)
    rows = list(_followers(by).filter(pk__in=_group_ids(template)))
    for row in rows:
        row.community = by.community
    return previews.load(template, rows, by, at)


def compare_group(*, group: Group, by: Staff, at: datetime) -> Preview | None:
    """Compare a group with the template that it follows, if it follows one."""
    followed = find(group=group, by=by)
    if followed is None:
        return None
    return previews.load(followed.template, [group], by, at)


def count_followers(by: Staff) -> dict[int, int]:
    """Template → how many visible groups follow it."""
    if not permissions.may(by, templates.VIEW):
        return {}
    rows = FollowedTemplate.objects.filter(group__in=_followers(by))
    counts = rows.values("template_id").annotate(n=models.Count("pk"))
    return dict(counts.values_list("template_id", "n"))


def _group_ids(template: GroupTemplate) -> models.QuerySet[FollowedTemplate, int]:
    rows = FollowedTemplate.objects.filter(template=template)
    return rows.values_list("group_id", flat=True)


def _followers(by: Staff) -> models.QuerySet[Group]:
    return visibility.list_visible(by).order_by("name", "pk")
