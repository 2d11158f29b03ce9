"""Message templates: texts by purpose in variants, and the results of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.campaigns import content_uses
from qunce.outreach.content import message_templates, templates
from qunce.outreach.content.message_templates import MessageTemplate, TemplateVersion

router = Router(auth=RequiresScope("materials"), tags=["materials"])
Purpose = Annotated[
    message_templates.Purpose,
    WithJsonSchema(
        {"type": "string", "enum": message_templates.Purpose.values},
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=templates.MAX_LENGTH)]
Notes = Annotated[str, Field(max_length=message_templates.MAX_NOTES_LENGTH)]
Texts = Annotated[
    dict[Literal["A", "B", "C", "D"], Text],
    Field(description="The text of each variant in use, by its letter."),
]


class TemplateUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `texts` replaces all variants: one that it does not name is taken out of use.
    """

    name: Name | None = None
    purpose: Purpose | None = None
    notes: Notes | None = None
    texts: Texts | None = None


class TemplateIn(schemas.InputSchema):
    name: Name
    purpose: Purpose
    texts: Texts
    target: Literal["members", "groups"] = "members"
    notes: Notes = ""


class TextOut(schemas.OutputSchema):
    """`id` is that of the version, which a campaign can name."""

    id: int
    variant: str
    number: int
    text: str
    created_at: datetime


class TemplateOut(schemas.OutputSchema):
    id: int
    name: str
    purpose: str
    target: str
    notes: str
    texts: list[TextOut]
    created_at: datetime
    archived_at: datetime | None


class TextResultOut(schemas.OutputSchema):
    """Of campaigns with this text: `reached` of `total` messages, `clicked` of those."""

    version_id: int
    variant: str
    number: int
    campaigns: int
    total: int
    reached: int
    clicked: int


class TextResultsOut(schemas.OutputSchema):
    items: list[TextResultOut]


def _serialize(template: MessageTemplate) -> dict[str, Any]:
    names = ("name", "purpose", "target", "notes", "created_at", "archived_at")
    return {
        "id": template.pk,
        **{name: getattr(template, name) for name in names},
        "texts": [_serialize_text(version) for version in template.texts.values()],
    }


def _serialize_text(version: TemplateVersion) -> dict[str, Any]:
    names = ("variant", "number", "text", "created_at")
    return {"id": version.pk, **{name: getattr(version, name) for name in names}}


@router.get("/message-templates", response=schemas.Page[TemplateOut])
def list_(
    request: ApiRequest,
    purpose: Purpose | None = None,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List message templates by id."""
    query = message_templates.list_visible(request.by, archived=archived)
    if purpose is not None:
        query = query.filter(purpose=purpose.value)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize(template) for template in page], "next": more}


@router.post("/message-templates", response={201: TemplateOut})
def create(request: ApiRequest, data: TemplateIn) -> Any:
    """Create a message template."""
    template = message_templates.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_given(data),
    )
    return Status(201, _serialize(template))


@router.get("/message-templates/{template_id}", response=TemplateOut)
def get(request: ApiRequest, template_id: schemas.Id) -> dict[str, Any]:
    """Get a message template."""
    return _serialize(message_templates.get(by=request.by, pk=template_id))


@router.patch("/message-templates/{template_id}", response=TemplateOut)
def update(
    request: ApiRequest, template_id: schemas.Id, data: TemplateUpdateIn
) -> dict[str, Any]:
    """Change a message template. Campaigns keep the text that they have."""
    template = message_templates.get(by=request.by, pk=template_id)
    message_templates.update(
        template=template, by=request.by, at=request.at, **_given(data)
    )
    return get(request, template_id)


@router.get("/message-templates/{template_id}/results", response=TextResultsOut)
def list_results(request: ApiRequest, template_id: schemas.Id) -> dict[str, Any]:
    """List the results of each text that campaigns have sent unchanged."""
    template = message_templates.get(by=request.by, pk=template_id)
    found = content_uses.list_template_results(by=request.by, template=template)
    return {
        "items": [
            {
                "version_id": version.pk,
                "variant": version.variant,
                "number": version.number,
                "campaigns": count,
                "total": result.total,
                "reached": result.reached,
                "clicked": result.clicked,
            }
            for version, count, result in found
        ]
    }


@router.post("/message-templates/{template_id}/archive", response=TemplateOut)
def archive(request: ApiRequest, template_id: schemas.Id) -> dict[str, Any]:
    """Archive a message template. Campaigns keep their texts."""
    template = message_templates.get(by=request.by, pk=template_id)
    message_templates.archive(template=template, by=request.by, at=request.at)
    return get(request, template_id)


@router.delete("/message-templates/{template_id}/archive", response=TemplateOut)
def restore(request: ApiRequest, template_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived message template."""
    template = message_templates.get(by=request.by, pk=template_id)
    message_templates.restore(template=template, by=request.by, at=request.at)
    return get(request, template_id)


def _given(data: TemplateIn | TemplateUpdateIn) -> dict[str, Any]:
    """The fields that were sent; null is none."""
    sent = data.model_dump(exclude_unset=isinstance(data, TemplateUpdateIn))
    given = {name: value for name, value in sent.items() if value is not None}
    if "purpose" in given:
        given["purpose"] = given["purpose"].value
    return given
