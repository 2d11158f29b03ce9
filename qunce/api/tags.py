"""Tags, and adding tags to members in batches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.members.people import visibility
from qunce.members.tags import assignments, batch_changes, deepening, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import levels as tag_levels
from qunce.members.tags import merges as tag_merges
from qunce.members.tags.models import Tag, TagBatch
from qunce.sets import audiences

router = Router(auth=RequiresScope("tags"), tags=["tags"])
Name = Annotated[str, Field(min_length=1, max_length=80)]


class TagIn(schemas.InputSchema):
    """`group_id` is a tag group, `owner_id` the staff member to ask about the tag."""

    key: Name
    name: Annotated[str, Field(max_length=80)] = ""
    group_id: schemas.Id | None = None
    owner_id: schemas.Id | None = None
    description: schemas.LongText = ""


class LevelIn(schemas.InputSchema):
    """A name for depths of a tag from `depth` on."""

    depth: Annotated[int, Field(ge=1, lt=tag_levels.MAX_DEPTH)]
    name: Annotated[str, Field(min_length=1, max_length=tag_levels.MAX_NAME_LENGTH)]


class TagUpdateIn(schemas.InputSchema):
    """Fields that are left out stay as they are; null takes the tag out of its group,
    or its owner away.

    `levels` replaces all levels of the tag, and `deepened_by` all kinds of facts of which
    each adds 1 to the depth from now on.
    """

    name: Name | None = None
    description: schemas.LongText | None = None
    group_id: schemas.Id | None = None
    owner_id: schemas.Id | None = None
    deepened_by: (
        Annotated[list[schemas.Key], Field(max_length=deepening.MAX_KINDS)] | None
    ) = None
    levels: Annotated[list[LevelIn], Field(max_length=tag_levels.MAX_LEVELS)] | None = (
        None
    )


class RemoveTagIn(schemas.InputSchema):
    member_ids: schemas.IdList
    note: schemas.ShortText = ""


class ApplyTagIn(RemoveTagIn):
    """The tag is removed automatically at `expires_at`.

    `depth` sets how often the members have it, 0 removes it; `add_depth` adds to that.
    """

    expires_at: schemas.Timestamp | None = None
    depth: Annotated[int, Field(ge=0, lt=tag_levels.MAX_DEPTH)] | None = None
    add_depth: Annotated[int, Field(ge=1, lt=tag_levels.MAX_DEPTH)] | None = None


class SynonymIn(schemas.InputSchema):
    key: Name


class MergeTagIn(schemas.InputSchema):
    """`into_id` is the tag that remains."""

    into_id: schemas.Id


class LevelOut(schemas.OutputSchema):
    depth: int
    name: str


class TagOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    group_id: int | None
    owner_id: int | None
    state: str
    description: str
    levels: list[LevelOut]
    deepened_by: list[str]
    created_at: datetime

    @staticmethod
    def resolve_levels(tag: Any) -> list[dict[str, Any]]:
        pairs = tag["levels"] if isinstance(tag, dict) else tag.levels
        return [{"depth": depth, "name": name} for depth, name in pairs]

    @staticmethod
    def resolve_deepened_by(tag: Any) -> list[str]:
        return sorted(tag["deepened_by"] if isinstance(tag, dict) else tag.deepened_by)


class TagDetailOut(TagOut):
    """`member_count` counts the members whom the staff member sees.

    `synonyms` are other keys by which the tag is found.
    """

    member_count: int
    synonyms: list[str]


class TagBatchOut(schemas.OutputSchema):
    """Changes of one request, which can be undone together."""

    id: int
    members_changed: int
    source: str
    note: str
    created_at: datetime
    undone_at: datetime | None

    @staticmethod
    def resolve_members_changed(batch: Any) -> int:
        changed = batch["members_changed"] if isinstance(batch, dict) else batch.changed
        return int(changed)

    @staticmethod
    def resolve_created_at(batch: Any) -> datetime:
        moment: datetime = batch["created_at"] if isinstance(batch, dict) else batch.at
        return moment


class TagChangesOut(schemas.OutputSchema):
    """How many members got the tag, lost it, or have another depth or expiry since."""

    tag_id: int
    added: int
    removed: int
    deepened: int
    extended: int


class TagBatchDetailOut(TagBatchOut):
    changes: list[TagChangesOut]


class OwnerNotFound(errors.NotFound):
    """There is no such staff member in this community."""


def get_tag(request: ApiRequest, tag_id: int) -> Tag:
    # A merged tag is found by its key, which is a synonym now, but no longer by its id.
    tags = Tag.objects.filter(community=request.community).exclude(state="merged")
    for tag in tags.select_related("community", "group").filter(pk=tag_id):
        return tag
    raise library.TagNotFound(_("There is no such tag."))


def page(
    query: models.QuerySet[Any, Any], after: str | None, limit: int
) -> dict[str, Any]:
    rows, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": rows, "next": more}


# Tags


@router.get("/tags", response=schemas.Page[TagOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=80)] = None,
    group_id: schemas.Id | None = None,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List tags by id.

    `key` finds a tag by its key or by a synonym.
    """
    if key is not None:
        return {"items": list(library.find(request.community, [key]).values())}
    query = library.list_tags(request.community, archived=archived)
    if group_id is not None:
        query = query.filter(group_id=group_id)
    return page(query, after, limit)


