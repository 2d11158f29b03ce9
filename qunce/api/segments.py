"""Segments and rules: how many members match, who they are, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days, errors
from qunce.members.rule_text import contact_masks
from qunce.members.search import export
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments, watches
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

router = Router(auth=RequiresScope("segments"), tags=["segments"])
READ = RequiresScope("segments", action="read")
READ_MEMBERS = RequiresScope("segments", action="read", shows_members=True)
Name = Annotated[str, Field(min_length=1, max_length=80)]


class SegmentIn(schemas.InputSchema):
    key: Name
    rule: schemas.Rule
    name: Annotated[str, Field(max_length=120)] = ""
    description: schemas.LongText = ""


class SegmentUpdateIn(schemas.InputSchema):
    rule: schemas.Rule | None = None
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    description: schemas.LongText | None = None


class RuleIn(schemas.InputSchema):
    rule: schemas.Rule


class RulePageIn(RuleIn):
    after: schemas.Cursor = None
    limit: schemas.Limit = 50


class ExplainRuleIn(RuleIn):
    member_id: schemas.Id


class OverlapIn(schemas.InputSchema):
    left: schemas.Rule
    right: schemas.Rule


class FunnelStepOut(schemas.OutputSchema):
    """`remaining` are left after this part; inside an `all`, one applies after another.

    `alone` is how many members the part has on its own.
    """

    path: str
    remaining: int
    alone: int


class FunnelOut(schemas.OutputSchema):
    """`everyone` is who could match. The path of the whole rule is empty."""

    everyone: int
    total: int
    steps: list[FunnelStepOut]


class FrozenSegmentIn(schemas.InputSchema):
    key: Name


class SegmentOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    description: str
    rule: dict[str, Any]
    state: str
    created_at: datetime
    changed_at: datetime
    watched_since: datetime | None

    @staticmethod
    def resolve_watched_since(segment: Segment) -> datetime | None:
        watch = watches.find(segment)
        return watch.started_at if watch else None

    @staticmethod
    def resolve_rule(segment: Segment, context: Any) -> Any:
        return contact_masks.masked(segment.rule, context["request"].by)


class Reason(schemas.OutputSchema):
    """A clause of the rule, and whether the member matches it.

    `path` is where the clause is in the rule. `expected` is false for a clause inside a
    `not`. `text` says in words what is known about the member.
    """

    path: str
    matches: bool
    expected: bool
    text: str


class Explanation(schemas.OutputSchema):
    matches: bool
    reasons: list[Reason]


class OverlapOut(schemas.OutputSchema):
    left_only: int
    both: int
    right_only: int


class FrozenSegmentOut(schemas.OutputSchema):
    """`member_count` counts the members that the staff member saw when freezing."""

    id: int
    key: str
    member_count: int
    created_at: datetime

    @staticmethod
    def resolve_member_count(frozen: FrozenSegment) -> int:
        return frozen.size

    @staticmethod
    def resolve_created_at(frozen: FrozenSegment) -> datetime:
        return frozen.at


class SegmentSizeOut(schemas.OutputSchema):
    """`entered` and `left` count moves while the segment was watched."""

    day: date
    member_count: int
    entered: int
    left: int


class FrozenSegmentNotFound(errors.NotFound):
    """There is no such frozen segment."""


def _get_segment(request: ApiRequest, segment_id: int) -> Segment:
    query = Segment.objects.filter(community=request.community, pk=segment_id)
    for segment in query.select_related("community"):
        return segment
    raise segments.SegmentNotFound(_("There is no such segment."))


def _count(request: ApiRequest, rule: Any) -> dict[str, int]:
    count = audiences.count(
        community=request.community, rule=rule, by=request.by, at=request.at
    )
    return {"count": count}


def _explain(request: ApiRequest, rule: Any, member_id: int) -> dict[str, Any]:
    account = members.get_account(request, member_id)
    explanation = audiences.explain(
        community=request.community,
        rule=rule,
        by=request.by,
        at=request.at,
        account=account.pk,
    )
    reasons = [
        {
            "path": reason.path,
            "matches": reason.holds,
            "expected": reason.expected,
            "text": reason.text,
        }
        for reason in explanation.reasons
    ]
    return {"matches": explanation.holds, "reasons": reasons}


# Rules that are not saved


@router.post("/rules/count", response=schemas.CountOut, auth=READ)
def count_rule(request: ApiRequest, data: RuleIn) -> dict[str, int]:
    """Count the members who match a rule."""
    return _count(request, data.rule)


@router.post(
    "/rules/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=READ_MEMBERS,
)
def list_rule_members(request: ApiRequest, data: RulePageIn) -> dict[str, Any]:
    """List the members who match a rule by id."""
    return members.list_by_rule(request, data.rule, data.after, data.limit)


@router.post("/rules/explain", response=Explanation, auth=READ_MEMBERS)
def explain_rule(request: ApiRequest, data: ExplainRuleIn) -> dict[str, Any]:
    """Explain clause by clause why a member matches a rule or does not."""
    return _explain(request, data.rule, data.member_id)


@router.post("/rules/overlap", response=OverlapOut, auth=READ)
def overlap_rules(request: ApiRequest, data: OverlapIn) -> dict[str, int]:
    """Count the members who match only one of two rules, or both."""
    overlap = audiences.overlap(
        community=request.community,
        left=data.left,
        right=data.right,
        by=request.by,
        at=request.at,
    )
    return {
        "left_only": overlap.left,
        "both": overlap.both,
        "right_only": overlap.right,
    }


@router.post("/rules/funnel", response=FunnelOut, auth=READ)
def count_parts(request: ApiRequest, data: RuleIn) -> dict[str, Any]:
    """Count how many members each part of a rule leaves."""
    funnel = audiences.funnel(
        community=request.community, rule=data.rule, by=request.by, at=request.at
    )
    return {
        "everyone": funnel.everyone,
        "total": funnel.total,
        "steps": [
            {"path": path, "remaining": step.remaining, "alone": step.alone}
            for path, step in funnel.steps.items()
        ],
    }


# Segments


@router.get("/segments", response=schemas.Page[SegmentOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=80)] = None,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List segments by id."""
    state = "archived" if archived else "active"
    query = Segment.objects.filter(community=request.community, state=state)
    if key is not None:
        query = query.filter(key=key)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.post("/segments", response={201: SegmentOut})
