"""Rules of moderation with their trials, and ladders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.cases import precision
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Ladder, Mode, Rule, Rung, ShadowRun
from qunce.groups.moderation.rules import rule_checks, rules, shadow_runs
from qunce.groups.moderation.staff_decisions import mass_actions
from qunce.members.rule_text import contact_masks

router = Router(auth=RequiresScope("groups"), tags=["moderation"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Reason = Annotated[str, Field(min_length=1, max_length=mass_actions.MAX_REASON)]


class CheckIn(schemas.InputSchema):
    """`check` is the key of a check; options that are missing have their defaults."""

    check: Annotated[str, Field(max_length=40)]
    options: dict[str, Any] = {}


Checks = Annotated[
    list[CheckIn], Field(min_length=1, max_length=rule_checks.MAX_CHECKS)
]


class RuleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `conditions` has any of groups, newcomer_days, hours and members. A rule that would
    hit your own names or materials is saved only with `despite_own_texts`.
    """

    name: Name | None = None
    checks: Checks | None = None
    conditions: dict[str, Any] | None = None
    ladder: Annotated[str, Field(max_length=100)] | None = None
    despite_own_texts: bool = False


class RuleIn(RuleUpdateIn):
    name: Name
    checks: Checks


class RuleOut(schemas.OutputSchema):
    """`right` and `settled` count the settled cases of 28 days.

    `is_tried` says whether this version was tried on past messages, so that it may act.
    """

    key: str
    name: str
    checks: list[dict[str, Any]]
    conditions: dict[str, Any]
    ladder: str
    mode: Mode
    version: int
    is_tried: bool
    note: str
    right: int
    settled: int
    changed_at: datetime


class RuleListOut(schemas.OutputSchema):
    """Of `confirmed` cases of 28 days, rules had found `found`; people found the others."""

    items: list[RuleOut]
    found: int
    confirmed: int


class ModeIn(schemas.InputSchema):
    mode: Mode


class PeriodIn(schemas.InputSchema):
    since: schemas.Timestamp
    until: schemas.Timestamp


class RunUndoIn(PeriodIn):
    reason: Reason


class ShadowRunOut(schemas.OutputSchema):
    """`sentence` says on how many of the latest messages it would have acted."""

    version: int
    since: datetime
    until: datetime
    total: int
    hits: int
    sentence: str
    created_at: datetime


class ShadowRunHitOut(schemas.OutputSchema):
    """A message that the rule would have acted on, as long as its text is kept."""

    group_id: int
    member_id: int
    happened_at: datetime
    text: str


class ShadowRunHitsOut(schemas.OutputSchema):
    """The latest shadow run of this version of the rule, null before there is one."""

    run: ShadowRunOut | None
    items: list[ShadowRunHitOut]


class CheckOut(schemas.OutputSchema):
    """A kind of check; one that is `is_advisory` never acts alone."""

    key: str
    label: str
    description: str
    is_advisory: bool
    options: dict[str, Any]


class CheckListOut(schemas.OutputSchema):
    items: list[CheckOut]


class RungIn(schemas.InputSchema):
    strikes: Annotated[int, Field(ge=1, le=ladders.MAX_STRIKES)]
    rung: Rung
    minutes: Annotated[int, Field(ge=1, le=ladders.MAX_MINUTES)] | None = None


class LadderIn(schemas.InputSchema):
    """`window_days` is null for strikes that never decay."""

    name: Name
    window_days: Annotated[int, Field(ge=1, le=ladders.MAX_WINDOW_DAYS)] | None
    rungs: Annotated[list[RungIn], Field(min_length=1, max_length=ladders.MAX_RUNGS)]


class LadderOut(schemas.OutputSchema):
    key: str
    name: str
    window_days: int | None
    rungs: list[dict[str, Any]]


class LadderListOut(schemas.OutputSchema):
    items: list[LadderOut]


class UndoRequestOut(schemas.OutputSchema):
    """The mass action that undoes a run."""

    id: int
    state: str
    size: int


def _rule(request: ApiRequest, rule: Rule) -> dict[str, Any]:
    seen = set(group_visibility.list_visible(request.by).values_list("key", flat=True))
    conditions = dict(rule.conditions)
    if "groups" in conditions:
        conditions["groups"] = [key for key in conditions["groups"] if key in seen]
    if "members" in conditions:
        members = contact_masks.masked(conditions["members"], request.by)
        conditions["members"] = members
    counted = precision.of_rules(request.by, request.at).get(rule.pk)
    return {
        **{
            name: getattr(rule, name)
            for name in (
                "key",
                "name",
                "checks",
                "mode",
                "version",
                "changed_at",
            )
        },
        "note": precision.note_of(rule, request.by),
        "conditions": conditions,
        "ladder": rule.ladder.key,
        "is_tried": rule.shadow_version == rule.version,
        "right": counted.right if counted else 0,
        "settled": counted.settled if counted else 0,
    }


def _run(run: ShadowRun) -> dict[str, Any]:
    names = ("version", "since", "until", "total", "hits", "created_at")
    sentence = shadow_runs.sentence(run.hits, run.total)
    return {**{name: getattr(run, name) for name in names}, "sentence": sentence}


def _fields(request: ApiRequest, data: RuleUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True)
    given = {name: value for name, value in given.items() if value is not None}
    if "ladder" in given:
        given["ladder"] = ladders.get(by=request.by, key=given["ladder"])
    return given


@router.get("/moderation/checks", response=CheckListOut)
def list_checks(request: ApiRequest) -> dict[str, Any]:
    """List the kinds of checks with the defaults of their options."""
    rules.check_may_view(request.by)
    return {
        "items": [
            {
                "key": check.key,
                "label": str(check.label),
                "description": str(check.description),
                "is_advisory": check.is_advisory,
                "options": check.options_to_json(check.parse_options({})),
            }
            for check in base.list_all()
        ]
    }


