"""The tag library: groups with naming rules, synonyms, the report and templates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Query, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas, tags
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.tags import Name, TagOut
from qunce.core import permissions
from qunce.members.tags import duplicates, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import models as tag_models
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import report as tag_report
from qunce.members.tags import templates as tag_templates
from qunce.members.tags.models import Tag, TagGroup

router = Router(auth=RequiresScope("tags"), tags=["tags"])
Pattern = Annotated[str, Field(max_length=200)]
Prefix = Annotated[str, Field(max_length=40)]
MaxLength = Annotated[int, Field(ge=1, le=tag_naming.MAX_LENGTH)]
Role = Annotated[
    permissions.Role,
    WithJsonSchema({"type": "string", "enum": permissions.Role.values}),
]
Roles = Annotated[list[Role], Field(max_length=20)]


class TagGroupIn(schemas.InputSchema):
    """A member has at most one tag of an exclusive group.

    `prefix`, `pattern` (RE2) and `max_length` are the naming rule of its tags, and
    `guidance` is what whoever breaks it reads. `creator_roles` may create tags in the
    group beside managers.
    """

    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    exclusive: bool = False
    prefix: Prefix = ""
    pattern: Pattern = ""
    max_length: MaxLength = tag_naming.MAX_LENGTH
    guidance: Pattern = ""
    creator_roles: Roles = []


class TagGroupUpdateIn(schemas.InputSchema):
    """Fields that are left out stay as they are."""

    name: Name | None = None
    exclusive: bool | None = None
    prefix: Prefix | None = None
    pattern: Pattern | None = None
    max_length: MaxLength | None = None
    guidance: Pattern | None = None
    creator_roles: Roles | None = None


class TagGroupOut(schemas.OutputSchema):
    """The tags of an `automatic` group are created and assigned by the system alone."""

    id: int
    key: str
    name: str
    exclusive: bool
    automatic: bool
    prefix: str
    pattern: str
    max_length: int
    guidance: str
    creator_roles: list[str]
    created_at: datetime


class TemplateTagOut(schemas.OutputSchema):
    key: str
    name: str


class TemplateGroupOut(schemas.OutputSchema):
    key: str
    name: str
    exclusive: bool
    tags: list[TemplateTagOut]


class TemplateOut(schemas.OutputSchema):
    name: str
    groups: list[TemplateGroupOut]


class DuplicateOut(schemas.OutputSchema):
    tag: TagOut
    other: TagOut


class ReportOut(schemas.OutputSchema):
    """Tags with nearly the same name, tags that nobody has, and tags of one member."""

    duplicates: list[DuplicateOut]
    unused: list[TagOut]
    single_use: list[TagOut]


class DuplicateIn(schemas.InputSchema):
    other_id: schemas.Id


RULE_FIELDS = ("prefix", "pattern", "max_length", "guidance")


@router.get("/tag-groups", response=schemas.Page[TagGroupOut])
def list_groups(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List tag groups by id."""
    query = TagGroup.objects.filter(community=request.community)
    return tags.page(query, after, limit)


@router.post("/tag-groups", response={201: TagGroupOut})
def create_group(request: ApiRequest, data: TagGroupIn) -> Any:
    """Create a tag group."""
    group = tag_groups.create(
        community=request.community,
        key=data.key,
        name=data.name,
        exclusive=data.exclusive,
        naming=tag_naming.NamingRule(
            **{field: getattr(data, field) for field in RULE_FIELDS}
        ),
        creator_roles=data.creator_roles,
        by=request.by,
        at=request.at,
    )
    return Status(201, group)


@router.get("/tag-groups/{tag_group_id}", response=TagGroupOut)
def get_group(request: ApiRequest, tag_group_id: schemas.Id) -> TagGroup:
    """Get a tag group with its naming rule."""
    return tag_groups.get(request.community, tag_group_id)


@router.patch("/tag-groups/{tag_group_id}", response=TagGroupOut)
def update_group(
    request: ApiRequest, tag_group_id: schemas.Id, data: TagGroupUpdateIn
) -> TagGroup:
    """Update a tag group. A new naming rule applies to new tags only."""
    group = tag_groups.get(request.community, tag_group_id)
    rule = {
        field: value
        for field in RULE_FIELDS
        if (value := getattr(data, field)) is not None
    }
    old_rule = {field: getattr(group, field) for field in RULE_FIELDS}
    return tag_groups.update(
        group=group,
        name=data.name,
        exclusive=data.exclusive,
        naming=tag_naming.NamingRule(**{**old_rule, **rule}) if rule else None,
        creator_roles=data.creator_roles,
        by=request.by,
        at=request.at,
    )


# Synonyms


@router.post("/tags/{tag_id}/synonyms", response=TagOut)
def add_synonym(request: ApiRequest, tag_id: schemas.Id, data: tags.SynonymIn) -> Tag:
    """Add another key by which a tag is found."""
    tag = tags.get_tag(request, tag_id)
    library.add_synonym(tag=tag, key=data.key, by=request.by, at=request.at)
    return tag


@router.delete("/tags/{tag_id}/synonyms", response=TagOut)
def remove_synonym(
    request: ApiRequest, tag_id: schemas.Id, key: Annotated[Name, Query()]
) -> Tag:
    """Remove a synonym of a tag. One that rules may use is refused."""
    tag = tags.get_tag(request, tag_id)
    synonym = library.get_synonym_by_key(tag, key)
    library.remove_synonym(synonym=synonym, by=request.by, at=request.at)
    return tag


# Report and templates


@router.get("/tag-report", response=ReportOut)
def get_report(request: ApiRequest) -> dict[str, Any]:
    """List what to tidy in the library."""
    permissions.check_may(request.by, tag_models.MANAGE)
    community, at = request.community, request.at
    return {
        "duplicates": [
            {"tag": tag, "other": other}
            for tag, other in tag_report.list_duplicates(community)
        ],
        "unused": tag_report.list_unused(community, at=at),
        "single_use": tag_report.list_single_use(community, at=at),
    }


@router.post("/tags/{tag_id}/dismiss-duplicate", response=TagOut)
def dismiss_duplicate(
    request: ApiRequest, tag_id: schemas.Id, data: DuplicateIn
) -> Tag:
    """Keep two tags with nearly the same name, and stop listing them as duplicates."""
    tag, other = tags.get_tag(request, tag_id), tags.get_tag(request, data.other_id)
    duplicates.dismiss(tag=tag, other=other, by=request.by, at=request.at)
    return tag


@router.get("/tag-templates", response=list[TemplateOut])
def list_templates(request: ApiRequest) -> list[dict[str, Any]]:
    """List the ready-made libraries of trades."""
    return [
        {
            "name": name,
            "groups": [
                {
                    "key": group.key,
                    "name": str(group.name),
                    "exclusive": group.exclusive,
                    "tags": [
                        {"key": key, "name": str(label)} for key, label in group.tags
                    ],
                }
                for group in groups
            ],
        }
        for name, groups in tag_templates.TEMPLATES.items()
    ]


@router.post("/tag-templates/{name}/apply", response=list[TagOut])
def apply_template(request: ApiRequest, name: schemas.Key) -> list[Tag]:
    """Create the tags of a template that are missing, and return them."""
    return tag_templates.apply(
        community=request.community, template=name, by=request.by, at=request.at
    )