def create(request: ApiRequest, data: SegmentIn) -> Any:
    """Save a rule as a segment."""
    segment = segments.create(
        community=request.community,
        key=data.key,
        rule=data.rule,
        name=data.name,
        description=data.description,
        by=request.by,
        at=request.at,
    )
    return Status(201, segment)


@router.get("/segments/{segment_id}", response=SegmentOut)
def get(request: ApiRequest, segment_id: schemas.Id) -> Segment:
    """Get a segment."""
    return _get_segment(request, segment_id)


@router.patch("/segments/{segment_id}", response=SegmentOut)
def update(
    request: ApiRequest, segment_id: schemas.Id, data: SegmentUpdateIn
) -> Segment:
    """Update a segment."""
    segment = _get_segment(request, segment_id)
    segments.update(
        segment=segment,
        rule=data.rule,
        name=data.name,
        description=data.description,
        by=request.by,
        at=request.at,
    )
    return segment


@router.post("/segments/{segment_id}/archive", response=SegmentOut)
def archive(request: ApiRequest, segment_id: schemas.Id) -> Segment:
    """Archive a segment that no other segment refers to."""
    segment = _get_segment(request, segment_id)
    segments.archive(segment=segment, by=request.by, at=request.at)
    return segment


@router.delete("/segments/{segment_id}/archive", response=SegmentOut)
def restore(request: ApiRequest, segment_id: schemas.Id) -> Segment:
    """Restore an archived segment."""
    segment = _get_segment(request, segment_id)
    segments.restore(segment=segment, by=request.by, at=request.at)
    return segment


@router.put("/segments/{segment_id}/watch", response=SegmentOut)
def watch(request: ApiRequest, segment_id: schemas.Id) -> Segment:
    """Record a fact for each member who enters or leaves the segment from now on."""
    segment = _get_segment(request, segment_id)
    watches.start(segment=segment, by=request.by, at=request.at)
    return segment


@router.delete("/segments/{segment_id}/watch", response=SegmentOut)
def unwatch(request: ApiRequest, segment_id: schemas.Id) -> Segment:
    """Stop recording who enters and leaves the segment."""
    segment = _get_segment(request, segment_id)
    watches.stop(segment=segment, by=request.by, at=request.at)
    return segment