@router.get("/moderation/rules", response=RuleListOut)
def list_rules(request: ApiRequest) -> dict[str, Any]:
    """List the rules that are not archived."""
    recall = precision.recall(request.by, request.at)
    return {
        "items": [_rule(request, rule) for rule in rules.list_all(request.by)],
        "found": recall.right,
        "confirmed": recall.settled,
    }


@router.post("/moderation/rules", response={201: RuleOut})
def create_rule(request: ApiRequest, data: RuleIn) -> Any:
    """Create a rule. It observes until its mode is changed."""
    rule = rules.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_fields(request, data),
    )
    return Status(201, _rule(request, rule))


@router.get("/moderation/rules/{key}", response=RuleOut)
def get_rule(request: ApiRequest, key: schemas.Key) -> dict[str, Any]:
    """Get a rule, with how often it was right."""
    return _rule(request, rules.get(by=request.by, key=key))


@router.patch("/moderation/rules/{key}", response=RuleOut)
def update_rule(
    request: ApiRequest, key: schemas.Key, data: RuleUpdateIn
) -> dict[str, Any]:
    """Change a rule. Other checks or conditions are a new version of it."""
    rule = rules.get(by=request.by, key=key)
    rules.update(rule=rule, by=request.by, at=request.at, **_fields(request, data))
    return get_rule(request, key)


@router.delete("/moderation/rules/{key}", response={204: None})
def archive_rule(request: ApiRequest, key: schemas.Key) -> Any:
    """Archive a rule permanently. Its cases stay."""
    rules.archive(rule=rules.get(by=request.by, key=key), by=request.by, at=request.at)
    return Status(204, None)


@router.put("/moderation/rules/{key}/mode", response=RuleOut)
def set_mode(request: ApiRequest, key: schemas.Key, data: ModeIn) -> dict[str, Any]:
    """Change what a rule may do. It acts only after a shadow run of this version."""
    rule = rules.get(by=request.by, key=key)
    rules.set_mode(rule=rule, mode=data.mode, by=request.by, at=request.at)
    return get_rule(request, key)


@router.post("/moderation/rules/{key}/shadow-runs", response={201: ShadowRunOut})
def try_rule(request: ApiRequest, key: schemas.Key, data: PeriodIn) -> Any:
    """Try a rule on the latest messages of a period. Nothing else is done."""
    run = shadow_runs.run(
        rule=rules.get(by=request.by, key=key),
        since=data.since,
        until=data.until,
        by=request.by,
        at=request.at,
    )
    return Status(201, _run(run))


@router.get(
    "/moderation/rules/{key}/shadow-runs/latest",
    response=ShadowRunHitsOut,
    auth=RequiresScope("groups", shows_members=True),
)
def get_shadow_run(request: ApiRequest, key: schemas.Key) -> dict[str, Any]:
    """Get what the latest shadow run of a rule found."""
    run = shadow_runs.find_latest(rules.get(by=request.by, key=key))
    if run is None:
        return {"run": None, "items": []}
    hits = shadow_runs.list_hits(run, by=request.by, at=request.at)
    return {
        "run": _run(run),
        "items": [
            {
                "group_id": each.group_id,
                "member_id": each.account_id,
                "happened_at": each.happened_at,
                "text": each.text,
            }
            for each in hits
        ],
    }


@router.post("/moderation/rules/{key}/undo", response={201: UndoRequestOut})
def undo_run(request: ApiRequest, key: schemas.Key, data: RunUndoIn) -> Any:
    """Ask to undo all that a rule did in a period."""
    row = mass_actions.request_undo(
        rule=rules.get(by=request.by, key=key),
        since=data.since,
        until=data.until,
        reason=data.reason,
        by=request.by,
        at=request.at,
    )
    size = mass_actions.size_of(row)
    return Status(201, {"id": row.pk, "state": row.state, "size": size})


# Ladders


def _ladder(ladder: Ladder) -> dict[str, Any]:
    names = ("key", "name", "window_days", "rungs")
    return {name: getattr(ladder, name) for name in names}


def _ladder_fields(data: LadderIn) -> dict[str, Any]:
    return data.model_dump(mode="json") | {
        "rungs": [
            each.model_dump(mode="json", exclude_none=True) for each in data.rungs
        ]
    }


@router.get("/moderation/ladders", response=LadderListOut)
def list_ladders(request: ApiRequest) -> dict[str, Any]:
    """List the ladders."""
    return {"items": [_ladder(row) for row in ladders.list_all(request.by)]}


@router.post("/moderation/ladders", response={201: LadderOut})
def create_ladder(request: ApiRequest, data: LadderIn) -> Any:
    """Create a ladder."""
    ladder = ladders.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_ladder_fields(data),
    )
    return Status(201, _ladder(ladder))


@router.put("/moderation/ladders/{key}", response=LadderOut)
def update_ladder(
    request: ApiRequest, key: schemas.Key, data: LadderIn
) -> dict[str, Any]:
    """Change a ladder, for decisions from now on."""
    ladder = ladders.get(by=request.by, key=key)
    ladders.update(ladder=ladder, by=request.by, at=request.at, **_ladder_fields(data))
    return _ladder(ladder)


@router.delete("/moderation/ladders/{key}", response={204: None})
def remove_ladder(request: ApiRequest, key: schemas.Key) -> Any:
    """Remove a ladder that no rule uses."""
    ladder = ladders.get(by=request.by, key=key)
    ladders.remove(ladder=ladder, by=request.by, at=request.at)
    return Status(204, None)