@router.post("/tags", response={201: TagOut})
def create(request: ApiRequest, data: TagIn) -> Any:
    """Create a tag."""
    group = None
    if data.group_id is not None:
        group = tag_groups.get(request.community, data.group_id)
    tag = library.create(
        community=request.community,
        key=data.key,
        name=data.name,
        group=group,
        owner=_find_owner(request, data.owner_id),
        description=data.description,
        by=request.by,
        at=request.at,
    )
    return Status(201, tag)


@router.get("/tags/{tag_id}", response=TagDetailOut)
def get(request: ApiRequest, tag_id: schemas.Id) -> dict[str, Any]:
    """Get a tag and how many members have it."""
    tag = get_tag(request, tag_id)
    count = audiences.count(
        community=request.community,
        rule={"tag": {"any": [tag.key]}},
        by=request.by,
        at=request.at,
    )
    fields = {name: getattr(tag, name, tag.pk) for name in TagOut.model_fields}
    synonyms = list(tag.synonyms.order_by("key").values_list("key", flat=True))
    return fields | {"member_count": count, "synonyms": synonyms}


@router.patch("/tags/{tag_id}", response=TagOut)
def update(request: ApiRequest, tag_id: schemas.Id, data: TagUpdateIn) -> Tag:
    """Update a tag: its name, description, group, owner, levels or what deepens it."""
    tag = get_tag(request, tag_id)
    context: dict[str, Any] = {"tag": tag, "by": request.by, "at": request.at}
    with transaction.atomic():
        if "group_id" in data.model_fields_set:
            group = None
            if data.group_id is not None:
                group = tag_groups.get(request.community, data.group_id)
            library.move(group=group, **context)
        if "owner_id" in data.model_fields_set:
            library.set_owner(owner=_find_owner(request, data.owner_id), **context)
        if data.levels is not None:
            pairs = [(level.depth, level.name) for level in data.levels]
            library.set_levels(levels=pairs, **context)
        if data.deepened_by is not None:
            deepening.set_kinds(kinds=data.deepened_by, **context)
        if data.name is not None or data.description is not None:
            library.update(name=data.name, description=data.description, **context)
    return tag


def _find_owner(request: ApiRequest, owner_id: int | None) -> Staff | None:
    if owner_id is None:
        return None
    owner = staff.list_all(request.community).filter(pk=owner_id).first()
    if owner is None:
        raise OwnerNotFound(_("There is no such staff member."))
    return owner


@router.post("/tags/{tag_id}/archive", response=TagOut)
def archive(request: ApiRequest, tag_id: schemas.Id) -> Tag:
    """Archive a tag.

    It disappears from the lists of tags. Members keep it.
    """
    tag = get_tag(request, tag_id)
    library.archive(tag=tag, by=request.by, at=request.at)
    return tag


@router.delete("/tags/{tag_id}/archive", response=TagOut)
def restore(request: ApiRequest, tag_id: schemas.Id) -> Tag:
    """Restore an archived tag."""
    tag = get_tag(request, tag_id)
    library.restore(tag=tag, by=request.by, at=request.at)
    return tag


