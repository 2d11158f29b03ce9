"""Segments and rules: how many, who, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

router = Router(auth=RequiresScope("segments"), tags=["segments"])
READ = RequiresScope("segments", only="read")
Name = Annotated[str, Field(min_length=1, max_length=80)]


class UnknownList(errors.NotFound):
    """There is no such frozen segment."""


class SegmentGiven(schemas.InputSchema):
    key: Name
    rule: schemas.Rule
    name: Annotated[str, Field(max_length=120)] = ""
    description: schemas.LongText = ""


class SegmentChange(schemas.InputSchema):
    rule: schemas.Rule | None = None
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    description: schemas.LongText | None = None


class RuleGiven(schemas.InputSchema):
    rule: schemas.Rule


class RulePage(RuleGiven):
    after: schemas.Cursor = None
    limit: schemas.Limit = 50


class RuleAbout(RuleGiven):
    member: schemas.Id


class RulePair(schemas.InputSchema):
    left: schemas.Rule
    right: schemas.Rule


class FreezeGiven(schemas.InputSchema):
    key: Name


class SegmentShown(schemas.OutputSchema):
    id: int
    key: str
    name: str
    description: str
    rule: dict[str, Any]
    state: str
    created_at: datetime
    changed_at: datetime


class Because(schemas.OutputSchema):
    """One clause: `where` it stands, whether it `holds`, whether that is `wanted`."""

    where: str
    holds: bool
    wanted: bool
    text: str


class Explained(schemas.OutputSchema):
    holds: bool
    because: list[Because]


class OverlapShown(schemas.OutputSchema):
    left: int
    both: int
    right: int


class FrozenShown(schemas.OutputSchema):
    """`size` is as it was for whom it was frozen."""

    id: int
    key: str
    size: int
    at: datetime


def segment_of(call: ApiRequest, number: int) -> Segment:
    known = Segment.objects.filter(community=call.community, pk=number)
    for segment in known.select_related("community"):
        return segment
    raise segments.SegmentNotFound(_("There is no such segment."))


def _count(call: ApiRequest, rule: Any) -> dict[str, int]:
    return {
        "count": audiences.count(
            community=call.community, rule=rule, by=call.by, at=call.at
        )
    }


def _explain(call: ApiRequest, rule: Any, member: int) -> audiences.Explanation:
    account = members.account_of(call, member)
    return audiences.explain(
        community=call.community,
        rule=rule,
        by=call.by,
        at=call.at,
        account=account.pk,
    )


# Rules without a name


@router.post("/rules/count", response=schemas.CountOut, auth=READ)
def count_rule(request: ApiRequest, given: RuleGiven) -> dict[str, int]:
    """How many people a rule means now."""
    return _count(request, given.rule)


@router.post("/rules/members", response=schemas.Page[members.MemberRow], auth=READ)
def members_of_rule(request: ApiRequest, given: RulePage) -> dict[str, Any]:
    """Who they are, by number."""
    return members.found(request, given.rule, given.after, given.limit)


@router.post("/rules/explanation", response=Explained, auth=READ)
def explain_rule(request: ApiRequest, given: RuleAbout) -> audiences.Explanation:
    """Why one member is in or out, clause by clause."""
    return _explain(request, given.rule, given.member)


@router.post("/rules/overlap", response=OverlapShown, auth=READ)
def overlap(request: ApiRequest, given: RulePair) -> audiences.Overlap:
    """How many are in one, in both, in the other."""
    return audiences.overlap(
        community=request.community,
        left=given.left,
        right=given.right,
        by=request.by,
        at=request.at,
    )


# Segments


@router.get("/segments", response=schemas.Page[SegmentShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=80)] = None,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    state = "archived" if archived else "active"
    there = Segment.objects.filter(community=request.community, state=state)
    if key is not None:
        there = there.filter(key=key)
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start).order_by("pk")[:most]),
        after=after,
        limit=limit,
        number=lambda segment: segment.pk,
    )
    return {"items": found, "next": more}


@router.post("/segments", response={201: SegmentShown})
def create(request: ApiRequest, given: SegmentGiven) -> Any:
    return Status(
        201,
        segments.create(
            community=request.community,
            key=given.key,
            rule=given.rule,
            name=given.name,
            description=given.description,
            by=request.by,
            at=request.at,
        ),
    )


@router.get("/segments/{segment}", response=SegmentShown)
def one(request: ApiRequest, segment: schemas.Id) -> Segment:
    return segment_of(request, segment)


@router.patch("/segments/{segment}", response=SegmentShown)
def change(request: ApiRequest, segment: schemas.Id, given: SegmentChange) -> Segment:
    found = segment_of(request, segment)
    segments.update(
        segment=found,
        rule=given.rule,
        name=given.name,
        description=given.description,
        by=request.by,
        at=request.at,
    )
    return found


@router.post("/segments/{segment}/archive", response=SegmentShown)
def archive(request: ApiRequest, segment: schemas.Id) -> Segment:
    """Out of the lists; refused while other segments ask for it."""
    found = segment_of(request, segment)
    segments.archive(segment=found, by=request.by, at=request.at)
    return found


@router.delete("/segments/{segment}/archive", response=SegmentShown)
def restore(request: ApiRequest, segment: schemas.Id) -> Segment:
    found = segment_of(request, segment)
    segments.restore(segment=found, by=request.by, at=request.at)
    return found


@router.get("/segments/{segment}/count", response=schemas.CountOut)
def count(request: ApiRequest, segment: schemas.Id) -> dict[str, int]:
    return _count(request, segment_of(request, segment).rule)


@router.get("/segments/{segment}/members", response=schemas.Page[members.MemberRow])
def members_of(
    request: ApiRequest,
    segment: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    rule = segment_of(request, segment).rule
    return members.found(request, rule, after, limit)


@router.get("/segments/{segment}/explanation", response=Explained)
def explain(
    request: ApiRequest, segment: schemas.Id, member: schemas.Id
) -> audiences.Explanation:
    """Why one member is in or out, clause by clause."""
    return _explain(request, segment_of(request, segment).rule, member)


@router.post("/segments/{segment}/frozen", response={201: FrozenShown})
def freeze(request: ApiRequest, segment: schemas.Id, given: FreezeGiven) -> Any:
    """Keep the list as it is now."""
    found = segment_of(request, segment)
    return Status(
        201,
        frozen_segments.freeze(
            community=request.community,
            key=given.key,
            rule=found.rule,
            segment=found,
            by=request.by,
            at=request.at,
        ),
    )


@router.get("/frozen/{frozen}/members", response=schemas.Page[members.MemberRow])
def members_of_frozen(
    request: ApiRequest,
    frozen: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Those of a kept list who are in sight, who left since among them."""
    kept = FrozenSegment.objects.filter(community=request.community, pk=frozen)
    for found in kept:
        return _some_of(request, found, after, limit)
    raise UnknownList(_("There is no such frozen segment."))


def _some_of(
    call: ApiRequest, frozen: FrozenSegment, after: str | None, limit: int
) -> dict[str, Any]:
    people = bitmaps.from_bytes(frozen.blob)

    def read(start: int, most: int) -> list[int]:
        begin = people.rank(start)
        return list(people[begin : begin + most])

    found, more = schemas.paginate(
        read,
        after=after,
        limit=limit,
        number=lambda account: account,
        keep=None if call.by.scope is None else lambda some: _seen(call, some),
    )
    return {"items": members.rows(call, found), "next": more}


def _seen(call: ApiRequest, some: Sequence[int]) -> list[int]:
    heads = account_queries.person_ids(some)
    seen = visibility.filter_visible(by=call.by, accounts=some, at=call.at)
    return [account for account in some if heads[account] in seen]
