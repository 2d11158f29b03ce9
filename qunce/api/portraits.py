"""Portraits: what sets people apart; and completeness: what is not known of whom."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.portraits import completeness, models, persona_cards, portraits
from qunce.insight.portraits.models import PersonaCard
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])
READ = RequiresScope("segments", action="read")
WRITE = RequiresScope("segments")


class PortraitIn(schemas.InputSchema):
    """`of` is one of these: `segment:key`, `layer:layering:key`, `group:key`,
    `funnel:id:step`, `campaign:id:sent`, `campaign:id:clicked`, `campaign:id:bought`.
    """

    of: Annotated[str, Field(min_length=1, max_length=400)]


class PortraitRowOut(schemas.OutputSchema):
    """Shares are from 0 to 1; `points`, `low` and `high` are percentage points.

    `ratio` is null if none of the rest have the trait. `inside_of` and `rest_of` are
    those compared. `effect` is Cohen's h. The rules select the people with the trait.
    """

    dimension: str
    heading: str
    label: str
    inside: int
    inside_of: int
    rest: int
    rest_of: int
    share_inside: float
    share_rest: float
    ratio: float | None
    points: float
    low: float
    high: float
    effect: float
    p_value: float
    adjusted_p: float
    rule: dict[str, Any]
    rest_rule: dict[str, Any]


class PortraitOut(schemas.OutputSchema):
    """`rest` are the others among whom they are compared: `among`, "" for all members.

    Of `asked` traits `clear` differ; for `not_enough` there are too few people.

    `named` traits are left out, as the rule asks for them. `rows` are the 40 with the
    largest effect.
    """

    of: str
    label: str
    among: str
    people: int
    rest: int
    asked: int
    clear: int
    not_enough: int
    named: int
    rows: list[PortraitRowOut]


class GapOut(schemas.OutputSchema):
    """`people` lack it; `percent` is null for few members. `uses` are rules in use."""

    kind: str
    key: str
    label: str
    people: int
    percent: float | None
    uses: int
    rule: dict[str, Any]


class CompletenessOut(schemas.OutputSchema):
    """`gaps` have the largest first; `ask` are those to close next."""

    members: int
    gaps: list[GapOut]
    ask: list[GapOut]


@router.get("/portraits", response=PortraitOut)
def portrait(request: ApiRequest, asked: Query[PortraitIn]) -> dict[str, Any]:
    """Compare a segment, a layer, a group, or takers of a campaign with the others."""
    subject = portraits.parse_subject(asked.of, by=request.by)
    return portraits.to_json(
        portraits.load(subject=subject, by=request.by, at=request.at)
    )


@router.get("/completeness", response=CompletenessOut)
def completeness_(request: ApiRequest) -> Any:
    """Count what is not known of how many members."""
    return completeness.load(by=request.by, at=request.at)


class PersonaCardIn(schemas.InputSchema):
    name: Annotated[str, Field(min_length=1, max_length=models.MAX_NAME)]
    sentence: Annotated[str, Field(max_length=models.MAX_SENTENCE)] = ""
    wants: Annotated[str, Field(max_length=models.MAX_TEXT)] = ""
    avoid: Annotated[str, Field(max_length=models.MAX_TEXT)] = ""


class PersonaCardOut(schemas.OutputSchema):
    """What staff write about the typical member of a segment."""

    segment: str
    name: str
    sentence: str
    wants: str
    avoid: str
    by: str
    changed_at: datetime

    @staticmethod
    def resolve_segment(card: PersonaCard) -> str:
        return card.segment.key

    @staticmethod
    def resolve_by(card: PersonaCard) -> str:
        return card.by.login


def _get_segment(request: ApiRequest, segment_id: int) -> Segment:
    query = Segment.objects.filter(community=request.community, pk=segment_id)
    for segment in query.select_related("community"):
        return segment
    raise segments.SegmentNotFound(_("There is no such segment."))


@router.get("/segments/{segment_id}/persona-card", response=PersonaCardOut, auth=READ)
def get_persona_card(request: ApiRequest, segment_id: schemas.Id) -> PersonaCard:
    """Get the persona card of a segment; 404 if nobody has written one."""
    segment = _get_segment(request, segment_id)
    card = persona_cards.find(segment=segment, by=request.by)
    if card is None:
        raise persona_cards.PersonaCardNotFound(_("This segment has no persona card."))
    return card


@router.put("/segments/{segment_id}/persona-card", response=PersonaCardOut, auth=WRITE)
def save_persona_card(
    request: ApiRequest, segment_id: schemas.Id, data: PersonaCardIn
) -> PersonaCard:
    """Write the persona card of a segment, in place of the one before."""
    return persona_cards.save(
        segment=_get_segment(request, segment_id),
        by=request.by,
        at=request.at,
        **data.model_dump(),
    )


@router.delete("/segments/{segment_id}/persona-card", response={204: None}, auth=WRITE)
def remove_persona_card(request: ApiRequest, segment_id: schemas.Id) -> Any:
    """Remove the persona card of a segment."""
    segment = _get_segment(request, segment_id)
    persona_cards.remove(segment=segment, by=request.by, at=request.at)
    return Status(204, None)
