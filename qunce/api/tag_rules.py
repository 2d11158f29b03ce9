"""Tag rules: their dry runs, conflicts and runs, and the undo of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.rule_text import contact_masks
from qunce.members.tag_rules import activation, conflicts, planning, previews, runs
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tags.models import Tag
from qunce.sets.bitmaps import bitmaps

router = Router(auth=RequiresScope("tags"), tags=["tag rules"])
Name = Annotated[str, Field(min_length=1, max_length=rules.MAX_NAME_LENGTH)]
Description = Annotated[str, Field(max_length=rules.MAX_DESCRIPTION_LENGTH)]
Mode = Literal["daily", "on_demand", "event"]
Condition = Annotated[
    dict[str, Any],
    Field(
        description=(
            "One of `{rule}`, a rule as in segments; `{silence: {kinds, days}}`; and"
            " `{event: {kind, where, hours, words}}`, where `words` is `{any: […]}` or"
            " `{all: […]}`."
        )
    ),
]
MAX_PEOPLE = 1_000
"""Ids of members per change that one answer has."""


class EffectIn(schemas.InputSchema):
    """`depth` is a number, or the name of a level of the tag."""

    do: Literal["add", "remove", "set", "raise", "deepen"]
    tag: Annotated[str, Field(min_length=1, max_length=80)]
    depth: (
        Annotated[int, Field(ge=1, le=tag_effects.MAX_DEPTH)]
        | Annotated[str, Field(max_length=40)]
        | None
    ) = None


Effects = Annotated[
    list[EffectIn], Field(min_length=1, max_length=tag_effects.MAX_EFFECTS)
]


class TagRuleIn(schemas.InputSchema):
    name: Name
    description: Description = ""
    condition: Condition
    effects: Effects
    mode: Mode
    takes_back: bool = False


class TagRuleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are. What an active rule does cannot change."""

    name: Name | None = None
    description: Description | None = None
    condition: Condition | None = None
    effects: Effects | None = None
    mode: Mode | None = None
    takes_back: bool | None = None


class ActivateIn(schemas.InputSchema):
    """`confirmed` activates a rule that contradicts others.

    `past_days` counts events of the last days, too, when the rule is activated for the
    first time.
    """

    confirmed: bool = False
    past_days: Annotated[int, Field(ge=0, le=previews.MAX_PAST_DAYS)] = 0


class MoveIn(schemas.InputSchema):
    to: Literal["earlier", "later"]


class EffectOut(schemas.OutputSchema):
    do: str
    tag: str
    depth: int | None = None


class TagRuleOut(schemas.OutputSchema):
    """Rules are applied by `position`. `problem` is why the rule cannot act."""

    id: int
    name: str
    description: str
    position: int
    condition: dict[str, Any]
    effects: list[EffectOut]
    mode: str
    takes_back: bool
    state: str
    problem: str
    created_at: datetime
    changed_at: datetime


class TagRuleListOut(schemas.OutputSchema):
    items: list[TagRuleOut]


class ConflictOut(schemas.OutputSchema):
    """`member_count` are those for whom both rules hold now, null if it is not known."""

    kind: str
    tag: str
    rule_id: int | None
    text: str
    wins: bool
    member_count: int | None


class ConflictListOut(schemas.OutputSchema):
    items: list[ConflictOut]


class ChangeOut(schemas.OutputSchema):
    """Members who `gained` or `lost` a tag, were `deepened`, or `kept` what they had.

    `member_ids` are the first of them, for staff who may see them.
    """

    kind: str
    tag: str
    reason: str
    because_of_rule_id: int | None
    member_count: int
    member_ids: list[int]


class DryRunOut(schemas.OutputSchema):
    """`matched_count` are the members for whom the condition holds."""

    matched_count: int
    changes: list[ChangeOut]


class TagRuleRunOut(schemas.OutputSchema):
    """`fact_count` are the events that matched, `late_count` those that were too old."""

    id: int
    rule_id: int
    trigger: str
    gained: int
    lost: int
    deepened: int
    kept: int
    fact_count: int
    late_count: int
    error: str
    at: datetime
    finished_at: datetime | None
    undone_at: datetime | None