@router.post("/tags/{tag_id}/merge", response=TagBatchOut)
def merge(request: ApiRequest, tag_id: schemas.Id, data: MergeTagIn) -> TagBatch:
    """Merge a tag into another one.

    Its members get the other tag, and its key becomes a synonym of the other tag. The
    batch can be undone.
    """
    return tag_merges.merge(
        tag=get_tag(request, tag_id),
        into=get_tag(request, data.into_id),
        by=request.by,
        at=request.at,
    )


# Members with a tag


@router.get(
    "/tags/{tag_id}/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("tags", shows_members=True),
)
def list_members(
    request: ApiRequest,
    tag_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members with a tag."""
    rule = {"tag": {"any": [get_tag(request, tag_id).key]}}
    return members.list_by_rule(request, rule, after, limit)


@router.post("/tags/{tag_id}/members", response=TagBatchOut)
def apply(request: ApiRequest, tag_id: schemas.Id, data: ApplyTagIn) -> TagBatch:
    """Add a tag to members, or change its depth.

    Without a depth, members who have the tag already are not changed. A request that
    adds to the depth counts once under its idempotency key.
    """
    fields: dict[str, Any] = {
        "tag": get_tag(request, tag_id),
        "accounts": data.member_ids,
        "expires_at": data.expires_at,
        "note": data.note,
        "source": "api",
        "by": request.by,
        "at": request.at,
    }
    visibility.check_visible(by=request.by, accounts=data.member_ids, at=request.at)
    if data.depth is not None and data.add_depth is not None:
        raise tag_levels.InvalidDepth(_("Give either “depth” or “add_depth”."))
    if data.add_depth is not None:
        return assignments.deepen(amount=data.add_depth, **fields)
    if data.depth is not None:
        change = tag_levels.DepthChange(data.depth)
        return assignments.change_depth(change=change, **fields)
    return assignments.apply(**fields)


@router.post("/tags/{tag_id}/members/remove", response=TagBatchOut)
def remove(request: ApiRequest, tag_id: schemas.Id, data: RemoveTagIn) -> TagBatch:
    """Remove a tag from members."""
    tag = get_tag(request, tag_id)
    visibility.check_visible(by=request.by, accounts=data.member_ids, at=request.at)
    return assignments.remove(
        tag=tag,
        accounts=data.member_ids,
        note=data.note,
        source="api",
        by=request.by,
        at=request.at,
    )


@router.get("/tag-batches", response=schemas.Page[TagBatchOut])
def list_batches(
    request: ApiRequest,
    tag_id: schemas.Id | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List what changed tags, the newest first, merges of tags included.

    `tag_id` selects those of a tag, among the newest of all; they have one page.
    """
    if tag_id is not None:
        tag = get_tag(request, tag_id)
        rows = assignments.list_batches_of_tag(tag, request.by, limit=limit)
        return {"items": rows}
    before = schemas.decode_id(after)
    rows = assignments.list_batches(request.by, before=before, limit=limit + 1)
    more = schemas.encode_cursor(rows[limit - 1].pk) if len(rows) > limit else None
    return {"items": rows[:limit], "next": more}


@router.get("/tag-batches/{tag_batch_id}", response=TagBatchDetailOut)
def get_batch(request: ApiRequest, tag_batch_id: schemas.Id) -> dict[str, Any]:
    """Get a tag batch, with what it changed for how many members by tag."""
    batch = assignments.get_batch(by=request.by, pk=tag_batch_id)
    return {
        "id": batch.pk,
        "members_changed": batch.changed,
        "source": batch.source,
        "note": batch.note,
        "created_at": batch.at,
        "undone_at": batch.undone_at,
        "changes": [
            {
                "tag_id": change.tag.pk,
                "added": change.added,
                "removed": change.removed,
                "deepened": change.deepened,
                "extended": change.extended,
            }
            for change in batch_changes.list_changes(batch)
        ],
    }


@router.post("/tag-batches/{tag_batch_id}/undo", response=TagBatchOut)
def undo(request: ApiRequest, tag_batch_id: schemas.Id) -> TagBatch:
    """Undo a tag batch; that of a merge makes the merged tag a tag of its own again.

    Tags of members that have changed since the batch are not touched.
    """
    batch = assignments.get_batch(by=request.by, pk=tag_batch_id)
    assignments.undo(batch=batch, by=request.by, at=request.at)
    return batch
