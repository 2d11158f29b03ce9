"""What a group template changes in groups: previews, applying, followers, new groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.groups import visibility
from qunce.groups.group_filters import GroupFilter
from qunce.outreach.group_templates import (
    applications,
    comparison,
    following,
    new_groups,
    previews,
    templates,
)
from qunce.outreach.group_templates.models import Application
from qunce.outreach.group_templates.previews import GroupPreview, Preview
from qunce.outreach.playbooks import excluded_groups, playbooks

router = Router(auth=RequiresScope("groups"), tags=["groups"])
Digest = Annotated[
    str, Field(min_length=64, max_length=64, description="That of the preview.")
]


class FilterIn(schemas.InputSchema):
    """Without a stage, retired groups are left out. `text` is in the name or the key."""

    stage: Literal["growing", "lasting", "recalling", "dead"] | None = None
    kind: schemas.ShortText | None = None
    platform: schemas.ShortText | None = None
    audience: schemas.ShortText | None = None
    text: schemas.ShortText | None = None


class SelectionIn(schemas.InputSchema):
    """Either the groups, or a filter of the groups that you see."""

    group_ids: (
        Annotated[list[schemas.Id], Field(min_length=1, max_length=previews.MAX_GROUPS)]
        | None
    ) = None
    filter: FilterIn | None = None


class ApplyIn(SelectionIn):
    digest: Digest


class NumberingIn(schemas.InputSchema):
    """`pattern` has {n} in place of the number, from `first` to `last`."""

    pattern: Annotated[str, Field(min_length=1, max_length=200)]
    first: Annotated[int, Field(ge=0, le=new_groups.MAX_NUMBER)]
    last: Annotated[int, Field(ge=0, le=new_groups.MAX_NUMBER)]
    platform: Annotated[str, Field(min_length=1, max_length=30)] = "wecom"


class NewGroupsIn(NumberingIn):
    """The staff of `staff_ids` get a task to open the chats under these names."""

    digest: Digest
    staff_ids: Annotated[list[schemas.Id], Field(max_length=20)] = []


class PinIn(schemas.InputSchema):
    """All fields that the group keeps, such as card.rhythm; an empty list keeps none."""

    pinned: Annotated[list[schemas.Key], Field(max_length=200)]


class GroupPlaybookIn(schemas.InputSchema):
    playbook_key: schemas.Key
    runs: bool


class DifferenceOut(schemas.OutputSchema):
    """`status` is change, conflict or pinned. `cause` says for followers who changed it."""

    field: str
    label: str
    now: Any
    then: Any
    now_text: str
    then_text: str
    status: str
    cause: str
    reason: str


class FollowedOut(schemas.OutputSchema):
    template_id: int
    version: int
    pinned: list[str]


class GroupPreviewOut(schemas.OutputSchema):
    """Fields that are the same are left out of `differences`."""

    group_id: int
    group_key: str
    name: str
    follows: FollowedOut | None
    differences: list[DifferenceOut]


class GroupTemplatePreviewOut(schemas.OutputSchema):
    """`hidden_parts` are parts of the template that you may not apply."""

    template_id: int
    version: int
    digest: str
    differing: int
    groups: list[GroupPreviewOut]
    hidden_parts: list[str]


class ChangeOut(schemas.OutputSchema):
    field: str
    before: Any
    after: Any


class ResultOut(schemas.OutputSchema):
    """`state` is done, failed or undone; an undo left the fields of `kept` alone."""

    group_id: int
    group_key: str
    state: str
    is_new_group: bool
    changes: list[ChangeOut]
    kept: list[str]
    problem: str


class ApplicationOut(schemas.OutputSchema):
    id: int
    template_id: int
    version: int
    at: datetime
    by_login: str
    problems: list[str]
    results: list[ResultOut]


class ApplicationsOut(schemas.OutputSchema):
    items: list[ApplicationOut]


class NewGroupOut(schemas.OutputSchema):
    """`problem` says why it would not be created; empty if it would."""

    name: str
    problem: str


class NewGroupsPreviewOut(schemas.OutputSchema):
    digest: str
    groups: list[NewGroupOut]


# Applying


def _select(request: ApiRequest, data: SelectionIn) -> list[int]:
    if (data.group_ids is None) == (data.filter is None):
        raise errors.Invalid(_("Give either “group_ids” or “filter”."))
    if data.group_ids is not None:
        return data.group_ids
    values = data.filter.model_dump(exclude_none=True) if data.filter else {}
    rows = GroupFilter(**values).apply(visibility.list_visible(request.by))
    return list(rows.values_list("pk", flat=True))


def _serialize_preview(preview: Preview) -> dict[str, Any]:
    return {
        "template_id": preview.template.pk,
        "version": preview.version,
        "digest": preview.digest,
        "differing": sum(row.differs for row in preview.groups),
        "groups": [_serialize_row(preview, row) for row in preview.groups],
        "hidden_parts": [part.key for part in preview.hidden],
    }


def _serialize_row(preview: Preview, row: GroupPreview) -> dict[str, Any]:
    names = ("field", "now", "then", "reason")
    return {
        "group_id": row.group.pk,
        "group_key": row.group.key,
        "name": row.group.name,
        "follows": row.follows,
        "differences": [
            {name: getattr(each, name) for name in names}
            | {
                "label": preview.label(each.field),
                "now_text": preview.text(each.field, each.now),
                "then_text": preview.text(each.field, each.then),
                "status": each.status.value,
                "cause": each.cause.value,
            }
            for each in row.differences
            if each.status != comparison.Status.SAME
        ],
    }


@router.post(
    "/group-templates/{group_template_id}/preview", response=GroupTemplatePreviewOut
)
def preview(
    request: ApiRequest, group_template_id: schemas.Id, data: SelectionIn
) -> dict[str, Any]:
    """Show what the newest version would change in each group."""
    template = templates.get(by=request.by, pk=group_template_id)
    shown = previews.compute(
        template=template, groups=_select(request, data), by=request.by, at=request.at
    )
    return _serialize_preview(shown)


@router.post("/group-templates/{group_template_id}/apply", response=ApplicationOut)
def apply(
    request: ApiRequest, group_template_id: schemas.Id, data: ApplyIn
) -> dict[str, Any]:
    """Apply exactly what a preview showed; refused if anything has changed since."""
    application = applications.apply(
        template=templates.get(by=request.by, pk=group_template_id),
        groups=_select(request, data),
        digest=data.digest,
        by=request.by,
        at=request.at,
    )
    return _serialize_application(application, request)


@router.get(
    "/group-templates/{group_template_id}/groups", response=GroupTemplatePreviewOut
)
def list_groups(request: ApiRequest, group_template_id: schemas.Id) -> dict[str, Any]:
    """List the groups that follow a template, and in what they differ from it."""
    template = templates.get(by=request.by, pk=group_template_id)
    shown = following.compare_followers(template=template, by=request.by, at=request.at)
    return _serialize_preview(shown)


@router.get(
    "/group-templates/{group_template_id}/applications", response=ApplicationsOut
)
def list_applications(
    request: ApiRequest, group_template_id: schemas.Id
) -> dict[str, Any]:
    """List the last 20 applications of a template, the newest first."""
    template = templates.get(by=request.by, pk=group_template_id)
    rows = applications.list_recent(template=template, by=request.by)[:20]
    return {"items": [_serialize_application(row, request) for row in rows]}


def _serialize_application(
    application: Application, request: ApiRequest
) -> dict[str, Any]:
    rows = applications.list_results(application=application, by=request.by)
    names = ("state", "is_new_group", "changes", "kept", "problem")
    return {
        "id": application.pk,
        "template_id": application.template_id,
        "version": application.version,
        "at": application.at,
        "by_login": application.by.login,
        "problems": application.problems,
        "results": [
            {name: getattr(row, name) for name in names}
            | {"group_id": row.group_id, "group_key": row.group.key}
            for row in rows
        ],
    }


@router.get("/group-template-applications/{application_id}", response=ApplicationOut)
def get_application(request: ApiRequest, application_id: schemas.Id) -> dict[str, Any]:
    """Get what became of each group to which a template was applied."""
    application = applications.get(by=request.by, pk=application_id)
    return _serialize_application(application, request)


@router.post(
    "/group-template-applications/{application_id}/undo", response=ApplicationOut
)
def undo(request: ApiRequest, application_id: schemas.Id) -> dict[str, Any]:
    """Give groups their former values, where nobody changed them since."""
    application = applications.get(by=request.by, pk=application_id)
    applications.undo(application=application, by=request.by, at=request.at)
    return _serialize_application(application, request)


# New groups


@router.post(
    "/group-templates/{group_template_id}/new-groups/preview",
    response=NewGroupsPreviewOut,
)
def preview_new_groups(
    request: ApiRequest, group_template_id: schemas.Id, data: NumberingIn
) -> dict[str, Any]:
    """Show the names of new groups, and which of them exist already."""
    shown = new_groups.plan(
        template=templates.get(by=request.by, pk=group_template_id),
        numbering=new_groups.Numbering(**data.model_dump()),
        by=request.by,
    )
    groups = [{"name": new.name, "problem": new.problem} for new in shown.groups]
    return {"digest": shown.digest, "groups": groups}


@router.post(
    "/group-templates/{group_template_id}/new-groups", response={201: ApplicationOut}
)
def create_new_groups(
    request: ApiRequest, group_template_id: schemas.Id, data: NewGroupsIn
) -> Any:
    """Create groups in the registry with the setup of a template.

    No channel opens chats automatically: people do, under the same names.
    """
    values = data.model_dump(exclude={"digest", "staff_ids"})
    application = new_groups.create(
        template=templates.get(by=request.by, pk=group_template_id),
        numbering=new_groups.Numbering(**values),
        digest=data.digest,
        staff=data.staff_ids,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize_application(application, request))


# Groups


@router.put("/groups/{group_id}/template", response=FollowedOut)
def pin(request: ApiRequest, group_id: schemas.Id, data: PinIn) -> Any:
    """Choose the fields of which a group keeps its own values."""
    group = visibility.get(by=request.by, pk=group_id)
    following.pin(group=group, fields=data.pinned, by=request.by, at=request.at)
    return following.find(group=group, by=request.by)


@router.get("/groups/{group_id}/template", response=GroupTemplatePreviewOut)
def get_followed(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """Compare a group with the template that it follows."""
    group = visibility.get(by=request.by, pk=group_id)
    shown = following.compare_group(group=group, by=request.by, at=request.at)
    if shown is None:
        raise following.NoTemplateFollowed(_("The group follows no template."))
    return _serialize_preview(shown)


@router.delete("/groups/{group_id}/template", response={204: None})
def unfollow(request: ApiRequest, group_id: schemas.Id) -> Any:
    """Let a group follow no template. It keeps its values."""
    group = visibility.get(by=request.by, pk=group_id)
    following.unfollow(group=group, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/groups/{group_id}/playbooks", response={204: None})
def set_playbook(
    request: ApiRequest, group_id: schemas.Id, data: GroupPlaybookIn
) -> Any:
    """Let a playbook for groups run in a group, or leave the group out of it."""
    excluded_groups.set_excluded(
        playbook=playbooks.get_by_key(by=request.by, key=data.playbook_key),
        group=visibility.get(by=request.by, pk=group_id),
        excluded=not data.runs,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)
