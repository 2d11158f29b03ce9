"""Tags, the groups they are in, and putting them on people in batches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import models
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import Call, Needs
from qunce.core import errors
from qunce.members.people import visibility
from qunce.members.tags import assignments, library
from qunce.members.tags.library import Tag, TagGroup
from qunce.members.tags.models import TagBatch
from qunce.sets import audiences

router = Router(auth=Needs("tags"), tags=["tags"])
Name = Annotated[str, Field(min_length=1, max_length=80)]


class UnknownBatch(errors.NotFound):
    """There is no such batch of tags."""


class TagGiven(schemas.Given):
    """`group` is the number of a tag group."""

    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    group: schemas.Number | None = None
    description: schemas.Long = ""


class TagChange(schemas.Given):
    name: Name | None = None
    description: schemas.Long | None = None


class TagGroupGiven(schemas.Given):
    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    exclusive: bool = False


class Marking(schemas.Given):
    """`members` are numbers; a tag put until `expires_at` goes by itself."""

    members: schemas.Numbers
    note: schemas.Short = ""


class Putting(Marking):
    expires_at: schemas.Moment | None = None


class SynonymGiven(schemas.Given):
    key: Name


class Into(schemas.Given):
    tag: schemas.Number


class TagShown(schemas.Shown):
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


class TagGroupShown(schemas.Shown):
    id: int
    key: str
    name: str
    exclusive: bool
    created_at: datetime


class Batch(schemas.Shown):
    """What was changed at once; undo it as one."""

    id: int
    changed: int
    note: str
    at: datetime
    undone_at: datetime | None


def tag_of(call: Call, number: int) -> Tag:
    known = Tag.objects.filter(community=call.community).exclude(state="merged")
    for tag in known.select_related("community", "group").filter(pk=number):
        return tag
    raise library.UnknownTag(_("There is no such tag."))


def _group_of(call: Call, number: int) -> TagGroup:
    for group in TagGroup.objects.filter(community=call.community, pk=number):
        return group
    raise library.UnknownTagGroup(_("There is no such tag group."))


def _page(
    there: models.QuerySet[Any, Any], after: str | None, limit: int
) -> dict[str, Any]:
    found, more = schemas.walk(
        lambda start, most: list(there.filter(pk__gt=start).order_by("pk")[:most]),
        after=after,
        limit=limit,
        number=lambda row: row.pk,
    )
    return {"items": found, "next": more}


@router.get("/tags", response=schemas.Page[TagShown])
def listed(
    request: Call,
    key: Annotated[str | None, Field(max_length=80)] = None,
    group: schemas.Number | None = None,
    archived: bool = False,
    after: schemas.After = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """By number. `key` finds the tag of a synonym too."""
    if key is not None:
        return {"items": list(library.find(request.community, [key]).values())}
    there = library.listed(request.community, archived=archived)
    if group is not None:
        there = there.filter(group_id=group)
    return _page(there, after, limit)


@router.post("/tags", response={201: TagShown})
def create(request: Call, given: TagGiven) -> Any:
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
def one(request: Call, tag: schemas.Number) -> dict[str, Any]:
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
def change(request: Call, tag: schemas.Number, given: TagChange) -> Tag:
    return library.change(
        tag=tag_of(request, tag),
        name=given.name,
        description=given.description,
        by=request.by,
        at=request.at,
    )


@router.post("/tags/{tag}/archive", response=TagShown)
def archive(request: Call, tag: schemas.Number) -> Tag:
    """Out of the lists; who carries it keeps it."""
    found = tag_of(request, tag)
    library.archive(tag=found, by=request.by, at=request.at)
    return found


@router.delete("/tags/{tag}/archive", response=TagShown)
def restore(request: Call, tag: schemas.Number) -> Tag:
    found = tag_of(request, tag)
    library.restore(tag=found, by=request.by, at=request.at)
    return found


@router.post("/tags/{tag}/synonyms", response=TagShown)
def add_synonym(request: Call, tag: schemas.Number, given: SynonymGiven) -> Tag:
    found = tag_of(request, tag)
    library.add_synonym(tag=found, key=given.key, by=request.by, at=request.at)
    return found


@router.post("/tags/{tag}/merging", response=Batch)
def merge(request: Call, tag: schemas.Number, given: Into) -> TagBatch:
    """Its carriers move to another tag; its key stays as a synonym of that one."""
    return assignments.merge(
        tag=tag_of(request, tag),
        into=tag_of(request, given.tag),
        by=request.by,
        at=request.at,
    )


@router.get("/tags/{tag}/members", response=schemas.Page[members.MemberRow])
def carriers(
    request: Call,
    tag: schemas.Number,
    after: schemas.After = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    rule = {"tag": {"any": [tag_of(request, tag).key]}}
    return members.found(request, rule, after, limit)


@router.post("/tags/{tag}/members", response=Batch)
def put(request: Call, tag: schemas.Number, given: Putting) -> TagBatch:
    """See to it that these members carry the tag."""
    found = tag_of(request, tag)
    visibility.check(by=request.by, accounts=given.members, at=request.at)
    return assignments.put(
        tag=found,
        accounts=given.members,
        expires_at=given.expires_at,
        note=given.note,
        source="api",
        by=request.by,
        at=request.at,
    )


@router.post("/tags/{tag}/members/removal", response=Batch)
def take_off(request: Call, tag: schemas.Number, given: Marking) -> TagBatch:
    """See to it that these members do not carry the tag."""
    found = tag_of(request, tag)
    visibility.check(by=request.by, accounts=given.members, at=request.at)
    return assignments.take_off(
        tag=found,
        accounts=given.members,
        note=given.note,
        source="api",
        by=request.by,
        at=request.at,
    )


@router.post("/tag-batches/{batch}/undoing", response=Batch)
def undo(request: Call, batch: schemas.Number) -> TagBatch:
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
    request: Call, after: schemas.After = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    there = TagGroup.objects.filter(community=request.community)
    return _page(there, after, limit)


@router.post("/tag-groups", response={201: TagGroupShown})
def create_group(request: Call, given: TagGroupGiven) -> Any:
    return Status(
        201,
        library.create_group(
            community=request.community,
            key=given.key,
            name=given.name,
            exclusive=given.exclusive,
            by=request.by,
            at=request.at,
        ),
    )
