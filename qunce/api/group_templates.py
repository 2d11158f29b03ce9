"""Group templates: the setup of a group, applied to other groups after a preview."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.groups import visibility
from qunce.outreach.group_templates import following, templates
from qunce.outreach.group_templates.models import GroupTemplate

router = Router(auth=RequiresScope("groups"), tags=["groups"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Content = Annotated[
    dict[str, dict[str, Any]],
    Field(
        description="The parts of a setup, and the value of each field, such as "
        '`{"details": {"kind": "vip", "capacity": 200}, "card": {"rhythm": "…"}}`. '
        "Groups keep fields that are left out."
    ),
]


class TemplateIn(schemas.InputSchema):
    """Give `content`, or copy the setup of `copy_group_id` with `parts` or all parts."""

    name: Name
    content: Content | None = None
    copy_group_id: schemas.Id | None = None
    parts: Annotated[list[schemas.Key], Field(max_length=20)] | None = None


class TemplateUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; `content` is replaced as a whole."""

    name: Name | None = None
    content: Content | None = None


class TemplateOut(schemas.OutputSchema):
    """`group_count` counts the groups that follow it, as far as you see them."""

    id: int
    name: str
    version: int
    content: dict[str, dict[str, Any]]
    group_count: int
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None


class TemplateVersionOut(schemas.OutputSchema):
    number: int
    content: dict[str, dict[str, Any]]
    created_at: datetime
    by_login: str


class TemplateVersionsOut(schemas.OutputSchema):
    items: list[TemplateVersionOut]


# Templates


def _serialize(template: GroupTemplate, request: ApiRequest) -> dict[str, Any]:
    names = ("name", "version", "created_at", "changed_at", "archived_at")
    return {
        "id": template.pk,
        **{name: getattr(template, name) for name in names},
        "content": templates.visible_content(template, request.by),
        "group_count": following.count_followers(request.by).get(template.pk, 0),
    }


@router.get("/group-templates", response=schemas.Page[TemplateOut])
def list_(
    request: ApiRequest,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List group templates by id."""
    query = templates.list_visible(request.by, archived=archived).order_by("pk")
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize(row, request) for row in page], "next": more}


@router.post("/group-templates", response={201: TemplateOut})
def create(request: ApiRequest, data: TemplateIn) -> Any:
    """Create a group template from a content, or from a group."""
    if (data.content is None) == (data.copy_group_id is None):
        raise errors.Invalid(_("Give either “content” or “copy_group_id”."))
    content: Any = data.content
    if data.copy_group_id is not None:
        content = templates.copy_setup(
            group=visibility.get(by=request.by, pk=data.copy_group_id),
            by=request.by,
            at=request.at,
            chosen=data.parts,
        )
    template = templates.create(
        community=request.community,
        name=data.name,
        content=content,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(template, request))


@router.get("/group-templates/{group_template_id}", response=TemplateOut)
def get(request: ApiRequest, group_template_id: schemas.Id) -> dict[str, Any]:
    """Get a group template."""
    return _serialize(templates.get(by=request.by, pk=group_template_id), request)


@router.patch("/group-templates/{group_template_id}", response=TemplateOut)
def update(
    request: ApiRequest, group_template_id: schemas.Id, data: TemplateUpdateIn
) -> dict[str, Any]:
    """Change a group template; new content is a new version. Groups stay as they are."""
    template = templates.get(by=request.by, pk=group_template_id)
    templates.update(
        template=template,
        name=data.name,
        content=data.content,
        by=request.by,
        at=request.at,
    )
    return _serialize(template, request)


@router.get(
    "/group-templates/{group_template_id}/versions", response=TemplateVersionsOut
)
def list_versions(request: ApiRequest, group_template_id: schemas.Id) -> dict[str, Any]:
    """List the versions of a group template, the newest first."""
    template = templates.get(by=request.by, pk=group_template_id)
    rows = templates.list_versions(template=template, by=request.by)
    items = [
        {
            "number": row.number,
            "content": row.content,
            "created_at": row.created_at,
            "by_login": row.by.login,
        }
        for row in rows
    ]
    return {"items": items}


@router.post("/group-templates/{group_template_id}/archive", response=TemplateOut)
def archive(request: ApiRequest, group_template_id: schemas.Id) -> dict[str, Any]:
    """Archive a group template. Groups stay as they are."""
    template = templates.get(by=request.by, pk=group_template_id)
    templates.archive(template=template, by=request.by, at=request.at)
    return _serialize(template, request)


@router.post("/group-templates/{group_template_id}/restore", response=TemplateOut)
def restore(request: ApiRequest, group_template_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived group template."""
    template = templates.get(by=request.by, pk=group_template_id)
    templates.restore(template=template, by=request.by, at=request.at)
    return _serialize(template, request)
