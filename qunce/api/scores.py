"""Scores of members: their parts and weights, how they are spread, and who has what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days
from qunce.insight import breakdowns
from qunce.insight.scores import distributions, previews
from qunce.members.scores import definitions, scores, sentences
from qunce.members.scores.scores import MemberScore, Score, ScoreVersion

router = Router(auth=RequiresScope("layers"), tags=["scores"])
KeyPath = Annotated[str, Field(min_length=1, max_length=80)]
Name = Annotated[str, Field(min_length=1, max_length=definitions.MAX_NAME)]
Spec = Annotated[
    dict[str, Any],
    Field(
        description="`parts` is a list of parts with a `name`, an `area` (`service`,"
        " `content` or `interaction`), a `kind` of fact with `where`, `hours` and"
        " `weekdays` as in the clause `did`, what counts `by` (`times`, `days`,"
        " `repeats`, `sum` of a `field`, `tenure`), `within` such as `30d`, a `weight`, a"
        " `cap` and optionally a `half_life` in days."
    ),
]
Breakdown = Annotated[
    str,
    Field(
        max_length=200,
        description="`source`, `group`, `layer:key`, `tag_group:key` or `attribute:name`.",
    ),
]


class ScoreIn(schemas.InputSchema):
    key: Annotated[str, Field(min_length=1, max_length=80)]
    name: Name
    spec: Spec


class ScoreUpdateIn(schemas.InputSchema):
    """A new `spec` holds from today on."""

    name: Name | None = None
    spec: Spec | None = None


class ScorePreviewIn(schemas.InputSchema):
    """`key` is the score that would be changed; without it the score is a new one."""

    key: Annotated[str, Field(max_length=80)] = ""
    spec: Spec


class ScoreOut(schemas.OutputSchema):
    """`formula` has a sentence for each part, and one for all of them."""

    key: str
    name: str
    is_ready_made: bool
    spec: dict[str, Any]
    formula: list[str]


class ScoreVersionOut(schemas.OutputSchema):
    """`day` is the first day on which the version holds."""

    day: date
    spec: dict[str, Any]
    at: datetime
    by: str


class ScoreDetailOut(ScoreOut):
    versions: list[ScoreVersionOut]


class BinOut(schemas.OutputSchema):
    """Members with a score from `least` to `most`; `rule` selects them."""

    least: str
    most: str
    member_count: int
    rule: dict[str, Any]


class DistributionOut(schemas.OutputSchema):
    """`median` is null for fewer than 30 members: not enough to say."""

    day: date
    member_count: int
    median: str | None
    bins: list[BinOut]


class PartMedianOut(schemas.OutputSchema):
    key: str
    label: str
    member_count: int
    median: str | None


class ScoreDistributionOut(DistributionOut):
    parts: list[PartMedianOut]


class CrossingOut(schemas.OutputSchema):
    from_layer: str
    to_layer: str
    member_count: int


class LayerEffectOut(schemas.OutputSchema):
    """How many members would move between the layers of a layering."""

    layering_key: str
    crossings: list[CrossingOut]


class ScorePreviewOut(schemas.OutputSchema):
    """`higher` and `lower` count the members whose score would change."""

    before: DistributionOut | None
    after: DistributionOut
    higher: int
    lower: int
    layers: list[LayerEffectOut]


class ScorePartOut(schemas.OutputSchema):
    """Points as exact decimal numbers. `text` says what was measured."""

    name: str
    area: str
    points: str
    highest: str
    text: str


class MemberScoreOut(schemas.OutputSchema):
    """`score_before` is that of 28 days ago by the weights of today, null for who had
    not joined yet."""

    key: str
    name: str
    score: str
    score_before: str | None
    points: str
    highest: str
    parts: list[ScorePartOut]


@router.get("/scores", response=list[ScoreOut])
def list_(request: ApiRequest) -> list[dict[str, Any]]:
    """List the scores, the ready-made ones first."""
    return [_serialize(request, row) for row in scores.list_all(request.community)]


def _serialize(request: ApiRequest, score: Score) -> dict[str, Any]:
    spec = scores.visible_spec(scores.current_spec(score, request.at), request.by)
    lines = sentences.describe_parts(spec, request.community)
    definition = definitions.load(spec, request.community)
    formula = [
        _("%(name)s: %(text)s.") % {"name": line.name, "text": line.text}
        for line in lines
    ]
    return {
        "key": score.key,
        "name": score.name,
        "is_ready_made": score.is_ready_made,
        "spec": spec,
        "formula": [*formula, sentences.describe_formula(definition.highest)],
    }


@router.post("/scores", response={201: ScoreOut})
def create(request: ApiRequest, data: ScoreIn) -> Any:
    """Create a score."""
    score = scores.create(
        community=request.community,
        key=data.key,
        name=data.name,
        spec=data.spec,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(request, score))


@router.post("/scores/preview", response=ScorePreviewOut)
def preview(request: ApiRequest, data: ScorePreviewIn) -> dict[str, Any]:
    """Compare a changed score with the score as it is, without saving it."""
    score = scores.get(request.community, data.key) if data.key else None
    found = previews.preview(score=score, spec=data.spec, by=request.by, at=request.at)
    return {
        "before": found.before and _distribution(found.before),
        "after": _distribution(found.after),
        "higher": found.up,
        "lower": found.down,
        "layers": [
            {
                "layering_key": effect.layering.key,
                "crossings": [
                    {
                        "from_layer": each.old,
                        "to_layer": each.new,
                        "member_count": len(each.people),
                    }
                    for each in effect.crossings
                ],
            }
            for effect in found.layers
        ],
    }


@router.get("/scores/{score_key}", response=ScoreDetailOut)
def get(request: ApiRequest, score_key: KeyPath) -> dict[str, Any]:
    """Get a score, with who changed its parts and when."""
    score = scores.get(request.community, score_key)
    versions = [
        _serialize_version(request, version) for version in scores.list_versions(score)
    ]
    return {**_serialize(request, score), "versions": versions}


def _serialize_version(request: ApiRequest, version: ScoreVersion) -> dict[str, Any]:
    return {
        "day": community_days.to_date(version.day),
        "spec": scores.visible_spec(version.spec, request.by),
        "at": version.at,
        "by": version.by.name,
    }


@router.patch("/scores/{score_key}", response=ScoreOut)
def update(
    request: ApiRequest, score_key: KeyPath, data: ScoreUpdateIn
) -> dict[str, Any]:
    """Rename a score, or change its parts and weights from today on."""
    score = scores.get(request.community, score_key)
    scores.update(
        score=score, name=data.name, spec=data.spec, by=request.by, at=request.at
    )
    return _serialize(request, score)


@router.delete("/scores/{score_key}", response={204: None})
def delete(request: ApiRequest, score_key: KeyPath) -> Any:
    """Delete a score that no rule names. Ready-made scores stay."""
    score = scores.get(request.community, score_key)
    scores.delete(score=score, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/scores/{score_key}/distribution", response=ScoreDistributionOut)
def distribution(
    request: ApiRequest,
    score_key: KeyPath,
    day: date | None = None,
    by: Breakdown = "",
) -> dict[str, Any]:
    """Count members by their score, today or at the end of a day.

    With `by`, the medians of the parts of a break-down.
    """
    score = scores.get(request.community, score_key)
    asked: dict[str, Any] = {
        "score": score,
        "day": distributions.parse_day(
            day.isoformat() if day else "", request.by, request.at
        ),
        "by": request.by,
        "at": request.at,
    }
    parts = []
    if breakdown := breakdowns.parse(by):
        parts = [
            {
                "key": part.key,
                "label": part.label,
                "member_count": part.people,
                "median": part.median,
            }
            for part in distributions.compare(breakdown=breakdown, **asked)
        ]
    return {**_distribution(distributions.compute(**asked)), "parts": parts}


def _distribution(found: distributions.Distribution) -> dict[str, Any]:
    return {
        "day": found.day,
        "member_count": found.members,
        "median": found.median,
        "bins": [
            {
                "least": definitions.format_tenths(each.least),
                "most": definitions.format_tenths(each.most),
                "member_count": each.people,
                "rule": each.rule,
            }
            for each in found.bins
        ],
    }


@router.get(
    "/members/{member_id}/scores",
    response=list[MemberScoreOut],
    auth=RequiresScope("members"),
)
def list_of_member(request: ApiRequest, member_id: schemas.Id) -> list[dict[str, Any]]:
    """List the scores of a member as of today, with what each part gives."""
    account = members.get_account(request, member_id)
    found = scores.of_member(
        community=request.community, account=account.pk, at=request.at
    )
    return [_serialize_member_score(each) for each in found]


def _serialize_member_score(found: MemberScore) -> dict[str, Any]:
    before = found.before
    return {
        "key": found.score.key,
        "name": found.score.name,
        "score": found.text,
        "score_before": None if before is None else definitions.format_tenths(before),
        "points": definitions.format_points(found.found.points),
        "highest": definitions.format_points(found.found.definition.highest),
        "parts": [
            {
                "name": args["name"],
                "area": args["area"],
                "points": definitions.format_points(part.points),
                "highest": definitions.format_points(part.part.highest),
                "text": sentences.describe_measure(part),
            }
            for args, part in zip(found.spec["parts"], found.found.parts, strict=True)
        ],
    }