class TagRuleRunListOut(schemas.OutputSchema):
    items: list[TagRuleRunOut]


class TagRuleRunDetailOut(TagRuleRunOut):
    changes: list[ChangeOut]


def _serialize(request: ApiRequest, rule: TagRule) -> dict[str, Any]:
    names = set(TagRuleOut.model_fields) - {"condition", "problem"}
    values = {name: getattr(rule, name) for name in names}
    condition = contact_masks.masked(rule.condition, request.by)
    return {**values, "condition": condition, "problem": rules.find_problem(rule)}


def _serialize_run(run: TagRuleRun) -> dict[str, Any]:
    names = set(TagRuleRunOut.model_fields) & {f.name for f in TagRuleRun._meta.fields}
    return {
        **{name: getattr(run, name) for name in names},
        "rule_id": run.rule_id,
        "fact_count": run.facts,
        "late_count": run.late,
        "undone_at": run.batch.undone_at,
    }


@router.get("/tag-rules", response=TagRuleListOut)
def list_(request: ApiRequest, archived: bool = False) -> dict[str, Any]:
    """List tag rules in the order in which they are applied."""
    found = rules.list_all(request.by, archived=archived)
    return {"items": [_serialize(request, rule) for rule in found]}


@router.post("/tag-rules", response={201: TagRuleOut})
def create(request: ApiRequest, data: TagRuleIn) -> Any:
    """Create a tag rule. It is a draft, which changes nobody."""
    fields = data.model_dump(exclude_unset=True)
    rule = rules.create(
        community=request.community, by=request.by, at=request.at, **fields
    )
    return Status(201, _serialize(request, rule))


@router.get("/tag-rules/{tag_rule_id}", response=TagRuleOut)
def get(request: ApiRequest, tag_rule_id: schemas.Id) -> dict[str, Any]:
    """Get a tag rule."""
    return _serialize(request, rules.get(by=request.by, pk=tag_rule_id))


@router.patch("/tag-rules/{tag_rule_id}", response=TagRuleOut)
def update(
    request: ApiRequest, tag_rule_id: schemas.Id, data: TagRuleUpdateIn
) -> dict[str, Any]:
    """Change a tag rule; what it does, only while it is not active."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    fields = data.model_dump(exclude_unset=True)
    rules.update(rule=rule, by=request.by, at=request.at, **fields)
    return get(request, tag_rule_id)


@router.get("/tag-rules/{tag_rule_id}/conflicts", response=ConflictListOut)
def list_conflicts(request: ApiRequest, tag_rule_id: schemas.Id) -> dict[str, Any]:
    """List the active rules that contradict a tag rule."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    found = conflicts.list_conflicts(rule=rule, by=request.by, at=request.at)
    items = [
        {
            "kind": each.kind,
            "tag": each.tag,
            "rule_id": each.other.pk if each.other else None,
            "text": str(each),
            "wins": each.wins,
            "member_count": each.members,
        }
        for each in found
    ]
    return {"items": items}


@router.get("/tag-rules/{tag_rule_id}/dry-run", response=DryRunOut)
def dry_run(
    request: ApiRequest,
    tag_rule_id: schemas.Id,
    days: Annotated[int, Field(ge=1, le=previews.MAX_PAST_DAYS)] = 30,
) -> dict[str, Any]:
    """Report what a run would change now, or what the events of the last days would."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    plan = previews.dry_run(rule=rule, by=request.by, at=request.at, days=days)
    changes = [
        {
            "kind": change.kind,
            "tag": plan.tags[change.tag].key,
            "reason": change.reason,
            "because_of_rule_id": change.other,
            "member_count": len(change.people),
            "member_ids": list(change.people[:MAX_PEOPLE]),
        }
        for change in plan.changes
        if change.kind != planning.ADOPTED
    ]
    return {"matched_count": len(plan.matched), "changes": changes}


@router.post("/tag-rules/{tag_rule_id}/activate", response=TagRuleOut)
def activate(
    request: ApiRequest, tag_rule_id: schemas.Id, data: ActivateIn
) -> dict[str, Any]:
    """Activate a tag rule, after a confirmation if it contradicts others."""
    activation.activate(
        rule=rules.get(by=request.by, pk=tag_rule_id),
        is_confirmed=data.confirmed,
        past_days=data.past_days,
        by=request.by,
        at=request.at,
    )
    return get(request, tag_rule_id)


@router.post("/tag-rules/{tag_rule_id}/pause", response=TagRuleOut)
def pause(request: ApiRequest, tag_rule_id: schemas.Id) -> dict[str, Any]:
    """Pause a tag rule. Members keep their tags."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    rules.pause(rule=rule, by=request.by, at=request.at)
    return get(request, tag_rule_id)


