"""Tags, the groups they are in, and putting them on people in batches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import models
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.members.people import visibility
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags.models import Tag, TagBatch, TagGroup
from qunce.sets import audiences

router = Router(auth=RequiresScope("tags"), tags=["tags"])
Name = Annotated[str, Field(min_length=1, max_length=80)]


class UnknownBatch(errors.NotFound):
    """There is no such batch of tags."""


class TagGiven(schemas.InputSchema):
    """`group` is the number of a tag group."""

    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    group: schemas.Id | None = None
    description: schemas.LongText = ""


class TagChange(schemas.InputSchema):
    name: Name | None = None
    description: schemas.LongText | None = None


class TagGroupGiven(schemas.InputSchema):
    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    exclusive: bool = False


class Marking(schemas.InputSchema):
    """`members` are numbers; a tag put until `expires_at` goes by itself."""

    members: schemas.IdList
    note: schemas.ShortText = ""


class Putting(Marking):
    expires_at: schemas.Timestamp | None = None


class SynonymGiven(schemas.InputSchema):
    key: Name


class Into(schemas.InputSchema):
    tag: schemas.Id


class TagShown(schemas.OutputSchema):
    id: int
    key: str
    name: str
    group_id: int | None
    state: str
    description: str
    created_at: datetime


class TagCounted(TagShown):
    """`carriers` are those in sight."""

    carriers: int


class TagGroupShown(schemas.OutputSchema):
    id: int
    key: str
    name: str
    exclusive: bool
    created_at: datetime


class Batch(schemas.OutputSchema):
    """What was changed at once; undo it as one."""

    id: int
    changed: int
    note: str
    at: datetime
    undone_at: datetime | None


def tag_of(call: ApiRequest, number: int) -> Tag:
    known = Tag.objects.filter(community=call.community).exclude(state="merged")
    for tag in known.select_related("community", "group").filter(pk=number):
        return tag
    raise library.TagNotFound(_("There is no such tag."))


def _group_of(call: ApiRequest, number: int) -> TagGroup:
    for group in TagGroup.objects.filter(community=call.community, pk=number):
        return group
    raise tag_groups.TagGroupNotFound(_("There is no such tag group."))


def _page(
    there: models.QuerySet[Any, Any], after: str | None, limit: int
) -> dict[str, Any]:
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start).order_by("pk")[:most]),
        after=after,
        limit=limit,
        number=lambda row: row.pk,
    )
    return {"items": found, "next": more}


@router.get("/tags", response=schemas.Page[TagShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=80)] = None,
    group: schemas.Id | None = None,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """By number. `key` finds the tag of a synonym too."""
    if key is not None:
        return {"items": list(library.find(request.community, [key]).values())}
    there = library.list_tags(request.community, archived=archived)
    if group is not None:
        there = there.filter(group_id=group)
    return _page(there, after, limit)


@router.post("/tags", response={201: TagShown})
def create(request: ApiRequest, given: TagGiven) -> Any:
    return Status(
        201,
        library.create(
            community=request.community,
            key=given.key,
            name=given.name,
            group=None if given.group is None else _group_of(request, given.group),
            description=given.description,
            by=request.by,
            at=request.at,
        ),
    )


@router.get("/tags/{tag}", response=TagCounted)
def one(request: ApiRequest, tag: schemas.Id) -> dict[str, Any]:
    found = tag_of(request, tag)
    carriers = audiences.count(
        community=request.community,
        rule={"tag": {"any": [found.key]}},
        by=request.by,
        at=request.at,
    )
    names = TagShown.model_fields
    return {name: getattr(found, name, found.pk) for name in names} | {
        "carriers": carriers
    }


@router.patch("/tags/{tag}", response=TagShown)
def change(request: ApiRequest, tag: schemas.Id, given: TagChange) -> Tag:
    return library.update(
        tag=tag_of(request, tag),
        name=given.name,
        description=given.description,
        by=request.by,
        at=request.at,
    )


@router.post("/tags/{tag}/archive", response=TagShown)
def archive(request: ApiRequest, tag: schemas.Id) -> Tag:
    """Out of the lists; who carries it keeps it."""
    found = tag_of(request, tag)
    library.archive(tag=found, by=request.by, at=request.at)
    return found


@router.delete("/tags/{tag}/archive", response=TagShown)
def restore(request: ApiRequest, tag: schemas.Id) -> Tag:
    found = tag_of(request, tag)
    library.restore(tag=found, by=request.by, at=request.at)
    return found


@router.post("/tags/{tag}/synonyms", response=TagShown)
def add_synonym(request: ApiRequest, tag: schemas.Id, given: SynonymGiven) -> Tag:
    found = tag_of(request, tag)
    library.add_synonym(tag=found, key=given.key, by=request.by, at=request.at)
    return found


@router.post("/tags/{tag}/merging", response=Batch)
def merge(request: ApiRequest, tag: schemas.Id, given: Into) -> TagBatch:
    """Its carriers move to another tag; its key stays as a synonym of that one."""
    return assignments.merge(
        tag=tag_of(request, tag),
        into=tag_of(request, given.tag),
        by=request.by,
        at=request.at,
    )


@router.get("/tags/{tag}/members", response=schemas.Page[members.MemberRow])
def carriers(
    request: ApiRequest,
    tag: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    rule = {"tag": {"any": [tag_of(request, tag).key]}}
    return members.found(request, rule, after, limit)


@router.post("/tags/{tag}/members", response=Batch)
def put(request: ApiRequest, tag: schemas.Id, given: Putting) -> TagBatch:
    """See to it that these members carry the tag."""
    found = tag_of(request, tag)
    visibility.check_visible(by=request.by, accounts=given.members, at=request.at)
    return assignments.apply(
        tag=found,
        accounts=given.members,
        expires_at=given.expires_at,
        note=given.note,
        source="api",
        by=request.by,
        at=request.at,
    )


@router.post("/tags/{tag}/members/removal", response=Batch)
def take_off(request: ApiRequest, tag: schemas.Id, given: Marking) -> TagBatch:
    """See to it that these members do not carry the tag."""
    found = tag_of(request, tag)
    visibility.check_visible(by=request.by, accounts=given.members, at=request.at)
    return assignments.remove(
        tag=found,
        accounts=given.members,
        note=given.note,
        source="api",
        by=request.by,
        at=request.at,
    )


@router.post("/tag-batches/{batch}/undoing", response=Batch)
def undo(request: ApiRequest, batch: schemas.Id) -> TagBatch:
    """Everything as it was before the batch, but for what was changed since."""
    there = TagBatch.objects.filter(community=request.community, pk=batch)
    if request.by.scope is not None:
        there = there.filter(by=request.by)
    for found in there:
        assignments.undo(batch=found, by=request.by, at=request.at)
        return found
    raise UnknownBatch(_("There is no such tag batch."))


@router.get("/tag-groups", response=schemas.Page[TagGroupShown])
def groups(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    there = TagGroup.objects.filter(community=request.community)
    return _page(there, after, limit)


@router.post("/tag-groups", response={201: TagGroupShown})
def create_group(request: ApiRequest, given: TagGroupGiven) -> Any:
    return Status(
        201,
        tag_groups.create(
            community=request.community,
            key=given.key,
            name=given.name,
            exclusive=given.exclusive,
            by=request.by,
            at=request.at,
        ),
    )
