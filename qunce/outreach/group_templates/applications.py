"""Apply a template to groups exactly as the preview showed it, and undo that."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups, visibility
from qunce.groups.groups import Group, Membership, Stage
from qunce.outreach.group_templates import comparison, parts, previews, templates
from qunce.outreach.group_templates.models import (
    Application,
    ApplicationResult,
    FollowedTemplate,
    GroupTemplate,
    ResultState,
)
from qunce.outreach.group_templates.parts import stage
from qunce.outreach.group_templates.previews import GroupPreview, PreviewOutdated
from qunce.outreach.group_templates.templates import GroupTemplateFact

logger = logging.getLogger(__name__)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateApplied(GroupTemplateFact):
    """`fields` are those of the group that got a new value."""

    kind = "group_template.applied"
    label = gettext_lazy("group template applied")
    version: int
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateUndone(GroupTemplateFact):
    """`fields` are those that have their former value again."""

    kind = "group_template.undone"
    label = gettext_lazy("group template undone")
    fields: list[str]


class ApplicationNotFound(errors.NotFound):
    """There is no such application, or none of its groups is visible."""


def check_may_apply(template: GroupTemplate, by: Staff) -> None:
    permissions.check_may(by, groups.MANAGE)
    templates.check_may_view(template, by)
    templates.check_in_use(template)


def may_apply(by: Staff) -> bool:
    return permissions.may(by, groups.MANAGE) and permissions.may(by, templates.VIEW)


# Verbs


def apply(
    *,
    template: GroupTemplate,
    groups: Iterable[int],
    digest: str,
    by: Staff,
    at: datetime,
) -> Application:
    """Apply the newest version to groups, if the preview with this digest still holds.

    Each group is a transaction of its own, and has a result; one that fails stops no
    other.
    """
    check_may_apply(template, by)
    preview = previews.compute(template=template, groups=groups, by=by, at=at)
    if not preview.groups:
        raise errors.Invalid(_("Choose at least one group."))
    if preview.digest != digest:
        raise PreviewOutdated(
            _(
                "The template or one of the groups has changed since the preview. "
                "Nothing was applied. Look at the preview again."
            )
        )
    application = start(template, by, at)
    for row in preview.groups:
        apply_to_group(application, row, by, at)
    return application


def start(template: GroupTemplate, by: Staff, at: datetime) -> Application:
    return Application.objects.create(
        template=template, version=template.version, at=at, by=by
    )


def apply_to_group(
    application: Application, planned: GroupPreview, by: Staff, at: datetime
) -> ApplicationResult:
    result = ApplicationResult(application=application, group=planned.group)
    return _attempt(result, lambda: _apply(result, planned, by, at))


def _attempt(
    result: ApplicationResult, change: Callable[[], None]
) -> ApplicationResult:
    """Save the result of a change to one group, also if the change fails."""
    try:
        with transaction.atomic():
            change()
            result.save()
    except errors.QunceError as error:
        _save_failure(result, str(error))
    except Exception:  # One group must not stop the others, whatever is wrong with it.
        logger.exception("A template could not be applied to group %s", result.group_id)
        _save_failure(
            result, _("An unexpected error, which is in the log. Nothing was changed.")
        )
    return result


def _save_failure(result: ApplicationResult, problem: str) -> None:
    # An undo that fails leaves the group as the template made it.
    if result._state.adding:
        result.state, result.changes, result.previous = ResultState.FAILED, [], None
    else:
        result.refresh_from_db(fields=["state", "kept"])
    result.problem = problem
    result.save()


def _apply(
    result: ApplicationResult, planned: GroupPreview, by: Staff, at: datetime
) -> None:
    template = result.application.template
    group = _lock(planned.group, by)
    (row,) = previews.load(template, [group], by, at).groups
    _check_as_planned(row, planned)
    _give(group, {each.field: each.then for each in planned.changes}, by, at)
    result.changes = [
        {"field": each.field, "before": each.now, "after": each.then}
        for each in planned.changes
    ]
    result.previous = _follow(group, template, at)
    result.state = ResultState.DONE
    fact = GroupTemplateApplied(
        template=template.name,
        group=group.pk,
        version=template.version,
        fields=sorted(each.field for each in planned.changes),
    )
    facts.record(fact, community=template.community, by=by, at=at)


def _check_as_planned(row: GroupPreview, planned: GroupPreview) -> None:
    """Raise if the group is not as it was shown, or a change is not possible any more."""
    if [(each.field, each.now) for each in row.differences] != [
        (each.field, each.now) for each in planned.differences
    ]:
        raise PreviewOutdated(
            _("The group has changed since the preview. Nothing was changed in it.")
        )
    possible = {each.field for each in planned.changes}
    for each in row.conflicts:
        if each.field in possible:
            raise errors.Refused(each.reason)


def _lock(group: Group, by: Staff) -> Group:
    locked = Group.objects.select_for_update(of=("self",)).get(pk=group.pk)
    locked.community = by.community
    return locked


def _give(group: Group, fields: Mapping[str, Any], by: Staff, at: datetime) -> None:
    content = comparison.split(fields)
    for part in parts.list_all():
        if part.key in content:
            part.apply(group, content[part.key], by, at)


def _follow(
    group: Group, template: GroupTemplate, at: datetime
) -> dict[str, Any] | None:
    """Let the group follow the template; returns what it followed before."""
    followed = FollowedTemplate.objects.filter(group=group).first()  # one per group
    if followed is None:
        FollowedTemplate.objects.create(
            group=group, template=template, version=template.version, since=at
        )
        return None
    previous = {
        "template": followed.template_id,
        "version": followed.version,
        "since": followed.since.isoformat(),
    }
    followed.template, followed.version, followed.since = template, template.version, at
    followed.save(update_fields=["template", "version", "since"])
    return previous


def undo(*, application: Application, by: Staff, at: datetime) -> int:
    """Give the visible groups their former values, where nobody changed them since.

    Returns in how many groups it was undone. New groups are retired if they are empty.
    """
    permissions.check_may(by, groups.MANAGE)
    templates.check_may_view(application.template, by)
    undone = 0
    for result in list_results(application=application, by=by):
        if result.state == ResultState.DONE:
            _attempt(result, lambda result=result: _undo(result, by, at))  # type: ignore[misc]
            undone += result.state == ResultState.UNDONE
    return undone


def _undo(result: ApplicationResult, by: Staff, at: datetime) -> None:
    group = _lock(result.group, by)
    # Another request may have undone it already.
    rows = ApplicationResult.objects.filter(pk=result.pk, state=ResultState.DONE)
    if not rows.update(state=ResultState.UNDONE):
        raise errors.Refused(_("This was undone before."))
    result.state, result.problem = ResultState.UNDONE, ""
    if result.is_new_group:
        fields = _retire(group, by, at)
    else:
        fields = _restore(result, group, by, at)
    _follow_previous(result, group)
    fact = GroupTemplateUndone(
        template=result.application.template.name, group=group.pk, fields=fields
    )
    facts.record(fact, community=group.community, by=by, at=at)


def _retire(group: Group, by: Staff, at: datetime) -> list[str]:
    if Membership.objects.filter(group=group, present=True).exists():
        raise errors.Refused(
            _("The new group has members already, so it stays as it is.")
        )
    transition = stage.find_transition(group.state, Stage.DEAD)
    if transition is not None:
        groups.change_stage(group=group, transition=transition, by=by, at=at)
    return ["stage.stage"]


def _restore(
    result: ApplicationResult, group: Group, by: Staff, at: datetime
) -> list[str]:
    """Restore the fields that have the value of the template; returns which."""
    after = {each["field"]: each["after"] for each in result.changes}
    before = {each["field"]: each["before"] for each in result.changes}
    restored: dict[str, Any] = {}
    for key, values in comparison.split(after).items():
        part = parts.find(key)
        if part is None or not part.is_visible_to(by):
            continue
        snapshot = part.load([group], values, by, at)
        now = snapshot.now(group.pk)
        for name, value in values.items():
            old = before[f"{key}.{name}"]
            if now.get(name) == value and not snapshot.conflict(
                group.pk, name, old, is_undo=True
            ):
                restored[f"{key}.{name}"] = old
    _give(group, restored, by, at)
    result.kept = sorted(set(after) - set(restored))
    return sorted(restored)


def _follow_previous(result: ApplicationResult, group: Group) -> None:
    application, previous = result.application, result.previous
    rows = FollowedTemplate.objects.filter(
        group=group, template=application.template, version=application.version
    )
    # What was applied later is not undone.
    if rows.exclude(since=application.at).exists():
        return
    if previous is None:
        rows.delete()
    else:
        rows.update(
            template_id=previous["template"],
            version=previous["version"],
            since=datetime.fromisoformat(previous["since"]),
        )


# Reads


def get(*, by: Staff, pk: int) -> Application:
    rows = Application.objects.filter(template__community=by.community, pk=pk)
    permissions.check_may(by, templates.VIEW)
    for application in rows.select_related("template__community", "by"):
        if list_results(application=application, by=by).exists():
            return application
    raise ApplicationNotFound(
        _("This template was not applied in groups that you see.")
    )


def list_results(
    *, application: Application, by: Staff
) -> models.QuerySet[ApplicationResult]:
    """The results of visible groups, by name."""
    templates.check_may_view(application.template, by)
    rows = ApplicationResult.objects.filter(
        application=application, group__in=visibility.list_visible(by)
    )
    related = ("group__community", "application__template__community")
    return rows.select_related(*related).order_by("group__name", "pk")


def list_recent(*, template: GroupTemplate, by: Staff) -> models.QuerySet[Application]:
    """Applications with visible groups, the newest first, with their counts."""
    templates.check_may_view(template, by)
    visible = models.Q(results__group__in=visibility.list_visible(by))
    rows = Application.objects.filter(template=template).select_related("by")
    counts = {
        state: models.Count(
            "results", filter=visible & models.Q(results__state=state), distinct=True
        )
        for state in ResultState.values
    }
    rows = rows.annotate(n=models.Count("results", filter=visible), **counts)
    return rows.filter(n__gt=0).order_by("-at", "-pk")