@router.post("/tag-rules/{tag_rule_id}/archive", response=TagRuleOut)
def archive(request: ApiRequest, tag_rule_id: schemas.Id) -> dict[str, Any]:
    """Archive a tag rule that is not active."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    rules.archive(rule=rule, by=request.by, at=request.at)
    return get(request, tag_rule_id)


@router.delete("/tag-rules/{tag_rule_id}/archive", response=TagRuleOut)
def restore(request: ApiRequest, tag_rule_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived tag rule. It is paused."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    rules.restore(rule=rule, by=request.by, at=request.at)
    return get(request, tag_rule_id)


@router.post("/tag-rules/{tag_rule_id}/move", response=TagRuleOut)
def move(request: ApiRequest, tag_rule_id: schemas.Id, data: MoveIn) -> dict[str, Any]:
    """Move a tag rule before or after its neighbour. Earlier rules win."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    earlier = data.to == "earlier"
    rules.move(rule=rule, earlier=earlier, by=request.by, at=request.at)
    return get(request, tag_rule_id)


@router.post("/tag-rules/{tag_rule_id}/runs", response={201: TagRuleRunOut})
def run(request: ApiRequest, tag_rule_id: schemas.Id) -> Any:
    """Run an active tag rule on members now."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    done = runs.run(rule=rule, by=request.by, at=request.at)
    return Status(201, _serialize_run(done))


@router.get("/tag-rules/{tag_rule_id}/runs", response=TagRuleRunListOut)
def list_runs(
    request: ApiRequest,
    tag_rule_id: schemas.Id,
    before: schemas.Id | None = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the runs of a tag rule, the newest first, `before` the run with an id."""
    rule = rules.get(by=request.by, pk=tag_rule_id)
    found = runs.list_runs(rule=rule, by=request.by, limit=limit, before=before or 0)
    return {"items": [_serialize_run(each) for each in found]}


@router.get("/tag-rule-runs/{tag_rule_run_id}", response=TagRuleRunDetailOut)
def get_run(request: ApiRequest, tag_rule_run_id: schemas.Id) -> dict[str, Any]:
    """Get a run with its members."""
    found = runs.get(by=request.by, pk=tag_rule_run_id)
    rows = runs.list_changes(found)
    tags = Tag.objects.in_bulk([row.tag_id for row in rows])
    changes = [
        {
            "kind": row.kind,
            "tag": tags[row.tag_id].key,
            "reason": row.reason,
            "because_of_rule_id": row.other_id,
            "member_count": row.size,
            "member_ids": list(bitmaps.from_bytes(row.blob)[:MAX_PEOPLE]),
        }
        for row in rows
    ]
    return {**_serialize_run(found), "changes": changes}


@router.post("/tag-rule-runs/{tag_rule_run_id}/undo", response=TagRuleRunOut)
def undo(request: ApiRequest, tag_rule_run_id: schemas.Id) -> dict[str, Any]:
    """Undo a run, except for what was changed since. A daily rule is paused."""
    found = runs.get(by=request.by, pk=tag_rule_run_id)
    runs.undo(run=found, by=request.by, at=request.at)
    return _serialize_run(runs.get(by=request.by, pk=tag_rule_run_id))