@router.get("/segments/{segment_id}/count", response=schemas.CountOut)
def count(request: ApiRequest, segment_id: schemas.Id) -> dict[str, int]:
    """Count the members of a segment."""
    segment = _get_segment(request, segment_id)
    return {"count": segments.count(segment=segment, by=request.by, at=request.at)}


@router.get(
    "/segments/{segment_id}/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=READ_MEMBERS,
)
def list_members(
    request: ApiRequest,
    segment_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members of a segment by id."""
    rule = segments.reference(_get_segment(request, segment_id))
    return members.list_by_rule(request, rule, after, limit)


@router.get("/segments/{segment_id}/sizes", response=list[SegmentSizeOut])
def list_sizes(
    request: ApiRequest, segment_id: schemas.Id, since: date | None = None
) -> list[dict[str, Any]]:
    """List the sizes of a segment, one a day.

    They are of the whole community, so staff who see only some members get none.
    """
    segment = _get_segment(request, segment_id)
    if request.by.scope is not None:
        return []
    sizes = segment.sizes.order_by("day")
    if since is not None:
        sizes = sizes.filter(day__gte=community_days.from_date(since))
    return [
        {
            "day": community_days.to_date(row.day),
            "member_count": row.size,
            "entered": row.entered,
            "left": row.left,
        }
        for row in sizes
    ]


@router.get(
    "/segments/{segment_id}/export",
    auth=READ_MEMBERS,
    response={200: None},
    openapi_extra={
        "responses": {
            200: {
                "description": "CSV with one row a member, tags with their depth",
                "content": {"text/csv": {"schema": {"type": "string"}}},
            }
        }
    },
)
def export_members(request: ApiRequest, segment_id: schemas.Id) -> HttpResponseBase:
    """Export the members of a segment as CSV, in the columns that imports read."""
    segment = _get_segment(request, segment_id)
    people = audiences.people(
        community=request.community,
        rule=segments.reference(segment),
        by=request.by,
        at=request.at,
    )
    table = export.start(by=request.by, at=request.at, people=people)
    return StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")


@router.get("/segments/{segment_id}/explain", response=Explanation, auth=READ_MEMBERS)
def explain(
    request: ApiRequest, segment_id: schemas.Id, member_id: schemas.Id
) -> dict[str, Any]:
    """Explain clause by clause why a member is in a segment or is not."""
    segment = _get_segment(request, segment_id)
    return _explain(request, _rule_for(segment, request), member_id)


def _rule_for(segment: Segment, request: ApiRequest) -> Any:
    """The segment's own rule, or its name for those who may not read all of the rule."""
    if contact_masks.is_readable(segment.rule, request.by):
        return segment.rule
    return segments.reference(segment)


# Frozen segments


@router.post("/segments/{segment_id}/frozen-segments", response={201: FrozenSegmentOut})
def freeze(request: ApiRequest, segment_id: schemas.Id, data: FrozenSegmentIn) -> Any:
    """Save the current members of a segment as a frozen segment."""
    segment = _get_segment(request, segment_id)
    frozen = frozen_segments.freeze(
        community=request.community,
        key=data.key,
        rule=_rule_for(segment, request),
        segment=segment,
        by=request.by,
        at=request.at,
    )
    return Status(201, frozen)


@router.get(
    "/frozen-segments/{frozen_segment_id}/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=READ_MEMBERS,
)
def list_frozen_members(
    request: ApiRequest,
    frozen_segment_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members of a frozen segment by id.

    Members who have left the community since then are included.
    """
    query = FrozenSegment.objects.filter(community=request.community)
    for frozen in query.filter(pk=frozen_segment_id):
        people = bitmaps.from_bytes(frozen.blob)
        break
    else:
        raise FrozenSegmentNotFound(_("There is no such frozen segment."))

    def fetch(start_id: int, size: int) -> list[int]:
        # Ids ascend in the bitmap, so a page is a slice of it.
        index = people.rank(start_id)
        return list(people[index : index + size])

    filter_visible: Callable[[Sequence[int]], list[int]] | None = (
        members.visible_filter(request, lambda person_id: person_id)
    )
    person_ids, more = schemas.paginate(
        fetch,
        after=after,
        limit=limit,
        id_of=lambda person_id: person_id,
        filter_visible=filter_visible,
    )
    return {"items": members.summarize(request, person_ids), "next": more}
